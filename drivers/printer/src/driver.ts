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
import { tcpTransport } from '@cashdesk/transport'
import { charsetOf } from './charset.ts'
import { Dialogue, type DialogueListener } from './dialogue.ts'
import { type EncodedJob, type EncodeOptions, encodeReceipt } from './encode.ts'
import { questioned } from './escpos-commands.ts'
import { ASK_END, drawerPulse, realtimeDrawerPulse, starDrawerPulse } from './frames.ts'
import { type Glyphs, loadGlyphs } from './glyphs.ts'
import { epson, type PrinterProfile } from './profile.ts'
import { PrinterSession } from './session.ts'
import { StarDialogue } from './star-dialogue.ts'
import { StarSession } from './star-status.ts'

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
   * (`DLE EOT`, `GS r`, `GS a`): their answers would be taken for the driver's own. Questions are put between their lines,
   * as `print` does it, as far as every command before is known. Where more than 2 KB stand together without one, in a
   * single picture or behind an unknown command, the outcome is `unknown` on a serial line: nobody would notice there
   * that the printer was switched off and on meanwhile.
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

/** At 9600 bit/s two seconds: a printer may be off and on again. */
const MAX_UNGUARDED_BYTES = 2048

type Result = Outcome<PrinterStatus>

class StreamPrinter implements EscPosPrinter {
  readonly family = 'printer'
  readonly name: string
  readonly #transport: Transport
  readonly #options: PrinterOptions
  readonly #profile: PrinterProfile
  readonly #session: PrinterSession | StarSession
  #ports: DevicePorts | undefined
  #dialogue: Dialogue | StarDialogue | undefined
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  /** The model, and what is known of the paper: `near-end` is a warning for whoever watches the health. */
  #facts: Facts = {}
  #glyphs: Glyphs | undefined
  /** The paper as it was told last. */
  #told: Facts[string] | undefined
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #counts: { jobs: number; done: number } = { jobs: 0, done: 0 }

