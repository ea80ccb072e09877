// A HID POS scanner without its wire: reports and silences go in, scans and discards come out. A code may need several
// reports; what is not followed by its rest is discarded, and nothing is joined that does not belong together.
import { isNoise, MAX_CODE_BYTES } from './frames.ts'
import { type HidLayout, lengthWithoutPadding } from './hid-layout.ts'
import { decodeText, garbled, type Reading, type ScanEvent, scanOf } from './text.ts'

/** What one report says. */
interface Piece {
  readonly aim: string
  readonly data: Uint8Array
  readonly continued: boolean
}

/** Holds at most one code, and no more of it than any symbol has. */
export class HidSession {
  readonly #layout: HidLayout
  readonly #reading: Reading
  #code: number[] = []
  #aim = ''
  #pending = false
  #dropped = 0

  constructor(layout: HidLayout, reading: Reading = {}) {
    this.#layout = layout
    this.#reading = reading
  }

  /** Does a code wait for its next report? */
  get pending(): boolean {
    return this.#pending
  }

  /** Takes one report as the system hands it in. One with another number is the scanner's own business. */
  bytes(report: Uint8Array): readonly ScanEvent[] {
    if (this.#layout.report !== 0 && report[0] !== this.#layout.report) return []
    const piece = pieceOf(report, this.#layout)
    if (piece === undefined) return [...this.lost(), garbled(report.length)]
    const events: ScanEvent[] = []
    // Another symbology: the rest of the code before it never came.
    if (this.#pending && piece.aim !== this.#aim) events.push(...this.lost())
    this.#aim = piece.aim
    this.#pending = true
    if (this.#code.length + piece.data.length > MAX_CODE_BYTES) {
      this.#dropped += this.#code.length + piece.data.length
      this.#code = []
    } else if (this.#dropped > 0) this.#dropped += piece.data.length
    else this.#code.push(...piece.data)
    if (!piece.continued) events.push(...this.#end())
    return events
  }

  /** Nothing came for the time-out: the rest of a code will not come any more. */
  silence(): readonly ScanEvent[] {
    return this.lost()
  }

  lost(): readonly ScanEvent[] {
    if (!this.#pending) return []
    const bytes = this.#code.length + this.#dropped
    this.#reset()
    return [{ kind: 'discard', code: 'scanner.cut-off', bytes }]
  }

  #end(): readonly ScanEvent[] {
    const [code, aim, dropped] = [this.#code, this.#aim, this.#dropped]
    this.#reset()
    if (dropped > 0) return [{ kind: 'discard', code: 'scanner.too-long', bytes: dropped }]
    const whole = withoutEnding(code)
    if (whole.length === 0) return []
    const text = whole.some(isNoise) ? undefined : decodeText(Uint8Array.from(whole), this.#reading.charset)
    if (text === undefined) return [garbled(code.length)]
    // The identifier has its own place in the report; only where that is empty the data may begin with one.
    return aim === '' ? [scanOf(text, this.#reading)] : [{ kind: 'scan', text, aim }]
  }

  #reset(): void {
    this.#code = []
    this.#aim = ''
    this.#pending = false
    this.#dropped = 0
  }
}

/** Undefined for a report that does not fit its layout. Systems may hand in more bytes than the report has. */
function pieceOf(report: Uint8Array, layout: HidLayout): Piece | undefined {
  if (report.length < layout.bytes) return undefined
  const { data, count, continued } = layout
  const all = report.slice(data.at, data.at + data.length)
  const filled = count === undefined ? lengthWithoutPadding(all) : (report[count] ?? 0)
  if (filled > all.length) return undefined
  const aimBytes = layout.aim?.map(at => report[at] ?? 0) ?? []
  const aim = aimBytes.every(byte => byte === 0) ? '' : String.fromCharCode(...aimBytes)
  if (aim !== '' && !/^\][A-Za-z][0-9A-Za-z]$/.test(aim)) return undefined
  const flag = continued === undefined ? 0 : ((report[continued.at] ?? 0) >> continued.bit) & 1
  return { aim, data: all.slice(0, filled), continued: flag === 1 }
}

/** Scanners that were set up for a serial line may still put CR LF behind a code. */
function withoutEnding(code: readonly number[]): readonly number[] {
  return code.slice(0, code.findLastIndex(byte => byte !== 0x0d && byte !== 0x0a) + 1)
}
