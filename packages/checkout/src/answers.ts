// Answers from the world, matched by operation id and by nothing else. A late answer belongs to its own operation.
import type { Answer, Claim, ErrorReport, Leg, OperationId, SaleId } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { basketChanged } from './basket.ts'
import { continueCancelling, reversalRefused, reverseLeg } from './cancelling.ts'
import { beforePivotAnswered, claimRefused, giveUpReservation } from './claims.ts'
import { dayEnded } from './day.ts'
import type { Draft } from './draft.ts'
import type { LaneOperation } from './lane.ts'
import { voidAnswered } from './linked.ts'
import { attemptNow, neverSent, scheduleNext } from './operations.ts'
import { commitAnswered, commitClaim, commitFailed, continueSettling, paperAnswered } from './settling.ts'
import { continueTotalling, legDone, paymentOf } from './tendering.ts'

/** A payment that the terminal cannot tell about for this long becomes a task; the till asks on. */
const UNRESOLVED_TASK_MS = 60_000

export function answered(draft: Draft, op: OperationId, via: 'send' | 'query', answer: Answer): void {
  const operation = draft.lane.operations.get(op)
  if (!operation) return draft.emit({ type: 'op.late', op, outcome: answer.outcome })
  switch (operation.kind) {
    case 'pay':
    case 'payback':
    case 'reverse':
      return terminalAnswered(draft, operation, via, answer)
    case 'print':
      return printerAnswered(draft, operation, answer)
    case 'drawer':
      return draft.settle(op, answer.outcome === 'done' ? 'done' : 'abandoned')
    case 'end-of-day':
      return dayEnded(draft, op, answer)
    default:
      return providerAnswered(draft, operation, via, answer)
  }
}

// ── providers ───────────────────────────────────────────────────────────────────────────────────────────

function providerAnswered(
  draft: Draft,
  operation: LaneOperation,
  via: 'send' | 'query',
  answer: Answer,
): void {
  const { op, sale, kind } = operation
  const claim =
    sale === undefined || operation.claim === undefined ? undefined : draft.claim(sale, operation.claim)
  if (sale === undefined || !claim) return draft.settle(op, 'abandoned')
  if (answer.outcome === 'unknown') return providerUnknown(draft, operation, sale, claim, answer.error)
  if (
    via === 'query' &&
    answer.outcome === 'refused' &&
    answer.error.code === 'provider.not-found' &&
    repeatable(kind)
  ) {
    // Never arrived: the same request again, under the same id, unless the provider has buried that id.
    return attemptNow(draft, operation, 'repeat')
  }
  draft.settle(op, answer.outcome === 'ask' ? 'abandoned' : answer.outcome)
  const data = answer.outcome === 'done' && answer.of === 'provider' ? answer.data : {}
  const error = answer.outcome === 'refused' ? answer.error : undefined
  const revision = draft.sale(sale).revision
  switch (kind) {
    case 'quote':
    case 'reserve':
    case 'renew':
    case 'release':
      beforePivotAnswered(draft, sale, claim, kind, answer)
      break
    case 'commit':
      commitAnswered(draft, sale, claim, error ? { error } : { data })
      break
    case 'void':
    case 'refund':
      voidAnswered(draft, sale, claim, error?.code === 'provider.not-found' ? undefined : error)
      break
  }
  goOn(draft, sale, claim.id, revision)
}

/** After any answer: requote a changed basket, go on toward total, payment, paper or the end of a cancellation. */
function goOn(draft: Draft, sale: SaleId, claimId: Claim['id'], revision: number): void {
  const now = draft.sale(sale)
  const claim = draft.claim(sale, claimId)
  if (now.state === 'open' && now.revision !== revision && claim?.on === 'line') basketChanged(draft, sale)
  if (now.state === 'open' || now.state === 'tendering') continueTotalling(draft, sale)
  if (now.state === 'cancelling') continueCancelling(draft, sale)
  if (now.paidAt !== undefined && (now.state === 'settling' || now.state === 'closed') && claim) {
    // The money came before the reservation did (the register's word was late, or ours was).
    if (claim.state === 'reserved') commitClaim(draft, sale, claim)
    else if (claim.state === 'refused' && claim.on !== 'basket')
      commitFailed(draft, sale, claim, claim.error ?? report('claim.refused'))
    continueSettling(draft, sale)
  }
}

/** May be sent again after the provider said it never saw it. A payment-side commit must; a quote need not. */
function repeatable(kind: LaneOperation['kind']): boolean {
  return kind === 'commit' || kind === 'release' || kind === 'void' || kind === 'refund'
}

