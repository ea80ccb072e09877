// Bad input at a till that sells: each gets its coded answer, and the sale and the journal are sound afterwards. Host and
// devices are processes, the drivers and the wire are the real ones.
import { createServer, type Server } from 'node:http'
import { PROFILES } from '@cashdesk/plugin-activation'
import type { ErrorReport, SaleHandle, Till } from '@cashdesk/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from './command.ts'
import {
  activationAt,
  GAMES,
  MUSIC,
  open,
  openShop,
  openStore,
  PEN,
  type Shop,
  type Store,
  sellsOn,
  soundAfter,
  until,
} from './shop.ts'

let shop: Shop
let store: Store
let till: Till

beforeAll(async () => {
  build()
  shop = await openShop()
}, 120_000)

afterAll(() => shop.close())

afterEach(async () => {
  await till.close()
  await store.remove()
})

/** A till with an open sale, and everything that is refused on it. */
async function selling(changes: object = {}): Promise<{ sale: SaleHandle; refused: ErrorReport[] }> {
  store = await openStore(shop, changes)
  till = await open(store)
  const sale = await till.sale({ id: 'r-1', operator: '17' })
  const refused: ErrorReport[] = []
  sale.on('refused', error => void refused.push(error))
  return { sale, refused }
}

async function soundAndSold(): Promise<void> {
  till = await soundAfter(store, till, ['r-1'])
  await sellsOn(till, 'r-1')
}

