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

/** What every driver is, whatever its family. */
export interface Device {
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
  /** A card was swiped, no code was read: `text` is its track 2, or the first track there is. Never a payment card. */
  readonly stripe?: ScanStripe
  readonly source: string
  readonly at: EpochMs
}

/** The tracks of a card that is no payment card, without sentinels and check characters. */
export interface ScanStripe {
  readonly tracks: readonly { readonly track: 1 | 2 | 3; readonly data: string }[]
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
  /**
   * The cardholder pays in a currency of their own (DCC), as the terminal told: `21.98`, `USD`. The shop gets
   * `amountMinor` all the same. Numbers are decimal, with the places that the terminal told.
   */
  readonly foreignAmount?: string
  /** ISO 4217 alphabetic; the four digits that the terminal sent where they are none that we know. */
  readonly foreignCurrency?: string
  /** `1.1000` */
  readonly foreignRate?: string
  /** Percent on top of the rate: `3.50`. */
  readonly foreignMarkup?: string
  /** `0.30 EUR` */
  readonly foreignCommission?: string
  /** The cardholder signs on paper; `confirmed`: a person at the register said that the signature is good. */
  readonly signature?: 'required' | 'confirmed'
}

/** What the terminal wants a person at the register to decide or to type in. Texts are the terminal's own. */
export type TerminalQuestion =
  | {
      readonly kind: 'choice'
      readonly text: string
      /** At least one; `id` goes back as it is. */
      readonly choices: readonly { readonly id: string; readonly text: string }[]
      /** The terminal wants the customer to choose, not the cashier. */
      readonly forCustomer: boolean
    }
  | {
      readonly kind: 'input'
      readonly text: string
      /** `amount` in minor units, digits only. */
      readonly input: 'text' | 'number' | 'amount'
      readonly initial?: string
    }
  /** The payment is through and the slip is printed: is the signature on it the cardholder's? */
  | { readonly kind: 'signature'; readonly text: string; readonly facts: PaymentFacts }
  /** The card cannot tell how old its owner is: does a document say that they are `years` old? */
  | { readonly kind: 'age'; readonly text: string; readonly years: number }

