// Opening a device under a time limit and an abort signal: the same rules for every kind of wire.
import { type CancelSignal, CashdeskError } from '@cashdesk/kernel'

/** How long an opening may take unless the caller says otherwise. A till waits no longer than this for a device. */
export const OPEN_TIMEOUT_MS = 3000

export interface OpenLimits {
  /** Transport name, for messages. */
  readonly name: string
  readonly timeoutMs: number
  readonly signal?: CancelSignal | undefined
}

/** Milliseconds → stop function: the timer of the platform, handed in so that this file needs none. */
export type Timer = (delayMs: number, wake: () => void) => () => void

/**
 * Runs one opening. When the limit passes or the caller gives up, `abandon` must release what a late success opens.
 * @throws CashdeskError `transport.timeout`, `transport.unreachable` with `detail.reason`, `transport.missing-module`
 */
export function openWithin<T>(
  limits: OpenLimits,
  timer: Timer,
  start: () => Promise<T>,
  abandon: (opening: Promise<T>) => void,
): Promise<T> {
  const { name, timeoutMs, signal } = limits
  if (signal?.aborted === true) return Promise.reject(unreachable(name, 'aborted'))
  return new Promise((resolve, reject) => {
    const opening = start()
    const giveUp = (error: CashdeskError): void => {
      release()
      abandon(opening)
      reject(error)
    }
    const aborted = (): void => giveUp(unreachable(name, 'aborted'))
    const stop = timer(timeoutMs, () => giveUp(new CashdeskError('transport.timeout', { name, timeoutMs })))
    const release = (): void => {
      stop()
      signal?.removeEventListener('abort', aborted)
    }
    signal?.addEventListener('abort', aborted, { once: true })
    opening.then(
      opened => {
        release()
        resolve(opened)
      },
      (error: unknown) => {
        release()
        reject(error instanceof CashdeskError ? error : unreachable(name, reasonOf(error), error))
      },
    )
  })
}

/** Waits for the end of `work`, but no longer than the limit: a device that does not let go keeps nobody waiting. */
export async function waitAtMost(work: Promise<unknown>, timer: Timer, limitMs: number): Promise<void> {
  let stop = (): void => undefined
  await Promise.race([work, new Promise<void>(resolve => (stop = timer(limitMs, resolve)))])
  stop()
}

function unreachable(name: string, reason: string, cause?: unknown): CashdeskError {
  return new CashdeskError('transport.unreachable', { name, reason }, { cause })
}

export function lost(name: string, reason: string, cause?: unknown): CashdeskError {
  return new CashdeskError('transport.closed', { name, reason }, { cause })
}

/** The system's short code (`ECONNREFUSED`, `ENOENT`) where there is one, else the message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message
}
