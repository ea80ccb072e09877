// What the reader process needs of a PC/SC package, and what is done with a reader whichever package speaks to it:
// notice cards by the reader's state, connect, hand commands over one after the other, connect anew after a break.
import { setTimeout as pause } from 'node:timers/promises'
import type { BindingName } from './messages.ts'

/** One reader, as a package offers it. All of it may fail at any time. */
export interface ReaderWire {
  /** Is it ours, and no other till's? Once it is, it stays. */
  claim(): Promise<boolean>
  /** Resolves with the answer to reset where it is known better than from the reader's state. */
  connect(): Promise<Uint8Array | undefined>
  disconnect(): Promise<void>
  transmit(apdu: Uint8Array): Promise<Uint8Array>
}

export interface BindingListener {
  service(up: boolean, reason?: string): void
  reader(name: string): void
  readerGone(name: string): void
  card(reader: string, atr: Uint8Array, transmit: Transmit): void
  cardGone(reader: string): void
  mute(reader: string, reason: string): void
  /** Another till has the reader; it is asked for again for as long as the card lies there. */
  claimed(reader: string): void
}

/** A loaded package. */
export interface Binding {
  readonly name: BindingName
  /**
   * Watches readers that are meant, and their cards. Resolves, with the reason, when the service is gone: then the process ends, because
   * neither package attaches to a service that came back.
   */
  run(listener: BindingListener, meant: (reader: string) => boolean): Promise<string>
}

export interface Answered {
  readonly answer: Uint8Array
}

/** `sent`: the command may have arrived at the card. */
export interface Unanswered {
  readonly sent: boolean
  readonly reason: string
}

export type Transmit = (apdu: Uint8Array) => Promise<Answered | Unanswered>

/** Bits of a reader's state (PC/SC part 5, and winscard.h); the upper half counts cards that came and went. */
const PRESENT = 0x0020
const MUTE = 0x0200

/** A card that is still sliding into the field refuses to be connected to at first. */
const CONNECT_ATTEMPTS = 3
const CONNECT_PAUSE_MS = 120
/** A reader that another till has is asked for again this often, while a card lies on it. */
const CLAIM_PAUSE_MS = 250
/**
 * A card that broke off counts as gone, and comes anew after a pause if it is still there: whether it is the same one
 * nobody knows. A card that breaks off again and again is left in the end.
 */
const MAX_BREAKS = 6
const FIRST_BREAK_MS = 250
const LONGEST_BREAK_MS = 2000

export class ReaderWatch {
  readonly #name: string
  readonly #wire: ReaderWire
  readonly #listener: BindingListener
  #present = false
  #counter = 0
  /** Counts states that a card came or went with; what belongs to an older one is over. */
  #turn = 0
  #told = false
  #atr: Uint8Array = new Uint8Array(0)
  /** Times that the present card broke off. */
  #breaks = 0
  /** Everything that is done with the reader, one after the other. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(name: string, wire: ReaderWire, listener: BindingListener) {
    this.#name = name
    this.#wire = wire
    this.#listener = listener
  }

  /** The reader's state changed. */
  state(state: number, atr: Uint8Array | undefined): void {
    const present = (state & PRESENT) !== 0
    const counter = state >>> 16
    // Taken away and laid down again between two looks: only the counter tells.
    const swapped = present && this.#present && counter !== this.#counter
    this.#counter = counter
    if (present === this.#present && !swapped) return
    this.#present = present
    this.gone()
    if (!present) return
    if ((state & MUTE) !== 0) {
      this.#listener.mute(this.#name, 'no answer to reset')
      return
    }
    const turn = this.#turn
    this.#breaks = 0
    this.#atr = Uint8Array.from(atr ?? [])
    void this.#inTurn(() => this.#arrive(turn))
  }

  /** The card is gone, or the reader is. */
  gone(): void {
    this.#turn += 1
    if (this.#told) this.#listener.cardGone(this.#name)
    this.#told = false
    void this.#inTurn(() => this.#letGo())
  }

  async #arrive(turn: number): Promise<void> {
    if (!(await this.#claim(turn))) return
    let reason = ''
    for (let attempt = 0; attempt < CONNECT_ATTEMPTS && turn === this.#turn; attempt += 1) {
      if (attempt > 0) await pause(CONNECT_PAUSE_MS)
      try {
        const better = await this.#wire.connect()
        if (turn !== this.#turn) return
        this.#told = true
        this.#listener.card(this.#name, better ?? this.#atr, apdu =>
          this.#inTurn(() => this.#transmit(turn, apdu)),
        )
        return
      } catch (thrown) {
        reason = reasonOf(thrown)
        await this.#letGo()
      }
    }
    if (turn === this.#turn) this.#listener.mute(this.#name, reason)
  }

  /** False where the card left before the other till did. */
  async #claim(turn: number): Promise<boolean> {
    for (let told = false; !(await this.#wire.claim()); told = true) {
      if (turn !== this.#turn) return false
      if (!told) this.#listener.claimed(this.#name)
      await pause(CLAIM_PAUSE_MS)
      if (turn !== this.#turn) return false
    }
    return true
  }

  async #transmit(turn: number, apdu: Uint8Array): Promise<Answered | Unanswered> {
    if (turn !== this.#turn) return { sent: false, reason: 'the card is gone' }
    try {
      const answer = await this.#wire.transmit(apdu)
      // A card that is taken away in mid-command: pcscd reports success, and an answer of no bytes.
      if (answer.length < 2) throw new TypeError('an answer without a status word')
      return { answer }
    } catch (thrown) {
      this.#broke(turn)
      return { sent: true, reason: reasonOf(thrown) }
    }
  }

  #broke(turn: number): void {
    if (turn !== this.#turn) return
    this.gone()
    this.#breaks += 1
    if (this.#breaks > MAX_BREAKS) {
      this.#listener.mute(this.#name, 'the card breaks off again and again')
      return
    }
    const next = this.#turn
    const waitMs = Math.min(FIRST_BREAK_MS * 2 ** (this.#breaks - 1), LONGEST_BREAK_MS)
    void pause(waitMs).then(() => {
      if (next === this.#turn && this.#present) void this.#inTurn(() => this.#arrive(next))
    })
  }

  async #letGo(): Promise<void> {
    await this.#wire.disconnect().catch(() => undefined)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#work.then(work)
    this.#work = mine.catch(() => undefined)
    return mine
  }
}

/** What a package said; nfc-pcsc wraps what PC/SC said, pcsc-mini has it as a code. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const behind = [Reflect.get(thrown, 'previous'), Reflect.get(thrown, 'cause')]
  const errors = [thrown, ...behind.filter(each => each instanceof Error)]
  return errors.map(wordsOf).join(': ').slice(0, 250)
}

function wordsOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && !error.message.includes(code)
    ? `${error.message} (${code})`
    : error.message
}
