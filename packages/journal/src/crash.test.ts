// Loss of power at every point, with any part of what was not synced: every acknowledged record is there afterwards,
// in order, and nothing that was never appended. Also: tears, damage, and crashes while recovering from a crash.
import {
  type Chooser,
  keepEverything,
  loseEverything,
  Prng,
  SECTOR_BYTES,
  SimDisk,
} from '@cashdesk/hardware-sim'
import { reportOf } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, openOn, quiet, range, segment, step } from '../test/steps.ts'
import { ALIGN_BYTES, decodeFrame, HEADER_BYTES, KIND, viewOf } from './format.ts'
import type { Journal } from './open.ts'
import { readJournal } from './open.ts'
import { scanJournal } from './reader.ts'

/** What a run on a disk promised, and what it had tried. */
interface Told {
  /** Numbers handed to `append`, in order. */
  readonly appended: number[]
  /** The last one that was acknowledged. */
  acknowledged: number
}

/** Groups of records that are appended at once, each with its padding. */
type Plan = readonly (readonly number[])[]

/** Opens, appends by plan, stops at the first refusal. */
async function run(disk: SimDisk, plan: Plan, told: Told): Promise<void> {
  let journal: Journal
  try {
    journal = (await openOn(disk)).journal
  } catch {
    return
  }
  let number = journal.records
  for (const group of plan) {
    const answers = group.map(padding => {
      number += 1
      told.appended.push(number)
      const mine = number
      return journal.append(step(mine, padding)).then(
        () => {
          if (mine !== told.acknowledged + 1) throw new TypeError(`acknowledged out of order: ${mine}`)
          told.acknowledged = mine
          return true
        },
        () => false,
      )
    })
    if ((await Promise.all(answers)).includes(false)) break
  }
  await journal.close()
}

/** Opens after a crash, checks what is there against what was told, and appends to it. */
async function check(disk: SimDisk, told: Told, where: string): Promise<number> {
  const { numbers, journal, report } = await openOn(disk)
  expect(numbers, where).toEqual(range(1, numbers.length))
  expect(numbers.length, where).toBeGreaterThanOrEqual(told.acknowledged)
  expect(numbers.length, where).toBeLessThanOrEqual(told.appended.at(-1) ?? 0)
  expect(report.unknownCount, where).toBe(0)
  // Whatever was torn must not come back behind what is appended now.
  await journal.append(step(numbers.length + 1, 30))
  await journal.close()
  disk.crash(loseEverything)
  expect((await openOn(disk)).numbers, where).toEqual(range(1, numbers.length + 1))
  disk.kill()
  return numbers.length
}

const PLAN: Plan = [[0], [700, 10, 1200], [3000], [40, 40, 40, 40, 40, 40], [2000, 2000], [0], [900, 5]]

async function changesOf(plan: Plan): Promise<number> {
  const disk = new SimDisk()
  await run(disk, plan, { appended: [], acknowledged: 0 })
  return disk.changes
}

describe('loss of power', () => {
  it('at every call keeps what was acknowledged, whatever part of the rest survives', async () => {
    const changes = await changesOf(PLAN)
    expect(changes).toBeGreaterThan(30)
    for (const change of range(1, changes)) {
      const disk = new SimDisk()
      disk.powerOffAt(change)
      const told = { appended: [], acknowledged: 0 }
      await run(disk, PLAN, told)
      const choosers: readonly (Chooser | number)[] = [loseEverything, keepEverything, 1, 2, 3, 4]
      for (const [index, choose] of choosers.entries()) {
        const copy = disk.fork()
        copy.crash(choose)
        await check(copy, told, `change ${change}, chooser ${index}`)
      }
    }
  })

  it('of the process alone keeps what was acknowledged, also when the power follows during recovery', async () => {
    const changes = await changesOf(PLAN)
    for (const change of range(1, changes)) {
      const disk = new SimDisk()
      disk.powerOffAt(change)
      const told = { appended: [], acknowledged: 0 }
      await run(disk, PLAN, told)
      disk.kill()
      // What recovery has handed out counts as acknowledged: the till acts on it.
      const { numbers } = await openOn(disk)
      expect(numbers.length).toBeGreaterThanOrEqual(told.acknowledged)
      disk.crash(loseEverything)
      await check(disk, { ...told, acknowledged: numbers.length }, `change ${change}`)
    }
  })

  it('during recovery, again and again, changes nothing of that', async () => {
    const plan: Plan = [[0], [700, 1500, 800, 10]]
    const changes = await changesOf(plan)
    for (const change of range(10, changes)) {
      for (const seed of range(1, 6)) {
        const prng = new Prng(change * 1000 + seed)
        const disk = new SimDisk()
        disk.powerOffAt(change)
        const told = { appended: [], acknowledged: 0 }
        await run(disk, plan, told)
        disk.crash(prng.word())
        for (const point of range(1, 8)) {
          disk.powerOffAt(disk.changes + point)
          await openOn(disk).catch(() => undefined)
          await quiet()
          disk.crash(prng.word())
        }
        await check(disk, told, `change ${change}, seed ${seed}`)
      }
    }
  })

  it('over many random lives of one till never loses, invents or reorders a record', async () => {
    const group = fc.array(fc.nat(2500), { minLength: 1, maxLength: 8 })
    const life = fc.record({ plan: fc.array(group, { maxLength: 6 }), powerOff: fc.nat(60), seed: fc.nat() })
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async lives => {
        const disk = new SimDisk()
        let acknowledged = 0
        for (const { plan, powerOff, seed } of lives) {
          disk.powerOffAt(disk.changes + 1 + powerOff)
          const told = { appended: range(1, acknowledged), acknowledged }
          await run(disk, plan, told)
          await quiet()
          disk.crash(seed)
          acknowledged = (await check(disk, told, JSON.stringify({ plan, powerOff, seed }))) + 1
        }
      }),
      { numRuns: 150 },
    )
  })

  it('leaves what a full disk or an error left, too', async () => {
    const troubles = ['write', 'sync', 'create', 'rename', 'syncFolder'] as const
    for (const call of troubles) {
      for (const reason of ['EIO', 'ENOSPC'] as const) {
        for (const skip of range(0, 12)) {
          const disk = new SimDisk()
          disk.fail({ call, reason, skip })
          const told = { appended: [], acknowledged: 0 }
          await run(disk, PLAN, told)
          await quiet()
          disk.repair()
          disk.crash(skip)
          await check(disk, told, `${call} ${reason} ${skip}`)
        }
      }
    }
  })
})