/** `yes` answers a signature or an age only, `choose` a choice with one of its ids, `type` an input. Anything else is `no`. */
export type TerminalAnswer =
  | { readonly answer: 'yes' }
  | { readonly answer: 'choose'; readonly id: string }
  | { readonly answer: 'type'; readonly text: string }
  | { readonly answer: 'no' }

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
  /**
   * The terminal asks something. Absent, throwing, too late or an answer that does not fit: no. A signature that is
   * not confirmed is reversed.
   */
  readonly onQuestion?: (question: TerminalQuestion) => Promise<TerminalAnswer>
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
  readonly kind: 'pay' | 'refund' | 'reverse' | 'reserve' | 'book' | 'release'
  readonly amountMinor: number
  readonly currency: string
  /** When the attempt was started, on the till's clock. */
  readonly startedAt: EpochMs
  /** What the terminal had said before the break, if anything. */
  readonly approved?: PaymentFacts
  /** For `reverse`, `book` and `release`: what is reversed, or the reservation. */
  readonly original?: PaymentFacts
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

  /**
   * The attempt that ended `unknown` and that nobody resolved. While there is one, a driver that has this refuses with
   * `terminal.blocked` whatever would put another transaction over the evidence, before anything is sent. `query` of
   * this attempt resolves it when it ends `done` or `refused`; `settle` does when a person decided. It is gone with the
   * process: after a restart, query what was under way before anything else is ordered.
   */
  readonly unresolved?: OperationId | undefined
  /** A person decided what became of the unresolved attempt, and that is recorded. Of any other attempt: nothing. */
  settle?(op: OperationId): void

  // What not every terminal can. An unresolved payment refuses all of it with `terminal.blocked`: the terminal's last
  // transaction is the evidence, and stays the last one.

  /** Holds an amount on a card; nothing is charged before `book`. */
  reserve?(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>>
  /** Charges `order.amountMinor` of the reservation, and gives the rest of it back. */
  book?(order: PaymentOrder, reservation: PaymentFacts, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>>
  /**
   * Gives back: all of the reservation if `order.amountMinor` is its amount, else that part, and charges the rest.
   */
  release?(
    order: PaymentOrder,
    reservation: PaymentFacts,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>>
  /** Has the last slip printed again, marked as a copy by the terminal, through `onPrint` or on its own paper. */
  reprint?(op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>>
  /** Lets the terminal speak with its host: keys, limits, its clock. Takes minutes. */
  diagnose?(op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>>
  /** Sets the terminal up anew at its host, as after a change of its contract. Takes minutes. */
  initialise?(op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>>
  /**
   * Is the card's owner `years` old? The card says, or where it cannot a person at the register (`onQuestion`, kind
   * `age`). Not reached unless one of them said so; moves no money.
   */
  checkAge?(op: OperationId, years: number, hooks: TerminalServiceHooks): Promise<Outcome<AgeCheck>>
  /** Sets the terminal's clock: `YYYY-MM-DDTHH:MM:SS`, local time. */
  setTime?(op: OperationId, time: string): Promise<Outcome<TerminalNotice>>
  /** Asks how the terminal is; moves nothing. Allowed while a payment is unresolved. */
  status?(): Promise<Outcome<TerminalNotice>>
  /** Makes the terminal its own master until the next order. */
  logOff?(): Promise<Outcome<TerminalNotice>>
}

/** Whether an age is reached, and who said so. */
export interface AgeCheck {
  readonly reached: boolean
  readonly by: 'card' | 'person'
}

/** Hooks of what moves no money. */
export type TerminalServiceHooks = Pick<PaymentHooks, 'onMessage' | 'onPrint' | 'onQuestion' | 'signal'>

/** What the terminal told in the end: its time if it sent one, its state, its software. */
export interface TerminalNotice {
  /** `YYYY-MM-DDTHH:MM:SS` on the clock of the terminal's host. */
  readonly time?: string
  /** `ready`, or what it needs. */
  readonly state?: string
  readonly facts: Facts
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

// ── NFC reader ──────────────────────────────────────────────────────────────────────────────────────────

/** What a card is, by its answer to reset (PC/SC part 3). */
export type NfcTechnology =
  | 'mifare-classic'
  | 'type-2'
  | 'iso-dep'
  | 'felica'
  | 'iso-15693'
  | 'other-storage'
  | 'contact'
  | 'unknown'

/** What can be done with a card beyond noticing it. */
export type NfcCapability = 'uid' | 'ndef' | 'memory' | 'keys' | 'applications'

/** The number a card tells everybody. An account may be looked up by it; it proves nothing, for it can be cloned. */
export interface NfcUid {
  /** Upper-case hexadecimal. */
  readonly hex: string
  /**
   * `random`: made up anew for this tap, as phones do (`08…`): never an identity. `shared`: 4 bytes, of which the
   * makers have run out: two cards may have the same. `fixed`: given once, by the maker.
   */
  readonly origin: 'random' | 'shared' | 'fixed'
}

/** One record of an NDEF message. Data that is no text is upper-case hexadecimal. */
export type NdefRecord =
  | { readonly kind: 'text'; readonly text: string; readonly language: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'smart-poster'; readonly records: readonly NdefRecord[] }
  | { readonly kind: 'mime'; readonly type: string; readonly data: string }
  | { readonly kind: 'external'; readonly type: string; readonly data: string }
  | { readonly kind: 'other'; readonly type: string; readonly data: string }

/** A card or phone was held to the reader and has been read as far as it lets itself be read. */
export interface Tap {
  /** Names this presence of this card: given to `exchange`, no other card can be meant. */
  readonly card: string
  /** The driver's name, and the reader's own as the system calls it. */
  readonly source: string
  readonly reader: string
  readonly at: EpochMs
  /** Answer to reset, upper-case hexadecimal. */
  readonly atr: string
  readonly technology: NfcTechnology
  /** The product, where the answer to reset names it: `MIFARE Classic 1K`. */
  readonly product?: string
  readonly uid?: NfcUid
  /** Its NDEF message, if it has one; an empty message is an empty list. */
  readonly ndef?: readonly NdefRecord[]
  readonly capabilities: readonly NfcCapability[]
  /** Applications that the driver was told to look for, and whether the card has them. */
  readonly applications: { readonly [name: string]: boolean }
  /** Why less was read than was hoped for, and what to do instead. */
  readonly trouble?: ErrorReport
}

export interface NfcHost extends DevicePorts {
  readonly tapped: (tap: Tap) => void
  /** A card that was told by `tapped` is gone. */
  readonly removed: (gone: { readonly card: string; readonly source: string; readonly at: EpochMs }) => void
  /** A card was there and could not be read at all: `nfc.mute`, `nfc.removed-early`, `nfc.reader-lost`. */
  readonly discarded: (error: CashdeskError) => void
}

export interface NfcReader extends Device {
  readonly family: 'nfc'
  /** Starts looking for cards; resolves at once, presence of service and reader is told by health. */
  open(host: NfcHost): Promise<void>
  /**
   * Sends commands to the card that is there (or to none but `card`) and answers what it answered, status words
   * included, one array per command. It ends early behind the first status word other than 90 00 and 91 xx. Never
   * throws: `refused` when nothing was sent, `unknown` when a command got no answer. Nothing of it is logged.
   */
  exchange(
    apdus: readonly Uint8Array[],
    options?: { readonly card?: string },
  ): Promise<Outcome<readonly Uint8Array[]>>
}
