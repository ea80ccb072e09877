// A fiscal year is archived: what goes on is the same before and after, what is over lies in the archive, and nothing
// is in neither, wherever the power fails.
import { loseEverything, Prng, SimDisk } from '@cashdesk/hardware-sim'
import { openJournal, readJournal } from '@cashdesk/journal'
import type { SaleId, Step } from '@cashdesk/kernel'
import { type ArchiveReport, archiveJournal } from '@cashdesk/sdk'
import { describe, expect, it } from 'vitest'
import { Chaos } from '../../packages/checkout/test/chaos.ts'
import type { LaneMemory } from '../../packages/sdk/src/memory.ts'
import { opened } from './fixtures.ts'
import { recordedLanes, stepsOf } from './lanes.ts'

/** Longer than the longest record of a lane that many things happened to at once. */
const SEGMENT_BYTES = 32_768
/** Later than anything. */
const EVER = Number.MAX_SAFE_INTEGER
const ARCHIVE = 'archive/of-lane-1'

async function diskWith(steps: readonly Step[], segmentBytes: number = SEGMENT_BYTES): Promise<SimDisk> {
  const disk = new SimDisk()
  const onStep = (): void => undefined
  const { journal } = await openJournal({ disk, folder: 'journal', segmentBytes, onStep })
  await Promise.all(steps.map(step => journal.append(step)))
  await journal.close()
  return disk
}

const archive = (disk: SimDisk, before: number): Promise<ArchiveReport> =>
  archiveJournal({
    disk,
    folder: 'journal',
    to: { disk, folder: ARCHIVE },
    before,
    segmentBytes: SEGMENT_BYTES,
  })

async function foldOf(disk: SimDisk): Promise<LaneMemory> {
  const { memory, journal } = await opened(disk)
  await journal.close()
  return memory
}

/** What goes on, as text; `kept` are the sales that are compared. */
function living({ lane, outbox, lastBooked, tasks, at }: LaneMemory, kept: ReadonlySet<SaleId>): string {
  const sales = [...lane.sales.values()].filter(({ id }) => kept.has(id))
  const { front, day, config, operations } = lane
  const live = [...lane.live.keys()]
  return JSON.stringify(
    { at, front, day, config, lastBooked, live, sales, tasks: [...tasks], operations: [...operations] },
    undefined,
    1,
  ).concat(JSON.stringify([...outbox.entries]))
}

