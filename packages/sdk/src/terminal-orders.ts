// Money at a terminal without a till behind it: one attempt at a time, every approval asked for, and no further order
// while nobody knows what became of the last one.
import type {
  CancelSignal,
  Clock,
  ErrorReport,
  OperationId,
  Outcome,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  PaymentOrder,
  Stop,
  Terminal,
} from '@cashdesk/kernel'
import { CashdeskError, minor, refused, report, reportOf, unknown } from '@cashdesk/kernel'
import { TERMINAL_LIMIT_MS } from './device-limits.ts'
import { isKnown } from './last-booked.ts'

/** Minor units, always positive; ISO 4217. */
export interface MoneyOrder {
  readonly amountMinor: number
  readonly currency: string
}

/** The register's part in a payment, refund or reversal. */
export interface MoneyHooks {
  /**
   * The terminal approved and waits. Answer `accept` only when the approval is durable on your side: the terminal
   * books it then. Anything else, an exception included, rejects, and the terminal reverses.
   */
  readonly onApproval: (
    facts: PaymentFacts,
    attempt: PaymentExpectation,
  ) => 'accept' | 'reject' | Promise<'accept' | 'reject'>
  /** Awaited before anything is sent. Keep `attempt`: after a crash `query` needs it. If it throws, nothing is sent. */
  readonly onAttempt?: (attempt: PaymentExpectation) => void | Promise<void>
  /** The terminal asks the cashier something. Absent, throwing, or an answer that does not fit: no. */
  readonly onQuestion?: NonNullable<PaymentHooks['onQuestion']>
  /** Asks the terminal to abort. It may be too late: the outcome tells. */
  readonly signal?: CancelSignal
}

/** `attempt` is what `query` wants if the outcome is `unknown`. */
export type MoneyOutcome = Outcome<PaymentFacts> & { readonly attempt: PaymentExpectation }

export interface TerminalOrdersOptions {
  readonly terminal: Terminal | undefined
  readonly clock: Clock
  readonly newOperation: () => OperationId
  /** Why no device takes anything now. */
  readonly closed: () => ErrorReport | undefined
  /** The register's screen and paper during one order. */
  readonly screen: (op: OperationId, signal: CancelSignal | undefined) => Omit<PaymentHooks, 'onApproval'>
}

/** Undefined: this terminal cannot. */
type Send = (
  terminal: Terminal,
  order: PaymentOrder,
  hooks: PaymentHooks,
) => Promise<Outcome<PaymentFacts>> | undefined

export class TerminalOrders {
  readonly #options: TerminalOrdersOptions
  /** What the terminal booked last, as far as this process knows: evidence for a query. */
  #last: Required<Pick<PaymentExpectation, 'before' | 'beforeAt'>> | undefined
  #unresolved: PaymentExpectation | undefined

  constructor(options: TerminalOrdersOptions) {
    this.#options = options
  }

  get unresolved(): PaymentExpectation | undefined {
    return this.#unresolved
  }

  async order(
    kind: PaymentExpectation['kind'],
    { amountMinor, currency }: MoneyOrder,
    hooks: MoneyHooks,
    send: Send,
    original?: PaymentFacts,
  ): Promise<MoneyOutcome> {
    if (typeof hooks?.onApproval !== 'function')
      throw new CashdeskError('value.malformed', { field: 'onApproval' })
    const { terminal, clock, newOperation, screen } = this.#options
    const op = newOperation()
    const last = this.#last
    let attempt: PaymentExpectation = {
      op,
      kind,
      amountMinor,
      currency,
      startedAt: clock.now(),
      ...last,
      ...(original ? { original } : {}),
    }
    const wrong = amountProblem(amountMinor) ?? this.blocked()
    if (wrong || !terminal) return { ...refused(wrong ?? this.#absent()), attempt }
    await hooks.onAttempt?.(attempt)
    // Something may have happened while the register kept its note.
    const late = this.blocked()
    if (late) return { ...refused(late), attempt }
    const all: PaymentHooks = {
      ...screen(op, hooks.signal),
      ...(hooks.onQuestion ? { onQuestion: hooks.onQuestion } : {}),
      onApproval: async facts => {
        if (isKnown(facts, last?.before)) return 'reject'
        attempt = { ...attempt, approved: facts }
        return (await hooks.onApproval(facts, attempt)) === 'accept' ? 'accept' : 'reject'
      },
    }
    const ready = { op, amountMinor, currency }
    const outcome = await within(clock, TERMINAL_LIMIT_MS, 'terminal.no-answer', () =>
      Promise.resolve(send(terminal, ready, all) ?? refused(report('terminal.cannot'))),
    )
    this.#ended(attempt, outcome)
    return { ...outcome, attempt }
  }

  async query(attempt: PaymentExpectation): Promise<MoneyOutcome> {
    const { terminal, clock, closed } = this.#options
    const wrong = closed()
    if (wrong || !terminal) return { ...unknown(wrong ?? this.#absent()), attempt }
    const outcome = await within(clock, TERMINAL_LIMIT_MS, 'terminal.no-answer', () =>
      terminal.query(attempt),
    )
    this.#ended(attempt, outcome)
    return { ...outcome, attempt }
  }

  /** @throws CashdeskError `value.id` */
  decided(op: OperationId): void {
    if (this.#unresolved?.op !== op) throw new CashdeskError('value.id', { field: 'op' })
    this.#unresolved = undefined
    // Whether that one is the terminal's last transaction is not known here.
    this.#last = undefined
    this.#options.terminal?.settle?.(op)
  }

  #ended(attempt: PaymentExpectation, outcome: Outcome<PaymentFacts>): void {
    if (outcome.outcome === 'unknown') {
      // One attempt is never forgotten over another one that somebody asks about.
      this.#unresolved = this.#unresolved?.op === attempt.op ? attempt : (this.#unresolved ?? attempt)
      return
    }
    if (outcome.outcome === 'done') this.#last = { before: outcome.data, beforeAt: this.#options.clock.now() }
    if (this.#unresolved?.op === attempt.op) this.#unresolved = undefined
  }

  /** Why the terminal takes nothing that would change its books. */
  blocked(): ErrorReport | undefined {
    const open = this.#unresolved && report('terminal.blocked', { op: this.#unresolved.op })
    return this.#options.closed() ?? open
  }

  #absent(): ErrorReport {
    return report('terminal.absent', { reason: 'none configured' })
  }
}

function amountProblem(amountMinor: number): ErrorReport | undefined {
  try {
    if (minor(amountMinor, 'amountMinor') > 0) return undefined
    return report('value.amount', { field: 'amountMinor', value: String(amountMinor) })
  } catch (thrown) {
    return reportOf(thrown, 'value.amount')
  }
}

/** A driver that throws, or never ends, has told nothing: `unknown`. */
export async function within<Data>(
  clock: Clock,
  limitMs: number,
  code: 'terminal.no-answer' | 'printer.no-answer',
  work: () => Promise<Outcome<Data>>,
): Promise<Outcome<Data>> {
  let stop: Stop = () => undefined
  const limit = new Promise<Outcome<Data>>(resolve => {
    stop = clock.after(limitMs, () => resolve(unknown(report(code, { limitMs }))))
  })
  try {
    return await Promise.race([work(), limit])
  } catch (thrown) {
    return unknown(reportOf(thrown, code))
  } finally {
    stop()
  }
}
