// From the total to the pivot: cash, card, holds, and which of them count.
import type { LaneConfig } from '@cashdesk/kernel'
import { minor } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, CARD, MILK, Register, SHOP, SWISS, wants } from '../test/shop.ts'
import { booked, granted, lost, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

const atTotal = (priceMinor: number, config: LaneConfig = SHOP): { till: Till; register: Register } => {
  const till = new Till(config)
  const register = new Register(till)
  register.line('1', article(priceMinor))
  register.say('sale.total')
  return { till, register }
}

const given = (amount: number): { givenMinor: ReturnType<typeof minor> } => ({ givenMinor: minor(amount) })

describe('the total', () => {
  it('of an empty sale is refused', () => {
    const register = new Register(new Till(SHOP))
    expect(refusedWith(register.say('sale.total'))).toBe('sale.empty')
  })

  it('freezes the basket', () => {
    const { till, register } = atTotal(1000)
    expect(refusedWith(register.line('2', MILK))).toBe('sale.wrong-state')
    expect(till.sale().frozen).toMatchObject({ ready: true, totalMinor: 1000, revision: 1 })
  })

  it('of nothing is paid without a tender', () => {
    const { till } = atTotal(0)
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [] })
  })

  it('can be taken back as long as no money is there', () => {
    const { till, register } = atTotal(1000)
    register.say('sale.reopen')
    expect(till.sale().state).toBe('open')
    register.say('sale.total')
    register.pay('p', 'cash', 500)
    expect(refusedWith(register.say('sale.reopen'))).toBe('tender.pending')
  })
})

describe('cash', () => {
  it('pays the sale and gives change', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'cash', 'rest', given(2000))
    expect(till.sale().legs[0]).toMatchObject({ amountMinor: 1000, givenMinor: 2000, changeMinor: 1000 })
    expect(till.sale()).toMatchObject({ state: 'settling', roundingMinor: 0 })
    expect(till.open()).toContain('drawer')
  })

  it('may pay a part, and leaves the rest open', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'cash', 400)
    expect(till.sale().state).toBe('tendering')
    expect(totalsOf(till.sale()).openMinor).toBe(600)
    register.pay('q', 'cash')
    expect(till.sale().state).toBe('settling')
  })

  it.each([
    [1002, 1000, -2],
    [1003, 1005, 2],
    [1007, 1005, -2],
    [1008, 1010, 2],
    [2, 0, -2],
  ])('in francs rounds %i to %i', (price, payable, rounding) => {
    const { till, register } = atTotal(price, SWISS)
    register.pay('p', 'cash')
    expect(till.sale()).toMatchObject({ state: 'settling', roundingMinor: rounding })
    const totals = totalsOf(till.sale())
    expect([totals.totalMinor, totals.paidMinor, totals.openMinor]).toEqual([payable, payable, 0])
  })

  it('rounds only what cash pays: a card takes the exact rest', () => {
    const { till, register } = atTotal(1002, SWISS)
    register.pay('p', 'cash', 500)
    register.pay('q', 'card')
    till.answer('pay', booked(502, 'CHF'))
    expect(till.sale()).toMatchObject({ state: 'settling', roundingMinor: 0 })
  })

  it('of an amount that has no coin is refused', () => {
    const { register } = atTotal(1000, SWISS)
    expect(refusedWith(register.pay('p', 'cash', 502))).toBe('tender.cash-step')
    expect(refusedWith(register.pay('p', 'cash', 'rest', given(1002)))).toBe('tender.cash-step')
  })

  it.each([0, -5, 0.5, Number.NaN, 2e12])('of %s minor units is refused', amount => {
    const { till, register } = atTotal(1000)
    expect(refusedWith(register.pay('p', 'cash', amount))).toBe('tender.amount')
    expect(till.sale().legs).toEqual([])
  })

  it('that is less than what it should pay is refused', () => {
    const { register } = atTotal(1000)
    expect(refusedWith(register.pay('p', 'cash', 'rest', given(900)))).toBe('tender.amount')
  })

  it.each([-100, 0.5, 1e15])('given as %s minor units is refused', amount => {
    const { till } = atTotal(1000)
    const givenMinor = amount as ReturnType<typeof minor>
    const sale = till.sale()
    const tender = { type: 'tender.add', sale: sale.id, tender: 'p' as never, by: 'cash' } as const
    expect(refusedWith(till.do({ ...tender, amountMinor: 'rest', givenMinor }))).toBe('tender.amount')
  })

  it('goes out where the sale is negative', () => {
    const { till, register } = atTotal(-300)
    register.pay('p', 'cash')
    expect(till.sale().legs[0]).toMatchObject({ amountMinor: -300, changeMinor: 0 })
    expect(till.sale().state).toBe('settling')
  })
})

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

  it('approved is not done', () => {
    const { till, register } = paying()
    till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 1000, currency: 'EUR' } })
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'approved', amountMinor: 0 }] })
    expect(refusedWith(register.say('sale.cancel'))).toBe('tender.pending')
    till.answer('pay', booked(1000))
    expect(till.sale().state).toBe('settling')
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
})

