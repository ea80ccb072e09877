// The simulated payment terminal on TCP. As a library: `startTerminalSim`; as a process: `terminal/program.ts`.
import type { Json } from '@cashdesk/kernel'
import type { RunningSim } from '../program.ts'
import { realTiming, socketWire } from '../wire.ts'
import type { Accident } from './accidents.ts'
import { Terminal, type TerminalOptions, type TerminalState } from './core.ts'
import { Door } from './door.ts'

export interface TerminalSimOptions extends TerminalOptions {
  /** 0 (default) takes any free port. */
  readonly port?: number
  readonly host?: string
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export interface TerminalSim extends RunningSim {
  readonly port: number
  state(): TerminalState
  accident(name: string, args?: { readonly [name: string]: Json }): Accident
}

/** @throws CashdeskError `sim.usage`, `sim.port-in-use`, `sim.books` */
export async function startTerminalSim(options: TerminalSimOptions = {}): Promise<TerminalSim> {
  const terminal = new Terminal(options, realTiming(options.now), isShut => {
    if (isShut) door.shut()
    else void door.reopen()
  })
  const door = new Door(options.host, socket => void terminal.called(socketWire(socket, 'end')))
  await door.open(options.port ?? 0)
  terminal.start()
  return {
    sim: 'terminal',
    port: door.port,
    ports: { tcp: door.port },
    state: () => terminal.state(),
    active: () => [terminal.state().behaviour.name],
    accident: (name, args) => terminal.accident(name, args),
    close: () => {
      door.close()
      return terminal.close()
    },
  }
}
