// Depth b: the register owns basket and payment, so the pivot is its word. It may come twice, late, or not at all.
import type { Claim, Leg, Minor, Sale, SaleCommand, TenderId } from '@cashdesk/kernel'
import { minor } from '@cashdesk/kernel'
import { cancelSale } from './cancelling.ts'
import type { Draft } from './draft.ts'
import { finishSale, isPaid, reserveAndCommit, settlePaid } from './settling.ts'
import { totalsOf } from './totals.ts'

type Paid = Extract<SaleCommand, { type: 'register.paid' }>
type Status = Extract<SaleCommand, { type: 'register.status' }>

export function registerPaid(draft: Draft, sale: Sale, input: Omit<Paid, 'type'>): void {
  if (sale.owner !== 'register') return draft.refuse('sale.wrong-state', { owner: 'till' }, sale.id)
  if (isPaid(sale)) {
    const same = sale.reference === input.reference && totalsOf(sale).totalMinor === input.totalMinor
    if (!same) draft.refuse('register.repeated-differently', { reference: input.reference }, sale.id)
    return
  }
  const expected = expectedOf(sale)
  if (input.revision !== sale.revision || input.totalMinor !== expected) {
    return draft.refuse('sale.revision', { revision: sale.revision, totalMinor: expected }, sale.id)
  }
  const leg: Leg = {
    id: draft.name() as TenderId,
    by: 'register',
    kind: 'register',
    state: 'done',
    askedMinor: input.totalMinor,
    amountMinor: input.totalMinor,
    reference: input.reference,
    startedAt: draft.now,
  }
  const revived = revivable(sale)
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  draft.emit({
    type: 'sale.paid',
    sale: sale.id,
    at: draft.now,
    totalMinor: input.totalMinor,
    roundingMinor: minor(0),
    reference: input.reference,
  })
  // The till had let go before the register's word arrived: reserve anew, and commit as soon as that stands.
  for (const claim of revived) reserveAndCommit(draft, sale.id, claim)
  for (const claim of sale.claims) {
    // Its void was refused when the sale was cancelled, so it never stopped being what is paid for now.
    if (claim.state !== 'kept' || claim.of !== undefined) continue
    draft.emit({ type: 'claim.moved', sale: sale.id, claim: claim.id, to: 'committed' })
    draft.closeTasks(
      task => task.kind === 'void-refused' && task.claim === claim.id,
      'the sale was paid again',
    )
  }
  settlePaid(draft, sale.id)
}

/** What the register must have taken: of a sale that was let go, with the discounts that it had then. */
function expectedOf(sale: Sale): Minor {
  if (sale.frozen?.ready) return sale.frozen.totalMinor
  const again = new Set(revivable(sale))
  const claims = sale.claims.map(claim =>
    again.has(claim) ? { ...claim, state: 'reserving' as const } : claim,
  )
  return totalsOf({ ...sale, claims }).totalMinor
}

/** Claims that were let go because the sale was cancelled: not those of lines that were off it, nor coupons quoted anew. */
function revivable(sale: Sale): readonly Claim[] {
  if (sale.state !== 'cancelling' && sale.state !== 'cancelled') return []
  return sale.claims.filter((claim, index) => {
    if (!LET_GO.has(claim.state) || claim.of !== undefined) return false
    // Given up before, with its line or its discount.
    if (claim.error !== undefined && claim.state !== 'failed') return false
    if (claim.on === 'line') return sale.lines.some(line => line.id === claim.line && line.state === 'active')
    const later = sale.claims.slice(index + 1)
    const same = (other: Claim): boolean =>
      other.plugin === claim.plugin && JSON.stringify(other.subject) === JSON.stringify(claim.subject)
    return claim.on === 'basket' && !later.some(same)
  })
}

const LET_GO: ReadonlySet<Claim['state']> = new Set(['released', 'releasing', 'voided', 'failed'])

/** The register answered what became of a sale. Only `cancelled` lets go. */
export function registerStatus(draft: Draft, sale: Sale, input: Status): void {
  if (sale.owner !== 'register') return draft.refuse('sale.wrong-state', { owner: 'till' }, sale.id)
  if (input.status === 'paid') {
    registerPaid(draft, sale, {
      sale: sale.id,
      revision: input.revision ?? sale.revision,
      totalMinor: input.totalMinor ?? (isPaid(sale) ? totalsOf(sale).totalMinor : expectedOf(sale)),
      reference: input.reference ?? (isPaid(sale) ? sale.reference : undefined) ?? 'register',
    })
    // It was asked because it had not said so by itself: nobody is there to finish the sale either.
    const asked = draft.sale(sale.id)
    if (!isPaid(sale) && asked.state === 'settling')
      finishSale(draft, asked, { type: 'sale.finish', sale: sale.id })
  } else if (input.status === 'cancelled' && sale.state !== 'cancelling' && sale.state !== 'cancelled') {
    cancelSale(draft, sale, 'cancelled by the register')
  }
}
