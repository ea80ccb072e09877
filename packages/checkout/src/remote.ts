// Depth b: the register owns basket and payment, so the pivot is its word. It may come twice, late, or not at all.
import type { Leg, Sale, SaleCommand, TenderId } from '@cashdesk/kernel'
import { minor } from '@cashdesk/kernel'
import { cancelSale } from './cancelling.ts'
import { reserveClaim } from './claims.ts'
import type { Draft } from './draft.ts'
import { settlePaid } from './settling.ts'
import { totalsOf } from './totals.ts'

type Paid = Extract<SaleCommand, { type: 'register.paid' }>
type Status = Extract<SaleCommand, { type: 'register.status' }>

export function registerPaid(draft: Draft, sale: Sale, input: Omit<Paid, 'type'>): void {
  if (sale.owner !== 'register') return draft.refuse('sale.wrong-state', { owner: 'till' }, sale.id)
  if (sale.paidAt !== undefined && sale.state !== 'cancelling' && sale.state !== 'cancelled') {
    const same = sale.reference === input.reference && totalsOf(sale).totalMinor === input.totalMinor
    if (!same) draft.refuse('register.repeated-differently', { reference: input.reference }, sale.id)
    return
  }
  const expected = sale.frozen?.ready ? sale.frozen.totalMinor : totalsOf(sale).totalMinor
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
  const released = sale.claims.filter(
    claim => ['released', 'releasing', 'voided', 'voiding'].includes(claim.state) && claim.on === 'line',
  )
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
  if (sale.state === 'cancelling' || sale.state === 'cancelled') {
    for (const claim of released) {
      const line = sale.lines.find(each => each.id === claim.line)
      if (line?.state === 'active') reserveClaim(draft, sale.id, claim)
    }
  }
  settlePaid(draft, sale.id)
}

/** The register answered what became of a sale. Only `cancelled` lets go. */
export function registerStatus(draft: Draft, sale: Sale, input: Status): void {
  if (sale.owner !== 'register') return draft.refuse('sale.wrong-state', { owner: 'till' }, sale.id)
  if (input.status === 'paid') {
    registerPaid(draft, sale, {
      sale: sale.id,
      revision: input.revision ?? sale.revision,
      totalMinor: input.totalMinor ?? sale.frozen?.totalMinor ?? totalsOf(sale).totalMinor,
      reference: input.reference ?? 'register',
    })
  } else if (input.status === 'cancelled' && sale.state !== 'cancelling' && sale.state !== 'cancelled') {
    cancelSale(draft, sale, 'cancelled by the register')
  }
}
