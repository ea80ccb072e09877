// Devices without a till: for a register that keeps its own basket, payments and journal, and wants its scanner,
// terminal and printer to be spoken to properly. Nothing here is durable: that is the register's own affair.
import type {
  CancelSignal,
  Clock,
  DeviceHealth,
  DevicePorts,
  ErrorReport,
  Log,
  OperationId,
  Outcome,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  PaymentOrder,
  Printer,
  PrinterStatus,
  Random,
  ReceiptBlock,
  ReceiptDocument,
  Scan,
  Scanner,
  Stop,
  Terminal,
  TerminalPrintLine,
  TerminalTotals,
} from '@cashdesk/kernel'
import { CashdeskError, minor, newId, refused, report, reportOf, unknown } from '@cashdesk/kernel'
import { nodeClock, nodeRandom } from './node-ports.ts'

export interface DevicesOptions {
  readonly scanner?: Scanner | readonly Scanner[]
  readonly terminal?: Terminal
  readonly printer?: Printer
  readonly log?: Log
  /** The world, for simulation and tests. Node's if absent. */
  readonly ports?: { readonly clock?: Clock; readonly random?: Random }
}

/** What a register hears of its devices. */
export interface DeviceListeners {
  scan: (scan: Scan) => void
  /** Something arrived that is no code; scan again. */
  discarded: (error: ErrorReport) => void
  health: (health: DeviceHealth) => void
  /** What the terminal displays while it works. */
  message: (message: { readonly op: OperationId; readonly text: string }) => void
  /**
   * Lines that the terminal wants on paper. They are acknowledged when every listener has returned or resolved; while
   * nobody listens, or if one throws, the terminal is told that nothing was printed. A terminal that prints by itself
   * sends none (`printsReceipts: false`).
   */
  slip: (slip: {
    readonly op: OperationId
    readonly lines: readonly TerminalPrintLine[]
  }) => void | Promise<void>
}

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
  /** Asks the terminal to abort. It may be too late: the outcome tells. */
  readonly signal?: CancelSignal
}

/** `attempt` is what `query` wants if the outcome is `unknown`. */
export type MoneyOutcome = Outcome<PaymentFacts> & { readonly attempt: PaymentExpectation }

/** Drivers end every order by themselves; these are the second line, far beyond any real dialogue. */
const TERMINAL_LIMIT_MS = 900_000
const PRINTER_LIMIT_MS = 120_000

/**
 * Opens the devices and resolves at once; whether they are there is told by `health`. The register is asked about every
 * approval (`onApproval`), and keeps what must survive a crash. One process at a time may hold a device.
 * @throws CashdeskError what a driver says to an impossible configuration
 */
export async function openDevices(options: DevicesOptions): Promise<Devices> {
  const devices = new Devices(options)
  try {
    await devices.open()
    return devices
  } catch (thrown) {
    await devices.close()
    throw thrown
  }
}

