// Reads a damaged journal as far as it can be read: every whole record in order, and every place where something is
// missing. Changes nothing, needs no lock, and gives up on nothing but a journal of another format.
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import {
  ALIGN_BYTES,
  decodeFrame,
  decodeHeader,
  type Frame,
  type FrameHead,
  frameBytes,
  HEADER_BYTES,
  KIND,
  MAX_RECORD_BYTES,
  viewOf,
} from './format.ts'
import { pathOf, segmentNumber, segmentPath } from './segments.ts'

/**
 * `record`: something that is no whole record, or numbers that jump. `header`: of a segment. `missing`: a whole segment.
 * `length`: a segment that is shorter or longer than it says. `content`: a sound record that is no step.
 * `unreadable`: the medium answers with an error. `repeated`: a record that belongs to another place; not copied.
 */
export type GapReason = 'record' | 'header' | 'missing' | 'length' | 'content' | 'unreadable' | 'repeated'

/** A place from which nothing sound could be read. */
export interface Hole {
  readonly file: string
  readonly offset: number
  /** 0 where only the numbers tell that something is missing. */
  readonly bytes: number
  readonly reason: GapReason
  /** The earliest batch whose record may be missing there. */
  readonly batch: number
}

export interface FoundRecord {
  readonly file: string
  /** Of the record in its file. */
  readonly offset: number
  readonly head: FrameHead
  readonly payload: Uint8Array
  /** Holes between this record and the one before. */
  readonly holes: readonly Hole[]
  /** The record before, as far as it was read. */
  readonly before: FrameHead | undefined
}

export interface FoundEnd {
  readonly holes: readonly Hole[]
  readonly before: FrameHead | undefined
  readonly segments: number
}

const WINDOW_BYTES = 262_144
const LARGEST_FRAME_BYTES: number = frameBytes(MAX_RECORD_BYTES)
/** Where no record is found, so much is read at once that none that begins in its first half is cut by its end. */
const SEARCH_BYTES: number = LARGEST_FRAME_BYTES * 2
/** Where the medium gives an error, it is read in pieces of this size, to lose no more than what is really gone. */
const PIECE_BYTES = 4096

interface Segment {
  readonly number: number
  readonly path: string
  readonly size: number
  readonly holes: readonly Omit<Hole, 'batch'>[]
}

/**
 * Hands every whole record to `take`, in order.
 * @throws CashdeskError `journal.absent` where there is no segment, `journal.not-ours` for another format
 */
export async function readWhatIsWhole(
  disk: Disk,
  folder: string,
  take: (record: FoundRecord) => Promise<void> | void,
  read: (bytes: number, all: number) => void = () => undefined,
): Promise<FoundEnd> {
  const segments = await segmentsIn(disk, folder)
  const all = segments.reduce((sum, { size }) => sum + size, 0)
  const reading = new Reading(disk, take, bytes => read(bytes, all))
  let expected: number | undefined
  for (const segment of segments) {
    const first = expected === undefined && segment.number > 1
    // Segments before a carry-over are archived: only its first record can tell that they need not be there.
    if (first) reading.startsLate(segmentPath(folder, 1))
    else if (segment.number > (expected ?? 1)) reading.missing(segmentPath(folder, expected ?? 1))
    expected = segment.number + 1
    await reading.segment(segment)
  }
  return reading.end(segments.length)
}

/** In the order of the numbers that their headers give, or their names where the header is damaged. */
async function segmentsIn(disk: Disk, folder: string): Promise<readonly Segment[]> {
  const segments: Segment[] = []
  for (const name of await disk.list(folder)) {
    const named = segmentNumber(name)
    if (named !== undefined) segments.push(await numbered(disk, pathOf(folder, name), named))
  }
  if (segments.length === 0) throw new CashdeskError('journal.absent', { folder })
  return segments.sort((a, b) => a.number - b.number)
}

