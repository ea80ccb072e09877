// Virtual time: nothing waits, timers run in the order in which they fall due, and the wall clock can be stepped
// like a badly kept register's.
import type { Clock, EpochMs, Stop } from '@cashdesk/kernel'

interface Timer {
  readonly dueMs: number
  readonly order: number
  /** Gone once it rang or was stopped; a stopped timer stays in the heap until it comes up. */
  wake: (() => void) | undefined
}

/** More timers than this fired by one `advance` is a loop that never ends, not a simulation. */
const MAX_FIRED = 10_000_000
/** With more stopped timers than this, and more of them than live ones, the heap is built anew. */
const MAX_STOPPED = 1_000

export class SimClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #order = 0
  /** A binary heap: the timer that rings next comes first. */
  #heap: Timer[] = []
  #live = 0

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
    const timer: Timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order, wake }
    this.#order += 1
    this.#live += 1
    this.#rise(timer)
    return () => {
      if (timer.wake === undefined) return
      timer.wake = undefined
      this.#live -= 1
      this.#sweep()
    }
  }

  /** Moves the wall clock alone, forward or back; timers and monotonic time do not notice. */
  stepWall(byMs: number): void {
    this.#wallMs += byMs
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#live
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
  settle(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    return new Promise((resolve, reject) => {
      let fired = 0
      // All microtasks have run when a macrotask gets its turn, so one turn is one timer.
      const turn = (): void => {
        try {
          if (fired < MAX_FIRED && this.#fireNext(endMs)) {
            fired += 1
            setImmediate(turn)
            return
          }
          this.#passTo(endMs)
          resolve()
        } catch (thrown) {
          reject(thrown)
        }
      }
      setImmediate(turn)
    })
  }

  #next(): Timer | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.wake !== undefined) return first
      this.#dropFirst()
    }
    return undefined
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#next()
    if (next?.wake === undefined || next.dueMs > untilMs) return false
    const { wake } = next
    next.wake = undefined
    this.#live -= 1
    this.#dropFirst()
    this.#passTo(next.dueMs)
    wake()
    return true
  }

  #passTo(monotonicMs: number): void {
    const passedMs = Math.max(0, monotonicMs - this.#monotonicMs)
    this.#monotonicMs += passedMs
    this.#wallMs += passedMs
  }

  /** Puts a timer at the end of the heap and lets it rise to its place. */
  #rise(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(timer, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = timer
  }

  #dropFirst(): void {
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
  }

  /** Puts a timer in the first place and lets it sink to its own. */
  #sink(timer: Timer): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      if (child === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, child)) {
        below += 1
        child = right
      }
      if (!isBefore(child, timer)) break
      heap[at] = child
      at = below
    }
    heap[at] = timer
  }

  /** Time limits are set in thousands and nearly all of them stopped long before they ring. */
  #sweep(): void {
    const stopped = this.#heap.length - this.#live
    if (stopped <= MAX_STOPPED || stopped <= this.#live) return
    const live = this.#heap.filter(timer => timer.wake !== undefined)
    this.#heap = []
    for (const timer of live) this.#rise(timer)
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)
}
