// Voids and returns: sales of their own, bounded by what the original sold and what earlier returns already took back.
import type { Claim, ErrorReport, Line, LineId, Minor, Sale, SaleCommand, SaleId } from '@cashdesk/kernel'
import { allocate, fraction, minor, negate, report } from '@cashdesk/kernel'
import { supports } from './claims.ts'
import type { Draft } from './draft.ts'
import { openProvider } from './operations.ts'
import { activeLines, totalsOf } from './totals.ts'

/** Refuses a link to a sale that is not there, not paid, or (for a void) already partly taken back. */
export function refuseOriginal(draft: Draft, input: Extract<SaleCommand, { type: 'sale.open' }>): boolean {
  const original = input.original === undefined ? undefined : draft.lane.sales.get(input.original)
  if (
    original?.kind !== 'sale' ||
    (original.state !== 'settling' && original.state !== 'closed') ||
    original.training !== (input.training ?? false)
  ) {
    draft.refuse('sale.no-original', { original: input.original ?? '' }, input.sale)
    return true
  }
  const left = remaining(draft, original)
  const whole =
    activeLines(original).length === left.length && left.every(each => each.quantity === each.line.quantity)
  if (left.length === 0 || (input.kind === 'void' && !whole)) {
    draft.refuse('line.exceeds-original', { original: original.id }, input.sale)
    return true
  }
  // A void takes all or nothing: not while a card of the original may still become active.
  if (input.kind === 'void' && original.claims.some(claim => UNDER_WAY.has(claim.state))) {
    draft.refuse('claim.pending', { original: original.id }, input.sale)
    return true
  }
  return false
}

/** Commits, and reservations that lead to one: nobody knows yet whether there will be something to undo. */
const UNDER_WAY: ReadonlySet<Claim['state']> = new Set([
  'reserving',
  'deferred',
  'reserved',
  'due',
  'committing',
])

/** What of a line of the original can still come back. */
export interface Sold {
  readonly line: Line
  readonly quantity: number
  /** What the customer paid for that quantity, discounts of the basket taken off. */
  readonly leftMinor: Minor
}

export function linkedLines(draft: Draft, id: SaleId): readonly Sold[] {
  const { original } = draft.sale(id)
  const sold = original === undefined ? undefined : draft.lane.sales.get(original)
  return sold ? remaining(draft, sold) : []
}

export function remaining(draft: Draft, original: Sale): readonly Sold[] {
  const back = new Map<LineId, { readonly quantity: number; readonly amountMinor: number }>()
  for (const sale of draft.lane.sales.values()) {
    if (sale.original !== original.id || sale.state === 'cancelled' || sale.state === 'cancelling') continue
    for (const { of, quantity, grossMinor } of activeLines(sale)) {
      if (of === undefined) continue
      const before = back.get(of) ?? { quantity: 0, amountMinor: 0 }
      back.set(of, {
        quantity: before.quantity + quantity,
        amountMinor: before.amountMinor - grossMinor,
      })
    }
  }
  const paid = paidPerLine(original)
  const refunded = new Set(
    original.claims.flatMap(({ state, line }) => (state === 'refunded' ? (line ?? []) : [])),
  )
  return activeLines(original).flatMap(line => {
    if (refunded.has(line.id)) return []
    const taken = back.get(line.id) ?? { quantity: 0, amountMinor: 0 }
    const leftMinor = minor((paid.get(line.id) ?? line.grossMinor) - taken.amountMinor)
    const quantity = line.quantity - taken.quantity
    return quantity > 0 ? [{ line, quantity, leftMinor }] : []
  })
}

/** What each line really cost: a discount on the basket lies on its lines in proportion, to the last unit. */
export function paidPerLine(original: Sale): ReadonlyMap<LineId, Minor> {
  const lines = activeLines(original)
  const weights = lines.map(line => Math.max(0, line.grossMinor))
  const { adjustmentsMinor } = totalsOf(original)
  const spread = adjustmentsMinor !== 0 && weights.some(weight => weight > 0)
  const shares = spread ? allocate(adjustmentsMinor, weights) : []
  return new Map(lines.map((line, index) => [line.id, minor(line.grossMinor + (shares[index] ?? 0))]))
}

/** Adds a negative line, and for every claim that the original committed one that will undo it. */
export function addReturnedLine(
  draft: Draft,
  id: SaleId,
  lineId: LineId,
  sold: Sold,
  quantity: number,
): void {
  const { original } = draft.sale(id)
  const from = original === undefined ? undefined : draft.lane.sales.get(original)
  if (!from) return
  const { line } = sold
  const claims = from.claims.filter(claim => claim.line === line.id)
  if (claims.some(claim => UNDER_WAY.has(claim.state))) {
    return draft.refuse('claim.pending', { original: from.id }, id)
  }
  const grossMinor = negate(fraction(sold.leftMinor, quantity, sold.quantity))
  draft.emit({
    type: 'line.added',
    sale: id,
    line: { id: lineId, article: line.article, quantity, grossMinor, state: 'active', of: line.id },
  })
  for (const claim of claims)
    if (claim.state === 'committed') openUndo(draft, id, claim, { on: 'line', line: lineId })
}

/** A void gives coupons and points back too, where their provider takes them. */
export function addReturnedBasket(draft: Draft, id: SaleId): void {
  const { original } = draft.sale(id)
  const from = original === undefined ? undefined : draft.lane.sales.get(original)
  for (const claim of from?.claims ?? []) {
    if (claim.on === 'basket' && claim.state === 'committed' && supports(draft, claim, 'void'))
      openUndo(draft, id, claim, { on: 'basket' })
  }
}

function openUndo(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  belongs: { readonly on: 'line' | 'basket'; readonly line?: LineId },
): void {
  const undo: Claim = {
    id: draft.name() as Claim['id'],
    plugin: claim.plugin,
    ...belongs,
    state: 'due',
    subject: claim.subject,
    // The commit that is undone: the void names it.
    ops: claim.ops.commit === undefined ? {} : { commit: claim.ops.commit },
    facts: claim.facts,
    of: claim.id,
  }
  draft.emit({ type: 'claim.opened', sale, claim: undo })
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
  } else if (supports(draft, claim, 'refund')) {
    // A provider that knows no void gives back the amount of the line, under an id of its own.
    const line = draft.sale(sale).lines.find(each => each.id === claim.line)
    openProvider(draft, sale, claim, 'refund', {
      about,
      ...(line === undefined ? {} : { amountMinor: Math.abs(line.grossMinor) }),
    })
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
  if (claim.of !== undefined && claim.line !== undefined && draft.sale(sale).paidAt === undefined)
    draft.emit({ type: 'line.refused', sale, line: claim.line, error: refusal })
  else
    draft.task({
      kind: 'void-refused',
      sale,
      claim: claim.id,
      error: refusal,
      actions: ['settled', 'written-off'],
    })
}
