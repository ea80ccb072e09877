// Reservations that carry a PIN: entered once, sent once, kept nowhere; whatever is lost is asked about, never guessed.
import { mkdirSync } from 'node:fs'
import { nodeDisk } from '@cashdesk/journal'
import type { HttpRequest } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { QUICK } from '../test/cards.ts'
import { gate } from '../test/devices.ts'
import { HeldDisk } from '../test/held-disk.ts'
import { BREAD } from '../test/node-register.ts'
import { codeOf, openShop, quiet, type Shop, seen } from '../test/node-shop.ts'
import { ScriptedPinpad } from '../test/pinpad.ts'
import {
  byField,
  definePlugin,
  enteredPin,
  type PinWanted,
  type PluginDefinition,
  type SaleHandle,
  type Till,
  type TillOptions,
} from './index.ts'
import { nodeClock } from './node-ports.ts'
import { referenceProvider } from './testing-provider.ts'

interface StoredConfig {
  readonly url: string
}

const read = { ...byField('state'), expiresInMs: 'expiresInMs', approvedMinor: 'approvedMinor' }
const { reserveLimitMs: _, ...patience } = QUICK

const stored: PluginDefinition<StoredConfig> = {
  name: 'stored',
  version: '1.0.0',
  contract: 1,
  claims: 'tender',
  config: z.object({ url: z.string() }),
  servers: ({ url }) => [url],
  pin: c => ({
    account: String(c.subject['card']),
    prompt: 'PIN for the card',
    key: { scheme: 'dukpt' },
    amount: { amountMinor: c.tender?.amountMinor ?? 0, currency: c.currency },
  }),
  reserve: (c, op) => ({
    post: '/reserve',
    key: op.id,
    body: {
      serial: String(c.subject['card']),
      amountMinor: c.tender?.amountMinor ?? 0,
      pin: enteredPin.block,
      ksn: enteredPin.ksn,
      format: enteredPin.format,
    },
    read: { ...read, reason: { name: 'reason', codes: {} } },
  }),
  release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.about ?? '' }, read }),
  commit: (_, op) => ({ post: '/commit', key: op.id, body: { about: op.about ?? '' }, read }),
  query: (_, op) => ({ get: `/operations/${op.id}`, read }),
  offline: { reserve: 'refuse', commit: 'queue', release: 'queue' },
  profile: patience,
}

const ACCOUNT = '4012345678909'

let shop: Shop
let pinpad: ScriptedPinpad
beforeEach(async () => {
  shop = await openShop(referenceProvider({ limitMinor: 10_000 }))
  pinpad = new ScriptedPinpad()
})
afterEach(() => shop.end())

function open(
  change: Partial<PluginDefinition<StoredConfig>> = {},
  more: Partial<TillOptions> = {},
): Promise<Till> {
  const plugin = definePlugin({ ...stored, ...change })({ url: shop.server.url })
  return shop.till({ plugins: [plugin], pinpad, ...more })
}

async function rung(till: Till, id = 'R-1'): Promise<SaleHandle> {
  const sale = await till.sale({ id })
  await sale.add({ line: '1', gtin: BREAD })
  return sale
}

const hold = { id: 'P-1', by: 'stored', subject: { card: ACCOUNT } } as const

function reserves(): readonly HttpRequest[] {
  return shop.server.requests.filter(({ url }) => url.endsWith('/reserve'))
}

/** Nothing of what the pad gave is anywhere but on the wire. */
async function nowhere(till: Till): Promise<void> {
  const { records } = till.journal
  const told: string[] = []
  for await (const event of till.events()) {
    told.push(JSON.stringify(event))
    if (event.record >= records) break
  }
  const places = [shop.files(), ...told, ...shop.logged, JSON.stringify(till.find('R-1').view())]
  for (const { blockHex, ksnHex } of pinpad.given) {
    for (const place of places) {
      expect(place.toUpperCase()).not.toContain(blockHex)
      expect(place.toUpperCase()).not.toContain(ksnHex)
    }
  }
}

