// One card that lies on a reader: it is read first, then spoken to in the order in which exchanges were asked for,
// one command at a time. Pure: commands come out, answers go in.
import { hex, type Outcome, refused, report, type Tap, unknown } from '@cashdesk/kernel'
import { type Atr, readAtr } from './atr.ts'
import type { Conversation } from './conversation.ts'
import { isGood } from './frames.ts'
import { type Reading, type ReadingPlan, readCard } from './reading.ts'

/** What `Tap` says that the session cannot know: who the driver is, and when. */
export type Told = Omit<Tap, 'source' | 'at'>

export type PresenceEvent =
  | { readonly kind: 'tap'; readonly tap: Told }
  /** It could not be read; `reason` for people. */
  | { readonly kind: 'unread'; readonly code: 'nfc.mute' | 'nfc.unreadable'; readonly reason: string }
  | { readonly kind: 'exchanged'; readonly id: number; readonly outcome: Outcome<readonly Uint8Array[]> }

/** What comes of an input: something to send, something to tell. */
export interface PresenceStep {
  readonly send?: Uint8Array
  readonly events: readonly PresenceEvent[]
}

export interface ExchangeWish {
  readonly id: number
  readonly apdus: readonly Uint8Array[]
}

/** Exchanges that wait on one card; a till has one plugin or two that speak to cards. */
const MAX_WAITING = 8
/** A Type 2 tag of 2040 bytes that is read page by page takes 510 commands. */
const MAX_READING_COMMANDS = 600

export class Presence {
  /** For `Tap.card`: unique while the driver lives. */
  readonly id: string
  readonly reader: string
  /** The number that the reader process gave it. */
  readonly number: number
  readonly #atr: Atr
  readonly #atrHex: string
  readonly #plan: ReadingPlan
  #reading: Conversation<Reading> | undefined
  #commands = 0
  #current: { readonly wish: ExchangeWish; readonly answers: Uint8Array[] } | undefined
  #waiting: ExchangeWish[] = []
  #told = false
  #busy = false
  #given = false

  constructor(id: string, reader: string, number: number, atr: Uint8Array, plan: ReadingPlan) {
    this.id = id
    this.reader = reader
    this.number = number
    this.#atr = readAtr(atr)
    this.#atrHex = hex(atr).toUpperCase()
    this.#plan = plan
  }

  /** Was the till told of it? Then it is told of its end, too. */
  get told(): boolean {
    return this.#told
  }

  /** Is it still hoped that it can be read? */
  get unread(): boolean {
    return !this.#told && !this.#given
  }

  read(): PresenceStep {
    this.#commands = 0
    this.#reading = readCard(this.#atr, this.#plan)
    return this.#advance(undefined)
  }

  exchange(wish: ExchangeWish): PresenceStep {
    const full = this.#waiting.length >= MAX_WAITING
    if (full || this.#given) {
      const error = report(full ? 'nfc.busy' : 'nfc.no-card', { card: this.id })
      return { events: [{ kind: 'exchanged', id: wish.id, outcome: refused(error) }] }
    }
    this.#waiting.push(wish)
    return this.#next([])
  }

  answered(answer: Uint8Array): PresenceStep {
    // A card that is taken away in mid-command: pcscd reports success, and an answer of no bytes.
    if (answer.length < 2) return this.failed(true, 'an answer without a status word')
    this.#busy = false
    if (this.#reading !== undefined) return this.#advance(answer)
    const current = this.#current
    if (current === undefined) return this.#next([])
    current.answers.push(answer)
    const over = current.answers.length === current.wish.apdus.length || !isGood(answer)
    if (!over) return this.#command(current.wish, current.answers.length)
    this.#current = undefined
    return this.#next([
      { kind: 'exchanged', id: current.wish.id, outcome: { outcome: 'done', data: current.answers } },
    ])
  }

  /** The command got no answer. `sent`: it may have arrived at the card. */
  failed(sent: boolean, reason: string): PresenceStep {
    this.#busy = false
    if (this.#reading !== undefined) return this.#broken('nfc.mute', reason)
    const current = this.#current
    if (current === undefined) return this.#next([])
    this.#current = undefined
    return this.#next([
      { kind: 'exchanged', id: current.wish.id, outcome: this.#lost(current, sent, reason) },
    ])
  }

  /** The card is gone, or the process that spoke to it is: what is open ends here. */
  ended(reason: string): readonly PresenceEvent[] {
    const current = this.#current
    const events: PresenceEvent[] = []
    if (current !== undefined) {
      const outcome = this.#lost(current, this.#busy, reason)
      events.push({ kind: 'exchanged', id: current.wish.id, outcome })
    }
    for (const { id } of this.#waiting) {
      const error = report('nfc.no-card', { card: this.id, reason })
      events.push({ kind: 'exchanged', id, outcome: refused(error) })
    }
    this.#current = undefined
    this.#waiting = []
    this.#reading = undefined
    return events
  }

  #advance(answer: Uint8Array | undefined): PresenceStep {
    const reading = this.#reading
    if (reading === undefined) return { events: [] }
    this.#commands += 1
    if (this.#commands > MAX_READING_COMMANDS) {
      return this.#broken('nfc.unreadable', 'the card does not come to an end')
    }
    // The first `next` takes no answer, whatever it is given.
    const step = reading.next(answer ?? new Uint8Array(0))
    if (step.done !== true) return this.#send(step.value)
    this.#reading = undefined
    this.#told = true
    const { technology, product } = this.#atr
    const tap: Told = {
      card: this.id,
      reader: this.reader,
      atr: this.#atrHex,
      technology,
      ...(product === undefined ? {} : { product }),
      ...step.value,
    }
    return this.#next([{ kind: 'tap', tap }])
  }

  #broken(code: 'nfc.mute' | 'nfc.unreadable', reason: string): PresenceStep {
    this.#reading = undefined
    this.#given = true
    return { events: [{ kind: 'unread', code, reason }, ...this.ended(reason)] }
  }

  /** Nothing is on its way: the next exchange begins. */
  #next(events: readonly PresenceEvent[]): PresenceStep {
    if (this.#busy || this.#current !== undefined || !this.#told) return { events }
    const wish = this.#waiting.shift()
    if (wish === undefined) return { events }
    this.#current = { wish, answers: [] }
    const step = this.#command(wish, 0)
    return { ...step, events: [...events, ...step.events] }
  }

  #command(wish: ExchangeWish, at: number): PresenceStep {
    const apdu = wish.apdus[at]
    if (apdu !== undefined) return this.#send(apdu)
    this.#current = undefined
    return this.#next([{ kind: 'exchanged', id: wish.id, outcome: { outcome: 'done', data: [] } }])
  }

  #send(apdu: Uint8Array): PresenceStep {
    this.#busy = true
    return { send: apdu, events: [] }
  }

  /** Nothing went out: certainly not done. Something did: nobody knows. */
  #lost(
    { answers }: { readonly answers: readonly Uint8Array[] },
    sent: boolean,
    reason: string,
  ): Outcome<readonly Uint8Array[]> {
    const detail = { card: this.id, answered: answers.length, reason }
    return answers.length === 0 && !sent
      ? refused(report('nfc.no-card', detail))
      : unknown(report('nfc.no-answer', detail))
  }
}
