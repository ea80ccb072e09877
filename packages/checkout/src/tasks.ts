// What only a person can settle, and what their decision does. Every decision is recorded with name and reason.
import type { Input, Leg, PaymentFacts, Task } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { goOn, outOfPatience } from './answers.ts'
import { continueCancelling, reversalRefused, reverseLeg } from './cancelling.ts'
import { releaseFailed } from './claims.ts'
import type { Draft } from './draft.ts'
import { remaining, voidAnswered } from './linked.ts'
import { attemptNow } from './operations.ts'
import { commitClaim, reserveAndCommit } from './settling.ts'
import { legDone } from './terminal.ts'

type Resolve = Extract<Input, { type: 'task.resolve' }>

export function resolveTask(draft: Draft, input: Resolve): void {
  const task = draft.lane.tasks.get(input.task)
  if (!task) return draft.refuse('task.unknown', { task: input.task })
  if (!task.actions.includes(input.action) || input.operator.trim() === '' || input.reason.trim() === '') {
    return draft.refuse('task.action', { actions: task.actions.join(', ') })
  }
  if (isBeingSent(draft, task))
    return draft.refuse('task.action', { reason: 'the terminal is at it again; what becomes of that tells' })
  if ((input.action === 'retry' || task.kind === 'refund-due') && isReturned(draft, task))
    return draft.refuse('task.action', { reason: 'the line was returned, or the sale cancelled' })
  const { action, operator, reason } = input
  draft.emit({ type: 'task.resolved', task: task.id, action, operator, reason, at: draft.now })
  if (task.kind === 'payment-unresolved' || task.kind === 'reversal-unresolved')
    resolvePayment(draft, task, action)
  else if (task.kind === 'customer-owed') resolveOwed(draft, task, action)
  else if (task.kind === 'provider-stuck' && task.op !== undefined) resolveStuck(draft, task, action)
  else resolveFailed(draft, task, action)
}

function legOf(draft: Draft, task: Task): Leg | undefined {
  return task.sale === undefined || task.tender === undefined ? undefined : draft.leg(task.sale, task.tender)
}

/** Nothing may become active for a line whose money went back, or is going back. */
function isReturned(draft: Draft, task: Task): boolean {
  const sale = task.sale === undefined ? undefined : draft.lane.sales.get(task.sale)
  const claim = sale?.claims.find(each => each.id === task.claim)
  if (!sale || claim?.state !== 'failed') return false
  if (sale.state === 'cancelling' || sale.state === 'cancelled') return true
  return claim.line !== undefined && !remaining(draft, sale).some(({ line }) => line.id === claim.line)
}

/** A reversal that was never booked is sent once more, and the slip in somebody's hand is older than what comes of that. */
function isBeingSent(draft: Draft, { kind, op }: Task): boolean {
  const operation = op === undefined ? undefined : draft.lane.operations.get(op)
  return kind === 'reversal-unresolved' && operation?.phase === 'sent' && operation.via === 'send'
}

/** A person read the terminal's slip. */
function resolvePayment(draft: Draft, task: Task, action: Resolve['action']): void {
  const leg = legOf(draft, task)
  const operation = task.op === undefined ? undefined : draft.lane.operations.get(task.op)
  if (!leg || !operation || task.sale === undefined) return
  if (action === 'retry') return attemptNow(draft, operation, 'query')
  const isBooked = action === 'booked' || action === 'reversed'
  draft.settle(operation.op, isBooked ? 'done' : 'refused')
  if (operation.kind === 'reverse') {
    if (!isBooked) return reversalRefused(draft, task.sale, leg, report('terminal.not-booked'))
    draft.emit({ type: 'leg.moved', sale: task.sale, tender: leg.id, to: 'reversed' })
    return continueCancelling(draft, task.sale)
  }
  if (!isBooked) {
    draft.emit({
      type: 'leg.moved',
      sale: task.sale,
      tender: leg.id,
      to: 'refused',
      error: report('terminal.not-booked'),
    })
    return
  }
  const facts: PaymentFacts = leg.approved ?? {
    amountMinor: Math.abs(leg.askedMinor),
    currency: draft.config.currency,
  }
  legDone(draft, task.sale, leg, facts)
}

function resolveOwed(draft: Draft, task: Task, action: Resolve['action']): void {
  const leg = legOf(draft, task)
  if (!leg || task.sale === undefined || leg.state !== 'owed') return
  // Given back by hand, the payment stays on the terminal's books, and in what the till expects there.
  if (action !== 'retry') return
  draft.emit({ type: 'leg.moved', sale: task.sale, tender: leg.id, to: 'reversing' })
  reverseLeg(draft, task.sale, leg)
}

function resolveStuck(draft: Draft, task: Task, action: Resolve['action']): void {
  const operation = task.op === undefined ? undefined : draft.lane.operations.get(task.op)
  if (!operation) return
  if (action === 'retry') {
    const next = draft.participant(operation.plugin ?? '')?.profile.onUnknown ?? 'repeat'
    return attemptNow(draft, operation, next)
  }
  const claim =
    task.sale === undefined || task.claim === undefined ? undefined : draft.claim(task.sale, task.claim)
  if (!claim || task.sale === undefined) return draft.settle(operation.op, 'abandoned')
  const { revision, paidAt } = draft.sale(task.sale)
  if (paidAt === undefined && operation.limitAt !== undefined) return outOfPatience(draft, operation)
  draft.settle(operation.op, 'abandoned')
  if ((operation.kind === 'void' || operation.kind === 'refund') && claim.state === 'voiding')
    voidAnswered(draft, task.sale, claim, task.error)
  else if (operation.kind !== 'release' || claim.state === 'releasing') {
    const to = operation.kind === 'release' ? 'released' : 'failed'
    draft.emit({ type: 'claim.moved', sale: task.sale, claim: claim.id, to, error: task.error })
  }
  goOn(draft, task.sale, claim.id, revision)
}

/** A deliberate new attempt by a person takes a new id; any other decision ends the claim. */
function resolveFailed(draft: Draft, task: Task, action: Resolve['action']): void {
  const claim =
    task.sale === undefined || task.claim === undefined ? undefined : draft.claim(task.sale, task.claim)
  if (!claim || task.sale === undefined || claim.state !== 'failed') return
  if (action !== 'retry') {
    releaseFailed(draft, task.sale, claim)
    // The customer has the money for this line: no return or void may give it back once more.
    if (action === 'settled' && task.kind === 'refund-due')
      draft.emit({ type: 'claim.moved', sale: task.sale, claim: claim.id, to: 'refunded' })
    return
  }
  if (claim.ops.commit === undefined) reserveAndCommit(draft, task.sale, claim)
  else commitClaim(draft, task.sale, claim)
}