async function numbered(disk: Disk, path: string, named: number): Promise<Segment> {
  let file: DiskFile
  try {
    file = await disk.open(path, 'read')
  } catch {
    return {
      number: named,
      path,
      size: 0,
      holes: [{ file: path, offset: 0, bytes: 0, reason: 'unreadable' }],
    }
  }
  const size = await file.size()
  try {
    const header = decodeHeader(await file.read(0, HEADER_BYTES), size, path)
    return { number: header.segment, path, size, holes: [] }
  } catch (error) {
    const { code, detail } = error instanceof CashdeskError ? error : { code: '', detail: undefined }
    if (code === 'journal.not-ours' && detail?.['version'] !== undefined) throw error
    const reason =
      detail?.['reason'] === 'length' ? 'length' : code === 'disk.failed' ? 'unreadable' : 'header'
    const offset = reason === 'length' ? Number(detail?.['offset']) : 0
    const bytes = reason === 'length' ? 0 : HEADER_BYTES
    return { number: named, path, size, holes: [{ file: path, offset, bytes, reason }] }
  } finally {
    await file.close()
  }
}

class Reading {
  readonly #disk: Disk
  readonly #take: (record: FoundRecord) => Promise<void> | void
  readonly #read: (bytes: number) => void
  #before: FrameHead | undefined
  /** Where the record before ended. */
  #ended: { readonly file: string; readonly offset: number } | undefined
  #holes: Hole[] = []
  #late: string | undefined
  /** A stretch of a segment in which no record was found yet; `end` is behind its last byte that is not zero. */
  #open: { readonly offset: number; end: number; reason: GapReason } | undefined

  constructor(
    disk: Disk,
    take: (record: FoundRecord) => Promise<void> | void,
    read: (bytes: number) => void,
  ) {
    this.#disk = disk
    this.#take = take
    this.#read = read
  }

  missing(file: string): void {
    this.#hole({ file, offset: 0, bytes: 0, reason: 'missing' })
  }

  startsLate(file: string): void {
    this.#late = file
  }

  end(segments: number): FoundEnd {
    if (this.#late !== undefined) this.missing(this.#late)
    return { holes: this.#holes, before: this.#before, segments }
  }

  async segment({ path, holes }: Segment): Promise<void> {
    for (const hole of holes) this.#hole(hole)
    let file: DiskFile
    try {
      file = await this.#disk.open(path, 'read')
    } catch {
      return
    }
    try {
      await this.#walk(path, file, await file.size())
    } finally {
      await file.close()
    }
  }

  async #walk(path: string, file: DiskFile, size: number): Promise<void> {
    let window = WINDOW_BYTES
    for (let offset = HEADER_BYTES; offset < size; ) {
      const part = await readHard(file, offset, Math.min(window, size - offset))
      const done = await this.#records(path, part, offset, offset + part.bytes.length >= size)
      this.#read(done)
      offset += done
      window = done === 0 ? SEARCH_BYTES : WINDOW_BYTES
      if (part.bytes.length === 0) break
    }
    this.#close(path)
  }

  /** Takes what is whole in a part of a file, read at `base`; returns how far it came. */
  async #records(file: string, { bytes, unreadable }: Part, base: number, isLast: boolean): Promise<number> {
    const view = viewOf(bytes)
    let at = 0
    while (at < bytes.length) {
      const frame = decodeFrame(bytes, view, at)
      if (frame !== undefined) {
        this.#close(file)
        if (movesOn(this.#before, frame)) await this.#found(file, base, frame, bytes)
        else this.#hole({ file, offset: base + at, bytes: frame.next - at, reason: 'repeated' })
        at = frame.next
        continue
      }
      const zeros = leadingZeros(bytes, at)
      if (zeros === 0) {
        // It may be whole, and go on behind what was read.
        if (!isLast && at + LARGEST_FRAME_BYTES > bytes.length) return at
        this.#open ??= { offset: base + at, end: 0, reason: unreadable ? 'unreadable' : 'record' }
        this.#open.end = Math.min(base + at + ALIGN_BYTES, base + bytes.length)
      }
      at += zeros === 0 ? ALIGN_BYTES : zeros
    }
    return Math.min(at, bytes.length)
  }

  async #found(file: string, base: number, frame: Frame, bytes: Uint8Array): Promise<void> {
    const before = this.#before ?? beginningOf(frame)
    if (this.#late !== undefined && !isCarry(frame.kind)) this.missing(this.#late)
    this.#late = undefined
    const offset = base + frame.offset
    if (!continues(before, frame) && this.#holes.length === 0) {
      const place = this.#ended ?? { file, offset: HEADER_BYTES }
      const length = place.file === file ? offset - place.offset : 0
      this.#hole({ ...place, bytes: length, reason: 'record' })
    }
    const holes = this.#holes
    this.#holes = []
    const { kind, sequence, batch, last, epoch } = frame
    const head = { kind, sequence, batch, last, epoch }
    this.#before = head
    this.#ended = { file, offset: base + frame.next }
    const payload = bytes.subarray(frame.payloadStart, frame.payloadEnd)
    await this.#take({ file, offset, head, payload, holes, before })
  }

  /** The stretch without a record, if there is one, ends here. */
  #close(file: string): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    this.#hole({ file, offset: open.offset, bytes: open.end - open.offset, reason: open.reason })
  }

  #hole(hole: Omit<Hole, 'batch'>): void {
    const { batch = 0, last = true } = this.#before ?? {}
    this.#holes.push({ ...hole, batch: last ? batch + 1 : batch })
  }
}

