// The conformance kit: well-behaved plugins pass, and each way of breaking the contract fails its own check.
import type { HttpRequest } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cards } from '../test/cards.ts'
import { CouponHouse, coupon } from '../test/fixtures/coupon.ts'
import { PurseBank, purse } from '../test/fixtures/purse.ts'
import { CARD, CATALOG } from '../test/node-register.ts'
import { byField, definePlugin, enteredPin, type PluginFactory, secret } from './index.ts'
import {
  type ModelProvider,
  type PluginFixtures,
  type PluginReport,
  referenceProvider,
  testPlugin,
} from './testing.ts'

const CONFIG = { url: 'http://provider.example', token: secret('env:CARDS_TOKEN') }
const article = CATALOG[CARD]
const FIXTURES: PluginFixtures = {
  provider: () => referenceProvider(),
  ...(article ? { article: { ...article, gtin: CARD } } : {}),
  serial: 'SER-1',
}
const read = { ...byField('state'), expiresInMs: 'expiresInMs' }

const failed = (report: PluginReport): readonly string[] =>
  report.checks.filter(check => !check.ok).map(check => check.name)

const storyOf = (report: PluginReport, name: string): string =>
  report.checks.find(check => check.name === name)?.story ?? ''

/** A stored-value card with a PIN. `wrong`: its commit wants to carry the PIN, too. */
function stored(wrong: { readonly commit?: true } = {}): PluginFactory {
  const held = { ...read, approvedMinor: 'approvedMinor' }
  const pin: Record<string, string> = wrong.commit ? { pin: enteredPin.block } : {}
  return definePlugin({
    name: 'stored',
    version: '1.0.0',
    contract: 1,
    claims: 'tender',
    config: z.object({}),
    servers: () => ['http://stored.example'],
    pin: c => ({ account: String(c.subject['card']), key: { scheme: 'dukpt' } }),
    reserve: (c, op) => ({
      post: '/reserve',
      key: op.id,
      body: { serial: String(c.subject['card']), amountMinor: op.amountMinor ?? 0, pin: enteredPin.block },
      read: held,
    }),
    release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.about ?? '' }, read }),
    commit: (_, op) => ({ post: '/commit', key: op.id, body: { about: op.about ?? '', ...pin }, read }),
    query: (_, op) => ({ get: `/operations/${op.id}`, read }),
    offline: { reserve: 'refuse', commit: 'queue', release: 'queue' },
    profile: { timeoutMs: 400, retry: { firstMs: 20, factor: 1.5, maxMs: 100, jitter: 0 } },
  })({})
}

