// The conversation with one printer over a link that is kept open: is it there, is it idle, did it execute the job.
// Every question has a time limit, and every answer is matched with what was asked.
import {
  CashdeskError,
  type Clock,
  done,
  type ErrorReport,
  type Outcome,
  type PrinterStatus,
  refused,
  report,
  reportOf,
  type Transport,
  unknown,
} from '@cashdesk/kernel'
import { keepOpen, type Link, type LinkCounts } from '@cashdesk/transport'
import { automaticStatus } from './frames.ts'
import type { PrinterProfile } from './profile.ts'
import { OVERHEATED, type PrinterEvent, type PrinterSession } from './session.ts'

/** What the conversation tells its owner. */
export interface DialogueListener {
  /** The printer answered on a fresh connection, or says something else than before. */
  ready(): void
  lost(error: CashdeskError): void
  model(text: string): void
}

export interface DialogueOptions {
  readonly transport: Transport
  readonly profile: PrinterProfile
  readonly session: PrinterSession
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly statusTimeoutMs: number
}

type Heard = PrinterEvent | { readonly kind: 'down'; readonly error: CashdeskError }

/** An idle connection may be dead; a fresh one that does not answer either is an absent printer. */
const PRESENCE_ATTEMPTS = 2
/** While a job runs the printer is asked how it is this often; the questions are answered although it is busy. */
const POLL_MS = 500
/** Questions about the model that may have been lost on the way to a restarted printer, before one is answered. */
const FENCE_ATTEMPTS = 4
/** More than any command has before its data: a length that broke off ends in zeros, and not in what is sent next. */
const HEADER_PADDING: Uint8Array = new Uint8Array(16)
/** The most data that a length of two bytes announces. */
const MAX_PADDING_BYTES = 65_536

export class Dialogue {
  readonly #options: DialogueOptions
  readonly #session: PrinterSession
  readonly #listener: DialogueListener
  readonly #link: Link
  readonly #ears: Set<(heard: Heard) => void> = new Set()
  #jobs = 0
  /** The longest job whose end was not heard: no command that it left unfinished waits for more bytes. */
  #unfinishedBytes = 0
  #noise = 0
  #closed = false

  /** Connects, and stays connected until `close`. */
  constructor(options: DialogueOptions, listener: DialogueListener) {
    this.#options = options
    this.#session = options.session
    this.#listener = listener
    this.#session.reset()
    this.#link = keepOpen(
      options.transport,
      {
        up: () => void this.#greet(),
        down: error => this.#down(error),
        data: bytes => {
          for (const event of this.#session.bytes(bytes)) this.#hear(event)
        },
      },
      { clock: options.clock },
    )
  }

  get isUp(): boolean {
    return this.#link.isUp
  }

