// Reads all segments in order, hands out every sound record, and judges the first place that is not sound: the
// unused end, a tear that a loss of power may leave, or damage. Changes nothing on the disk.
import { CashdeskError, type Disk, type DiskFile, type Step } from '@cashdesk/kernel'
import { CarryGathering, type CarryOver, carryBeginIn } from './carry.ts'
import {
  ALIGN_BYTES,
  decodeFrame,
  decodeHeader,
  decodePayload,
  type Frame,
  frameBytes,
  frameCrc,
  HEADER_BYTES,
  isStep,
  KIND,
  MAX_RECORD_BYTES,
  viewOf,
} from './format.ts'
import { ReadAhead } from './read-ahead.ts'
import { baseOf, listSegments, missing, segmentPath } from './segments.ts'
import type { Mark } from './snapshot.ts'

/**
 * Called for every step in order; `sequence` counts records from 1 without gaps. Of steps whose segments are archived
 * only what is still alive is there, with its old numbers.
 */
export type OnStep = (step: Step, sequence: number) => void

/** A record of a kind that this release does not know: kept where it is. */
export interface UnknownRecord {
  readonly file: string
  readonly offset: number
  readonly kind: number
}

/** What was cut off, or would be: the unfinished end of the last batch. None of it was ever acknowledged. */
export interface Tear {
  readonly file: string
  readonly offset: number
  /** From `offset` to the last byte that is not zero. */
  readonly bytes: number
}

/** Where the last sound record ends, and what the next one must continue. */
export interface Tail {
  /** Index into `segments`; the first record goes into the first segment. */
  readonly segment: number
  readonly offset: number
  readonly sequence: number
  readonly batch: number
  /** Whether the last batch is there as a whole. */
  readonly last: boolean
  readonly epoch: number
  /** Place and checksum of the last frame; 0 where there is none. */
  readonly frameOffset: number
  readonly frameCrc: number
}

export interface ScannedSegment {
  readonly number: number
  readonly path: string
  readonly bytes: number
  /** Something that is not zero lies behind its last sound record. */
  readonly soiled: boolean
}

export interface Scan {
  readonly segments: readonly ScannedSegment[]
  readonly unfinished: readonly string[]
  readonly tail: Tail
  /** The highest epoch seen anywhere, in what is cut as well. */
  readonly maxEpoch: number
  /** As the last epoch mark says, or the first header; undefined for an empty folder. */
  readonly identity: string | undefined
  readonly tear: Tear | undefined
  /** At most `MAX_UNKNOWN`. */
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
  /** Steps handed out. */
  readonly replayed: number
  /** The last complete carry-over that was read. */
  readonly carried: CarryOver | undefined
  /** Segments of before a carry-over that an interrupted archiving left: none of their records is read. */
  readonly leftovers: readonly number[]
}

export interface ScanOptions {
  /**
   * A complete carry-over follows: everything handed out so far is forgotten, and its steps are handed out. Without
   * this only those of its steps are handed out that were not read before.
   */
  readonly onReset?: (() => void) | undefined
  /** Steps up to this sequence are not handed out again. */
  readonly from?: number
  /** Records up to this place were restored from a snapshot, with what was known of them. */
  readonly after?: { readonly mark: Mark; readonly about: Known } | undefined
}

/** What a snapshot keeps of the records it covers, besides what the till makes of them. */
export interface Known {
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
  readonly carried?: CarryOver
}

export function isKnown(value: unknown): value is Known {
  return typeof value === 'object' && value !== null && 'unknown' in value && 'unknownCount' in value
}

/** Read at once: what recovery needs of memory does not grow with the segment. */
const WINDOW_BYTES = 262_144
const LARGEST_FRAME_BYTES: number = frameBytes(MAX_RECORD_BYTES)
/** More of them are only counted. */
const MAX_UNKNOWN = 100

/** @throws CashdeskError `journal.damaged` with file and offset, `journal.not-ours`, `disk.failed` */
export async function scanJournal(
  disk: Disk,
  folder: string,
  onStep: OnStep,
  options: ScanOptions = {},
): Promise<Scan> {
  const { segments, unfinished } = await listSegments(disk, folder)
  const base = await baseOf(disk, folder, segments)
  const scanner = new Scanner(onStep, options)
  for (const number of segments.filter(each => each >= base)) {
    const path = segmentPath(folder, number)
    const file = await disk.open(path, 'read')
    try {
      await scanner.segment(number, path, file)
    } finally {
      await file.close()
    }
  }
  if (base > 1 && scanner.carried === undefined) throw missing(folder, 1)
  return scanner.result(
    unfinished,
    segments.filter(each => each < base),
  )
}

