// Snapshots make a start quick and change nothing else: whatever becomes of one, what a till has after opening is
// what the whole journal says, and a step that is not synced is in none of them.
import { type Chooser, keepEverything, loseEverything, Prng, SimDisk } from '@cashdesk/hardware-sim'
import type { Step } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, quiet, range, segment, step } from '../test/steps.ts'
import { HEADER_BYTES } from './format.ts'
import { type Journal, openJournal, type RecoveryReport } from './open.ts'

/** A till whose whole state is the numbers of its steps. */
interface Till {
  readonly journal: Journal
  readonly report: RecoveryReport
  readonly state: number[]
}

async function start(disk: SimDisk, version = 'v1', identity?: string): Promise<Till> {
  const state: number[] = []
  const { journal, report } = await openJournal({
    disk: identity === undefined ? disk : disk.fork({ identity }),
    folder: FOLDER,
    segmentBytes: 8192,
    onStep: (read: Step) => void state.push(numberOf(read)),
    onReset: () => void state.splice(0),
    snapshot: {
      version,
      restore: parts => {
        if (!parts.every(part => typeof part === 'number')) throw new TypeError('no numbers')
        state.push(...parts)
      },
    },
  })
  return { journal, report, state }
}

async function append({ journal, state }: Till, numbers: readonly number[], padding = 300): Promise<void> {
  for (const number of numbers) {
    await journal.append(step(number, padding))
    state.push(number)
  }
}

const keep = ({ journal, state }: Till, version = 'v1'): Promise<boolean> =>
  journal.snapshot({ version, sequence: journal.records, parts: [...state] })

/** Twelve steps over several segments, a snapshot after the eighth. */
async function written(): Promise<SimDisk> {
  const disk = new SimDisk()
  const till = await start(disk)
  await append(till, range(1, 8), 1500)
  expect(await keep(till)).toBe(true)
  await append(till, range(9, 12), 1500)
  await till.journal.close()
  return disk
}

const names = async (disk: SimDisk): Promise<readonly string[]> =>
  (await disk.list(FOLDER)).filter(name => name.startsWith('snapshot'))

