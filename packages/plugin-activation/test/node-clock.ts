// A clock for tests that hurries: what a till would wait for in seconds comes in a fraction of them.
import type { TillOptions } from '@cashdesk/sdk'

type Clock = NonNullable<NonNullable<TillOptions['ports']>['clock']>

/** Delays up to this are cut to a twentieth, longer ones to a quarter: a busy machine still keeps within patience. */
const SHORT_MS = 2_000

/** Real time, but nobody sits through a delay: when a shortened timer rings, the clock jumps to where it was set. */
export class HurriedClock implements Clock {
  readonly #epoch = Date.now()
  readonly #start = performance.now()
  #skipped = 0

  now(): number {
    return Math.round(this.#epoch + this.monotonicMs())
  }

  monotonicMs(): number {
    return performance.now() - this.#start + this.#skipped
  }

  after(delayMs: number, wake: () => void): () => void {
    const due = this.monotonicMs() + delayMs
    const ring = (): void => {
      this.skip(Math.max(0, due - this.monotonicMs()))
      wake()
    }
    const timer = setTimeout(ring, delayMs / (delayMs <= SHORT_MS ? 20 : 4))
    return () => clearTimeout(timer)
  }

  skip(ms: number): void {
    this.#skipped += ms
  }
}
