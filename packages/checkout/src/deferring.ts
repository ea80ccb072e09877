// Deferred reservations: where a provider permits it, a card is sold while nobody can be asked about it. The request
// for its reservation stays open under its id and goes out when the line is back; only the sale stops waiting. How much
// may be put off is bounded per item, card, lane and age, and counted from what the journal says is still put off.
import type { Claim, DeferralLimits, ErrorReport, Leg, Sale, SaleId } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { claimRefused } from './claims.ts'
import type { Draft } from './draft.ts'

/** Why a reservation was not put off; `forbidden` where the provider does not permit it at all. */
type NotPutOff = 'forbidden' | keyof DeferralLimits

/**
 * The provider did not answer in time: the sale goes on without its word, if that is permitted and within the limits.
 * Answers why not, undefined when it is put off.
 */
export function putOff(draft: Draft, sale: SaleId, claim: Claim, error: ErrorReport): NotPutOff | undefined {
  const offline = draft.participant(claim.plugin)?.offline
  const line = draft.sale(sale).lines.find(each => each.id === claim.line)
  const open = claim.ops.reserve !== undefined && draft.lane.operations.get(claim.ops.reserve)
  if (offline?.reserve !== 'defer' || claim.state !== 'reserving' || !line || !open) return 'forbidden'
  const reached = limitReached(draft, claim, line.grossMinor, offline.limits)
  if (reached) return reached
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'deferred', error })
  return undefined
}

/** What the cashier is told about a line that could not be put off. */
export function refusalOf(reason: NotPutOff, error: ErrorReport): ErrorReport {
  return reason === 'forbidden' ? error : report('claim.offline-limit', { limit: reason, reason: error.code })
}

function limitReached(
  draft: Draft,
  claim: Claim,
  amountMinor: number,
  limits: DeferralLimits,
): keyof DeferralLimits | undefined {
  if (amountMinor > limits.itemMinor) return 'itemMinor'
  let cardMinor = amountMinor
  let laneMinor = amountMinor
  let laneClaims = 1
  let oldest = draft.now
  for (const operation of draft.lane.operations.values()) {
    if (operation.kind !== 'reserve' || operation.plugin !== claim.plugin || !operation.sale) continue
    const sale = draft.lane.sales.get(operation.sale)
    const held = sale?.claims.find(each => each.id === operation.claim && each.state === 'deferred')
    if (!held) continue
    const heldMinor = sale?.lines.find(each => each.id === held.line)?.grossMinor ?? 0
    if (held.subject['serial'] === claim.subject['serial']) cardMinor += heldMinor
    laneMinor += heldMinor
    laneClaims += 1
    oldest = Math.min(oldest, operation.since)
  }
  if (cardMinor > limits.cardMinor) return 'cardMinor'
  if (laneMinor > limits.laneMinor) return 'laneMinor'
  if (laneClaims > limits.laneClaims) return 'laneClaims'
  return draft.now - oldest > limits.ageMs ? 'ageMs' : undefined
}

/** Put off, and refused since: the customer may be paying for it at this moment. */
export function isLost(draft: Draft, claim: Claim): boolean {
  return (
    claim.state === 'deferred' &&
    (claim.ops.reserve === undefined || draft.lane.operations.get(claim.ops.reserve) === undefined)
  )
}

/**
 * A put-off reservation was refused before the pivot. While money is on its way nothing on the bill may change: the
 * refusal is kept and told after the payment, as a refund that is due, or when the money turns back.
 */
export function deferredRefused(draft: Draft, id: SaleId, claim: Claim, error: ErrorReport): void {
  if (moneyIsMoving(draft.sale(id))) {
    draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'deferred', error })
  } else claimRefused(draft, id, claim, error)
}

/** Lines whose put-off reservation was refused while a payment ran that then came to nothing. Answers whether there were any. */
export function dropLost(draft: Draft, id: SaleId): boolean {
  if (moneyIsMoving(draft.sale(id))) return false
  const lost = draft.sale(id).claims.filter(claim => isLost(draft, claim))
  for (const claim of lost) claimRefused(draft, id, claim, claim.error ?? report('claim.refused'))
  return lost.length > 0
}

function moneyIsMoving(sale: Sale): boolean {
  // A register that owns its payment takes it for the total it was shown, and nobody knows when.
  if (sale.owner === 'register' && sale.state === 'tendering') return true
  return sale.legs.some(leg => MOVING.has(leg.state))
}

const MOVING: ReadonlySet<Leg['state']> = new Set(['sent', 'approved', 'done', 'unknown', 'reversing'])
