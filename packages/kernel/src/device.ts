// The contract between the till and a device driver. A driver is opened once, reports what happens through the
// host it was given, survives its device's absence by itself, and never blocks the till.
import type { EpochMs, Facts } from './brand.ts'
import type { CashdeskError, ErrorReport } from './errors.ts'
import type { OperationId } from './ids.ts'
import type { Outcome } from './outcome.ts'
import type { CancelSignal, Clock, Log, Random } from './ports.ts'
import type { ReceiptDocument } from './receipt.ts'

export type DeviceFamily = 'scanner' | 'terminal' | 'printer' | 'nfc' | 'pinpad'

/** `absent`: not reachable now, the driver keeps trying. `failed`: it gave up until it is opened again. */
export type DeviceState = 'closed' | 'opening' | 'ready' | 'busy' | 'absent' | 'failed'

export interface DeviceHealth {
  readonly family: DeviceFamily
  readonly name: string
  readonly state: DeviceState
  /** Why it is not ready, if it is not. */
  readonly trouble?: ErrorReport
  /** Counters since opening: frames in, frames out, bytes discarded, reconnects … */
  readonly counts: { readonly [name: string]: number }
  /** Facts the device told about itself: model, firmware, terminal id. */
  readonly facts: Facts
}

/** What every driver gets when it is opened. */
export interface DevicePorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called whenever `health()` would answer something else about state or trouble. */
  readonly healthChanged: (health: DeviceHealth) => void
}

interface Device {
  readonly family: DeviceFamily
  readonly name: string
  health(): DeviceHealth
  /** Releases the device and every timer. Resolves in bounded time whatever the device does. */
  close(): Promise<void>
}

// ── scanner ─────────────────────────────────────────────────────────────────────────────────────────────

/** One complete code as read. */
export interface Scan {
  /** The data without symbology prefix and terminator; FNC1 is U+001D. */
  readonly text: string
  /** AIM symbology identifier with its `]`, if the reader sends one: `]E0`, `]C1`. */
  readonly aim?: string
  readonly source: string
  readonly at: EpochMs
}

export interface ScannerHost extends DevicePorts {
  readonly scanned: (scan: Scan) => void
  /** Something arrived that is no code: garbled, too long, cut off. Nothing was lost but those bytes. */
  readonly discarded: (error: CashdeskError) => void
}

export interface Scanner extends Device {
  readonly family: 'scanner'
  /** Starts reading; resolves at once, presence is told by health. */
  open(host: ScannerHost): Promise<void>
}

// ── payment terminal ────────────────────────────────────────────────────────────────────────────────────

/** What the till wants the terminal to do with money. Amounts in minor units, always positive. */
export interface PaymentOrder {
  readonly op: OperationId
  readonly amountMinor: number
  /** ISO 4217 alphabetic. */
  readonly currency: string
}

/** What the terminal reported about a payment. Never a full PAN, never track data. */
export interface PaymentFacts {
  /** What was really authorised; may be less than ordered. */
  readonly amountMinor: number
  readonly currency: string
  readonly trace?: string
  readonly receipt?: string
  readonly turnover?: string
  readonly terminalId?: string
  readonly maskedPan?: string
  readonly cardName?: string
  /** `YYYY-MM-DDTHH:MM:SS` on the terminal's clock. */
  readonly terminalTime?: string
  readonly authorisation?: string
  /** Tip inside `amountMinor`, if the terminal asked for one. */
  readonly tipMinor?: number
}

/** Answers of the till while a payment runs. */
export interface PaymentHooks {
  /**
   * The terminal approved and waits for our acknowledgement. The driver acknowledges only after this resolves to
   * `accept`, which the till answers only after its own sync. Absent, throwing or `reject`: the driver rejects,
   * and the terminal reverses.
   */
  readonly onApproval: (facts: PaymentFacts) => Promise<'accept' | 'reject'>
  /** For the screen: "insert card", "enter PIN". */
  readonly onMessage?: (message: string) => void
  /** Lines that the terminal wants on paper, to be acknowledged when they are kept. */
  readonly onPrint?: (lines: readonly TerminalPrintLine[]) => Promise<void>
  /** Asks the terminal to abort. It may be too late: the outcome tells. */
  readonly signal?: CancelSignal
}

export interface TerminalPrintLine {
  readonly receipt: 'merchant' | 'customer' | 'admin'
  readonly text: string
  readonly align?: 'left' | 'center' | 'right'
  readonly doubleWidth?: boolean
  readonly doubleHeight?: boolean
}

/** What the till remembers of an attempt whose end it did not see. */
export interface PaymentExpectation {
  readonly op: OperationId
  readonly kind: 'pay' | 'refund' | 'reverse'
  readonly amountMinor: number
  readonly currency: string
  /** When the attempt was started, on the till's clock. */
  readonly startedAt: EpochMs
  /** What the terminal had said before the break, if anything. */
  readonly approved?: PaymentFacts
  /** What the terminal's last resolved transaction was when the attempt started, if known. */
  readonly before?: PaymentFacts
  /** When the till learnt of that one, on the till's clock: beside its `terminalTime` it tells the clocks apart. */
  readonly beforeAt?: EpochMs
}

export interface TerminalTotals {
  /** Payments minus refunds and reversals that the terminal settled, minor units. */
  readonly totalMinor: number
  readonly currency: string
  readonly counts: { readonly [kind: string]: number }
  readonly facts: Facts
}

/** Takes payments. One order at a time: a second one is refused with `terminal.busy` before anything is sent. */
export interface Terminal extends Device {
  readonly family: 'terminal'
  open(ports: DevicePorts): Promise<void>
  /** Never throws for anything the world does: every break after the first byte is `unknown`. */
  pay(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>>
  refund(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>>
  /** Reverses the payment described by `original`. "Already reversed" is `done`. */
  reverse(order: PaymentOrder, original: PaymentFacts, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>>
  /**
   * Finds out what became of an attempt: `done` the terminal booked it, `refused` it certainly did not,
   * `unknown` the terminal cannot be reached or cannot tell.
   */
  query(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>>
  endOfDay(op: OperationId, hooks: PaymentHooks): Promise<Outcome<TerminalTotals>>
  /** The last transaction in the terminal's own book, or undefined if it has none. */
  last(): Promise<Outcome<PaymentFacts | null>>
}

// ── printer ─────────────────────────────────────────────────────────────────────────────────────────────

export interface PrintJob {
  readonly op: OperationId
  readonly document: ReceiptDocument
  /** The paper says COPY, because an original may already exist. */
  readonly copy: boolean
}

export interface PrinterStatus {
  readonly online: boolean
  readonly cover: 'open' | 'closed' | 'unknown'
  readonly paper: 'ok' | 'near-end' | 'out' | 'unknown'
  readonly drawer: 'open' | 'closed' | 'unknown'
  readonly trouble?: ErrorReport
}

export interface Printer extends Device {
  readonly family: 'printer'
  open(ports: DevicePorts): Promise<void>
  /** `done` only when the printer said so after the job's last byte; `unknown` when the line broke in mid-job. */
  print(job: PrintJob): Promise<Outcome<PrinterStatus>>
  /** Opens the drawer. Never repeated. */
  kickDrawer(): Promise<Outcome<PrinterStatus>>
  status(): Promise<Outcome<PrinterStatus>>
}