describe('a snapshot', () => {
  it('spares the reading of what it covers', async () => {
    const { state, report, journal } = await start(await written())
    expect(state).toEqual(range(1, 12))
    expect(report).toMatchObject({ records: 12, replayed: 4, discarded: [] })
    expect(report.snapshot).toEqual({ file: `${FOLDER}/snapshot-000000000008`, sequence: 8 })
    expect(journal.records).toBe(12)
  })

  it('is not needed: without one, or without asking for one, everything is read', async () => {
    const disk = await written()
    const numbers: number[] = []
    const { report, journal } = await openJournal({
      disk,
      folder: FOLDER,
      onStep: read => void numbers.push(numberOf(read)),
    })
    expect(numbers).toEqual(range(1, 12))
    expect(report).toMatchObject({ replayed: 12, discarded: [] })
    expect(report.snapshot).toBeUndefined()
    await journal.close()
  })

  it('of another version is left aside, and the journal is read', async () => {
    const { state, report } = await start(await written(), 'v2')
    expect(state).toEqual(range(1, 12))
    expect(report.discarded).toEqual([{ file: `${FOLDER}/snapshot-000000000008`, reason: 'other version' }])
    expect(report.replayed).toBe(12)
  })

  it('that the till cannot use after all is left aside', async () => {
    const disk = new SimDisk()
    const till = await start(disk)
    await append(till, [1, 2])
    await till.journal.snapshot({ version: 'v1', sequence: 2, parts: [1, 'two'] })
    await till.journal.close()
    const { state, report } = await start(disk)
    expect(state).toEqual([1, 2])
    expect(report.discarded).toMatchObject([{ reason: 'not understood' }])
  })

  it('with any one bit changed is left aside', async () => {
    const disk = await written()
    const path = `${FOLDER}/snapshot-000000000008`
    const bits = disk.bytes(path).length * 8
    // The zeros between format and first frame mean nothing.
    for (const bit of range(0, bits - 1).filter(each => each < 80 || (each >= 128 && each % 5 === 0))) {
      const rotten = disk.fork()
      rotten.flipBit(path, bit)
      const { state, report } = await start(rotten)
      expect(state, `bit ${bit}`).toEqual(range(1, 12))
      expect(report.discarded, `bit ${bit}`).toHaveLength(1)
    }
  })

  it('cut off anywhere is left aside', async () => {
    const disk = await written()
    const path = `${FOLDER}/snapshot-000000000008`
    const bytes = disk.bytes(path)
    for (let length = 0; length < bytes.length; length += 7) {
      const cut = disk.fork()
      await cut.remove(path)
      const file = await cut.create(path)
      await file.write(0, bytes.slice(0, length))
      await file.close()
      const { state, report } = await start(cut)
      expect(state, `length ${length}`).toEqual(range(1, 12))
      expect(report.discarded, `length ${length}`).toMatchObject([{ reason: 'damaged' }])
    }
  })

  it('of another journal is left aside, though it is sound and its numbers fit', async () => {
    const other = new SimDisk()
    const till = await start(other)
    await append(till, range(101, 108), 1500)
    await keep(till)
    await till.journal.close()
    const disk = await written()
    const path = `${FOLDER}/snapshot-000000000008`
    await disk.remove(path)
    const file = await disk.create(path)
    await file.write(0, other.bytes(path))
    await file.close()
    const { state, report } = await start(disk)
    expect(state).toEqual(range(1, 12))
    expect(report.discarded).toMatchObject([{ reason: 'not of this journal' }])
  })

  it('that knows more than the journal holds is left aside', async () => {
    const disk = new SimDisk()
    const till = await start(disk)
    await append(till, range(1, 3))
    const short = disk.fork()
    await append(till, [4])
    await keep(till)
    const path = `${FOLDER}/snapshot-000000000004`
    short.kill()
    const file = await short.create(path)
    await file.write(0, disk.bytes(path))
    await file.close()
    const { state, report, journal } = await start(short)
    expect(state).toEqual([1, 2, 3])
    expect(report.discarded).toMatchObject([{ reason: 'not of this journal' }])
    await append({ journal, report, state }, [4])
    expect(await keep({ journal, report, state })).toBe(true)
  })

  it('whose successor is damaged is used instead of it', async () => {
    const disk = await written()
    const till = await start(disk)
    await keep(till)
    await till.journal.close()
    disk.flipBit(`${FOLDER}/snapshot-000000000012`, 2000)
    const { state, report } = await start(disk)
    expect(state).toEqual(range(1, 12))
    expect(report.snapshot?.sequence).toBe(8)
    expect(report.discarded).toMatchObject([{ reason: 'damaged' }])
  })

  it('does not hide that segments of before it are missing or damaged', async () => {
    const gone = await written()
    await gone.remove(segment(1))
    await expect(start(gone)).rejects.toMatchObject({ code: 'journal.damaged' })
    const headless = await written()
    headless.flipBit(segment(1), 100)
    await expect(start(headless)).rejects.toMatchObject({ code: 'journal.damaged' })
    const empty = await written()
    for (const name of await empty.list(FOLDER))
      if (name.endsWith('.seg')) await empty.remove(`${FOLDER}/${name}`)
    await expect(start(empty)).rejects.toMatchObject({ code: 'journal.damaged' })
  })

  it('does not make a copied journal this machine’s own', async () => {
    const { state, report, journal } = await start(await written(), 'v1', 'machine-2:7')
    expect(state).toEqual(range(1, 12))
    expect(report).toMatchObject({ restored: true, replayed: 4 })
    await expect(journal.append(step(13))).rejects.toMatchObject({ code: 'journal.restored' })
    expect(await keep({ state, report, journal })).toBe(false)
    await journal.confirm()
    await journal.append(step(13))
  })
})