describe('a well-behaved plugin', () => {
  it('on lines passes', async () => {
    const report = await testPlugin(cards(CONFIG), FIXTURES)
    expect(report.checks.filter(check => !check.ok)).toEqual([])
    expect(report.ok).toBe(true)
    expect(report.checks).toHaveLength(18)
    expect(storyOf(report, 'renew')).toContain('was renewed')
    expect(storyOf(report, 'void')).toContain('took it back')
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('that asks what became of it passes', async () => {
    const asking = cards(CONFIG, {
      profile: { onUnknown: 'query', retry: { firstMs: 20, factor: 2, maxMs: 100, jitter: 0 } },
      query: (_, op) => ({ get: `/operations/${op.id}`, read: { ...read, notFound: [404] } }),
    })
    expect((await testPlugin(asking, FIXTURES)).checks.filter(check => !check.ok)).toEqual([])
  })

  it('with a wire of its own passes', async () => {
    const books = { provider: referenceProvider() as ModelProvider }
    const over = (path: string, body: object): { own: string } => ({ own: JSON.stringify({ path, body }) })
    const own = cards(CONFIG, {
      reserve: (c, op) => over('/reserve', { id: op.id, serial: c.serial }),
      renew: (_, op) => over('/renew', { id: op.id, about: op.about }),
      release: (_, op) => over('/release', { id: op.id, about: op.about }),
      commit: (c, op) => over('/commit', { id: op.id, serial: c.serial, about: op.about }),
      void: (_, op) => over('/void', { id: op.id, about: op.about }),
      perform: async payload => {
        const { path, body } = Object(JSON.parse(String(payload)))
        const request: HttpRequest = {
          method: 'POST',
          url: `http://own${path}`,
          headers: { 'idempotency-key': body.id },
          body: JSON.stringify(body),
          timeoutMs: 0,
        }
        const { status } = await books.provider.respond(request)
        return status === 200
          ? { outcome: 'done', of: 'provider', data: { expiresInMs: 600_000 } }
          : {
              outcome: 'refused',
              error: { code: 'claim.refused', message: '', outcome: 'none', retry: 'new', next: '' },
            }
      },
    })
    const fresh = (): ModelProvider => {
      books.provider = referenceProvider()
      return books.provider
    }
    expect(
      (await testPlugin(own, { ...FIXTURES, provider: fresh })).checks.filter(check => !check.ok),
    ).toEqual([])
  })

  it('on the basket passes', async () => {
    const provider = (): ModelProvider => {
      const house = new CouponHouse()
      return {
        respond: request => house.respond(request),
        books: () => ({ held: house.held.size, committed: house.redeemed.size }),
      }
    }
    const report = await testPlugin(coupon('http://coupons.example'), { provider, code: '10OFF-1' })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })

  it('that pays passes', async () => {
    const provider = (): ModelProvider => {
      const bank = new PurseBank()
      bank.balances.set('PURSE-1', 300)
      return {
        respond: request => bank.respond(request),
        books: () => ({ held: bank.holds.size, committed: bank.captures.length }),
      }
    }
    const report = await testPlugin(purse('http://bank.example'), { provider, subject: { card: 'PURSE-1' } })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })

  it('that needs a PIN passes, and one that is asked for what it sends a PIN with is found out', async () => {
    const fixtures = {
      provider: () => referenceProvider({ limitMinor: 300 }),
      subject: { card: '4012345678909' },
    }
    const good = await testPlugin(stored(), fixtures)
    expect(good.checks.filter(check => !check.ok)).toEqual([])
    const wrong = await testPlugin(stored({ commit: true }), fixtures)
    expect(wrong.ok).toBe(false)
  })
})

describe('a plugin that', () => {
  type Change = NonNullable<Parameters<typeof cards>[1]>
  let counter = 0

  it.each<[string, Change, string, string]>([
    [
      'leaves the id out',
      {
        commit: c => ({ post: '/commit', body: { serial: c.serial }, read }),
        reserve: c => ({ post: '/reserve', body: { serial: c.serial }, read }),
      },
      'carries-id',
      'reserve is sent without its id',
    ],
    [
      'always sends the same id',
      {
        reserve: (c, op) => ({
          post: '/reserve',
          headers: { 'idempotency-key': 'always' },
          body: { serial: c.serial, about: op.about ?? '' },
          read,
        }),
      },
      'carries-id',
      'reserve is sent without its id',
    ],
    [
      'counts its attempts in the payload',
      {
        commit: (c, op) => ({
          post: '/commit',
          key: op.id,
          body: { serial: c.serial, about: op.about ?? '', attempt: ++counter },
          read,
        }),
      },
      'same-payload',
      'commit: described twice',
    ],
    [
      'releases nothing',
      { release: (_, op) => ({ get: `/operations/${op.about}`, key: op.id, read }) },
      'release',
      'left behind',
    ],
    [
      'releases another operation',
      { release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.id }, read }) },
      'release',
      'left behind',
    ],
    [
      'writes its secret down in clear',
      {
        reserve: (c, op) => ({
          post: '/reserve',
          key: op.id,
          body: { serial: c.serial, token: 'kit-secret-CARDS_TOKEN-7f3a' },
          read,
        }),
      },
      'secrets',
      'The secret "token" stands in the journal',
    ],
    [
      'reads doubt as a refusal',
      {
        commit: (c, op) => ({
          post: '/commit',
          key: op.id,
          body: { serial: c.serial, about: op.about ?? '' },
          read: { reader: 'hasty' },
        }),
        readers: {
          hasty: ({ status }) =>
            status === 200
              ? { outcome: 'done', of: 'provider', data: {} }
              : {
                  outcome: 'refused',
                  error: { code: 'claim.refused', message: '', outcome: 'none', retry: 'new', next: '' },
                },
        },
      },
      'malformed',
      'a page under 502',
    ],
    [
      'takes every 200 for its provider',
      {
        commit: (c, op) => ({
          post: '/commit',
          key: op.id,
          body: { serial: c.serial, about: op.about ?? '' },
          read: { reader: 'trusting' },
        }),
        readers: {
          trusting: ({ status }) => {
            if (status !== 200) throw new TypeError('no answer')
            return { outcome: 'done', of: 'provider', data: {} }
          },
        },
      },
      'malformed',
      "the provider's books show 0 commit(s), the till 1",
    ],
    [
      'fails in commit',
      {
        commit: () => {
          throw new TypeError('not today')
        },
      },
      'describes',
      'not today',
    ],
    [
      'declares a renewal that does nothing',
      { renew: (_, op) => ({ post: '/renew', key: op.id, body: { about: 'nothing' }, read }) },
      'renew',
      'nothing was committed',
    ],
    [
      'says that it took back what still stands',
      { void: (_, op) => ({ post: '/quote', key: op.id, body: { about: op.about ?? '' }, read }) },
      'void',
      "the provider's books still show 1",
    ],
    [
      'fails on the receipt',
      {
        receipt: () => {
          throw new TypeError('no paper')
        },
      },
      'receipt',
      'no paper',
    ],
    ['wants nothing of what it is offered', { wants: () => false }, 'sale', 'claimed nothing'],
  ])('%s is found out', async (_, change, check, words) => {
    const report = await testPlugin(cards(CONFIG, change), FIXTURES, { only: [check] })
    expect(failed(report)).toContain(check)
    expect(storyOf(report, check)).toContain(words)
    expect(report.ok).toBe(false)
  })

  it('cannot be registered is told so, and nothing is played', async () => {
    const report = await testPlugin(cards({ url: '', token: '' }), FIXTURES)
    expect(failed(report)).toEqual(['registration'])
    expect(report.checks).toHaveLength(1)
    expect(report.checks[0]?.story).toContain('config.invalid')
  })

  it('has a provider that forgets what it released is found out', async () => {
    const forgetful = (): ModelProvider => {
      const provider = referenceProvider()
      return {
        books: () => provider.books(),
        // A release without a tombstone: what it never saw it takes later.
        respond: request =>
          request.url.endsWith('/release') && provider.books().held === 0
            ? { status: 200, headers: {}, body: '{"state":"done"}' }
            : provider.respond(request),
      }
    }
    const report = await testPlugin(cards(CONFIG), { ...FIXTURES, provider: forgetful }, { only: ['late'] })
    expect(failed(report)).toEqual(['late'])
    expect(storyOf(report, 'late')).toContain('The reservation arrived after its release')
  })
})
