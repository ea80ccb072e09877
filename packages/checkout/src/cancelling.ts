// Before the pivot everything can be let go: claims are released, legs reversed. A sale that the register owns can
// be cancelled after its payment too; then what was committed is voided.
import type { ErrorReport, Leg, Sale, SaleId } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { releaseClaim } from './claims.ts'
import type { Draft } from './draft.ts'
import { voidClaim } from './linked.ts'
import { openDrawer } from './settling.ts'

const UNDECIDED: ReadonlySet<Leg['state']> = new Set(['sent', 'approved', 'unknown'])

export function cancelSale(draft: Draft, sale: Sale, reason: string | undefined): void {
  const paid = sale.paidAt !== undefined
  if (paid && sale.owner !== 'register')
    return draft.refuse('sale.not-cancellable', { state: sale.state }, sale.id)
  // A hold can be released whatever became of it; only the terminal's word must be waited for.
  const undecided = sale.legs.find(leg => leg.kind !== 'hold' && UNDECIDED.has(leg.state))
  if (undecided) {
    return draft.refuse(
      undecided.state === 'unknown' ? 'tender.unresolved' : 'tender.pending',
      { payment: undecided.id },
      sale.id,
    )
  }
  if (sale.claims.some(claim => claim.of !== undefined && claim.state === 'voiding'))
    return draft.refuse('claim.pending', undefined, sale.id)
  // A card of the original is dead already: now the customer must get the money.
  if (sale.claims.some(claim => claim.of !== undefined && claim.state === 'voided')) {
    return draft.refuse('sale.not-cancellable', { reason: 'a card was deactivated for it' }, sale.id)
  }
  draft.emit({ type: 'sale.cancelling', sale: sale.id, ...(reason === undefined ? {} : { reason }) })
  for (const claim of sale.claims) {
    if (claim.state === 'committed') voidClaim(draft, sale.id, claim)
    else releaseClaim(draft, sale.id, claim)
  }
  for (const leg of sale.legs) {
    if (leg.state === 'done') giveBack(draft, sale, leg)
    else if (UNDECIDED.has(leg.state)) {
      const error = report('tender.cancelled')
      draft.emit({ type: 'leg.moved', sale: sale.id, tender: leg.id, to: 'refused', error })
    }
  }
  // The register gave all money back: what was due or short because of this sale is not any more.
  const failed = sale.claims.filter(claim => claim.state === 'failed').map(claim => claim.id)
  draft.closeTasks(
    task => task.op === undefined && task.claim !== undefined && failed.includes(task.claim),
    'the sale was cancelled',
  )
  continueCancelling(draft, sale.id)
}

function giveBack(draft: Draft, sale: Sale, leg: Leg): void {
  if (leg.kind === 'terminal' && !sale.training) {
    draft.emit({ type: 'leg.moved', sale: sale.id, tender: leg.id, to: 'reversing' })
    reverseLeg(draft, sale.id, leg)
    return
  }
  // Cash goes back over the counter, a hold is released with its claim, the register gives its own payment back.
  draft.emit({ type: 'leg.moved', sale: sale.id, tender: leg.id, to: 'reversed' })
  if (leg.kind === 'cash') openDrawer(draft, sale.id)
}

/** Reverses a card payment. The terminal's queue sends it as soon as the terminal is free. */
export function reverseLeg(draft: Draft, id: SaleId, leg: Leg): void {
  const sale = draft.sale(id)
  forgetSlip(draft, id, leg)
  const effect = {
    type: 'terminal',
    operation: leg.amountMinor < 0 ? 'pay' : 'reverse',
    sale: id,
    tender: leg.id,
    amountMinor: Math.abs(leg.amountMinor),
    currency: sale.currency,
  } as const
  draft.open(
    'reverse',
    { sale: id, tender: leg.id },
    { class: 'query', queue: 'terminal', effect: leg.facts ? { ...effect, original: leg.facts } : effect },
  )
}

/**
 * Each attempt has a slip of its own: with those before it the leg would soon have no room for its lines, and a terminal
 * whose lines nobody takes undoes what it books.
 */
export function forgetSlip(draft: Draft, sale: SaleId, { id, slip }: Leg): void {
  if (slip?.length) draft.emit({ type: 'leg.slip', sale, tender: id, lines: [], instead: true })
}

/** The customer is owed money that no machine could give back. */
export function reversalRefused(draft: Draft, id: SaleId, leg: Leg, error: ErrorReport): void {
  draft.emit({ type: 'leg.moved', sale: id, tender: leg.id, to: 'owed', error })
  draft.task({
    kind: 'customer-owed',
    sale: id,
    tender: leg.id,
    amountMinor: leg.amountMinor,
    error: report('tender.owed', { reason: error.code }),
    actions: ['retry', 'settled'],
  })
  continueCancelling(draft, id)
}

/** Cancelled once the money is settled; releases go on in the outbox, whatever the provider does. */
export function continueCancelling(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  if (sale.state !== 'cancelling' || sale.legs.some(leg => leg.state === 'reversing')) return
  if (
    sale.claims.some(
      claim => claim.state === 'committing' || (claim.state === 'voiding' && claim.of === undefined),
    )
  )
    return
  draft.emit({ type: 'sale.cancelled', sale: id, at: draft.now })
}
