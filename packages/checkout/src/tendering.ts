// From the total to the pivot: freeze the basket, make every reservation outlive the payment, take the legs.
import type {
  Answer,
  Claim,
  ErrorReport,
  Leg,
  Minor,
  PaymentFacts,
  Sale,
  SaleCommand,
  SaleId,
} from '@cashdesk/kernel'
import { cashStepOf, minor, negate, report, roundToCash, ZERO } from '@cashdesk/kernel'
import {
  giveUpReservation,
  openClaim,
  pendingClaims,
  quoteClaim,
  releaseClaim,
  reserveClaim,
  supports,
} from './claims.ts'
import type { Draft } from './draft.ts'
import { voidLinkedClaims } from './linked.ts'
import { openProvider } from './operations.ts'
import { settlePaid } from './settling.ts'
import { activeLines, basketHash, totalsOf } from './totals.ts'

type TenderCommand = Extract<SaleCommand, { type: 'tender.add' }>

/** A reservation must outlive the payment by this much more than the payment may take. */
const EXPIRY_MARGIN_MS = 30_000

export const PENDING_LEGS: ReadonlySet<Leg['state']> = new Set(['sent', 'approved', 'unknown', 'reversing'])

export function pressTotal(draft: Draft, sale: Sale): void {
  if (activeLines(sale).length === 0) return draft.refuse('sale.empty', undefined, sale.id)
  if (sale.prompts.length > 0) return draft.refuse('prompt.open', { open: sale.prompts.length }, sale.id)
  if (sale.state === 'tendering' || sale.totalling) return
  if (pendingClaims(sale).length > 0) draft.emit({ type: 'sale.totalling', sale: sale.id })
  else enterTendering(draft, sale.id)
}

/** A reservation was answered: go on with whatever the sale was waiting for. */
export function continueTotalling(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  if (sale.state === 'open' && sale.totalling && pendingClaims(sale).length === 0) {
    if (activeLines(sale).length === 0)
      draft.emit({ type: 'sale.reopened', sale: id, error: report('sale.empty') })
    else enterTendering(draft, id)
  } else if (sale.state === 'tendering' && sale.frozen?.ready === false) {
    becomeReady(draft, id)
  } else if (sale.state === 'tendering') {
    checkPaid(draft, id)
  }
}

function enterTendering(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  draft.emit({ type: 'sale.tendering', sale: id, revision: sale.revision, hash: basketHash(sale) })
  for (const claim of sale.claims) {
    if (claim.on === 'basket' && claim.state === 'quoted') reserveClaim(draft, id, claim)
    if (claim.state === 'reserved') outlivePayment(draft, id, claim)
  }
  voidLinkedClaims(draft, id)
  becomeReady(draft, id)
}

/** Renews a reservation that could run out while the customer pays. */
function outlivePayment(draft: Draft, sale: SaleId, claim: Claim): void {
  if (
    claim.expiresAt === undefined ||
    claim.expiresAt >= draft.now + draft.config.paymentTimeMs + EXPIRY_MARGIN_MS
  )
    return
  if (!supports(draft, claim, 'renew') || claim.ops.reserve === undefined) {
    giveUpReservation(draft, sale, claim, report('claim.expired'))
    return
  }
  const limitAt = draft.now + (draft.participant(claim.plugin)?.profile.reserveLimitMs ?? 0)
  openProvider(draft, sale, claim, 'renew', { about: claim.ops.reserve, limitAt })
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'renewing' })
}

/** All reservations stand, or the basket is no longer the one whose total was pressed. */
function becomeReady(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  if (pendingClaims(sale).length > 0) return
  if (sale.frozen?.hash !== basketHash(sale)) {
    // A renewal or a void was refused: the customer agreed to another total.
    const dropped = sale.lines.findLast(line => line.state === 'refused')
    reopen(draft, id, dropped?.error ?? report('sale.empty'))
    return
  }
  draft.emit({ type: 'sale.ready', sale: id, totalMinor: totalsOf(sale).totalMinor })
  checkPaid(draft, id)
}

export function reopenSale(draft: Draft, sale: Sale): void {
  if (sale.state === 'open') return
  const live = sale.legs.some(leg => leg.state === 'done' || PENDING_LEGS.has(leg.state))
  if (live) return draft.refuse('tender.pending', { legs: sale.legs.length }, sale.id)
  if (sale.claims.some(claim => claim.state === 'voiding'))
    return draft.refuse('claim.pending', undefined, sale.id)
  reopen(draft, sale.id)
}

/** Back to ringing up: basket reservations go, and are quoted anew under new ids. */
function reopen(draft: Draft, id: SaleId, error?: ErrorReport): void {
  const sale = draft.sale(id)
  draft.emit({ type: 'sale.reopened', sale: id, ...(error ? { error } : {}) })
  for (const claim of sale.claims) {
    if (claim.on !== 'basket') continue
    if (claim.state === 'quoted') quoteClaim(draft, id, claim)
    if (claim.state !== 'reserved' && claim.state !== 'reserving') continue
    releaseClaim(draft, id, claim)
    openClaim(draft, id, { plugin: claim.plugin, subject: claim.subject }, { on: 'basket' })
  }
}

