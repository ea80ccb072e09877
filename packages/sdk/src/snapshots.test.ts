// A till keeps snapshots of its journal while it sells and when it closes, and starts from the newest.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openShop, ringUp, type Shop, seen } from '../test/node-shop.ts'
import { JOURNAL_FOLDER, type Till } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const snapshots = (): readonly string[] =>
  readdirSync(join(shop.dir, JOURNAL_FOLDER)).filter(name => /^snapshot-\d+$/.test(name))

async function sell(till: Till, id: string): Promise<void> {
  const sale = await ringUp(till, id)
  await sale.total()
  await sale.pay({ id: 'P-1', by: 'cash' })
  await sale.finish()
  expect(await till.idle({ timeoutMs: 30_000 })).toBe(true)
}

it('starts from one, and knows everything that it knew', async () => {
  const first = await shop.till({ snapshotEvery: 5 })
  for (const id of ['R-1', 'R-2', 'R-3']) await sell(first, id)
  const parked = await ringUp(first, 'R-4')
  await seen(parked, ({ claims }) => claims[0]?.state === 'reserved')
  await parked.park()
  await expect.poll(() => snapshots().length, { timeout: 30_000 }).toBeGreaterThan(0)
  const [view, records] = [first.find('R-2').view(), first.journal.records]
  await first.close()
  const second = await shop.till({ snapshotEvery: 5 })
  const { recovery } = second.journal
  expect(recovery.records).toBe(records)
  expect(recovery.snapshot?.sequence).toBeGreaterThan(0)
  expect(recovery.replayed).toBeLessThan(records)
  expect(second.find('R-2').view()).toEqual(view)
  expect(second.recovered.map(({ sale, state }) => [sale, state])).toEqual([['R-4', 'parked']])
  await second.find('R-4').resume()
  await second.find('R-4').total()
  expect(second.find('R-4').view().totals).toMatchObject({ totalMinor: 2999 })
})

it('makes none where none are wanted, and then reads everything', async () => {
  const first = await shop.till({ snapshotEvery: 0 })
  await sell(first, 'R-1')
  const { records } = first.journal
  await first.close()
  expect(snapshots()).toEqual([])
  const second = await shop.till({ snapshotEvery: 0 })
  expect(second.journal.recovery).toMatchObject({ replayed: records, discarded: [] })
  expect(second.journal.recovery.snapshot).toBeUndefined()
})
