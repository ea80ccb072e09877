// Card payments: approved is not done, unknown is a state of its own, and nothing is sold over an unresolved one.
import type { LaneConfig } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, broughtBack, Register, SHOP } from '../test/shop.ts'
import { booked, granted, lost, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

const atTotal = (priceMinor: number, config: LaneConfig = SHOP): { till: Till; register: Register } => {
  const till = new Till(config)
  const register = new Register(till)
  register.line('1', article(priceMinor))
  register.say('sale.total')
  return { till, register }
}

describe('a card payment', () => {
  const paying = (): { till: Till; register: Register } => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card')
    return { till, register }
  }

  it('goes to the terminal with what is open', () => {
    const { till } = paying()
    expect(till.intent('pay').effect).toMatchObject({ operation: 'pay', amountMinor: 1000, currency: 'EUR' })
  })

  it('keeps what the terminal wants on paper, and nothing without end', () => {
    const { till } = paying()
    const line = (text: string) => ({ receipt: 'customer', text }) as const
    till.do({ type: 'terminal.slip', op: till.op('pay'), lines: [line('Thank you'), line('EUR 10.00')] })
    till.do({ type: 'terminal.slip', op: till.op('pay'), lines: [line('Goodbye')] })
    const texts = (): unknown => till.sale().legs[0]?.slip?.map(({ text }) => text)
    expect(texts()).toEqual(['Thank you', 'EUR 10.00', 'Goodbye'])
    const endless = Array.from({ length: 300 }, () => line('again'))
    const refused = till.do({ type: 'terminal.slip', op: till.op('pay'), lines: endless })
    expect(refusedWith(refused)).toBe('terminal.malformed')
    expect(texts()).toHaveLength(3)
    till.answer('pay', booked(1000))
    expect(texts()).toHaveLength(3)
  })

  it('throws away a slip that broke off: only the terminal itself has the whole one', () => {
    const { till } = paying()
    const lines = [{ receipt: 'customer', text: 'Paym' } as const]
    till.do({ type: 'terminal.slip', op: till.op('pay'), lines })
    till.answer('pay', lost())
    till.answer('pay', booked(1000))
    expect(till.sale().legs[0]).toMatchObject({ state: 'done', slip: [] })
  })

  it('approved is not done', () => {
    const { till, register } = paying()
    till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 1000, currency: 'EUR' } })
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'approved', amountMinor: 0 }] })
    expect(refusedWith(register.say('sale.cancel'))).toBe('tender.pending')
    till.answer('pay', booked(1000))
    expect(till.sale().state).toBe('settling')
  })

  it('approved takes no second one beside it: both would be charged', () => {
    const { till, register } = paying()
    till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 1000, currency: 'EUR' } })
    expect(refusedWith(register.pay('q', 'cash'))).toBe('tender.pending')
    expect(refusedWith(register.pay('q', 'card'))).toBe('tender.pending')
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ id: 'p', state: 'approved' }] })
  })

  it('declined leaves the sale where it was', () => {
    const { till, register } = paying()
    till.answer('pay', refusal('tender.declined'))
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
    register.pay('q', 'cash')
    expect(till.sale().state).toBe('settling')
  })

  it('takes no second one beside it', () => {
    const { register } = paying()
    expect(refusedWith(register.pay('q', 'cash'))).toBe('tender.pending')
  })

  it('approved for less leaves the rest open', () => {
    const { till, register } = paying()
    till.answer('pay', booked(600))
    expect(totalsOf(till.sale()).openMinor).toBe(400)
    register.pay('q', 'cash')
    expect(till.sale().state).toBe('settling')
  })

  it('may hold a tip, which belongs to the total', () => {
    const { till } = paying()
    till.answer('pay', booked(1100, 'EUR', 100))
    expect(totalsOf(till.sale())).toMatchObject({
      tipMinor: 100,
      totalMinor: 1100,
      paidMinor: 1100,
      openMinor: 0,
    })
    expect(till.sale().state).toBe('settling')
  })

  it('booked for more than asked owes the customer the difference', () => {
    const { till } = paying()
    till.answer('pay', booked(1500))
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [{ amountMinor: 1000 }] })
    expect(till.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 500 }])
  })

  it('pays everything that is open, unless the register says that there will be two', () => {
    const { till, register } = atTotal(1000)
    expect(refusedWith(register.pay('p', 'card', 400))).toBe('tender.order')
    register.pay('p', 'card', 400, { split: true })
    till.answer('pay', booked(400))
    register.pay('q', 'card')
    till.answer('pay', booked(600))
    expect(till.sale().state).toBe('settling')
  })

  it('never pays more than is open', () => {
    const { register } = atTotal(1000)
    expect(refusedWith(register.pay('p', 'card', 1001))).toBe('tender.amount')
  })

  it('is not offered where there is no terminal', () => {
    const { register } = atTotal(1000, { ...SHOP, hasTerminal: false })
    expect(refusedWith(register.pay('p', 'card'))).toBe('tender.unknown-kind')
    expect(refusedWith(register.pay('p', 'shells'))).toBe('tender.unknown-kind')
  })

  it('is not done by an answer of another kind', () => {
    const { till } = paying()
    till.answer('pay', granted())
    expect(till.sale().legs[0]?.state).toBe('unknown')
    expect(till.open()).toEqual(['pay'])
  })
})