function providerUnknown(
  draft: Draft,
  operation: LaneOperation,
  sale: SaleId,
  claim: Claim,
  error: ErrorReport,
): void {
  const { op, kind } = operation
  const revision = draft.sale(sale).revision
  if (kind === 'quote') {
    draft.settle(op, 'abandoned')
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'quoted', adjustments: [], error })
    return goOn(draft, sale, claim.id, revision)
  }
  if (kind === 'reserve' && neverSent(operation, error) && draft.sale(sale).paidAt === undefined) {
    draft.settle(op, 'refused')
    claimRefused(draft, sale, claim, error)
    return goOn(draft, sale, claim.id, revision)
  }
  scheduleNext(draft, operation, error)
  if (kind === 'reserve' || kind === 'renew') return
  const after = draft.participant(operation.plugin ?? '')?.profile.taskAfterMs ?? 0
  if (draft.now - operation.since >= after) {
    draft.task({
      kind: 'provider-stuck',
      sale,
      claim: claim.id,
      op,
      error,
      actions: ['retry', 'written-off'],
    })
  }
}

/** A reservation or renewal was not answered within the sale's patience. */
export function outOfPatience(draft: Draft, operation: LaneOperation): void {
  const { op, sale, kind } = operation
  const claim =
    sale === undefined || operation.claim === undefined ? undefined : draft.claim(sale, operation.claim)
  if (sale === undefined || !claim) return draft.settle(op, 'abandoned')
  const revision = draft.sale(sale).revision
  // Money is there already: patience has no end any more.
  if (kind === 'reserve' && draft.sale(sale).paidAt !== undefined) return
  draft.settle(op, 'abandoned')
  if (kind === 'quote')
    draft.emit({
      type: 'claim.moved',
      sale,
      claim: claim.id,
      to: 'quoted',
      adjustments: [],
      error: report('provider.no-answer'),
    })
  else
    giveUpReservation(
      draft,
      sale,
      claim,
      report(kind === 'renew' ? 'claim.expired' : 'provider.no-answer', { plugin: claim.plugin }),
    )
  goOn(draft, sale, claim.id, revision)
}

// ── the terminal ────────────────────────────────────────────────────────────────────────────────────────

function terminalAnswered(
  draft: Draft,
  operation: LaneOperation,
  via: 'send' | 'query',
  answer: Answer,
): void {
  const { op, sale, tender } = operation
  const leg = sale === undefined || tender === undefined ? undefined : draft.leg(sale, tender)
  if (sale === undefined || !leg) return draft.settle(op, 'abandoned')
  if (answer.outcome === 'ask') return
  if (answer.outcome === 'unknown') return terminalUnknown(draft, operation, sale, leg, via, answer.error)
  draft.settle(op, answer.outcome)
  closeTasksOf(draft, op)
  if (operation.kind === 'reverse') {
    if (answer.outcome === 'refused') return reversalRefused(draft, sale, leg, answer.error)
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'reversed' })
    return continueCancelling(draft, sale)
  }
  const facts = paymentOf(answer)
  if (answer.outcome === 'refused')
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'refused', error: answer.error })
  else if (facts) legDone(draft, sale, leg, facts)
}

/** The machine found out by itself what a person was asked to look up. */
function closeTasksOf(draft: Draft, op: OperationId): void {
  for (const task of [...draft.lane.tasks.values()]) {
    if (task.op !== op) continue
    draft.emit({
      type: 'task.resolved',
      task: task.id,
      action: 'settled',
      operator: 'till',
      reason: 'the terminal answered',
      at: draft.now,
    })
  }
}

function terminalUnknown(
  draft: Draft,
  operation: LaneOperation,
  sale: SaleId,
  leg: Leg,
  via: 'send' | 'query',
  error: ErrorReport,
): void {
  if (leg.state === 'sent' || leg.state === 'approved') {
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'unknown', error })
  }
  const cannotTell = via === 'query' && error.retry === 'never'
  if (cannotTell || draft.now - operation.since >= UNRESOLVED_TASK_MS) {
    draft.task({
      kind: 'payment-unresolved',
      sale,
      tender: leg.id,
      op: operation.op,
      amountMinor: leg.askedMinor,
      error: report('tender.unresolved', { reason: error.code }),
      actions: ['booked', 'not-booked', 'retry'],
    })
  }
  if (via === 'send') return attemptNow(draft, operation, 'query')
  scheduleNext(draft, operation, error)
}

// ── paper ───────────────────────────────────────────────────────────────────────────────────────────────

function printerAnswered(draft: Draft, operation: LaneOperation, answer: Answer): void {
  const { op, sale } = operation
  if (answer.outcome === 'ask') return
  draft.settle(op, answer.outcome === 'unknown' ? 'abandoned' : answer.outcome)
  if (sale === undefined) return
  if (answer.outcome === 'done') paperAnswered(draft, sale, 'printed')
  else paperAnswered(draft, sale, answer.outcome === 'unknown' ? 'unknown' : 'failed', answer.error)
}

/** A reversal that waited for the terminal is sent now. */
export function retryReversal(draft: Draft, sale: SaleId, leg: Leg): void {
  draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'reversing' })
  reverseLeg(draft, sale, leg)
}
