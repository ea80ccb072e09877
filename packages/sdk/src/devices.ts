// Devices without a till: for a register that keeps its own basket, payments and journal, and wants its scanner,
// terminal and printer to be spoken to properly. Nothing here is durable: that is the register's own affair.
import type {
  CancelSignal,
  Clock,
  DeviceHealth,
  DevicePorts,
  EpochMs,
  ErrorReport,
  Log,
  NfcHost,
  NfcReader,
  OperationId,
  Outcome,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  Pinpad,
  Printer,
  PrinterStatus,
  Random,
  ReceiptBlock,
  ReceiptDocument,
  Scan,
  Scanner,
  Stop,
  Tap,
  Terminal,
  TerminalPrintLine,
  TerminalTotals,
} from '@cashdesk/kernel'
import { CashdeskError, refused, report, reportOf } from '@cashdesk/kernel'
import { PRINTER_LIMIT_MS, TERMINAL_LIMIT_MS } from './device-limits.ts'
import { nodeClock, nodeRandom } from './node-ports.ts'
import { operationOf } from './stamp.ts'
import {
  type MoneyHooks,
  type MoneyOrder,
  type MoneyOutcome,
  TerminalOrders,
  within,
} from './terminal-orders.ts'
import { TerminalService } from './terminal-service.ts'

