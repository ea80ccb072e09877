// One step of the till: what came in, what it changed, and what must leave once the step is durable.
// A journal record is exactly one step; recovery folds `events` and never decides again.
import type { EpochMs } from './brand.ts'
import type { Effect } from './effect.ts'
import type { Event } from './event.ts'
import type { OperationId, SaleId } from './ids.ts'
import type { Input } from './input.ts'

/**
 * What happens to an open effect after a crash. `query`: ask what became of it (money, providers). `repeat-marked`:
 * do it again and say so on it (paper). `drop`: never again (drawer, beep). Effects that only show something are
 * derived from state and are no intents at all.
 */
export type EffectClass = 'query' | 'repeat-marked' | 'drop'

/** An effect whose id is its idempotency key for ever. It leaves the lane only after the record that holds it is synced. */
export interface Intent {
  readonly op: OperationId
  readonly class: EffectClass
  /** Operations of one queue leave one after the other: a sale's work at one provider, the printer, the terminal. */
  readonly queue: string
  readonly sale?: SaleId
  /** With credentials as placeholders. */
  readonly effect: Effect
}

/** The life of an operation after its intent: folded into the outbox. */
export type OpEvent =
  /** The outcome is open; `next` follows at `at`. `uncertain`: an attempt may have reached the world. */
  | {
      readonly type: 'op.scheduled'
      readonly op: OperationId
      readonly next: 'repeat' | 'query'
      readonly at: EpochMs
      readonly attempt: number
      readonly uncertain: boolean
    }
  /** That attempt leaves now, under the same id. */
  | {
      readonly type: 'op.attempted'
      readonly op: OperationId
      readonly next: 'repeat' | 'query'
      readonly attempt: number
    }
  /** Nothing more will be tried. */
  | {
      readonly type: 'op.settled'
      readonly op: OperationId
      readonly outcome: 'done' | 'refused' | 'abandoned'
    }

export interface Step {
  /** Version of the rules that decided it. */
  readonly decideVersion: number
  /** When the input was stamped, on the till's clock. */
  readonly at: EpochMs
  readonly input: Input
  readonly events: readonly Event[]
  readonly intents: readonly Intent[]
}
