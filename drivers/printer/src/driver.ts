// The printer driver: one connection for many jobs, one job at a time, and no job that is called done before the
// printer itself said so.
import {
  CashdeskError,
  type DeviceHealth,
  type DevicePorts,
  type DeviceState,
  done,
  type ErrorReport,
  type Facts,
  type Outcome,
  type Printer,
  type PrinterStatus,
  type PrintJob,
  refused,
  report,
  reportOf,
  type Transport,
  unknown,
} from '@cashdesk/kernel'
import { keepOpen, type Link, tcpTransport } from '@cashdesk/transport'
import { Charset } from './charset.ts'
import { type EncodeOptions, encodeReceipt } from './encode.ts'
import { ASK_MODEL, automaticStatus, drawerPulse, realtimeDrawerPulse } from './frames.ts'
import { epson, type PrinterProfile } from './profile.ts'
import { OVERHEATED, type PrinterEvent, PrinterSession } from './session.ts'

export interface DrawerOptions {
  /** The pin of the connector on which the drawer hangs; default 2. */
  readonly pin?: 2 | 5
  /** Pulse in ms, 2 to 510; default 50 on, 500 off. */
  readonly onMs?: number
  readonly offMs?: number
  /** Level of pin 3 while the drawer is open; depends on its wiring. Default `high`. */
  readonly openWhen?: 'high' | 'low'
}

export interface PrinterOptions extends Pick<EncodeOptions, 'copyText' | 'unprintable'> {
  /** For messages; the transport's name if absent. */
  readonly name?: string
  /** Default `epson`: 80 mm, 42 columns. */
  readonly profile?: PrinterProfile
  readonly drawer?: DrawerOptions
  /** How long a job waits for an absent printer before it is refused; default 3000. */
  readonly connectTimeoutMs?: number
  /** How long the printer has to answer a status question; default 2000. */
  readonly statusTimeoutMs?: number
  /** How long a job may take from its first byte, plus 2 ms for each of its bytes; default 10000. */
  readonly jobTimeoutMs?: number
}

/** A `Printer` that also takes ready-made ESC/POS bytes, for those who have an encoder of their own. */
export interface EscPosPrinter extends Printer {
  /**
   * Prints `bytes` with the same status check, queue and proof as `print`. They must hold no status questions
   * (`DLE EOT`, `GS r`, `GS a`): their answers would be taken for the driver's own.
   */
  printBytes(bytes: Uint8Array): Promise<Outcome<PrinterStatus>>
}

/** A printer on the network, port 9100 unless told otherwise. @throws CashdeskError `config.invalid` */
export function tcpPrinter(
  options: PrinterOptions & { readonly host: string; readonly port?: number },
): EscPosPrinter {
  const { host, port = 9100 } = options
  return new StreamPrinter(tcpTransport({ host, port }), options)
}

/** A printer on any transport: serial line, /dev/usb/lp0. @throws CashdeskError `config.invalid` */
export function printer(options: PrinterOptions & { readonly transport: Transport }): EscPosPrinter {
  return new StreamPrinter(options.transport, options)
}

/** Jobs that may wait behind the one being printed. A till prints two papers per sale: more means that nothing moves. */
const MAX_WAITING = 16
/** An idle connection may be dead; a fresh one that does not answer either is an absent printer. */
const PRESENCE_ATTEMPTS = 2
/** While a job runs the printer is asked how it is this often; the questions are answered although it is busy. */
const POLL_MS = 500
/** What was owed from a lost job arrives directly before the answer to a new question, within this time. */
const ADJACENT_MS = 300

type Heard = PrinterEvent | { readonly kind: 'down'; readonly error: CashdeskError }
type Result = Outcome<PrinterStatus>

class StreamPrinter implements EscPosPrinter {
  readonly family = 'printer'
  readonly name: string
  readonly #transport: Transport
  readonly #options: PrinterOptions
  readonly #profile: PrinterProfile
  readonly #session: PrinterSession
  readonly #ears: Set<(heard: Heard) => void> = new Set()
  #ports: DevicePorts | undefined
  #link: Link | undefined
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #facts: Facts = {}
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #jobs = 0
  #counts: { jobs: number; done: number; noise: number } = { jobs: 0, done: 0, noise: 0 }

