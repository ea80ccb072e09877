// Answers from the world, matched by operation id and by nothing else. A late answer belongs to its own operation.
import type {
  Answer,
  Claim,
  ErrorCode,
  ErrorReport,
  Leg,
  OperationId,
  ProviderOperation,
  SaleId,
} from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { basketChanged } from './basket.ts'
import { continueCancelling, forgetSlip, reversalRefused } from './cancelling.ts'
import { beforePivotAnswered, claimRefused, giveUpReservation } from './claims.ts'
import { dayEnded } from './day.ts'
import { deferredRefused, putOff, refusalOf } from './deferring.ts'
import type { Draft } from './draft.ts'
import type { LaneOperation } from './lane.ts'
import { voidAnswered } from './linked.ts'
import { attemptNow, neverSent, openProvider, scheduleNext, scheduleRepeat } from './operations.ts'
import {
  commitAnswered,
  commitClaim,
  continueSettling,
  isPaid,
  paperAnswered,
  reserveAndCommit,
} from './settling.ts'
import { continueTotalling } from './tendering.ts'
import { AT_TERMINAL, legDone, paymentOf } from './terminal.ts'

/** A payment that the terminal cannot tell about for this long becomes a task; the till asks on. */
const UNRESOLVED_TASK_MS = 60_000

export function answered(draft: Draft, op: OperationId, via: 'send' | 'query', given: Answer): void {
  const operation = draft.lane.operations.get(op)
  if (!operation) return answeredLate(draft, op, given)
  const answer = fitting(operation.kind, given)
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

/** Nobody waited for it any more. Where a person decided that no money moved, and it did, a person must know. */
function answeredLate(draft: Draft, op: OperationId, given: Answer): void {
  draft.emit({ type: 'op.late', op, outcome: given.outcome })
  if (given.outcome !== 'done' || given.of !== 'terminal') return
  for (const sale of draft.lane.sales.values()) {
    const leg = sale.legs.find(each => each.op === op || each.reversal === op)
    const denied = leg && (leg.op === op ? leg.state === 'refused' : leg.state === 'owed')
    if (!denied) continue
    draft.task({
      kind: 'books-differ',
      sale: sale.id,
      tender: leg.id,
      amountMinor: leg.askedMinor,
      error: report('tender.books-differ', { reason: 'the terminal told of it after a person had decided' }),
      actions: ['settled', 'written-off'],
    })
  }
}

/** What does not fit the operation it came for is no answer: nobody knows what became of the operation. */
function fitting(kind: LaneOperation['kind'], answer: Answer): Answer {
  const [of, code] = FITS[kind] ?? (['provider', 'provider.malformed'] as const)
  const fits =
    answer.outcome === 'ask'
      ? kind === 'quote' || kind === 'reserve'
      : answer.outcome !== 'done' || answer.of === of
  return fits ? answer : { outcome: 'unknown', error: report(code, { outcome: answer.outcome }) }
}

const FITS: { readonly [kind in LaneOperation['kind']]?: readonly [string, ErrorCode] } = {
  pay: ['terminal', 'terminal.malformed'],
  payback: ['terminal', 'terminal.malformed'],
  reverse: ['terminal', 'terminal.malformed'],
  'end-of-day': ['totals', 'terminal.malformed'],
  print: ['printer', 'printer.no-answer'],
  drawer: ['printer', 'printer.no-answer'],
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
  draft.settle(op, answer.outcome === 'ask' ? 'abandoned' : answer.outcome)
  const buried = answer.outcome === 'refused' && answer.error.code === 'provider.not-found'
  // A release that was refused as buried is told as refused by some providers: it is sent once more to be sure.
  const dead = buried || (answer.outcome === 'refused' && kind === 'release')
  const again = via === 'query' && dead ? sentAnew(draft, operation) : undefined
  // It never arrived, and by asking for it the provider has buried its id: only a new id can still succeed.
  if (again) return openAgain(draft, sale, claim, again, operation)
  // It stood unheard and ran out while the line was down: the card may be free, so it is asked for anew.
  const ranOut = answer.outcome === 'refused' && answer.error.code === 'claim.expired'
  if (ranOut && kind === 'reserve' && claim.state === 'deferred')
    return openAgain(draft, sale, claim, 'reserve', operation)
  const data = answer.outcome === 'done' && answer.of === 'provider' ? answer.data : {}
  const error = answer.outcome === 'refused' ? answer.error : undefined
  const revision = draft.sale(sale).revision
  switch (kind) {
    case 'quote':
    case 'reserve':
    case 'renew':
    case 'release':
      // Money is there already: its line stays sold, and a person must know.
      if (kind === 'reserve' && draft.sale(sale).paidAt !== undefined && answer.outcome !== 'done')
        commitAnswered(draft, sale, claim, { error: error ?? report('claim.refused', { reason: 'asks' }) })
      else if (claim.state === 'deferred' && answer.outcome !== 'done')
        deferredRefused(draft, sale, claim, error ?? report('claim.refused', { reason: 'asks' }))
      else beforePivotAnswered(draft, sale, claim, kind, answer)
      break
    case 'commit':
      commitAnswered(draft, sale, claim, error ? { error } : { data })
      break
    case 'void':
    case 'refund':
      undone(draft, sale, claim, error?.code === 'provider.not-found' ? undefined : error)
      break
  }
  goOn(draft, sale, claim.id, revision)
}

/** A void was answered. Where the register has paid again meanwhile, what is undone is done once more. */
function undone(draft: Draft, id: SaleId, claim: Claim, refusal: ErrorReport | undefined): void {
  if (claim.state !== 'voiding') return
  if (claim.of !== undefined || !isPaid(draft.sale(id))) return voidAnswered(draft, id, claim, refusal)
  draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: refusal ? 'committed' : 'voided' })
  if (!refusal) reserveAndCommit(draft, id, claim)
}

