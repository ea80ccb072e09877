// A till that is put back one release finds records, events and fields in its journal that it does not know. It opens,
// says what it found, keeps all of it, and brings its outbox to its end.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeDisk, openJournal } from '@cashdesk/journal'
import type { Step } from '@cashdesk/kernel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sealFrame, viewOf } from '../../packages/journal/src/format.ts'
import { scanJournal } from '../../packages/journal/src/reader.ts'
import type { Till, TillOptions } from '../../packages/sdk/src/index.ts'
import { referenceProvider } from '../../packages/sdk/src/testing-provider.ts'
import { cards, QUICK } from '../../packages/sdk/test/cards.ts'
import { openShop, ringUp, type Shop, TOKEN } from '../../packages/sdk/test/node-shop.ts'

let shop: Shop
let activates: boolean
beforeEach(async () => {
  activates = false
  const provider = referenceProvider()
  const away = { status: 503, headers: {}, body: '' }
  shop = await openShop({
    books: () => provider.books(),
    respond: request => (activates || request.url.endsWith('/reserve') ? provider.respond(request) : away),
  })
})
afterEach(() => shop.end())

const CARDS = 8
/** A breaker would refuse cards that this test wants in the outbox. */
const profile = { ...QUICK, breaker: { failures: 1_000, coolMs: 1 } }

function till(options: Partial<TillOptions> = {}): Promise<Till> {
  return shop.till({ plugins: [cards({ url: shop.server.url, token: TOKEN }, { profile })], ...options })
}

/** The disk as the till names its machine. */
const disk = (): ReturnType<typeof nodeDisk> => nodeDisk(shop.dir)

/** Sells cards while their provider answers reservations and nothing else. */
async function sellWithoutActivation(): Promise<void> {
  const selling = await till()
  for (let card = 1; card <= CARDS; card += 1) {
    const sale = await ringUp(selling, `S-${card}`)
    await sale.total()
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish({ commitBudgetMs: 0 })
  }
  await selling.close()
  expect(shop.provider.books().committed).toBe(0)
  activates = true
}

/** What the next release wrote before it was taken back: events, fields, values and rules of its own. */
async function nextReleaseWrites(): Promise<void> {
  const { journal } = await openJournal({ disk: disk(), folder: 'journal', onStep: () => undefined })
  const at = Date.now()
  const events = [
    { type: 'loyalty.tiered', sale: 'S-1', tier: 'gold' },
    { type: 'lane.tuned', how: { quietly: true } },
    { type: 'line.weighed', sale: 'S-2', line: '1', grams: 420 },
    { type: 'sale.asked', sale: 'S-3', nextAt: at, by: 'somebody new' },
    { type: 'line.weighed', sale: 'S-none', line: '1', grams: 1 },
  ]
  const input = { type: 'loyalty.tier', sale: 'S-1' }
  await journal.append({ decideVersion: 99, at, input, events, intents: [], more: [1] } as unknown as Step)
  await journal.close()
  await appendFrame(77, JSON.stringify({ anything: 'at all' }))
}

/** A record of a kind that nobody here knows, behind all others. */
async function appendFrame(kind: number, payload: string): Promise<void> {
  const { tail, segments } = await scanJournal(disk(), 'journal', () => undefined)
  const path = join(shop.dir, segments[tail.segment]?.path ?? '')
  const bytes = new Uint8Array(readFileSync(path))
  bytes.set(new TextEncoder().encode(payload), tail.offset + 40)
  const head = { kind, sequence: tail.sequence, batch: tail.batch + 1, last: true, epoch: tail.epoch }
  sealFrame(bytes, viewOf(bytes), tail.offset, head, payload.length)
  writeFileSync(path, bytes)
}

async function drained(back: Till): Promise<void> {
  expect(await back.idle({ timeoutMs: 20_000 })).toBe(true)
  expect(shop.provider.books()).toEqual({ held: 0, committed: CARDS, conflicts: 0 })
  expect(back.tasks()).toEqual([])
}

it('opens the journal of the next release, says what it does not know, and drains its outbox', async () => {
  await sellWithoutActivation()
  await nextReleaseWrites()
  const back = await till()
  const { recovery, later } = back.journal
  expect(recovery).toMatchObject({ unknownCount: 1, unknown: [{ kind: 77 }] })
  const record = recovery.records
  expect(later).toEqual({
    steps: 1,
    events: 4,
    first: [
      { record, type: 'loyalty.tiered', sale: 'S-1' },
      { record, type: 'lane.tuned' },
      { record, type: 'line.weighed', sale: 'S-2' },
      { record, type: 'line.weighed', sale: 'S-none' },
    ],
  })
  expect(shop.logged.filter(line => line.includes('later release'))).toHaveLength(1)
  expect(back.recovered.map(({ sale }) => sale)).toEqual(
    Array.from({ length: CARDS }, (_, index) => `S-${index + 1}`),
  )
  await drained(back)
})

it('sells on, and still knows what it did not know at the next start, from a snapshot too', async () => {
  await sellWithoutActivation()
  await nextReleaseWrites()
  const first = await till({ snapshotEvery: 1 })
  await drained(first)
  const sale = await ringUp(first, 'S-new')
  await sale.total()
  await sale.pay({ id: 'P-1', by: 'cash' })
  await sale.finish()
  const told = first.journal.later
  await first.close()
  const second = await till({ snapshotEvery: 1 })
  expect(second.journal.recovery.snapshot?.sequence).toBeGreaterThan(0)
  expect(second.journal.later).toEqual(told)
  expect(second.journal.recovery.unknownCount).toBe(1)
  expect(second.find('S-new').view().state).toBe('closed')
  // All of it is still there for the next release.
  expect(shop.files()).toContain('anything')
  expect(shop.files()).toContain('loyalty.tiered')
})
