// Star's automatic status (ASB) as bytes: where one begins, how long it is, what its bits mean, and how far the printer's
// own counter has come (docs: STAR Line Mode and StarPRNT command specifications, ETB, ESC RS E, ESC RS a, ESC ACK SOH
// and the appendix on status). Pure: bytes in, the last picture of the printer out.
import { type ErrorReport, type PrinterStatus, report } from '@cashdesk/kernel'
import { OVERHEATED } from './session.ts'

/** `ESC ACK SOH`: answered at once with one status; the next is asked for only when that answer is in. */
export const STAR_ASK: readonly number[] = [0x1b, 0x06, 0x01]
/** `ESC RS a 0`: no status unasked, which is what the specification wants of whoever asks. */
export const STAR_UNASKED_OFF: readonly number[] = [0x1b, 0x1e, 0x61, 0]
/** `ESC RS E 0`: the counter is 0, as it is after power-on. */
export const STAR_COUNTER_ZERO: readonly number[] = [0x1b, 0x1e, 0x45, 0]
/** `ETB`: waits in the buffer until everything before it is printed, then raises the counter by one, modulo 32. */
export const STAR_COUNT = 0x17
/** The counter's greatest value. */
export const STAR_COUNTER_MAX = 31

/** The shortest has five bytes of status behind its two headers; no length that the header can say is more than 31. */
const MIN_BYTES = 7
/** With it, two bytes of length follow, which are 0 where nothing but the status is sent (Ethernet). */
const EXTENDED = 0x80

/** What one status says. */
export interface StarPicture {
  readonly offline: boolean
  readonly coverOpen: boolean
  readonly mechanical: boolean
  readonly cutter: boolean
  readonly unrecoverable: boolean
  readonly overheated: boolean
  /** Bytes were lost, because they were sent faster than the buffer takes them. */
  readonly overflow: boolean
  readonly nearEnd: boolean
  readonly paperEnd: boolean
  /** Absent on models without. */
  readonly counter?: number
}

/** How many bytes a status has that begins with `byte`; undefined where none begins. */
export function starLength(byte: number): number | undefined {
  if ((byte & 0x91) !== 0x01) return undefined
  const length = ((byte >> 1) & 0x07) | ((byte >> 2) & 0x18)
  return length >= MIN_BYTES ? length : undefined
}

/** `bytes`: one whole status from its first header. */
export function starPicture(bytes: readonly number[]): StarPicture {
  const has = (place: number, bit: number): boolean => ((bytes[place] ?? 0) & bit) !== 0
  const count = bytes[7]
  return {
    offline: has(2, 0x08),
    coverOpen: has(2, 0x20),
    mechanical: has(3, 0x04),
    cutter: has(3, 0x08),
    unrecoverable: has(3, 0x20),
    overheated: has(3, 0x40),
    overflow: has(4, 0x40),
    nearEnd: has(5, 0x06),
    paperEnd: has(5, 0x08),
    ...(count === undefined ? {} : { counter: ((count >> 1) & 0x07) | ((count >> 2) & 0x18) }),
  }
}

/** Statuses in a stream that may be cut anywhere. */
export class StarSession {
  #bytes: number[] = []
  #picture: StarPicture | undefined

  /** A fresh connection: nothing is known. */
  reset(): void {
    this.#bytes = []
    this.#picture = undefined
  }

  /** Undefined until the printer said something, and on models that have none. */
  get counter(): number | undefined {
    return this.#picture?.counter
  }

  /** Takes what arrived; says how many statuses it completed, and how many bytes belonged to none. */
  bytes(chunk: Uint8Array): { readonly statuses: number; readonly noise: number } {
    let [statuses, noise] = [0, 0]
    for (const byte of chunk) {
      const first = this.#bytes.length === 0
      if (!first && !fits(this.#bytes, byte)) {
        noise += this.#bytes.length
        this.#bytes = []
      }
      if (this.#bytes.length === 0 && starLength(byte) === undefined) {
        noise += 1
        continue
      }
      this.#bytes.push(byte)
      const [head = 0, version = 0] = this.#bytes
      const length = starLength(head) ?? 0
      if (this.#bytes.length < length + ((version & EXTENDED) === 0 ? 0 : 2)) continue
      this.#picture = starPicture(this.#bytes.slice(0, length))
      this.#bytes = []
      statuses += 1
    }
    return { statuses, noise }
  }

  /** The switch of the drawer is closed or open; which of them means an open drawer is not said, so neither is it here. */
  get status(): PrinterStatus {
    const picture = this.#picture
    if (picture === undefined) return { online: false, cover: 'unknown', paper: 'unknown', drawer: 'unknown' }
    const trouble = troubleOf(picture)
    return {
      online: !picture.offline,
      cover: picture.coverOpen ? 'open' : 'closed',
      paper: picture.paperEnd ? 'out' : picture.nearEnd ? 'near-end' : 'ok',
      drawer: 'unknown',
      ...(trouble === undefined ? {} : { trouble }),
    }
  }
}

/** Everything behind the first header has bits 0 and 4 clear; the second may have bit 7. The two of the length are free. */
function fits(before: readonly number[], byte: number): boolean {
  const length = starLength(before[0] ?? 0) ?? 0
  if (before.length >= length) return true
  return (byte & (before.length === 1 ? 0x11 : 0x91)) === 0
}

function troubleOf(picture: StarPicture): ErrorReport | undefined {
  if (picture.coverOpen) return report('printer.cover-open')
  if (picture.paperEnd) return report('printer.paper-out')
  const reasons = {
    cutter: picture.cutter,
    unrecoverable: picture.unrecoverable,
    mechanical: picture.mechanical,
    'buffer overflow': picture.overflow,
    [OVERHEATED]: picture.overheated,
    offline: picture.offline,
  }
  const found = Object.entries(reasons).find(([, holds]) => holds)
  return found === undefined ? undefined : report('printer.error', { reason: found[0] })
}
