// Reads all segments in order, hands out every sound record, and judges the first place that is not sound: the
// unused end, a tear that a loss of power may leave, or damage. Changes nothing on the disk.
import { CashdeskError, type Disk, type DiskFile, type Step } from '@cashdesk/kernel'
import {
  ALIGN_BYTES,
  decodeFrame,
  decodeHeader,
  decodePayload,
  type Frame,
  frameBytes,
  HEADER_BYTES,
  KIND,
  MAX_RECORD_BYTES,
  viewOf,
} from './format.ts'
import { listSegments, segmentPath } from './segments.ts'

/** Called for every step in order; `sequence` counts records from 1 without gaps. */
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
}

/** Read at once: what recovery needs of memory does not grow with the segment. */
const WINDOW_BYTES = 262_144
const LARGEST_FRAME_BYTES: number = frameBytes(MAX_RECORD_BYTES)
/** More of them are only counted. */
const MAX_UNKNOWN = 100

/**
 * @param from steps up to this sequence are not handed out again
 * @throws CashdeskError `journal.damaged` with file and offset, `journal.not-ours`, `disk.failed`
 */
export async function scanJournal(disk: Disk, folder: string, onStep: OnStep, from = 0): Promise<Scan> {
  const { segments, unfinished } = await listSegments(disk, folder)
  const scanner = new Scanner(onStep, from)
  for (const number of segments) {
    const path = segmentPath(folder, number)
    const file = await disk.open(path, 'read')
    try {
      await scanner.segment(number, path, file)
    } finally {
      await file.close()
    }
  }
  return scanner.result(unfinished)
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
  readonly #from: number
  #segments: ScannedSegment[] = []
  #tail: Tail = { segment: 0, offset: HEADER_BYTES, sequence: 0, batch: 0, last: true, epoch: 0 }
  #hole: Hole | undefined
  #tear: Tear | undefined
  #maxEpoch = 0
  #identity: string | undefined
  #unknown: UnknownRecord[] = []
  #unknownCount = 0

  constructor(onStep: OnStep, from: number) {
    this.#onStep = onStep
    this.#from = from
  }

  async segment(number: number, path: string, file: DiskFile): Promise<void> {
    const size = await file.size()
    const header = decodeHeader(await file.read(0, HEADER_BYTES), size, path)
    if (header.segment !== number) {
      throw new CashdeskError('journal.damaged', { file: path, offset: 0, reason: 'segment number' })
    }
    this.#maxEpoch = Math.max(this.#maxEpoch, header.epoch)
    this.#identity ??= header.identity
    let offset = HEADER_BYTES
    for (let window = WINDOW_BYTES; ; ) {
      const taken = this.#walk(path, await file.read(offset, window), offset)
      offset += taken
      if (taken > 0) window = WINDOW_BYTES
      else if (window < LARGEST_FRAME_BYTES) window = LARGEST_FRAME_BYTES
      else break
    }
    const rest = await file.read(offset, size - offset)
    const end = endOfContent(rest)
    this.#segments.push({ number, path, bytes: size, soiled: end > 0 })
    this.#survey(path, rest, offset, end)
  }

  result(unfinished: readonly string[]): Scan {
    return {
      segments: this.#segments,
      unfinished,
      tail: this.#tail,
      maxEpoch: this.#maxEpoch,
      identity: this.#identity,
      tear: this.#tear,
      unknown: this.#unknown,
      unknownCount: this.#unknownCount,
    }
  }

  /** Takes all records that lie whole in `bytes`, which were read at `base`. Returns how many bytes they have. */
  #walk(file: string, bytes: Uint8Array, base: number): number {
    const view = viewOf(bytes)
    let taken = 0
    for (;;) {
      const frame = decodeFrame(bytes, view, taken)
      if (frame === undefined || !follows(this.#tail, frame)) return taken
      this.#take(file, bytes, base, frame)
      taken = frame.next
    }
  }

  #take(file: string, bytes: Uint8Array, base: number, frame: Frame): void {
    // A record that continues the last one proves that nothing is missing between them.
    this.#hole = undefined
    this.#tear = undefined
    this.#maxEpoch = Math.max(this.#maxEpoch, frame.epoch)
    const { sequence, batch, last, epoch } = frame
    this.#tail = { segment: this.#segments.length, offset: base + frame.next, sequence, batch, last, epoch }
    switch (frame.kind) {
      case KIND.step: {
        const step = decodePayload(bytes, frame)
        if (!isStep(step)) {
          throw new CashdeskError('journal.damaged', { file, offset: base + frame.offset, reason: 'content' })
        }
        if (sequence > this.#from) this.#onStep(step, sequence)
        return
      }
      case KIND.epoch:
        this.#identity = identityIn(decodePayload(bytes, frame)) ?? this.#identity
        return
      default:
        this.#unknownCount += 1
        if (this.#unknown.length < MAX_UNKNOWN) {
          this.#unknown.push({ file, offset: base + frame.offset, kind: frame.kind })
        }
    }
  }

  /**
   * Looks for records behind the first hole. One batch is in flight at a time, so a record of a later batch proves
   * that the hole's batch was synced: then what is missing was acknowledged.
   */
  #survey(file: string, rest: Uint8Array, base: number, end: number): void {
    const { batch, last, epoch } = this.#tail
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
function follows(tail: Tail, frame: Frame): boolean {
  if (frame.kind === KIND.epoch) {
    return frame.sequence === tail.sequence && frame.epoch > tail.epoch && frame.batch > tail.batch
  }
  const known = frame.kind === KIND.step
  const counted = frame.sequence === tail.sequence + 1 || (!known && frame.sequence === tail.sequence)
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

/** The outermost shape; what is in it is as the writer put it, for the checksum holds. */
function isStep(content: unknown): content is Step {
  if (typeof content !== 'object' || content === null) return false
  return (
    'decideVersion' in content &&
    'input' in content &&
    'events' in content &&
    Array.isArray(content.events) &&
    'intents' in content &&
    Array.isArray(content.intents)
  )
}

function identityIn(content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null || !('identity' in content)) return undefined
  return typeof content.identity === 'string' ? content.identity : undefined
}
