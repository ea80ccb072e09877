// Providers and plugins that fail: a sale waits within its limit, doubt stays doubt, and no secret gets out.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cards, cardsDefinition, QUICK } from '../test/cards.ts'
import { gate } from '../test/devices.ts'
import { BREAD, CARD } from '../test/node-register.ts'
import { page, serve } from '../test/node-server.ts'
import { answer, codeOf, openShop, ringUp, type Shop, seen, TOKEN } from '../test/node-shop.ts'
import { CashdeskError, definePlugin, secret } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

describe('a provider that hangs', () => {
  it('never stalls a sale beyond its limit, and is waited for again when it is back', async () => {
    shop.server.usually = 'hang'
    const till = await shop.till()
    const first = await ringUp(till, 'R-1')
    expect((await first.total()).lines[1]).toMatchObject({
      state: 'refused',
      error: { code: 'provider.no-answer' },
    })
    expect((await first.pay({ id: 'P-1', by: 'cash' })).outcome).toBe('done')
    expect((await first.finish()).state).toBe('closed')
    // What still has to be released finds out that it is back.
    shop.server.usually = 'answer'
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    const second = await ringUp(till, 'R-2')
    expect((await second.total()).lines[1]?.state).toBe('active')
    expect(shop.provider.books()).toEqual({ held: 1, committed: 0, conflicts: 0 })
  })

  it('on its own wire is held to its time limit too', async () => {
    const hung = definePlugin({
      ...cardsDefinition,
      name: 'hung',
      reserve: () => ({ own: 'never' }),
      perform: () => new Promise(() => undefined),
      profile: { ...QUICK, timeoutMs: 30, reserveLimitMs: 60 },
    })
    const till = await shop.till({ plugins: [hung({ url: shop.server.url, token: TOKEN })] })
    const sale = await ringUp(till, 'R-1')
    expect((await sale.total()).lines[1]?.state).toBe('refused')
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect((await sale.finish()).state).toBe('closed')
  })
})

describe('many calls at once', () => {
  it('leave sixteen at a time, and all of them in the end', async () => {
    const held = gate()
    let most = 0
    let now = 0
    const server = shop.also(
      await serve(async request => {
        now += 1
        most = Math.max(most, now)
        await held.opened
        now -= 1
        return shop.provider.respond(request)
      }),
    )
    const patient = cards(
      { url: server.url, token: TOKEN },
      { profile: { ...QUICK, timeoutMs: 10_000, reserveLimitMs: 20_000 } },
    )
    const till = await shop.till({ plugins: [patient] })
    const sales = await Promise.all(
      Array.from({ length: 40 }, (_, at) => till.sale({ id: `R-${at}`, owner: 'register' })),
    )
    await Promise.all(sales.map(sale => sale.add({ line: '1', gtin: CARD })))
    await Promise.all(sales.map((sale, at) => answer(sale, `SER-${at}`)))
    await expect.poll(() => now, { timeout: 30_000 }).toBe(16)
    held.open()
    await Promise.all(sales.map(sale => sale.total()))
    expect(most).toBe(16)
    expect(shop.provider.books().held).toBe(40)
  })
})

describe('a provider that is down', () => {
  it('at reserve: the line is refused, the sale goes on without it', async () => {
    const till = await shop.till()
    await shop.server.close()
    const sale = await ringUp(till, 'R-1')
    const total = await sale.total()
    expect(total.lines[1]).toMatchObject({ state: 'refused', error: { code: 'provider.unreachable' } })
    expect(total.totals.totalMinor).toBe(499)
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect((await sale.finish()).state).toBe('closed')
    expect(till.tasks()).toEqual([])
  })

  it('answers on its other server', async () => {
    const spare = shop.also(await serve(request => shop.provider.respond(request)))
    const twoServers = cards(
      { url: shop.server.url, token: TOKEN },
      { servers: ({ url }) => [url, spare.url] },
    )
    const till = await shop.till({ plugins: [twoServers] })
    await shop.server.close()
    const sale = await ringUp(till, 'R-1')
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect((await sale.finish()).claims).toMatchObject([{ state: 'committed' }])
    expect(spare.requests.length).toBeGreaterThanOrEqual(2)
  })
})

describe('a provider that moved while a commit waited', () => {
  it('gets it at the address of today’s configuration, under the same id', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    shop.server.usually = 'hang'
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect((await sale.finish({ commitBudgetMs: 0 })).claims).toMatchObject([{ state: 'committing' }])
    await till.close()
    await shop.server.close()

    const moved = shop.also(await serve(request => shop.provider.respond(request)))
    const again = await shop.till({ plugins: [cards({ url: moved.url, token: TOKEN })] })
    expect(await again.idle({ timeoutMs: 4000 })).toBe(true)
    expect(again.recovered).toMatchObject([{ sale: 'R-1', claims: [{ state: 'committed' }] }])
    expect(shop.provider.books().committed).toBe(1)
  })
})

