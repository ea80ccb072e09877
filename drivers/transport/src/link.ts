// A link keeps one connection to a device open for as long as the driver lives: it opens, notices the loss, waits
// longer after each vain attempt, and opens again. It never repeats a byte: what a driver sent stays its own business.
import {
  CashdeskError,
  type Clock,
  type Connection,
  reportOf,
  type Stop,
  type Transport,
} from '@cashdesk/kernel'
import { lost, OPEN_TIMEOUT_MS } from './attempt.ts'

export interface LinkListener {
  /** A fresh connection: nothing known about the other side holds any more. */
  up(): void
  /** The connection was lost or could not be opened; told after every vain attempt too. */
  down(error: CashdeskError): void
  data(bytes: Uint8Array): void
}

export interface LinkOptions {
  readonly clock: Clock
  /** Default 3000. */
  readonly openTimeoutMs?: number
  /** Pause after the first loss; doubles with each vain attempt. Default 250. */
  readonly firstDelayMs?: number
  /** Longest pause: a device that is plugged in again is found within this time. Default 10000. */
  readonly maxDelayMs?: number
}

export interface LinkCounts {
  readonly connects: number
  /** Attempts to open that came to nothing. */
  readonly vain: number
  readonly losses: number
}

export interface Link {
  readonly isUp: boolean
  /** `failed`: it gave up, because trying again cannot help (a package is missing). */
  readonly state: 'opening' | 'up' | 'down' | 'failed' | 'closed'
  readonly counts: LinkCounts
  /** Resolves when the system took the bytes. @throws CashdeskError `transport.closed` */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the link is up; tries at once if it was pausing. @throws CashdeskError why it is not up in time */
  whenUp(withinMs: number): Promise<void>
  /** Gives the present connection up, because the device makes no sense on it, and opens a new one. */
  drop(cause: CashdeskError): void
  /** Ends it for good; after that the listener hears nothing. */
  close(): Promise<void>
}

/** A connection that lived this long was a good one: the next pause is short again. */
const STEADY_MS = 5000

/** Opens `transport` now and keeps it open. */
export function keepOpen(transport: Transport, listener: LinkListener, options: LinkOptions): Link {
  return new KeptLink(transport, listener, options)
}

/** Pieces kept of what comes before the connection is handed over: a device says a greeting then, no more. */
const MAX_EARLY = 64

class KeptLink implements Link {
  readonly #transport: Transport
  readonly #listener: LinkListener
  readonly #clock: Clock
  readonly #openTimeoutMs: number
  readonly #firstDelayMs: number
  readonly #maxDelayMs: number
  readonly #abort: AbortController = new AbortController()
  readonly #waiting: Set<(error?: CashdeskError) => void> = new Set()
  #state: Link['state'] = 'opening'
  #connection: Connection | undefined
  #stopPause: Stop | undefined
  #opening: Promise<void> = Promise.resolve()
  #delayMs: number
  #upSinceMs = 0
  #reason: CashdeskError
  #counts: { connects: number; vain: number; losses: number } = { connects: 0, vain: 0, losses: 0 }