export interface DevicesOptions {
  readonly scanner?: Scanner | readonly Scanner[]
  readonly terminal?: Terminal
  readonly printer?: Printer
  readonly nfc?: NfcReader | readonly NfcReader[]
  readonly pinpad?: Pinpad
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
  /** A card or phone was held to the reader; `trouble` in it says why less was read than was hoped for. */
  tap: (tap: Tap) => void
  /** A card that was told by `tap` is gone. */
  removed: (gone: { readonly card: string; readonly source: string; readonly at: EpochMs }) => void
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

const NONE = { reason: 'none configured' }

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
  readonly #readers: readonly NfcReader[]
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Log
  readonly #ears: { readonly [name in keyof DeviceListeners]: Set<DeviceListeners[name]> } = {
    scan: new Set(),
    discarded: new Set(),
    health: new Set(),
    tap: new Set(),
    removed: new Set(),
    message: new Set(),
    slip: new Set(),
  }
  readonly #orders: TerminalOrders
  /** What the terminal does besides money. */
  readonly terminal: TerminalService
  #closing: Promise<void> | undefined

  /** Made by `openDevices`. */
  constructor(options: DevicesOptions) {
    const { scanner, nfc, ports, log } = options
    this.#options = options
    this.#scanners = scanner === undefined ? [] : [scanner].flat()
    this.#readers = nfc === undefined ? [] : [nfc].flat()
    this.#clock = ports?.clock ?? nodeClock
    this.#random = ports?.random ?? nodeRandom
    this.#log = log ?? (() => undefined)
    this.#orders = new TerminalOrders({
      terminal: options.terminal,
      clock: this.#clock,
      newOperation: () => this.#newOperation(),
      closed: () => this.#closed(),
      screen: (op, signal) => this.#screen(op, signal),
    })
    this.terminal = new TerminalService({
      terminal: options.terminal,
      newOperation: () => this.#newOperation(),
      closed: () => this.#closed(),
      blocked: () => this.#orders.blocked(),
      screen: op => this.#screen(op, undefined),
    })
  }

  /** Called once by `openDevices`. */
  async open(): Promise<void> {
    const { terminal, printer, pinpad } = this.#options
    const ports: DevicePorts = {
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      healthChanged: health => this.#tell('health', health),
    }
    const discarded = (error: CashdeskError): void => this.#tell('discarded', error.report)
    const scanned = (scan: Scan): void => this.#tell('scan', scan)
    const tapped = (tap: Tap): void => this.#tell('tap', tap)
    const removed: NfcHost['removed'] = gone => this.#tell('removed', gone)
    await Promise.all([
      terminal?.open(ports),
      printer?.open(ports),
      pinpad?.open(ports),
      ...this.#scanners.map(scanner => scanner.open({ ...ports, scanned, discarded })),
      ...this.#readers.map(reader => reader.open({ ...ports, tapped, removed, discarded })),
    ])
  }

  on<Name extends keyof DeviceListeners>(name: Name, listener: DeviceListeners[Name]): Stop {
    this.#ears[name].add(listener)
    return () => void this.#ears[name].delete(listener)
  }

  devices(): readonly DeviceHealth[] {
    return this.#all().map(device => device.health())
  }

  // ── money ───────────────────────────────────────────────────────────────────────────────────────────

  /** The attempt that nobody here knows the end of. While there is one, the terminal takes no other order. */
  get unresolved(): PaymentExpectation | undefined {
    return this.#orders.unresolved
  }

  pay(order: MoneyOrder, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order('pay', order, hooks, (terminal, ready, all) => terminal.pay(ready, all))
  }

  refund(order: MoneyOrder, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order('refund', order, hooks, (terminal, ready, all) => terminal.refund(ready, all))
  }

  /** Takes back the payment that `original` describes: the facts of its `done`. "Already reversed" is `done`. */
  reverse(order: MoneyOrder, original: PaymentFacts, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order(
      'reverse',
      order,
      hooks,
      (terminal, ready, all) => terminal.reverse(ready, original, all),
      original,
    )
  }

  /** Holds an amount on a card; nothing is charged before `book`. `terminal.capabilities` tells whether this one can. */
  reserve(order: MoneyOrder, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order('reserve', order, hooks, (terminal, ready, all) =>
      terminal.reserve?.(ready, all),
    )
  }

  /** Charges the order's amount of what `reserve` held, and gives the rest of it back. */
  book(order: MoneyOrder, reservation: PaymentFacts, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order(
      'book',
      order,
      hooks,
      (terminal, ready, all) => terminal.book?.(ready, reservation, all),
      reservation,
    )
  }

  /** Gives back all that `reserve` held, or a part of it, and charges the rest. */
  release(order: MoneyOrder, reservation: PaymentFacts, hooks: MoneyHooks): Promise<MoneyOutcome> {
    return this.#orders.order(
      'release',
      order,
      hooks,
      (terminal, ready, all) => terminal.release?.(ready, reservation, all),
      reservation,
    )
  }

  /**
   * Asks the terminal what became of an attempt whose end was not seen: its outcome's `attempt`, or the one that
   * `onAttempt` was given before a crash, with `approved` filled in if `onApproval` was reached.
   */
  query(attempt: PaymentExpectation): Promise<MoneyOutcome> {
    return this.#orders.query(attempt)
  }

  /**
   * A person read the terminal's slip and decided what became of the unresolved attempt; the register recorded it.
   * @throws CashdeskError `value.id` if another attempt, or none, is unresolved
   */
  decided(op: OperationId): void {
    this.#orders.decided(op)
  }

  /** Settles the terminal's day. Its slip arrives as `slip`. */
  async endOfDay(options: { readonly signal?: CancelSignal } = {}): Promise<Outcome<TerminalTotals>> {
    const { terminal } = this.#options
    const wrong = this.#orders.blocked()
    if (wrong || !terminal) return refused(wrong ?? report('terminal.absent', NONE))
    const op = this.#newOperation()
    // Nothing is approved at the end of a day: whatever the terminal would have acknowledged is not ours.
    const hooks = { ...this.#screen(op, options.signal), onApproval: async () => 'reject' as const }
    return within(this.#clock, TERMINAL_LIMIT_MS, 'terminal.no-answer', () => terminal.endOfDay(op, hooks))
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
    const wrong = this.#closed()
    if (wrong || !printer) return refused(wrong ?? report('printer.absent', NONE))
    const document: ReceiptDocument =
      'blocks' in paper ? paper : { kind: 'report', locale: options.locale ?? 'en-GB', blocks: paper }
    const job = { op: this.#newOperation(), document, copy: options.copy ?? false }
    return within(this.#clock, PRINTER_LIMIT_MS, 'printer.no-answer', () => printer.print(job))
  }

  /** Opens the drawer. Never repeated by itself. */
  async kickDrawer(): Promise<Outcome<PrinterStatus>> {
    const { printer } = this.#options
    const wrong = this.#closed()
    if (wrong || !printer) return refused(wrong ?? report('printer.absent', NONE))
    return within(this.#clock, PRINTER_LIMIT_MS, 'printer.no-answer', () => printer.kickDrawer())
  }

  /** Releases every device, in bounded time. An order under way ends `unknown`. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#all().map(device => device.close())).then(() => undefined)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── how ─────────────────────────────────────────────────────────────────────────────────────────────

  #all(): readonly (Scanner | Terminal | Printer | NfcReader | Pinpad)[] {
    const { terminal, printer, pinpad } = this.#options
    return [...this.#scanners, terminal, printer, ...this.#readers, pinpad].flatMap(device => device ?? [])
  }

  #closed(): ErrorReport | undefined {
    return this.#closing && report('register.closed')
  }

  /** A new key, made before anything is sent. */
  #newOperation(): OperationId {
    return operationOf(this.#clock, this.#random)
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
