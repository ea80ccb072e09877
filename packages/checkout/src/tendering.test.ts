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

describe('payment attempts', () => {
  it('are at most ninety-nine', () => {
    const { till, register } = atTotal(1000)
    for (let tries = 0; tries < 99; tries += 1) {
      register.pay(`p${tries}`, 'card')
      till.answer('pay', refusal('tender.declined'))
    }
    expect(refusedWith(register.pay('last', 'card'))).toBe('sale.too-large')
    expect(refusedWith(register.pay('last', 'cash'))).toBeUndefined()
    expect(till.sale().state).toBe('settling')
  })
})

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
