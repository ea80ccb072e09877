// A scanner on a serial line or on the network: the session's glue to a link, a clock and the till.
import {
  CashdeskError,
  type DeviceHealth,
  type DeviceState,
  type ErrorReport,
  type Scanner,
  type ScannerHost,
  type Stop,
  type Transport,
} from '@cashdesk/kernel'
import { keepOpen, type Link, type SerialOptions, serialTransport, tcpTransport } from '@cashdesk/transport'
import { DEFAULT_TIMEOUT_MS } from './frames.ts'
import { type Framing, type ScanEvent, ScanSession } from './session.ts'

export interface ScannerOptions extends Framing {
  /** For messages, and the `source` of every scan; the transport's name if absent. */
  readonly name?: string
  /** Silence that ends a frame, in ms; default 200. */
  readonly timeoutMs?: number
}

/**
 * A scanner on a serial line (RS-232, USB CDC): `{ path: 'COM3' }`, or on any transport.
 * @throws CashdeskError `config.invalid`
 */
export function serialScanner(
  options: ScannerOptions & (SerialOptions | { readonly transport: Transport }),
): Scanner {
  if ('transport' in options) return new StreamScanner(options.transport, options)
  return new StreamScanner(serialTransport(options), options)
}

/** A scanner that is reached over TCP, itself or through a serial device server. @throws CashdeskError `config.invalid` */
export function tcpScanner(
  options: ScannerOptions & { readonly host: string; readonly port: number },
): Scanner {
  return new StreamScanner(tcpTransport({ host: options.host, port: options.port }), options)
}

/**
 * After the time-out the line is looked at once more before a code counts as cut off: if the process was busy for that
 * long, the rest has arrived and only waits to be read.
 */
const GRACE_MS = 20

class StreamScanner implements Scanner {
  readonly family = 'scanner'
  readonly name: string
  readonly #transport: Transport
  readonly #options: ScannerOptions
  readonly #timeoutMs: number
  #session: ScanSession
  #host: ScannerHost | undefined
  #link: Link | undefined
  #stopTimer: Stop | undefined
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #counts: { scans: number; discards: number; bytes: number } = { scans: 0, discards: 0, bytes: 0 }

  constructor(transport: Transport, options: ScannerOptions) {
    this.#transport = transport
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.name = options.name ?? transport.name
    this.#session = new ScanSession(options)
  }

  async open(host: ScannerHost): Promise<void> {
    await this.close()
    this.#host = host
    this.#session = new ScanSession(this.#options)
    this.#counts = { scans: 0, discards: 0, bytes: 0 }
    this.#become('opening')
    this.#link = keepOpen(
      this.#transport,
      {
        up: () => this.#become('ready'),
        down: error => {
          // What was begun on a lost line will never be finished.
          this.#settle(this.#session.lost())
          this.#become(error.report.retry === 'never' ? 'failed' : 'absent', error.report)
        },
        data: bytes => this.#arrived(bytes),
      },
      { clock: host.clock },
    )
  }

  health(): DeviceHealth {
    const { connects = 0, vain = 0, losses = 0 } = this.#link?.counts ?? {}
    return {
      family: this.family,
      name: this.name,
      state: this.#state,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
      counts: { ...this.#counts, connects, vain, losses },
      facts: {},
    }
  }

  async close(): Promise<void> {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    const link = this.#link
    this.#link = undefined
    await link?.close()
    this.#become('closed')
    this.#host = undefined
  }

  #arrived(bytes: Uint8Array): void {
    this.#counts.bytes += bytes.length
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#tell(this.#session.bytes(bytes))
    if (this.#session.pending)
      this.#await(this.#timeoutMs, () => this.#await(GRACE_MS, () => this.#settle(this.#session.silence())))
  }

  #await(delayMs: number, then: () => void): void {
    this.#stopTimer = this.#host?.clock.after(delayMs, then)
  }

  #settle(events: readonly ScanEvent[]): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#tell(events)
  }

  #tell(events: readonly ScanEvent[]): void {
    for (const event of events) {
      const host = this.#host
      if (host === undefined) return
      if (event.kind === 'scan') {
        this.#counts.scans += 1
        const aim = event.aim === undefined ? {} : { aim: event.aim }
        host.scanned({ text: event.text, ...aim, source: this.name, at: host.clock.now() })
      } else {
        this.#counts.discards += 1
        host.discarded(new CashdeskError(event.code, { source: this.name, bytes: event.bytes }))
      }
    }
  }

  #become(state: DeviceState, trouble?: ErrorReport): void {
    if (state === this.#state && trouble?.code === this.#trouble?.code) return
    this.#state = state
    this.#trouble = trouble
    this.#host?.healthChanged(this.health())
  }
}
