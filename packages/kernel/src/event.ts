// What happened to the lane. Events are the only thing that changes state, and the only thing that recovery reads.
import type { EpochMs, Facts } from './brand.ts'
import type { Adjustment, ProviderOperation } from './call.ts'
import type { LaneConfig } from './config.ts'
import type { PaymentFacts, TerminalPrintLine, TerminalTotals } from './device.ts'
import type { ErrorReport } from './errors.ts'
import type { ClaimId, LineId, OperationId, PromptId, SaleId, TaskId, TenderId } from './ids.ts'
import type { Minor } from './money.ts'
import type { FiscalBlock } from './receipt.ts'
import type {
  Claim,
  ClaimState,
  Leg,
  LegState,
  Line,
  PaperState,
  Prompt,
  Sale,
  Task,
  TaskAction,
} from './sale.ts'
import type { OpEvent } from './step.ts'

/** An operation that is not settled yet, as the checkout sees it. */
export interface OpenOperation {
  readonly op: OperationId
  readonly kind: ProviderOperation | 'pay' | 'payback' | 'reverse' | 'print' | 'drawer' | 'end-of-day'
  readonly sale?: SaleId
  readonly claim?: ClaimId
  readonly tender?: TenderId
  readonly plugin?: string
  /** The operation that this one renews, releases, commits or undoes. */
  readonly about?: OperationId
  readonly amountMinor?: number
  readonly since: EpochMs
  /** The sale stops waiting for it then; absent where it is tried for ever. */
  readonly limitAt?: EpochMs
}

export type Event =
  | { readonly type: 'lane.started'; readonly config: LaneConfig; readonly at?: EpochMs }
  | { readonly type: 'sale.opened'; readonly sale: SaleId; readonly opened: Omit<Sale, 'id'> }
  | { readonly type: 'sale.parked'; readonly sale: SaleId }
  | { readonly type: 'sale.resumed'; readonly sale: SaleId }
  | { readonly type: 'sale.totalling'; readonly sale: SaleId }
  | {
      readonly type: 'sale.tendering'
      readonly sale: SaleId
      readonly revision: number
      readonly hash: string
      /** Lines and adjustments as the customer saw them when the total was pressed. */
      readonly dueMinor?: Minor
    }
  /** Every reservation stands and the total is final. */
  | { readonly type: 'sale.ready'; readonly sale: SaleId; readonly totalMinor: Minor }
  | { readonly type: 'sale.reopened'; readonly sale: SaleId; readonly error?: ErrorReport }
  | {
      readonly type: 'sale.paid'
      readonly sale: SaleId
      readonly at: EpochMs
      readonly totalMinor: Minor
      readonly roundingMinor: Minor
      readonly reference?: string
    }
  | { readonly type: 'sale.finishing'; readonly sale: SaleId; readonly paperBy: EpochMs }
  | { readonly type: 'sale.closed'; readonly sale: SaleId; readonly at: EpochMs }
  | { readonly type: 'sale.cancelling'; readonly sale: SaleId; readonly reason?: string }
  | { readonly type: 'sale.cancelled'; readonly sale: SaleId; readonly at: EpochMs }
  | { readonly type: 'sale.fiscal'; readonly sale: SaleId; readonly fiscal: FiscalBlock }
  | { readonly type: 'sale.asked'; readonly sale: SaleId; readonly nextAt: EpochMs }
  | { readonly type: 'line.added'; readonly sale: SaleId; readonly line: Line }
  | { readonly type: 'line.voided'; readonly sale: SaleId; readonly line: LineId }
  | {
      readonly type: 'line.refused'
      readonly sale: SaleId
      readonly line: LineId
      readonly error: ErrorReport
    }
  | { readonly type: 'prompt.opened'; readonly sale: SaleId; readonly prompt: Prompt }
  | {
      readonly type: 'prompt.closed'
      readonly sale: SaleId
      readonly prompt: PromptId
      readonly answered: boolean
    }
  | { readonly type: 'claim.opened'; readonly sale: SaleId; readonly claim: Claim }
  | {
      readonly type: 'claim.moved'
      readonly sale: SaleId
      readonly claim: ClaimId
      readonly to: ClaimState
      readonly subject?: Facts
      readonly facts?: Facts
      readonly expiresAt?: EpochMs
      readonly lastsMs?: number
      readonly adjustments?: readonly Adjustment[]
      readonly error?: ErrorReport
    }
  | { readonly type: 'leg.opened'; readonly sale: SaleId; readonly leg: Leg }
  | {
      readonly type: 'leg.moved'
      readonly sale: SaleId
      readonly tender: TenderId
      readonly to: LegState
      readonly amountMinor?: Minor
      readonly tipMinor?: Minor
      readonly approved?: PaymentFacts
      readonly facts?: PaymentFacts
      readonly error?: ErrorReport
    }
  /** Lines of the terminal's own receipts about this payment, in the order in which it sent them. */
  | {
      readonly type: 'leg.slip'
      readonly sale: SaleId
      readonly tender: TenderId
      readonly lines: readonly TerminalPrintLine[]
      /** Instead of what was kept before: a slip that broke off says less than the terminal does. */
      readonly instead?: true
    }
  | {
      readonly type: 'paper.moved'
      readonly sale: SaleId
      readonly to: PaperState
      readonly error?: ErrorReport
    }
  | { readonly type: 'op.opened'; readonly op: OperationId; readonly operation: OpenOperation }
  | OpEvent
  /** An answer to an operation that was already settled: kept, and changes nothing. */
  | { readonly type: 'op.late'; readonly op: OperationId; readonly outcome: string }
  | { readonly type: 'approval.rejected'; readonly op: OperationId; readonly error: ErrorReport }
  | { readonly type: 'task.opened'; readonly task: Task }
  | {
      readonly type: 'task.resolved'
      readonly task: TaskId
      readonly action: TaskAction
      readonly operator: string
      readonly reason: string
      readonly at: EpochMs
    }
  | {
      readonly type: 'day.ended'
      readonly at: EpochMs
      readonly totals: TerminalTotals
      readonly expectedMinor: Minor
    }
  /**
   * What the terminal's books hold since its last end of day, where some of the sales that it took money for were
   * archived: the rest of them no longer adds up to it.
   */
  | { readonly type: 'day.carried'; readonly expectedMinor: Minor }
  /** The input was not taken; nothing changed. Told to whoever asked, and not kept. */
  | { readonly type: 'refused'; readonly sale?: SaleId; readonly error: ErrorReport }
