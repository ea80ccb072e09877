// The printer's side of the line: which answers are expected, what an arriving byte is, and what the printer looks
// like now. Pure: questions and bytes in, events and a picture out.
import { type ErrorReport, type PrinterStatus, report } from '@cashdesk/kernel'
import {
  ASK_END,
  ASK_MODEL,
  ASK_STATUS,
  AUTOMATIC_COVER_OPEN,
  ERROR_CAUSE,
  GENERAL,
  kindOf,
  MAX_TEXT_BYTES,
  OFFLINE_CAUSE,
  PAPER_PLAIN,
  PAPER_REALTIME,
  STATUS_QUESTIONS,
} from './frames.ts'

export type PrinterEvent =
  /** All four answers to `askStatus` are in. */
  | { readonly kind: 'status' }
  /** The printer executed everything up to `askEnd(job)`. */
  | { readonly kind: 'ended'; readonly job: number; readonly paperOut: boolean }
  /** The printer reported a change unasked. */
  | { readonly kind: 'told' }
  /** Answer to a `GS I` question. */
  | { readonly kind: 'text'; readonly text: string }
  /** A byte that is no answer, or one to nothing that was asked. */
  | { readonly kind: 'noise'; readonly byte: number }

/** What is known about the printer; undefined until it said so. */
interface Picture {
  offline?: boolean
  pin3High?: boolean
  coverOpen?: boolean
  errors?: number
  /** The cause of being offline is an error whose kind is unknown. */
  otherError?: boolean
  nearEnd?: boolean
  paperEnd?: boolean
  /** The printer stopped because paper ended. */
  stoppedByPaper?: boolean
}

/** Questions that may be open at once; the driver asks one after the other, and remembers at most some lost jobs. */
const MAX_OPEN_ENDS = 256

/** One is asked on each connection, and a few when an end was lost; older ones are as good as answered. */
const MAX_OPEN_FENCES = 8

/** The head is too hot, or the voltage out of range: the printer waits and goes on by itself. */
export const OVERHEATED = 'overheated or voltage'

export class PrinterSession {
  readonly #openWhen: 'high' | 'low'
  #picture: Picture = {}
  /** `DLE EOT` numbers in the order in which they were asked: their answers all look alike. */
  #asked: number[] = []
  #ends: number[] = []
  /** For each question about the model that is open: how many of the ends in `#ends` were asked for before it. */
  #fences: number[] = []
  #named = false
  /** The automatic status that is arriving, or undefined. */
  #automatic: number[] | undefined
  #text: number[] | undefined

  /** `openWhen`: the level of drawer pin 3 at which the drawer is open; it depends on the drawer's wiring. */
  constructor(openWhen: 'high' | 'low' = 'high') {
    this.#openWhen = openWhen
  }

  /** Is an answer to `askStatus` still due? */
  get asking(): boolean {
    return this.#asked.length > 0
  }

  /** Ends that were asked for and never came: the printer may still print what was before them. */
  get owed(): number {
    return this.#ends.length
  }

  /** The bytes that ask for the status. */
  askStatus(): Uint8Array {
    this.#asked.push(...STATUS_QUESTIONS)
    return Uint8Array.from(ASK_STATUS)
  }

