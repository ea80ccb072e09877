// The life of one operation: opened, sent, asked about, tried again, settled. Shared by claims, payments and paper.
// An unknown outcome is never guessed: the next attempt is a recorded event under the same id.
import type {
  Claim,
  ErrorReport,
  OpenOperation,
  OperationId,
  ProviderOperation,
  ProviderProfile,
  SaleId,
} from '@cashdesk/kernel'
import { fractionOf, report } from '@cashdesk/kernel'
import type { Draft } from './draft.ts'
import { type LaneOperation, type LaneStore, troubleOf } from './lane.ts'

/** After a query that could not be made: when to ask the terminal again. It is next to the till; it comes back soon. */
const TERMINAL_RETRY: ProviderProfile['retry'] = { firstMs: 1_000, factor: 2, maxMs: 30_000, jitter: 0.2 }
/** A plugin that is no longer registered: its work waits, and is looked at rarely. */
const ORPHAN_RETRY: ProviderProfile['retry'] = { firstMs: 60_000, factor: 2, maxMs: 3_600_000, jitter: 0.2 }

/** Opens an operation of a claim at its provider. */
export function openProvider(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  operation: ProviderOperation,
  extra: Partial<Pick<OpenOperation, 'about' | 'amountMinor' | 'limitAt' | 'since'>> = {},
): OperationId {
  const { limitAt: _, since: __, ...about } = extra
  const belongs = { sale, claim: claim.id, plugin: claim.plugin }
  const op = draft.open(
    operation,
    { ...belongs, ...extra },
    {
      class: 'query',
      // One after the other per sale and provider; sales, and providers within a sale, do not wait for each other.
      queue: `${sale} ${claim.plugin}`,
      effect: { type: 'provider', plugin: claim.plugin, operation, sale, claim: claim.id, ...about },
    },
  )
  if (!draft.participant(claim.plugin)) orphaned(draft, { op, ...belongs })
  return op
}

/** Nobody can send it while its plugin is not registered: a person must know. */
export function orphaned(draft: Draft, { op, sale, claim, plugin }: Orphan): void {
  draft.task({
    kind: 'provider-stuck',
    ...(sale === undefined ? {} : { sale }),
    ...(claim === undefined ? {} : { claim }),
    op,
    error: report('plugin.missing', { plugin: plugin ?? '' }),
    actions: ['retry', 'written-off'],
  })
}

type Orphan = Pick<OpenOperation, 'op' | 'sale' | 'claim' | 'plugin'>

/** It left so many attempts without an answer that only one at a time still goes out, to see whether it is back. */
export function isDown(lane: LaneStore, plugin: string, kind: string): boolean {
  const participant = lane.config?.participants.find(each => each.plugin === plugin)
  const failures = lane.troubles.get(troubleOf(plugin, kind))?.failures ?? 0
  return participant !== undefined && failures >= participant.profile.breaker.failures
}

/** The delay before attempt number `attempt + 1`, shortened at random so that a thousand tills do not come back at once. */
function retryDelay(draft: Draft, retry: ProviderProfile['retry'], attempt: number): number {
  const full = Math.min(retry.maxMs, retry.firstMs * retry.factor ** Math.min(attempt - 1, 60))
  return Math.round(full * (1 - retry.jitter * fractionOf(draft.stamp, attempt)))
}

/** Nothing of this operation ever left the till. */
export function neverSent(operation: LaneOperation, error: ErrorReport): boolean {
  return error.outcome === 'none' && operation.attempt === 1 && !operation.uncertain
}

/** How long the whole provider has been silent, in attempts: a new operation need not find out by itself. */
function failuresOf(draft: Draft, { plugin, kind }: LaneOperation): number {
  if (plugin === undefined || !isDown(draft.lane, plugin, kind)) return 0
  const { failures = 0 } = draft.participant(plugin)?.profile.breaker ?? {}
  return (draft.lane.troubles.get(troubleOf(plugin, kind))?.failures ?? 0) - failures + 1
}

/** Schedules what follows an unknown outcome; answers when that is. */
export function scheduleNext(draft: Draft, operation: LaneOperation, error: ErrorReport): number {
  const participant = operation.plugin === undefined ? undefined : draft.participant(operation.plugin)
  const retry = participant?.profile.retry ?? (operation.plugin === undefined ? TERMINAL_RETRY : ORPHAN_RETRY)
  const at = draft.now + retryDelay(draft, retry, Math.max(operation.attempt, failuresOf(draft, operation)))
  const uncertain = operation.uncertain || error.outcome !== 'none'
  const next =
    operation.plugin === undefined || (participant?.profile.onUnknown === 'query' && uncertain)
      ? 'query'
      : 'repeat'
  draft.emit({ type: 'op.scheduled', op: operation.op, next, at, attempt: operation.attempt + 1, uncertain })
  return at
}

/** Nobody is there to send it: looked at again later. */
export function scheduleOrphan(draft: Draft, operation: LaneOperation): void {
  repeatLater(draft, operation, ORPHAN_RETRY, operation.uncertain)
}

/**
 * The terminal has not booked it, as far as it shows, and it must still be done: once more, soon, under the same id.
 * `uncertain`: an attempt was sent whose end nobody saw.
 */
export function scheduleRepeat(draft: Draft, operation: LaneOperation, uncertain: boolean): void {
  repeatLater(draft, operation, TERMINAL_RETRY, uncertain)
}

function repeatLater(
  draft: Draft,
  { op, attempt }: LaneOperation,
  retry: ProviderProfile['retry'],
  uncertain: boolean,
): void {
  const at = draft.now + retryDelay(draft, retry, attempt)
  draft.emit({ type: 'op.scheduled', op, next: 'repeat', at, attempt: attempt + 1, uncertain })
}

/** Sends the next attempt now. */
export function attemptNow(draft: Draft, operation: LaneOperation, next: 'repeat' | 'query'): void {
  const attempt = operation.phase === 'waiting' ? operation.attempt : operation.attempt + 1
  if (operation.phase !== 'waiting') {
    draft.emit({ type: 'op.scheduled', op: operation.op, next, at: draft.now, attempt, uncertain: true })
  }
  draft.emit({ type: 'op.attempted', op: operation.op, next, attempt })
}
