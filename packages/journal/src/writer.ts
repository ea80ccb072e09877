// Appends records: gathers those that wait into one batch, writes it, syncs it, and only then says so. Exactly one
// batch is in flight, which is what lets recovery tell a tear from damage. The first error ends it for good.
import { CashdeskError, type Disk, type DiskFile, type Log } from '@cashdesk/kernel'
import {
  exceeds,
  frameBytes,
  frameBytesAtMost,
  frameCrc,
  HEADER_BYTES,
  MAX_RECORD_BYTES,
  putPayload,
  sealFrame,
  viewOf,
} from './format.ts'
import { makeSegment } from './segments.ts'
import type { Mark } from './snapshot.ts'

/** Records that may wait for the disk: a till has tens; more is a caller that does not wait for its promises. */
const MAX_WAITING = 65_536
/** A batch is one write: large enough for any crowd of lanes, small enough to stay far below a second to sync. */
export const MAX_BATCH_BYTES = 1_048_576
/** Turns of the microtask queue that a batch waits, so that all who were answered by the last one can join it. */
const GATHER_TURNS = 8
/** While the disk is full, the next segment is tried again after this many batches, and whenever it is needed. */
const RETRY_BATCHES = 64

export interface WriterOptions {
  readonly disk: Disk
  readonly folder: string
  readonly segmentBytes: number
  readonly identity: string
  readonly epoch: number
  readonly log: Log
  /** The open segment and where in it the next record goes. */
  readonly file: DiskFile
  readonly fileBytes: number
  readonly segment: number
  readonly offset: number
  /** Of the last record and batch there are. */
  readonly sequence: number
  readonly batch: number
  /** Sound empty segments behind the open one, if any: their paths and lengths. */
  readonly reserve: readonly { readonly path: string; readonly bytes: number }[]
}

interface Waiting {
  readonly kind: number
  readonly text: string
  /** Whether it takes a sequence number. */
  readonly counted: boolean
  readonly resolve: () => void
  readonly reject: (error: CashdeskError) => void
}

interface NextSegment {
  readonly file: DiskFile
  readonly bytes: number
}

export class Writer {
  readonly #options: WriterOptions
  /** One record never spans two segments. */
  readonly maxRecordBytes: number
  #file: DiskFile
  #fileBytes: number
  #segment: number
  #offset: number
  #sequence: number
  #batch: number
  #reserve: { readonly path: string; readonly bytes: number }[]
  /** The segment after the open one, or why there is none. Never rejects. */
  #next: Promise<NextSegment | CashdeskError>
  /** Place and checksum of the last frame; there is one as soon as the epoch mark is written. */
  #lastFrame: Pick<Mark, 'frameOffset' | 'frameCrc'> | undefined
  #low = false
  #retryAtBatch = 0
  #waiting: Waiting[] = []
  #inFlight: readonly Waiting[] = []
  #draining: Promise<void> | undefined
  #poison: CashdeskError | undefined
  #closed = false
  #buffer = new Uint8Array(65_536)

  constructor(options: WriterOptions) {
    this.#options = options
    this.#file = options.file
    this.#fileBytes = options.fileBytes
    this.#segment = options.segment
    this.#offset = options.offset
    this.#sequence = options.sequence
    this.#batch = options.batch
    this.#reserve = [...options.reserve]
    this.maxRecordBytes = Math.min(MAX_RECORD_BYTES, options.segmentBytes - HEADER_BYTES - frameBytes(0))
    this.#next = this.#prepare()
  }

  /** Sequence of the last synced record. */
  get sequence(): number {
    return this.#sequence
  }

  get poison(): CashdeskError | undefined {
    return this.#poison
  }