  get counts(): LinkCounts & { readonly noise: number } {
    return { ...this.#link.counts, noise: this.#noise }
  }

  /** Ends every wait and the connection. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#link.close()
    this.#hear({ kind: 'down', error: new CashdeskError('transport.closed', { reason: 'closed by us' }) })
    this.#session.reset()
  }

  /**
   * Connects if need be and asks for the status. Why the printer counts as absent; undefined if it answered. A
   * connection that died while nobody used it is found out only now: nothing was printed on it, so one more is tried.
   */
  async present(): Promise<ErrorReport | undefined> {
    for (let attempt = 1; attempt <= PRESENCE_ATTEMPTS; attempt += 1) {
      try {
        await this.#link.whenUp(this.#options.connectTimeoutMs)
      } catch (error) {
        return report('printer.absent', { reason: reportOf(error, 'transport.unreachable').code })
      }
      if (!this.#options.profile.answers || (await this.#asked())) return undefined
    }
    return report('printer.absent', { reason: 'no status answer' })
  }

  /** Why nothing should be printed now; undefined if it may. */
  async ready(): Promise<ErrorReport | undefined> {
    return (await this.present()) ?? this.#session.status.trouble ?? (await this.#settled())
  }

  /**
   * Sends a job with the question behind it, and waits for its answer: nothing else makes it done. The same question
   * stands `checkpoints` times inside the job, and each must be answered, too: a printer that was switched off and on
   * in the middle would otherwise answer for a receipt of which it printed the end alone.
   */
  async send(bytes: Uint8Array, timeoutMs: number, checkpoints = 0): Promise<Outcome<PrinterStatus>> {
    if (!this.#link.isUp) return refused(report('printer.absent', { reason: 'link lost' }))
    if (!this.#options.profile.answers) return this.#handedOver(bytes, timeoutMs)
    this.#jobs += 1
    const job = this.#jobs
    let open = checkpoints + 1
    const end = this.#until(timeoutMs, heard => {
      if (heard.kind === 'ended' && heard.job === job) open -= 1
      return this.#judge(heard, job, open)
    })
    const stopPolling = this.#poll()
    for (let asked = 0; asked < checkpoints; asked += 1) this.#session.askEnd(job)
    void this.#link.write(joined(bytes, this.#session.askEnd(job))).catch((error: unknown) => {
      this.#hear({ kind: 'down', error: asLost(error) })
    })
    const outcome = await end
    stopPolling()
    this.#unfinishedBytes = open > 0 ? Math.max(this.#unfinishedBytes, bytes.length) : 0
    return outcome ?? unknown(report('printer.no-answer', { reason: 'timeout', timeoutMs }))
  }

