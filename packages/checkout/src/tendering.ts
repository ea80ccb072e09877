// From the total to the pivot: freeze the basket, make every reservation outlive the payment, take the legs.
import type { Claim, ErrorReport, Leg, Minor, Sale, SaleCommand, SaleId } from '@cashdesk/kernel'
import { cashStepOf, MAX_MINOR, minor, negate, report, roundToCash, ZERO } from '@cashdesk/kernel'
import {
  giveUpReservation,
  openClaim,
  pendingClaims,
  quoteClaim,
  releaseClaim,
  reserveClaim,
  supports,
} from './claims.ts'
import { dropLost } from './deferring.ts'
import type { Draft } from './draft.ts'
import { voidLinkedClaims } from './linked.ts'
import { openProvider } from './operations.ts'
import { settlePaid } from './settling.ts'
import { addCard } from './terminal.ts'
import { activeLines, basketHash, totalsOf } from './totals.ts'

type TenderCommand = Extract<SaleCommand, { type: 'tender.add' }>

/** A reservation must outlive the payment by this much more than the payment may take. */
const EXPIRY_MARGIN_MS = 30_000
/** Payment attempts of one sale, the declined among them. */
const MAX_LEGS = 99
/** A fresh reservation is good for this long before a tender renews it again: a register needs time to send one. */
const FRESH_MS = 30_000

const PENDING_LEGS: ReadonlySet<Leg['state']> = new Set(['sent', 'approved', 'unknown', 'reversing'])

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
    // A put-off reservation was refused while no money moved: the customer agreed to another total.
    if (sale.frozen?.hash !== basketHash(sale)) becomeReady(draft, id)
    else checkPaid(draft, id)
  }
}

function enterTendering(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  draft.emit({
    type: 'sale.tendering',
    sale: id,
    revision: sale.revision,
    hash: basketHash(sale),
    dueMinor: dueOf(sale),
  })
  for (const claim of sale.claims) {
    if (claim.on === 'basket' && claim.state === 'quoted') reserveClaim(draft, id, claim)
    if (runsOut(draft, claim)) outlivePayment(draft, id, claim)
  }
  voidLinkedClaims(draft, id)
  becomeReady(draft, id)
}

/** It could run out while the customer pays. Where the provider never grants enough, half of what it grants must be left. */
function runsOut(draft: Draft, claim: Claim): boolean {
  if (claim.state !== 'reserved' || claim.expiresAt === undefined) return false
  const needed = draft.config.paymentTimeMs + EXPIRY_MARGIN_MS
  const granted = claim.lastsMs ?? Infinity
  return claim.expiresAt < draft.now + (granted < needed + FRESH_MS ? granted / 2 : needed)
}

function outlivePayment(draft: Draft, sale: SaleId, claim: Claim): void {
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
  const lost = sale.claims.findLast(
    claim => claim.on === 'basket' && claim.state === 'refused' && (claim.adjustments ?? []).length > 0,
  )
  if (lost && dueOf(sale) > sale.frozen.totalMinor) {
    // A coupon was refused after it was quoted: it costs more than the customer saw.
    reopen(draft, id, lost.error ?? report('claim.refused'))
    return
  }
  draft.emit({ type: 'sale.ready', sale: id, totalMinor: totalsOf(sale).totalMinor })
  checkPaid(draft, id)
}

/** What the basket costs, without what payments add to it. */
function dueOf(sale: Sale): Minor {
  const { linesMinor, adjustmentsMinor } = totalsOf(sale)
  return minor(linesMinor + adjustmentsMinor)
}

/** A sale can stand at its total for long: before an amount reaches a tender, what would run out is renewed. */
function stillReserved(draft: Draft, sale: Sale): boolean {
  const short = sale.claims.filter(claim => runsOut(draft, claim))
  if (short.length === 0) return true
  const { revision, hash } = sale.frozen ?? { revision: sale.revision, hash: basketHash(sale) }
  draft.emit({ type: 'sale.tendering', sale: sale.id, revision, hash, dueMinor: dueOf(sale) })
  for (const claim of short) outlivePayment(draft, sale.id, claim)
  becomeReady(draft, sale.id)
  return false
}

