// The supervision of the reader process, without the process: messages, ends and ticks go in; orders (start it, tell
// it, kill it) and events (a tap, an exchange's outcome) come out. Pure, so that every order of accidents can be tried.
import {
  type DeviceState,
  type ErrorReport,
  type Facts,
  fromHex,
  hex,
  type Outcome,
  refused,
  report,
} from '@cashdesk/kernel'
import { type ChildMessage, type ParentMessage, readChildMessage, SILENCE_MS } from './messages.ts'
import { Presence, type PresenceEvent, type PresenceStep, type Told } from './presence.ts'
import type { ReadingPlan } from './reading.ts'

export type Order =
  | { readonly order: 'start'; readonly child: number }
  | { readonly order: 'tell'; readonly child: number; readonly message: ParentMessage }
  | { readonly order: 'kill'; readonly child: number }

export type SessionEvent =
  | { readonly event: 'tap'; readonly tap: Told }
  | { readonly event: 'removed'; readonly card: string }
  | { readonly event: 'discard'; readonly error: ErrorReport }
  | { readonly event: 'exchanged'; readonly id: number; readonly outcome: Outcome<readonly Uint8Array[]> }

export interface Step {
  readonly events: readonly SessionEvent[]
  readonly orders: readonly Order[]
}

export interface SessionOptions extends ReadingPlan {
  /** How long a card may take for one answer; a process that waits longer hangs. */
  readonly answerMs: number
}

/** The first pause before the process is started again; doubles with each vain start. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** A process that lived this long was a good one: the next pause is short again. */
const STEADY_MS = 5000
/** Overdue: looked at once more, because what was said may wait to be read while this process was busy. */
const GRACE_MS = 250
/** As many as PC/SC knows (MAXIMUM_READERS of pcsc-lite). */
const MAX_READERS = 16

type Phase = 'closed' | 'pausing' | 'running' | 'failed'

export class NfcSession {
  readonly #options: SessionOptions
  #phase: Phase = 'closed'
  #child = 0
  #startedMs = 0
  #heardMs = 0
  #restartMs = 0
  #graceMs: number | undefined
  #pauseMs = FIRST_PAUSE_MS
  #trouble: ErrorReport | undefined
  #binding: string | undefined
  #pid: number | undefined
  #serviceUp = false
  /** By name; the card that lies on it, if any. */
  readonly #readers: Map<string, Presence | undefined> = new Map()
  readonly #onWay: Map<number, { readonly presence: Presence; readonly sinceMs: number }> = new Map()
  #nextId = 1
  #events: SessionEvent[] = []
  #orders: Order[] = []
  #counts: { [name: string]: number } = {}

  constructor(options: SessionOptions) {
    this.#options = options
  }

