// The shop around the register: the host somewhere on the network, and terminal, printer and scanner on the counter.
// Each is a process of its own. What they know lives in the shop's folder and survives them.
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrinterState, ScannerState, TerminalState } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import { Device } from './device.ts'
import { HostClient } from './host.ts'
import { type Program, startProgram } from './program.ts'

const HOST_PROGRAM = import.meta.resolve('@cashdesk/host/main')
const DEVICE_PROGRAM = import.meta.resolve('@cashdesk/hardware-sim/main')

/** Where the register finds everything. */
export interface Addresses {
  readonly host: string
  readonly terminalPort: number
  readonly printerPort: number
  readonly scannerPort: number
}

type DeviceName = 'terminal' | 'printer' | 'scanner'

export class Shop {
  readonly dir: string
  readonly addresses: Addresses
  readonly host: HostClient
  readonly terminal: Device<TerminalState>
  readonly printer: Device<PrinterState>
  readonly scanner: Device<ScannerState>
  readonly #devices: readonly Program[]
  #hostProgram: Program | undefined

  private constructor(dir: string, host: Program, [terminal, printer, scanner]: readonly Started[]) {
    this.dir = dir
    this.#hostProgram = host
    this.#devices = [terminal, printer, scanner].flatMap(started => started?.program ?? [])
    this.host = new HostClient(urlOf(host))
    this.terminal = new Device(terminal?.control ?? '')
    this.printer = new Device(printer?.control ?? '')
    this.scanner = new Device(scanner?.control ?? '')
    this.addresses = {
      host: this.host.url,
      terminalPort: terminal?.port ?? 0,
      printerPort: printer?.port ?? 0,
      scannerPort: scanner?.port ?? 0,
    }
  }

  /** Starts everything at once. @throws CashdeskError `disk.failed`, or `transport.unreachable` naming the program that does not start */
  static async open(dir: string): Promise<Shop> {
    await made(dir)
    const starting = [
      startHost(dir, knownPort(dir)),
      startDevice('terminal', ['--dir', join(dir, 'terminal')]),
      startDevice('printer', ['--out', join(dir, 'receipts')]),
      startDevice('scanner', []),
    ] as const
    try {
      const [host, ...devices] = await Promise.all(starting)
      const shop = new Shop(dir, host, devices)
      // What waits in the till's outbox was addressed when it was sold: next time the host is where it was.
      writeFileSync(portFile(dir), `${JSON.stringify({ hostPort: portOf(shop.host.url) })}\n`)
      return shop
    } catch (thrown) {
      for (const started of await Promise.allSettled(starting)) {
        if (started.status === 'fulfilled')
          await ('program' in started.value ? started.value.program : started.value).stop()
      }
      throw thrown
    }
  }

  /** The host's machine loses its power. */
  async killHost(): Promise<void> {
    await this.#hostProgram?.kill()
    this.#hostProgram = undefined
  }

  get hostIsUp(): boolean {
    return this.#hostProgram !== undefined
  }

  /** It comes back where it was, with the books it had. */
  async startHost(): Promise<void> {
    this.#hostProgram ??= await startHost(this.dir, portOf(this.host.url))
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#devices, ...(this.#hostProgram ? [this.#hostProgram] : [])].map(each => each.stop()),
    )
  }
}

async function made(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true })
  } catch (thrown) {
    throw new CashdeskError('disk.failed', { dir, reason: thrown instanceof Error ? thrown.message : '' })
  }
}

interface Started {
  readonly program: Program
  readonly port: number
  readonly control: string
}

function startHost(dir: string, port: number): Promise<Program> {
  return startProgram({
    name: 'host',
    module: HOST_PROGRAM,
    args: [
      '--port',
      String(port),
      '--store',
      'memory',
      '--snapshot',
      join(dir, 'host.json'),
      '--accidents',
      '--with-parent',
    ],
  })
}

async function startDevice(name: DeviceName, args: readonly string[]): Promise<Started> {
  const program = await startProgram({ name, module: DEVICE_PROGRAM, args: [name, ...args, '--with-parent'] })
  // Boundary: what a simulator says when it is ready is part of its published behaviour.
  const { ports, control } = program.ready as { ports: { tcp: number }; control: string }
  return { program, port: ports.tcp, control }
}

function urlOf(host: Program): string {
  // Boundary: the host's ready line, as documented.
  return (host.ready as { host: string }).host
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}

function portFile(dir: string): string {
  return join(dir, 'shop.json')
}

/** 0, which is any free one, in a new shop. */
function knownPort(dir: string): number {
  try {
    // Boundary: written by this very file.
    return (JSON.parse(readFileSync(portFile(dir), 'utf8')) as { hostPort: number }).hostPort
  } catch {
    return 0
  }
}
