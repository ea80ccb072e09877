// The simulated barcode scanner on TCP, as a device server puts a serial line on the network.
import { createServer, type Server } from 'node:net'
import type { Json } from '@cashdesk/kernel'
import { listenOn, type RunningSim } from '../program.ts'
import { realTiming, socketWire } from '../wire.ts'
import type { Terminator } from './codes.ts'
import { Device, type ScannerOptions, type ScannerState } from './device.ts'

export interface ScannerSimOptions extends ScannerOptions {
  /** TCP port, 0 (default) for any free one. */
  readonly port?: number
  readonly host?: string
  /** Wall clock in ms. */
  readonly now?: () => number
}

export interface ScannerSim extends RunningSim {
  readonly port: number
  state(): ScannerState
  accident(name: string, args?: { readonly [name: string]: Json }): Promise<ScannerState>
  /**
   * Reads `code` (`<GS>` stands for FNC1). Resolves with the number of registers it was sent to.
   * @throws CashdeskError `sim.usage` for an empty or endless code
   */
  scan(code: string, how?: { readonly aim?: string; readonly terminator?: Terminator }): Promise<number>
}

/** Starts a scanner. @throws CashdeskError `sim.port-in-use` */
export async function startScannerSim(options: ScannerSimOptions = {}): Promise<ScannerSim> {
  let port = options.port ?? 0
  let server: Server | undefined
  const device = new Device(options, realTiming(options.now), {
    plug: async () => {
      const listening = createServer(socket => {
        if (!device.called(socketWire(socket, 'close'))) socket.destroy()
      })
      port = await listenOn(listening, port, options.host ?? '127.0.0.1')
      server = listening
    },
    unplug: () => new Promise(resolve => void server?.close(() => resolve())),
  })
  await device.plug()
  return {
    sim: 'scanner',
    ports: { tcp: port },
    port,
    state: () => device.state(),
    active: () => (device.state().plugged ? [] : ['unplug']),
    accident: async (name, args = {}) => {
      await device.accident(name, args)
      return device.state()
    },
    scan: (code, how = {}) => device.scan(code, how),
    close: () => device.unplug(),
  }
}