  get state(): DeviceState {
    if (this.#phase === 'closed' || this.#phase === 'failed') return this.#phase
    if (this.#phase === 'running' && this.#readers.size > 0) return 'ready'
    return this.#trouble === undefined ? 'opening' : 'absent'
  }

  get trouble(): ErrorReport | undefined {
    return this.#trouble
  }

  get facts(): Facts {
    return {
      ...(this.#binding === undefined ? {} : { binding: this.#binding }),
      ...(this.#pid === undefined ? {} : { process: this.#pid }),
      ...(this.#readers.size === 0 ? {} : { readers: [...this.#readers.keys()].join(', ') }),
    }
  }

  get counts(): { readonly [name: string]: number } {
    return { ...this.#counts }
  }

  /** When `tick` wants to be called at the latest, on the monotonic clock; undefined: never. */
  get wakeMs(): number | undefined {
    if (this.#phase === 'pausing') return this.#restartMs
    return this.#phase === 'running' ? (this.#graceMs ?? this.#overdueMs()) : undefined
  }

  open(nowMs: number): Step {
    this.#counts = { starts: 0, losses: 0, taps: 0, discards: 0, exchanges: 0, unreadable: 0 }
    this.#pauseMs = FIRST_PAUSE_MS
    this.#trouble = undefined
    this.#start(nowMs)
    return this.#step()
  }

  /** Ends everything; the driver sees to it that the process ends. */
  close(): Step {
    this.#forget('the till closes the reader')
    this.#pid = undefined
    this.#phase = 'closed'
    this.#trouble = undefined
    return this.#step()
  }

  /** Something came from process `child`. */
  message(child: number, raw: unknown, nowMs: number): Step {
    if (child !== this.#child || this.#phase !== 'running') return this.#step()
    this.#heardMs = nowMs
    this.#graceMs = undefined
    const message = readChildMessage(raw)
    if (message === undefined) this.#count('unreadable')
    else this.#hear(message, nowMs)
    return this.#step()
  }

  /** Process `child` ended, or could not be started. */
  exited(child: number, reason: string, nowMs: number): Step {
    if (child !== this.#child || this.#phase !== 'running') return this.#step()
    this.#lose(reason, nowMs)
    return this.#step()
  }

  tick(nowMs: number): Step {
    if (this.#phase === 'pausing' && nowMs >= this.#restartMs) this.#start(nowMs)
    if (this.#phase === 'running' && nowMs >= this.#overdueMs()) {
      if (this.#graceMs === undefined) this.#graceMs = nowMs + GRACE_MS
      else if (nowMs >= this.#graceMs) {
        this.#orders.push({ order: 'kill', child: this.#child })
        this.#lose('it did not answer in time', nowMs)
      }
    }
    return this.#step()
  }

  /** Speaks to `card`, or to the one that came last. */
  exchange(id: number, apdus: readonly Uint8Array[], card: string | undefined, nowMs: number): Step {
    const there = [...this.#readers.values()].filter(presence => presence !== undefined)
    const known = there.filter(presence => presence.told)
    const meant =
      card === undefined
        ? known.toSorted((one, other) => one.number - other.number).at(-1)
        : known.find(presence => presence.id === card)
    this.#count('exchanges')
    if (meant === undefined) {
      const error = report('nfc.no-card', card === undefined ? {} : { card: card.slice(0, 40) })
      this.#events.push({ event: 'exchanged', id, outcome: refused(error) })
    } else this.#take(meant, meant.exchange({ id, apdus }), nowMs)
    return this.#step()
  }

  // ── the process ─────────────────────────────────────────────────────────────────────────────────────

  #start(nowMs: number): void {
    this.#child += 1
    this.#phase = 'running'
    this.#startedMs = nowMs
    this.#heardMs = nowMs
    this.#graceMs = undefined
    this.#serviceUp = false
    this.#count('starts')
    this.#orders.push({ order: 'start', child: this.#child })
  }

  #lose(reason: string, nowMs: number): void {
    this.#pid = undefined
    this.#count('losses')
    this.#forget(reason)
    if (nowMs - this.#startedMs >= STEADY_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#phase = 'pausing'
    this.#restartMs = nowMs + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    // A process that ended because the service did has said so before.
    const said = this.#trouble?.code === 'nfc.no-service' && !this.#serviceUp
    if (!said) this.#trouble = report('nfc.reader-lost', { reason: reason.slice(0, 300) })
  }

  /** Every reader and card of the present process is gone. */
  #forget(reason: string): void {
    for (const reader of [...this.#readers.keys()]) this.#readerGone(reader, 'nfc.reader-lost', reason)
    this.#onWay.clear()
    this.#graceMs = undefined
  }

  #overdueMs(): number {
    const silentMs = this.#heardMs + SILENCE_MS
    const [oldest] = this.#onWay.values()
    return oldest === undefined ? silentMs : Math.min(silentMs, oldest.sinceMs + this.#options.answerMs)
  }

  #hear(message: ChildMessage, nowMs: number): void {
    switch (message.type) {
      case 'hello':
        this.#binding = message.binding
        this.#pid = message.pid
        return
      case 'unavailable':
        this.#phase = 'failed'
        this.#trouble = report('nfc.not-installed', {
          install: 'npm install nfc-pcsc@0.8.1, or npm install pcsc-mini@0.1.3 where there is no compiler',
          reasons: message.reasons,
        })
        return
      case 'service':
        this.#service(message.up, message.reason ?? '')
        return
      case 'reader':
        if (this.#readers.has(message.reader) || this.#readers.size >= MAX_READERS) return
        this.#readers.set(message.reader, undefined)
        this.#trouble = undefined
        return
      case 'reader-gone':
        this.#readerGone(message.reader, 'nfc.removed-early', 'the reader was unplugged')
        if (this.#readers.size === 0) this.#trouble = report('nfc.no-reader')
        return
      case 'card':
        this.#cardCame(message.reader, message.card, message.atr, nowMs)
        return
      case 'card-gone':
        if (this.#readers.get(message.reader)?.number === message.card) {
          this.#cardGone(message.reader, 'nfc.removed-early', 'the card was taken away')
        }
        return
      case 'mute':
        if (this.#readers.has(message.reader)) {
          this.#discard(report('nfc.mute', { reader: message.reader, reason: message.reason }))
        }
        return
      case 'claimed':
        if (this.#readers.has(message.reader)) {
          this.#discard(report('nfc.claimed', { reader: message.reader }))
        }
        return
      case 'answer':
      case 'no-answer':
        this.#answered(message, nowMs)
        return
      case 'beat':
        return
    }
  }

  #service(up: boolean, reason: string): void {
    this.#serviceUp = up
    if (up) this.#trouble = this.#readers.size === 0 ? report('nfc.no-reader') : undefined
    else {
      this.#forget(reason)
      this.#trouble = report('nfc.no-service', reason === '' ? undefined : { reason })
    }
  }

  // ── readers and cards ───────────────────────────────────────────────────────────────────────────────

  #readerGone(reader: string, code: 'nfc.reader-lost' | 'nfc.removed-early', reason: string): void {
    this.#cardGone(reader, code, reason)
    this.#readers.delete(reader)
  }

  #cardCame(reader: string, number: number, atr: string, nowMs: number): void {
    if (!this.#readers.has(reader)) return
    this.#cardGone(reader, 'nfc.removed-early', 'another card took its place')
    const presence = new Presence(`${this.#child}.${number}`, reader, number, fromHex(atr), this.#options)
    this.#readers.set(reader, presence)
    this.#take(presence, presence.read(), nowMs)
  }

  #cardGone(reader: string, code: 'nfc.reader-lost' | 'nfc.removed-early', reason: string): void {
    const presence = this.#readers.get(reader)
    if (presence === undefined) return
    this.#readers.set(reader, undefined)
    for (const [id, { presence: owner }] of [...this.#onWay]) if (owner === presence) this.#onWay.delete(id)
    if (presence.unread) this.#discard(report(code, { reader, reason }))
    this.#tell(presence, presence.ended(reason))
    if (presence.told) this.#events.push({ event: 'removed', card: presence.id })
  }

  #answered(message: Extract<ChildMessage, { readonly id: number }>, nowMs: number): void {
    const presence = this.#onWay.get(message.id)?.presence
    if (presence === undefined) return
    this.#onWay.delete(message.id)
    const step =
      message.type === 'answer'
        ? presence.answered(fromHex(message.apdu))
        : presence.failed(message.sent, message.reason)
    this.#take(presence, step, nowMs)
  }

  #take(presence: Presence, step: PresenceStep, nowMs: number): void {
    this.#tell(presence, step.events)
    if (step.send === undefined) return
    const id = this.#nextId
    this.#nextId += 1
    this.#onWay.set(id, { presence, sinceMs: nowMs })
    const message: ParentMessage = { type: 'transmit', id, card: presence.number, apdu: hex(step.send) }
    this.#orders.push({ order: 'tell', child: this.#child, message })
  }

  #tell(presence: Presence, events: readonly PresenceEvent[]): void {
    for (const event of events) {
      if (event.kind === 'tap') {
        this.#count('taps')
        this.#events.push({ event: 'tap', tap: event.tap })
      } else if (event.kind === 'exchanged') {
        this.#events.push({ event: 'exchanged', id: event.id, outcome: event.outcome })
      } else this.#discard(report(event.code, { reader: presence.reader, reason: event.reason }))
    }
  }

  #discard(error: ErrorReport): void {
    this.#count('discards')
    this.#events.push({ event: 'discard', error })
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }

  #step(): Step {
    const step = { events: this.#events, orders: this.#orders }
    this.#events = []
    this.#orders = []
    return step
  }
}
