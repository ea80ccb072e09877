// Everything that can come in: the register's commands, the devices, answers from the world, the clock.
// Inputs are plain JSON; the sdk has already parsed them, looked articles up and asked plugins what they want.
import type { Facts } from './brand.ts'
import type { Answer } from './call.ts'
import type { LaneConfig } from './config.ts'
import type { PaymentFacts, TerminalPrintLine } from './device.ts'
import type { ErrorReport } from './errors.ts'
import type { Gtin } from './gtin.ts'
import type { LineId, OperationId, PromptId, SaleId, TaskId, TenderId } from './ids.ts'
import type { Minor } from './money.ts'
import type { FiscalBlock } from './receipt.ts'
import type { Article, SaleKind, SaleOwner, TaskAction } from './sale.ts'

/** What a plugin wants with a line, the basket or a tender: its claim, and the question that must be answered first. */
export interface Wanted {
  readonly plugin: string
  readonly subject: Facts
  /** Which subject field an answer fills; absent when nothing is missing. */
  readonly ask?: { readonly kind: string; readonly text: string }
}

export type SaleCommand =
  | {
      readonly type: 'sale.open'
      readonly sale: SaleId
      readonly kind: SaleKind
      readonly owner: SaleOwner
      readonly original?: SaleId
      readonly operator?: string
      readonly shift?: string
      readonly training?: boolean
    }
  | { readonly type: 'sale.park'; readonly sale: SaleId }
  | { readonly type: 'sale.resume'; readonly sale: SaleId }
  | { readonly type: 'sale.total'; readonly sale: SaleId }
  /** Back from tendering to ringing up. */
  | { readonly type: 'sale.reopen'; readonly sale: SaleId }
  | { readonly type: 'sale.cancel'; readonly sale: SaleId; readonly reason?: string }
  | { readonly type: 'sale.finish'; readonly sale: SaleId; readonly budgetMs?: number }
  | { readonly type: 'sale.print'; readonly sale: SaleId }
  | { readonly type: 'sale.fiscal'; readonly sale: SaleId; readonly fiscal: FiscalBlock }
  | {
      readonly type: 'line.add'
      readonly sale: SaleId
      readonly line: LineId
      readonly article: Article
      readonly quantity: number
      readonly wants: readonly Wanted[]
      readonly of?: LineId
    }
  | { readonly type: 'line.void'; readonly sale: SaleId; readonly line: LineId }
  | { readonly type: 'basket.claim'; readonly sale: SaleId; readonly wanted: Wanted }
  | {
      readonly type: 'prompt.answer'
      readonly sale: SaleId
      readonly prompt: PromptId
      readonly value: string
    }
  | {
      readonly type: 'tender.add'
      readonly sale: SaleId
      readonly tender: TenderId
      readonly by: string
      readonly amountMinor: Minor | 'rest'
      readonly givenMinor?: Minor
      readonly split?: boolean
      readonly subject?: Facts
    }
  /** The register took the payment itself: the pivot of a sale it owns. */
  | {
      readonly type: 'register.paid'
      readonly sale: SaleId
      readonly revision: number
      readonly totalMinor: Minor
      readonly reference: string
    }
  /** The register answered what became of a sale it owns. */
  | {
      readonly type: 'register.status'
      readonly sale: SaleId
      readonly status: 'paid' | 'cancelled' | 'open' | 'unknown'
      readonly revision?: number
      readonly totalMinor?: Minor
      readonly reference?: string
    }

export type LaneInput =
  /** The till was opened, on a new journal or an old one. */
  | { readonly type: 'lane.started'; readonly config: LaneConfig }
  /** Time passed: whatever is due at the stamp's time is due now. */
  | { readonly type: 'clock' }
  | {
      readonly type: 'scan'
      readonly text: string
      /** The id of the line that this scan adds, if it adds one. */
      readonly line: LineId
      readonly gtin?: Gtin
      readonly serial?: string
      readonly article?: Article
      readonly wants: readonly Wanted[]
      readonly basket?: Wanted
      readonly error?: ErrorReport
    }
  | { readonly type: 'terminal.approved'; readonly op: OperationId; readonly facts: PaymentFacts }
  /** The terminal wants this on paper, and waits until it is kept. */
  | {
      readonly type: 'terminal.slip'
      readonly op: OperationId
      readonly lines: readonly TerminalPrintLine[]
    }
  /** An attempt of an operation came back. `via` says whether the operation itself was asked for, or what became of it. */
  | {
      readonly type: 'answer'
      readonly op: OperationId
      readonly via: 'send' | 'query'
      readonly answer: Answer
    }
  | {
      readonly type: 'task.resolve'
      readonly task: TaskId
      readonly action: TaskAction
      readonly operator: string
      readonly reason: string
    }
  | { readonly type: 'day.end' }

export type Input = SaleCommand | LaneInput
