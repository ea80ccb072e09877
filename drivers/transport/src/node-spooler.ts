// Printers that only the spooler of Windows reaches: every write is one raw job in its queue, and nothing ever comes back.
// The package `koffi` is optional; it calls winspool.drv, and is loaded when a printer is opened.
import { CashdeskError, type Connection, type Transport, type TransportListener } from '@cashdesk/kernel'
import { lost, OPEN_TIMEOUT_MS, openWithin } from './attempt.ts'
import { nodeTimer } from './node-duplex.ts'
import {
  assertPrinter,
  type JobTarget,
  rawJob,
  type SpooledPrinter,
  type Spooler,
  wordsOf,
} from './spooler.ts'
import { type KoffiModule, winspool } from './winspool.ts'

export interface SpoolerOptions {
  /** As Windows shows it; `\\SERVER\PRINTER` for one on another machine. */
  readonly printer: string
  /** What the job is called in the window of the queue; default `Receipt`. */
  readonly title?: string
  /** For messages; `spooler PRINTER` if absent. */
  readonly name?: string
}

/** Loads what calls the spooler. @throws CashdeskError `transport.missing-module`, `config.invalid` elsewhere than on Windows */
export type SpoolerLoader = (name: string) => Promise<Spooler>

/**
 * A printer of Windows' spooler. A write resolves when the spooler has the whole job; whether it is printed, nobody tells.
 * A job that its queue would keep for later (paused, offline, no paper) is not given to it, where Windows knows.
 */
export function spoolerTransport(options: SpoolerOptions): Transport {
  return spoolerTransportFrom(loadSpooler, options)
}

/** As `spoolerTransport`, with the spooler's functions from `load`. */
export function spoolerTransportFrom(load: SpoolerLoader, options: SpoolerOptions): Transport {
  const { printer, title = 'Receipt', name = `spooler ${printer}` } = options
  if (printer === '') throw new CashdeskError('config.invalid', { field: 'printer' })
  return {
    name,
    oneWay: true,
    async open(listener, { timeoutMs = OPEN_TIMEOUT_MS, signal } = {}) {
      const spooler = await load(name)
      await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        () => assertPrinter(spooler, printer, name),
        () => undefined,
      )
      return new SpoolerConnection(spooler, { printer, title, name }, listener)
    },
  }
}

/** The printers of this machine and this user. @throws CashdeskError `transport.missing-module`, `transport.unreachable` */
export async function spooledPrinters(load: SpoolerLoader = loadSpooler): Promise<readonly SpooledPrinter[]> {
  const name = 'spooler'
  const printers = await (await load(name)).enumPrinters()
  if ('value' in printers) return printers.value
  throw new CashdeskError('transport.unreachable', { name, reason: wordsOf(printers.error) })
}

class SpoolerConnection implements Connection {
  readonly #spooler: Spooler
  readonly #to: JobTarget
  readonly #listener: TransportListener
  #open = true
  /** A call that hangs holds up its own job alone: nothing waits behind it. */
  #busy = false

  constructor(spooler: Spooler, to: JobTarget, listener: TransportListener) {
    this.#spooler = spooler
    this.#to = to
    this.#listener = listener
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw lost(this.#to.name, 'closed')
    if (this.#busy) throw new CashdeskError('printer.busy', { reason: 'the spooler holds an earlier job up' })
    this.#busy = true
    try {
      await rawJob(this.#spooler, this.#to, Uint8Array.from(bytes))
    } finally {
      this.#busy = false
    }
  }

  /** What the spooler has stays with it. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#listener.closed()
  }
}

let loading: Promise<Spooler> | undefined

async function loadSpooler(name: string): Promise<Spooler> {
  if (process.platform !== 'win32') {
    throw new CashdeskError('config.invalid', {
      field: 'printer',
      reason: 'this spooler is there on Windows alone',
    })
  }
  loading ??= import('koffi').then((koffi: KoffiModule) => winspool(koffi))
  try {
    return await loading
  } catch (cause) {
    loading = undefined
    throw new CashdeskError(
      'transport.missing-module',
      { name, install: 'npm install koffi@3.3.4' },
      { cause },
    )
  }
}