export function addTender(draft: Draft, sale: Sale, input: TenderCommand): void {
  if (sale.owner === 'register') return draft.refuse('sale.wrong-state', { owner: 'register' }, sale.id)
  if (sale.frozen?.ready !== true) return draft.refuse('claim.pending', undefined, sale.id)
  const pending = sale.legs.find(leg => PENDING_LEGS.has(leg.state))
  if (pending)
    return draft.refuse(
      pending.state === 'unknown' ? 'tender.unresolved' : 'tender.pending',
      { payment: pending.id },
      sale.id,
    )
  const openMinor = totalsOf(sale).openMinor
  const due = minor(Math.abs(openMinor))
  if (input.amountMinor !== 'rest' && input.amountMinor <= 0)
    return draft.refuse('tender.amount', { amountMinor: input.amountMinor }, sale.id)
  if (restricted(draft, sale, input.by)) return draft.refuse('tender.restricted', { by: input.by }, sale.id)
  const back = openMinor < 0
  if (input.by === 'cash') return addCash(draft, sale, input, due, back)
  if (input.amountMinor !== 'rest' && input.amountMinor > due) {
    return draft.refuse('tender.amount', { openMinor: due }, sale.id)
  }
  const amount = input.amountMinor === 'rest' ? due : input.amountMinor
  if (input.by === 'card' && draft.config.hasTerminal) return addCard(draft, sale, input, amount, due, back)
  if (draft.participant(input.by)?.claims === 'tender' && !back) return addHold(draft, sale, input, amount)
  draft.refuse('tender.unknown-kind', { by: input.by }, sale.id)
}

/** A gift card is not paid with a gift card. */
function restricted(draft: Draft, sale: Sale, by: string): boolean {
  return sale.claims.some(
    claim =>
      claim.on === 'line' &&
      claim.state === 'reserved' &&
      draft.participant(claim.plugin)?.notPaidBy.includes(by),
  )
}

function addCash(draft: Draft, sale: Sale, input: TenderCommand, due: Minor, back: boolean): void {
  const step = cashStepOf(sale.currency)
  const payable = roundToCash(due, sale.currency)
  const asked = input.amountMinor === 'rest' ? payable : input.amountMinor
  const given = back ? asked : (input.givenMinor ?? asked)
  if (asked % step !== 0 || given % step !== 0) return draft.refuse('tender.cash-step', { step }, sale.id)
  if (given < Math.min(asked, payable) || (back && asked > payable)) {
    return draft.refuse('tender.amount', { openMinor: payable, givenMinor: given }, sale.id)
  }
  const applied = minor(Math.min(asked, payable))
  const sign = (amount: number): Minor => minor(back ? negate(minor(amount)) : amount)
  const leg: Leg = {
    id: input.tender,
    by: 'cash',
    kind: 'cash',
    state: 'done',
    askedMinor: sign(asked),
    amountMinor: sign(applied),
    givenMinor: sign(given),
    changeMinor: minor(back ? 0 : given - applied),
    startedAt: draft.now,
  }
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  checkPaid(draft, sale.id, applied === payable ? sign(payable - due) : ZERO)
}

function addCard(
  draft: Draft,
  sale: Sale,
  input: TenderCommand,
  amount: Minor,
  due: Minor,
  back: boolean,
): void {
  if (amount < due && input.split !== true) return draft.refuse('tender.order', { openMinor: due }, sale.id)
  const leg: Leg = {
    id: input.tender,
    by: 'card',
    kind: 'terminal',
    state: 'sent',
    askedMinor: back ? negate(amount) : amount,
    amountMinor: ZERO,
    startedAt: draft.now,
  }
  if (sale.training) {
    draft.emit({
      type: 'leg.opened',
      sale: sale.id,
      leg: { ...leg, state: 'done', amountMinor: leg.askedMinor },
    })
    return checkPaid(draft, sale.id)
  }
  const occupied = terminalOccupied(draft)
  if (occupied) return draft.refuse(occupied, undefined, sale.id)
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  const original = back && sale.kind === 'void' ? wholePayment(draft, sale, amount) : undefined
  const operation = !back ? 'pay' : original ? 'reverse' : 'refund'
  const effect = {
    type: 'terminal',
    operation,
    sale: sale.id,
    tender: leg.id,
    amountMinor: amount,
    currency: sale.currency,
  } as const
  draft.open(
    back ? 'payback' : 'pay',
    { sale: sale.id, tender: leg.id },
    { class: 'query', queue: 'terminal', effect: original ? { ...effect, original } : effect },
  )
}

