// Selling while the line is down, through the whole till: the card is sold now, reserved and activated when the line is
// back, whatever the till went through in between.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cards, QUICK } from '../test/cards.ts'
import { gate } from '../test/devices.ts'
import { page, serve } from '../test/node-server.ts'
import { openShop, ringUp, type Shop, seen, TOKEN } from '../test/node-shop.ts'
import type { PluginFactory, Till } from './index.ts'

const LIMITS = { itemMinor: 5_000, cardMinor: 5_000, laneMinor: 50_000, laneClaims: 3, ageMs: 3_600_000 }

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

function deferring(): PluginFactory {
  return cards(
    { url: shop.server.url, token: TOKEN },
    {
      offline: { reserve: 'defer', commit: 'queue', release: 'queue', void: 'queue' },
      deferral: () => LIMITS,
    },
  )
}

async function sellOffline(till: Till, id: string): Promise<string> {
  const sale = await ringUp(till, id)
  const view = await sale.total()
  if (view.lines[1]?.state === 'refused') return String(view.lines[1].error?.detail?.['limit'])
  await sale.pay({ id: 'P-1', by: 'cash' })
  return (await sale.finish()).claims[0]?.text ?? 'nothing'
}

describe('a till whose line is down', () => {
  it('sells what may be put off, and activates it when the line is back', async () => {
    shop.server.usually = 'lose-request'
    const till = await shop.till({ plugins: [deferring()] })
    expect(await sellOffline(till, 'R-1')).toBe('SER-R-1: activation follows')
    expect(shop.provider.books().committed).toBe(0)
    shop.server.usually = 'answer'
    await seen(till.find('R-1'), view => view.claims[0]?.state === 'committed')
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    expect(till.tasks()).toEqual([])
  })

  it('keeps to its limits across a restart, and brings everything to its end', async () => {
    shop.server.usually = 'lose-request'
    const till = await shop.till({ plugins: [deferring()] })
    await sellOffline(till, 'R-1')
    await sellOffline(till, 'R-2')
    await till.close()
    const again = await shop.till({ plugins: [deferring()] })
    expect(await sellOffline(again, 'R-3')).toContain('follows')
    expect(await sellOffline(again, 'R-4')).toBe('laneClaims')
    shop.server.usually = 'answer'
    for (const id of ['R-1', 'R-2', 'R-3'])
      await seen(again.find(id), view => view.claims[0]?.state === 'committed')
    expect(await again.idle({ timeoutMs: 10_000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 3, conflicts: 0 })
  })
})

describe('a backlog that is drained', () => {
  it('leaves room for what a sale waits for now', async () => {
    const held = gate()
    let broken = true
    let commits = 0
    const slow = shop.also(
      await serve(async request => {
        if (!request.url.endsWith('/commit')) return shop.provider.respond(request)
        if (broken) return page(503)
        commits += 1
        await held.opened
        return shop.provider.respond(request)
      }),
    )
    const breaker = { failures: 1_000, coolMs: 1 }
    const patient = { profile: { ...QUICK, timeoutMs: 60_000, reserveLimitMs: 60_000, breaker } }
    const plugins = [cards({ url: slow.url, token: TOKEN }, patient)]
    const till = await shop.till({ plugins })
    for (let number = 1; number <= 20; number += 1) {
      const sale = await ringUp(till, `R-${number}`)
      await sale.total()
      expect(await sale.pay({ id: 'P-1', by: 'cash' })).toMatchObject({ outcome: 'done' })
      await sale.finish({ commitBudgetMs: 0 })
    }
    await till.close()
    broken = false
    const again = await shop.till({ plugins })
    const sale = await ringUp(again, 'R-new')
    expect((await sale.total()).lines[1]?.state).toBe('active')
    await expect.poll(() => commits, { timeout: 30_000 }).toBe(12)
    held.open()
    expect(await again.idle({ timeoutMs: 20_000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 1, committed: 20, conflicts: 0 })
  })
})