/** What is not given up because a message was lost. */
const SENT_ANEW = ['reserve', 'renew', 'release', 'commit', 'void', 'refund'] as const

/** A PIN is not kept, so a reservation that carried one cannot be sent anew: the customer would have to enter it again. */
function sentAnew(draft: Draft, { kind, plugin }: LaneOperation): ProviderOperation | undefined {
  if (kind === 'reserve' && draft.participant(plugin ?? '')?.pin) return undefined
  return SENT_ANEW.find(each => each === kind)
}

/** After any answer: requote a changed basket, go on toward total, payment, paper or the end of a cancellation. */
export function goOn(draft: Draft, sale: SaleId, claimId: Claim['id'], revision: number): void {
  const now = draft.sale(sale)
  const claim = draft.claim(sale, claimId)
  if ((now.state === 'open' || now.state === 'parked') && now.revision !== revision && claim?.on === 'line')
    basketChanged(draft, sale)
  if (now.state === 'open' || now.state === 'tendering') continueTotalling(draft, sale)
  if (now.state === 'cancelling') continueCancelling(draft, sale)
  if (isPaid(now) && claim) {
    // The money came before the reservation did (the register's word was late, or ours was).
    if (claim.state === 'reserved') commitClaim(draft, sale, claim)
    continueSettling(draft, sale)
  }
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
  if (
    kind === 'reserve' &&
    neverSent(operation, error) &&
    claim.state === 'reserving' &&
    draft.sale(sale).paidAt === undefined
  ) {
    const reason = putOff(draft, sale, claim, error)
    if (reason) {
      draft.settle(op, 'abandoned')
      claimRefused(draft, sale, claim, refusalOf(reason, error))
    } else scheduleNext(draft, operation, error)
    return goOn(draft, sale, claim.id, revision)
  }
  scheduleNext(draft, operation, error)
  // Before the pivot the sale's patience ends first; after it somebody paid for what is not reserved yet.
  if (operation.limitAt !== undefined && draft.sale(sale).paidAt === undefined) return
  const after = draft.participant(operation.plugin ?? '')?.profile.taskAfterMs ?? 0
  // What repeating alone will not help needs a person now; it is repeated all the same.
  if (error.retry === 'never' || draft.now - operation.since >= after) {
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

/** The same once more under a new id, after the old one is proven dead. Limit and task fall due as if it were the old one. */
function openAgain(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  kind: ProviderOperation,
  { about, amountMinor, limitAt, since }: LaneOperation,
): void {
  openProvider(draft, sale, claim, kind, {
    since,
    ...(about === undefined ? {} : { about }),
    ...(amountMinor === undefined ? {} : { amountMinor }),
    ...(limitAt === undefined ? {} : { limitAt }),
  })
}

/** A reservation or renewal was not answered within the sale's patience. */
export function outOfPatience(draft: Draft, operation: LaneOperation): void {
  const { op, sale, kind } = operation
  const claim =
    sale === undefined || operation.claim === undefined ? undefined : draft.claim(sale, operation.claim)
  if (sale === undefined || !claim) return draft.settle(op, 'abandoned')
  const revision = draft.sale(sale).revision
  const tooLate = report('provider.no-answer', { plugin: claim.plugin })
  const reason = kind === 'reserve' ? putOff(draft, sale, claim, tooLate) : 'forbidden'
  if (reason === undefined) return goOn(draft, sale, claim.id, revision)
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
      kind === 'renew' ? report('claim.expired', { plugin: claim.plugin }) : refusalOf(reason, tooLate),
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
  if (operation.kind === 'reverse' && answer.outcome === 'refused')
    return reverseRefused(draft, operation, sale, leg, via, answer.error)
  draft.settle(op, answer.outcome)
  // What the terminal was printing when the line broke is no receipt; its own repeat is.
  if (via === 'query') forgetSlip(draft, sale, leg)
  if (operation.kind === 'reverse') {
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'reversed' })
    return continueCancelling(draft, sale)
  }
  const facts = paymentOf(answer)
  if (answer.outcome === 'refused')
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'refused', error: answer.error })
  else if (facts) legDone(draft, sale, leg, facts)
}

