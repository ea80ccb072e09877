// Writes the copy that a salvage makes: a journal like any other, except that it names no machine, so that it opens
// restored wherever it lies. Until the first segment gets its name, last of all, nothing can open it.
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import {
  encodeHeader,
  frameBytes,
  HEADER_BYTES,
  KIND,
  MIN_SEGMENT_BYTES,
  payloadOf,
  sealFrame,
  viewOf,
} from './format.ts'
import { pathOf, segmentPath } from './segments.ts'

/** No machine and inode look like this. */
const NOBODY = 'salvaged'
/** A file of this name is foreign to a journal: a folder that holds it and no first segment is refused. */
const REPORT_FILE = 'salvage.json'
const EPOCH = 1

export class JournalCopy {
  readonly #disk: Disk
  readonly #folder: string
  readonly #segmentBytes: number
  #buffer: Uint8Array
  #offset = HEADER_BYTES
  #segment = 1
  #sequence = 0
  #batch = 0

  constructor(disk: Disk, folder: string, segmentBytes: number) {
    this.#disk = disk
    this.#folder = folder
    this.#segmentBytes = wholeSectors(Math.max(MIN_SEGMENT_BYTES, segmentBytes))
    this.#buffer = new Uint8Array(this.#segmentBytes)
  }

  get records(): number {
    return this.#sequence
  }

  get segments(): number {
    return this.#segment
  }

  /** @throws CashdeskError `disk.full`, `disk.failed` */
  async begin(): Promise<void> {
    await this.#writeReport({
      unfinished: 'A salvage was begun here and did not end. Nothing here is a journal.',
    })
    await this.put(KIND.epoch, new TextEncoder().encode(payloadOf({ identity: NOBODY })), false)
  }

  /** Each record is a batch of its own: damage to the copy can then be told from a tear everywhere but at its end. */
  async put(kind: number, payload: Uint8Array, counted: boolean): Promise<void> {
    const size = frameBytes(payload.length)
    if (this.#offset + size > this.#buffer.length) await this.#next(size)
    if (counted) this.#sequence += 1
    this.#batch += 1
    const head = { kind, sequence: this.#sequence, batch: this.#batch, last: true, epoch: EPOCH }
    this.#buffer.set(payload, this.#offset + frameBytes(0))
    this.#offset = sealFrame(this.#buffer, viewOf(this.#buffer), this.#offset, head, payload.length)
  }

  /** Makes everything durable, and only then a journal of it. */
  async end(report: unknown): Promise<void> {
    await this.#write()
    await this.#writeReport(report)
    const path = segmentPath(this.#folder, 1)
    await this.#disk.rename(unfinished(path), path)
    await this.#disk.syncFolder(this.#folder)
  }

  async #next(size: number): Promise<void> {
    await this.#write()
    this.#segment += 1
    this.#offset = HEADER_BYTES
    const wanted = Math.max(this.#segmentBytes, wholeSectors(HEADER_BYTES + size))
    this.#buffer = new Uint8Array(wanted)
  }

  async #write(): Promise<void> {
    const bytes = this.#buffer.length
    const header = { segment: this.#segment, bytes, epoch: EPOCH, identity: NOBODY }
    this.#buffer.set(encodeHeader(header), 0)
    const path = segmentPath(this.#folder, this.#segment)
    await this.#writeFile(this.#segment === 1 ? unfinished(path) : path, this.#buffer)
  }

  async #writeReport(report: unknown): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`)
    const path = pathOf(this.#folder, REPORT_FILE)
    const fresh = `${path}.new`
    await this.#writeFile(fresh, bytes)
    await this.#disk.rename(fresh, path)
    await this.#disk.syncFolder(this.#folder)
  }

  async #writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const file: DiskFile = await this.#disk.create(path)
    try {
      await file.write(0, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.syncFolder(this.#folder)
  }
}

function unfinished(path: string): string {
  return path.replace(/seg$/, 'new')
}

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / HEADER_BYTES) * HEADER_BYTES
}

/** @throws CashdeskError `journal.not-empty` where the folder holds anything */
export async function refuseFull(disk: Disk, folder: string): Promise<void> {
  const names = await disk.list(folder)
  const held = names.filter(name => name !== 'lock')
  if (held.length > 0) throw new CashdeskError('journal.not-empty', { folder, files: held.slice(0, 5) })
}
