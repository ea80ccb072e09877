// A damaged journal is copied as far as it is whole: nothing that can be read is left out, every hole is named with what it
// took, the original stays as it is, and the copy takes nothing until it is confirmed.
import { loseEverything, Prng, SECTOR_BYTES, SimDisk } from '@cashdesk/hardware-sim'
import { CashdeskError, type Disk, type Event, type SaleId, type Step } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, intent, numberOf, openOn, range, segment, step } from '../test/steps.ts'
import { ALIGN_BYTES, decodeFrame, HEADER_BYTES, KIND, sealFrame, viewOf } from './format.ts'
import { openJournal, readJournal } from './open.ts'
import { type SalvageReport, salvageJournal } from './salvage.ts'

const COPY = 'till/copy'

/** A closed journal with `numbers` 1 … `last`, one record a batch, in segments of 8 KiB. */
async function written(last: number, padding = 900): Promise<SimDisk> {
  const disk = new SimDisk()
  const { journal } = await openOn(disk)
  for (const number of range(1, last)) await journal.append(step(number, padding))
  await journal.close()
  return disk
}

interface Place {
  readonly offset: number
  readonly end: number
  readonly sequence: number
}

function stepsIn(disk: SimDisk, file: string): readonly Place[] {
  const bytes = disk.bytes(file)
  const places: Place[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ALIGN_BYTES) {
    const frame = decodeFrame(bytes, viewOf(bytes), at)
    if (frame?.kind === KIND.step) places.push({ offset: at, end: frame.next, sequence: frame.sequence })
  }
  return places
}

function placeOf(disk: SimDisk, file: string, sequence: number): Place {
  const place = stepsIn(disk, file).find(each => each.sequence === sequence)
  if (place === undefined) throw new TypeError(`no record ${sequence} in ${file}`)
  return place
}

const salvage = (disk: SimDisk): Promise<SalvageReport> =>
  salvageJournal({ disk, folder: FOLDER, to: COPY, segmentBytes: 8192 })

/** The numbers that the copy holds, without the steps that the salvage added; it must be sound. */
async function copied(disk: SimDisk): Promise<readonly number[]> {
  const steps: Step[] = []
  const reading = await readJournal({ disk, folder: COPY, onStep: read => void steps.push(read) })
  expect(reading.tear).toBeUndefined()
  expect(reading.records).toBe(steps.length)
  return steps.filter(({ input }) => input.type !== 'clock').map(numberOf)
}

const missingIn = ({ gaps }: SalvageReport): number[] =>
  gaps.flatMap(({ lost }) => (lost === undefined ? [] : range(lost.first, lost.last)))