describe('an approval', () => {
  const facts = { amountMinor: 1000, currency: 'EUR' }

  it('that nobody waits for is rejected', () => {
    const { till, register } = atTotal(1000)
    register.pay('o', 'card')
    const past = till.op('pay')
    till.answer('pay', refusal('tender.declined'))
    expect(refusedWith(till.do({ type: 'terminal.approved', op: past, facts }))).toBe('tender.pending')
    register.pay('p', 'card')
    const op = till.op('pay')
    till.answer('pay', lost('terminal.link-lost'))
    expect(refusedWith(till.do({ type: 'terminal.approved', op, facts }))).toBe('tender.pending')
  })

  it.each([
    { amountMinor: 1001, currency: 'EUR' },
    { amountMinor: 1000, currency: 'USD' },
    { amountMinor: 0, currency: 'EUR' },
  ])('of $amountMinor $currency for 1000 EUR is rejected', wrong => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card')
    const events = till.do({ type: 'terminal.approved', op: till.op('pay'), facts: wrong })
    expect(refusedWith(events)).toBe('tender.amount')
    expect(till.sale().legs[0]?.state).toBe('sent')
  })

  it('repeated by the terminal is accepted again, and is one approval', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card')
    const op = till.op('pay')
    till.do({ type: 'terminal.approved', op, facts })
    expect(till.do({ type: 'terminal.approved', op, facts })).toEqual([])
  })

  it('of a reversal may give back a tip', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card', 400, { split: true })
    till.answer('pay', booked(450, 'EUR', 50))
    register.say('sale.cancel')
    const op = till.op('reverse')
    expect(till.do({ type: 'terminal.approved', op, facts: { amountMinor: 450, currency: 'EUR' } })).toEqual(
      [],
    )
  })
})

describe('a payment whose end nobody saw', () => {
  const unknown = (): { till: Till; register: Register } => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card')
    till.answer('pay', lost('terminal.link-lost'))
    return { till, register }
  }

  it('is asked about at once, under its own id', () => {
    const { till } = unknown()
    expect(till.sale().legs[0]?.state).toBe('unknown')
    expect(till.outbox.get(till.op('pay'))).toMatchObject({ state: 'sent', next: 'query' })
  })

  it('blocks that terminal, and nothing else', () => {
    const { till, register } = unknown()
    expect(refusedWith(register.pay('q', 'cash'))).toBe('tender.unresolved')
    expect(refusedWith(register.say('sale.cancel'))).toBe('tender.unresolved')
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.blocked')
    const other = new Register(till, 'S2', { owner: 'register' })
    expect(refusedWith(other.opened)).toBeUndefined()
  })

  it('found on the books is done', () => {
    const { till } = unknown()
    till.answer('pay', booked(1000))
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [{ state: 'done', amountMinor: 1000 }] })
  })

  it('not found on the books goes back to tendering', () => {
    const { till, register } = unknown()
    till.answer('pay', refusal('terminal.not-booked'))
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
    register.pay('q', 'card')
    till.answer('pay', booked(1000))
    expect(till.sale().legs.map(leg => leg.state)).toEqual(['refused', 'done'])
  })

  it('that the terminal cannot tell about is a task, and is asked about all the same', () => {
    const { till } = unknown()
    till.answer('pay', lost('terminal.cannot-tell'))
    expect(till.tasks()).toMatchObject([{ kind: 'payment-unresolved', amountMinor: 1000 }])
    till.pass(1_000)
    till.answer('pay', lost('terminal.cannot-tell'))
    expect(till.tasks()).toHaveLength(1)
    till.pass(2_000)
    till.answer('pay', booked(1000))
    expect(till.tasks()).toEqual([])
    expect(till.sale().state).toBe('settling')
  })

  it('of a terminal that stays away is a task after a minute', () => {
    const { till } = unknown()
    for (let asked = 0; asked < 12; asked += 1) {
      till.answer('pay', lost('terminal.no-answer'))
      till.pass(30_000)
    }
    expect(till.tasks().map(task => task.kind)).toEqual(['payment-unresolved'])
  })

  const settled = (action: 'booked' | 'not-booked' | 'retry'): Till => {
    const { till } = unknown()
    till.answer('pay', lost('terminal.cannot-tell'))
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    const by = { operator: '17', reason: 'read the slip' }
    expect(refusedWith(till.do({ type: 'task.resolve', task: task.id, action: 'settled', ...by }))).toBe(
      'task.action',
    )
    expect(
      refusedWith(till.do({ type: 'task.resolve', task: task.id, action, operator: ' ', reason: '' })),
    ).toBe('task.action')
    till.do({ type: 'task.resolve', task: task.id, action, ...by })
    return till
  }

  it('that a person saw on the slip is done', () => {
    expect(settled('booked').sale()).toMatchObject({ state: 'settling', legs: [{ amountMinor: 1000 }] })
  })

  it('that was approved for a part, and that a person saw on the slip, counts as that part', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'card')
    till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 600, currency: 'EUR' } })
    till.answer('pay', lost())
    till.answer('pay', lost('terminal.cannot-tell'))
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'booked', operator: '17', reason: 'slip' })
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'done', amountMinor: 600 }] })
  })

  it('that a person did not see on the slip is refused', () => {
    const till = settled('not-booked')
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
    expect(till.open()).toEqual([])
  })

  it('is asked about again when a person says so', () => {
    const till = settled('retry')
    expect(till.outbox.get(till.op('pay'))).toMatchObject({ state: 'sent', next: 'query' })
  })

  it('answered after a person decided belongs to the past', () => {
    const { till } = unknown()
    const op = till.op('pay')
    till.answer('pay', lost('terminal.cannot-tell'))
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'booked', operator: '17', reason: 'slip' })
    const events = till.do({ type: 'answer', op, via: 'query', answer: booked(1000) })
    expect(events.map(event => event.type)).toEqual(['op.late'])
  })

  it('of money that goes back keeps the terminal for itself as well', () => {
    const till = new Till(SHOP)
    broughtBack(till).pay('p', 'card')
    expect(till.open()).toContain('payback')
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.busy')
    till.answer('payback', lost())
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.blocked')
  })
})
