// The simulated world in which a plugin is tested: time that passes only when nothing else happens, a disk that dies on
// demand, and a wire with the accidents of a network.
import type { Clock, Http, HttpRequest, HttpResponse, Log, Random, Stop } from '@cashdesk/kernel'
import { CashdeskError } from '@cashdesk/kernel'
import { turn } from './node-turn.ts'
import { MemoryDisk } from './testing-disk.ts'
import type { ModelProvider } from './testing-provider.ts'

/** What the wire does with one request. */
export type Act =
  | 'answer'
  /** The request arrives and its answer is lost. */
  | 'lose-answer'
  | 'lose-request'
  /** Certainly nothing leaves. */
  | 'not-sent'
  /** It arrives twice; the second answer comes back. */
  | 'twice'
  /** It times out, and arrives when everything is over. */
  | 'late'
  /** Somebody else answers; the provider sees nothing. */
  | HttpResponse

/** One request as it left. */
export interface Sent {
  readonly number: number
  readonly request: HttpRequest
}

/** Ready work is done in at most so many turns before time goes on. */
const TURNS = 3
/** A provider that is really asked over a network is waited for in real time, at most so many turns. */
const PROVIDER_TURNS = 100_000
/** Timers that may fire in one run: a plugin that never comes to rest must not hang its test. */
const MAX_TIMERS = 20_000
const START_MS = 1_800_000_000_000

class SimulatedClock implements Clock {
  #elapsedMs = 0
  #timers: { readonly atMs: number; readonly order: number; readonly wake: () => void }[] = []
  #order = 0

  now(): number {
    return START_MS + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, wake: () => void): Stop {
    this.#order += 1
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order, wake }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(each => each !== timer)
    }
  }

  /** Goes to the next timer and lets it fire; false if there is none. */
  next(): boolean {
    const [first] = this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    if (!first) return false
    this.#timers.shift()
    this.#elapsedMs = Math.max(this.#elapsedMs, first.atMs)
    first.wake()
    return true
  }

  /** Time passes while the till is off. */
  pass(ms: number): void {
    this.#elapsedMs += ms
    this.#timers = []
  }
}

export class World {
  readonly clock: SimulatedClock = new SimulatedClock()
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly provider: ModelProvider
  readonly sent: Sent[] = []
  readonly logged: string[] = []
  /** Decides about each request. */
  act: (sent: Sent) => Act = () => 'answer'
  readonly #late: (() => Promise<unknown>)[] = []
  /** Requests that the provider has and has not answered yet. */
  #delivering = 0
  #seed = 1
  #life = 0

  constructor(provider: ModelProvider) {
    this.provider = provider
  }

  readonly log: Log = (level, message, detail) => {
    this.logged.push(JSON.stringify([level, message, detail]))
  }

  /** Not unguessable, but always the same: a run that fails can be looked at again (xorshift32). */
  readonly random: Random = {
    bytes: length =>
      Uint8Array.from({ length }, () => {
        this.#seed ^= this.#seed << 13
        this.#seed ^= this.#seed >>> 17
        this.#seed ^= this.#seed << 5
        return this.#seed & 0xff
      }),
  }

  readonly http: Http = {
    send: request => this.exchange(request, async () => this.provider.respond(request)),
  }

  /** One request over the wire, whatever the wire is: `deliver` brings it to the provider. */
  async exchange<Answer>(
    request: HttpRequest,
    deliver: () => Promise<Answer>,
  ): Promise<Answer | HttpResponse> {
    const life = this.#life
    const sent: Sent = { number: this.sent.length + 1, request }
    this.sent.push(sent)
    const counted = (): Promise<Answer> => this.#delivered(deliver)
    const answer = await this.#happens(this.act(sent), request.timeoutMs, counted)
    // Nobody is there any more to hear it.
    if (life !== this.#life || this.disk.dead) return new Promise(() => undefined)
    if (answer === undefined) throw new CashdeskError('http.no-answer', { reason: 'time limit' })
    return answer
  }

  async #happens<Answer>(
    act: Act,
    timeoutMs: number,
    deliver: () => Promise<Answer>,
  ): Promise<Answer | HttpResponse | undefined> {
    if (typeof act === 'object') return act
    switch (act) {
      case 'answer':
        return deliver()
      case 'twice':
        await deliver()
        return deliver()
      case 'not-sent':
        throw new CashdeskError('http.not-sent', { reason: 'ECONNREFUSED' })
      case 'late':
        this.#late.push(deliver)
        return this.#wait(timeoutMs)
      case 'lose-answer':
        await deliver()
        return this.#wait(timeoutMs)
      case 'lose-request':
        return this.#wait(timeoutMs)
    }
  }

  async #delivered<Answer>(deliver: () => Promise<Answer>): Promise<Answer> {
    this.#delivering += 1
    try {
      return await deliver()
    } finally {
      this.#delivering -= 1
    }
  }

  #wait(ms: number): Promise<undefined> {
    return new Promise(resolve => {
      this.clock.after(ms, () => resolve(undefined))
    })
  }

  /** What was late arrives now. */
  async deliverLate(): Promise<number> {
    for (const deliver of this.#late) await deliver()
    return this.#late.length
  }

  /** Lets the world run until `work` has ended; `undefined` if the machine died or nothing moves any more. */
  async run<Result>(work: Promise<Result>): Promise<{ readonly result: Result } | undefined> {
    let ended: { readonly result: Result } | undefined
    let failed: { readonly thrown: unknown } | undefined
    work.then(
      result => {
        ended = { result }
      },
      (thrown: unknown) => {
        failed = { thrown }
      },
    )
    for (let timers = 0; timers < MAX_TIMERS; timers += 1) {
      const most = (): number => (this.#delivering > 0 ? PROVIDER_TURNS : TURNS)
      for (let turns = 0; turns < most(); turns += 1) {
        await turn()
        if (failed) throw failed.thrown
        if (ended || this.disk.dead) return ended
      }
      if (!this.clock.next()) return undefined
    }
    return undefined
  }

  /** After a death: the machine starts again a second later. */
  restart(): void {
    this.#life += 1
    this.disk.restart()
    this.clock.pass(1_000)
  }
}
