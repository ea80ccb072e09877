// Virtual time: nothing waits, timers run in the order in which they fall due, and the wall clock can be stepped
// like a badly kept register's.
import type { Clock, EpochMs, Stop } from '@cashdesk/kernel'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly wake: () => void
}

/** More timers than this fired by one `advance` is a loop that never ends, not a simulation. */
const MAX_FIRED = 10_000_000

export class SimClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #order = 0
  #timers: Timer[] = []

  /** @param startMs wall-clock time at the start, ms since the epoch */
  constructor(startMs: EpochMs = Date.UTC(2026, 0, 5, 8)) {
    this.#wallMs = startMs
  }

  now(): EpochMs {
    return Math.floor(this.#wallMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, wake: () => void): Stop {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order, wake }
    this.#order += 1
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** Moves the wall clock alone, forward or back; timers and monotonic time do not notice. */
  stepWall(byMs: number): void {
    this.#wallMs += byMs
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer falls due; undefined when none is set. */
  untilNextMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : Math.max(0, next.dueMs - this.#monotonicMs)
  }

  /** Lets `ms` pass. Timers that fall due run in order, each at its own time; those they set run too if due. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms
    for (let fired = 0; fired < MAX_FIRED; fired += 1) {
      if (!this.#fireNext(endMs)) break
    }
    this.#passTo(endMs)
  }

  /** As `advance`, but before every timer and at the end whatever promises were set off come to rest. */
  async settle(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await quiet()
    for (let fired = 0; fired < MAX_FIRED; fired += 1) {
      if (!this.#fireNext(endMs)) break
      await quiet()
    }
    this.#passTo(endMs)
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs) next = timer
      else if (timer.dueMs === next.dueMs && timer.order < next.order) next = timer
    }
    return next
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#next()
    if (next === undefined || next.dueMs > untilMs) return false
    this.#timers = this.#timers.filter(other => other !== next)
    this.#passTo(next.dueMs)
    next.wake()
    return true
  }

  #passTo(monotonicMs: number): void {
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs)
    this.#monotonicMs += passedMs
    this.#wallMs += passedMs
  }
}

/** All microtasks have run when a macrotask gets its turn. */
function quiet(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
