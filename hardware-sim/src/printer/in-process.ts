// The simulated receipt printer inside the process that tests it: on the simulated network, in simulated time.
import type { Clock, Json } from '@cashdesk/kernel'
import { peerOf, timingOf } from '../wire.ts'
import type { Peer } from '../world/network.ts'
import { Device, type PrinterOptions, type PrinterState } from './device.ts'
import type { PrinterPoint } from './engine.ts'
import type { PrintedReceipt } from './shelf.ts'

export interface SimulatedPrinterOptions extends PrinterOptions {
  readonly clock: Clock
  /** Called at each of these moments; it may play an accident, or end the till. */
  readonly onPoint?: (point: PrinterPoint) => void
}

export interface SimulatedPrinter {
  /** For `SimNetwork.transport`. */
  readonly peer: Peer
  /** What was cut or torn off so far, oldest first, as far as it is kept. */
  readonly receipts: readonly PrintedReceipt[]
  /** What is printed and still hangs at the printer. */
  readonly uncut: string
  state(): PrinterState
  /** The accidents of the printer's program, `power-cycle {offMs}` among them. @throws CashdeskError `sim.usage` */
  accident(name: string, args?: { readonly [name: string]: Json }): PrinterState
}

/** Receipts that stay readable: more than one simulated day of one lane prints. */
const KEPT_RECEIPTS = 10_000

/** Draws no pictures unless told to: text and codes are what an oracle reads. */
export function simulatedPrinter({ clock, onPoint, ...options }: SimulatedPrinterOptions): SimulatedPrinter {
  const device = new Device(
    { pictures: false, keptReceipts: KEPT_RECEIPTS, ...options },
    timingOf(clock),
    onPoint,
  )
  return {
    peer: peerOf(wire => device.called(wire)),
    get receipts() {
      return device.shelf.receipts
    },
    get uncut() {
      return device.uncut
    },
    state: () => device.state(),
    accident: (name, args = {}) => {
      device.accident(name, args)
      return device.state()
    },
  }
}
