// The simulated payment terminal inside the process that tests it: on the simulated network, in simulated time.
import type { Clock, Json } from '@cashdesk/kernel'
import { peerOf, timingOf } from '../wire.ts'
import type { Peer } from '../world/network.ts'
import type { Accident, DialogueKind } from './accidents.ts'
import type { BookEntry } from './book-entry.ts'
import { Terminal } from './core.ts'
import { type LineOptions, SerialEnd } from './line.ts'
import type { TerminalPoint } from './talk.ts'
import type { TerminalOptions, TerminalState } from './terminal-options.ts'

export interface SimulatedTerminalOptions extends TerminalOptions {
  /** A serial line (DLE framing) on every stream, with its times. */
  readonly serial?: LineOptions
  readonly clock: Clock
  /** Called at each of these moments; it may cut the link, switch the terminal off, or end the till. */
  readonly onPoint?: (point: TerminalPoint, kind: DialogueKind) => void
}

export interface SimulatedTerminal {
  /** For `SimNetwork.transport`. */
  readonly peer: Peer
  /** Every booking so far, oldest first, live: do not keep it across an end of day. */
  readonly books: readonly BookEntry[]
  state(): TerminalState
  /** @throws CashdeskError `sim.usage` */
  accident(name: string, args?: { readonly [name: string]: Json }): Accident
  /** The customer has another card: `girocard`, `mastercard`, `visa`. @throws CashdeskError `sim.usage` */
  present(card: string): void
  /** Breaks the link at once, wherever the dialogue is. */
  cutLink(): void
  /** Off, and on again after `offMs` (default 0). The books stay; what waited for the register is reversed. */
  powerCycle(offMs?: number): void
}

/** Its clock shows UTC unless told otherwise. @throws CashdeskError `sim.usage`, `sim.books` */
export function simulatedTerminal({
  clock,
  onPoint,
  serial,
  ...options
}: SimulatedTerminalOptions): SimulatedTerminal {
  const timing = timingOf(clock)
  const terminal = new Terminal({ utc: true, ...options }, timing, () => undefined, onPoint)
  const line = serial === undefined ? undefined : new SerialEnd(timing, wire => terminal.called(wire), serial)
  terminal.start()
  return {
    peer: peerOf(wire => {
      if (line === undefined) return terminal.called(wire)
      line.connect(wire)
      return true
    }),
    get books() {
      return terminal.books
    },
    state: () => terminal.state(),
    accident: (name, args = {}) => {
      if (line === undefined || !name.startsWith('line-')) return terminal.accident(name, args)
      line.accidents.play(name, args)
      return terminal.state().behaviour
    },
    present: card => terminal.present(card),
    cutLink: () => terminal.cutLink(),
    powerCycle: (offMs = 0) => terminal.powerCycle(offMs),
  }
}
