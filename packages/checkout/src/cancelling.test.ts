// Before the pivot everything can be let go: in every state, with every kind of leg.
import type { TaskAction } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, broughtBack, CARD, COUPON, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { booked, granted, lost, refusal, refusedWith, Till } from '../test/till.ts'

const shop = (): { till: Till; register: Register } => {
  const till = new Till(SHOP)
  return { till, register: new Register(till) }
}

/** At the total of 10.00, with a first leg of the given kind done. */
const partly = (by: string): { till: Till; register: Register } => {
  const { till, register } = shop()
  register.line('1', article(1000))
  register.say('sale.total')
  register.pay('p', by, 400, { split: true })
  till.heads().forEach(({ intent }) => {
    if (intent.effect.type === 'terminal') till.answer('pay', booked(400))
    if (intent.effect.type === 'provider') till.answer('reserve', granted({ approvedMinor: 400 }))
  })
  expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'done', amountMinor: 400 }] })
  return { till, register }
}

describe('cancelling a sale', () => {
  it('with nothing on it ends it at once', () => {
    const { till, register } = shop()
    register.say('sale.cancel')
    expect(till.sale().state).toBe('cancelled')
    expect(refusedWith(new Register(till, 'S2').opened)).toBeUndefined()
  })

  it('releases what is reserved, asked for, or being asked about', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    till.answer('reserve', granted())
    register.line('2', CARD, [wants('A2')])
    register.line('3', CARD, [wants()])
    register.claim(COUPON)
    register.say('sale.cancel')
    expect(till.sale().state).toBe('cancelled')
    expect(till.sale().prompts).toEqual([])
    expect(till.open()).toEqual(['release', 'release'])
    till.allWell()
    expect(till.sale().claims.map(claim => claim.state)).toEqual(Array(4).fill('released'))
  })

  it('works from the parking place', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    register.say('sale.park')
    register.say('sale.cancel')
    expect(till.sale().state).toBe('cancelled')
    expect(till.open()).toEqual(['release'])
  })

  it('works while the total waits', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    register.say('sale.total')
    register.say('sale.cancel')
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'cancelled', totalling: false })
  })

  it('works while a reservation is renewed', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    till.answer('reserve', granted({ expiresInMs: 300_000 }))
    till.pass(200_000)
    register.say('sale.total')
    register.say('sale.cancel')
    expect(till.open()).toEqual(['release'])
    expect(till.sale().state).toBe('cancelled')
  })

  it('gives cash back over the counter', () => {
    const { till, register } = partly('cash')
    register.say('sale.cancel')
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
    expect(till.open()).toEqual(['drawer'])
  })

  it('releases a hold', () => {
    const { till, register } = partly('giftcard')
    register.say('sale.cancel')
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
    expect(till.open()).toEqual(['release'])
  })

  it('does not wait for a hold that is not answered: it is released unseen', () => {
    const { till, register } = shop()
    register.line('1', article(1000))
    register.say('sale.total')
    register.pay('p', 'giftcard')
    const op = till.op('reserve')
    register.say('sale.cancel')
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'refused' }] })
    expect(till.intent('release').effect).toMatchObject({ about: op })
  })

  it('reverses a card payment, and ends when that is done', () => {
    const { till, register } = partly('card')
    register.say('sale.cancel')
    expect(till.sale()).toMatchObject({ state: 'cancelling', legs: [{ state: 'reversing' }] })
    expect(till.intent('reverse').effect).toMatchObject({
      operation: 'reverse',
      amountMinor: 400,
      original: { amountMinor: 400 },
    })
    till.answer('reverse', booked(400))
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
  })

  it('reverses two card payments one after the other', () => {
    const { till, register } = partly('card')
    register.pay('q', 'card', 300, { split: true })
    till.answer('pay', booked(300))
    register.say('sale.cancel')
    expect(till.heads()).toHaveLength(1)
    till.allWell()
    expect(till.sale()).toMatchObject({
      state: 'cancelled',
      legs: [{ state: 'reversed' }, { state: 'reversed' }],
    })
    expect(till.lane.day.expectedMinor).toBe(0)
  })

  it('takes nothing back while a payment is undecided', () => {
    const { till, register } = shop()
    register.line('1', article(1000))
    register.say('sale.total')
    register.pay('p', 'card')
    expect(refusedWith(register.say('sale.cancel'))).toBe('tender.pending')
    till.answer('pay', refusal('tender.declined'))
    expect(refusedWith(register.say('sale.cancel'))).toBeUndefined()
  })

  it('is done once', () => {
    const { till, register } = partly('card')
    register.say('sale.cancel')
    expect(register.say('sale.cancel')).toEqual([])
    till.allWell()
    expect(register.say('sale.cancel')).toEqual([])
  })

  it('refuses whatever comes afterwards', () => {
    const { register } = shop()
    register.say('sale.cancel')
    expect(refusedWith(register.line('1', MILK))).toBe('sale.wrong-state')
    expect(refusedWith(register.say('sale.total'))).toBe('sale.wrong-state')
    expect(refusedWith(register.finish())).toBe('sale.wrong-state')
  })
})

