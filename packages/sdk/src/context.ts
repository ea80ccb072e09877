// What a plugin is shown of a sale, and how the till's own wording of a claim comes about.

import { type Lane, totalsOf } from '@cashdesk/checkout'
import type { Claim, LaneConfig, OperationId, ProviderEffect, ReceiptBlock, Sale } from '@cashdesk/kernel'
import { text } from '@cashdesk/kernel'
import type { BasketLine, ClaimContext, ClaimStanding, OperationContext } from './plugin.ts'

type Shown = Omit<ClaimContext<unknown>, 'config'>

/** What a plugin describes an operation by; undefined where the claim is gone. */
export function describedBy(
  { sales, config }: Lane,
  id: OperationId,
  { sale: saleId, claim: claimId, about, amountMinor }: ProviderEffect,
): { readonly context: Shown; readonly operation: OperationContext } | undefined {
  const sale = sales.get(saleId)
  const claim = sale?.claims.find(each => each.id === claimId)
  if (!sale || !claim || !config) return undefined
  const operation = {
    id,
    ...(about === undefined ? {} : { about }),
    ...(amountMinor === undefined ? {} : { amountMinor }),
  }
  return { context: contextOf(sale, claim, config), operation }
}

export function contextOf(sale: Sale, claim: Claim, config: LaneConfig): Shown {
  const basket: BasketLine[] = sale.lines
    .filter(line => line.state === 'active')
    .map(line => ({
      line: line.id,
      article: line.article,
      quantity: line.quantity,
      grossMinor: line.grossMinor,
    }))
  const leg = sale.legs.find(each => each.id === claim.tender)
  const line = basket.find(each => each.line === claim.line)
  return {
    claim: claim.id,
    subject: claim.subject,
    serial: String(claim.subject['serial'] ?? ''),
    facts: claim.facts,
    ...(line ? { line } : {}),
    ...(leg
      ? {
          tender: {
            id: leg.id,
            amountMinor: Math.abs(leg.state === 'done' ? leg.amountMinor : leg.askedMinor),
          },
        }
      : {}),
    sale: sale.id,
    lane: config.lane,
    currency: sale.currency,
    ...(sale.operator === undefined ? {} : { operator: sale.operator }),
    basket,
    totalMinor: totalsOf(sale).totalMinor,
    tenders: sale.legs
      .filter(each => each.state === 'done')
      .map(({ by, amountMinor }) => ({ by, amountMinor })),
    operations: claim.ops,
  }
}

/** How a claim stands, as the paper must say it. */
export function standingOf(claim: Claim): ClaimStanding | undefined {
  switch (claim.state) {
    case 'committed':
    case 'voided':
      return 'done'
    case 'due':
    case 'committing':
    case 'reserving':
    case 'deferred':
    case 'voiding':
      return 'follows'
    case 'failed':
    case 'refunded':
    case 'kept':
      return 'refused'
    default:
      return undefined
  }
}

/** The till's words where a plugin has none. */
export function wordsOf(sale: Sale, claim: Claim, standing: ClaimStanding): string {
  if (sale.training) return 'training: nothing was sent'
  const undone =
    claim.of !== undefined || claim.state === 'voided' || claim.state === 'voiding' || claim.state === 'kept'
  if (claim.state === 'refunded')
    return `${String(claim.subject['serial'] ?? claim.plugin)}: not activated, refunded`
  const words = undone
    ? { done: 'taken back', follows: 'being taken back', refused: 'could not be taken back' }
    : { done: 'active', follows: 'activation follows', refused: 'not activated, refund due' }
  const serial = claim.subject['serial']
  return serial === undefined ? words[standing] : `${String(serial)}: ${words[standing]}`
}

export function defaultBlocks(sale: Sale, claim: Claim, standing: ClaimStanding): readonly ReceiptBlock[] {
  return [text(wordsOf(sale, claim, standing), standing === 'refused' ? { bold: true } : {})]
}
