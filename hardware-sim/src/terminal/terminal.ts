// The simulated payment terminal on TCP, or on a serial line: bare over TCP, or as a pseudo terminal. As a library:
// `startTerminalSim`; as a process: `terminal/program.ts`.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { RunningSim } from '../program.ts'
import { openPty, type Pty } from '../scanner/pty.ts'
import { realTiming, socketWire } from '../wire.ts'
import type { Accident } from './accidents.ts'
import { Terminal } from './core.ts'
import { Door } from './door.ts'
import { type LineOptions, type LineState, SerialEnd } from './line.ts'
import type { TerminalOptions, TerminalState } from './terminal-options.ts'

export interface TerminalSimOptions extends TerminalOptions {
  /** 0 (default) takes any free port. */
  readonly port?: number
  readonly host?: string
  /** A serial line instead of TCP: DLE framing on every connection (as a device server brings it), with its times. */
  readonly serial?: LineOptions
  /** A serial line as the device file at this path; needs socat or python3. */
  readonly pty?: string
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export interface TerminalSim extends RunningSim {
  readonly port: number
  /** With `line` where it has a serial one. */
  state(): TerminalState & { readonly line?: LineState }
  /** Answers the behaviour that is in force, whatever happens to the line. */
  accident(name: string, args?: { readonly [name: string]: Json }): Accident
}

/** @throws CashdeskError `sim.usage`, `sim.port-in-use`, `sim.books` */
export async function startTerminalSim(options: TerminalSimOptions = {}): Promise<TerminalSim> {
  const timing = realTiming(options.now)
  const terminal = new Terminal(options, timing, isShut => {
    if (isShut) door.shut()
    else void door.reopen()
  })
  const isSerial = options.serial !== undefined || options.pty !== undefined
  const serial = isSerial ? new SerialEnd(timing, wire => terminal.called(wire), options.serial) : undefined
  const door = new Door(options.host, socket => {
    const wire = socketWire(socket, 'end')
    if (serial === undefined) terminal.called(wire)
    else serial.connect(wire)
  })
  await door.open(options.port ?? 0)
  const pty = options.pty === undefined ? undefined : await plugged(options.pty, door)
  terminal.start()
  return {
    sim: 'terminal',
    port: door.port,
    ports: pty === undefined ? { tcp: door.port } : { pty: pty.path },
    ...(pty === undefined ? {} : { notes: pty.notes }),
    state: () => ({ ...terminal.state(), ...(serial && { line: serial.state }) }),
    active: () => {
      const { behaviour, needs } = terminal.state()
      return [behaviour.name, ...(needs === null ? [] : ['needs']), ...(serial?.accidents.active() ?? [])]
    },
    accident: (name, args = {}) => {
      if (!name.startsWith('line-')) return terminal.accident(name, args)
      if (serial === undefined)
        throw new CashdeskError('sim.usage', { accident: name, reason: 'no serial line' })
      serial.accidents.play(name, args)
      return terminal.state().behaviour
    },
    close: async () => {
      await pty?.close()
      door.close()
      await terminal.close()
    },
  }
}

async function plugged(path: string, door: Door): Promise<Pty> {
  try {
    return await openPty(path, door.port)
  } catch (thrown) {
    door.close()
    throw thrown
  }
}
