// A customer enters a PIN before a reservation leaves. The encrypted block goes from the pad to the wire and is kept
// nowhere: an entry that was ended, however late the pad answers, gives nothing that could still be sent.
import {
  type CancelSignal,
  CashdeskError,
  type Clock,
  type OperationId,
  type Outcome,
  type PinBlock,
  type Pinpad,
  refused,
  report,
  reportOf,
  type Stop,
} from '@cashdesk/kernel'
import { PIN_ENTRY_MS, PIN_MARGIN_MS } from './device-limits.ts'
import type { PinWanted } from './plugin.ts'

const SHORTEST_MS = 5_000
const LONGEST_MS = 240_000

export interface PinEntriesOptions {
  readonly clock: Clock
  readonly pinpad?: Pinpad
}

export interface PinHooks {
  readonly onMessage: (message: string) => void
  /** The register ends the payment. */
  readonly signal?: CancelSignal
  /** How long the sale waits for the whole reservation: its `profile.reserveLimitMs`. */
  readonly limitMs: number
}

export class PinEntries {
  readonly #options: PinEntriesOptions
  /** Entries under way: one per operation, and the pad takes one at a time. */
  readonly #entries: Map<OperationId, AbortController> = new Map()
  /** The till closes: a pad whose driver does not come back holds nobody up. */
  readonly #closing: Set<() => void> = new Set()

  constructor(options: PinEntriesOptions) {
    this.#options = options
  }

  /**
   * Asks for the PIN. No entry moves money, so there is no `unknown` here: without a block nothing is sent.
   * @param wanted throws what the plugin throws
   */
  async enter(
    op: OperationId,
    wanted: () => PinWanted,
    { onMessage, signal, limitMs }: PinHooks,
  ): Promise<Outcome<PinBlock>> {
    const { pinpad, clock } = this.#options
    if (!pinpad) return refused(report('pinpad.absent', { reason: 'this till has none' }))
    const ending = new AbortController()
    const end = (): void => ending.abort()
    this.#entries.set(op, ending)
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted) end()
    const stops: Stop[] = []
    let closed = (): void => undefined
    try {
      const { withinMs = PIN_ENTRY_MS, ...request } = wantedOf(wanted, limitMs)
      const late = new Promise<Outcome<PinBlock>>(resolve => {
        stops.push(clock.after(withinMs, end))
        closed = () => resolve(refused(report('pinpad.stopped')))
        this.#closing.add(closed)
        // A pad whose driver does not come back is not waited for.
        stops.push(
          clock.after(withinMs + PIN_MARGIN_MS, () =>
            resolve(refused(report('pinpad.no-answer', { withinMs }))),
          ),
        )
      })
      if (ending.signal.aborted) return refused(report('pinpad.stopped'))
      const entered = await Promise.race([
        pinpad.enterPin({ ...request, op }, { onMessage, signal: ending.signal }),
        late,
      ])
      if (entered.outcome !== 'done') return refused(entered.error)
      // It was typed, but nobody waits for it any more: the sale has given it up, and may have released it already.
      return ending.signal.aborted ? refused(report('pinpad.stopped')) : entered
    } catch (thrown) {
      return refused(reportOf(thrown, 'pinpad.no-answer'))
    } finally {
      for (const stop of stops) stop()
      this.#closing.delete(closed)
      signal?.removeEventListener('abort', end)
      this.#entries.delete(op)
    }
  }

  /** Nobody waits for this operation any more. */
  end(op: OperationId): void {
    this.#entries.get(op)?.abort()
  }

  endAll(): void {
    for (const ending of this.#entries.values()) ending.abort()
    for (const closed of this.#closing) closed()
  }
}

/** @throws CashdeskError `plugin.threw`, `plugin.invalid` */
function wantedOf(wanted: () => PinWanted, limitMs: number): PinWanted {
  let asked: PinWanted
  try {
    asked = wanted()
  } catch (thrown) {
    const { code, detail } = reportOf(thrown, 'plugin.threw')
    throw new CashdeskError(code, detail)
  }
  const { withinMs = PIN_ENTRY_MS } = asked
  if (withinMs < SHORTEST_MS || withinMs > LONGEST_MS)
    throw new CashdeskError('plugin.invalid', { problem: `pin.withinMs: ${SHORTEST_MS} to ${LONGEST_MS}` })
  // The sale would give up while the customer still types, and would have to take the request for one that left.
  if (withinMs >= limitMs)
    throw new CashdeskError('plugin.invalid', {
      problem: `profile.reserveLimitMs: more than the ${withinMs} ms that the customer has for the PIN`,
    })
  return asked
}
