// The simulated barcode scanner inside the process that tests it: on the simulated network, in simulated time.
import type { Clock, Json } from '@cashdesk/kernel'
import { peerOf, timingOf } from '../wire.ts'
import type { Peer } from '../world/network.ts'
import type { Terminator } from './codes.ts'
import { Device, type ScannerOptions, type ScannerState } from './device.ts'

export interface SimulatedScannerOptions extends ScannerOptions {
  readonly clock: Clock
}

export interface SimulatedScanner {
  /** For `SimNetwork.transport`. */
  readonly peer: Peer
  state(): ScannerState
  /**
   * Reads `code` (`<GS>` stands for FNC1). The bytes are on their way when it returns, or, behind a reading that
   * dribbles, as soon as that one is through. @throws CashdeskError `sim.usage`
   */
  scan(code: string, how?: { readonly aim?: string; readonly terminator?: Terminator }): Promise<number>
  /** The accidents of the scanner's program. @throws CashdeskError `sim.usage` */
  accident(name: string, args?: { readonly [name: string]: Json }): Promise<void>
}

export function simulatedScanner({ clock, ...options }: SimulatedScannerOptions): SimulatedScanner {
  const cable = { plug: async () => undefined, unplug: async () => undefined }
  const device = new Device(options, timingOf(clock), cable)
  void device.plug()
  return {
    peer: peerOf(wire => device.called(wire)),
    state: () => device.state(),
    scan: (code, how = {}) => device.scan(code, how),
    accident: (name, args = {}) => device.accident(name, args),
  }
}
