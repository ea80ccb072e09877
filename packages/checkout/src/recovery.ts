// The start of a lane, and the passing of time. What was in flight is resumed at once: asked about, repeated under
// its own id, printed with a mark, or dropped, each by its class.
import type { EpochMs, LaneConfig, Sale } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { outOfPatience } from './answers.ts'
import { continueCancelling } from './cancelling.ts'
import type { Draft } from './draft.ts'
import type { LaneOperation, LaneStore } from './lane.ts'
import { attemptNow, orphaned } from './operations.ts'
import { continueSettling } from './settling.ts'
import { continueTotalling } from './tendering.ts'

export function startLane(draft: Draft, config: LaneConfig): void {
  draft.emit({ type: 'lane.started', config })
  for (const operation of [...draft.lane.operations.values()]) resume(draft, operation)
  for (const { id } of [...draft.lane.live.values()]) {
    const sale = draft.sale(id)
    if (isAsked(sale)) ask(draft, sale)
    if (sale.state === 'settling') finishAfterCrash(draft, sale)
    else if (sale.state === 'closed') continueSettling(draft, id)
    else if (sale.state === 'cancelling') continueCancelling(draft, id)
    else if (sale.state !== 'cancelled') continueTotalling(draft, id)
  }
}

/** The sale is paid and the register that should have finished it died: paper and commits go on without it. */
function finishAfterCrash(draft: Draft, sale: Sale): void {
  if (sale.paperBy === undefined) {
    draft.emit({ type: 'sale.finishing', sale: sale.id, paperBy: draft.now + draft.config.commitBudgetMs })
  }
  continueSettling(draft, sale.id)
}

function resume(draft: Draft, operation: LaneOperation): void {
  switch (operation.kind) {
    case 'pay':
    case 'payback':
    case 'reverse': {
      const leg =
        operation.sale === undefined || operation.tender === undefined
          ? undefined
          : draft.leg(operation.sale, operation.tender)
      if (leg && operation.sale !== undefined && (leg.state === 'sent' || leg.state === 'approved')) {
        const error = report('terminal.link-lost', { reason: 'the till stopped' })
        draft.emit({ type: 'leg.moved', sale: operation.sale, tender: leg.id, to: 'unknown', error })
      }
      return attemptNow(draft, operation, 'query')
    }
    case 'print':
      return attemptNow(draft, operation, 'repeat')
    case 'drawer':
    case 'end-of-day':
      return draft.settle(operation.op, 'abandoned')
    default: {
      const participant = operation.plugin === undefined ? undefined : draft.participant(operation.plugin)
      if (participant) return attemptNow(draft, operation, participant.profile.onUnknown)
      return orphaned(draft, operation)
    }
  }
}

function ask(draft: Draft, sale: Sale): void {
  draft.emit({ type: 'sale.asked', sale: sale.id, nextAt: draft.now + draft.config.askRegisterMs })
}

/** Whatever is due at the stamp's time. */
export function timePassed(draft: Draft): void {
  for (const { op } of [...draft.lane.operations.values()]) {
    // What was due a moment ago may have been settled by what was due before it.
    const operation = draft.lane.operations.get(op)
    if (!operation) continue
    if (operation.limitAt !== undefined && operation.limitAt <= draft.now && !pastPivot(draft, operation))
      outOfPatience(draft, operation)
    else if (operation.phase === 'waiting' && operation.next && (operation.dueAt ?? Infinity) <= draft.now) {
      attemptNow(draft, operation, operation.next)
    }
  }
  for (const { id } of [...draft.lane.live.values()]) {
    const sale = draft.sale(id)
    const due = saleDueAt(draft.lane, sale)
    if (due === undefined || due > draft.now) continue
    if (isAsked(sale)) ask(draft, sale)
    else continueSettling(draft, id)
  }
}

function pastPivot(draft: Draft, operation: LaneOperation): boolean {
  return operation.sale !== undefined && draft.lane.sales.get(operation.sale)?.paidAt !== undefined
}

function isAsked(sale: Sale): boolean {
  return (
    sale.owner === 'register' &&
    sale.paidAt === undefined &&
    sale.state !== 'cancelled' &&
    sale.state !== 'cancelling'
  )
}

/** When something about this sale is next due, if anything is. */
function saleDueAt(lane: LaneStore, sale: Sale): EpochMs | undefined {
  if (isAsked(sale)) return sale.askAt
  if (sale.state !== 'settling' && sale.state !== 'closed') return undefined
  const times: EpochMs[] = []
  if (sale.state === 'settling' && sale.paperBy !== undefined && sale.paper.state === 'none')
    times.push(sale.paperBy)
  if (
    sale.paidAt !== undefined &&
    sale.claims.some(claim => claim.state === 'due' && claim.of === undefined)
  ) {
    times.push(sale.paidAt + (lane.config?.commitBudgetMs ?? 0))
  }
  return times.length === 0 ? undefined : Math.min(...times)
}

/** When the lane next needs a `clock` input; undefined if nothing waits for time. */
export function nextDue(lane: LaneStore): EpochMs | undefined {
  let next = Infinity
  for (const operation of lane.operations.values()) {
    const paid = operation.sale !== undefined && lane.sales.get(operation.sale)?.paidAt !== undefined
    if (operation.limitAt !== undefined && !paid) next = Math.min(next, operation.limitAt)
    if (operation.phase === 'waiting' && operation.dueAt !== undefined) next = Math.min(next, operation.dueAt)
  }
  for (const sale of lane.live.values()) next = Math.min(next, saleDueAt(lane, sale) ?? Infinity)
  return next === Infinity ? undefined : next
}
