// A carry-over is a new beginning, or it is nothing: only a complete one counts, and only then may what was before it
// be missing.
import { loseEverything, SimDisk } from '@cashdesk/hardware-sim'
import type { Step } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, range, segment, step } from '../test/steps.ts'
import { moveSegments } from './archive.ts'
import {
  ALIGN_BYTES,
  decodeFrame,
  type Frame,
  HEADER_BYTES,
  KIND,
  putPayload,
  sealFrame,
  viewOf,
} from './format.ts'
import { type Journal, openJournal, type RecoveryReport, readJournal } from './open.ts'
import { scanJournal } from './reader.ts'

interface Till {
  readonly journal: Journal
  readonly report: RecoveryReport
  /** Numbers of the steps, each with the number the journal gives it. */
  readonly state: (readonly [number: number, sequence: number])[]
}

async function start(disk: SimDisk): Promise<Till> {
  const state: (readonly [number, number])[] = []
  const { journal, report } = await openJournal({
    disk,
    folder: FOLDER,
    segmentBytes: 8192,
    onStep: (read, sequence) => void state.push([numberOf(read), sequence]),
    onReset: () => void state.splice(0),
  })
  return { journal, report, state }
}

const same = (numbers: readonly number[]): (readonly [number, number])[] => numbers.map(each => [each, each])
const carried = (numbers: readonly number[]): { sequence: number; step: Step }[] =>
  numbers.map(number => ({ sequence: number, step: step(number) }))

/** Nine steps in several segments, of which 2, 5 and 8 are carried over; then a tenth. */
async function carriedOver(): Promise<SimDisk> {
  const disk = new SimDisk()
  const { journal } = await start(disk)
  for (const number of range(1, 9)) await journal.append(step(number, 1200))
  expect(await journal.carryOver(carried([2, 5, 8]), 77)).toBe(6)
  await journal.append(step(10))
  expect(journal.records).toBe(10)
  await journal.close()
  return disk
}

function framesOf(disk: SimDisk, path: string): readonly Frame[] {
  const bytes = disk.bytes(path)
  const found: Frame[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ALIGN_BYTES) {
    const frame = decodeFrame(bytes, viewOf(bytes), at)
    if (frame) found.push(frame)
  }
  return found
}

/** Writes another payload where a frame is; its checksum is right. */
function rewrite(disk: SimDisk, path: string, frame: Frame, payload: string): void {
  const bytes = disk.bytes(path).slice()
  const length = putPayload(bytes, frame.offset, payload)
  expect(sealFrame(bytes, viewOf(bytes), frame.offset, frame, length)).toBe(frame.next)
  disk.rot(path, frame.offset, bytes.slice(frame.offset, frame.next))
}