async function sequencesIn(disk: SimDisk, folder: string): Promise<readonly number[]> {
  const read: number[] = []
  await readJournal({ disk, folder, onStep: (_, sequence) => void read.push(sequence) })
  return read
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

/** A lane of many days: sales come to their ends and grow old while others stay open. */
function years(seed: number, steps: number): readonly Step[] {
  const prng = new Prng(seed)
  const chaos = new Chaos(seed % 2 === 0)
  const recorded = stepsOf(chaos.till)
  chaos.till.restart()
  const number = (): number => prng.below(5_040)
  for (let each = 0; each < steps; each += 1) {
    chaos.step([number(), number(), number(), number()])
    if (each % 12 === 0) chaos.till.now += 86_400_000
  }
  return recorded
}

describe('an archived journal', () => {
  it('folds to the same till, but for the sales that are in the archive', async () => {
    let archived = 0
    let carried = 0
    for (let seed = 1; seed <= 15; seed += 1) {
      const steps = years(seed, 400)
      const disk = await diskWith(steps)
      const was = await foldOf(disk)
      const times = steps.map(({ at }) => at)
      const before = times[Math.floor((times.length * (seed % 4)) / 3)] ?? (times.at(-1) ?? 0) + 1
      const report = await archive(disk, before)
      const is = await foldOf(disk)
      const kept = new Set(is.lane.sales.keys())
      expect(living(is, kept), `seed ${seed}`).toBe(living(was, kept))
      expect(kept.size, `seed ${seed}`).toBe(report.keptSales)
      for (const sale of was.lane.sales.values()) {
        if (kept.has(sale.id)) continue
        expect(sale.endedAt ?? Infinity, `seed ${seed} ${sale.id}`).toBeLessThan(before)
        expect(was.lane.live.has(sale.id)).toBe(false)
        archived += 1
      }
      carried += report.carriedSteps
      if (report.segments.length > 0) {
        expect(await sequencesIn(disk, ARCHIVE), `seed ${seed}`).toEqual(upTo(steps.length))
      }
    }
    expect(archived).toBeGreaterThan(30)
    expect(carried).toBeGreaterThan(600)
  })

  it('goes on: records, snapshots and another year are added to it', async () => {
    const steps = years(7, 400)
    const [first, second, third] = [0, 1, 2].map(part =>
      steps.slice((part * steps.length) / 3, ((part + 1) * steps.length) / 3),
    )
    const disk = await diskWith(first ?? [])
    for (const [index, more] of [second, third].entries()) {
      const report = await archive(disk, more?.[0]?.at ?? 0)
      expect(report.segments.length).toBeGreaterThan(0)
      const { memory, journal, report: recovery } = await opened(disk)
      expect(recovery.carried).toMatchObject({ steps: report.carriedSteps })
      for (const step of more ?? []) {
        await journal.append(step)
        // As it will be read: its parts become parts of the lane.
        memory.replay(JSON.parse(JSON.stringify(step)), journal.records)
      }
      const content = { version: memory.snapshots.version, sequence: journal.records, parts: memory.parts() }
      expect(await journal.snapshot(content)).toBe(true)
      await journal.close()
      const is = await opened(disk)
      expect(is.report.snapshot, `year ${index}`).toBeDefined()
      expect(is.report.records).toBe(journal.records)
      await is.journal.close()
      const kept = new Set(is.memory.lane.sales.keys())
      expect(living(is.memory, kept)).toBe(living(memory, kept))
    }
    const whole = await foldOf(await diskWith(steps))
    const is = await foldOf(disk)
    const kept = new Set(is.lane.sales.keys())
    expect(kept.size).toBeLessThan(whole.lane.sales.size)
    expect(living(is, kept)).toBe(living(whole, kept))
    // The archive of two years is one journal, from the first step on.
    const archived = await sequencesIn(disk, ARCHIVE)
    expect(archived).toEqual(upTo(archived.length))
    expect(archived.length).toBeGreaterThan((steps.length * 2) / 3 - 1)
  })

  it('is not touched where nothing is old enough, or everything was archived before', async () => {
    const steps = years(5, 150)
    const disk = await diskWith(steps)
    expect(await archive(disk, 0)).toMatchObject({ segments: [], archivedSales: 0, carriedSteps: 0 })
    const end = (steps.at(-1)?.at ?? 0) + 1
    const once = await archive(disk, end)
    expect(once.segments.length).toBeGreaterThan(0)
    expect(await archive(disk, end)).toMatchObject({ segments: [], archivedSales: 0, carriedSteps: 0 })
    expect((await archive(disk, end)).records).toBe(steps.length)
  })

  it('keeps everything that is not settled, however old it is', async () => {
    const [byHand] = recordedLanes()
    const steps = byHand?.steps ?? []
    const disk = await diskWith(steps)
    const was = await foldOf(disk)
    const report = await archive(disk, EVER)
    const is = await foldOf(disk)
    expect([...is.lane.sales.keys()].sort()).toEqual(
      ['deferred', 'owed', 'parked', 'register', 'silent', 'unseen', ...lastBookedIn(steps)].sort(),
    )
    expect(is.tasks).toEqual(was.tasks)
    expect([...is.outbox.entries]).toEqual([...was.outbox.entries])
    expect(is.lane.day).toEqual(was.lane.day)
    expect(report.archivedSales).toBe(was.lane.sales.size - is.lane.sales.size)
  })
})

/** The sale of the terminal's last transaction, and what belongs to it. */
function lastBookedIn(steps: readonly Step[]): readonly string[] {
  const facts = steps.flatMap(({ events }) =>
    events.flatMap(event => (event.type === 'leg.moved' && event.facts ? [event.sale] : [])),
  )
  const last = String(facts.at(-1))
  return last === 'void' ? ['void', 'card'] : [last]
}

describe('what cannot be archived', () => {
  it('is a copied journal, and one that holds records of a later release', async () => {
    const steps = years(5, 150)
    const disk = await diskWith(steps)
    const copy = disk.fork({ identity: 'machine-2:9' })
    await expect(archive(copy, EVER)).rejects.toMatchObject({ code: 'journal.restored' })
    const later = { ...steps[0], events: [{ type: 'lane.tuned' }] } as unknown as Step
    const newer = await diskWith([...steps, later])
    await expect(archive(newer, EVER)).rejects.toMatchObject({ code: 'journal.not-archivable' })
    await expect(
      archiveJournal({ disk, folder: 'journal', to: { disk, folder: 'journal' }, before: EVER }),
    ).rejects.toMatchObject({ code: 'journal.not-archivable' })
    // None of them was changed by it.
    expect(await sequencesIn(newer, 'journal')).toEqual(upTo(steps.length + 1))
  })

  it('loses no segment to an archive that has another one of its number', async () => {
    const disk = await diskWith(years(5, 150))
    await disk.makeFolder(ARCHIVE)
    const file = await disk.create(`${ARCHIVE}/00000001.seg`)
    await file.write(0, new Uint8Array(10))
    await file.close()
    await expect(archive(disk, EVER)).rejects.toMatchObject({ code: 'journal.not-archivable' })
    expect((await disk.list('journal'))[0]).toBe('00000001.seg')
    await disk.remove(`${ARCHIVE}/00000001.seg`)
    expect((await archive(disk, EVER)).segments[0]).toBe(1)
  })
})

describe('loss of power while a journal is archived', () => {
  it('at every call leaves the same till, and a repetition finishes it', async () => {
    const steps = years(9, 100)
    const whole = await diskWith(steps, 16_384)
    const was = await foldOf(whole)
    const before = steps[Math.floor(steps.length * 0.8)]?.at ?? 0
    const start = whole.fork()
    const old = (await start.list('journal')).slice(0, -2)
    expect(old.length).toBeGreaterThan(1)
    const finished = start.fork()
    await archive(finished, before)
    const goal = await foldOf(finished)
    const kept = new Set(goal.lane.sales.keys())
    expect(kept.size).toBeLessThan(was.lane.sales.size)
    const calls = finished.changes
    for (let change = 1; change <= calls; change += 1) {
      for (const choose of [change % 2 === 0 ? loseEverything : change]) {
        const disk = start.fork()
        disk.powerOffAt(change)
        await archive(disk, before).catch(() => undefined)
        for (let turn = 0; turn < 200; turn += 1) await undefined
        disk.crash(choose)
        const between = await foldOf(disk)
        expect(living(between, kept), `change ${change}`).toBe(living(was, kept))
        // Every segment of before is here or there.
        const here = await disk.list('journal')
        const there = await disk.list(ARCHIVE)
        for (const name of old)
          expect(here.includes(name) || there.includes(name), `change ${change}`).toBe(true)
        await archive(disk, before)
        const is = await foldOf(disk)
        expect(living(is, kept), `change ${change}`).toBe(living(goal, kept))
        expect(is.lane.sales.size).toBe(kept.size)
        expect(await sequencesIn(disk, ARCHIVE), `change ${change}`).toEqual(upTo(steps.length))
        expect((await disk.list('journal'))[0]).not.toBe('00000001.seg')
      }
    }
  })
})
