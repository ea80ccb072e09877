// The simulated PIN pad inside the process that tests it: on the simulated network, in simulated time.
import { randomBytes } from 'node:crypto'
import type { Clock, Json } from '@cashdesk/kernel'
import { peerOf, timingOf } from '../wire.ts'
import type { Peer } from '../world/network.ts'
import { Pad, type PadOptions, type PadState } from './device.ts'

export interface SimulatedPinpadOptions extends PadOptions {
  readonly clock: Clock
  /** Fills blocks of formats 3 and 4; random unless told otherwise. */
  readonly fill?: (length: number) => Uint8Array
}

export interface SimulatedPinpad {
  /** For `SimNetwork.transport`. */
  readonly peer: Peer
  state(): PadState
  /** Digits, `E` enter, `C` clear, `X` cancel. @throws CashdeskError `sim.usage` */
  press(keys: string): void
  /** The accidents of the pad's program. @throws CashdeskError `sim.usage` */
  accident(name: string, args?: { readonly [name: string]: Json }): Promise<void>
}

/** @throws CashdeskError `sim.usage` */
export function simulatedPinpad({
  clock,
  fill = randomBytes,
  ...options
}: SimulatedPinpadOptions): SimulatedPinpad {
  const cable = { plug: async () => undefined, unplug: async () => undefined }
  const pad = new Pad(options, timingOf(clock), cable, fill)
  void pad.plug()
  return {
    peer: peerOf(wire => pad.called(wire)),
    state: () => pad.state(),
    press: keys => pad.press(keys),
    accident: (name, args = {}) => pad.accident(name, args),
  }
}
