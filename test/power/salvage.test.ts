// A till on a salvaged journal: it opens whatever is missing, shows what is open, and does nothing in the world until an
// operator confirms. After that it asks what became of the rest; it takes no money and activates no card a second time.
import { Prng, SimDisk } from '@cashdesk/hardware-sim'
import { salvageJournal } from '@cashdesk/journal'
import { CashdeskError } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARD, COFFEE } from '../../packages/sdk/test/node-register.ts'
import { openShop, quiet, type Shop, seen } from '../../packages/sdk/test/node-shop.ts'
import { openShopTill, type ShopTill } from './patient-shop.ts'

type Till = ShopTill
type SaleHandle = Awaited<ReturnType<Till['sale']>>

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const JOURNAL = 'journal'
const MAGIC = Buffer.from([0xf5, 0x43, 0x44, 0xf5])

const open = (disk: SimDisk): Promise<Till> => openShopTill(shop, { disk })

const sent = (): readonly number[] => [
  shop.server.requests.length,
  shop.terminal.orders.length,
  shop.terminal.queries.length,
  shop.printer.papers.length,
  shop.printer.kicks,
]

/**
 * Three sales, with a card each: the first is closed; the second, half paid, is cancelled and its payment reversed; the
 * third is left when it was paid, its commit unanswered.
 */
async function sold(): Promise<SimDisk> {
  const disk = new SimDisk()
  const till = await open(disk)
  for (const id of ['R-1', 'R-0', 'R-2']) {
    const sale = await till.sale({ id })
    await sale.add({ line: '1', gtin: COFFEE })
    await sale.add({ line: '2', gtin: CARD })
    await sale.answer(sale.view().prompts[0]?.id ?? '', `SER-${id}`)
    if (id === 'R-2') {
      await sale.total()
      shop.server.usually = 'lose-answer'
    }
    await sale.pay({ id: 'P-1', by: 'card', amount: 1_000, split: true })
    if (id === 'R-0') {
      await sale.cancel('changed their mind')
      await seen(sale, ({ state }) => state === 'cancelled')
      continue
    }
    await sale.pay({ id: 'P-2', by: 'cash' })
    if (id === 'R-1') await sale.finish()
  }
  await quiet(50)
  await till.close()
  shop.server.usually = 'answer'
  return disk
}

/** Places of the records in the first segment. */
function records(disk: SimDisk): readonly number[] {
  const bytes = Buffer.from(disk.bytes(`${JOURNAL}/00000001.seg`))
  const places: number[] = []
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) places.push(at)
  return places
}

/** The salvaged journal on a disk of its own, where a till finds it. */
async function salvaged(disk: SimDisk): Promise<SimDisk> {
  const to = new SimDisk()
  const report = await salvageJournal({
    disk,
    folder: JOURNAL,
    toDisk: to,
    to: JOURNAL,
    segmentBytes: 65_536,
  })
  expect(report.gaps.length).toBeGreaterThan(0)
  return to
}

const codeOf = (thrown: unknown): string => (thrown instanceof CashdeskError ? thrown.code : String(thrown))

describe('a till on a salvaged journal', () => {
  it('shows everything, refuses every command, and sends nothing until it is confirmed', async () => {
    const disk = await sold()
    const places = records(disk)
    disk.flipBit(`${JOURNAL}/00000001.seg`, ((places.at(-4) ?? 0) + 60) * 8)
    expect(await open(disk.fork()).catch(codeOf)).toBe('journal.damaged')
    const copy = await salvaged(disk)
    const before = sent()
    const till = await open(copy)
    expect(till.state).toBe('restored')
    expect(till.find('R-1').view().state).toBe('closed')
    expect(till.unfinished().map(({ id }) => id)).toContain('R-2')
    const sale = till.find('R-2')
    const refused = [
      till.sale({ id: 'R-3' }),
      sale.finish(),
      sale.pay({ id: 'P-9', by: 'cash' }),
      sale.cancel(),
    ]
    expect(new Set(await Promise.all(refused.map(each => each.then(String, codeOf))))).toEqual(
      new Set(['journal.restored']),
    )
    await quiet(100)
    expect(sent()).toEqual(before)
    await till.close()
  })

  it('confirmed, asks under the old ids and activates nothing twice', async () => {
    const disk = await sold()
    const places = records(disk)
    disk.flipBit(`${JOURNAL}/00000001.seg`, ((places.at(-4) ?? 0) + 60) * 8)
    const copy = await salvaged(disk)
    const till = await open(copy)
    await till.confirmRestored()
    await till.close()
    const again = await open(copy)
    expect(again.state).toBe('open')
    await again.idle({ timeoutMs: 3_000 })
    expect(shop.provider.books()).toMatchObject({ committed: 2, conflicts: 0 })
    expect(shop.terminal.books.map(({ kind }) => kind)).toEqual(['pay', 'pay', 'reverse', 'pay'])
  })

  it('opens whatever records are missing, and confirmed it ends what can be ended; nothing is done twice', async () => {
    const disk = await sold()
    const places = records(disk)
    for (let seed = 1; seed <= 60; seed += 1) {
      const prng = new Prng(seed)
      const damaged = disk.fork()
      // Never the last record: that would be a tear.
      const hit = Array.from({ length: 1 + prng.below(6) }, () => places[prng.below(places.length - 1)] ?? 0)
      for (const place of new Set(hit)) damaged.flipBit(`${JOURNAL}/00000001.seg`, (place + 45) * 8)
      const copy = await salvaged(damaged)
      const till = await open(copy)
      expect(till.state, `seed ${seed}`).toBe('restored')
      till.unfinished()
      till.tasks()
      await till.confirmRestored()
      await till.close()
      const moved = shop.terminal.books.length
      const again = await open(copy)
      await again.idle({ timeoutMs: 200 })
      expect(again.state, `seed ${seed}`).toBe('open')
      // By itself it neither takes money nor gives any back: what it may have done already is asked about, or told.
      expect(shop.terminal.books.length, `seed ${seed}`).toBe(moved)
      expect(shop.provider.books().conflicts, `seed ${seed}`).toBe(0)
      expect(shop.provider.books().committed, `seed ${seed}`).toBeLessThanOrEqual(2)
      for (const { id } of again.unfinished()) await tried(again.find(id))
      for (const { id, actions, sale } of again.tasks()) {
        if (actions.includes('settled') && sale === undefined)
          await again.resolve({ task: id, action: 'settled', operator: '17', reason: 'looked at' })
      }
      await again.close()
    }
  })

  /** Whatever a cashier may try with a sale that lost a part of its story: it may be refused, and must not throw otherwise. */
  async function tried(sale: SaleHandle): Promise<void> {
    for (const command of [
      () => sale.view(),
      () => sale.finish({ commitBudgetMs: 50 }),
      () => sale.cancel('salvaged'),
    ]) {
      const end = await Promise.resolve()
        .then((): unknown => command())
        .catch(codeOf)
      if (typeof end === 'string') expect(end).toMatch(/^[a-z]+\.[a-z-]+$/)
    }
  }
})