describe('an answer that is none', () => {
  it.each([
    ['a page under 200', page(200)],
    ['a page under 404', page(404)],
    ['a page under 409', page(409)],
    ['a page under 502', page(502)],
    ['a redirect', { status: 302, headers: { location: 'http://portal.example' }, body: '' }],
    ['half a JSON text', { status: 200, headers: {}, body: '{"state":"do' }],
    ['a list', { status: 200, headers: {}, body: '[{"state":"done"}]' }],
    ['somebody else’s 404, in JSON', { status: 404, headers: {}, body: '{"error":"Not Found"}' }],
    ['another state', { status: 200, headers: {}, body: '{"state":"maybe"}' }],
    ['status and state that contradict', { status: 409, headers: {}, body: '{"state":"done"}' }],
  ])('is unknown and asked again, never done and never refused: %s', async (_, nonsense) => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    shop.server.script = [nonsense, nonsense]
    await sale.pay({ id: 'P-1', by: 'cash' })
    await seen(sale, view => view.claims[0]?.state === 'committed')
    expect(till.tasks()).toEqual([])
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    const [reserve, ...commits] = shop.server.requests
    expect(reserve?.url).toContain('/reserve')
    const ids = new Set(commits.map(request => request.headers['idempotency-key']))
    expect(commits).toHaveLength(3)
    expect(ids.size).toBe(1)
    expect(new Set(commits.map(request => request.body)).size).toBe(1)
  })

  it('is read so even where the plugin names only statuses', async () => {
    const trusting = cards(
      { url: shop.server.url, token: TOKEN },
      {
        commit: (c, op) => ({
          post: '/commit',
          key: op.id,
          body: { serial: c.serial, about: op.about ?? '' },
          read: { done: [200], refused: [409] },
        }),
      },
    )
    const till = await shop.till({ plugins: [trusting] })
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    shop.server.script = [page(200), page(409)]
    await sale.pay({ id: 'P-1', by: 'cash' })
    await seen(sale, view => view.claims[0]?.state === 'committed')
    expect(shop.provider.books().committed).toBe(1)
  })
})

describe('a plugin that fails', () => {
  const failing = (change: Parameters<typeof cards>[1]) => [
    cards({ url: shop.server.url, token: TOKEN }, change),
  ]
  const mistake = (): never => {
    throw new TypeError('a mistake in the plugin')
  }

  it('in `wants` is passed over, and the article is sold without it', async () => {
    const till = await shop.till({ plugins: failing({ wants: mistake }) })
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: CARD })
    expect(sale.view()).toMatchObject({ claims: [], lines: [{ state: 'active' }] })
    expect(shop.logged.join()).toContain('plugin.threw')
  })

  it('in `reserve` refuses its line', async () => {
    const till = await shop.till({ plugins: failing({ reserve: mistake }) })
    const sale = await ringUp(till, 'R-1')
    expect((await sale.total()).lines[1]).toMatchObject({ state: 'refused', error: { code: 'plugin.threw' } })
  })

  it('in `commit` leaves a task: the customer paid for it', async () => {
    const till = await shop.till({ plugins: failing({ commit: mistake }) })
    const sale = await ringUp(till, 'R-1')
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect(await sale.finish()).toMatchObject({ state: 'closed', claims: [{ state: 'failed' }] })
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
  })

  it('in `receipt` leaves the words to the till', async () => {
    const till = await shop.till({ plugins: failing({ receipt: mistake }) })
    const sale = await ringUp(till, 'R-1')
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect((await sale.finish()).state).toBe('closed')
    expect(shop.printer.text()).toContain('SER-R-1: active')
  })

  it('in a reader is in doubt, not refused', async () => {
    let calls = 0
    const till = await shop.till({
      plugins: failing({
        commit: (c, op) => ({
          post: '/commit',
          key: op.id,
          body: { serial: c.serial, about: op.about ?? '' },
          read: { reader: 'mine' },
        }),
        readers: {
          mine: () => {
            calls += 1
            if (calls < 3) throw new TypeError('a mistake in the reader')
            return { outcome: 'done', of: 'provider', data: {} }
          },
        },
      }),
    })
    const sale = await ringUp(till, 'R-1')
    await sale.pay({ id: 'P-1', by: 'cash' })
    await seen(sale, view => view.claims[0]?.state === 'committed')
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })
})