  /** Did the system take `bytes`? */
  async wrote(bytes: Uint8Array): Promise<boolean> {
    const down = this.#until(this.#options.statusTimeoutMs, heard =>
      heard.kind === 'down' ? false : undefined,
    )
    const written = this.#link.write(bytes).then(
      () => true,
      () => false,
    )
    return (await Promise.race([written, down])) === true
  }

  /**
   * To a printer that cannot answer: that its bytes were taken proves nothing. Only a transport that says that it took
   * none of them lets the job count as not printed.
   */
  async #handedOver(bytes: Uint8Array, timeoutMs: number): Promise<Outcome<PrinterStatus>> {
    const down = this.#until(timeoutMs, heard => (heard.kind === 'down' ? heard.error : undefined))
    const written = this.#link.write(bytes).then(() => 'taken' as const, asLost)
    const end = (await Promise.race([written, down])) ?? 'timeout'
    if (end === 'taken') return unknown(report('printer.no-answer', { reason: 'this printer cannot answer' }))
    if (end === 'timeout') return unknown(report('printer.no-answer', { reason: end, timeoutMs }))
    const { code, outcome, detail } = end.report
    if (outcome !== 'none') return unknown(report('printer.no-answer', { reason: code }))
    if (code.startsWith('printer.')) return refused(end.report)
    return refused(report('printer.absent', { ...detail, reason: code }))
  }

  /** Asks for the status, or joins whoever is asking. A printer that does not answer gets a fresh connection. */
  async #asked(): Promise<boolean> {
    const answer = this.#until(this.#options.statusTimeoutMs, heard =>
      heard.kind === 'status' ? true : heard.kind === 'down' ? false : undefined,
    )
    if (!this.#session.asking) void this.#link.write(this.#session.askStatus()).catch(() => undefined)
    const answered = await answer
    if (answered === undefined) {
      this.#link.drop(new CashdeskError('printer.absent', { reason: 'no status answer' }))
    }
    return answered === true
  }

  /**
   * If an earlier job's end was never heard, the printer may still be at it, was switched off in between, or lost the
   * connection in the middle of a command whose data it still waits for. Only when a question behind everything is
   * answered is a new job sent: none is mixed with an old one's answers, or swallowed by its data.
   */
  async #settled(): Promise<ErrorReport | undefined> {
    if (this.#session.owed === 0) return undefined
    await this.wrote(HEADER_PADDING)
    if (await this.#through()) return undefined
    if (this.#unfinishedBytes > 0) {
      // Nothing is printed for NUL, and as many as the job had bytes complete every command that it left unfinished;
      // unless its length was lost, too: then more of them, each time.
      const padding = new Uint8Array(this.#unfinishedBytes)
      this.#unfinishedBytes = Math.min(MAX_PADDING_BYTES, 2 * this.#unfinishedBytes)
      await this.wrote(padding)
      if (await this.#through()) return undefined
    }
    return report('printer.busy', { reason: 'an earlier job is not finished' })
  }

  /** Did the printer answer a question behind everything that was sent? Then no earlier end is due any more. */
  async #through(): Promise<boolean> {
    const timeoutMs = this.#options.statusTimeoutMs
    const next = (kind: 'ended' | 'text'): Promise<true | undefined> =>
      this.#until(timeoutMs, heard => (heard.kind === kind || this.#session.owed === 0 ? true : undefined))
    if (this.#session.named) {
      for (let attempt = 1; attempt <= FENCE_ATTEMPTS && this.#session.owed > 0; attempt += 1) {
        const named = next('text')
        await this.wrote(this.#session.askModel())
        if ((await named) !== true) return this.#session.owed === 0
      }
      return this.#session.owed === 0
    }
    // All ends look alike: when one came and then none for a while, ours was among them.
    let ended = next('ended')
    await this.wrote(this.#session.askEnd(0))
    let heard = false
    while ((await ended) === true) {
      heard = true
      if (this.#session.owed === 0) return true
      ended = next('ended')
    }
    if (heard) this.#session.forgetEnds()
    return heard
  }

  /** What something heard says about the running job; undefined if nothing yet. */
  #judge(heard: Heard, job: number, open: number): Outcome<PrinterStatus> | undefined {
    switch (heard.kind) {
      case 'ended':
        if (heard.job !== job) return undefined
        if (heard.paperOut) return unknown(report('printer.paper-out', { during: 'the job' }))
        return open === 0 ? done(this.#session.status) : undefined
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

  #poll(): () => void {
    let stop = (): void => undefined
    const again = (): void => {
      stop = this.#options.clock.after(POLL_MS, ask)
    }
    const ask = (): void => {
      if (!this.#session.asking) void this.#link.write(this.#session.askStatus()).catch(() => undefined)
      again()
    }
    again()
    return () => stop()
  }

  /** A fresh connection: changes are to be reported, the model is asked, the status read again. */
  async #greet(): Promise<void> {
    this.#session.reset()
    const { profile } = this.#options
    if (!profile.answers) return this.#listener.ready()
    const mask = profile.automaticStatus
    const report = Uint8Array.from(mask === 0 ? [] : automaticStatus(mask))
    // A command that the old connection broke off in must not take its length from what comes now.
    if (this.#session.owed > 0) await this.wrote(HEADER_PADDING)
    await this.wrote(joined(report, this.#session.askModel()))
    if (await this.#asked()) this.#listener.ready()
  }

  #down(error: CashdeskError): void {
    this.#session.reset()
    this.#listener.lost(error)
    this.#hear({ kind: 'down', error })
  }

  #hear(heard: Heard): void {
    for (const ear of [...this.#ears]) ear(heard)
    if (this.#closed) return
    if (heard.kind === 'noise') this.#noise += 1
    if (heard.kind === 'text') this.#listener.model(heard.text)
    if (heard.kind === 'told' || heard.kind === 'status') this.#listener.ready()
  }

  /** Waits until `look` makes something of what is heard; undefined if the time passes first. */
  #until<T>(timeoutMs: number, look: (heard: Heard) => T | undefined): Promise<T | undefined> {
    return new Promise(resolve => {
      const settle = (value: T | undefined): void => {
        stop()
        this.#ears.delete(ear)
        resolve(value)
      }
      const ear = (heard: Heard): void => {
        const value = look(heard)
        if (value !== undefined) settle(value)
      }
      const stop = this.#options.clock.after(timeoutMs, () => settle(undefined))
      this.#ears.add(ear)
    })
  }
}

/** States from which a printer comes back by itself and prints on: the job waits, within its time. */
export function passes({ code, detail }: ErrorReport): boolean {
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