export function reopenSale(draft: Draft, sale: Sale): void {
  if (sale.state === 'open') {
    if (sale.totalling) draft.emit({ type: 'sale.reopened', sale: sale.id })
    return
  }
  const live = sale.legs.some(
    leg => leg.state === 'done' || (PENDING_LEGS.has(leg.state) && !isAsking(sale, leg)),
  )
  if (live) return draft.refuse('tender.pending', { legs: sale.legs.length }, sale.id)
  if (sale.claims.some(claim => claim.state === 'voiding'))
    return draft.refuse('claim.pending', undefined, sale.id)
  withdrawAsking(draft, sale)
  reopen(draft, sale.id)
}

/** Back to ringing up: basket reservations go, and are quoted anew under new ids. */
function reopen(draft: Draft, id: SaleId, error?: ErrorReport): void {
  draft.emit({ type: 'sale.reopened', sale: id, ...(error ? { error } : {}) })
  dropLost(draft, id)
  const sale = draft.sale(id)
  for (const claim of sale.claims) {
    if (claim.on !== 'basket') continue
    if (claim.state === 'quoted') quoteClaim(draft, id, claim)
    if (!['reserved', 'reserving', 'renewing'].includes(claim.state)) continue
    releaseClaim(draft, id, claim)
    openClaim(draft, id, { plugin: claim.plugin, subject: claim.subject }, { on: 'basket' })
  }
}

export function addTender(draft: Draft, sale: Sale, input: TenderCommand): void {
  if (sale.owner === 'register') return draft.refuse('sale.wrong-state', { owner: 'register' }, sale.id)
  if (sale.frozen?.ready !== true) return draft.refuse('claim.pending', undefined, sale.id)
  // Cash for all of it ends every sale, also a return whose card is dead already.
  const ends = input.by === 'cash' && input.amountMinor === 'rest'
  if (sale.legs.length >= MAX_LEGS && !ends)
    return draft.refuse('sale.too-large', { payments: sale.legs.length }, sale.id)
  const pending = sale.legs.find(leg => PENDING_LEGS.has(leg.state) && !isAsking(sale, leg))
  if (pending) {
    const code = pending.state === 'unknown' ? 'tender.unresolved' : 'tender.pending'
    return draft.refuse(code, { payment: pending.id }, sale.id)
  }
  const openMinor = totalsOf(sale).openMinor
  const due = minor(Math.abs(openMinor))
  if (dropLost(draft, sale.id)) {
    becomeReady(draft, sale.id)
    return draft.refuse('claim.refused', { reason: 'refused since the total' }, sale.id)
  }
  if (!usable(input.amountMinor) || !usable(input.givenMinor ?? 'rest'))
    return draft.refuse('tender.amount', { amountMinor: String(input.amountMinor) }, sale.id)
  if (restricted(draft, sale, input.by)) return draft.refuse('tender.restricted', { by: input.by }, sale.id)
  if (!stillReserved(draft, sale)) return draft.refuse('claim.pending', { reason: 'renewed' }, sale.id)
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

/** Whole minor units, more than none, or whatever is open. */
function usable(amount: Minor | 'rest'): boolean {
  return amount === 'rest' || (Number.isSafeInteger(amount) && amount > 0 && amount <= MAX_MINOR)
}

/** Its question is still open, so nothing was sent: another tender takes its place. */
function isAsking(sale: Sale, leg: Leg): boolean {
  return sale.claims.some(claim => claim.tender === leg.id && claim.state === 'asking')
}

export function withdrawAsking(draft: Draft, sale: Sale): void {
  for (const claim of sale.claims) {
    if (claim.tender === undefined || claim.state !== 'asking') continue
    releaseClaim(draft, sale.id, claim)
    const error = report('tender.cancelled')
    draft.emit({ type: 'leg.moved', sale: sale.id, tender: claim.tender, to: 'refused', error })
  }
}

/** A gift card is not paid with a gift card. */
function restricted(draft: Draft, sale: Sale, by: string): boolean {
  return sale.claims.some(
    claim =>
      claim.on === 'line' &&
      (claim.state === 'reserved' || claim.state === 'deferred') &&
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
  withdrawAsking(draft, sale)
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  checkPaid(draft, sale.id, applied === payable ? sign(payable - due) : ZERO)
}

function addHold(draft: Draft, sale: Sale, input: TenderCommand, amount: Minor): void {
  withdrawAsking(draft, sale)
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