const isCarry = (kind: number): boolean =>
  kind === KIND.carryBegin || kind === KIND.carried || kind === KIND.carryEnd

/** What was before the first record that is found: nothing, or what a carry-over allowed to be archived. */
function beginningOf({ kind, sequence, batch, epoch }: Frame): FrameHead {
  if (!isCarry(kind)) return { kind: KIND.epoch, sequence: 0, batch: 0, last: true, epoch: 0 }
  return {
    kind: KIND.carryBegin,
    sequence,
    batch: kind === KIND.carryBegin ? batch - 1 : batch,
    last: true,
    epoch,
  }
}

/** Whether a record can stand anywhere behind another: nothing in a journal ever goes back. */
function movesOn(before: FrameHead | undefined, frame: Frame): boolean {
  if (before === undefined) return true
  if (frame.epoch < before.epoch || frame.batch < before.batch || frame.sequence < before.sequence)
    return false
  return frame.kind !== KIND.step || frame.sequence > before.sequence
}

/** Whether nothing can be missing between the two. */
function continues(before: FrameHead, frame: Frame): boolean {
  if (frame.kind === KIND.epoch) return frame.sequence === before.sequence
  const step = frame.kind === KIND.step
  const counted = frame.sequence === before.sequence + 1 || (!step && frame.sequence === before.sequence)
  return counted && frame.batch === (before.last ? before.batch + 1 : before.batch)
}

/** Bytes of zero from `from` on, in whole steps of the frames' alignment unless they reach the end. */
function leadingZeros(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] === 0) at += 1
  return at === bytes.length ? at - from : Math.floor((at - from) / ALIGN_BYTES) * ALIGN_BYTES
}

interface Part {
  readonly bytes: Uint8Array
  /** Something in it is not what is on the medium, which gave an error. */
  readonly unreadable: boolean
}

/** Reads around what the medium does not give. */
async function readHard(file: DiskFile, offset: number, length: number): Promise<Part> {
  try {
    return { bytes: await file.read(offset, length), unreadable: false }
  } catch {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += PIECE_BYTES) {
      const piece = Math.min(PIECE_BYTES, length - at)
      const got = await file.read(offset + at, piece).catch(() => undefined)
      // Not zero, or it would be taken for the unused end: no record contains this byte eight times.
      if (got === undefined) bytes.fill(0xff, at, at + piece)
      else bytes.set(got, at)
    }
    return { bytes, unreadable: true }
  }
}
