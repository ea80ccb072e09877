// The simulated receipt printer on its network socket.
import { createServer } from 'node:net'
import type { Json } from '@cashdesk/kernel'
import { listenOn, type RunningSim } from '../program.ts'
import { realTiming, socketWire } from '../wire.ts'
import { Device, type PrinterOptions, type PrinterState } from './device.ts'

export interface PrinterSimOptions extends PrinterOptions {
  /** TCP port, 0 (default) for any free one. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Wall clock in ms, for `printedAt`. */
  readonly now?: () => number
}

export interface PrinterSim extends RunningSim {
  readonly port: number
  state(): PrinterState
  accident(name: string, args?: { readonly [name: string]: Json }): PrinterState
  /** The PNG of one of the last 100 receipts. */
  png(number: number): Buffer | undefined
}

/**
 * Starts a printer. @throws CashdeskError `sim.port-in-use`; `sim.usage` for the host or the folder
 */
export async function startPrinterSim(options: PrinterSimOptions = {}): Promise<PrinterSim> {
  const device = new Device(options, realTiming(options.now))
  const server = createServer(socket => {
    if (!device.called(socketWire(socket, 'close'))) socket.destroy()
  })
  const port = await listenOn(server, options.port ?? 0, options.host)
  return {
    sim: 'printer',
    ports: { tcp: port },
    port,
    state: () => device.state(),
    accident: (name, args = {}) => {
      device.accident(name, args)
      return device.state()
    },
    png: number => device.shelf.png(number),
    close: async () => {
      if (!server.listening) return
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      device.close()
      await closed
    },
  }
}