/** The terminal takes one thing at a time, and nothing while its last payment is unresolved: that would destroy the evidence. */
export function terminalOccupied(draft: Draft): 'terminal.busy' | 'terminal.blocked' | undefined {
  for (const operation of draft.lane.operations.values()) {
    if (!['pay', 'payback', 'reverse', 'end-of-day'].includes(operation.kind)) continue
    return operation.uncertain ? 'terminal.blocked' : 'terminal.busy'
  }
  return undefined
}

/** The single card payment that a void takes back whole, if there is just one. */
function wholePayment(draft: Draft, sale: Sale, amount: Minor): PaymentFacts | undefined {
  const original = sale.original === undefined ? undefined : draft.lane.sales.get(sale.original)
  const legs = original?.legs.filter(leg => leg.state === 'done') ?? []
  const [leg] = legs
  return legs.length === 1 && leg?.kind === 'terminal' && leg.amountMinor === amount ? leg.facts : undefined
}

function addHold(draft: Draft, sale: Sale, input: TenderCommand, amount: Minor): void {
  const leg: Leg = {
    id: input.tender,
    by: input.by,
    kind: 'hold',
    state: 'sent',
    askedMinor: amount,
    amountMinor: ZERO,
    startedAt: draft.now,
  }
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  const claim: Claim = {
    id: draft.name() as Claim['id'],
    plugin: input.by,
    on: 'tender',
    tender: leg.id,
    state: 'reserving',
    subject: input.subject ?? {},
    ops: {},
    facts: {},
  }
  draft.emit({ type: 'claim.opened', sale: sale.id, claim })
  reserveClaim(draft, sale.id, claim, amount)
  continueTotalling(draft, sale.id)
}

/** The pivot: only certain legs count, nothing is pending, nothing is open. */
export function checkPaid(draft: Draft, id: SaleId, rounding: Minor = ZERO): void {
  const sale = draft.sale(id)
  if (sale.state !== 'tendering' || sale.frozen?.ready !== true) return
  if (sale.legs.some(leg => PENDING_LEGS.has(leg.state))) return
  const totals = totalsOf(sale)
  if (totals.openMinor + rounding !== 0) return
  draft.emit({
    type: 'sale.paid',
    sale: id,
    at: draft.now,
    totalMinor: minor(totals.totalMinor + rounding),
    roundingMinor: rounding,
  })
  settlePaid(draft, id)
}

/** The terminal says yes and waits for us. Anything we did not ask for is rejected, and the terminal reverses it. */
export function approve(draft: Draft, op: Leg['op'], facts: PaymentFacts): void {
  const operation = op === undefined ? undefined : draft.lane.operations.get(op)
  const leg =
    operation?.sale === undefined || operation.tender === undefined
      ? undefined
      : draft.leg(operation.sale, operation.tender)
  if (op === undefined) return
  const reject = (error: ErrorReport): void => draft.emit({ type: 'approval.rejected', op, error })
  if (
    !operation?.sale ||
    !leg ||
    (leg.state !== 'sent' && leg.state !== 'approved' && leg.state !== 'reversing')
  ) {
    return reject(report('tender.pending', { reason: 'nobody waits for this approval' }))
  }
  const allowed = Math.abs(leg.askedMinor) + (facts.tipMinor ?? 0)
  if (facts.currency !== draft.config.currency || facts.amountMinor > allowed || facts.amountMinor <= 0) {
    return reject(report('tender.amount', { approvedMinor: facts.amountMinor, askedMinor: leg.askedMinor }))
  }
  if (leg.state === 'sent')
    draft.emit({ type: 'leg.moved', sale: operation.sale, tender: leg.id, to: 'approved', approved: facts })
}

/** The payment stands on the terminal's books. */
export function legDone(draft: Draft, id: SaleId, leg: Leg, facts: PaymentFacts): void {
  const tip = leg.askedMinor > 0 ? (facts.tipMinor ?? 0) : 0
  const most = Math.abs(leg.askedMinor) + tip
  const counted = Math.min(facts.amountMinor, most)
  const amountMinor = minor(leg.askedMinor < 0 ? -counted : counted)
  draft.emit({
    type: 'leg.moved',
    sale: id,
    tender: leg.id,
    to: 'done',
    amountMinor,
    facts,
    ...(tip === 0 ? {} : { tipMinor: minor(tip) }),
  })
  if (facts.amountMinor > most) {
    const error = report('tender.owed', { bookedMinor: facts.amountMinor, askedMinor: leg.askedMinor })
    draft.task({
      kind: 'customer-owed',
      sale: id,
      tender: leg.id,
      amountMinor: minor(facts.amountMinor - most),
      error,
      actions: ['settled'],
    })
  }
  checkPaid(draft, id)
}

/** The facts of a terminal's answer, where it gave any. */
export function paymentOf(answer: Answer): PaymentFacts | undefined {
  return answer.outcome === 'done' && answer.of === 'terminal' ? answer.data : undefined
}
