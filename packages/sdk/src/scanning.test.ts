// Where a scan goes: to the open question, into the basket, to a coupon's plugin, or back with a reason.

import { restrictedTemplate } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cards } from '../test/cards.ts'
import { gate } from '../test/devices.ts'
import { BREAD, CARD, CATALOG, COFFEE } from '../test/node-register.ts'
import { openShop, quiet, type Shop, seen, TOKEN } from '../test/node-shop.ts'
import { type CatalogArticle, definePlugin, type ErrorReport, type SaleHandle, type Till } from './index.ts'

let shop: Shop
let till: Till
let sale: SaleHandle
let refused: ErrorReport[]

beforeEach(async () => {
  shop = await openShop()
  till = await shop.till()
  sale = await till.sale({ id: 'R-1' })
  refused = []
  sale.on('refused', error => refused.push(error))
})
afterEach(() => shop.end())

const rungUp = (): readonly string[] => sale.view().lines.map(line => line.article.name)

describe('a scan', () => {
  it('rings up an article', async () => {
    shop.scanner.scan(COFFEE, ']E0')
    await seen(sale, view => view.lines.length === 1)
    expect(rungUp()).toEqual(['Coffee'])
  })

  it('answers the open question', async () => {
    const prompts: string[] = []
    sale.on('prompt', prompt => prompts.push(prompt.text))
    shop.scanner.scan(CARD)
    shop.scanner.scan('SER-0001')
    await seen(sale, view => view.claims[0]?.state === 'reserved')
    expect(prompts).toEqual(['Scan the card'])
    expect(sale.view().claims[0]).toMatchObject({ serial: 'SER-0001' })
    expect(shop.provider.books().held).toBe(1)
  })

  it('of a GS1 symbol with GTIN and serial answers both questions at once', async () => {
    let prompts = 0
    sale.on('prompt', () => {
      prompts += 1
    })
    shop.scanner.scan(`010${CARD}21SER-0002`, ']d2')
    await seen(sale, view => view.claims[0]?.state === 'reserved')
    expect(sale.view().claims[0]).toMatchObject({ serial: 'SER-0002', line: sale.view().lines[0]?.id })
    expect(prompts).toBe(0)
  })

  it('of a GS1 symbol answers a question about its own article, and no other', async () => {
    shop.scanner.scan(CARD)
    await seen(sale, view => view.prompts.length === 1)
    expect(await till.scan(`010${COFFEE}21SER-0003`, ']d2')).toMatchObject({ code: 'claim.wrong-article' })
    expect(sale.view().prompts).toHaveLength(1)
    expect(await till.scan(`010${CARD}21SER-0003`, ']d2')).toBeUndefined()
    expect(sale.view().claims[0]).toMatchObject({ serial: 'SER-0003' })
  })

  it('of a second article while a question is open is refused, and the question stays', async () => {
    await till.scan(CARD)
    expect(await till.scan(BREAD)).toMatchObject({ code: 'prompt.open' })
    expect(refused.map(error => error.code)).toEqual(['prompt.open'])
    expect(rungUp()).toEqual(['Prepaid card 25'])
    expect(sale.view().prompts).toHaveLength(1)
  })

  it('of a card that is on the sale already is refused', async () => {
    await till.scan(`010${CARD}21SAME`, ']d2')
    expect(await till.scan(`010${CARD}21SAME`, ']d2')).toMatchObject({ code: 'claim.serial-twice' })
    expect(rungUp()).toHaveLength(1)
  })

  it('that names nothing is answered with why', async () => {
    expect(await till.scan('4006381333932', ']E0')).toMatchObject({ code: 'value.gtin' })
    expect(await till.scan('4012345678918')).toMatchObject({ code: 'article.unknown' })
    expect(await till.scan('hello')).toMatchObject({ code: 'article.unknown' })
    expect(await till.scan('01123', ']d2')).toMatchObject({ code: 'scan.unreadable' })
    expect(refused).toHaveLength(4)
    expect(rungUp()).toEqual([])
  })

  it('of a card’s bare number is refused without it', async () => {
    expect(await till.scan('4111111111111111')).toMatchObject({
      code: 'article.unknown',
      detail: { code: '************1111' },
    })
    // Fourteen digits are an article number with a wrong check digit, too.
    expect(await till.scan('36227206271667')).toMatchObject({
      code: 'value.gtin',
      detail: { code: '**********1667' },
    })
    const told: unknown[] = []
    till.on('refused', error => told.push(error))
    await sale.park()
    shop.scanner.scan(`${'x'.repeat(28)} 4111111111111111`)
    await quiet()
    expect(told).toMatchObject([{ code: 'scan.no-sale' }])
    expect(JSON.stringify([refused, told])).not.toMatch(/4111|362272/)
  })

  it('without a sale in front is told to the till', async () => {
    const told: string[] = []
    till.on('refused', error => told.push(error.code))
    await sale.park()
    shop.scanner.scan(COFFEE)
    await quiet()
    expect(told).toEqual(['scan.no-sale'])
    expect(rungUp()).toEqual([])
  })

  it('cannot name a secret', async () => {
    await till.scan(CARD)
    await till.scan('{secret:token}')
    await expect.poll(() => sale.view().lines[0]?.state, { timeout: 30_000 }).toBe('refused')
    expect(shop.server.requests.map(request => `${request.url} ${request.body}`).join()).not.toContain(TOKEN)
  })
})

