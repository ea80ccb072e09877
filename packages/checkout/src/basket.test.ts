// Ringing up: lines, scans, questions, parked sales, and everything a cashier can type wrong.
import { lineId, saleId } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, CARD, COUPON, GAME, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { granted, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

const shop = (): { till: Till; register: Register } => {
  const till = new Till(SHOP)
  return { till, register: new Register(till) }
}

const scan = (till: Till, text: string, more: object = {}): string | undefined =>
  refusedWith(till.do({ type: 'scan', text, line: lineId(`scan-${text}`), wants: [], ...more }))

describe('a line', () => {
  it('adds its price times its quantity', () => {
    const { till, register } = shop()
    register.line('1', MILK, [], 3)
    expect(totalsOf(till.sale()).totalMinor).toBe(387)
    expect(till.sale().revision).toBe(1)
  })

  it.each([0, -1, 1.5, 10_000, Number.NaN])('refuses a quantity of %s', quantity => {
    const { till, register } = shop()
    expect(refusedWith(register.line('1', MILK, [], quantity))).toBe('line.quantity')
    expect(till.sale().lines).toEqual([])
  })

  it.each([0.5, Number.NaN, 2e12])('refuses a price of %s minor units', price => {
    const { till, register } = shop()
    expect(refusedWith(register.line('1', article(price)))).toBe('value.amount')
    expect(till.sale().lines).toEqual([])
  })

  it('refuses what would make the sale exceed the largest amount', () => {
    const { register } = shop()
    expect(refusedWith(register.line('1', article(999_999_999_999)))).toBeUndefined()
    expect(refusedWith(register.line('2', MILK))).toBe('value.amount')
  })

  it('that holds a card has a quantity of one', () => {
    const { register } = shop()
    expect(refusedWith(register.line('1', CARD, [wants('A1')], 2))).toBe('line.quantity')
  })

  it('refuses a claim of a plugin that is not registered, instead of selling without it', () => {
    const { till, register } = shop()
    expect(refusedWith(register.line('1', CARD, [wants('A1', 'stranger')]))).toBe('plugin.missing')
    expect(till.sale().lines).toEqual([])
  })

  it('of which there are too many is refused', () => {
    const { register } = shop()
    for (let at = 0; at < 999; at += 1) register.line(`${at}`, MILK)
    expect(refusedWith(register.line('1000', MILK))).toBe('sale.too-large')
  })

  it('is taken off again by its id, and counts no more', () => {
    const { till, register } = shop()
    register.line('1', MILK)
    register.line('2', GAME)
    register.voidLine('1')
    expect(totalsOf(till.sale()).totalMinor).toBe(4999)
    expect(refusedWith(register.voidLine('3'))).toBe('line.unknown')
  })

  it('goes to no sale that was never opened', () => {
    const { till } = shop()
    const register = new Register(till, 'S2')
    expect(refusedWith(register.opened)).toBe('sale.not-in-front')
    expect(refusedWith(register.line('1', MILK))).toBe('sale.unknown')
  })
})

describe('a scan', () => {
  it('rings up the article it names', () => {
    const { till } = shop()
    scan(till, '1', { article: MILK })
    expect(till.sale().lines.map(line => line.article.name)).toEqual(['Milk'])
  })

  it('of no known article is refused', () => {
    const { till } = shop()
    expect(scan(till, '4711')).toBe('article.unknown')
  })

  it('without a sale in front rings up nothing', () => {
    const { till, register } = shop()
    register.say('sale.park')
    expect(scan(till, '1', { article: MILK })).toBe('scan.no-sale')
  })

  it('while a sale is being paid rings up nothing', () => {
    const { till, register } = shop()
    register.line('1', MILK)
    register.say('sale.total')
    expect(scan(till, '1', { article: MILK })).toBe('scan.no-sale')
    expect(till.sale().lines).toHaveLength(1)
  })

  it('with a wrong check digit says so', () => {
    const { till } = shop()
    const error = { code: 'value.gtin', message: '', outcome: 'none', retry: 'new', next: '' }
    expect(scan(till, '4006381333930', { error })).toBe('value.gtin')
  })

  it('seen twice under one line id adds one line', () => {
    const { till } = shop()
    scan(till, '1', { article: MILK })
    expect(scan(till, '1', { article: MILK })).toBeUndefined()
    expect(scan(till, '1', { article: GAME })).toBe('register.repeated-differently')
    expect(till.sale().lines).toHaveLength(1)
  })

  it('names a coupon for the whole basket', () => {
    const { till, register } = shop()
    register.line('1', MILK)
    scan(till, 'TEN', { basket: COUPON })
    expect(till.open()).toEqual(['quote'])
  })
})

describe('the question for a serial', () => {
  const asked = (): { till: Till; register: Register } => {
    const { till, register } = shop()
    register.line('1', CARD, [wants()])
    return { till, register }
  }

  it('is opened by the article, and nothing is sent before it is answered', () => {
    const { till } = asked()
    expect(till.sale().prompts.map(({ kind, text }) => [kind, text])).toEqual([['serial', 'Scan the card']])
    expect(till.open()).toEqual([])
  })

  it('is answered by a scan or by hand alike', () => {
    const byHand = asked()
    byHand.register.reply(' A1 ')
    const byScan = asked()
    scan(byScan.till, 'A1')
    for (const { till } of [byHand, byScan]) {
      expect(till.sale().claims[0]).toMatchObject({ state: 'reserving', subject: { serial: 'A1' } })
      expect(till.open()).toEqual(['reserve'])
      expect(till.sale().prompts).toEqual([])
    }
  })

  it('takes no article for an answer', () => {
    const { till } = asked()
    expect(scan(till, '1', { article: MILK })).toBe('prompt.open')
    expect(till.sale().prompts).toHaveLength(1)
    expect(till.sale().lines).toHaveLength(1)
  })

  it('is answered by the serial inside a GS1 symbol of the same article', () => {
    const { till } = asked()
    expect(scan(till, 'gs1', { gtin: CARD.gtin, serial: 'A7', article: CARD })).toBeUndefined()
    expect(till.sale().claims[0]?.subject).toEqual({ serial: 'A7' })
  })

  it('refuses the GS1 symbol of another article before anything is sent', () => {
    const { till } = asked()
    expect(scan(till, 'gs1', { gtin: '4000000000006', serial: 'A7', article: GAME })).toBe(
      'claim.wrong-article',
    )
    expect(till.open()).toEqual([])
  })

  it.each(['', '   ', 'ä', 'a\u0007b', 'x'.repeat(65)])('does not accept %j', value => {
    const { till, register } = asked()
    expect(refusedWith(register.reply(value))).toBe('prompt.answer')
    expect(till.sale().prompts).toHaveLength(1)
  })

  it('keeps the total waiting', () => {
    const { register } = asked()
    expect(refusedWith(register.say('sale.total'))).toBe('prompt.open')
  })

  it('goes with its line', () => {
    const { till, register } = asked()
    register.voidLine('1')
    expect(till.sale().prompts).toEqual([])
    expect(till.sale().claims[0]?.state).toBe('released')
  })

  it('is open no more once it was answered', () => {
    const { till, register } = asked()
    const prompt = till.sale().prompts[0]?.id
    register.reply('A1')
    const again = { type: 'prompt.answer', sale: saleId('S1'), prompt: prompt ?? ('' as never) } as const
    expect(till.do({ ...again, value: 'A1' })).toEqual([])
    expect(refusedWith(till.do({ ...again, value: 'B2' }))).toBe('register.repeated-differently')
  })
})

describe('one scan of GTIN and serial', () => {
  it('answers both questions at once', () => {
    const { till } = shop()
    scan(till, 'gs1', { gtin: CARD.gtin, serial: 'A1', article: CARD, wants: [wants('A1')] })
    expect(till.sale().prompts).toEqual([])
    expect(till.open()).toEqual(['reserve'])
  })
})

describe('a serial', () => {
  it('of another article is refused by its provider, and its line with it', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('B1')])
    till.answer('reserve', refusal('claim.wrong-article'))
    expect(till.sale().lines[0]).toMatchObject({ state: 'refused', error: { code: 'claim.wrong-article' } })
    expect(totalsOf(till.sale()).totalMinor).toBe(0)
  })

  it('is on a sale once', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    expect(refusedWith(register.line('2', CARD, [wants('A1')]))).toBe('claim.serial-twice')
    register.line('3', CARD, [wants()])
    expect(refusedWith(register.reply('A1'))).toBe('claim.serial-twice')
    expect(till.sale().lines).toHaveLength(2)
  })

  it('may be scanned again after its line was taken off', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    register.voidLine('1')
    expect(refusedWith(register.line('2', CARD, [wants('A1')]))).toBeUndefined()
    // The release stands before the new reservation in the queue.
    expect([...till.outbox.values()].map(({ intent }) => intent.effect)).toMatchObject([
      { operation: 'release' },
      { operation: 'reserve' },
    ])
  })
})

