// What the loop tells of a step: to everybody once it is durable, and to whoever submitted its input.
import type { ErrorReport, Event, SaleId, Step } from '@cashdesk/kernel'

/** A step that is durable. */
export interface DurableStep {
  /** The journal's number of it, counted from 1. */
  readonly record: number
  readonly step: Step
  /** The outbox's queues that it touched. */
  readonly queues: ReadonlySet<string>
  /** Sales whose view it changed. */
  readonly sales: readonly SaleId[]
  /** An input may change something and be refused all the same. */
  readonly refusal?: ErrorReport
}

/** What a submitted input came to, after the sync that covers it and everything before it. */
export interface Taken {
  readonly events: readonly Event[]
  /** Why nothing was changed, if nothing was. */
  readonly refusal?: ErrorReport
}
