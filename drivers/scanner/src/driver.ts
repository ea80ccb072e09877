// A scanner or a stripe reader on a serial line, on the network or on HID: a session's glue to a link, a clock and the
// till.
import type {
  DeviceHealth,
  DeviceState,
  ErrorReport,
  Scanner,
  ScannerHost,
  Stop,
  Transport,
} from '@cashdesk/kernel'
import { keepOpen, type Link, type SerialOptions, serialTransport, tcpTransport } from '@cashdesk/transport'
import { DEFAULT_TIMEOUT_MS } from './frames.ts'
import { HID_LAYOUTS, type HidLayout } from './hid-layout.ts'
import { HidSession } from './hid-session.ts'
import { HID_STRIPE_LAYOUTS, type HidStripeLayout, HidStripeSession } from './hid-stripe.ts'
import { HID_SCANNER, HID_STRIPE, type HidModule, type HidOptions, hidTransport } from './node-hid.ts'
import { type Framing, ScanSession } from './session.ts'
import { tellHost } from './tell.ts'
import type { Reading, ScanEvent } from './text.ts'

export interface ScannerOptions extends Framing {
  /** For messages, and the `source` of every scan; the transport's name if absent. */
  readonly name?: string
  /** Silence that ends a frame, in ms; default 200. */
  readonly timeoutMs?: number
}

export interface HidScannerOptions extends Reading, HidOptions {
  readonly name?: string
  /** Silence after which a code that goes on in another report is given up, in ms; default 200. */
  readonly timeoutMs?: number
}

/** What turns a wire's bytes into codes. */
interface ByteSession {
  readonly pending: boolean
  bytes(chunk: Uint8Array): readonly ScanEvent[]
  silence(): readonly ScanEvent[]
  lost(): readonly ScanEvent[]
}

/**
 * A scanner on a serial line (RS-232, USB CDC): `{ path: 'COM3' }`, or on any transport.
 * @throws CashdeskError `config.invalid`
 */
export function serialScanner(
  options: ScannerOptions & (SerialOptions | { readonly transport: Transport }),
): Scanner {
  const transport = 'transport' in options ? options.transport : serialTransport(options)
  return new StreamScanner(transport, options, () => new ScanSession(options))
}

/**
 * A magnetic stripe reader on a serial line or on any transport, for loyalty and staff cards; payment cards are told
 * as `scanner.payment-card` and go no further. A pause ends a swipe, however many lines it has.
 * @throws CashdeskError `config.invalid`
 */
export function stripeReader(
  options: ScannerOptions & (SerialOptions | { readonly transport: Transport }),
): Scanner {
  return serialScanner({ suffix: 'silence', aim: 'none', cards: 'only', ...options })
}

/**
 * A scanner in HID POS mode, through the optional package `node-hid`. Without it, or where the layout of the reports
 * is neither told by the system nor named, the scanner's health says what to do.
 */
export function hidScanner(options: HidScannerOptions = {}): Scanner {
  return hidScannerFrom(() => import('node-hid'), options)
}

/** As `hidScanner`, with the package loaded by `load`. */
export function hidScannerFrom(load: () => Promise<HidModule>, options: HidScannerOptions = {}): Scanner {
  const hid = hidTransport(load, HID_SCANNER, options)
  const layout = (): HidLayout => hid.layout() ?? HID_LAYOUTS.counted
  return new StreamScanner(hid.transport, options, () => new HidSession(layout(), options))
}

export interface HidStripeOptions
  extends Pick<Reading, 'ownCards'>,
    HidOptions<HidStripeLayout, keyof typeof HID_STRIPE_LAYOUTS> {
  readonly name?: string
}

/**
 * A magnetic stripe reader in HID mode, through the optional package `node-hid`: on usage page 0x8E, or one of MagTek's.
 * Payment cards are told as `scanner.payment-card` and go no further.
 */
export function hidStripeReader(options: HidStripeOptions = {}): Scanner {
  return hidStripeReaderFrom(() => import('node-hid'), options)
}

/** As `hidStripeReader`, with the package loaded by `load`. */
export function hidStripeReaderFrom(load: () => Promise<HidModule>, options: HidStripeOptions = {}): Scanner {
  const hid = hidTransport(load, HID_STRIPE, options)
  const layout = (): HidStripeLayout => hid.layout() ?? HID_STRIPE_LAYOUTS.magtek
  return new StreamScanner(hid.transport, options, () => new HidStripeSession(layout(), options))
}

/** A scanner that is reached over TCP, itself or through a serial device server. @throws CashdeskError `config.invalid` */
export function tcpScanner(
  options: ScannerOptions & { readonly host: string; readonly port: number },
): Scanner {
  const { host, port } = options
  return new StreamScanner(tcpTransport({ host, port }), options, () => new ScanSession(options))
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
  readonly #makeSession: () => ByteSession
  readonly #timeoutMs: number
  /** The one of the present connection. */
  #session: ByteSession | undefined
  #host: ScannerHost | undefined
  #link: Link | undefined
  #stopTimer: Stop | undefined
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #counts: { scans: number; discards: number; bytes: number } = { scans: 0, discards: 0, bytes: 0 }

  constructor(
    transport: Transport,
    options: { readonly name?: string; readonly timeoutMs?: number },
    makeSession: () => ByteSession,
  ) {
    this.#transport = transport
    this.#makeSession = makeSession
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.name = options.name ?? transport.name
  }

  async open(host: ScannerHost): Promise<void> {
    await this.close()
    this.#host = host
    this.#session = undefined
    this.#counts = { scans: 0, discards: 0, bytes: 0 }
    this.#become('opening')
    this.#link = keepOpen(
      this.#transport,
      {
        up: () => {
          this.#session = this.#makeSession()
          this.#become('ready')
        },
        down: error => {
          // What was begun on a lost line will never be finished.
          this.#settle(this.#session?.lost() ?? [])
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
    const session = this.#session
    this.#tell(session?.bytes(bytes) ?? [])
    if (session?.pending === true)
      this.#await(this.#timeoutMs, () => this.#await(GRACE_MS, () => this.#settle(session.silence())))
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
      if (event.kind === 'scan') this.#counts.scans += 1
      else this.#counts.discards += 1
      tellHost(event, host, this.name)
    }
  }

  #become(state: DeviceState, trouble?: ErrorReport): void {
    if (state === this.#state && trouble?.code === this.#trouble?.code) return
    this.#state = state
    this.#trouble = trouble
    this.#host?.healthChanged(this.health())
  }
}
