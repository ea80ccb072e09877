// The simulated payment terminal inside the process that tests it: on the simulated network, in simulated time.
import type { Clock, Json } from '@cashdesk/kernel'
import { peerOf, timingOf } from '../wire.ts'
import type { Peer } from '../world/network.ts'
import type { Accident, DialogueKind } from './accidents.ts'
import type { BookEntry } from './books.ts'
import { Terminal, type TerminalOptions, type TerminalState } from './core.ts'
import type { TerminalPoint } from './talk.ts'

export interface SimulatedTerminalOptions extends TerminalOptions {
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
  ...options
}: SimulatedTerminalOptions): SimulatedTerminal {
  const terminal = new Terminal({ utc: true, ...options }, timingOf(clock), () => undefined, onPoint)
  terminal.start()
  return {
    peer: peerOf(wire => terminal.called(wire)),
    get books() {
      return terminal.books
    },
    state: () => terminal.state(),
    accident: (name, args) => terminal.accident(name, args),
    present: card => terminal.present(card),
    cutLink: () => terminal.cutLink(),
    powerCycle: (offMs = 0) => terminal.powerCycle(offMs),
  }
}
