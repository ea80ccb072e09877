// The conversation with a Star printer: a job is done when the printer's own counter says so. Every job sets it to 0 and
// raises it, all but once before its first byte and once behind its last: a printer that was switched off and on in between
// began at 0 again and can no longer come that far.
import {
  CashdeskError,
  done,
  type ErrorReport,
  type Outcome,
  type PrinterStatus,
  refused,
  report,
  reportOf,
  unknown,
} from '@cashdesk/kernel'
import { keepOpen, type Link, type LinkCounts } from '@cashdesk/transport'
import { type DialogueListener, type DialogueOptions, passes } from './dialogue.ts'
import {
  STAR_ASK,
  STAR_COUNT,
  STAR_COUNTER_MAX,
  STAR_COUNTER_ZERO,
  STAR_UNASKED_OFF,
  type StarSession,
} from './star-status.ts'

type Heard = { readonly kind: 'status' } | { readonly kind: 'down'; readonly error: CashdeskError }

/** An idle connection may be dead; a fresh one that does not answer either is an absent printer. */
const PRESENCE_ATTEMPTS = 2
/** While a job runs the printer is asked this often; it answers at once, whatever it is doing. */
const POLL_MS = 200
/** A till that ran before this one may have left a job in the buffer, which raises the counter to no more than this. */
const LEFT_BEHIND = 8

export class StarDialogue {
  readonly #options: Omit<DialogueOptions, 'session'>
  readonly #session: StarSession
  readonly #listener: DialogueListener
  readonly #link: Link
  readonly #ears: Set<(heard: Heard) => void> = new Set()
  /** How far what was sent and never confirmed may still raise the counter; 0 when everything is confirmed. */
  #reach = LEFT_BEHIND
  #asking = false
  #noise = 0
  #closed = false

  /** Connects, and stays connected until `close`. */
  constructor(options: Omit<DialogueOptions, 'session'>, session: StarSession, listener: DialogueListener) {
    this.#options = options
    this.#session = session
    this.#listener = listener
    this.#reset()
    this.#link = keepOpen(
      options.transport,
      {
        up: () => void this.#greet(),
        down: error => this.#down(error),
        data: bytes => this.#data(bytes),
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

  async close(): Promise<void> {
    this.#closed = true
    await this.#link.close()
    this.#hear({ kind: 'down', error: new CashdeskError('transport.closed', { reason: 'closed by us' }) })
    this.#reset()
  }

  /** Why the printer counts as absent; undefined if it answered. */
  async present(): Promise<ErrorReport | undefined> {
    for (let attempt = 1; attempt <= PRESENCE_ATTEMPTS; attempt += 1) {
      try {
        await this.#link.whenUp(this.#options.connectTimeoutMs)
      } catch (error) {
        return report('printer.absent', { reason: reportOf(error, 'transport.unreachable').code })
      }
      if (await this.#asked()) return undefined
    }
    return report('printer.absent', { reason: 'no status answer' })
  }

  /** Why nothing should be printed now; undefined if it may. */
  async ready(): Promise<ErrorReport | undefined> {
    return (await this.present()) ?? this.#session.status.trouble ?? (await this.#settled())
  }

  /** Sends a job between its counts, and waits until the counter stands where only the end of this job brings it. */
  async send(bytes: Uint8Array, timeoutMs: number): Promise<Outcome<PrinterStatus>> {
    if (!this.#link.isUp) return refused(report('printer.absent', { reason: 'link lost' }))
    const target = this.#target()
    if (target === undefined) return refused(BUSY)
    this.#reach = target
    const end = this.#until(timeoutMs, heard => this.#judge(heard, target))
    const stopPolling = this.#poll()
    void this.#link.write(counted(bytes, target)).then(
      () => this.#ask(),
      (error: unknown) => this.#hear({ kind: 'down', error: asLost(error) }),
    )
    const outcome = await end
    stopPolling()
    if (outcome?.outcome === 'done') this.#reach = 0
    if (outcome !== undefined) return outcome
    const reason = this.#session.counter === undefined ? 'this printer does not count' : 'timeout'
    return unknown(report('printer.no-answer', { reason, timeoutMs }))
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

  /** While something before may still be printed nothing is sent but counts: when they are in, it is through. */
  async #settled(): Promise<ErrorReport | undefined> {
    if (this.#reach === 0) return undefined
    const outcome = await this.send(new Uint8Array(0), this.#options.statusTimeoutMs)
    if (outcome.outcome === 'done') return undefined
    return this.#session.counter === undefined ? report('printer.error', { reason: NO_COUNTER }) : BUSY
  }

  /** A value that nothing unconfirmed can bring about, and at which the counter does not stand by itself. */
  #target(): number | undefined {
    const next = Math.max(2, this.#reach + 1)
    const target = next === this.#session.counter ? next + 1 : next
    return target > STAR_COUNTER_MAX ? undefined : target
  }

  #judge(heard: Heard, target: number): Outcome<PrinterStatus> | undefined {
    if (heard.kind === 'down') return unknown(report('printer.no-answer', { reason: heard.error.code }))
    const { status, counter } = this.#session
    if (status.trouble !== undefined && !passes(status.trouble)) {
      return unknown(report(status.trouble.code, { ...status.trouble.detail, during: 'the job' }))
    }
    return counter === target ? done(status) : undefined
  }

  async #asked(): Promise<boolean> {
    const answer = this.#until(this.#options.statusTimeoutMs, heard => heard.kind === 'status')
    this.#ask()
    const answered = await answer
    if (answered === undefined) {
      this.#link.drop(new CashdeskError('printer.absent', { reason: 'no status answer' }))
    }
    return answered === true
  }

  #ask(): void {
    if (this.#asking) return
    this.#asking = true
    void this.#link.write(Uint8Array.from(STAR_ASK)).catch(() => undefined)
  }

  #poll(): () => void {
    let stop = (): void => undefined
    const again = (): void => {
      stop = this.#options.clock.after(POLL_MS, () => {
        this.#ask()
        again()
      })
    }
    again()
    return () => stop()
  }

  async #greet(): Promise<void> {
    this.#reset()
    await this.wrote(Uint8Array.from(STAR_UNASKED_OFF))
    if (await this.#asked()) this.#listener.ready()
  }

  #data(bytes: Uint8Array): void {
    const { statuses, noise } = this.#session.bytes(bytes)
    this.#noise += noise
    if (statuses === 0) return
    this.#asking = false
    this.#hear({ kind: 'status' })
    if (!this.#closed) this.#listener.ready()
  }

  #down(error: CashdeskError): void {
    this.#reset()
    this.#listener.lost(error)
    this.#hear({ kind: 'down', error })
  }

  #reset(): void {
    this.#session.reset()
    this.#asking = false
  }

  #hear(heard: Heard): void {
    for (const ear of [...this.#ears]) ear(heard)
  }

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

function counted(bytes: Uint8Array, target: number): Uint8Array {
  const before = Array.from({ length: target - 1 }, () => STAR_COUNT)
  return Uint8Array.from([...STAR_COUNTER_ZERO, ...before, ...bytes, STAR_COUNT])
}

function asLost(error: unknown): CashdeskError {
  return error instanceof CashdeskError ? error : new CashdeskError('transport.closed', {}, { cause: error })
}

const NO_COUNTER = 'its status has no counter'
const BUSY: ErrorReport = report('printer.busy', { reason: 'an earlier job is not finished' })