const BEGINNING: Tail = {
  segment: 0,
  offset: HEADER_BYTES,
  sequence: 0,
  batch: 0,
  last: true,
  epoch: 0,
  frameOffset: 0,
  frameCrc: 0,
}

/** The first place where no record continues the last one. */
interface Hole {
  readonly file: string
  readonly offset: number
  /** The earliest batch whose record may be missing there. */
  readonly batch: number
}

class Scanner {
  readonly #onStep: OnStep
  readonly #options: ScanOptions
  #segments: ScannedSegment[] = []
  #tail: Tail | undefined
  #hole: Hole | undefined
  #tear: Tear | undefined
  #maxEpoch = 0
  #identity: string | undefined
  #unknown: UnknownRecord[] = []
  #unknownCount = 0
  #handed: number
  #replayed = 0
  #gathering: CarryGathering | undefined
  /** Number of the segment that is being read. */
  #number = 0
  carried: CarryOver | undefined

  constructor(onStep: OnStep, options: ScanOptions) {
    this.#onStep = onStep
    this.#options = options
    const { from = 0, after } = options
    this.#handed = from
    if (after === undefined) return
    const { mark, about } = after
    this.#identity = mark.identity
    this.#maxEpoch = mark.epoch
    this.#unknown = [...about.unknown]
    this.#unknownCount = about.unknownCount
    this.carried = about.carried
    this.#handed = Math.max(from, mark.sequence)
  }

  async segment(number: number, path: string, file: DiskFile): Promise<void> {
    const size = await file.size()
    const header = decodeHeader(await file.read(0, HEADER_BYTES), size, path)
    if (header.segment !== number) {
      throw new CashdeskError('journal.damaged', { file: path, offset: 0, reason: 'segment number' })
    }
    this.#number = number
    this.#maxEpoch = Math.max(this.#maxEpoch, header.epoch)
    this.#identity ??= header.identity
    const mark = this.#options.after?.mark
    if (mark !== undefined && number < mark.segment) {
      this.#segments.push({ number, path, bytes: size, soiled: false })
      return
    }
    let offset = HEADER_BYTES
    if (mark?.segment === number) {
      offset = mark.offset
      this.#tail = { ...mark, segment: this.#segments.length, last: true }
    }
    const windows = new ReadAhead(file)
    try {
      for (let window = WINDOW_BYTES; ; ) {
        const taken = this.#walk(path, await windows.at(offset, window), offset)
        offset += taken
        if (taken > 0) window = WINDOW_BYTES
        else if (window < LARGEST_FRAME_BYTES) window = LARGEST_FRAME_BYTES
        else break
      }
    } finally {
      await windows.end()
    }
    const rest = await file.read(offset, size - offset)
    const end = endOfContent(rest)
    this.#segments.push({ number, path, bytes: size, soiled: end > 0 })
    this.#survey(path, rest, offset, end)
  }

  result(unfinished: readonly string[], leftovers: readonly number[]): Scan {
    return {
      segments: this.#segments,
      unfinished,
      leftovers,
      tail: this.#tail ?? BEGINNING,
      maxEpoch: this.#maxEpoch,
      identity: this.#identity,
      tear: this.#tear,
      unknown: this.#unknown,
      unknownCount: this.#unknownCount,
      replayed: this.#replayed,
      carried: this.carried,
    }
  }

  /** Takes all records that lie whole in `bytes`, which were read at `base`. Returns how many bytes they have. */
  #walk(file: string, bytes: Uint8Array, base: number): number {
    const view = viewOf(bytes)
    let taken = 0
    for (;;) {
      const frame = decodeFrame(bytes, view, taken)
      if (frame === undefined) return taken
      this.#tail ??= this.#tailBefore(frame)
      if (!follows(this.#tail, frame)) return taken
      this.#take(file, bytes, base, frame)
      const { sequence, batch, last, epoch } = frame
      const segment = this.#segments.length
      const frameOffset = base + frame.offset
      const offset = base + frame.next
      const crc = frameCrc(view, frame.offset)
      this.#tail = { segment, offset, sequence, batch, last, epoch, frameOffset, frameCrc: crc }
      taken = frame.next
    }
  }

  /** What is archived ended where the first carry-over begins. */
  #tailBefore({ kind, sequence, batch, epoch }: Frame): Tail {
    return kind === KIND.carryBegin && sequence > 0
      ? { ...BEGINNING, sequence, batch: batch - 1, epoch }
      : BEGINNING
  }

