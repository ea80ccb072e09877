// A clock that is set while a sale is under way: nothing waits longer for it, and the new time counts as soon as nothing
// is measured in the old one.
import type { Clock } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, ringUp, type Shop, seen } from '../test/node-shop.ts'
import type { Till } from './index.ts'
import { nodeClock } from './node-ports.ts'

const HOUR_MS = 3_600_000

let shop: Shop
let offMs: number
beforeEach(async () => {
  shop = await openShop()
  offMs = 0
})
afterEach(() => shop.end())

const clock: Clock = { ...nodeClock, now: () => nodeClock.now() + offMs }

const open = (): Promise<Till> => shop.till({ ports: { clock } })

describe('a clock that is set back an hour', () => {
  it('while a card is being reserved: the total does not wait for it', async () => {
    const till = await open()
    shop.server.usually = 'lose-request'
    const sale = await ringUp(till, 'R-1')
    offMs = -HOUR_MS
    expect((await sale.total()).lines).toMatchObject([{ state: 'active' }, { state: 'refused' }])
  })

  it('while a card is being activated: the receipt and the activation do not wait for it', async () => {
    const till = await open()
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    shop.server.usually = 'lose-request'
    await sale.pay({ id: 'P-1', by: 'cash' })
    const finished = sale.finish()
    offMs = -HOUR_MS
    expect((await finished).state).toBe('closed')
    shop.server.usually = 'answer'
    await seen(sale, view => view.claims[0]?.state === 'committed')
    expect(shop.provider.books()).toMatchObject({ committed: 1, conflicts: 0 })
  })

  it('while the till was off: it goes on where it stopped', async () => {
    const first = await open()
    const sale = await ringUp(first, 'R-1')
    await sale.total()
    shop.server.usually = 'lose-request'
    await sale.pay({ id: 'P-1', by: 'cash' })
    const finished = sale.finish().catch(() => undefined)
    await first.close()
    await finished
    offMs = -HOUR_MS
    const till = await open()
    expect((await till.find('R-1').finish()).state).toBe('closed')
    shop.server.usually = 'answer'
    await seen(till.find('R-1'), view => view.claims[0]?.state === 'committed')
  })

  it('between two sales counts at once', async () => {
    const till = await open()
    const times: number[] = []
    const sell = async (id: string): Promise<void> => {
      const sale = await ringUp(till, id)
      await sale.total()
      await sale.pay({ id: `P-${id}`, by: 'cash' })
      await sale.finish()
      expect(await till.idle({ timeoutMs: 3_000 })).toBe(true)
    }
    await sell('R-1')
    offMs = -HOUR_MS
    const before = clock.now()
    await sell('R-2')
    const signal = new AbortController()
    for await (const { at, events } of till.events({ signal: signal.signal })) {
      if (events.some(event => event.type === 'sale.opened')) times.push(at)
      if (times.length === 2) signal.abort()
    }
    expect(times[1]).toBeGreaterThanOrEqual(before)
    expect(times[1]).toBeLessThan(before + HOUR_MS / 2)
  })
})