  constructor(transport: Transport, options: PrinterOptions) {
    this.#transport = transport
    this.#options = options
    this.#profile = options.profile ?? epson
    this.name = options.name ?? transport.name
    this.#session = new PrinterSession(options.drawer?.openWhen)
    // Says at once if the profile names a code page nobody knows.
    new Charset(this.#profile)
  }

  async open(ports: DevicePorts): Promise<void> {
    await this.close()
    this.#ports = ports
    this.#counts = { jobs: 0, done: 0, noise: 0 }
    this.#become('opening')
    this.#link = keepOpen(
      this.#transport,
      {
        up: () => void this.#greet(),
        down: error => {
          this.#session.reset()
          this.#become(error.report.retry === 'never' ? 'failed' : 'absent', error.report)
          this.#hear({ kind: 'down', error })
        },
        data: bytes => {
          for (const event of this.#session.bytes(bytes)) this.#hear(event)
        },
      },
      { clock: ports.clock },
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
      facts: this.#facts,
    }
  }

  async close(): Promise<void> {
    const link = this.#link
    this.#link = undefined
    await link?.close()
    this.#hear({ kind: 'down', error: new CashdeskError('transport.closed', { reason: 'closed by us' }) })
    this.#session.reset()
    this.#become('closed')
  }

  async print(job: PrintJob): Promise<Result> {
    const encoded = encodeReceipt(job.document, this.#profile, { ...this.#options, copy: job.copy })
    return 'error' in encoded ? refused(encoded.error) : this.printBytes(encoded.bytes)
  }

  printBytes(bytes: Uint8Array): Promise<Result> {
    return this.#queued(() => this.#printNow(bytes))
  }

  kickDrawer(): Promise<Result> {
    return this.#queued(() => this.#kickNow())
  }

  async status(): Promise<Result> {
    const present = await this.#present()
    return present === undefined ? done(this.#session.status) : refused(present)
  }

  /** One job at a time, in the order in which they came; the queue is bounded, and every job in it ends in bounded time. */
  #queued(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.resolve(refused(report('printer.busy', { waiting: this.#waiting })))
    }
    this.#waiting += 1
    const mine = this.#tail.then(work).finally(() => {
      this.#waiting -= 1
    })
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  async #printNow(bytes: Uint8Array): Promise<Result> {
    this.#counts.jobs += 1
    const trouble = await this.#ready()
    if (trouble !== undefined) return refused(trouble)
    this.#become('busy')
    const outcome = await this.#send(bytes, this.#jobTimeoutFor(bytes))
    if (outcome.outcome === 'done') this.#counts.done += 1
    if (this.#link?.isUp === true) this.#become('ready', this.#session.status.trouble)
    return outcome
  }

