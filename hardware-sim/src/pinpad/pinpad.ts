// The simulated PIN pad on TCP, as a device server puts a serial line on the network.
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import type { Json } from '@cashdesk/kernel'
import { listenOn, type RunningSim } from '../program.ts'
import { realTiming, socketWire } from '../wire.ts'
import { Pad, type PadOptions, type PadState } from './device.ts'

export interface PinpadSimOptions extends PadOptions {
  /** TCP port, 0 (default) for any free one. */
  readonly port?: number
  readonly host?: string
}

export interface PinpadSim extends RunningSim {
  readonly port: number
  state(): PadState
  accident(name: string, args?: { readonly [name: string]: Json }): Promise<PadState>
  active(): readonly string[]
  /** Digits, `E` enter, `C` clear, `X` cancel. @throws CashdeskError `sim.usage` */
  press(keys: string): void
}

/** Starts a PIN pad. @throws CashdeskError `sim.port-in-use`, `sim.usage` */
export async function startPinpadSim(options: PinpadSimOptions = {}): Promise<PinpadSim> {
  let port = options.port ?? 0
  let server: Server | undefined
  const cable = {
    plug: async () => {
      const listening = createServer(socket => {
        if (!pad.called(socketWire(socket, 'close'))) socket.destroy()
      })
      port = await listenOn(listening, port, options.host ?? '127.0.0.1')
      server = listening
    },
    unplug: () => new Promise<void>(resolve => void server?.close(() => resolve())),
  }
  const pad = new Pad(options, realTiming(), cable, randomBytes)
  await pad.plug()
  return {
    sim: 'pinpad',
    ports: { tcp: port },
    port,
    state: () => pad.state(),
    accident: async (name, args = {}) => {
      await pad.accident(name, args)
      return pad.state()
    },
    active: () => pad.active(),
    press: keys => pad.press(keys),
    close: () => pad.unplug(),
  }
}
