// Who may speak with the terminal: one register at a time, and the accident that nobody can connect.
import type { Wire } from '../wire.ts'

export interface ReceptionEvents {
  /** A register is in; the next one gets in after `left`. */
  readonly entered: (wire: Wire) => void
  /** Sleeps, but no longer than the terminal is switched on. */
  readonly sleep: (ms: number) => Promise<void>
  /** The door is shut, so that nobody can even knock, or open again. */
  readonly shut: (isShut: boolean) => void
}

/** How long a second caller may wait for the first to hang up: a till that reconnects is faster than its FIN. */
const GRACE_MS = 300

export class Reception {
  readonly #events: ReceptionEvents
  #occupied = false
  #caller: Wire | undefined
  #refusals = 0
  #shut = false
  #closed = false

  constructor(events: ReceptionEvents) {
    this.#events = events
  }

  /** Somebody knocks; false when nobody opens. */
  called(wire: Wire): boolean {
    if (this.#shut || this.#closed) return false
    if (!this.#occupied) {
      this.#enter(wire)
      return true
    }
    if (this.#caller !== undefined) {
      wire.end()
      return true
    }
    this.#caller = wire
    void this.#events.sleep(GRACE_MS).then(() => {
      if (this.#caller !== wire) return
      this.#caller = undefined
      wire.end()
    })
    return true
  }

  /** Everybody can connect again. */
  reopen(): void {
    this.#refusals += 1
    this.#turn(false)
  }

  /** Nobody can connect, for `ms` or (0) until `reopen`; resolves true when the time ran out. Who is in stays in. */
  async refuse(ms: number): Promise<boolean> {
    this.#turn(true)
    this.#refusals += 1
    const refusal = this.#refusals
    if (ms === 0) return false
    await this.#events.sleep(ms)
    // Another refusal began meanwhile, and its own time counts.
    if (refusal !== this.#refusals || this.#closed) return false
    this.reopen()
    return true
  }

  /** The register is gone. */
  left(): void {
    this.#occupied = false
    const caller = this.#caller
    this.#caller = undefined
    if (caller !== undefined && !this.#closed) this.#enter(caller)
  }

  /** Who waits need not wait any more. */
  turnAway(): void {
    this.#caller?.end()
    this.#caller = undefined
  }

  close(): void {
    this.#closed = true
    this.turnAway()
  }

  #turn(isShut: boolean): void {
    if (this.#shut === isShut) return
    this.#shut = isShut
    this.#events.shut(isShut)
  }

  #enter(wire: Wire): void {
    this.#occupied = true
    this.#events.entered(wire)
  }
}