describe('a salvage', () => {
  it('of a whole journal is a plain copy, restored until it is confirmed', async () => {
    const disk = await written(20)
    const report = await salvage(disk)
    expect(report).toMatchObject({ records: 20, gaps: [], gapCount: 0, lostRecords: 0, touched: [] })
    const { journal, numbers, report: opened } = await openOn(disk, 8192, COPY)
    expect(numbers).toEqual(range(1, 20))
    expect(opened).toMatchObject({ restored: true, segments: report.segments })
    await expect(journal.append(step(21))).rejects.toMatchObject({ code: 'journal.restored' })
    await journal.confirm()
    await journal.append(step(21))
    await journal.close()
    disk.crash(loseEverything)
    expect((await openOn(disk, 8192, COPY)).numbers).toEqual(range(1, 21))
  })

  it('leaves out one record with a flipped bit, names it, and changes no byte of the original', async () => {
    const disk = await written(9)
    const place = placeOf(disk, segment(2), 6)
    disk.flipBit(segment(2), (place.offset + 77) * 8)
    const before = range(1, 4).map(number => disk.bytes(segment(number)))
    await expect(openOn(disk.fork())).rejects.toMatchObject({ code: 'journal.damaged' })
    const report = await salvage(disk)
    expect(report.gaps).toMatchObject([
      {
        file: segment(2),
        offset: place.offset,
        reason: 'record',
        lost: { first: 6, last: 6 },
        after: 5,
        end: false,
      },
    ])
    expect(report.gaps[0]?.bytes).toBeLessThanOrEqual(place.end - place.offset)
    expect(report).toMatchObject({ lostRecords: 1 })
    expect(report.records - report.added).toBe(8)
    expect(await copied(disk)).toEqual([1, 2, 3, 4, 5, 7, 8, 9])
    expect(range(1, 4).map(number => disk.bytes(segment(number)))).toEqual(before)
  })

  it('goes on behind missing, shortened and exchanged segments and damaged headers', async () => {
    const disk = await written(20)
    const inTwo = stepsIn(disk, segment(2)).map(({ sequence }) => sequence)
    const lost = disk.fork()
    await lost.remove(segment(2))
    expect((await salvage(lost)).gaps).toMatchObject([
      { file: segment(2), reason: 'missing', lost: { first: inTwo[0], last: inTwo.at(-1) } },
    ])
    expect(await copied(lost)).toEqual(range(1, 20).filter(number => !inTwo.includes(number)))
    const headless = disk.fork()
    headless.rot(segment(2), 0, new Uint8Array(SECTOR_BYTES).fill(7))
    expect((await salvage(headless)).gaps).toMatchObject([{ file: segment(2), offset: 0, reason: 'header' }])
    expect(await copied(headless)).toEqual(range(1, 20))
    const swapped = disk.fork()
    await swapped.rename(segment(2), `${FOLDER}/x`)
    await swapped.rename(segment(3), segment(2))
    await swapped.rename(`${FOLDER}/x`, segment(3))
    await salvage(swapped)
    expect(await copied(swapped)).toEqual(range(1, 20))
  })

  it('reads around what the medium does not give', async () => {
    const disk = await written(20)
    const inTwo = stepsIn(disk, segment(2)).map(({ sequence }) => sequence)
    disk.fail({ call: 'read', reason: 'EIO', path: segment(2), lasting: true })
    const report = await salvage(disk)
    expect(report.gaps.map(({ file, reason }) => [file, reason])).toContainEqual([segment(2), 'unreadable'])
    disk.repair()
    expect(await copied(disk)).toEqual(range(1, 20).filter(number => !inTwo.includes(number)))
  })

  it('copies nothing twice where a segment lies there a second time, the last one too', async () => {
    const disk = await written(20)
    const names = await disk.list(FOLDER)
    const used = range(1, names.length).filter(number => stepsIn(disk, segment(number)).length > 0)
    for (const number of [2, used.at(-1) ?? 0]) {
      const twice = disk.fork()
      const file = await twice.create(segment(90))
      await file.write(0, twice.bytes(segment(number)))
      await file.close()
      const report = await salvage(twice)
      expect(new Set(report.gaps.map(({ reason }) => reason))).toContain('repeated')
      expect(report.lostRecords).toBe(0)
      expect(await copied(twice)).toEqual(range(1, 20))
    }
  })

  it('finds its way in large segments, where records lie across what is read at once', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 2_097_152)
    for (const number of range(1, 12)) await journal.append(step(number, 90_000 + 7 * number))
    await journal.close()
    const place = placeOf(disk, segment(1), 5)
    disk.flipBit(segment(1), (place.offset + 45_000) * 8)
    const report = await salvageJournal({ disk, folder: FOLDER, to: COPY })
    expect(report.gaps).toMatchObject([{ offset: place.offset, lost: { first: 5, last: 5 } }])
    expect(await copied(disk)).toEqual(range(1, 12).filter(number => number !== 5))
  })

  it('loses no more to a bad sector than the records in it, and calls it unreadable', async () => {
    const disk = await written(9, 200)
    const place = placeOf(disk, segment(1), 4)
    const bad = Math.floor(place.offset / 4096) * 4096
    const there = range(1, 9).filter(number => {
      const each = [1, 2].flatMap(of => stepsIn(disk, segment(of)).map(found => ({ ...found, of })))
      const { of, offset, end } = each.find(({ sequence }) => sequence === number) ?? { ...place, of: 1 }
      return of !== 1 || end <= bad || offset >= bad + 4096
    })
    const worn: Disk = new Proxy(disk, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'open') return value.bind(target)
        return async (path: string, mode: 'read' | 'write') => {
          const file = await target.open(path, mode)
          const isBad = (offset: number, length: number): boolean =>
            path === segment(1) && mode === 'read' && offset < bad + 4096 && offset + length > bad
          return {
            ...file,
            read: (offset: number, length: number) =>
              isBad(offset, length)
                ? Promise.reject(new CashdeskError('disk.failed', { reason: 'EIO' }))
                : file.read(offset, length),
          }
        }
      },
    })
    const report = await salvageJournal({
      disk: worn,
      folder: FOLDER,
      toDisk: disk,
      to: COPY,
      segmentBytes: 8192,
    })
    expect(report.gaps).toMatchObject([{ file: segment(1), reason: 'unreadable' }])
    expect(await copied(disk)).toEqual(there)
  })

  it('of any damage keeps every record that is whole, and names every one that is not', async () => {
    for (const seed of range(1, 150)) {
      const prng = new Prng(seed)
      const disk = await written(12 + prng.below(20), prng.below(1500))
      const files = (await disk.list(FOLDER)).map(name => `${FOLDER}/${name}`)
      const whole = new Map(files.map(file => [file, stepsIn(disk, file)]))
      const last = Math.max(...[...whole.values()].flat().map(({ sequence }) => sequence))
      const hit = new Set<number>()
      for (let wounds = 1 + prng.below(5); wounds > 0; wounds -= 1) {
        const file = files[prng.below(files.length)] ?? ''
        const at = HEADER_BYTES + prng.below(8192 - HEADER_BYTES)
        const length = Math.min(8192 - at, 1 + prng.below(1200))
        const dirt = [0, 0xff, 0x55][prng.below(3)] ?? 0
        disk.rot(file, at, new Uint8Array(length).fill(dirt))
      }
      for (const [file, places] of whole) {
        const now = new Set(stepsIn(disk, file).map(({ sequence }) => sequence))
        for (const { sequence } of places) if (!now.has(sequence)) hit.add(sequence)
      }
      const report = await salvage(disk)
      const there = await copied(disk)
      expect(there, `seed ${seed}`).toEqual(range(1, last).filter(number => !hit.has(number)))
      const known = range(1, there.at(-1) ?? 0)
      expect(missingIn(report), `seed ${seed}`).toEqual(known.filter(number => hit.has(number)))
      expect(report.lostRecords, `seed ${seed}`).toBe(missingIn(report).length)
      if (hit.size > missingIn(report).length) expect(report.gaps.at(-1)?.end, `seed ${seed}`).toBe(true)
    }
  })

  it('keeps what stands behind a tear in the last batch, and says that it may have been one', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await journal.append(step(1))
    await Promise.all([2, 3, 4].map(number => journal.append(step(number, 50))))
    await journal.close()
    disk.flipBit(segment(1), (placeOf(disk, segment(1), 3).offset + 60) * 8)
    expect((await openOn(disk.fork())).numbers).toEqual([1, 2])
    expect((await salvage(disk)).gaps).toMatchObject([{ lost: { first: 3, last: 3 }, end: true }])
    expect(await copied(disk)).toEqual([1, 2, 4])
  })

  it('keeps records of a later release as they are', async () => {
    const disk = await written(3, 100)
    const bytes = disk.bytes(segment(1))
    const { offset } = placeOf(disk, segment(1), 2)
    const frame = decodeFrame(bytes, viewOf(bytes), offset)
    if (frame === undefined) throw new TypeError('no record')
    sealFrame(bytes, viewOf(bytes), offset, { ...frame, kind: 77 }, frame.payloadEnd - frame.payloadStart)
    disk.rot(segment(1), 0, bytes)
    expect(await salvage(disk)).toMatchObject({ records: 3, unknownCount: 1, gaps: [] })
    const reading = await readJournal({ disk, folder: COPY, onStep: () => undefined })
    expect(reading).toMatchObject({ records: 3, unknownCount: 1 })
  })
})

