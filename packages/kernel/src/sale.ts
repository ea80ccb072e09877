// A sale and everything on it: lines, claims, legs, prompts, tasks. Plain data; the checkout decides how it moves.
import type { EpochMs, Facts } from './brand.ts'
import type { Adjustment, ProviderOperation } from './call.ts'
import type { PaymentFacts, TerminalPrintLine } from './device.ts'
import type { ErrorReport } from './errors.ts'
import type { Gtin } from './gtin.ts'
import type { ClaimId, LineId, OperationId, PromptId, SaleId, TaskId, TenderId } from './ids.ts'
import type { Currency, Minor } from './money.ts'
import type { FiscalBlock, ReceiptBlock } from './receipt.ts'
import type { BasisPoints } from './vat.ts'

export const SALE_STATES = [
  'open',
  'parked',
  'tendering',
  'settling',
  'closed',
  'cancelling',
  'cancelled',
] as const
export type SaleState = (typeof SALE_STATES)[number]

/** `void` takes back a whole sale, `return` some of its lines. Both are sales of their own, with negative lines. */
export type SaleKind = 'sale' | 'void' | 'return'

/** Who owns basket and payment: the till, or the register around it (depth b), whose word is then the pivot. */
export type SaleOwner = 'till' | 'register'

/** What the register's catalog says about an article. */
export interface Article {
  readonly name: string
  /** Gross price of one piece. */
  readonly priceMinor: Minor
  /** Null for multi-purpose vouchers, which carry no VAT when sold. */
  readonly vat: BasisPoints | null
  readonly gtin?: Gtin
  readonly group?: string
  /** Anything a plugin needs: product id at the provider, age limit … */
  readonly facts?: Facts
}

/** `refused`: its claim was not granted. Only `active` lines count. */
export type LineState = 'active' | 'voided' | 'refused'

export interface Line {
  readonly id: LineId
  readonly article: Article
  /** 1 to 9999; the sign is in the amount. */
  readonly quantity: number
  /** Price × quantity, negative on voids and returns. */
  readonly grossMinor: Minor
  readonly state: LineState
  readonly error?: ErrorReport
  /** On voids and returns: the line of the original sale. */
  readonly of?: LineId
}

export type ClaimState =
  | 'asking'
  | 'quoting'
  | 'quoted'
  | 'reserving'
  /** The sale goes on without the provider's word; the request stays open and goes out when the line is back. */
  | 'deferred'
  | 'reserved'
  | 'renewing'
  | 'refused'
  | 'releasing'
  | 'released'
  | 'due'
  | 'committing'
  | 'committed'
  | 'failed'
  /** Paid, not granted, and a person gave the money back. */
  | 'refunded'
  | 'voiding'
  | 'voided'
  | 'kept'

/** What one participant holds. */
export interface Claim {
  readonly id: ClaimId
  readonly plugin: string
  readonly on: 'line' | 'basket' | 'tender'
  readonly line?: LineId
  readonly tender?: TenderId
  readonly state: ClaimState
  /** What was scanned or typed: serial, code, member number. Never a secret. */
  readonly subject: Facts
  /** The operations of this claim by kind; the latest of each. */
  readonly ops: { readonly [operation in ProviderOperation]?: OperationId }
  readonly expiresAt?: EpochMs
  /** For how long the provider last granted it, in milliseconds from the receipt of its answer. */
  readonly lastsMs?: number
  readonly adjustments?: readonly Adjustment[]
  /** What the provider reported. */
  readonly facts: Facts
  readonly error?: ErrorReport
  /** On voids and returns: the claim of the original sale. */
  readonly of?: ClaimId
}

/** A question that must be answered before the claim can be made. */
export interface Prompt {
  readonly id: PromptId
  readonly sale: SaleId
  readonly claim: ClaimId
  readonly kind: string
  readonly text: string
}

/** `approved` is not `done`: the terminal said yes, but its commit point is not reached. */
export type LegState =
  | 'sent'
  | 'approved'
  | 'done'
  | 'refused'
  | 'unknown'
  | 'reversing'
  | 'reversed'
  | 'owed'