  /** While the printer is offline only the realtime pulse works: change must be given although paper is out. */
  async #kickNow(): Promise<Result> {
    const { pin = 2, onMs = 50, offMs = 500 } = this.#options.drawer ?? {}
    const absent = await this.#present()
    if (absent !== undefined) return refused(absent)
    if (this.#session.status.trouble === undefined) {
      return this.#send(Uint8Array.from(drawerPulse(pin, onMs, offMs)), this.#statusTimeoutMs)
    }
    if (!(await this.#wrote(Uint8Array.from(realtimeDrawerPulse(pin))))) {
      return unknown(report('printer.no-answer', { reason: 'link lost' }))
    }
    return (await this.#present()) === undefined
      ? done(this.#session.status)
      : unknown(report('printer.no-answer', { reason: 'no status after the pulse' }))
  }

  /** Why nothing should be printed now; undefined if it may. */
  async #ready(): Promise<ErrorReport | undefined> {
    const absent = await this.#present()
    if (absent !== undefined) return absent
    return this.#session.status.trouble ?? (await this.#settled())
  }

  /**
   * Connects if need be and asks for the status. Why the printer counts as absent; undefined if it answered. A
   * connection that died while nobody used it is found out only now: nothing was printed on it, so one more is tried.
   */
  async #present(): Promise<ErrorReport | undefined> {
    for (let attempt = 1; attempt <= PRESENCE_ATTEMPTS; attempt += 1) {
      const link = this.#link
      if (link === undefined) return report('printer.absent', { reason: 'not open' })
      try {
        await link.whenUp(this.#options.connectTimeoutMs ?? 3000)
      } catch (error) {
        return report('printer.absent', { reason: reportOf(error, 'transport.unreachable').code })
      }
      if (!this.#profile.answers || (await this.#asked(link))) return undefined
    }
    return report('printer.absent', { reason: 'no status answer' })
  }

  /** Asks for the status, or joins whoever is asking. A printer that does not answer gets a fresh connection. */
  async #asked(link: Link): Promise<boolean> {
    const answer = this.#until(this.#statusTimeoutMs, heard =>
      heard.kind === 'status' ? true : heard.kind === 'down' ? false : undefined,
    )
    if (!this.#session.asking) void link.write(this.#session.askStatus()).catch(() => undefined)
    const answered = await answer
    if (answered === undefined)
      link.drop(new CashdeskError('printer.no-answer', { reason: 'no status answer' }))
    return answered === true
  }

  /**
   * If an earlier job's end was never heard, the printer may still be at it, or was switched off in between. A question
   * behind everything tells: no new job is mixed with an old one's answer.
   */
  async #settled(): Promise<ErrorReport | undefined> {
    if (this.#session.owed === 0) return undefined
    const first = this.#until(this.#statusTimeoutMs, heard => (heard.kind === 'ended' ? true : undefined))
    await this.#wrote(this.#session.askEnd(0))
    if ((await first) !== true) return report('printer.busy', { reason: 'an earlier job is not finished' })
    if (this.#session.owed > 0) {
      await this.#until(ADJACENT_MS, () => (this.#session.owed === 0 ? true : undefined))
    }
    this.#session.forgetEnds()
    return undefined
  }

  /** Sends a job with the question behind it, and waits for its answer: nothing else makes it done. */
  async #send(bytes: Uint8Array, timeoutMs: number): Promise<Result> {
    const link = this.#link
    if (link === undefined || !link.isUp) return refused(report('printer.absent', { reason: 'link lost' }))
    if (!this.#profile.answers) {
      const reason = (await this.#wrote(bytes)) ? 'this printer cannot answer' : 'link lost'
      return unknown(report('printer.no-answer', { reason }))
    }
    this.#jobs += 1
    const job = this.#jobs
    const end = this.#until(timeoutMs, heard => this.#judge(heard, job))
    const stopPolling = this.#poll(link)
    void link.write(joined(bytes, this.#session.askEnd(job))).catch((error: unknown) => {
      this.#hear({ kind: 'down', error: asLost(error) })
    })
    const outcome = await end
    stopPolling()
    return outcome ?? unknown(report('printer.no-answer', { reason: 'timeout', timeoutMs }))
  }

  /** What something heard says about the running job; undefined if nothing yet. */
  #judge(heard: Heard, job: number): Result | undefined {
    switch (heard.kind) {
      case 'ended':
        if (heard.job !== job) return undefined
        return heard.paperOut
          ? unknown(report('printer.paper-out', { during: 'the job' }))
          : done(this.#session.status)
      case 'down':
        return unknown(report('printer.no-answer', { reason: heard.error.code }))
      case 'status':
      case 'told': {
        const { trouble } = this.#session.status
        if (trouble === undefined || passes(trouble)) return undefined
        return unknown(report(trouble.code, { ...trouble.detail, during: 'the job' }))
      }
      default:
        return undefined
    }
  }

  #poll(link: Link): () => void {
    const clock = this.#ports?.clock
    let stop = (): void => undefined
    const again = (): void => {
      stop = clock?.after(POLL_MS, ask) ?? stop
    }
    const ask = (): void => {
      if (!this.#session.asking && link.isUp)
        void link.write(this.#session.askStatus()).catch(() => undefined)
      again()
    }
    again()
    return () => stop()
  }

  /** A fresh connection: changes are to be reported, the model is asked, the status read again. */
  async #greet(): Promise<void> {
    this.#session.reset()
    const link = this.#link
    if (link === undefined || !this.#profile.answers) return this.#become('ready')
    const mask = this.#profile.automaticStatus
    await this.#wrote(Uint8Array.from([...(mask === 0 ? [] : automaticStatus(mask)), ...ASK_MODEL]))
    if (await this.#asked(link)) this.#become('ready', this.#session.status.trouble)
  }

  #hear(heard: Heard): void {
    if (heard.kind === 'noise') this.#counts.noise += 1
    if (heard.kind === 'text') this.#facts = { model: heard.text }
    for (const ear of [...this.#ears]) ear(heard)
    if ((heard.kind === 'told' || heard.kind === 'status') && this.#state === 'ready') {
      this.#become('ready', this.#session.status.trouble)
    }
  }

  /** Waits until `look` makes something of what is heard; undefined if the time passes first. */
  #until<T>(timeoutMs: number, look: (heard: Heard) => T | undefined): Promise<T | undefined> {
    return new Promise(resolve => {
      const settle = (value: T | undefined): void => {
        stop?.()
        this.#ears.delete(ear)
        resolve(value)
      }
      const ear = (heard: Heard): void => {
        const value = look(heard)
        if (value !== undefined) settle(value)
      }
      const stop = this.#ports?.clock.after(timeoutMs, () => settle(undefined))
      this.#ears.add(ear)
    })
  }

  async #wrote(bytes: Uint8Array): Promise<boolean> {
    const link = this.#link
    if (link === undefined) return false
    const wrote = link.write(bytes).then(
      () => true,
      () => false,
    )
    const down = this.#until(this.#statusTimeoutMs, heard => (heard.kind === 'down' ? false : undefined))
    return (await Promise.race([wrote, down])) === true
  }

  get #statusTimeoutMs(): number {
    return this.#options.statusTimeoutMs ?? 2000
  }

  #jobTimeoutFor(bytes: Uint8Array): number {
    return (this.#options.jobTimeoutMs ?? 10_000) + 2 * bytes.length
  }

  #become(state: DeviceState, trouble?: ErrorReport): void {
    if (state === this.#state && trouble?.code === this.#trouble?.code) return
    this.#state = state
    this.#trouble = trouble
    this.#ports?.healthChanged(this.health())
  }
}

/** States from which a printer comes back by itself and prints on: the job waits, within its time. */
function passes({ code, detail }: ErrorReport): boolean {
  return code === 'printer.error' && (detail?.['reason'] === 'offline' || detail?.['reason'] === OVERHEATED)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}

function asLost(error: unknown): CashdeskError {
  return error instanceof CashdeskError ? error : new CashdeskError('transport.closed', {}, { cause: error })
}
