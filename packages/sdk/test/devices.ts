// Devices that follow a script, for tests of the sdk: they keep books of their own, which the tests read.
import type {
  DeviceHealth,
  DevicePorts,
  OperationId,
  Outcome,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  PaymentOrder,
  Printer,
  PrinterStatus,
  PrintJob,
  Scanner,
  ScannerHost,
  Terminal,
  TerminalAnswer,
  TerminalQuestion,
  TerminalTotals,
} from '@cashdesk/kernel'
import { done, refused, report, unknown } from '@cashdesk/kernel'

/** Something a test lets happen when it wants it. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open = (): void => undefined
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** What the terminal does with the next order. */
export type TerminalAct =
  | 'approve'
  | 'decline'
  | 'lose-booked'
  | 'lose-unbooked'
  | 'absent'
  | { readonly approveMinor: number }
  | { readonly tipMinor: number }
  | { readonly after: Promise<void> }

export interface Booking {
  readonly op: OperationId
  readonly kind: 'pay' | 'refund' | 'reverse'
  readonly facts: PaymentFacts
}

export class ScriptedTerminal implements Terminal {
  readonly family = 'terminal'
  readonly name = 'scripted terminal'
  readonly books: Booking[] = []
  readonly orders: PaymentOrder[] = []
  readonly queries: PaymentExpectation[] = []
  /** Approvals that the till acknowledged. */
  readonly accepted: PaymentFacts[] = []
  script: TerminalAct[] = []
  /** Whether it answers questions about the past. */
  answersQueries: 'yes' | 'no' | 'cannot-tell' = 'yes'
  totalsOffBy = 0
  /** Asked after the slip; whatever comes back is kept. */
  asks: TerminalQuestion | undefined
  readonly told: (TerminalAnswer | 'nobody')[] = []
  /** Nothing more is taken while there is one. */
  unresolved: OperationId | undefined
  #state: DeviceHealth['state'] = 'closed'

  health(): DeviceHealth {
    return { family: 'terminal', name: this.name, state: this.#state, counts: {}, facts: {} }
  }

  async open(ports: DevicePorts): Promise<void> {
    this.#state = 'ready'
    ports.healthChanged(this.health())
  }

  async close(): Promise<void> {
    this.#state = 'closed'
  }

  pay(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#take('pay', order, hooks)
  }

  refund(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#take('refund', order, hooks)
  }

  reverse(order: PaymentOrder, _original: PaymentFacts, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#take('reverse', order, hooks)
  }

  async #take(
    kind: Booking['kind'],
    order: PaymentOrder,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>> {
    if (this.unresolved !== undefined) return refused(report('terminal.blocked'))
    const outcome = await this.#dialogue(kind, order, hooks)
    if (outcome.outcome === 'unknown') this.unresolved = order.op
    return outcome
  }

  /** As real drivers do: what was told by a person, or by a query, is out of the way. */
  settle(op: OperationId): void {
    if (this.unresolved === op) this.unresolved = undefined
  }

  async #dialogue(
    kind: Booking['kind'],
    order: PaymentOrder,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>> {
    this.orders.push(order)
    let act = this.script.shift() ?? 'approve'
    if (act === 'absent') return refused(report('terminal.absent'))
    hooks.onMessage?.('Please insert card')
    if (typeof act === 'object' && 'after' in act) {
      await Promise.race([act.after, aborted(hooks)])
      if (hooks.signal?.aborted) return refused(report('tender.cancelled'))
      act = this.script.shift() ?? 'approve'
    }
    if (act === 'decline') return refused(report('tender.declined'))
    if (act === 'lose-unbooked') return unknown(report('terminal.link-lost'))
    const facts = this.#facts(order, act)
    const verdict = await hooks.onApproval(facts).catch(() => 'reject' as const)
    if (verdict === 'reject') return unknown(report('terminal.rejected-approval'))
    this.accepted.push(facts)
    this.books.push({ op: order.op, kind, facts })
    await hooks.onPrint?.([{ receipt: 'customer', text: 'Card payment' }])
    if (this.asks) this.told.push((await hooks.onQuestion?.(this.asks).catch(() => undefined)) ?? 'nobody')
    return act === 'lose-booked' ? unknown(report('terminal.link-lost')) : done(facts)
  }

  #facts(order: PaymentOrder, act: TerminalAct): PaymentFacts {
    const tip = typeof act === 'object' && 'tipMinor' in act ? act.tipMinor : undefined
    const approved = typeof act === 'object' && 'approveMinor' in act ? act.approveMinor : order.amountMinor
    return {
      amountMinor: approved + (tip ?? 0),
      currency: order.currency,
      trace: String(this.orders.length).padStart(6, '0'),
      maskedPan: '************1234',
      cardName: 'girocard',
      terminalId: '60001234',
      ...(tip === undefined ? {} : { tipMinor: tip }),
    }
  }