describe('a parked sale', () => {
  it('makes room for the next customer and comes back', () => {
    const { till, register } = shop()
    register.line('1', MILK)
    register.say('sale.park')
    const next = new Register(till, 'S2')
    expect(refusedWith(next.opened)).toBeUndefined()
    expect(refusedWith(register.say('sale.resume'))).toBe('sale.not-in-front')
    next.say('sale.cancel')
    expect(refusedWith(register.say('sale.resume'))).toBeUndefined()
    expect(till.sale().state).toBe('open')
  })

  it('takes no line', () => {
    const { register } = shop()
    register.say('sale.park')
    expect(refusedWith(register.line('1', MILK))).toBe('sale.wrong-state')
  })

  it('forgets that the total was pressed, so that it can be pressed again', () => {
    const { till, register } = shop()
    register.line('1', CARD, [wants('A1')])
    register.say('sale.total')
    register.say('sale.park')
    till.answer('reserve', granted())
    register.say('sale.resume')
    expect(till.sale()).toMatchObject({ state: 'open', totalling: false })
    register.say('sale.total')
    expect(till.sale().state).toBe('tendering')
  })

  it('has its coupon quoted anew when a card is refused meanwhile', () => {
    const { till, register } = shop()
    register.line('1', MILK)
    register.line('2', CARD, [wants('A1')])
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: '10 %', amountMinor: -263 }] }))
    register.say('sale.park')
    till.answer('reserve', refusal())
    expect(till.open()).toEqual(['quote'])
  })
})

describe('a lane', () => {
  it('keeps no more than five hundred sales open', () => {
    const till = new Till(SHOP)
    for (let at = 0; at < 500; at += 1) new Register(till, `S${at}`, { owner: 'register' })
    expect(refusedWith(new Register(till, 'S500').opened)).toBe('sale.too-large')
  })
})
