// Reads all segments in order, hands out every sound record, and judges the first place that is not sound: the
// unused end, a tear that a loss of power may leave, or damage. Changes nothing on the disk.
import { CashdeskError, type Disk, type Step } from '@cashdesk/kernel'
import {
  ALIGN_BYTES,
  decodeFrame,
  decodeHeader,
  decodePayload,
  type Frame,
  HEADER_BYTES,
  KIND,
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
    scanner.segment(number, path, await readWhole(disk, path))
  }
  return scanner.result(unfinished)
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read')
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}

/** The first place where no record continues the last one. */
interface Hole {
  readonly file: string
  readonly offset: number
  /** The earliest batch whose record may be missing there. */
  readonly batch: number
  /** Bytes up to the last that is not zero. */
  readonly bytes: number
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

  segment(number: number, path: string, bytes: Uint8Array): void {
    const header = decodeHeader(bytes, path)
    if (header.segment !== number) {
      throw new CashdeskError('journal.damaged', { file: path, offset: 0, reason: 'segment number' })
    }
    this.#maxEpoch = Math.max(this.#maxEpoch, header.epoch)
    this.#identity ??= header.identity
    const view = viewOf(bytes)
    let offset = HEADER_BYTES
    for (;;) {
      const frame = decodeFrame(bytes, view, offset)
      if (frame === undefined || !follows(this.#tail, frame)) break
      this.#take(path, bytes, frame)
      offset = frame.next
    }
    const end = endOfContent(bytes, offset)
    this.#segments.push({ number, path, bytes: bytes.length, soiled: end > offset })
    this.#survey(path, bytes, offset, end)
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

  #take(file: string, bytes: Uint8Array, frame: Frame): void {
    // A record that continues the last one proves that nothing is missing between them.
    this.#hole = undefined
    this.#tear = undefined
    this.#maxEpoch = Math.max(this.#maxEpoch, frame.epoch)
    const { sequence, batch, last, epoch } = frame
    this.#tail = { segment: this.#segments.length, offset: frame.next, sequence, batch, last, epoch }
    switch (frame.kind) {
      case KIND.step: {
        const step = decodePayload(bytes, frame)
        if (!isStep(step)) {
          throw new CashdeskError('journal.damaged', { file, offset: frame.offset, reason: 'content' })
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
          this.#unknown.push({ file, offset: frame.offset, kind: frame.kind })
        }
    }
  }

  /**
   * Looks for records behind the first hole. One batch is in flight at a time, so a record of a later batch proves
   * that the hole's batch was synced: then what is missing was acknowledged.
   */
  #survey(file: string, bytes: Uint8Array, offset: number, end: number): void {
    const { batch, last } = this.#tail
    this.#hole ??= { file, offset, batch: last ? batch + 1 : batch, bytes: end - offset }
    const hole = this.#hole
    if (end === offset) return
    this.#tear ??= { file, offset, bytes: end - offset }
    const view = viewOf(bytes)
    for (let at = offset; at < end; at += ALIGN_BYTES) {
      const frame = decodeFrame(bytes, view, at)
      if (frame === undefined) continue
      this.#maxEpoch = Math.max(this.#maxEpoch, frame.epoch)
      if (frame.batch > hole.batch && frame.epoch >= this.#tail.epoch) {
        throw new CashdeskError('journal.damaged', {
          file: hole.file,
          offset: hole.offset,
          reason: 'record',
          laterFile: file,
          laterOffset: at,
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

/** Offset behind the last byte that is not zero; `start` if there is none. */
function endOfContent(bytes: Uint8Array, start: number): number {
  let end = bytes.length
  if (bytes.byteOffset % 4 === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4))
    if (end % 4 === 0) {
      while (end - 4 >= start && words[end / 4 - 1] === 0) end -= 4
    }
  }
  while (end > start && bytes[end - 1] === 0) end -= 1
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
