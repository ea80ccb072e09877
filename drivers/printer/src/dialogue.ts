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
import { ASK_MODEL, automaticStatus } from './frames.ts'
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
/** What was owed from a lost job arrives directly before the answer to a new question, within this time. */
const ADJACENT_MS = 300

export class Dialogue {
  readonly #options: DialogueOptions
  readonly #session: PrinterSession
  readonly #listener: DialogueListener
  readonly #link: Link
  readonly #ears: Set<(heard: Heard) => void> = new Set()
  #jobs = 0
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

  /** Sends a job with the question behind it, and waits for its answer: nothing else makes it done. */
  async send(bytes: Uint8Array, timeoutMs: number): Promise<Outcome<PrinterStatus>> {
    if (!this.#link.isUp) return refused(report('printer.absent', { reason: 'link lost' }))
    if (!this.#options.profile.answers) {
      const reason = (await this.wrote(bytes)) ? 'this printer cannot answer' : 'link lost'
      return unknown(report('printer.no-answer', { reason }))
    }
    this.#jobs += 1
    const job = this.#jobs
    const end = this.#until(timeoutMs, heard => this.#judge(heard, job))
    const stopPolling = this.#poll()
    void this.#link.write(joined(bytes, this.#session.askEnd(job))).catch((error: unknown) => {
      this.#hear({ kind: 'down', error: asLost(error) })
    })
    const outcome = await end
    stopPolling()
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

  /** Asks for the status, or joins whoever is asking. A printer that does not answer gets a fresh connection. */
  async #asked(): Promise<boolean> {
    const answer = this.#until(this.#options.statusTimeoutMs, heard =>
      heard.kind === 'status' ? true : heard.kind === 'down' ? false : undefined,
    )
    if (!this.#session.asking) void this.#link.write(this.#session.askStatus()).catch(() => undefined)
    const answered = await answer
    if (answered === undefined) {
      this.#link.drop(new CashdeskError('printer.no-answer', { reason: 'no status answer' }))
    }
    return answered === true
  }

  /**
   * If an earlier job's end was never heard, the printer may still be at it, or was switched off in between. A question
   * behind everything tells: no new job is mixed with an old one's answer.
   */
  async #settled(): Promise<ErrorReport | undefined> {
    if (this.#session.owed === 0) return undefined
    const first = this.#until(this.#options.statusTimeoutMs, ({ kind }) =>
      kind === 'ended' ? true : undefined,
    )
    await this.wrote(this.#session.askEnd(0))
    if ((await first) !== true) return report('printer.busy', { reason: 'an earlier job is not finished' })
    if (this.#session.owed > 0) {
      await this.#until(ADJACENT_MS, () => (this.#session.owed === 0 ? true : undefined))
    }
    this.#session.forgetEnds()
    return undefined
  }

  /** What something heard says about the running job; undefined if nothing yet. */
  #judge(heard: Heard, job: number): Outcome<PrinterStatus> | undefined {
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
    await this.wrote(Uint8Array.from([...(mask === 0 ? [] : automaticStatus(mask)), ...ASK_MODEL]))
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