/** The code that a call is refused with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  const end = await call.catch((thrown: unknown) => thrown)
  if (typeof end === 'object' && end !== null && 'code' in end) return String(end.code)
  return `not refused: ${JSON.stringify(end)}`
}

describe('a scan', () => {
  it('with a wrong check digit is no article', async () => {
    const { sale, refused } = await selling()
    await shop.scan('4006381333932')
    await until(() => refused.length > 0)
    expect(refused.map(({ code }) => code)).toEqual(['value.gtin'])
    expect(await codeOf(sale.add({ line: 'l-1', gtin: '4006381333932' }))).toBe('value.gtin')
    expect(sale.view().lines).toEqual([])
    await soundAndSold()
  })

  it('of an article nobody knows is refused', async () => {
    const { sale, refused } = await selling()
    await shop.scan('96385074')
    await until(() => refused.length > 0)
    expect(refused.map(({ code }) => code)).toEqual(['article.unknown'])
    expect(await codeOf(sale.add({ line: 'l-1', gtin: '96385074' }))).toBe('article.unknown')
    expect(sale.view().lines).toEqual([])
    await soundAndSold()
  })

  it('while a question is open is no answer to it, and the question stays', async () => {
    const { sale, refused } = await selling({ plugins: [activationAt(shop.host)] })
    await shop.scan(MUSIC.gtin)
    await until(() => sale.view().prompts.length === 1)
    await shop.scan(PEN)
    await until(() => refused.length > 0)
    expect(refused.map(({ code }) => code)).toEqual(['prompt.open'])
    expect(sale.view().prompts).toHaveLength(1)
    expect(sale.view().lines.map(({ article }) => article.name)).toEqual(['Music 20'])
    await shop.scan(MUSIC.serial)
    await until(() => sale.view().claims[0]?.state === 'reserved')
    await sale.cancel('only looking')
    await until(() => sale.view().state === 'cancelled')
    till = await soundAfter(store, till, ['r-1'])
  })

  it('of a card of another product is refused by the host, and its line with it', async () => {
    const { sale } = await selling({ plugins: [activationAt(shop.host)] })
    await shop.scan(MUSIC.gtin)
    await until(() => sale.view().prompts.length === 1)
    await shop.scan(GAMES.serial)
    await until(() => sale.view().lines[0]?.state === 'refused')
    expect(sale.view().lines[0]?.error?.code).toBe('claim.wrong-article')
    expect(sale.view().totals.totalMinor).toBe(0)
    await soundAndSold()
  })
})

describe('an amount', () => {
  it('that is negative, fractional or no number is refused before anything else hears of it', async () => {
    const { sale } = await selling()
    await sale.add({ line: 'l-1', gtin: PEN })
    const article = { name: 'x', vat: 1900 }
    for (const priceMinor of [19.99, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
      expect(await codeOf(sale.add({ line: 'l-2', article: { ...article, priceMinor } }))).toMatch(/^value\./)
    for (const amount of [-199, 0, 1.99, Number.NaN])
      for (const by of ['cash', 'card'])
        expect(await refusal(sale.pay({ id: `p ${amount}`.replace(/\W/g, '-'), by, amount }))).toMatch(
          /^(value|tender)\./,
        )
    expect(sale.view().payments.filter(({ state }) => state !== 'refused')).toEqual([])
    expect(sale.view().lines).toHaveLength(1)
    expect(await shop.booked()).toBe(0)
    await soundAndSold()
  })

  it('over the terminal’s field is refused by the terminal’s driver, and nothing is booked', async () => {
    const { sale } = await selling()
    await sale.add({ line: 'l-1', gtin: '4003994155486' })
    expect(await refusal(sale.pay({ id: 'p-1', by: 'card', amount: 'rest' }))).toBe('terminal.amount')
    expect(await shop.booked()).toBe(0)
    expect(sale.view().totals).toMatchObject({ paidMinor: 0, openMinor: 1_000_000_000_000 })
    await soundAndSold()
  })
})

describe('a command repeated', () => {
  it('with the same payload does nothing more; with another one it is refused', async () => {
    const { sale } = await selling()
    const line = { line: 'l-1', gtin: PEN, quantity: 2 }
    await sale.add(line)
    await sale.add(line)
    expect(await codeOf(sale.add({ ...line, quantity: 3 }))).toBe('register.repeated-differently')
    expect(await codeOf(till.sale({ id: 'r-1', operator: '17', training: true }))).toBe(
      'register.repeated-differently',
    )
    const payment = { id: 'p-1', by: 'cash', amount: 198 }
    await sale.pay(payment)
    await sale.pay(payment)
    expect(await refusal(sale.pay({ ...payment, amount: 199 }))).toBe('register.repeated-differently')
    expect(sale.view().totals).toMatchObject({ totalMinor: 398, paidMinor: 198, openMinor: 200 })
    await soundAndSold()
  })
})

describe('a host that answers HTML', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  it('has answered nothing: the line is refused after its time, and the sale goes on without it', async () => {
    let asked = 0
    server = createServer((_, response) => {
      asked += 1
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<!doctype html><title>Welcome to the hotel</title>')
    })
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { patience, ...wire } = PROFILES['cashdesk-1']
    const retry = { firstMs: 50, factor: 1, maxMs: 50, jitter: 0 }
    const quick = { ...wire, name: 'quick', patience: { ...patience, reserveLimitMs: 400, retry } }
    const { sale } = await selling({ plugins: [activationAt(`http://127.0.0.1:${port}`, quick)] })
    await sale.add({ line: 'l-1', gtin: MUSIC.gtin })
    await shop.scan(MUSIC.serial)
    await until(() => sale.view().lines[0]?.state === 'refused')
    expect(sale.view().lines[0]?.error?.code).toMatch(/^provider\./)
    expect(asked).toBeGreaterThan(1)
    const closed = await sellsOn(till, 'r-1')
    expect(closed.totals.totalMinor).toBe(199)
    await till.close()
  })
})

/** The code with which a payment was refused, as an outcome or as misuse. */
async function refusal(call: Promise<{ outcome: string; error?: ErrorReport }>): Promise<string> {
  try {
    const { outcome, error } = await call
    return outcome === 'refused' ? (error?.code ?? 'no code') : `not refused: ${outcome}`
  } catch (thrown) {
    return codeOf(Promise.reject(thrown))
  }
}