describe('a place for the copy', () => {
  it('that holds something is refused, and so is a journal that is not there', async () => {
    const disk = await written(3)
    await disk.makeFolder(COPY)
    await (await disk.create(`${COPY}/notes.txt`)).close()
    await expect(salvage(disk)).rejects.toMatchObject({ code: 'journal.not-empty' })
    expect(await disk.list(COPY)).toEqual(['notes.txt'])
    await expect(salvageJournal({ disk, folder: 'nowhere', to: 'else' })).rejects.toMatchObject({
      code: 'journal.absent',
    })
  })

  it('never holds a journal that is not complete, whenever the power goes', async () => {
    const counting = await written(12)
    const start = counting.changes
    await salvage(counting)
    expect(counting.changes - start).toBeGreaterThan(10)
    for (const change of range(1, counting.changes - start)) {
      for (const seed of [1, 2, 3]) {
        const disk = await written(12)
        disk.powerOffAt(disk.changes + change)
        await salvage(disk).catch(() => undefined)
        disk.crash(seed)
        const opened = await openOn(disk, 8192, COPY).then(
          ({ numbers }) => numbers,
          ({ code }: { code: string }) => code,
        )
        const empty = Array.isArray(opened) && opened.length === 0
        // Nothing was begun, or all of it is there, or it is refused.
        if (empty) expect(change, `change ${change}`).toBeLessThan(8)
        else if (Array.isArray(opened)) expect(opened, `change ${change}`).toEqual(range(1, 12))
        else expect(['journal.not-ours', 'journal.damaged'], `change ${change}`).toContain(opened)
      }
    }
  })
})

const sale = (id: string): SaleId => id as SaleId

function stepWith(events: readonly Event[], intents: Step['intents'] = []): Step {
  return { ...step(1), events, intents }
}

