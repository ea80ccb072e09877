// What the till wants done in the world. An effect is data; the performer of the sdk does it after the sync.
import type { Call, ProviderOperation } from './call.ts'
import type { PaymentFacts } from './device.ts'
import type { ClaimId, OperationId, SaleId, TenderId } from './ids.ts'
import type { ReceiptDocument } from './receipt.ts'

/** An operation of a participant. `call` is filled in when the step is materialised, before it is journaled. */
export interface ProviderEffect {
  readonly type: 'provider'
  readonly plugin: string
  readonly operation: ProviderOperation
  readonly sale: SaleId
  readonly claim: ClaimId
  /** The operation that this one renews, releases, commits, voids or refunds. */
  readonly about?: OperationId
  /** For a tender's hold and for refunds. */
  readonly amountMinor?: number
  readonly call?: Call
}

export interface TerminalEffect {
  readonly type: 'terminal'
  readonly operation: 'pay' | 'refund' | 'reverse'
  readonly sale: SaleId
  readonly tender: TenderId
  /** Always positive. */
  readonly amountMinor: number
  readonly currency: string
  /** For a reversal: what is reversed. */
  readonly original?: PaymentFacts
}

export interface EndOfDayEffect {
  readonly type: 'end-of-day'
}

export interface PrintEffect {
  readonly type: 'print'
  readonly sale: SaleId
  /** Filled in when the step is materialised, before it is journaled. */
  readonly document?: ReceiptDocument
  readonly copy: boolean
}

export interface DrawerEffect {
  readonly type: 'drawer'
  readonly sale: SaleId
}

export type Effect = ProviderEffect | TerminalEffect | EndOfDayEffect | PrintEffect | DrawerEffect