const LIMITS = { itemMinor: 5_000, cardMinor: 5_000, laneMinor: 50_000, laneClaims: 10, ageMs: 3_600_000 }

describe('registration', () => {
  const config = { url: 'http://127.0.0.1:9', token: TOKEN }

  it.each<[string, Parameters<typeof cards>[1]]>([
    ['a name', { name: 'Cards!' }],
    ['a plugin that reserves and cannot release', { release: undefined as never }],
    ['commits that do not wait', { offline: { commit: 'refuse' } }],
    ['reservations put off without limits', { offline: { reserve: 'defer' } }],
    [
      'reservations put off for a PIN',
      { offline: { reserve: 'defer' }, delivers: 'pin', deferral: () => LIMITS },
    ],
    ['limits for what may not be put off', { deferral: () => LIMITS }],
    ['a line plugin that wants nothing', { wants: undefined as never }],
    ['a plugin that waits for itself', { after: ['cards'] }],
    ['questions without `query`', { query: undefined as never, profile: { onUnknown: 'query' } }],
  ])('refuses %s', (_, change) => {
    expect(() => cards(config, change)).toThrow(CashdeskError)
    expect(() => cards(config, change)).toThrow('plugin.invalid')
  })

  it('refuses plugins that do not fit together', async () => {
    const two = [cards(config), cards(config)]
    expect(await codeOf(shop.till({ plugins: two }))).toBe('plugin.invalid')
    const cycle = [cards(config, { name: 'a', after: ['b'] }), cards(config, { name: 'b', after: ['a'] })]
    expect(await codeOf(shop.till({ plugins: cycle }))).toBe('plugin.invalid')
    expect(await codeOf(shop.till({ plugins: [cards(config, { name: 'cash' })] }))).toBe('plugin.invalid')
  })

  it('refuses a configuration and says what is missing', async () => {
    const wrong = definePlugin(cardsDefinition)({ url: 'x' } as never)
    await expect(shop.till({ plugins: [wrong] })).rejects.toMatchObject({
      code: 'config.invalid',
      detail: { problems: [expect.stringContaining('cards.token')] },
    })
    const absent = cards({ url: 'x', token: secret('env:CASHDESK_TEST_NOT_THERE') })
    await expect(shop.till({ plugins: [absent] })).rejects.toMatchObject({
      code: 'config.secret',
      detail: { reference: 'env:CASHDESK_TEST_NOT_THERE' },
    })
    expect(() => secret('TOKEN')).toThrow('config.secret')
  })
})

describe('a secret', () => {
  const echo = definePlugin({
    ...cardsDefinition,
    config: z.object({ url: z.string(), token: z.string() }),
    profile: QUICK,
    reserve: (c, op) => ({
      post: `/reserve?token=${c.config.token}`,
      key: op.id,
      headers: { authorization: `Bearer ${c.config.token}` },
      body: { serial: c.serial, token: c.config.token },
      read: { done: [200], refused: [409], facts: { said: 'said' }, reason: { name: 'reason', codes: {} } },
    }),
  })

  it('reaches the wire and nothing else: no file, no log, no view, no event', async () => {
    const value = 'p@ss "w\\rd/ü 4711'
    const seenOnWire: string[] = []
    const server = shop.also(
      await serve(request => {
        seenOnWire.push(`${decodeURIComponent(request.url)} ${request.body}`)
        const said = seenOnWire.length === 1 ? { said: `hello ${value}` } : { reason: value }
        return { status: seenOnWire.length === 1 ? 200 : 409, headers: {}, body: JSON.stringify(said) }
      }),
    )
    const ports = { secrets: { env: () => value, file: () => undefined } }
    const till = await shop.till({ ports, plugins: [echo({ url: server.url, token: secret('env:X') })] })
    const sale = await ringUp(till, 'R-1')
    await sale.add({ line: '3', gtin: CARD })
    await answer(sale, 'SER-2')
    await sale.total()
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.add({ line: '9', gtin: BREAD }).catch(() => undefined)
    await sale.finish()
    const events: unknown[] = []
    const last = till.journal.records
    for await (const event of till.events()) {
      events.push(event)
      if (event.record >= last) break
    }
    await till.close()
    const shown = JSON.stringify([sale.view(), till.tasks(), events, shop.logged])
    expect(seenOnWire[0]).toContain(value)
    const spellings = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), 'p@ss']
    const written = Buffer.from(shop.files(), 'latin1').toString('utf8')
    for (const spelling of spellings) {
      expect(shown).not.toContain(spelling)
      expect(written).not.toContain(spelling)
    }
    expect(written).toContain('{secret:token}')
  })
})
