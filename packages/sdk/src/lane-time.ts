// What time it is for the lane. A clock that is set back must not make a sale wait: what is due was written in the old
// time, so that one goes on, at the speed of the monotonic clock, until nothing is measured by it any more.
import { nextDue } from '@cashdesk/checkout'
import type { Clock, EpochMs } from '@cashdesk/kernel'

/** A smaller step back delays what is due by less than anybody notices. */
const UNNOTICED_MS = 1_000

type Waiting = Parameters<typeof nextDue>[0]

export class LaneTime {
  readonly #clock: Clock
  readonly #lane: Waiting
  #lastAt: EpochMs | undefined
  /** Undefined as long as the last time known is that of a record, from before this process. */
  #lastMonotonicMs: number | undefined

  constructor(clock: Clock, lane: Waiting) {
    this.#clock = clock
    this.#lane = lane
  }

  /** A recorded step was taken at that time. */
  recorded(at: EpochMs): void {
    this.#lastAt = at
  }

  /** The clock's time, which may step forward; it steps back only where nothing waits for its time. */
  now(): EpochMs {
    const monotonicMs = this.#clock.monotonicMs()
    const wall = this.#clock.now()
    const passedMs = monotonicMs - (this.#lastMonotonicMs ?? monotonicMs)
    const goneOn = (this.#lastAt ?? wall) + passedMs
    const setBack = goneOn - wall > UNNOTICED_MS && this.#waits(goneOn)
    const at = setBack ? Math.floor(goneOn) : wall
    // The fraction of a millisecond is kept for the next time.
    this.#lastMonotonicMs = setBack ? monotonicMs - (goneOn - at) : monotonicMs
    this.#lastAt = at
    return at
  }

  /** Something is due at its time, or a reservation runs out at its. */
  #waits(now: EpochMs): boolean {
    if (nextDue(this.#lane) !== undefined) return true
    for (const { state, claims } of this.#lane.live.values()) {
      if (state === 'closed' || state === 'cancelled') continue
      if (claims.some(claim => claim.state === 'reserved' && (claim.expiresAt ?? 0) > now)) return true
    }
    return false
  }
}