describe('a reversal', () => {
  const reversing = (): Till => {
    const { till, register } = partly('card')
    register.say('sale.cancel')
    return till
  }
  const resolve = (till: Till, action: TaskAction): string | undefined => {
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    return refusedWith(
      till.do({ type: 'task.resolve', task: task.id, action, operator: '17', reason: 'seen' }),
    )
  }

  it('that met a busy or absent terminal goes out again, and is for a person only if that lasts', () => {
    for (const code of ['terminal.busy', 'terminal.absent', 'terminal.blocked'] as const) {
      const till = reversing()
      till.answer('reverse', refusal(code))
      expect(till.sale().legs[0]?.state).toBe('reversing')
      expect(till.tasks()).toEqual([])
      till.pass(5_000)
      till.answer('reverse', booked(400))
      expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
      const lasting = reversing()
      for (let tries = 0; lasting.sale().legs[0]?.state === 'reversing' && tries < 20; tries += 1) {
        lasting.answer('reverse', refusal(code))
        lasting.pass(30_000)
      }
      expect(lasting.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 400 }])
    }
  })

  it('that a person took for lost, and that was booked after all, is told', () => {
    const till = reversing()
    const op = till.op('reverse')
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', lost('terminal.cannot-tell'))
    expect(resolve(till, 'not-reversed')).toBeUndefined()
    till.do({ type: 'answer', op, via: 'query', answer: booked(400) })
    expect(till.tasks().map(({ kind }) => kind)).toEqual(['customer-owed', 'books-differ'])
  })

  it('that the terminal refuses owes the customer the money', () => {
    const till = reversing()
    till.answer('reverse', refusal('terminal.refused'))
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'owed' }] })
    expect(till.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 400 }])
  })

  it('can be tried once more by a person', () => {
    const till = reversing()
    till.answer('reverse', refusal('terminal.refused'))
    resolve(till, 'retry')
    till.answer('reverse', booked(400))
    expect(till.sale().legs[0]?.state).toBe('reversed')
    expect(till.tasks()).toEqual([])
  })

  it('replaced by money given by hand stays on the terminal’s books', () => {
    const till = reversing()
    till.answer('reverse', refusal('terminal.refused'))
    resolve(till, 'settled')
    expect(till.tasks()).toEqual([])
    till.do({ type: 'day.end' })
    till.answer('end-of-day', {
      outcome: 'done',
      of: 'totals',
      data: { totalMinor: 400, currency: 'EUR', counts: {}, facts: {} },
    })
    expect(till.tasks()).toEqual([])
  })

  it('without an answer is asked about, and sent again when it was never booked', () => {
    const till = reversing()
    const op = till.op('reverse')
    till.answer('reverse', lost('terminal.link-lost'))
    expect(till.outbox.get(op)?.next).toBe('query')
    till.answer('reverse', refusal('terminal.not-booked'))
    till.pass(5_000)
    expect(till.outbox.get(op)).toMatchObject({ state: 'sent', next: 'repeat' })
    till.answer('reverse', booked(400))
    expect(till.sale().state).toBe('cancelled')
    expect(till.tasks()).toEqual([])
  })

  it('has room for its slip however often it breaks off, or a person has it tried: else the terminal would undo it', () => {
    const till = reversing()
    const lines = Array.from({ length: 90 }, () => ({ receipt: 'merchant', text: 'Reversal' }) as const)
    const print = (): string | undefined =>
      refusedWith(till.do({ type: 'terminal.slip', op: till.op('reverse'), lines }))
    for (let tries = 0; tries < 4; tries += 1) {
      expect(print()).toBeUndefined()
      till.answer('reverse', lost('terminal.link-lost'))
      till.answer('reverse', refusal('terminal.not-booked'))
      till.pass(30_000)
    }
    till.answer('reverse', booked(400))
    expect(till.sale().legs[0]?.state).toBe('reversed')
    const tried = reversing()
    for (let tries = 0; tries < 4; tries += 1) {
      expect(refusedWith(tried.do({ type: 'terminal.slip', op: tried.op('reverse'), lines }))).toBeUndefined()
      tried.answer('reverse', refusal('terminal.refused'))
      resolve(tried, 'retry')
    }
    tried.answer('reverse', booked(400))
    expect(tried.sale().legs[0]?.state).toBe('reversed')
  })

  it('that is refused after one whose end was not seen is for a person with the slip: the one before may stand', () => {
    const till = reversing()
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', refusal('terminal.not-booked'))
    till.pass(30_000)
    till.answer('reverse', refusal('terminal.refused'))
    expect(till.sale().legs[0]?.state).toBe('reversing')
    expect(till.tasks()).toMatchObject([
      { kind: 'reversal-unresolved', actions: ['reversed', 'not-reversed', 'retry'] },
    ])
    expect(resolve(till, 'reversed')).toBeUndefined()
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
    expect(till.tasks()).toEqual([])
  })

  it('that is refused after the terminal was busy is refused: nothing had left', () => {
    const till = reversing()
    till.answer('reverse', refusal('terminal.busy'))
    till.pass(30_000)
    till.answer('reverse', refusal('terminal.refused'))
    expect(till.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 400 }])
  })

  it('that a person did not see on the slip owes the customer the money', () => {
    const till = reversing()
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', lost('terminal.cannot-tell'))
    resolve(till, 'not-reversed')
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'owed' }] })
    expect(till.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 400 }])
  })

  it('that a person saw on the slip is done', () => {
    const till = reversing()
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', lost('terminal.cannot-tell'))
    resolve(till, 'reversed')
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
    expect(till.tasks()).toEqual([])
  })

  it('is not settled by what the slip of its payment says', () => {
    const till = reversing()
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', lost('terminal.cannot-tell'))
    expect(till.tasks()).toMatchObject([
      { kind: 'reversal-unresolved', amountMinor: 400, error: { code: 'tender.reversal-unresolved' } },
    ])
    expect(resolve(till, 'booked')).toBe('task.action')
    expect(till.sale().legs[0]?.state).toBe('reversing')
  })

  it('that is on its way to the terminal once more is not decided by a slip that is older', () => {
    const till = reversing()
    till.answer('reverse', lost('terminal.link-lost'))
    till.answer('reverse', lost('terminal.cannot-tell'))
    expect(resolve(till, 'retry')).toBeUndefined()
    till.answer('reverse', lost('terminal.cannot-tell'))
    till.pass(5_000)
    till.answer('reverse', refusal('terminal.not-booked'))
    till.pass(30_000)
    expect(resolve(till, 'not-reversed')).toBe('task.action')
    till.answer('reverse', booked(400))
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
    expect(till.tasks()).toEqual([])
  })

  it('of less or more than was booked is not acknowledged, nor one with a tip on top', () => {
    const till = reversing()
    const rejected = (amountMinor: number, tip: object = {}): boolean =>
      till
        .do({
          type: 'terminal.approved',
          op: till.op('reverse'),
          facts: { amountMinor, currency: 'EUR', ...tip },
        })
        .some(({ type }) => type === 'approval.rejected')
    expect(rejected(300)).toBe(true)
    expect(rejected(500, { tipMinor: 100 })).toBe(true)
    expect(rejected(400)).toBe(false)
  })

  it('takes back what was booked, and not what was asked', () => {
    const { till, register } = shop()
    register.line('1', article(1000))
    register.say('sale.total')
    register.pay('p', 'card')
    till.answer('pay', booked(600))
    register.say('sale.cancel')
    expect(till.intent('reverse').effect).toMatchObject({ operation: 'reverse', amountMinor: 600 })
  })

  it('of money that went back to a card is a payment', () => {
    const till = new Till(SHOP)
    const back = broughtBack(till)
    back.pay('p', 'card', 400, { split: true })
    const tipped = { amountMinor: 500, currency: 'EUR', tipMinor: 100 }
    const events = till.do({ type: 'terminal.approved', op: till.op('payback'), facts: tipped })
    expect(events.map(({ type }) => type)).toEqual(['approval.rejected'])
    till.answer('payback', booked(400))
    expect(till.sale('S2').legs).toMatchObject([{ state: 'done', amountMinor: -400 }])
    back.say('sale.cancel')
    expect(till.intent('reverse').effect).toMatchObject({ operation: 'pay', amountMinor: 400 })
    till.answer('reverse', booked(400))
    expect(till.sale('S2')).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
  })

  it('keeps the terminal for itself', () => {
    const till = reversing()
    const next = new Register(till, 'S2')
    next.line('1', MILK)
    next.say('sale.total')
    expect(refusedWith(next.pay('p', 'card'))).toBe('terminal.busy')
    expect(refusedWith(next.pay('p', 'cash'))).toBeUndefined()
  })
})
