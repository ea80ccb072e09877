// A file read from front to back: the next part comes from the disk while the caller works on this one.
import type { DiskFile } from '@cashdesk/kernel'

/** A caller rarely takes all of a part, as its last record lies in the next one, too: that much is read twice. */
const OVERLAP_BYTES = 16_384

interface Part {
  readonly offset: number
  readonly length: number
  readonly bytes: Promise<Uint8Array>
}

export class ReadAhead {
  readonly #file: DiskFile
  #ahead: Part | undefined

  constructor(file: DiskFile) {
    this.#file = file
  }

  /** At most `length` bytes from `offset` on, and at least as many as a record's frame may take, if the file has them. */
  async at(offset: number, length: number): Promise<Uint8Array> {
    const bytes = (await this.#taken(offset, length)) ?? (await this.#file.read(offset, length))
    const next = offset + bytes.length - OVERLAP_BYTES
    if (bytes.length >= length - OVERLAP_BYTES && next > offset) this.#ahead = this.#part(next, length)
    return bytes
  }

  /** Resolves when the file may be closed. */
  async end(): Promise<void> {
    await this.#ahead?.bytes.catch(() => undefined)
    this.#ahead = undefined
  }

  async #taken(offset: number, length: number): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead === undefined) return undefined
    const bytes = await ahead.bytes
    const skipped = offset - ahead.offset
    const fits = ahead.length === length && skipped >= 0 && skipped < bytes.length
    return fits ? bytes.subarray(skipped) : undefined
  }

  #part(offset: number, length: number): Part {
    const bytes = this.#file.read(offset, length)
    // Whoever takes it hears of it; nobody may.
    bytes.catch(() => undefined)
    return { offset, length, bytes }
  }
}
