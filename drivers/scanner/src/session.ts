// The scanner's line without the line: bytes and silences go in, scans and discards come out. Pure, so that every way
// in which a code can be cut into pieces can be tried.
import { CashdeskError } from '@cashdesk/kernel'
import { isNoise, MAX_AFFIX_BYTES, MAX_CODE_BYTES, TERMINATORS } from './frames.ts'
import { decodeText, garbled, isUtf8, provesItself, type Reading, type ScanEvent, scanOf } from './text.ts'

export interface Framing extends Reading {
  /** What the scanner sends before every code, for example STX (`\u0002`). Default none. */
  readonly prefix?: string
  /**
   * What ends a code. `line`: CR, LF or CR LF. `silence`: nothing but a pause. Anything else: exactly this text, and
   * then CR and LF may be part of a code. Default `line`.
   */
  readonly suffix?: 'line' | 'silence' | { readonly text: string }
  /** Default 7200 bytes. */
  readonly maxBytes?: number
}

/** What was collected of a code, and how it is framed. Holds at most `maxBytes` and one suffix. */
export class ScanSession {
  readonly #prefix: readonly number[]
  /** Undefined: lines; empty: silence. */
  readonly #suffix: readonly number[] | undefined
  readonly #reading: Reading
  readonly #maxBytes: number
  #frame: number[] = []
  /** Bytes dropped since the frame became too long; 0 while it is not. */
  #dropped = 0

  /** @throws CashdeskError `config.invalid` for an affix that is too long or a silly limit */
  constructor(framing: Framing = {}) {
    const { prefix = '', suffix = 'line', maxBytes = MAX_CODE_BYTES } = framing
    this.#prefix = affix(prefix, 'prefix')
    this.#suffix = suffix === 'line' ? undefined : suffix === 'silence' ? [] : affix(suffix.text, 'suffix')
    this.#reading = framing
    if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > 65_536) {
      throw new CashdeskError('config.invalid', { field: 'maxBytes', value: String(maxBytes) })
    }
    this.#maxBytes = maxBytes
  }

  /** Does a frame wait for its end? Then silence means something. */
  get pending(): boolean {
    return this.#frame.length > 0 || this.#dropped > 0
  }

  /** Takes what arrived, cut anywhere. */
  bytes(chunk: Uint8Array): readonly ScanEvent[] {
    const events: ScanEvent[] = []
    for (const byte of chunk) {
      this.#frame.push(byte)
      const ended = this.#endLength()
      if (ended > 0) {
        this.#frame.length -= ended
        this.#end(events)
      } else if (this.#frame.length > this.#maxBytes + (this.#suffix?.length ?? 0)) {
        this.#overflow()
      }
    }
    return events
  }

  /** Nothing came for the time-out: what is there is a whole code, or was cut off. */
  silence(): readonly ScanEvent[] {
    const whole = this.#suffix?.length === 0 || this.#dropped > 0 || this.#frame.every(isNoise)
    if (!whole) return this.lost()
    const events: ScanEvent[] = []
    this.#end(events)
    return events
  }

  /** The line is gone: what was begun will never be finished. */
  lost(): readonly ScanEvent[] {
    if (!this.pending) return []
    const bytes = this.#dropped + this.#frame.length
    this.#dropped = 0
    this.#frame = []
    return [{ kind: 'discard', code: 'scanner.cut-off', bytes }]
  }

  /** How many bytes at the end of the frame are its terminator: 0 if it goes on. */
  #endLength(): number {
    if (this.#suffix === undefined) return TERMINATORS.has(this.#frame.at(-1) ?? 0) ? 1 : 0
    return this.#suffix.length > 0 && endsWith(this.#frame, this.#suffix) ? this.#suffix.length : 0
  }

  /** Too long: only as much is kept as the terminator may have begun in. */
  #overflow(): void {
    const keep = this.#suffix?.length ?? 0
    this.#dropped += this.#frame.length - keep
    this.#frame = this.#frame.slice(this.#frame.length - keep)
  }

  #end(events: ScanEvent[]): void {
    const frame = this.#frame
    this.#frame = []
    if (this.#dropped > 0) {
      events.push({ kind: 'discard', code: 'scanner.too-long', bytes: this.#dropped + frame.length })
      this.#dropped = 0
    } else if (frame.length > 0) events.push(...this.#judge(frame))
  }

  /**
   * Noise before a code is taken off it. Behind noise in the middle of a frame nobody knows whether the rest is whole:
   * it counts only if it proves itself, by an AIM identifier or by a check digit.
   */
  #judge(frame: readonly number[]): readonly ScanEvent[] {
    const opened = afterPrefix(frame, this.#prefix)
    if (opened === undefined) return [garbled(frame.length)]
    const data = frame.slice(opened)
    const first = data.findIndex(byte => !isNoise(byte))
    const lastNoise = data.findLastIndex(isNoise)
    const tainted = first >= 0 && lastNoise > first
    const clean = data.slice(lastNoise + 1)
    const noise = frame.length - this.#prefix.length - clean.length
    const bytes = Uint8Array.from(clean)
    const text = decodeText(bytes, this.#reading.charset)
    if (text === '' && noise === 0) return []
    if (text === undefined || text === '' || (tainted && !provesItself(text))) return [garbled(frame.length)]
    const event = scanOf(text, this.#reading)
    if (event.kind === 'scan' && event.stripe === undefined && event.aim === undefined) {
      // Noise, or text of the code: nobody knows where it begins, so it counts neither whole nor cut.
      const isText = this.#reading.charset === 'latin1' || isUtf8(bytes)
      if (!isText && DIGITS_AT_END.test(text)) return [garbled(frame.length)]
    }
    return [...(noise > 0 ? [garbled(noise)] : []), event]
  }
}

/** Digits that may be an article number, with the noise of a line in front. */
const DIGITS_AT_END = /\d{8}$/

/** Where the data begins, behind the first prefix; undefined if there is none where one is due. */
function afterPrefix(frame: readonly number[], prefix: readonly number[]): number | undefined {
  const at = frame.findIndex((_, index) => prefix.every((byte, offset) => frame[index + offset] === byte))
  return at < 0 ? undefined : at + prefix.length
}

function endsWith(frame: readonly number[], suffix: readonly number[]): boolean {
  const from = frame.length - suffix.length
  return from >= 0 && suffix.every((byte, index) => frame[from + index] === byte)
}

function affix(text: string, field: string): readonly number[] {
  const bytes = [...new TextEncoder().encode(text)]
  if (bytes.length > MAX_AFFIX_BYTES || (field === 'suffix' && bytes.length === 0)) {
    throw new CashdeskError('config.invalid', { field })
  }
  return bytes
}
