// A scanner that types like a keyboard: the register's window hands in its key events, because no driver can open a
// keyboard on every system. The session's glue to a clock and the till.
import type { DeviceHealth, DeviceState, Scanner, ScannerHost, Stop } from '@cashdesk/kernel'
import { tellHost } from './tell.ts'
import type { ScanEvent } from './text.ts'
import { type KeyPress, type WedgeOptions, WedgeSession } from './wedge-session.ts'

export interface WedgeScanner {
  /** To be handed to the till. */
  readonly scanner: Scanner
  /** Takes one `keydown` of the register's window; before the till is open, and after it is closed, for nothing. */
  key(press: KeyPress): void
}

/** @throws CashdeskError `config.invalid` */
export function wedgeScanner(options: WedgeOptions & { readonly name?: string } = {}): WedgeScanner {
  const scanner = new Wedge(options)
  return { scanner, key: press => scanner.key(press) }
}

class Wedge implements Scanner {
  readonly family = 'scanner'
  readonly name: string
  readonly #options: WedgeOptions
  #session: WedgeSession
  #host: ScannerHost | undefined
  #state: DeviceState = 'closed'
  #stopTimer: Stop | undefined
  #counts: { scans: number; discards: number; keys: number } = { scans: 0, discards: 0, keys: 0 }

  constructor(options: WedgeOptions & { readonly name?: string }) {
    this.#options = options
    this.name = options.name ?? 'keyboard'
    this.#session = new WedgeSession(options)
  }

  async open(host: ScannerHost): Promise<void> {
    await this.close()
    this.#host = host
    this.#session = new WedgeSession(this.#options)
    this.#counts = { scans: 0, discards: 0, keys: 0 }
    this.#become('ready')
  }

  health(): DeviceHealth {
    return {
      family: this.family,
      name: this.name,
      state: this.#state,
      counts: { ...this.#counts },
      facts: {},
    }
  }

  async close(): Promise<void> {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#become('closed')
    this.#host = undefined
  }

  key(press: KeyPress): void {
    const host = this.#host
    if (host === undefined) return
    this.#counts.keys += 1
    this.#stopTimer?.()
    this.#stopTimer = undefined
    const session = this.#session
    this.#tell(session.key(press))
    if (session.pending) {
      this.#stopTimer = host.clock.after(session.endMs, () => this.#tell(session.silence()))
    }
  }

  #tell(events: readonly ScanEvent[]): void {
    for (const event of events) {
      const host = this.#host
      if (host === undefined) return
      if (event.kind === 'scan') this.#counts.scans += 1
      else this.#counts.discards += 1
      tellHost(event, host, this.name)
    }
  }

  #become(state: DeviceState): void {
    if (state === this.#state) return
    this.#state = state
    this.#host?.healthChanged(this.health())
  }
}