describe('a payment that needs a PIN', () => {
  it('asks for it once, sends it once, and keeps it nowhere', async () => {
    const till = await open()
    const sale = await rung(till)
    const messages: string[] = []
    sale.on('message', message => messages.push(message))
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'done' })
    expect((await sale.finish()).state).toBe('closed')
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    expect(pinpad.asked).toMatchObject([
      { account: ACCOUNT, prompt: 'PIN for the card', amount: { amountMinor: 250, currency: 'EUR' } },
    ])
    expect(messages).toEqual(['Please enter your PIN'])
    const [block] = pinpad.given
    expect(reserves().map(({ body }) => JSON.parse(body ?? ''))).toMatchObject([
      { pin: block?.blockHex, ksn: block?.ksnHex, format: 'iso-4' },
    ])
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    await nowhere(till)
  })

  it('is refused when the customer cancels: nothing was sent, and a new attempt asks anew', async () => {
    const till = await open()
    const sale = await rung(till)
    pinpad.script = ['cancel']
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused', error: { code: 'pinpad.cancelled' } })
    expect(shop.server.requests).toEqual([])
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused' })
    expect(pinpad.asked).toHaveLength(1)
    expect(await sale.pay({ ...hold, id: 'P-2' })).toMatchObject({ outcome: 'done' })
    expect(pinpad.asked).toHaveLength(2)
  })

  it.each([
    ['lose', 'pinpad.link-lost'],
    ['break', 'pinpad.no-answer'],
  ] as const)('is refused when the pad fails (%s): a PIN moves no money', async (act, code) => {
    const sale = await rung(await open())
    pinpad.script = [act]
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused', error: { code } })
    expect(shop.server.requests).toEqual([])
  })

  it('is refused by a till without a pad', async () => {
    const plugin = definePlugin(stored)({ url: shop.server.url })
    const sale = await rung(await shop.till({ plugins: [plugin] }))
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused', error: { code: 'pinpad.absent' } })
  })

  it('asks nobody while the provider is known to be silent', async () => {
    const till = await open({ profile: { ...patience, breaker: { failures: 1, coolMs: 60_000 } } })
    const sale = await rung(till)
    shop.server.script = ['lose-request', 'lose-request', 'lose-request']
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused' })
    expect(pinpad.asked).toHaveLength(1)
    expect(await sale.pay({ ...hold, id: 'P-2' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'provider.breaker-open' },
    })
    expect(pinpad.asked).toHaveLength(1)
  })

  it('whose answer is lost is asked about, and never sent again', async () => {
    const till = await open()
    const sale = await rung(till)
    shop.server.script = ['lose-answer', 'lose-answer']
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'done' })
    expect(reserves()).toHaveLength(1)
    expect(pinpad.asked).toHaveLength(1)
    await sale.finish()
    expect(shop.provider.books()).toMatchObject({ held: 0, committed: 1 })
    await nowhere(till)
  })

  it('that never arrived is refused: the machine does not ask the customer again by itself', async () => {
    const till = await open()
    const sale = await rung(till)
    shop.server.script = ['lose-request']
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused', error: { code: 'provider.not-found' } })
    expect(reserves()).toHaveLength(1)
    expect(pinpad.asked).toHaveLength(1)
    expect(await sale.pay({ ...hold, id: 'P-2' })).toMatchObject({ outcome: 'done' })
  })

  it('shows nothing of it when the provider repeats what it was sent', async () => {
    const till = await open()
    const sale = await rung(till)
    const hung = gate()
    shop.server.script = [hung.opened]
    const paying = sale.pay(hold)
    await expect.poll(() => reserves().length, { timeout: 30_000 }).toBe(1)
    shop.server.usually = 'answer'
    shop.provider.respond = request => ({
      status: 409,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'refused', reason: `wrong PIN ${JSON.parse(request.body ?? '{}').pin}` }),
    })
    hung.open()
    expect(await paying).toMatchObject({ outcome: 'refused', error: { detail: { reason: 'wrong PIN •••' } } })
    await nowhere(till)
  })
})

describe('a provider that repeats what it was sent where its answer is cut', () => {
  it('leaves no half of it', async () => {
    const till = await open()
    const sale = await rung(till)
    shop.provider.respond = request => ({
      status: 409,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        state: 'refused',
        reason: `${'x'.repeat(50)}${JSON.parse(request.body ?? '{}').pin}`,
      }),
    })
    const paid = await sale.pay(hold)
    expect(paid).toMatchObject({ error: { detail: { reason: `${'x'.repeat(50)}•••` } } })
    expect(JSON.stringify(paid)).not.toContain(pinpad.given[0]?.blockHex.slice(0, 8))
  })
})

