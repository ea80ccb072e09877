// Voids and returns: sales of their own, bounded by what the original sold and what earlier returns already took back.
import type { Claim, ErrorReport, Line, LineId, Sale, SaleCommand, SaleId } from '@cashdesk/kernel'
import { negate, report, times } from '@cashdesk/kernel'
import { supports } from './claims.ts'
import type { Draft } from './draft.ts'
import { openProvider } from './operations.ts'
import { activeLines } from './totals.ts'

/** Refuses a link to a sale that is not there, not paid, or (for a void) already partly taken back. */
export function refuseOriginal(draft: Draft, input: Extract<SaleCommand, { type: 'sale.open' }>): boolean {
  const original = input.original === undefined ? undefined : draft.lane.sales.get(input.original)
  if (
    !original ||
    original.kind !== 'sale' ||
    original.paidAt === undefined ||
    original.training !== (input.training ?? false)
  ) {
    draft.refuse('sale.no-original', { original: input.original ?? '' }, input.sale)
    return true
  }
  const left = remaining(draft, original)
  const whole =
    activeLines(original).length === left.length &&
    left.every(line => line.quantity === quantityOf(original, line.id))
  if (left.length === 0 || (input.kind === 'void' && !whole)) {
    draft.refuse('line.exceeds-original', { original: original.id }, input.sale)
    return true
  }
  return false
}

/** The lines of the original with the quantities that can still come back on this sale. */
export function linkedLines(draft: Draft, id: SaleId): readonly Line[] {
  const { original } = draft.sale(id)
  const sold = original === undefined ? undefined : draft.lane.sales.get(original)
  return sold ? remaining(draft, sold) : []
}

function remaining(draft: Draft, original: Sale): readonly Line[] {
  const back = new Map<LineId, number>()
  for (const sale of draft.lane.sales.values()) {
    if (sale.original !== original.id || sale.state === 'cancelled' || sale.state === 'cancelling') continue
    for (const line of activeLines(sale)) {
      if (line.of !== undefined) back.set(line.of, (back.get(line.of) ?? 0) + line.quantity)
    }
  }
  return activeLines(original)
    .map(line => ({ ...line, quantity: line.quantity - (back.get(line.id) ?? 0) }))
    .filter(line => line.quantity > 0)
}

function quantityOf(sale: Sale, id: LineId): number {
  return sale.lines.find(line => line.id === id)?.quantity ?? 0
}

/** Adds a negative line, and for every claim that the original committed one that will undo it. */
export function addReturnedLine(
  draft: Draft,
  id: SaleId,
  lineId: LineId,
  sold: Line,
  quantity: number,
): void {
  const { original } = draft.sale(id)
  const from = original === undefined ? undefined : draft.lane.sales.get(original)
  if (!from) return
  const claims = from.claims.filter(claim => claim.line === sold.id)
  if (claims.some(claim => claim.state === 'committing' || claim.state === 'due')) {
    return draft.refuse('claim.pending', { original: from.id }, id)
  }
  const grossMinor = negate(times(sold.article.priceMinor, quantity))
  draft.emit({
    type: 'line.added',
    sale: id,
    line: { id: lineId, article: sold.article, quantity, grossMinor, state: 'active', of: sold.id },
  })
  for (const claim of claims) {
    if (claim.state !== 'committed') continue
    const undo: Claim = {
      id: draft.name() as Claim['id'],
      plugin: claim.plugin,
      on: 'line',
      line: lineId,
      state: 'due',
      subject: claim.subject,
      // The commit that is undone: the void names it.
      ops: claim.ops.commit === undefined ? {} : { commit: claim.ops.commit },
      facts: claim.facts,
      of: claim.id,
    }
    draft.emit({ type: 'claim.opened', sale: id, claim: undo })
  }
}

/** Before money goes back the card must be dead: the voids of a linked sale leave when its total is pressed. */
export function voidLinkedClaims(draft: Draft, id: SaleId): void {
  for (const claim of draft.sale(id).claims) {
    if (claim.of === undefined || claim.state !== 'due') continue
    voidClaim(draft, id, claim)
  }
}

/** Undoes a commit at the provider. */
export function voidClaim(draft: Draft, sale: SaleId, claim: Claim): void {
  const about = claim.ops.commit
  if (about === undefined || draft.sale(sale).training) {
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'voided' })
  } else if (supports(draft, claim, 'void')) {
    openProvider(draft, sale, claim, 'void', { about })
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'voiding' })
  } else
    voidAnswered(draft, sale, claim, report('claim.refused', { reason: 'the provider takes nothing back' }))
}

/** A refused void is a normal answer: the card was used, so its line stays sold. */
export function voidAnswered(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  refusal: ErrorReport | undefined,
): void {
  if (!refusal) {
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'voided' })
    return
  }
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'kept', error: refusal })
  if (claim.of !== undefined && claim.line !== undefined) {
    draft.emit({ type: 'line.refused', sale, line: claim.line, error: refusal })
  } else
    draft.task({
      kind: 'void-refused',
      sale,
      claim: claim.id,
      error: refusal,
      actions: ['settled', 'written-off'],
    })
}
