// What a sale costs, what is paid, what is open. Invariant I8 in one place:
// lines + adjustments + tip + rounding = tenders − change.
import type { Leg, Line, Minor, Sale } from '@cashdesk/kernel'

export interface Totals {
  /** Active lines, gross. */
  readonly linesMinor: Minor
  /** Discounts (negative) and surcharges of claims. */
  readonly adjustmentsMinor: Minor
  readonly tipMinor: Minor
  readonly roundingMinor: Minor
  /** What the customer owes in all: the sum of the four above. */
  readonly totalMinor: Minor
  /** What `done` legs have brought, change already taken off. */
  readonly paidMinor: Minor
  readonly changeMinor: Minor
  readonly openMinor: Minor
}

const HOLDS_ADJUSTMENT: ReadonlySet<string> = new Set([
  'quoted',
  'quoting',
  'reserving',
  'reserved',
  'renewing',
  'due',
  'committing',
  'committed',
  'failed',
  'voiding',
  'kept',
])

export function activeLines(sale: Sale): readonly Line[] {
  return sale.lines.filter(line => line.state === 'active')
}

/** Legs that count toward the sale: only what is certain. */
function doneLegs(sale: Sale): readonly Leg[] {
  return sale.legs.filter(leg => leg.state === 'done')
}

export function totalsOf(sale: Sale): Totals {
  const linesMinor = sum(activeLines(sale).map(line => line.grossMinor))
  const adjustmentsMinor = sum(
    sale.claims
      .filter(claim => claim.on === 'basket' && HOLDS_ADJUSTMENT.has(claim.state))
      .flatMap(claim => claim.adjustments ?? [])
      .map(adjustment => adjustment.amountMinor),
  )
  const legs = doneLegs(sale)
  const tipMinor = sum(legs.map(leg => leg.tipMinor ?? 0))
  const roundingMinor = sale.roundingMinor
  const totalMinor = sum([linesMinor, adjustmentsMinor, tipMinor, roundingMinor])
  const paidMinor = sum(legs.map(leg => leg.amountMinor))
  const changeMinor = sum(legs.map(leg => leg.changeMinor ?? 0))
  return {
    linesMinor,
    adjustmentsMinor,
    tipMinor,
    roundingMinor,
    totalMinor,
    paidMinor,
    changeMinor,
    openMinor: sum([totalMinor, -paidMinor]),
  }
}

function sum(amounts: readonly number[]): Minor {
  return amounts.reduce((total, amount) => total + amount, 0) as Minor
}

/**
 * A fingerprint of the lines that are being paid for. Not a cryptographic promise, but a second opinion
 * beside the revision (FNV-1a, 64 bits in two halves).
 */
export function basketHash(sale: Sale): string {
  const text = JSON.stringify([
    sale.currency,
    activeLines(sale).map(line => [line.id, line.quantity, line.grossMinor]),
  ])
  const half = (seed: number): string => {
    let hash = seed
    for (let index = 0; index < text.length; index += 1)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    return (hash >>> 0).toString(16).padStart(8, '0')
  }
  return half(0x811c9dc5) + half(0x050c5d1f)
}