/** Open devices. Money operations answer `done | refused | unknown` and throw only for misuse. */
export class Devices {
  readonly #options: DevicesOptions
  readonly #scanners: readonly Scanner[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Log
  readonly #ears: { readonly [name in keyof DeviceListeners]: Set<DeviceListeners[name]> } = {
    scan: new Set(),
    discarded: new Set(),
    health: new Set(),
    message: new Set(),
    slip: new Set(),
  }
  /** What the terminal booked last, as far as this process knows: evidence for a query. */
  #last: PaymentFacts | undefined
  #unresolved: PaymentExpectation | undefined
  #closing: Promise<void> | undefined

  /** Made by `openDevices`. */
  constructor(options: DevicesOptions) {
    const { scanner, ports, log } = options
    this.#options = options
    this.#scanners = scanner === undefined ? [] : [scanner].flat()
    this.#clock = ports?.clock ?? nodeClock
    this.#random = ports?.random ?? nodeRandom
    this.#log = log ?? (() => undefined)
  }

  /** Called once by `openDevices`. */
  async open(): Promise<void> {
    const { terminal, printer } = this.#options
    const ports: DevicePorts = {
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      healthChanged: health => this.#tell('health', health),
    }
    const host = {
      ...ports,
      scanned: (scan: Scan) => this.#tell('scan', scan),
      discarded: (error: CashdeskError) => this.#tell('discarded', error.report),
    }
    await Promise.all([
      terminal?.open(ports),
      printer?.open(ports),
      ...this.#scanners.map(scanner => scanner.open(host)),
    ])
  }

  on<Name extends keyof DeviceListeners>(name: Name, listener: DeviceListeners[Name]): Stop {
    this.#ears[name].add(listener)
    return () => void this.#ears[name].delete(listener)
  }

  devices(): readonly DeviceHealth[] {
    const { terminal, printer } = this.#options
    return [...this.#scanners, terminal, printer].flatMap(device => (device ? [device.health()] : []))
  }

  // ── money ───────────────────────────────────────────────────────────────────────────────────────────

  /** The attempt that nobody here knows the end of. While there is one, the terminal takes no other order. */
  get unresolved(): PaymentExpectation | undefined {
    return this.#unresolved
  }

  pay(order: MoneyOrder, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#money('pay', order, hooks, (terminal, ready, all) => terminal.pay(ready, all))
  }

  refund(order: MoneyOrder, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#money('refund', order, hooks, (terminal, ready, all) => terminal.refund(ready, all))
  }

  /** Takes back the payment that `original` describes: the facts of its `done`. "Already reversed" is `done`. */
  reverse(order: MoneyOrder, original: PaymentFacts, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#money('reverse', order, hooks, (terminal, ready, all) =>
      terminal.reverse(ready, original, all),
    )
  }

  /**
   * Asks the terminal what became of an attempt whose end was not seen: its outcome's `attempt`, or the one that
   * `onAttempt` was given before a crash, with `approved` filled in if `onApproval` was reached.
   */
  async query(attempt: PaymentExpectation): Promise<MoneyOutcome> {
    const { terminal } = this.#options
    if (this.#closing) return { ...unknown(report('register.closed')), attempt }
    if (!terminal) return { ...unknown(report('terminal.absent', { reason: 'none configured' })), attempt }
    const outcome = await this.#limited(
      () => terminal.query(attempt),
      TERMINAL_LIMIT_MS,
      'terminal.no-answer',
    )
    this.#ended(attempt, outcome)
    return { ...outcome, attempt }
  }

  /**
   * A person read the terminal's slip and decided what became of the unresolved attempt; the register recorded it.
   * @throws CashdeskError `value.id` if another attempt, or none, is unresolved
   */
  decided(op: OperationId): void {
    if (this.#unresolved?.op !== op) throw new CashdeskError('value.id', { field: 'op' })
    this.#unresolved = undefined
  }

  /** Settles the terminal's day. Its slip arrives as `slip`. */
  async endOfDay(options: { readonly signal?: CancelSignal } = {}): Promise<Outcome<TerminalTotals>> {
    const { terminal } = this.#options
    const wrong = this.#why(terminal, 'terminal.absent')
    if (wrong || !terminal) return refused(wrong ?? report('terminal.absent'))
    const op = this.#newOperation()
    const hooks = { ...this.#screen(op, options.signal), onApproval: async () => 'reject' as const }
    return this.#limited(() => terminal.endOfDay(op, hooks), TERMINAL_LIMIT_MS, 'terminal.no-answer')
  }

  async #money(
    kind: PaymentExpectation['kind'],
    { amountMinor, currency }: MoneyOrder,
    hooks: MoneyHooks,
    order: (terminal: Terminal, order: PaymentOrder, hooks: PaymentHooks) => Promise<Outcome<PaymentFacts>>,
  ): Promise<MoneyOutcome> {
    if (typeof hooks?.onApproval !== 'function')
      throw new CashdeskError('value.malformed', { field: 'onApproval' })
    const op = this.#newOperation()
    const before = this.#last === undefined ? {} : { before: this.#last }
    let attempt: PaymentExpectation = {
      op,
      kind,
      amountMinor,
      currency,
      startedAt: this.#clock.now(),
      ...before,
    }
    const { terminal } = this.#options
    const wrong =
      this.#why(terminal, 'terminal.absent') ?? this.#amountProblem(amountMinor) ?? this.#blocked()
    if (wrong || !terminal) return { ...refused(wrong ?? report('terminal.absent')), attempt }
    await hooks.onAttempt?.(attempt)
    // Something may have happened while the register kept its note.
    const late = this.#why(terminal, 'terminal.absent') ?? this.#blocked()
    if (late) return { ...refused(late), attempt }
    const all: PaymentHooks = {
      ...this.#screen(op, hooks.signal),
      onApproval: async facts => {
        attempt = { ...attempt, approved: facts }
        return (await hooks.onApproval(facts, attempt)) === 'accept' ? 'accept' : 'reject'
      },
    }
    const ready = { op, amountMinor, currency }
    const outcome = await this.#limited(
      () => order(terminal, ready, all),
      TERMINAL_LIMIT_MS,
      'terminal.no-answer',
    )
    this.#ended(attempt, outcome)
    return { ...outcome, attempt }
  }

  #ended(attempt: PaymentExpectation, outcome: Outcome<PaymentFacts>): void {
    if (outcome.outcome === 'unknown') {
      this.#unresolved = attempt
      return
    }
    if (outcome.outcome === 'done') this.#last = outcome.data
    if (this.#unresolved?.op === attempt.op) this.#unresolved = undefined
  }

  #amountProblem(amountMinor: number): ErrorReport | undefined {
    try {
      if (minor(amountMinor, 'amountMinor') > 0) return undefined
      return report('value.amount', { field: 'amountMinor', value: String(amountMinor) })
    } catch (thrown) {
      return reportOf(thrown, 'value.amount')
    }
  }

  #blocked(): ErrorReport | undefined {
    return this.#unresolved && report('terminal.blocked', { op: this.#unresolved.op })
  }

  #screen(op: OperationId, signal: CancelSignal | undefined): Omit<PaymentHooks, 'onApproval'> {
    return {
      onMessage: text => this.#tell('message', { op, text }),
      onPrint: async lines => {
        const printers = [...this.#ears.slip]
        if (printers.length === 0)
          throw new CashdeskError('printer.absent', { reason: 'nobody listens to `slip`' })
        await Promise.all(printers.map(async print => print({ op, lines })))
      },
      ...(signal ? { signal } : {}),
    }
  }

  // ── paper ───────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Prints a document, or blocks as one. `done` only when the printer said so. After `unknown` the paper may exist:
   * print again with `copy`.
   */
  async print(
    paper: ReceiptDocument | readonly ReceiptBlock[],
    options: { readonly copy?: boolean; readonly locale?: string } = {},
  ): Promise<Outcome<PrinterStatus>> {
    const { printer } = this.#options
    const wrong = this.#why(printer, 'printer.absent')
    if (wrong || !printer) return refused(wrong ?? report('printer.absent'))
    const document: ReceiptDocument =
      'blocks' in paper ? paper : { kind: 'report', locale: options.locale ?? 'en-GB', blocks: paper }
    const job = { op: this.#newOperation(), document, copy: options.copy ?? false }
    return this.#limited(() => printer.print(job), PRINTER_LIMIT_MS, 'printer.no-answer')
  }

  /** Opens the drawer. Never repeated by itself. */
  async kickDrawer(): Promise<Outcome<PrinterStatus>> {
    const { printer } = this.#options
    const wrong = this.#why(printer, 'printer.absent')
    if (wrong || !printer) return refused(wrong ?? report('printer.absent'))
    return this.#limited(() => printer.kickDrawer(), PRINTER_LIMIT_MS, 'printer.no-answer')
  }

  /** Releases every device, in bounded time. An order under way ends `unknown`. */
  close(): Promise<void> {
    const { terminal, printer } = this.#options
    const all = [...this.#scanners, terminal, printer].flatMap(device => device ?? [])
    this.#closing ??= Promise.allSettled(all.map(device => device.close())).then(() => undefined)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── how ─────────────────────────────────────────────────────────────────────────────────────────────

  #why(device: object | undefined, absent: 'terminal.absent' | 'printer.absent'): ErrorReport | undefined {
    if (this.#closing) return report('register.closed')
    return device ? undefined : report(absent, { reason: 'none configured' })
  }

  /** A new key, made before anything is sent. */
  #newOperation(): OperationId {
    const bytes = this.#random.bytes(16)
    const nonce = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
    // The one place where this file makes a name: what `newId` answers is an operation's id.
    return newId({ at: this.#clock.now(), nonce }, 0) as OperationId
  }

  /** A driver that throws, or never ends, has told nothing. */
  async #limited<Data>(
    work: () => Promise<Outcome<Data>>,
    limitMs: number,
    code: 'terminal.no-answer' | 'printer.no-answer',
  ): Promise<Outcome<Data>> {
    let stop: Stop = () => undefined
    const limit = new Promise<Outcome<Data>>(resolve => {
      stop = this.#clock.after(limitMs, () => resolve(unknown(report(code, { limitMs }))))
    })
    try {
      return await Promise.race([work(), limit])
    } catch (thrown) {
      return unknown(reportOf(thrown, code))
    } finally {
      stop()
    }
  }

  /** A listener is the register's code: its mistakes must not stop a device. */
  #tell<Name extends Exclude<keyof DeviceListeners, 'slip'>>(
    name: Name,
    value: Parameters<DeviceListeners[Name]>[0],
  ): void {
    // The set of `name` takes the value of `name`.
    for (const listener of this.#ears[name] as Set<(value: unknown) => void>) {
      try {
        listener(value)
      } catch (thrown) {
        this.#log('error', 'A listener threw.', reportOf(thrown, 'register.closed').detail ?? {})
      }
    }
  }
}