describe('a stored-value card', () => {
  it('is held before the pivot and counts with what was granted', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard', 'rest', { subject: { number: '6034' } })
    expect(till.intent('reserve').effect).toMatchObject({ plugin: 'giftcard', amountMinor: 1000 })
    till.answer('reserve', granted({ approvedMinor: 700 }))
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'done', amountMinor: 700 }] })
    register.pay('q', 'cash')
    expect(till.sale().state).toBe('settling')
    expect(till.intent('commit').effect).toMatchObject({ plugin: 'giftcard', amountMinor: 700 })
  })

  it('may pay the sale alone', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', granted({ approvedMinor: 1500 }))
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [{ amountMinor: 1000 }] })
  })

  it('refused leaves the sale where it was', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', refusal())
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
    expect(refusedWith(register.pay('q', 'cash'))).toBeUndefined()
  })

  it('with nothing on it is declined, and what was held is let go', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', granted({ approvedMinor: 0 }))
    expect(till.sale().legs[0]).toMatchObject({ state: 'refused', error: { code: 'tender.declined' } })
    expect(till.open()).toEqual(['release'])
  })

  it('not answered in time is given up and released', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', lost())
    till.pass(20_000)
    expect(till.sale().legs[0]?.state).toBe('refused')
    expect(till.open()).toEqual(['release'])
    expect(refusedWith(register.pay('q', 'cash'))).toBeUndefined()
  })

  it('may ask for one more answer, by scan or by hand', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', { outcome: 'ask', prompt: { kind: 'number', text: 'Scan the gift card' } })
    expect(
      refusedWith(till.do({ type: 'scan', text: '6034', line: 'x' as never, wants: [] })),
    ).toBeUndefined()
    expect(till.intent('reserve').effect).toMatchObject({ amountMinor: 1000 })
    till.answer('reserve', granted({ approvedMinor: 1000 }))
    expect(till.sale().state).toBe('settling')
  })

  it('whose question nobody answers gives way to another tender', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', { outcome: 'ask', prompt: { kind: 'number', text: 'Scan the gift card' } })
    register.pay('q', 'card')
    expect(till.sale().prompts).toEqual([])
    till.answer('pay', booked(1000))
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [{ state: 'refused' }, { state: 'done' }] })
  })

  it('does not pay for a card that its provider does not let it pay for', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('1', CARD, [wants('A1')])
    till.answer('reserve', granted())
    register.say('sale.total')
    expect(refusedWith(register.pay('p', 'giftcard'))).toBe('tender.restricted')
    expect(refusedWith(register.pay('p', 'cash'))).toBeUndefined()
  })

  it('whose capture is refused after the pivot is the task "tender short"', () => {
    const { till, register } = atTotal(1000)
    register.pay('p', 'giftcard')
    till.answer('reserve', granted())
    till.answer('commit', refusal())
    expect(till.tasks()).toMatchObject([{ kind: 'tender-short', amountMinor: 1000 }])
    expect(totalsOf(till.sale()).openMinor).toBe(0)
  })
})

describe('a training sale', () => {
  it('opens no operation at any provider or at the terminal', () => {
    const till = new Till(SHOP)
    const opened = new Set<string>()
    till.watch = (_, { intents }) => {
      for (const { effect } of intents) opened.add(effect.type)
    }
    const register = new Register(till, 'S1', { training: true })
    register.line('1', CARD, [wants('A1')])
    register.line('2', CARD, [wants()])
    register.reply('B2')
    register.claim({ plugin: 'coupon', subject: { code: 'TEN' } })
    register.say('sale.total')
    register.pay('p', 'card', 1000, { split: true })
    register.pay('q', 'card')
    expect(till.sale().state).toBe('settling')
    register.finish()
    till.allWell()
    expect(till.sale().state).toBe('closed')
    expect(opened).toEqual(new Set(['print']))
    const back = new Register(till, 'S2', { kind: 'void', original: register.id, training: true })
    back.say('sale.total')
    back.pay('p', 'card')
    expect(till.sale('S2').state).toBe('settling')
    expect(opened).toEqual(new Set(['print']))
    expect(till.lane.day.expectedMinor).toBe(0)
  })

  it('is not undone by a real one', () => {
    const till = new Till(SHOP)
    const register = new Register(till, 'S1', { training: true })
    register.line('1', MILK)
    register.say('sale.total')
    register.pay('p', 'cash')
    const back = new Register(till, 'S2', { kind: 'void', original: register.id })
    expect(refusedWith(back.opened)).toBe('sale.no-original')
  })
})