  async query(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>> {
    this.queries.push(expected)
    if (this.answersQueries === 'no') return unknown(report('terminal.no-answer'))
    if (this.answersQueries === 'cannot-tell') return unknown(report('terminal.cannot-tell'))
    const booked = this.books.find(({ op }) => op === expected.op)
    this.settle(expected.op)
    return booked ? done(booked.facts) : refused(report('terminal.not-booked'))
  }

  async endOfDay(_op: OperationId, hooks: PaymentHooks): Promise<Outcome<TerminalTotals>> {
    if (this.script.shift() === 'absent') return refused(report('terminal.absent'))
    await hooks.onPrint?.([{ receipt: 'admin', text: 'Day closed' }])
    const totalMinor = this.totalMinor() + this.totalsOffBy
    return done({ totalMinor, currency: 'EUR', counts: {}, facts: {} })
  }

  /** Payments minus what went back. */
  totalMinor(): number {
    return this.books.reduce(
      (sum, { kind, facts }) => sum + (kind === 'pay' ? facts.amountMinor : -facts.amountMinor),
      0,
    )
  }

  async last(): Promise<Outcome<PaymentFacts | null>> {
    return done(this.books.at(-1)?.facts ?? null)
  }
}

function aborted({ signal }: PaymentHooks): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}

export class ScriptedPrinter implements Printer {
  readonly family = 'printer'
  readonly name = 'scripted printer'
  readonly papers: PrintJob[] = []
  kicks = 0
  script: ('print' | 'paper-out' | 'lose-printed' | { readonly after: Promise<void> })[] = []

  health(): DeviceHealth {
    return { family: 'printer', name: this.name, state: 'ready', counts: {}, facts: {} }
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async print(job: PrintJob): Promise<Outcome<PrinterStatus>> {
    const act = this.script.shift() ?? 'print'
    if (act === 'paper-out') return refused(report('printer.paper-out'))
    if (typeof act === 'object') await act.after
    this.papers.push(job)
    return act === 'lose-printed' ? unknown(report('printer.no-answer')) : this.status()
  }

  async kickDrawer(): Promise<Outcome<PrinterStatus>> {
    this.kicks += 1
    return this.status()
  }

  async status(): Promise<Outcome<PrinterStatus>> {
    return done({ online: true, cover: 'closed', paper: 'ok', drawer: 'closed' })
  }

  /** The text of the last paper, block by block. */
  text(): string {
    return JSON.stringify(this.papers.at(-1)?.document.blocks ?? [])
  }
}

export class ScriptedScanner implements Scanner {
  readonly family = 'scanner'
  readonly name = 'scripted scanner'
  #host: ScannerHost | undefined

  health(): DeviceHealth {
    return { family: 'scanner', name: this.name, state: 'ready', counts: {}, facts: {} }
  }

  async open(host: ScannerHost): Promise<void> {
    this.#host = host
  }

  async close(): Promise<void> {
    this.#host = undefined
  }

  scan(text: string, aim?: string): void {
    const at = this.#host?.clock.now() ?? 0
    this.#host?.scanned({ text, source: this.name, at, ...(aim === undefined ? {} : { aim }) })
  }
}