  /** The durable end; undefined while anything is on its way to it, and for ever after a failure. */
  get mark(): Mark | undefined {
    const { epoch, identity } = this.#options
    if (this.#poison !== undefined || this.#lastFrame === undefined) return undefined
    if (this.#inFlight.length > 0 || this.#waiting.length > 0) return undefined
    return {
      sequence: this.#sequence,
      batch: this.#batch,
      epoch,
      identity,
      segment: this.#segment,
      offset: this.#offset,
      ...this.#lastFrame,
    }
  }

  /** No segment could be made ready behind the open one: what is left of the open one is all there is. */
  get low(): boolean {
    return this.#low
  }

  /** Where there is no segment behind the open one: tries again to make it. Resolves to whether there is one now. */
  async makeRoom(): Promise<boolean> {
    return !((await this.#nextOrAgain()) instanceof CashdeskError)
  }

  /**
   * Resolves when the record and everything before it is synced.
   * @throws CashdeskError `journal.poisoned`, `journal.too-large`, `journal.overrun`, `disk.full`
   */
  append(kind: number, text: string, counted: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#poison !== undefined) return reject(this.#poison)
      if (exceeds(text, this.maxRecordBytes)) {
        return reject(new CashdeskError('journal.too-large', { limit: this.maxRecordBytes }))
      }
      if (this.#waiting.length >= MAX_WAITING) {
        return reject(new CashdeskError('journal.overrun', { waiting: this.#waiting.length }))
      }
      this.#waiting.push({ kind, text, counted, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /**
   * What is appended next begins a segment, and the answer is its number. Only while nothing is being appended.
   * @throws CashdeskError `journal.poisoned`, `disk.full`
   */
  async beginSegment(): Promise<number> {
    await this.#draining
    if (this.#offset > HEADER_BYTES) {
      const full = await this.#advance()
      if (full !== undefined) throw full
    }
    return this.#segment
  }

  /** Waits until everything appended is answered and the next segment is made or not, then closes the files. */
  async close(): Promise<void> {
    await this.#draining
    this.#closed = true
    const next = await this.#next
    if (!(next instanceof CashdeskError)) await next.file.close().catch(() => undefined)
    await this.#file.close().catch(() => undefined)
  }

  async #drain(): Promise<void> {
    await gather()
    while (this.#waiting.length > 0) {
      try {
        await this.#commit()
      } catch (error) {
        this.#fail(coded(error))
      }
      await gather()
    }
    this.#draining = undefined
  }

  async #commit(): Promise<void> {
    let sizes = this.#fill()
    if (sizes.length === 0) {
      const full = await this.#advance()
      if (full !== undefined) return this.#refuse(full)
      sizes = this.#fill()
    }
    const batch = this.#take(sizes.length)
    const { bytes, sequence, last } = this.#seal(batch, sizes)
    const crc = frameCrc(viewOf(bytes), last)
    await this.#file.write(this.#offset, bytes)
    await this.#file.sync()
    this.#lastFrame = { frameOffset: this.#offset + last, frameCrc: crc }
    this.#offset += bytes.length
    this.#sequence = sequence
    this.#batch += 1
    this.#inFlight = []
    for (const record of batch) record.resolve()
    if (this.#low && this.#batch >= this.#retryAtBatch) {
      this.#next = this.#prepare()
    }
  }

  /** Puts the payloads of as many waiting records as fit into the buffer, and returns their lengths. */
  #fill(): readonly number[] {
    const room = this.#fileBytes - this.#offset
    const sizes: number[] = []
    let offset = 0
    for (const { text } of this.#waiting) {
      this.#reserveBuffer(offset + frameBytesAtMost(text))
      const bytes = putPayload(this.#buffer, offset, text)
      const next = offset + frameBytes(bytes)
      if (next > room || (sizes.length > 0 && next > MAX_BATCH_BYTES)) break
      sizes.push(bytes)
      offset = next
    }
    return sizes
  }

  /** What is appended from now on waits for the next batch. */
  #take(count: number): readonly Waiting[] {
    const all = this.#waiting
    this.#waiting = count === all.length ? [] : all.slice(count)
    this.#inFlight = count === all.length ? all : all.slice(0, count)
    return this.#inFlight
  }

  #seal(
    batch: readonly Waiting[],
    sizes: readonly number[],
  ): { readonly bytes: Uint8Array; readonly sequence: number; readonly last: number } {
    const view = viewOf(this.#buffer)
    const { epoch } = this.#options
    let sequence = this.#sequence
    let offset = 0
    let lastOffset = 0
    for (const [index, { kind, counted }] of batch.entries()) {
      if (counted) sequence += 1
      const last = index === batch.length - 1
      const head = { kind, sequence, batch: this.#batch + 1, last, epoch }
      lastOffset = offset
      offset = sealFrame(this.#buffer, view, offset, head, sizes[index] ?? 0)
    }
    return { bytes: this.#buffer.subarray(0, offset), sequence, last: lastOffset }
  }

  #reserveBuffer(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = new Uint8Array(bytes * 2)
    larger.set(this.#buffer)
    this.#buffer = larger
  }

  /** Goes on to the next segment, or says that the disk has no room for one. */
  async #advance(): Promise<CashdeskError | undefined> {
    const next = await this.#nextOrAgain()
    if (this.#poison !== undefined) throw this.#poison
    if (next instanceof CashdeskError) return next
    await this.#file.close()
    this.#file = next.file
    this.#fileBytes = next.bytes
    this.#segment += 1
    this.#offset = HEADER_BYTES
    this.#lastFrame = undefined
    this.#next = this.#prepare()
    return undefined
  }

  /** The segment behind the open one, after one more attempt where there is none. */
  async #nextOrAgain(): Promise<NextSegment | CashdeskError> {
    const asked = this.#next
    const next = await asked
    if (!(next instanceof CashdeskError) || this.#poison !== undefined || this.#closed) return next
    // Whoever waited for the same attempt may have begun the next one already.
    if (this.#next === asked) this.#next = this.#prepare()
    return this.#next
  }

  /** Opens or makes the segment behind the open one. */
  async #prepare(): Promise<NextSegment | CashdeskError> {
    // One attempt at a time: a second one would find the file that the first one is making.
    this.#retryAtBatch = Number.POSITIVE_INFINITY
    const { disk, folder, segmentBytes, identity, epoch } = this.#options
    try {
      const ready = this.#reserve.shift()
      if (ready !== undefined) return { file: await disk.open(ready.path, 'write'), bytes: ready.bytes }
      const header = { segment: this.#segment + 1, bytes: segmentBytes, epoch, identity }
      const file = await makeSegment(disk, folder, header)
      this.#low = false
      return { file, bytes: segmentBytes }
    } catch (thrown) {
      const error = coded(thrown)
      if (error.code === 'disk.full') this.#runLow(error)
      else this.#fail(error)
      return error
    }
  }

  #runLow(error: CashdeskError): void {
    if (!this.#low) {
      this.#options.log('warn', 'The disk is full: the journal can only fill its open segment.', {
        ...error.detail,
        bytesLeft: this.#fileBytes - this.#offset,
      })
    }
    this.#low = true
    this.#retryAtBatch = this.#batch + RETRY_BATCHES
  }

  /** Nothing was written: all that waits is refused together, because each may build on the one before. */
  #refuse(error: CashdeskError): void {
    const refused = this.#waiting
    this.#waiting = []
    for (const record of refused) record.reject(error)
  }

  /**
   * Final. After a failed write or sync nobody knows what the disk holds, and a second sync may report success
   * without having written a byte.
   */
  #fail(error: CashdeskError): void {
    if (this.#poison === undefined) {
      const detail = { folder: this.#options.folder, error: error.code, ...error.detail }
      this.#poison = new CashdeskError('journal.poisoned', detail, { cause: error })
      this.#options.log('error', 'A write to the journal failed; it takes no more records.', detail)
    }
    for (const record of this.#inFlight) record.reject(this.#poison)
    this.#inFlight = []
    this.#refuse(this.#poison)
  }
}

/** Lets whoever was just answered append again before the batch is closed. */
async function gather(): Promise<void> {
  for (let turn = 0; turn < GATHER_TURNS; turn += 1) await undefined
}

function coded(thrown: unknown): CashdeskError {
  if (thrown instanceof CashdeskError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new CashdeskError('disk.failed', { reason }, { cause: thrown })
}
