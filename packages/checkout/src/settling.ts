// After the pivot: every claim is committed for as long as it takes, the paper says what is true, the sale closes.
import type { Claim, ErrorReport, ProviderData, Sale, SaleCommand, SaleId, Task } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { continueCancelling } from './cancelling.ts'
import { releaseClaim, releaseFailed, reserveClaim, supports } from './claims.ts'
import { isLost } from './deferring.ts'
import type { Draft } from './draft.ts'
import { paidPerLine, voidClaim, voidLinkedClaims } from './linked.ts'
import { openProvider } from './operations.ts'

/** The longest a register may make a customer wait for paper. */
const MAX_BUDGET_MS = 120_000

/** Commits, and the undoing of some, that are still under way. */
const UNSETTLED: ReadonlySet<Claim['state']> = new Set(['due', 'reserving', 'committing', 'voiding'])
/** At the moment of the pivot: not committed yet, but about to be. */
const WILL_COMMIT: ReadonlySet<Claim['state']> = new Set([
  'deferred',
  'reserved',
  'renewing',
  'quoted',
  'quoting',
])

/** Past the pivot, and not taken back by the register. */
export function isPaid(sale: Sale): boolean {
  return sale.state === 'settling' || sale.state === 'closed'
}

export function settlePaid(draft: Draft, id: SaleId): void {
  for (const claim of draft.sale(id).claims) settleClaim(draft, id, claim)
  voidLinkedClaims(draft, id)
  closeReturnedTasks(draft, id)
  continueSettling(draft, id)
  if (
    draft.sale(id).legs.some(leg => leg.kind === 'cash' && leg.state === 'done') &&
    draft.config.hasPrinter
  ) {
    openDrawer(draft, id)
  }
}

/** Where the register says "paid" without having pressed the total, a claim may stand anywhere before its reservation. */
function settleClaim(draft: Draft, id: SaleId, claim: Claim): void {
  switch (claim.state) {
    case 'renewing':
      // Committing succeeds even where the renewal would not have: nothing is to be waited for.
      if (claim.ops.renew) draft.settle(claim.ops.renew, 'abandoned')
      return commitClaim(draft, id, claim)
    case 'reserved':
      return commitClaim(draft, id, claim)
    case 'quoted':
    case 'quoting':
      // Nothing was promised yet.
      if (claim.state === 'quoting' && claim.adjustments === undefined) return releaseClaim(draft, id, claim)
      // The discount counted when the register took its money, so it is redeemed now, or a person learns why not.
      if (claim.ops.quote) draft.settle(claim.ops.quote, 'abandoned')
      return reserveAndCommit(draft, id, claim)
    case 'deferred':
      // Its reservation follows when the line is back; what was refused meanwhile cannot be had any more.
      if (isLost(draft, claim))
        commitAnswered(draft, id, claim, { error: claim.error ?? report('claim.refused') })
      return
    case 'asking':
      releaseClaim(draft, id, claim)
      if (claim.on === 'line')
        commitAnswered(draft, id, claim, { error: report('prompt.open', { plugin: claim.plugin }) })
      return
    default:
      return
  }
}

/** After the pivot: what was let go, or never held, is reserved under a new id and committed as soon as it stands. */
export function reserveAndCommit(draft: Draft, id: SaleId, claim: Claim): void {
  reserveClaim(draft, id, claim)
  const held = draft.claim(id, claim.id)
  if (held?.state === 'reserved') commitClaim(draft, id, held)
}

/** Money came back for a line whose card was never activated: nothing is due for it any more. */
function closeReturnedTasks(draft: Draft, id: SaleId): void {
  const { original, lines } = draft.sale(id)
  const from = original === undefined ? undefined : draft.lane.sales.get(original)
  if (!from) return
  const returned = new Set(lines.filter(line => line.state === 'active').map(line => line.of))
  for (const claim of from.claims) {
    if (claim.line === undefined || !returned.has(claim.line) || claim.state !== 'failed') continue
    const isDue = (task: Task): boolean => task.kind === 'refund-due' && task.claim === claim.id
    if (![...draft.lane.tasks.values()].some(isDue)) continue
    draft.closeTasks(isDue, `refunded with ${id}`)
    releaseFailed(draft, from.id, claim)
  }
}

export function openDrawer(draft: Draft, sale: SaleId): void {
  if (!draft.config.hasPrinter) return
  draft.open('drawer', { sale }, { class: 'drop', queue: 'printer', effect: { type: 'drawer', sale } })
}

/** Sends the commit, or holds it back while one that must come first is unsettled and in time. */
export function commitClaim(draft: Draft, id: SaleId, claim: Claim): void {
  const sale = draft.sale(id)
  if (sale.training || !supports(draft, claim, 'commit')) {
    draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'committed' })
    return
  }
  const after = draft.participant(claim.plugin)?.after ?? []
  const first = sale.claims.some(
    other => after.includes(other.plugin) && (UNSETTLED.has(other.state) || WILL_COMMIT.has(other.state)),
  )
  if (first && draft.now < commitsDueBy(draft, sale)) {
    if (claim.state !== 'due') draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'due' })
    return
  }
  const leg = claim.tender === undefined ? undefined : draft.leg(id, claim.tender)
  openProvider(draft, id, claim, 'commit', {
    ...(claim.ops.reserve === undefined ? {} : { about: claim.ops.reserve }),
    ...(leg === undefined ? {} : { amountMinor: leg.amountMinor }),
  })
  draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'committing' })
}