  constructor(transport: Transport, listener: LinkListener, options: LinkOptions) {
    this.#transport = transport
    this.#listener = listener
    this.#clock = options.clock
    this.#openTimeoutMs = options.openTimeoutMs ?? OPEN_TIMEOUT_MS
    this.#firstDelayMs = options.firstDelayMs ?? 250
    this.#maxDelayMs = options.maxDelayMs ?? 10_000
    this.#delayMs = this.#firstDelayMs
    this.#reason = new CashdeskError('transport.unreachable', { name: transport.name, reason: 'opening' })
    this.#attempt()
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  get state(): Link['state'] {
    return this.#state
  }

  get counts(): LinkCounts {
    return { ...this.#counts }
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#connection === undefined) throw lost(this.#transport.name, 'not connected')
    await this.#connection.write(bytes)
  }

  whenUp(withinMs: number): Promise<void> {
    if (this.#state === 'up') return Promise.resolve()
    if (this.#state === 'closed' || this.#state === 'failed') return Promise.reject(this.#reason)
    return new Promise((resolve, reject) => {
      const settle = (error?: CashdeskError): void => {
        stop()
        this.#waiting.delete(settle)
        if (error === undefined) resolve()
        else reject(error)
      }
      const stop = this.#clock.after(withinMs, () => settle(this.#reason))
      this.#waiting.add(settle)
      if (this.#stopPause !== undefined) this.#attempt()
    })
  }

  drop(cause: CashdeskError): void {
    const connection = this.#connection
    if (connection === undefined) return
    // Ours no longer: a transport that tells of the end while it closes would have it lost twice.
    this.#connection = undefined
    // The device may take one connection only: the new one waits until the old one is gone.
    this.#opening = connection.close().catch(() => undefined)
    this.#lose(cause)
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#reason = lost(this.#transport.name, 'closed by us')
    this.#abort.abort()
    this.#stopPause?.()
    this.#stopPause = undefined
    this.#settleWaiting(this.#reason)
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close().catch(() => undefined)
    await this.#opening
  }

  #attempt(): void {
    this.#stopPause?.()
    this.#stopPause = undefined
    if (this.#state === 'closed') return
    this.#state = 'opening'
    this.#opening = this.#opening.then(() => this.#open())
  }

  async #open(): Promise<void> {
    if (this.#state === 'closed') return
    let lostEarly: CashdeskError | undefined
    let mine: Connection | undefined
    const isMine = (): boolean => mine !== undefined && this.#connection === mine
    const early: Uint8Array[] = []
    try {
      mine = await this.#transport.open(
        {
          data: bytes => {
            if (isMine()) this.#listener.data(bytes)
            else if (mine === undefined && early.length < MAX_EARLY) early.push(bytes)
          },
          closed: cause => {
            const reason = cause ?? lost(this.#transport.name, 'ended')
            if (isMine()) this.#lose(reason)
            else if (mine === undefined) lostEarly = reason
          },
        },
        { timeoutMs: this.#openTimeoutMs, signal: this.#abort.signal },
      )
    } catch (error) {
      this.#vain(asError(error, this.#transport.name))
      return
    }
    if (this.#isClosed()) {
      await mine.close().catch(() => undefined)
      return
    }
    if (lostEarly !== undefined) this.#vain(lostEarly)
    else this.#up(mine, early)
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #up(connection: Connection, early: readonly Uint8Array[]): void {
    this.#connection = connection
    this.#state = 'up'
    this.#upSinceMs = this.#clock.monotonicMs()
    this.#counts.connects += 1
    this.#listener.up()
    this.#settleWaiting()
    for (const bytes of early) this.#listener.data(bytes)
  }

  #lose(cause: CashdeskError): void {
    this.#connection = undefined
    this.#counts.losses += 1
    if (this.#clock.monotonicMs() - this.#upSinceMs >= STEADY_MS) this.#delayMs = this.#firstDelayMs
    this.#pause(cause)
  }

  #vain(error: CashdeskError): void {
    if (this.#state === 'closed') return
    this.#counts.vain += 1
    if (error.report.retry === 'never') {
      this.#state = 'failed'
      this.#reason = error
      this.#settleWaiting(error)
      this.#listener.down(error)
      return
    }
    this.#pause(error)
  }

  #pause(reason: CashdeskError): void {
    this.#state = 'down'
    this.#reason = reason
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(delayMs * 2, this.#maxDelayMs)
    this.#stopPause = this.#clock.after(delayMs, () => this.#attempt())
    this.#listener.down(reason)
  }

  #settleWaiting(error?: CashdeskError): void {
    for (const settle of [...this.#waiting]) settle(error)
  }
}

function asError(thrown: unknown, name: string): CashdeskError {
  if (thrown instanceof CashdeskError) return thrown
  const { detail } = reportOf(thrown, 'transport.unreachable')
  return new CashdeskError('transport.unreachable', { ...detail, name }, { cause: thrown })
}