  constructor(transport: Transport, options: PrinterOptions) {
    this.#transport = transport
    this.#options = options
    this.#profile = fitting(options.profile ?? epson, transport)
    this.name = options.name ?? transport.name
    const { answers } = this.#profile
    this.#session =
      isStar(this.#profile) && answers ? new StarSession() : new PrinterSession(options.drawer?.openWhen)
    if (isStar(this.#profile) && this.#profile.automaticStatus !== 0) {
      throw new CashdeskError('config.invalid', {
        field: 'profile.automaticStatus',
        reason: 'a Star printer is asked for its status',
      })
    }
    // Says at once if the profile names a code page nobody knows.
    charsetOf(this.#profile)
  }

  async open(ports: DevicePorts): Promise<void> {
    await this.close()
    this.#ports = ports
    this.#counts = { jobs: 0, done: 0 }
    this.#become('opening')
    const options = {
      transport: this.#transport,
      profile: this.#profile,
      clock: ports.clock,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 3000,
      statusTimeoutMs: this.#statusTimeoutMs,
    }
    const session = this.#session
    this.#dialogue =
      session instanceof StarSession
        ? new StarDialogue(options, session, this.#listener())
        : new Dialogue({ ...options, session }, this.#listener())
  }

  #listener(): DialogueListener {
    return {
      ready: () => {
        const { status } = this.#session
        this.#facts = { ...this.#facts, paper: status.paper }
        if (this.#state !== 'busy') this.#become('ready', status.trouble)
      },
      lost: error => this.#become(error.report.retry === 'never' ? 'failed' : 'absent', error.report),
      model: model => {
        this.#facts = { ...this.#facts, model }
      },
    }
  }

  health(): DeviceHealth {
    const { connects = 0, vain = 0, losses = 0, noise = 0 } = this.#dialogue?.counts ?? {}
    return {
      family: this.family,
      name: this.name,
      state: this.#state,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
      counts: { ...this.#counts, noise, connects, vain, losses },
      facts: this.#facts,
    }
  }

  async close(): Promise<void> {
    const dialogue = this.#dialogue
    this.#dialogue = undefined
    await dialogue?.close()
    this.#become('closed')
  }

  async print(job: PrintJob): Promise<Result> {
    const encoded = this.#encode(job)
    if ('bytes' in encoded) {
      return this.#queued(dialogue => this.#printNow(dialogue, encoded.bytes, encoded.checkpoints))
    }
    if (!this.#isDrawable(encoded.error)) return refused(encoded.error)
    return this.#queued(async dialogue => {
      const drawn = await this.#drawn(job, encoded.error)
      if ('error' in drawn) return refused(drawn.error)
      return this.#printNow(dialogue, drawn.bytes, drawn.checkpoints)
    })
  }

  #encode(job: PrintJob): EncodedJob {
    try {
      return encodeReceipt(job.document, this.#profile, {
        ...this.#options,
        copy: job.copy,
        checkpoints: this.#profile.answers && this.#profile.checkpoints !== false,
        ...(this.#glyphs === undefined ? {} : { glyphs: this.#glyphs }),
      })
    } catch (thrown) {
      // Whatever it was: not a byte was sent, and a caller who only heard of an exception could not know that.
      return { error: reportOf(thrown, 'printer.unprintable') }
    }
  }

  #isDrawable({ detail }: ErrorReport): boolean {
    const wanted = this.#options.unprintable === 'image' && this.#glyphs === undefined
    return wanted && detail?.['characters'] !== undefined
  }

  /** The font is loaded when a receipt first needs it: nobody waits a second for a character that never comes. */
  async #drawn(job: PrintJob, why: ErrorReport): Promise<EncodedJob> {
    try {
      this.#glyphs ??= await loadGlyphs()
    } catch (error) {
      const { detail } = reportOf(error, 'transport.missing-module')
      return { error: report('printer.unprintable', { ...detail, ...why.detail }) }
    }
    return this.#encode(job)
  }

  printBytes(bytes: Uint8Array): Promise<Result> {
    const { answers, checkpoints } = this.#profile
    if (!answers || checkpoints === false || isStar(this.#profile))
      return this.#queued(dialogue => this.#printNow(dialogue, bytes))
    const asked = questioned(bytes, ASK_END)
    return this.#queued(async dialogue => {
      const outcome = await this.#printNow(dialogue, asked.bytes, asked.checkpoints)
      const isBlind = this.#transport.staysUp === true && asked.longest > MAX_UNGUARDED_BYTES
      if (outcome.outcome !== 'done' || !isBlind) return outcome
      const reason = 'a part of the job was too long to be sure of it'
      return unknown(report('printer.no-answer', { reason, bytes: asked.longest }))
    })
  }

  kickDrawer(): Promise<Result> {
    return this.#queued(dialogue => this.#kickNow(dialogue))
  }

  async status(): Promise<Result> {
    if (this.#dialogue === undefined) return refused(NOT_OPEN)
    const absent = await this.#dialogue.present()
    return absent === undefined ? done(this.#session.status) : refused(absent)
  }

  /** One job at a time, in the order in which they came; the queue is bounded, and every job in it ends in bounded time. */
  #queued(work: (dialogue: Dialogue | StarDialogue) => Promise<Result>): Promise<Result> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.resolve(refused(report('printer.busy', { waiting: this.#waiting })))
    }
    this.#waiting += 1
    const mine = this.#tail
      .then(() => (this.#dialogue === undefined ? refused(NOT_OPEN) : work(this.#dialogue)))
      .finally(() => {
        this.#waiting -= 1
      })
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  async #printNow(dialogue: Dialogue | StarDialogue, bytes: Uint8Array, checkpoints = 0): Promise<Result> {
    this.#counts.jobs += 1
    const trouble = await dialogue.ready()
    if (trouble !== undefined) return refused(trouble)
    this.#become('busy')
    const timeoutMs = (this.#options.jobTimeoutMs ?? 10_000) + 2 * bytes.length
    const outcome = await dialogue.send(bytes, timeoutMs, checkpoints)
    if (outcome.outcome === 'done') this.#counts.done += 1
    if (dialogue.isUp && this.#state === 'busy') this.#become('ready', this.#session.status.trouble)
    return outcome
  }

  /** While the printer is offline only the realtime pulse works: change must be given although paper is out. */
  async #kickNow(dialogue: Dialogue | StarDialogue): Promise<Result> {
    const { pin = 2, onMs = 50, offMs = 500 } = this.#options.drawer ?? {}
    const star = isStar(this.#profile)
    // Its pulse waits in the buffer: sent to a stopped printer it would open the drawer when nobody expects it.
    const absent = star && this.#profile.answers ? await dialogue.ready() : await dialogue.present()
    if (absent !== undefined) return refused(absent)
    if (star) {
      return dialogue.send(Uint8Array.from(starDrawerPulse(pin, onMs, offMs)), this.#statusTimeoutMs)
    }
    if (this.#session.status.trouble === undefined) {
      return dialogue.send(Uint8Array.from(drawerPulse(pin, onMs, offMs)), this.#statusTimeoutMs)
    }
    if (!(await dialogue.wrote(Uint8Array.from(realtimeDrawerPulse(pin))))) {
      return unknown(report('printer.no-answer', { reason: 'link lost' }))
    }
    return (await dialogue.present()) === undefined
      ? done(this.#session.status)
      : unknown(report('printer.no-answer', { reason: 'no status after the pulse' }))
  }

  get #statusTimeoutMs(): number {
    return this.#options.statusTimeoutMs ?? 2000
  }

  #become(state: DeviceState, trouble?: ErrorReport): void {
    const { paper } = this.#facts
    if (state === this.#state && trouble?.code === this.#trouble?.code && paper === this.#told) return
    this.#state = state
    this.#trouble = trouble
    this.#told = paper
    this.#ports?.healthChanged(this.health())
  }
}

function isStar({ language = 'esc-pos' }: PrinterProfile): boolean {
  return language !== 'esc-pos'
}

/** Where nothing ever comes back, a question would only be one more job in the queue. */
function fitting(profile: PrinterProfile, { oneWay }: Transport): PrinterProfile {
  return oneWay === true ? { ...profile, answers: false, automaticStatus: 0 } : profile
}

const NOT_OPEN: ErrorReport = report('printer.absent', { reason: 'not open' })
