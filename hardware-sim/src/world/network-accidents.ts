// What can happen on the simulated network: every accident by name, how probable it is now, how often it was played.
import { CashdeskError, type Clock } from '@cashdesk/kernel'
import type { Prng } from './random.ts'

/** Probabilities from 0 to 1; what is not named does not happen. */
export interface NetworkAccidents {
  /** Opening a stream: refused at once, `transport.unreachable`. */
  readonly connectRefused: number
  /** Opening a stream: nobody answers, `transport.timeout`. */
  readonly connectUnanswered: number
  /** A chunk, and all behind it, takes `delayMs` longer. */
  readonly chunkDelayed: number
  /** A chunk arrives in pieces, cut anywhere. */
  readonly chunkSplit: number
  /** A chunk waits for the next one, up to `delayMs`, and both arrive as one. */
  readonly chunksJoined: number
  /** The stream breaks behind any byte of a chunk, none and all included; both sides notice. */
  readonly streamCut: number
  /** The request never leaves: `http.not-sent`. */
  readonly requestNotSent: number
  /** The request vanishes on its way: `http.no-answer` after the time limit; the server did nothing. */
  readonly requestLost: number
  /** The server sees the request only after the client gave up. */
  readonly requestLate: number
  /** The request takes `delayMs` longer. */
  readonly requestDelayed: number
  /** The server sees the request a second time, `delayMs` later; that answer goes nowhere. */
  readonly requestDuplicated: number
  /** The server did the work, its answer vanishes: `http.no-answer` after the time limit. */
  readonly answerLost: number
  /** The server did the work, its answer breaks off in the middle: `http.no-answer` at once. */
  readonly answerCut: number
  /** The answer takes `delayMs` longer. */
  readonly answerDelayed: number
  /** The answer arrives, complete for HTTP, with a body that is not the server's: a page, noise, half of it, nothing. */
  readonly answerGarbled: number
  /** Something in between answers 5xx; the server saw nothing. */
  readonly serverErrorBeforeWork: number
  /** The server did the work, yet what arrives is a 5xx. */
  readonly serverErrorAfterWork: number
}

export type NetworkAccidentName = keyof NetworkAccidents

/** Both ends included. */
export interface MsRange {
  readonly fromMs: number
  readonly toMs: number
}

export interface NetworkOptions extends Partial<NetworkAccidents> {
  /** Every way takes this long in any case. Default 1 to 10. */
  readonly latencyMs?: MsRange
  /** What a delay adds. Default 50 to 2000. */
  readonly delayMs?: MsRange
  /**
   * Spans of the clock's monotonic time, the end not included, in which nothing gets through: openings are refused,
   * requests are not sent, what arrives then is lost, and a stream on which something arrives then breaks.
   */
  readonly outages?: readonly MsRange[]
}

/** How often each was played; `outage` counts what an outage refused, lost or broke. */
export type NetworkCounts = { readonly [name in NetworkAccidentName | 'outage']: number }

const NONE: NetworkAccidents = {
  connectRefused: 0,
  connectUnanswered: 0,
  chunkDelayed: 0,
  chunkSplit: 0,
  chunksJoined: 0,
  streamCut: 0,
  requestNotSent: 0,
  requestLost: 0,
  requestLate: 0,
  requestDelayed: 0,
  requestDuplicated: 0,
  answerLost: 0,
  answerCut: 0,
  answerDelayed: 0,
  answerGarbled: 0,
  serverErrorBeforeWork: 0,
  serverErrorAfterWork: 0,
}

interface Conditions extends NetworkAccidents {
  readonly latencyMs: MsRange
  readonly delayMs: MsRange
  readonly outages: readonly MsRange[]
}

const CALM: Conditions = {
  ...NONE,
  latencyMs: { fromMs: 1, toMs: 10 },
  delayMs: { fromMs: 50, toMs: 2000 },
  outages: [],
}

/** The state of the network, shared by all that goes over it. */
export class NetworkWeather {
  readonly clock: Clock
  #now: Conditions = CALM
  #counts: { -readonly [name in keyof NetworkCounts]: number } = { ...NONE, outage: 0 }

  constructor(clock: Clock) {
    this.clock = clock
  }

  get counts(): NetworkCounts {
    return { ...this.#counts }
  }

  /** @throws CashdeskError `sim.usage` for what is no probability or no span */
  set(options: NetworkOptions): void {
    const { latencyMs, delayMs, outages, ...probabilities } = options
    for (const [name, value] of Object.entries(probabilities)) {
      if (!(name in NONE) || !(value >= 0 && value <= 1))
        throw new CashdeskError('sim.usage', { option: name })
    }
    for (const span of [latencyMs, delayMs, ...(outages ?? [])]) {
      if (span !== undefined && !(span.fromMs >= 0 && span.fromMs <= span.toMs)) {
        throw new CashdeskError('sim.usage', { fromMs: span.fromMs, toMs: span.toMs })
      }
    }
    this.#now = { ...this.#now, ...options }
  }

  /** No accident and no outage from now on; latency, delays and counts stay. */
  heal(): void {
    this.#now = { ...this.#now, ...NONE, outages: [] }
  }

  /** Draws whether an accident is to happen; always one draw, so that one probability does not shift the others. */
  draw(name: NetworkAccidentName, prng: Prng): boolean {
    return prng.chance(this.#now[name])
  }

  /** An accident did happen. */
  played(name: keyof NetworkCounts): void {
    this.#counts[name] += 1
  }

  /** True, and counted, when something that wants through now meets an outage. */
  isOut(): boolean {
    const nowMs = this.clock.monotonicMs()
    const out = this.#now.outages.some(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs)
    if (out) this.played('outage')
    return out
  }

  latencyMs(prng: Prng): number {
    return prng.between(this.#now.latencyMs.fromMs, this.#now.latencyMs.toMs)
  }

  delayMs(prng: Prng): number {
    return prng.between(this.#now.delayMs.fromMs, this.#now.delayMs.toMs)
  }
}