/** One payment attempt. */
export interface Leg {
  readonly id: TenderId
  /** `cash`, `card`, or the name of a tender plugin. */
  readonly by: string
  readonly kind: 'cash' | 'terminal' | 'hold' | 'register'
  readonly state: LegState
  /** What was asked for; negative when money goes back. */
  readonly askedMinor: Minor
  /** What counts toward the sale, once done; negative when money goes back. */
  readonly amountMinor: Minor
  /** Cash only: what the customer gave, and what goes back over the counter. */
  readonly givenMinor?: Minor
  readonly changeMinor?: Minor
  readonly op?: OperationId
  readonly reversal?: OperationId
  readonly claim?: ClaimId
  readonly approved?: PaymentFacts
  readonly facts?: PaymentFacts
  readonly tipMinor?: Minor
  /** What the terminal wanted on paper about it. Card numbers in it are masked. */
  readonly slip?: readonly TerminalPrintLine[]
  readonly reference?: string
  readonly startedAt: EpochMs
  readonly error?: ErrorReport
}

export type PaperState = 'none' | 'printing' | 'printed' | 'failed' | 'unknown'

export interface Paper {
  readonly state: PaperState
  readonly op?: OperationId
  /** How many papers may exist; the second and later ones are marked COPY. */
  readonly printed: number
  readonly error?: ErrorReport
}

export interface Sale {
  readonly id: SaleId
  readonly kind: SaleKind
  readonly owner: SaleOwner
  readonly state: SaleState
  readonly original?: SaleId
  readonly currency: Currency
  readonly operator?: string
  readonly shift?: string
  readonly training: boolean
  readonly openedAt: EpochMs
  /** Counts changes of the basket. */
  readonly revision: number
  readonly lines: readonly Line[]
  readonly claims: readonly Claim[]
  readonly legs: readonly Leg[]
  readonly prompts: readonly Prompt[]
  /** The register asked for the total and waits for reservations. */
  readonly totalling: boolean
  /** The basket as it was frozen when tendering began. */
  readonly frozen?: {
    readonly revision: number
    readonly hash: string
    readonly totalMinor: Minor
    readonly ready: boolean
  }
  readonly roundingMinor: Minor
  readonly paidAt?: EpochMs
  /** The register's reference of its own payment. */
  readonly reference?: string
  /** Paper waits for commits until then. Present once the register finished the sale. */
  readonly paperBy?: EpochMs
  readonly paper: Paper
  readonly fiscal?: FiscalBlock
  readonly endedAt?: EpochMs
  /** When the register is next asked what became of a sale it owns. */
  readonly askAt?: EpochMs
}

/** What can be on a receipt besides the sale itself, per claim. */
export type ClaimBlocks = { readonly [claim: string]: readonly ReceiptBlock[] }

export type TaskKind =
  | 'refund-due'
  | 'payment-unresolved'
  | 'reversal-unresolved'
  | 'customer-owed'
  | 'tender-short'
  | 'provider-stuck'
  | 'void-refused'
  | 'books-differ'

/** What only a person can settle. Stays until it is resolved, with who and why. */
export interface Task {
  readonly id: TaskId
  readonly kind: TaskKind
  readonly sale?: SaleId
  readonly claim?: ClaimId
  readonly tender?: TenderId
  readonly op?: OperationId
  readonly amountMinor?: Minor
  readonly since: EpochMs
  readonly error: ErrorReport
  readonly actions: readonly TaskAction[]
}

/**
 * `retry`: try again by machine. `booked`, `not-booked`: what the terminal's slip says of a payment or refund. `reversed`,
 * `not-reversed`: what it says of a payment that was to be taken back. `settled`: a person put it right. `written-off`:
 * booked as a loss.
 */
export type TaskAction =
  | 'retry'
  | 'booked'
  | 'not-booked'
  | 'reversed'
  | 'not-reversed'
  | 'settled'
  | 'written-off'
