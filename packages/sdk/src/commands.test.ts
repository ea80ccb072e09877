// Every command may be repeated for ever with the same result; repeated with other words it is a coded error; and what
// is malformed is named by its field.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BREAD, CARD, COFFEE } from '../test/node-register.ts'
import { answer, codeOf, openShop, ringUp, type Shop, seen } from '../test/node-shop.ts'
import { CashdeskError, parseCommand, type SaleHandle, type Till } from './index.ts'

let shop: Shop
let till: Till
beforeEach(async () => {
  shop = await openShop()
  till = await shop.till()
})
afterEach(() => shop.end())

/** Once, twice, and once more: the same answer and the same state. */
async function thrice<Answer>(sale: SaleHandle, command: () => Promise<Answer>): Promise<Answer> {
  const first = await command()
  const before = sale.view()
  expect(await command()).toEqual(first)
  expect(await command()).toEqual(first)
  expect(sale.view()).toEqual(before)
  return first
}

describe('a command that is repeated', () => {
  it('comes to the same result at every point of a sale', async () => {
    const sale = await till.sale({ id: 'R-1', operator: '17' })
    const opened = sale.view()
    expect((await till.sale({ id: 'R-1', operator: '17' })).view()).toEqual(opened)
    await thrice(sale, () => sale.add({ line: '1', gtin: COFFEE, quantity: 2 }))
    await sale.add({ line: '2', gtin: CARD })
    const prompt = sale.view().prompts[0]?.id ?? ''
    await sale.answer(prompt, 'SER-1')
    await sale.total()
    await thrice(sale, () => sale.answer(prompt, 'SER-1'))
    await thrice(sale, () => sale.total())
    await sale.reopen()
    await thrice(sale, () => sale.add({ line: '3', article: { name: 'Bag', priceMinor: 20, vat: 1900 } }))
    await thrice(sale, () => sale.voidLine('3'))
    await thrice(sale, () => sale.park())
    await thrice(sale, () => sale.resume())
    const paid = await thrice(sale, () => sale.pay({ id: 'P-1', by: 'cash', amount: 1000 }))
    expect(paid).toMatchObject({ outcome: 'done' })
    await sale.pay({ id: 'P-2', by: 'card' })
    await sale.finish()
    const end = await thrice(sale, () => sale.finish())
    expect(end.state).toBe('closed')
    await thrice(sale, () => sale.pay({ id: 'P-2', by: 'card' }))
    await thrice(sale, () => sale.add({ line: '1', gtin: COFFEE, quantity: 2 }))
    expect(shop.terminal.orders).toHaveLength(1)
    expect(shop.printer.papers).toHaveLength(1)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })

  it('comes to the same result after the sale was cancelled', async () => {
    const sale = await ringUp(till, 'R-1')
    await sale.cancel()
    await till.idle({ timeoutMs: 2000 })
    expect((await thrice(sale, () => sale.cancel())).state).toBe('cancelled')
  })

  it('keeps the article of its line, whatever the catalog says by now', async () => {
    await till.close()
    let price = 100
    const changing = await shop.till({ catalog: () => ({ name: 'Coffee', priceMinor: price, vat: 700 }) })
    const sale = await changing.sale({ id: 'R-1' })
    const line = await sale.add({ line: '1', gtin: COFFEE })
    price = 200
    expect(await sale.add({ line: '1', gtin: COFFEE })).toEqual(line)
  })

  it('at the same moment happens once', async () => {
    const [sale, same] = await Promise.all([till.sale({ id: 'R-1' }), till.sale({ id: 'R-1' })])
    await Promise.all([sale.add({ line: '1', gtin: CARD }), same.add({ line: '1', gtin: CARD })])
    expect(sale.view().lines).toHaveLength(1)
    expect(sale.view().prompts).toHaveLength(1)
    await Promise.all([answer(sale, 'SER-1'), answer(same, 'SER-1')])
    const [one, other] = await Promise.all([
      sale.pay({ id: 'P-1', by: 'card' }),
      same.pay({ id: 'P-1', by: 'card' }),
    ])
    expect(one).toMatchObject({ outcome: 'done' })
    expect(other).toEqual(one)
    expect(shop.terminal.orders).toHaveLength(1)
    const ends = await Promise.all([sale.finish(), same.finish()])
    expect(ends[0]).toEqual(ends[1])
    expect(shop.printer.papers).toHaveLength(1)
  })
})

describe('a command that is repeated with other words', () => {
  it.each<[string, (sale: SaleHandle) => Promise<unknown>]>([
    ['open', () => till.sale({ id: 'R-1', training: true })],
    ['add, another quantity', sale => sale.add({ line: '1', gtin: COFFEE, quantity: 3 })],
    ['add, another article', sale => sale.add({ line: '1', gtin: BREAD })],
    ['answer', sale => sale.answer(sale.view().claims[0]?.id.concat('.serial') ?? '', 'OTHER')],
  ])('is refused: %s', async (_, command) => {
    const sale = await ringUp(till, 'R-1')
    await seen(sale, view => view.claims[0]?.state === 'reserved')
    const before = sale.view()
    expect(await codeOf(command(sale))).toBe('register.repeated-differently')
    expect(sale.view()).toEqual(before)
  })

  it('is refused: pay, with another amount or means', async () => {
    const sale = await ringUp(till, 'R-1')
    await sale.pay({ id: 'P-1', by: 'cash', amount: 1000 })
    expect(await codeOf(sale.pay({ id: 'P-1', by: 'cash', amount: 900 }))).toBe(
      'register.repeated-differently',
    )
    expect(await codeOf(sale.pay({ id: 'P-1', by: 'card', amount: 1000 }))).toBe(
      'register.repeated-differently',
    )
    expect(sale.view().totals.paidMinor).toBe(1000)
  })
})