describe('an entry that nobody waits for any more', () => {
  it.each(['signal', 'cancelled sale', 'closed till'])(
    'is ended, and what is typed late is not sent (%s)',
    async how => {
      const till = await open()
      const sale = await rung(till)
      const typed = gate()
      pinpad.script = [{ after: typed.opened }]
      const abort = new AbortController()
      const paying = sale.pay(hold, { signal: abort.signal }).catch(() => undefined)
      await expect.poll(() => pinpad.asked.length, { timeout: 30_000 }).toBe(1)
      const ended =
        how === 'signal'
          ? abort.abort()
          : how === 'closed till'
            ? till.close()
            : sale.cancel().catch(() => undefined)
      await expect.poll(() => pinpad.ended, { timeout: 30_000 }).toBe(1)
      typed.open()
      await paying
      await ended
      await quiet()
      expect(pinpad.given).toHaveLength(1)
      expect(reserves()).toEqual([])
      if (how === 'cancelled sale') await seen(sale, view => view.state === 'cancelled')
      expect(shop.provider.books()).toMatchObject({ held: 0, committed: 0 })
    },
  )

  it('holds no closing till up when the pad does not come back, and leaves no timer behind', async () => {
    const timers = new Set<object>()
    const clock = {
      ...nodeClock,
      after: (ms: number, wake: () => void) => {
        const timer = {}
        timers.add(timer)
        const stop = nodeClock.after(ms, () => {
          timers.delete(timer)
          wake()
        })
        return () => {
          timers.delete(timer)
          stop()
        }
      },
    }
    const till = await open({}, { ports: { clock } })
    const sale = await rung(till)
    pinpad.script = [{ after: new Promise(() => undefined) }]
    void sale.pay(hold).catch(() => undefined)
    await expect.poll(() => pinpad.asked.length).toBe(1)
    await till.close()
    await quiet()
    expect(timers.size).toBe(0)
  })

  it('runs out with the time that the plugin gives', async () => {
    // A hundred times as fast as ours.
    const clock = { ...nodeClock, after: (ms: number, wake: () => void) => nodeClock.after(ms / 100, wake) }
    const pin = (...given: Parameters<NonNullable<typeof stored.pin>>): PinWanted => ({
      ...(stored.pin?.(...given) ?? { account: '', key: { scheme: 'dukpt' } }),
      withinMs: 5_000,
    })
    const sale = await rung(await open({ pin }, { ports: { clock } }))
    pinpad.script = [{ after: new Promise(() => undefined) }]
    expect(await sale.pay(hold)).toMatchObject({ outcome: 'refused', error: { code: 'pinpad.no-answer' } })
    expect(pinpad.ended).toBe(1)
    expect(reserves()).toEqual([])
  })

  it('is one at a time: another sale is told that the pad is busy', async () => {
    const till = await open()
    const first = await rung(till)
    const typed = gate()
    pinpad.script = [{ after: typed.opened }]
    const paying = first.pay(hold)
    await expect.poll(() => pinpad.asked.length, { timeout: 30_000 }).toBe(1)
    await first.park().catch(() => undefined)
    typed.open()
    expect(await paying).toMatchObject({ outcome: 'done' })
  })
})

describe('a till that dies with a PIN under way', () => {
  it.each(Array.from({ length: 9 }, (_, at) => [at + 1]))(
    'at the %ith sync: the PIN is not sent again, and nothing is held or taken that the sale does not know',
    async at => {
      mkdirSync(shop.dir, { recursive: true })
      const disk = new HeldDisk(nodeDisk(shop.dir))
      disk.failAfter(at + 1)
      const first = await open({}, { ports: { disk } }).catch(() => undefined)
      const dying = first && (await rung(first).catch(() => undefined))
      await dying?.pay(hold).catch(() => undefined)
      await dying?.finish().catch(() => undefined)
      await first?.close().catch(() => undefined)
      const before = reserves().length
      const entries = pinpad.asked.length
      const till = await open()
      expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
      expect(reserves()).toHaveLength(before)
      expect(pinpad.asked).toHaveLength(entries)
      const sale = await rung(till)
      const paid = sale.view().payments.some(each => each.state === 'done')
      if (!paid) {
        const again = await sale.pay(hold)
        if (again.outcome !== 'done')
          expect(await sale.pay({ ...hold, id: 'P-2' })).toMatchObject({ outcome: 'done' })
      }
      await sale.finish()
      expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
      expect(sale.view()).toMatchObject({ state: 'closed', tasks: [] })
      expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
      await nowhere(till)
    },
  )
})

describe('a plugin that wants a PIN', () => {
  const { query: __, ...noQuery } = stored
  it.each([
    ['cannot be asked what became of it', noQuery],
    ['would repeat it', { ...stored, profile: { onUnknown: 'repeat' } }],
    ['would put it off', { ...stored, claims: 'line', wants: () => false, offline: { reserve: 'defer' } }],
  ] as const)('and %s is not defined', (_what, definition) => {
    expect(() => definePlugin(definition as PluginDefinition<StoredConfig>)).toThrow(/plugin/i)
  })

  it.each([
    ['does not send it', { reserve: stored.release }],
    ['sends it with something else, too', { commit: stored.reserve }],
    ['waits for less than the customer has', { profile: { ...patience, reserveLimitMs: 30_000 } }],
    [
      'gives the customer a second',
      { pin: () => ({ account: ACCOUNT, key: { scheme: 'dukpt' }, withinMs: 999 }) },
    ],
    [
      'fails to say for what',
      {
        pin: () => {
          throw new TypeError('no account')
        },
      },
    ],
  ] as const)('and %s is found out before anything is sent', async (_what, change) => {
    const till = await open(change as Partial<PluginDefinition<StoredConfig>>)
    const sale = await rung(till)
    const paid = await sale.pay(hold)
    if (paid.outcome === 'done') await sale.finish({ commitBudgetMs: 50 })
    const sent = shop.server.requests.filter(({ url }) => !url.endsWith('/reserve'))
    expect(sent.some(({ body }) => body?.includes(pinpad.given[0]?.blockHex ?? 'none'))).toBe(false)
    expect(paid.outcome === 'refused' || till.tasks().length > 0).toBe(true)
    if (paid.outcome === 'refused') expect(shop.server.requests).toEqual([])
  })

  it('takes no card number that names it', async () => {
    const till = await open()
    const sale = await rung(till)
    const paid = await sale.pay({ ...hold, subject: { card: '{pin:block}' } })
    expect(paid).toMatchObject({ outcome: 'refused', error: { code: 'value.malformed' } })
    expect(await codeOf(sale.finish())).not.toBe('no error')
  })
})
