// What only a person can settle, and what their decision does. Every decision is recorded with name and reason.
import type { Input, Leg, PaymentFacts, Task } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { retryReversal } from './answers.ts'
import { continueCancelling } from './cancelling.ts'
import type { Draft } from './draft.ts'
import { attemptNow } from './operations.ts'
import { commitClaim } from './settling.ts'
import { legDone } from './tendering.ts'

type Resolve = Extract<Input, { type: 'task.resolve' }>

export function resolveTask(draft: Draft, input: Resolve): void {
  const task = draft.lane.tasks.get(input.task)
  if (!task) return draft.refuse('task.unknown', { task: input.task })
  if (!task.actions.includes(input.action) || input.operator.trim() === '' || input.reason.trim() === '') {
    return draft.refuse('task.action', { actions: task.actions.join(', ') })
  }
  const { action, operator, reason } = input
  draft.emit({ type: 'task.resolved', task: task.id, action, operator, reason, at: draft.now })
  if (task.kind === 'payment-unresolved') resolvePayment(draft, task, action)
  else if (task.kind === 'customer-owed') resolveOwed(draft, task, action)
  else if (task.kind === 'provider-stuck' && task.op !== undefined) resolveStuck(draft, task, action)
  else if (action === 'retry') retryCommit(draft, task)
}

function legOf(draft: Draft, task: Task): Leg | undefined {
  return task.sale === undefined || task.tender === undefined ? undefined : draft.leg(task.sale, task.tender)
}

/** A person read the terminal's slip. */
function resolvePayment(draft: Draft, task: Task, action: Resolve['action']): void {
  const leg = legOf(draft, task)
  const operation = task.op === undefined ? undefined : draft.lane.operations.get(task.op)
  if (!leg || !operation || task.sale === undefined) return
  if (action === 'retry') return attemptNow(draft, operation, 'query')
  draft.settle(operation.op, action === 'booked' ? 'done' : 'refused')
  if (operation.kind === 'reverse') {
    const to = action === 'booked' ? 'reversed' : 'owed'
    draft.emit({ type: 'leg.moved', sale: task.sale, tender: leg.id, to })
    return continueCancelling(draft, task.sale)
  }
  if (action === 'not-booked') {
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
  if (action === 'retry') retryReversal(draft, task.sale, leg)
  else draft.emit({ type: 'leg.moved', sale: task.sale, tender: leg.id, to: 'reversed' })
}

function resolveStuck(draft: Draft, task: Task, action: Resolve['action']): void {
  const operation = task.op === undefined ? undefined : draft.lane.operations.get(task.op)
  if (!operation) return
  if (action === 'retry') {
    const next = draft.participant(operation.plugin ?? '')?.profile.onUnknown ?? 'repeat'
    return attemptNow(draft, operation, next)
  }
  draft.settle(operation.op, 'abandoned')
  const claim =
    task.sale === undefined || task.claim === undefined ? undefined : draft.claim(task.sale, task.claim)
  if (!claim || task.sale === undefined) return
  const to = operation.kind === 'release' ? 'released' : operation.kind === 'void' ? 'kept' : 'failed'
  draft.emit({ type: 'claim.moved', sale: task.sale, claim: claim.id, to, error: task.error })
  continueCancelling(draft, task.sale)
}

/** A deliberate new attempt by a person takes a new id. */
function retryCommit(draft: Draft, task: Task): void {
  const claim =
    task.sale === undefined || task.claim === undefined ? undefined : draft.claim(task.sale, task.claim)
  if (!claim || task.sale === undefined || (claim.state !== 'failed' && claim.state !== 'refused')) return
  commitClaim(draft, task.sale, claim)
}