/** A closed journal with `numbers` 1 … `last`, one record a batch. */
async function written(last: number, padding: number, segmentBytes = 8192): Promise<SimDisk> {
  const disk = new SimDisk()
  const { journal } = await openOn(disk, segmentBytes)
  for (const number of range(1, last)) await journal.append(step(number, padding))
  await journal.close()
  return disk
}

interface Place {
  readonly offset: number
  readonly end: number
  readonly kind: number
}

function framesIn(bytes: Uint8Array): Place[] {
  const view = viewOf(bytes)
  const places: Place[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ALIGN_BYTES) {
    const frame = decodeFrame(bytes, view, at)
    if (frame !== undefined) places.push({ offset: at, end: frame.next, kind: frame.kind })
  }
  return places
}

describe('a tear', () => {
  it('at every byte of the last record is cut, reported, and written over', async () => {
    const disk = await written(3, 20)
    const bytes = disk.bytes(segment(1))
    const last = framesIn(bytes).at(-1)
    if (last === undefined) throw new TypeError('no record')
    for (let at = last.offset; at < last.end; at += 1) {
      for (const dirt of [0, 0xff]) {
        const torn = disk.fork()
        const missing = new Uint8Array(last.end - at).fill(dirt)
        torn.rot(segment(1), at, missing)
        const gone = missing.some((byte, index) => byte !== bytes[at + index])
        const { numbers, report, journal } = await openOn(torn)
        expect(numbers, `byte ${at}`).toEqual(gone ? [1, 2] : [1, 2, 3])
        const left = gone && (at > last.offset || dirt > 0)
        expect(report.cut?.offset, `byte ${at}`).toBe(left ? last.offset : undefined)
        await journal.append(step(numbers.length + 1))
        torn.crash(loseEverything)
        expect((await openOn(torn)).numbers).toEqual(range(1, numbers.length + 1))
      }
    }
  })

  it('of a batch in every subset of its sectors leaves a prefix of it', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 16_384)
    await journal.append(step(1))
    await quiet()
    disk.powerOffAt(disk.changes + 2)
    const batch = range(2, 7).map(number => journal.append(step(number, 450)).catch(() => 'refused'))
    expect(new Set(await Promise.all(batch))).toEqual(new Set(['refused']))
    await quiet()
    let sectors = 0
    disk.fork().crash(() => {
      sectors += 1
      return 0
    })
    expect(sectors).toBeGreaterThan(6)
    const found = new Set<number>()
    for (let subset = 0; subset < 2 ** sectors; subset += 1) {
      const torn = disk.fork()
      let sector = 0
      torn.crash(() => {
        sector += 1
        return (subset >> (sector - 1)) & 1
      })
      const told = { appended: range(1, 7), acknowledged: 1 }
      found.add(await check(torn, told, `subset ${subset.toString(2)}`))
    }
    expect([...found].sort()).toEqual(range(1, 7))
  })

  it('is told from an end that is merely unused', async () => {
    const { report } = await openOn(await written(3, 20))
    expect(report.cut).toBeUndefined()
  })
})

async function damageIn(disk: SimDisk): Promise<{ file: unknown; offset: unknown } | string> {
  try {
    await scanJournal(disk, FOLDER, () => undefined)
    return 'sound'
  } catch (error) {
    const { code, detail } = reportOf(error, 'disk.failed')
    return code === 'journal.damaged' ? { file: detail?.['file'], offset: detail?.['offset'] } : code
  }
}