/** A reversal that was never booked is still owed: it is sent again, and only the terminal's own no ends it. */
function reverseRefused(
  draft: Draft,
  operation: LaneOperation,
  sale: SaleId,
  leg: Leg,
  via: 'send' | 'query',
  error: ErrorReport,
): void {
  if (via === 'query') {
    forgetSlip(draft, sale, leg)
    return scheduleRepeat(draft, operation, true)
  }
  // The terminal was busy or away, so this never reached it: soon again, and a person only where that lasts.
  if (neverLeft(draft, operation, error)) return scheduleRepeat(draft, operation, operation.uncertain)
  // One before it was sent and its end not seen: it may stand, and be the reason why this one is refused.
  if (operation.uncertain) {
    const doubt = report('terminal.cannot-tell', { reason: error.code })
    return terminalUnknown(draft, operation, sale, leg, 'query', doubt)
  }
  draft.settle(operation.op, 'refused')
  reversalRefused(draft, sale, leg, error)
}

function neverLeft(draft: Draft, { since }: LaneOperation, { code }: ErrorReport): boolean {
  const isAway = code === 'terminal.busy' || code === 'terminal.absent' || code === 'terminal.blocked'
  return isAway && draft.now - since < UNRESOLVED_TASK_MS
}

function terminalUnknown(
  draft: Draft,
  operation: LaneOperation,
  sale: SaleId,
  leg: Leg,
  via: 'send' | 'query',
  error: ErrorReport,
): void {
  if (AT_TERMINAL.has(leg.state)) {
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'unknown', error })
  }
  const cannotTell = via === 'query' && error.retry === 'never'
  if (cannotTell || draft.now - operation.since >= UNRESOLVED_TASK_MS) {
    const isReversal = operation.kind === 'reverse'
    draft.task({
      kind: isReversal ? 'reversal-unresolved' : 'payment-unresolved',
      sale,
      tender: leg.id,
      op: operation.op,
      amountMinor: isReversal ? leg.amountMinor : leg.askedMinor,
      error: report(isReversal ? 'tender.reversal-unresolved' : 'tender.unresolved', { reason: error.code }),
      // The slip of the payment says "booked" whether or not it was taken back: the two must not be mixed up.
      actions: isReversal ? ['reversed', 'not-reversed', 'retry'] : ['booked', 'not-booked', 'retry'],
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
  if (answer.outcome === 'done') return paperAnswered(draft, sale, 'printed')
  // No paper came out of this attempt, but one before it may have printed.
  const mayExist = answer.outcome === 'unknown' || operation.uncertain
  paperAnswered(draft, sale, mayExist ? 'unknown' : 'failed', answer.error)
}