describe('a malformed command', () => {
  const problem = async (promise: Promise<unknown>): Promise<unknown> => {
    try {
      await promise
      return undefined
    } catch (thrown) {
      return thrown instanceof CashdeskError ? [thrown.code, thrown.detail?.['field']] : thrown
    }
  }

  it('names the field', async () => {
    const sale = await till.sale({ id: 'R-1' })
    const add = (given: object): Promise<unknown> => problem(sale.add({ line: '1', ...given }))
    expect(await problem(till.sale({ id: '' }))).toEqual(['value.id', 'sale'])
    expect(await problem(till.sale({ id: 'a b' }))).toEqual(['value.id', 'sale'])
    expect(await add({ gtin: COFFEE, line: 'ä' })).toEqual(['value.id', 'line'])
    expect(await add({ article: { name: 'X', priceMinor: 1.5, vat: null } })).toEqual([
      'value.amount',
      'article.priceMinor',
    ])
    expect(await add({ article: { name: '', priceMinor: 1, vat: null } })).toEqual([
      'value.malformed',
      'article.name',
    ])
    expect(await add({ gtin: '4006381333932' })).toEqual(['value.gtin', undefined])
    expect(await add({ gtin: COFFEE, quantity: 1.5 })).toEqual(['line.quantity', undefined])
    expect(await add({ gtin: COFFEE, quantity: 0 })).toEqual(['line.quantity', undefined])
    expect(await add({ gtin: COFFEE, quantity: -1 })).toEqual(['line.quantity', undefined])
    expect(await add({ gtin: CARD, quantity: 2 })).toEqual(['line.quantity', undefined])
    expect(await add({ gtin: '4012345678918' })).toEqual(['article.unknown', undefined])
    expect(await add({})).toEqual(['article.unknown', undefined])
    expect(await problem(sale.pay({ id: 'P 1', by: 'cash' }))).toEqual(['value.id', 'id'])
    expect(sale.view().lines).toEqual([])
  })

  it('names what it does not know', () => {
    expect(() => parseCommand('pay', { type: 'pay', sale: 'R', id: 'P', by: 'cash', tip: 1 })).toThrow(
      /value\.malformed.*tip/,
    )
    expect(() => parseCommand('total', null)).toThrow('value.malformed')
    expect(() => parseCommand('total', { type: 'reopen', sale: 'R' })).toThrow(/value\.malformed.*type/)
  })

  it('is refused for amounts that are none, negative or too large', async () => {
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    const pay = (given: { amount?: number; given?: number }): Promise<unknown> =>
      problem(sale.pay({ id: 'P-1', by: 'cash', ...given }))
    expect(await pay({ amount: 0.5 })).toEqual(['value.amount', 'amount'])
    expect(await pay({ amount: Number.NaN })).toEqual(['value.amount', 'amount'])
    expect(await pay({ given: Number.POSITIVE_INFINITY })).toEqual(['value.amount', 'given'])
    expect(await pay({ amount: 1_000_000_000_001 })).toEqual(['value.amount', 'amount'])
    for (const amount of [0, -100])
      expect(await sale.pay({ id: 'P-1', by: 'cash', amount })).toMatchObject({
        outcome: 'refused',
        error: { code: 'tender.amount' },
      })
    expect(await sale.pay({ id: 'P-1', by: 'cash', given: 100 })).toMatchObject({
      outcome: 'refused',
      error: { code: 'tender.amount' },
    })
    expect(await sale.pay({ id: 'P-1', by: 'card', amount: 251 })).toMatchObject({
      outcome: 'refused',
      error: { code: 'tender.amount' },
    })
    expect(await sale.pay({ id: 'P-1', by: 'seashells' })).toMatchObject({
      error: { code: 'tender.unknown-kind' },
    })
    expect(sale.view().payments).toEqual([])
  })

  it('is refused where a line would carry the sale beyond what an amount may be', async () => {
    const sale = await till.sale({ id: 'R-1' })
    const dear = { name: 'Yacht', priceMinor: 900_000_000_000, vat: 1900 }
    await sale.add({ line: '1', article: dear })
    expect(await codeOf(sale.add({ line: '2', article: dear }))).toBe('value.amount')
    expect(await codeOf(sale.add({ line: '3', article: { ...dear, priceMinor: 1 }, quantity: 10_000 }))).toBe(
      'line.quantity',
    )
    expect(sale.view().totals.totalMinor).toBe(900_000_000_000)
  })

  it('is refused in a state that forbids it', async () => {
    const sale = await till.sale({ id: 'R-1' })
    expect(await codeOf(sale.total())).toBe('sale.empty')
    expect(await codeOf(sale.finish())).toBe('sale.wrong-state')
    expect(await sale.pay({ id: 'P-1', by: 'cash' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'sale.empty' },
    })
    expect(await codeOf(till.sale({ id: 'R-2' }))).toBe('sale.not-in-front')
    expect(await codeOf(sale.voidLine('nothing'))).toBe('line.unknown')
    expect(await codeOf(sale.answer('nothing', 'x'))).toBe('prompt.unknown')
    await sale.add({ line: '1', gtin: CARD })
    expect(await codeOf(sale.total())).toBe('prompt.open')
    expect(() => till.find('R-9')).toThrow('sale.unknown')
  })
})