  #take(file: string, bytes: Uint8Array, base: number, frame: Frame): void {
    // A record that continues the last one proves that nothing is missing between them.
    this.#hole = undefined
    this.#tear = undefined
    this.#maxEpoch = Math.max(this.#maxEpoch, frame.epoch)
    const content = (): unknown => decodePayload(bytes, frame)
    switch (frame.kind) {
      case KIND.carryBegin:
        return this.#beginCarry(content())
      case KIND.carried: {
        const payload = bytes.subarray(frame.payloadStart, frame.payloadEnd)
        if (!this.#gathering?.add(content(), payload, isStep)) this.#gathering = undefined
        return
      }
      case KIND.carryEnd:
        return this.#endCarry(content())
      default:
        // Whatever stands between its records makes a carry-over void: its writing was interrupted.
        this.#gathering = undefined
    }
    if (frame.kind === KIND.epoch) this.#identity = identityIn(content()) ?? this.#identity
    else if (frame.kind === KIND.step) {
      const step = content()
      if (!isStep(step)) {
        throw new CashdeskError('journal.damaged', { file, offset: base + frame.offset, reason: 'content' })
      }
      this.#handOut(step, frame.sequence)
    } else {
      this.#unknownCount += 1
      if (this.#unknown.length < MAX_UNKNOWN)
        this.#unknown.push({ file, offset: base + frame.offset, kind: frame.kind })
    }
  }

  #handOut(step: Step, sequence: number): void {
    if (sequence <= this.#handed) return
    this.#handed = sequence
    this.#replayed += 1
    this.#onStep(step, sequence)
  }

  #beginCarry(content: unknown): void {
    const begin = carryBeginIn(content)
    this.#gathering = begin && new CarryGathering(this.#number, begin.before)
    this.#identity = begin?.identity ?? this.#identity
  }

  #endCarry(content: unknown): void {
    const gathered = this.#gathering
    this.#gathering = undefined
    if (!gathered?.isWhole(content)) return
    const { segment, before, steps } = gathered
    this.carried = { segment, before, steps: steps.length }
    if (this.#options.onReset) {
      this.#options.onReset()
      this.#handed = 0
      this.#replayed = 0
    }
    for (const { step, sequence } of steps) this.#handOut(step, sequence)
  }

  /**
   * Looks for records behind the first hole. One batch is in flight at a time, so a record of a later batch proves
   * that the hole's batch was synced: then what is missing was acknowledged.
   */
  #survey(file: string, rest: Uint8Array, base: number, end: number): void {
    const { batch, last, epoch } = this.#tail ?? BEGINNING
    this.#hole ??= { file, offset: base, batch: last ? batch + 1 : batch }
    const hole = this.#hole
    if (end === 0) return
    this.#tear ??= { file, offset: base, bytes: end }
    const view = viewOf(rest)
    for (let at = 0; at < end; at += ALIGN_BYTES) {
      const frame = decodeFrame(rest, view, at)
      if (frame === undefined) continue
      this.#maxEpoch = Math.max(this.#maxEpoch, frame.epoch)
      if (frame.batch > hole.batch && frame.epoch >= epoch) {
        // A sound record at the very start of a segment: what is missing lay at the end of the one before.
        const place = at === 0 ? hole : this.#tear
        throw new CashdeskError('journal.damaged', {
          file: place.file,
          offset: place.offset,
          reason: 'record',
          laterFile: file,
          laterOffset: base + at,
        })
      }
    }
  }
}

/** Whether `frame` is what the writer would have put behind `tail`. */
export function follows(tail: Pick<Tail, 'sequence' | 'batch' | 'last' | 'epoch'>, frame: Frame): boolean {
  if (frame.kind === KIND.epoch) {
    return frame.sequence === tail.sequence && frame.epoch > tail.epoch && frame.batch > tail.batch
  }
  const step = frame.kind === KIND.step
  const counted = frame.sequence === tail.sequence + 1 || (!step && frame.sequence === tail.sequence)
  return counted && frame.epoch === tail.epoch && frame.batch === (tail.last ? tail.batch + 1 : tail.batch)
}

/** Length of `bytes` without the zeros at their end. */
function endOfContent(bytes: Uint8Array): number {
  let end = bytes.length
  if (bytes.byteOffset % 4 === 0 && end % 4 === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, end / 4)
    while (end > 0 && words[end / 4 - 1] === 0) end -= 4
  }
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end
}

function identityIn(content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null || !('identity' in content)) return undefined
  return typeof content.identity === 'string' ? content.identity : undefined
}
