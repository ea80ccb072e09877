// What recovery makes of bytes that are not as they were written: a torn end is cut and reported, anything before it is
// damage and is refused with its place, and records of a later release are kept.
import { loseEverything, Prng, SECTOR_BYTES, SimDisk } from '@cashdesk/hardware-sim'
import { reportOf } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, openOn, range, segment, step } from '../test/steps.ts'
import { ALIGN_BYTES, decodeFrame, HEADER_BYTES, KIND, sealFrame, viewOf } from './format.ts'
import { openJournal, readJournal } from './open.ts'
import { scanJournal } from './reader.ts'

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

  it('at every byte of the mark that a recovery was writing is cut, and the next recovery writes its own', async () => {
    const disk = await written(2, 20)
    await (await openOn(disk)).journal.close()
    const bytes = disk.bytes(segment(1))
    const mark = framesIn(bytes).at(-1)
    if (mark?.kind !== KIND.epoch) throw new TypeError('no mark')
    for (let at = mark.offset; at < mark.end; at += 1) {
      const torn = disk.fork()
      torn.rot(segment(1), at, new Uint8Array(mark.end - at))
      const { numbers, journal } = await openOn(torn)
      expect(numbers, `byte ${at}`).toEqual([1, 2])
      await journal.append(step(3))
      torn.crash(loseEverything)
      expect((await openOn(torn)).numbers, `byte ${at}`).toEqual([1, 2, 3])
    }
  })

  it('that left any subset of a batch’s records is cut at the first that is missing', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await journal.append(step(1))
    await Promise.all(range(2, 6).map(number => journal.append(step(number, 40 * number))))
    await journal.close()
    const batch = framesIn(disk.bytes(segment(1))).slice(-5)
    for (let subset = 0; subset < 2 ** batch.length; subset += 1) {
      for (const dirt of [0, 0x5a]) {
        const torn = disk.fork()
        for (const [index, { offset, end }] of batch.entries())
          if (((subset >> index) & 1) === 0)
            torn.rot(segment(1), offset, new Uint8Array(end - offset).fill(dirt))
        const there = batch.findIndex((_, index) => ((subset >> index) & 1) === 0)
        const whole = there === -1 ? batch.length : there
        const { numbers, report, journal: again } = await openOn(torn)
        expect(numbers, `subset ${subset.toString(2)}`).toEqual(range(1, 1 + whole))
        const left = there >= 0 && (dirt > 0 || subset >= 2 ** there)
        expect(report.cut?.offset, `subset ${subset.toString(2)}`).toBe(
          left ? batch[whole]?.offset : undefined,
        )
        await again.append(step(2 + whole))
        torn.crash(loseEverything)
        expect((await openOn(torn)).numbers).toEqual(range(1, 2 + whole))
      }
    }
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

  it('at the end of a batch is not taken for a tear of the batch behind it', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await Promise.all([1, 2, 3].map(number => journal.append(step(number, 50))))
    await Promise.all([4, 5].map(number => journal.append(step(number, 50))))
    await journal.close()
    const verdicts = []
    for (const { offset } of framesIn(disk.bytes(segment(1)))) {
      const rotten = disk.fork()
      rotten.flipBit(segment(1), (offset + 60) * 8)
      verdicts.push((await damageIn(rotten)) === 'sound' ? 'tear' : 'damage')
    }
    expect(verdicts).toEqual(['damage', 'damage', 'damage', 'damage', 'tear', 'tear'])
  })

  it('at the end of a segment is not hidden by the mark of the next opening', async () => {
    const disk = await written(1, 3790)
    await (await openOn(disk)).journal.close()
    const places = framesIn(disk.bytes(segment(1)))
    expect(places.map(({ kind }) => kind)).toEqual([KIND.epoch, KIND.step])
    const { offset = 0, end = 0 } = places.at(-1) ?? {}
    disk.rot(segment(1), offset, new Uint8Array(end - offset))
    expect(await damageIn(disk)).toEqual({ file: segment(1), offset })
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
    const { journal, report } = await openJournal({ disk, folder: FOLDER, onStep: () => undefined })
    expect(report).toMatchObject({ unknownCount: 1, records: 2 })
    await journal.append(step(3))
    await journal.close()
    expect((await scanJournal(disk, FOLDER, () => undefined)).unknownCount).toBe(1)
  })
})