describe('a catalog', () => {
  it('that is slow keeps the order of scans', async () => {
    await till.close()
    const slow = gate()
    const catalog = async (gtin: string): Promise<CatalogArticle | undefined> => {
      if (gtin === COFFEE) await slow.opened
      return CATALOG[gtin]
    }
    till = await shop.till({ catalog })
    sale = till.find('R-1')
    const scans = [COFFEE, BREAD, CARD].map(code => till.scan(code))
    await quiet()
    expect(rungUp()).toEqual([])
    slow.open()
    await Promise.all(scans)
    expect(rungUp()).toEqual(['Coffee', 'Bread', 'Prepaid card 25'])
  })

  it('that never answers is bounded: further scans are refused', async () => {
    await till.close()
    till = await shop.till({ catalog: () => new Promise(() => undefined) })
    const told: string[] = []
    till.find('R-1').on('refused', error => told.push(error.code))
    const scans = Array.from({ length: 51 }, () => till.scan(COFFEE))
    expect(await scans.at(-1)).toMatchObject({ code: 'scan.too-many', detail: { waiting: 50 } })
    // Nobody waits for the answer to a scanner's scan: it is told like every other refusal.
    shop.scanner.scan(COFFEE)
    expect(told).toEqual(['scan.too-many', 'scan.too-many'])
  })

  it('that throws is answered as an unknown article', async () => {
    await till.close()
    till = await shop.till({
      catalog: () => {
        throw new TypeError('database gone')
      },
    })
    const told: string[] = []
    till.find('R-1').on('refused', error => told.push(error.code))
    expect(await till.scan(COFFEE)).toMatchObject({ code: 'article.unknown' })
    shop.scanner.scan(BREAD)
    await quiet()
    expect(told).toEqual(['article.unknown', 'article.unknown'])
    await expect(till.find('R-1').add({ line: '1', gtin: COFFEE })).rejects.toMatchObject({
      code: 'article.unknown',
    })
  })
})

describe('plugins that want the same', () => {
  const second = definePlugin({
    name: 'other-cards',
    version: '1.0.0',
    contract: 1,
    claims: 'line',
    config: z.object({}),
    wants: article => article.group === 'cards' && { ask: { kind: 'serial', text: 'The other asks' } },
    commit: () => ({ post: '/commit', read: { done: [200], refused: [409] } }),
    offline: { commit: 'queue' },
  })

  it('ask once, the one that was registered first', async () => {
    await till.close()
    till = await shop.till({ plugins: [cards({ url: shop.server.url, token: TOKEN }), second({})] })
    sale = till.find('R-1')
    await till.scan(CARD)
    expect(sale.view().prompts).toMatchObject([{ text: 'Scan the card' }])
    expect(sale.view().claims.map(claim => claim.plugin)).toEqual(['cards'])
    await sale.voidLine(sale.view().lines[0]?.id ?? '')
    await till.scan(`010${CARD}21SER-1`, ']d2')
    expect(sale.view().claims.map(claim => claim.plugin)).toEqual(['cards', 'cards'])
  })

  it('in another order, the other', async () => {
    await till.close()
    till = await shop.till({ plugins: [second({}), cards({ url: shop.server.url, token: TOKEN })] })
    sale = till.find('R-1')
    await till.scan(CARD)
    expect(sale.view().prompts).toMatchObject([{ text: 'The other asks' }])
  })
})

describe('a code for the basket', () => {
  const coupons = definePlugin({
    name: 'coupons',
    version: '1.0.0',
    contract: 1,
    claims: 'basket',
    config: z.object({ prefix: z.string() }),
    identify: (code, { prefix }) => code.startsWith(prefix) && { code },
    quote: () => ({ own: 'quote' }),
    offline: {},
    perform: async () => ({
      outcome: 'done',
      of: 'provider',
      data: { adjustments: [{ label: 'Coupon', amountMinor: -10 }] },
    }),
  })

  it('goes to the plugin that identifies it, scanned or typed', async () => {
    await till.close()
    till = await shop.till({ plugins: [coupons({ prefix: 'C-' })] })
    sale = till.find('R-1')
    await till.scan(COFFEE)
    expect(await till.scan('C-10')).toBeUndefined()
    await seen(sale, view => view.totals.totalMinor === 489)
    await expect(sale.claim('X-10')).rejects.toMatchObject({ code: 'scan.unreadable' })
    await sale.claim('C-10')
    expect(sale.view().claims).toHaveLength(1)
  })
})

describe('a label of this shop alone', () => {
  const SCALE = [
    restrictedTemplate('20IIIIIVPPPPC', { decimals: 2 }),
    restrictedTemplate('21IIIIIXWWWWC', { decimals: 3 }),
  ]

  it('sells at the price that it carries, and by its weight as the catalog says', async () => {
    await till.close()
    const asked: unknown[] = []
    till = await shop.till({
      restrictedCodes: SCALE,
      catalog: (gtin, measured) => {
        asked.push([gtin, measured])
        const priceMinor = measured?.measure === 'weight' ? Math.round((measured.value * 899) / 1000) : 1
        return { name: 'Cheese', priceMinor, vat: 700 }
      },
    })
    sale = till.find('R-1')
    expect(await till.scan('2012345602991', ']E0')).toBeUndefined()
    expect(await till.scan('2154321012506', ']E0')).toBeUndefined()
    expect(sale.view().lines.map(line => line.grossMinor)).toEqual([299, 1124])
    expect(asked).toEqual([
      ['2012345000001', { measure: 'price', value: 299, decimals: 2 }],
      ['2154321000008', { measure: 'weight', value: 1250, decimals: 3 }],
    ])
  })

  it('whose price was misread sells nothing', async () => {
    await till.close()
    till = await shop.till({
      restrictedCodes: SCALE,
      catalog: () => ({ name: 'Cheese', priceMinor: 1, vat: 700 }),
    })
    sale = till.find('R-1')
    // The check digit of the whole fits, that of the price does not.
    expect(await till.scan('2012345102996', ']E0')).toMatchObject({ code: 'scan.unreadable' })
    expect(sale.view().lines).toEqual([])
  })
})