describe('what a salvage says is open', () => {
  it('are sales, operations and tasks that nothing ended, and the sales that may have lost steps', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    const opened = (id: string): Event => ({ type: 'sale.opened', sale: sale(id), opened: {} as never })
    const closed = (id: string): Event => ({ type: 'sale.closed', sale: sale(id), at: 1 })
    const steps: readonly Step[] = [
      stepWith([opened('done')]),
      stepWith([closed('done')]),
      stepWith([opened('under way')], [{ ...intent('op-1', 'q'), sale: sale('under way') }]),
      // The gap.
      stepWith([opened('lost beginning'), closed('under way')]),
      stepWith([{ type: 'sale.parked', sale: sale('lost beginning') }]),
      stepWith([opened('later')]),
      stepWith([{ type: 'task.opened', task: { id: 't-1', kind: 'refund-due', sale: 'done' } as never }]),
    ]
    for (const each of steps) await journal.append(each)
    await journal.close()
    disk.flipBit(segment(1), (placeOf(disk, segment(1), 4).offset + 60) * 8)
    const report = await salvage(disk)
    expect(report.open.sales).toEqual([
      { sale: 'under way', state: 'open', acrossGap: true },
      { sale: 'lost beginning', state: 'parked', acrossGap: true },
      { sale: 'later', state: 'open', acrossGap: false },
    ])
    expect(report.open.operations).toMatchObject([{ op: 'op-1', kind: 'end-of-day', sale: 'under way' }])
    expect(report.open.tasks).toEqual([{ task: 't-1', kind: 'refund-due', sale: 'done' }])
    expect(report.touched).toEqual(['under way', 'lost beginning'])
    const added: Step[] = []
    const onStep = (read: Step): void => void (read.input.type === 'clock' && added.push(read))
    await readJournal({ disk, folder: COPY, onStep })
    // The checkout never heard of the operation, and the second sale's beginning is there, but not all of it.
    expect(added.flatMap(({ events }) => events)).toMatchObject([
      { type: 'op.settled', op: 'op-1', outcome: 'abandoned' },
      { type: 'task.opened', task: { sale: 'under way', error: { code: 'journal.incomplete' } } },
      {
        type: 'task.opened',
        task: { error: { code: 'journal.incomplete', detail: { sale: 'lost beginning' } } },
      },
    ])
    const kept = JSON.parse(new TextDecoder().decode(disk.bytes(`${COPY}/salvage.json`)))
    expect(kept).toEqual(report)
  })
})

describe('what was carried over', () => {
  /** Six steps, of which the third and the fourth are carried over behind all others. */
  async function carriedOver(): Promise<{ readonly disk: SimDisk; readonly first: number }> {
    const disk = await written(6, 100)
    const { journal } = await openOn(disk)
    const steps = [3, 4].map(number => ({ sequence: number, step: step(number, 100) }))
    const first = await journal.carryOver(steps, 1)
    await journal.append(step(7))
    await journal.close()
    return { disk, first }
  }

  it('fills what damage took, and is not needed where nothing is missing', async () => {
    const { disk } = await carriedOver()
    const whole = disk.fork()
    expect(await salvage(whole)).toMatchObject({ records: 7, carried: 0, gaps: [] })
    expect(await copied(whole)).toEqual(range(1, 7))
    for (const number of [2, 3]) disk.flipBit(segment(1), (placeOf(disk, segment(1), number).offset + 60) * 8)
    const report = await salvage(disk)
    expect(report).toMatchObject({ carried: 1, lostRecords: 1 })
    expect(report.records - report.added).toBe(6)
    expect(report.gaps).toMatchObject([{ lost: { first: 2, last: 3 }, after: 1 }])
    expect(await copied(disk)).toEqual([1, 3, 4, 5, 6, 7])
  })

  it('is all there is of what was archived, and that is no gap', async () => {
    const { disk, first } = await carriedOver()
    for (const number of range(1, first - 1)) await disk.remove(segment(number))
    const report = await salvage(disk)
    expect(report).toMatchObject({ records: 3, carried: 2, gaps: [], lostRecords: 0 })
    expect(await copied(disk)).toEqual([3, 4, 7])
  })

  it('is copied as far as it is there, where its own segment is damaged', async () => {
    const { disk, first } = await carriedOver()
    for (const number of range(1, first - 1)) await disk.remove(segment(number))
    const bytes = disk.bytes(segment(first))
    const offset = decodeFrame(bytes, viewOf(bytes), HEADER_BYTES)?.next ?? 0
    disk.flipBit(segment(first), (offset + 60) * 8)
    await expect(openOn(disk.fork())).rejects.toMatchObject({ code: 'journal.damaged' })
    const report = await salvage(disk)
    expect(report.gaps).toMatchObject([{ file: segment(first), offset }])
    expect(await copied(disk)).toEqual([4, 7])
  })
})

it('a copy opens beside the original on one disk', async () => {
  const disk = await written(3)
  await salvage(disk)
  const original = await openOn(disk)
  const copy = await openJournal({ disk, folder: COPY, onStep: () => undefined })
  expect([original.journal.state, copy.journal.state]).toEqual(['open', 'restored'])
  await Promise.all([original.journal.close(), copy.journal.close()])
})