  /** The bytes that make the printer say when it has executed everything before them. */
  askEnd(job: number): Uint8Array {
    if (this.#ends.length < MAX_OPEN_ENDS) this.#ends.push(job)
    return Uint8Array.from(ASK_END)
  }

  /** Has it answered `askModel` on this connection? Then that answer tells its ends apart from those that will never come. */
  get named(): boolean {
    return this.#named
  }

  /**
   * The bytes that ask for the model's name. The answer comes in its turn, behind everything sent before, and looks like
   * no other: an end that was asked for earlier and is not in by then will never come.
   */
  askModel(): Uint8Array {
    if (this.#fences.length < MAX_OPEN_FENCES) this.#fences.push(this.#ends.length)
    return Uint8Array.from(ASK_MODEL)
  }

  /** The printer was restarted in between, and will never answer for those jobs. */
  forgetEnds(): void {
    this.#ends = []
    this.#fences = this.#fences.map(() => 0)
  }

  /** A fresh connection: nothing is known. What the printer still holds in its buffer is still owed. */
  reset(): void {
    this.#picture = {}
    this.#asked = []
    this.#automatic = undefined
    this.#text = undefined
    this.#named = false
  }

  bytes(chunk: Uint8Array): readonly PrinterEvent[] {
    return [...chunk].flatMap(byte => this.#take(byte))
  }

  get status(): PrinterStatus {
    const { offline, pin3High, coverOpen, nearEnd, paperEnd } = this.#picture
    const trouble = this.#trouble()
    return {
      online: offline === false,
      cover: coverOpen === undefined ? 'unknown' : coverOpen ? 'open' : 'closed',
      paper: paperEnd === undefined ? 'unknown' : paperEnd ? 'out' : nearEnd === true ? 'near-end' : 'ok',
      drawer:
        pin3High === undefined ? 'unknown' : pin3High === (this.#openWhen === 'high') ? 'open' : 'closed',
      ...(trouble === undefined ? {} : { trouble }),
    }
  }

  /** The most helpful reason why it does not print. */
  #trouble(): ErrorReport | undefined {
    const { offline, coverOpen, errors = 0, otherError, paperEnd, stoppedByPaper } = this.#picture
    if (coverOpen === true) return report('printer.cover-open')
    if (paperEnd === true || stoppedByPaper === true) return report('printer.paper-out')
    if ((errors & ERROR_CAUSE.cutter) !== 0) return report('printer.error', { reason: 'cutter' })
    if ((errors & ERROR_CAUSE.unrecoverable) !== 0)
      return report('printer.error', { reason: 'unrecoverable' })
    if ((errors & ERROR_CAUSE.automatic) !== 0) return report('printer.error', { reason: OVERHEATED })
    if ((errors & ERROR_CAUSE.recoverable) !== 0) return report('printer.error', { reason: 'recoverable' })
    if (otherError === true) return report('printer.error', { reason: 'unknown' })
    return offline === true ? report('printer.error', { reason: 'offline' }) : undefined
  }

  #take(byte: number): readonly PrinterEvent[] {
    if (this.#text !== undefined) return this.#takeText(this.#text, byte)
    const kind = kindOf(byte)
    switch (kind) {
      case 'flow':
        return []
      case 'text':
        this.#text = []
        return []
      case 'realtime':
        return this.#takeRealtime(byte)
      case 'automatic':
        this.#automatic = [byte]
        return []
      case 'plain':
        return this.#automatic === undefined
          ? this.#takeEnd(byte)
          : this.#takeAutomatic(this.#automatic, byte)
      default:
        return [{ kind: 'noise', byte }]
    }
  }

  /** A text answer is printable and ends at NUL; anything else means that it was cut short. */
  #takeText(text: number[], byte: number): readonly PrinterEvent[] {
    const printable = byte >= 0x20 && byte <= 0x7e
    if (printable && text.length < MAX_TEXT_BYTES) {
      text.push(byte)
      return []
    }
    this.#text = undefined
    if (byte === 0) {
      this.#pastFence()
      return [{ kind: 'text', text: String.fromCharCode(...text) }]
    }
    return [{ kind: 'noise', byte: 0x5f }, ...this.#take(byte)]
  }

  /** If several questions are open the answer counts for the oldest: that forgets too little rather than too much. */
  #pastFence(): void {
    this.#named = true
    const before = this.#fences.shift() ?? 0
    this.#ends = this.#ends.slice(before)
    this.#fences = this.#fences.map(later => Math.max(0, later - before))
  }

  #takeRealtime(byte: number): readonly PrinterEvent[] {
    // The four bytes of an automatic status follow each other directly: one that is interrupted was none.
    this.#automatic = undefined
    const question = this.#asked.shift()
    if (question === undefined) return [{ kind: 'noise', byte }]
    if (question === 1) {
      this.#picture.pin3High = (byte & GENERAL.drawerPin3High) !== 0
      this.#picture.offline = (byte & GENERAL.offline) !== 0
    } else if (question === 2) {
      this.#picture.coverOpen = (byte & OFFLINE_CAUSE.coverOpen) !== 0
      this.#picture.stoppedByPaper = (byte & OFFLINE_CAUSE.paperEnd) !== 0
      this.#picture.otherError = (byte & OFFLINE_CAUSE.error) !== 0
    } else if (question === 3) this.#picture.errors = byte & ~0x12
    else {
      this.#picture.nearEnd = (byte & PAPER_REALTIME.nearEnd) !== 0
      this.#picture.paperEnd = (byte & PAPER_REALTIME.end) !== 0
    }
    return this.#asked.length % STATUS_QUESTIONS.length === 0 ? [{ kind: 'status' }] : []
  }

  #takeAutomatic(automatic: number[], byte: number): readonly PrinterEvent[] {
    automatic.push(byte)
    const [first = 0, errors = 0, paper = 0] = automatic
    if (automatic.length < 4) return []
    this.#automatic = undefined
    this.#picture = {
      pin3High: (first & GENERAL.drawerPin3High) !== 0,
      offline: (first & GENERAL.offline) !== 0,
      coverOpen: (first & AUTOMATIC_COVER_OPEN) !== 0,
      errors,
      nearEnd: (paper & PAPER_PLAIN.nearEnd) !== 0,
      paperEnd: (paper & PAPER_PLAIN.end) !== 0,
    }
    return [{ kind: 'told' }]
  }

  #takeEnd(byte: number): readonly PrinterEvent[] {
    const job = this.#ends.shift()
    if (job === undefined) return [{ kind: 'noise', byte }]
    this.#fences = this.#fences.map(later => Math.max(0, later - 1))
    this.#picture.nearEnd = (byte & PAPER_PLAIN.nearEnd) !== 0
    this.#picture.paperEnd = (byte & PAPER_PLAIN.end) !== 0
    return [{ kind: 'ended', job, paperOut: this.#picture.paperEnd }]
  }
}