describe('making a snapshot', () => {
  it('is refused while a step is on its way to the disk', async () => {
    const disk = new SimDisk()
    const till = await start(disk)
    await append(till, [1])
    const synced = till.journal.append(step(2))
    till.state.push(2)
    // The till is ahead of the disk: what it knows may never have happened.
    expect(await keep(till)).toBe(false)
    expect(await till.journal.snapshot({ version: 'v1', sequence: 2, parts: [1, 2] })).toBe(false)
    await synced
    expect(await keep(till)).toBe(true)
    expect(await till.journal.snapshot({ version: 'v1', sequence: 1, parts: [1] })).toBe(false)
    expect(await names(disk)).toEqual(['snapshot-000000000002'])
  })

  it('takes the state of the moment it was asked for, whatever is appended meanwhile', async () => {
    const disk = new SimDisk()
    const till = await start(disk)
    await append(till, range(1, 3))
    const kept = keep(till)
    await append(till, range(4, 6))
    expect(await kept).toBe(true)
    await till.journal.close()
    const { state, report } = await start(disk)
    expect(state).toEqual(range(1, 6))
    expect(report.replayed).toBe(3)
  })

  it('keeps the two newest', async () => {
    const disk = new SimDisk()
    const till = await start(disk)
    for (const number of range(1, 5)) {
      await append(till, [number])
      await keep(till)
    }
    expect(await names(disk)).toEqual(['snapshot-000000000004', 'snapshot-000000000005'])
  })

  it('costs nothing but itself where the disk fails or is full', async () => {
    for (const call of ['create', 'write', 'sync', 'rename', 'syncFolder', 'remove'] as const) {
      for (const reason of ['EIO', 'ENOSPC'] as const) {
        const disk = new SimDisk()
        const till = await start(disk)
        await append(till, [1, 2])
        await quiet()
        const path = call === 'syncFolder' ? FOLDER : call === 'rename' ? '.new' : undefined
        disk.fail({ call, reason, ...(path === undefined ? {} : { path }) })
        await keep(till)
        disk.repair()
        await append(till, [3])
        expect(till.journal.state, `${call} ${reason}`).toBe('open')
        await till.journal.close()
        const again = await start(disk)
        expect(again.state, `${call} ${reason}`).toEqual([1, 2, 3])
        expect(await keep(again), `${call} ${reason}`).toBe(true)
        expect((await names(disk)).filter(name => name.endsWith('.new'))).toEqual([])
      }
    }
  })
})

describe('loss of power around snapshots', () => {
  /** Appends and keeps by turns; stops at the first refusal. Answers how many steps were acknowledged. */
  async function live(disk: SimDisk, first: number): Promise<number> {
    let acknowledged = first
    try {
      const till = await start(disk)
      for (const number of range(first + 1, first + 9)) {
        const kept = number % 2 === 0 ? keep(till) : undefined
        await append(till, [number], number % 3 === 0 ? 1800 : 40)
        acknowledged = number
        if (number % 4 === 0) await kept
      }
      await till.journal.close()
    } catch {
      return acknowledged
    }
    return acknowledged
  }

  it('at every call leaves what was acknowledged, with or without its snapshot', async () => {
    const whole = new SimDisk()
    expect(await live(whole, 0)).toBe(9)
    let used = 0
    for (const change of range(8, whole.changes)) {
      const disk = new SimDisk()
      disk.powerOffAt(change)
      const acknowledged = await live(disk, 0)
      await quiet()
      const choosers: readonly (Chooser | number)[] = [
        loseEverything,
        keepEverything,
        change,
        change + 1,
        change + 2,
      ]
      for (const choose of choosers) {
        const copy = disk.fork()
        copy.crash(choose)
        const { state, report, journal } = await start(copy)
        used += report.snapshot === undefined ? 0 : 1
        expect(state, `change ${change}`).toEqual(range(1, state.length))
        expect(state.length, `change ${change}`).toBeGreaterThanOrEqual(acknowledged)
        expect(state.length).toBe(report.records)
        await journal.close()
        // What the whole journal says, without any snapshot.
        const without = await start(copy, 'none')
        expect(without.state, `change ${change}`).toEqual(state)
        await without.journal.close()
      }
    }
    expect(used).toBeGreaterThan(50)
  })

  it('again and again over one till’s life never makes it forget or invent a step', async () => {
    for (const seed of range(1, 60)) {
      const prng = new Prng(seed)
      const disk = new SimDisk()
      let least = 0
      for (let life = 0; life < 8; life += 1) {
        disk.powerOffAt(disk.changes + 4 + prng.below(60))
        const before = await start(disk).catch(() => undefined)
        const had = before?.state.length
        await before?.journal.close()
        least = Math.max(least, had ?? 0)
        if (had !== undefined) least = Math.max(least, await live(disk, had))
        await quiet()
        disk.crash(prng.word())
      }
      const { state, journal } = await start(disk)
      expect(state, `seed ${seed}`).toEqual(range(1, state.length))
      expect(state.length, `seed ${seed}`).toBeGreaterThanOrEqual(least)
      await journal.close()
    }
  })
})

it('records behind a snapshot begin where its segment was left, also at the brim of one', async () => {
  for (const padding of range(3700, 3860).filter(each => each % 4 === 0)) {
    const disk = new SimDisk()
    const till = await start(disk)
    await append(till, [1], padding)
    expect(await keep(till)).toBe(true)
    await append(till, [2, 3], padding)
    await till.journal.close()
    const { state, report } = await start(disk)
    expect(state).toEqual([1, 2, 3])
    expect(report.replayed).toBe(2)
    expect(disk.bytes(segment(1)).length).toBeGreaterThan(HEADER_BYTES)
  }
})