describe('a carry-over', () => {
  it('is what is folded from then on, with the numbers its steps always had', async () => {
    const { state, report, journal } = await start(await carriedOver())
    expect(state).toEqual(same([2, 5, 8, 10]))
    expect(report).toMatchObject({ records: 10, replayed: 4, carried: { segment: 6, before: 77, steps: 3 } })
    await journal.append(step(11))
    expect(journal.records).toBe(11)
  })

  it('repeats nothing for whoever reads all there ever was', async () => {
    const read: number[] = []
    await readJournal({
      disk: await carriedOver(),
      folder: FOLDER,
      onStep: (each, sequence) => {
        expect(numberOf(each)).toBe(sequence)
        read.push(sequence)
      },
    })
    expect(read).toEqual(range(1, 10))
  })

  it('is all that is needed: the segments before it may be elsewhere, or on their way', async () => {
    const disk = await carriedOver()
    for (const number of range(1, 5)) {
      await disk.remove(segment(number))
      const { state, report, journal } = await start(disk.fork())
      expect(state, `without ${number}`).toEqual(same([2, 5, 8, 10]))
      expect(report.records).toBe(10)
      await journal.append(step(11))
      await journal.close()
    }
    await disk.remove(segment(6))
    await expect(start(disk)).rejects.toMatchObject({ code: 'journal.damaged' })
  })

  it('is nothing where its end speaks of other steps', async () => {
    for (const lie of [/"steps":3/, /"digest":\d/]) {
      const disk = await carriedOver()
      const end = framesOf(disk, segment(6)).find(({ kind }) => kind === KIND.carryEnd)
      if (!end) throw new TypeError('no end')
      const text = new TextDecoder().decode(disk.bytes(segment(6)).slice(end.payloadStart, end.payloadEnd))
      rewrite(
        disk,
        segment(6),
        end,
        text.replace(lie, found => `${found.slice(0, -1)}${found.endsWith('4') ? 5 : 4}`),
      )
      const { state, report, journal } = await start(disk)
      expect(state).toEqual(same(range(1, 10)))
      expect(report.carried).toBeUndefined()
      await journal.close()
      // Then what is before it is not superfluous.
      await disk.remove(segment(1))
      await expect(start(disk)).rejects.toMatchObject({ code: 'journal.damaged' })
    }
  })

  it('is nothing where one of its records is of a later release', async () => {
    const disk = await carriedOver()
    const frames = framesOf(disk, segment(6))
    const last = frames.findLast(({ kind }) => kind === KIND.carried)
    if (!last) throw new TypeError('nothing carried')
    // A record of a later release in the place of the last one that was carried.
    const text = new TextDecoder().decode(disk.bytes(segment(6)).slice(last.payloadStart, last.payloadEnd))
    rewrite(disk, segment(6), { ...last, kind: 99 }, text)
    const { state, report } = await start(disk)
    expect(state).toEqual(same(range(1, 10)))
    expect(report).toMatchObject({ unknownCount: 1 })
  })

  it('that is interrupted anywhere changes nothing', async () => {
    const disk = new SimDisk()
    const { journal } = await start(disk)
    for (const number of range(1, 9)) await journal.append(step(number, 1200))
    await journal.close()
    const whole = disk.fork()
    const steps = carried(range(1, 9)).map(each => ({ ...each, step: step(each.sequence, 1500) }))
    const till = await start(whole)
    await till.journal.carryOver(steps, 1)
    await till.journal.close()
    let interrupted = 0
    for (const change of range(1, whole.changes)) {
      const copy = disk.fork()
      copy.powerOffAt(change)
      await start(copy)
        .then(async each => {
          await each.journal.carryOver(steps, 1).catch(() => undefined)
          await each.journal.close()
        })
        .catch(() => undefined)
      copy.crash(change % 2 === 0 ? loseEverything : change)
      const after = await start(copy)
      expect(after.state, `change ${change}`).toEqual(same(range(1, 9)))
      if (after.report.carried === undefined) interrupted += 1
      await after.journal.append(step(10))
      await after.journal.carryOver(carried([10]), 1)
      await after.journal.close()
      expect((await start(copy)).state, `change ${change}`).toEqual(same([10]))
    }
    expect(interrupted).toBeGreaterThan(10)
  })
})

describe('moving segments', () => {
  it('leaves an archive that reads as the journal did', async () => {
    const disk = await carriedOver()
    const to = { disk: new SimDisk({ name: 'archive', identity: 'elsewhere:1' }), folder: 'a/b' }
    expect(await moveSegments({ disk, folder: FOLDER, to, first: 6 })).toEqual([1, 2, 3, 4, 5])
    expect(await moveSegments({ disk, folder: FOLDER, to, first: 6 })).toEqual([])
    const read: number[] = []
    const scan = await scanJournal(to.disk, 'a/b', (_, sequence) => void read.push(sequence))
    expect(read).toEqual(range(1, 9))
    expect(scan.tear).toBeUndefined()
    expect((await start(disk)).state).toEqual(same([2, 5, 8, 10]))
  })
})