/** When dependants stop waiting. */
function commitsDueBy(draft: Draft, sale: Sale): number {
  return (sale.paidAt ?? draft.now) + draft.config.commitBudgetMs
}

export function commitAnswered(
  draft: Draft,
  id: SaleId,
  claim: Claim,
  answer: { readonly data: ProviderData } | { readonly error: ErrorReport },
): void {
  if ('data' in answer) {
    const { facts } = answer.data
    draft.emit({
      type: 'claim.moved',
      sale: id,
      claim: claim.id,
      to: 'committed',
      ...(facts ? { facts } : {}),
    })
    const held = draft.claim(id, claim.id)
    // The register cancelled a sale whose payment it had confirmed: what just became active is undone.
    if (draft.sale(id).state === 'cancelling' && held) voidClaim(draft, id, held)
  } else {
    draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'failed', error: answer.error })
    const failed = draft.claim(id, claim.id)
    // The register has its customer's money back already: nothing is due, and nobody will try again.
    if (draft.sale(id).state === 'cancelling' && failed) releaseClaim(draft, id, failed)
    else commitFailed(draft, id, claim, answer.error)
  }
  continueSettling(draft, id)
}

/** Paid, and finally not granted: only a person can put that right. */
function commitFailed(draft: Draft, id: SaleId, claim: Claim, error: ErrorReport): void {
  const sale = draft.sale(id)
  const line = sale.lines.find(each => each.id === claim.line)
  const leg = sale.legs.find(each => each.id === claim.tender)
  // What the customer really paid for it: a discount on the basket lies on its lines.
  const amount = line ? (paidPerLine(sale).get(line.id) ?? line.grossMinor) : leg?.amountMinor
  draft.task({
    kind: claim.on === 'tender' ? 'tender-short' : claim.on === 'line' ? 'refund-due' : 'provider-stuck',
    sale: id,
    claim: claim.id,
    ...(amount === undefined ? {} : { amountMinor: amount }),
    error: report(claim.on === 'tender' ? 'tender.short' : 'claim.refund-due', {
      reason: error.code,
      plugin: claim.plugin,
    }),
    actions: ['retry', 'settled', 'written-off'],
  })
}

/** Something was settled, or time passed: send commits that waited, print if nothing is missing any more. */
export function continueSettling(draft: Draft, id: SaleId): void {
  const { state } = draft.sale(id)
  if (isPaid(draft.sale(id))) {
    for (const { id: claimId } of draft.sale(id).claims) {
      // What one commit changes may let the next one go, or settle it.
      const claim = draft.claim(id, claimId)
      if (claim?.state === 'due' && claim.of === undefined) commitClaim(draft, id, claim)
    }
  }
  if (state === 'settling') printWhenTrue(draft, id)
  if (state === 'cancelling') continueCancelling(draft, id)
}

export function finishSale(
  draft: Draft,
  sale: Sale,
  input: Extract<SaleCommand, { type: 'sale.finish' }>,
): void {
  if (sale.state === 'closed' || sale.paperBy !== undefined) return
  const budget = Math.min(Math.max(0, input.budgetMs ?? draft.config.commitBudgetMs), MAX_BUDGET_MS)
  draft.emit({ type: 'sale.finishing', sale: sale.id, paperBy: draft.now + budget })
  printWhenTrue(draft, sale.id)
}

/** The paper waits for commits that it should report, within the budget; then it says what is known. */
function printWhenTrue(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  if (sale.paperBy === undefined || sale.paper.state !== 'none') return
  const missing = sale.claims.some(
    claim => UNSETTLED.has(claim.state) && (draft.participant(claim.plugin)?.beforePaper ?? false),
  )
  if (missing && draft.now < sale.paperBy) return
  if (draft.config.hasPrinter) printPaper(draft, id, sale.paper.printed > 0)
  else draft.emit({ type: 'sale.closed', sale: id, at: draft.now })
}

function printPaper(draft: Draft, id: SaleId, copy: boolean): void {
  draft.open(
    'print',
    { sale: id },
    { class: 'repeat-marked', queue: 'printer', effect: { type: 'print', sale: id, copy } },
  )
  draft.emit({ type: 'paper.moved', sale: id, to: 'printing' })
}

/** Prints again. The first paper may exist, so this one says COPY, unless it is certain that none came out. */
export function reprint(draft: Draft, sale: Sale): void {
  if (!draft.config.hasPrinter) return draft.refuse('printer.absent', undefined, sale.id)
  if (sale.paper.state === 'printing') return
  printPaper(draft, sale.id, sale.paper.printed > 0)
}

/** Paper never changes money or claims: whatever the printer said, the sale closes. */
export function paperAnswered(
  draft: Draft,
  id: SaleId,
  to: 'printed' | 'failed' | 'unknown',
  error?: ErrorReport,
): void {
  draft.emit({ type: 'paper.moved', sale: id, to, ...(error ? { error } : {}) })
  if (draft.sale(id).state === 'settling') draft.emit({ type: 'sale.closed', sale: id, at: draft.now })
}