describe('damage', () => {
  it('of any one bit before the last batch is refused, with the file and the record’s offset', async () => {
    const disk = await written(9, 900)
    const files = [segment(1), segment(2), segment(3)]
    const prng = new Prng(7)
    for (const [index, file] of files.entries()) {
      const frames = framesIn(disk.bytes(file))
      const isLast = (place: Place): boolean => index === 2 && place === frames.at(-1)
      for (const place of [{ offset: 0, end: HEADER_BYTES, kind: 0 }, ...frames]) {
        for (let at = place.offset; at < place.end; at += place.offset === 0 ? 97 : 11) {
          const rotten = disk.fork()
          rotten.flipBit(file, at * 8 + prng.below(8))
          const verdict = await damageIn(rotten)
          const wanted = isLast(place) ? 'sound' : { file, offset: place.offset }
          expect(verdict, `${file} at ${at}`).toEqual(wanted)
        }
      }
    }
  })

  it('is refused on opening and on reading alike, and the files stay as they are', async () => {
    const disk = await written(5, 100)
    const [, second] = framesIn(disk.bytes(segment(1)))
    if (second === undefined) throw new TypeError('no record')
    disk.flipBit(segment(1), (second.offset + 50) * 8)
    const copy = disk.fork()
    const wanted = { code: 'journal.damaged', detail: { file: segment(1), offset: second.offset } }
    await expect(openOn(copy)).rejects.toMatchObject(wanted)
    await expect(readJournal({ disk: copy, folder: FOLDER, onStep: () => undefined })).rejects.toMatchObject(
      wanted,
    )
    expect([copy.count('write'), copy.count('create'), copy.count('remove')]).toEqual([0, 0, 0])
  })

  it('of a whole sector, a missing segment or a shortened one is refused', async () => {
    const disk = await written(20, 900)
    const erased = disk.fork()
    erased.rot(segment(1), HEADER_BYTES + SECTOR_BYTES, new Uint8Array(SECTOR_BYTES))
    expect(await damageIn(erased)).toMatchObject({ file: segment(1) })
    const lost = disk.fork()
    await lost.remove(segment(2))
    expect(await damageIn(lost)).toEqual({ file: segment(2), offset: 0 })
    const swapped = disk.fork()
    await swapped.rename(segment(2), `${FOLDER}/x`)
    await swapped.rename(segment(3), segment(2))
    await swapped.rename(`${FOLDER}/x`, segment(3))
    expect(await damageIn(swapped)).toEqual({ file: segment(2), offset: 0 })
  })

  it('in the very last batch cannot be told from a tear, and is reported as one', async () => {
    const disk = await written(4, 100)
    const last = framesIn(disk.bytes(segment(1))).at(-1)
    if (last === undefined) throw new TypeError('no record')
    disk.flipBit(segment(1), (last.offset + 60) * 8)
    const { numbers, report } = await openOn(disk)
    expect(numbers).toEqual([1, 2, 3])
    expect(report.cut).toMatchObject({ file: segment(1), offset: last.offset })
  })

  it('of the last batch of an earlier run is told from one: the next opening left its mark behind it', async () => {
    const disk = await written(4, 100)
    await (await openOn(disk)).journal.close()
    const last = framesIn(disk.bytes(segment(1))).findLast(({ kind }) => kind === KIND.step)
    if (last === undefined) throw new TypeError('no record')
    disk.flipBit(segment(1), (last.offset + 60) * 8)
    expect(await damageIn(disk)).toEqual({ file: segment(1), offset: last.offset })
  })
})

describe('what a till rolled back by one release finds', () => {
  it('are records that it does not know: kept, reported, and counted where they are counted', async () => {
    const disk = await written(2, 0)
    const bytes = disk.bytes(segment(1))
    const places = framesIn(bytes)
    const place = places.at(-1)
    if (place === undefined) throw new TypeError('no record')
    const { sealFrame } = await import('./format.ts')
    const frame = decodeFrame(bytes, viewOf(bytes), place.offset)
    if (frame === undefined) throw new TypeError('no record')
    const size = frame.payloadEnd - frame.payloadStart
    sealFrame(bytes, viewOf(bytes), place.offset, { ...frame, kind: 77 }, size)
    disk.rot(segment(1), 0, bytes)
    const seen: number[] = []
    const scan = await scanJournal(disk, FOLDER, read => seen.push(numberOf(read)))
    expect(seen).toEqual([1])
    expect(scan.unknown).toEqual([{ file: segment(1), offset: place.offset, kind: 77 }])
    expect(scan.tail.sequence).toBe(2)
    const { openJournal } = await import('./open.ts')
    const { journal, report } = await openJournal({ disk, folder: FOLDER, onStep: () => undefined })
    expect(report).toMatchObject({ unknownCount: 1, records: 2 })
    await journal.append(step(3))
    await journal.close()
    expect((await scanJournal(disk, FOLDER, () => undefined)).unknownCount).toBe(1)
  })
})
