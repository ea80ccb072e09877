// What a register listens to on a till. A listener is the register's code: its mistakes must not stop the till.
import type { DeviceHealth, EpochMs, ErrorReport, Log, Stop, Tap, TerminalPrintLine } from '@cashdesk/kernel'
import type { TaskView } from './view.ts'

export interface TillListeners {
  /** A scan that rang up nothing, when no sale hears it. */
  refused: (error: ErrorReport) => void
  health: (health: DeviceHealth) => void
  tasks: (tasks: readonly TaskView[]) => void
  /** Lines the terminal wants on paper (merchant and customer slips, reports). */
  slip: (lines: readonly TerminalPrintLine[]) => void
  /** A card or phone was held to the reader; `trouble` in it says why less was read than was hoped for. */
  tap: (tap: Tap) => void
  /** A card that was told by `tap` is gone. */
  removed: (gone: { readonly card: string; readonly source: string; readonly at: EpochMs }) => void
}

export class Listeners {
  readonly #log: Log
  readonly #all: { readonly [name in keyof TillListeners]: Set<TillListeners[name]> } = {
    refused: new Set(),
    health: new Set(),
    tasks: new Set(),
    slip: new Set(),
    tap: new Set(),
    removed: new Set(),
  }

  constructor(log: Log) {
    this.#log = log
  }

  add<Name extends keyof TillListeners>(name: Name, listener: TillListeners[Name]): Stop {
    this.#all[name].add(listener)
    return () => void this.#all[name].delete(listener)
  }

  /** Does anybody listen? */
  has(name: keyof TillListeners): boolean {
    return this.#all[name].size > 0
  }

  emit<Name extends keyof TillListeners>(name: Name, value: Parameters<TillListeners[Name]>[0]): void {
    // The set of `name` takes the value of `name`.
    for (const listener of this.#all[name] as Set<(value: unknown) => void>) {
      try {
        listener(value)
      } catch (thrown) {
        this.#log('error', 'A listener threw.', {
          reason: thrown instanceof Error ? thrown.message : String(thrown),
        })
      }
    }
  }
}
