// Claims: what a participant holds on a line, the basket or a tender, and how provider answers move it.
import type {
  Answer,
  Claim,
  ErrorReport,
  LineId,
  PromptId,
  ProviderData,
  Sale,
  SaleId,
  TenderId,
  Wanted,
} from '@cashdesk/kernel'
import { minor, report } from '@cashdesk/kernel'
import type { Draft } from './draft.ts'
import { openProvider } from './operations.ts'

/** Opens the claim that a plugin wants, and takes its first step: ask, quote or reserve. */
export function openClaim(
  draft: Draft,
  sale: SaleId,
  wanted: Wanted,
  belongs: { readonly on: Claim['on']; readonly line?: LineId; readonly tender?: TenderId },
): Claim {
  const claim: Claim = {
    id: draft.name() as Claim['id'],
    plugin: wanted.plugin,
    ...belongs,
    state: wanted.ask ? 'asking' : belongs.on === 'basket' ? 'quoting' : 'reserving',
    subject: wanted.subject,
    ops: {},
    facts: {},
  }
  draft.emit({ type: 'claim.opened', sale, claim })
  if (wanted.ask) openPrompt(draft, sale, claim, wanted.ask)
  else if (claim.on === 'basket') quoteClaim(draft, sale, claim)
  else reserveClaim(draft, sale, claim)
  return claim
}

/** One question at a time per claim and kind, so that a repeated answer finds what it once answered. */
function openPrompt(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  ask: { readonly kind: string; readonly text: string },
): void {
  const id = `${claim.id}.${ask.kind}` as PromptId
  draft.emit({ type: 'prompt.opened', sale, prompt: { id, sale, claim: claim.id, ...ask } })
}

export function quoteClaim(draft: Draft, sale: SaleId, claim: Claim): void {
  if (draft.sale(sale).training || !supports(draft, claim, 'quote')) {
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'quoted' })
    return
  }
  openProvider(draft, sale, claim, 'quote', { limitAt: limitOf(draft, claim) })
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'quoting' })
}

export function reserveClaim(draft: Draft, sale: SaleId, claim: Claim, amountMinor?: number): void {
  const amount = amountMinor === undefined ? {} : { amountMinor }
  if (draft.sale(sale).training || !supports(draft, claim, 'reserve')) {
    reserved(draft, sale, claim, amountMinor === undefined ? {} : { approvedMinor: amountMinor })
    return
  }
  openProvider(draft, sale, claim, 'reserve', { limitAt: limitOf(draft, claim), ...amount })
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'reserving' })
}

/** Lets go of whatever the claim holds or may hold. What it asked for under way is given up and tombstoned. */
export function releaseClaim(draft: Draft, sale: SaleId, claim: Claim, error?: ErrorReport): void {
  const to = (state: 'released' | 'releasing'): void =>
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: state, ...(error ? { error } : {}) })
  for (const prompt of draft.sale(sale).prompts) {
    if (prompt.claim === claim.id)
      draft.emit({ type: 'prompt.closed', sale, prompt: prompt.id, answered: false })
  }
  switch (claim.state) {
    case 'quoted':
      return to('released')
    case 'quoting':
      if (claim.ops.quote) draft.settle(claim.ops.quote, 'abandoned')
      return to('released')
    case 'failed':
    case 'asking':
    case 'reserving':
    case 'deferred':
    case 'reserved':
    case 'renewing':
    case 'due': {
      const { reserve, renew } = claim.ops
      if ((claim.state === 'reserving' || claim.state === 'deferred') && reserve)
        draft.settle(reserve, 'abandoned')
      if (renew) draft.settle(renew, 'abandoned')
      if (reserve === undefined || !supports(draft, claim, 'release')) return to('released')
      openProvider(draft, sale, claim, 'release', { about: reserve })
      return to('releasing')
    }
    default:
      return
  }
}

/** A person settled what became of a refused commit: the reservation behind it is of no use to anybody any more. */
export function releaseFailed(draft: Draft, sale: SaleId, claim: Claim): void {
  const { reserve } = claim.ops
  if (claim.state !== 'failed' || reserve === undefined || !supports(draft, claim, 'release')) return
  openProvider(draft, sale, claim, 'release', { about: reserve })
}

/** A reservation, quote or hold stands. */
function reserved(draft: Draft, sale: SaleId, claim: Claim, data: ProviderData): void {
  const { adjustments, ...rest } = dataOf(draft, data)
  // What the customer paid is what was agreed: no discount comes or goes after the pivot.
  const agreed = draft.sale(sale).paidAt !== undefined || adjustments === undefined ? {} : { adjustments }
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'reserved', ...rest, ...agreed })
  if (claim.tender !== undefined) {
    const leg = draft.leg(sale, claim.tender)
    if (!leg) return
    const approved = Math.min(data.approvedMinor ?? leg.askedMinor, leg.askedMinor)
    const held = draft.claim(sale, claim.id)
    // An empty card holds nothing: that is a refusal, and what was made of it is let go.
    if (approved <= 0 && held) return giveUpReservation(draft, sale, held, report('tender.declined'))
    draft.emit({ type: 'leg.moved', sale, tender: leg.id, to: 'done', amountMinor: minor(approved) })
  }
}

/** What a refused reservation means for what it was made for. */
export function claimRefused(draft: Draft, sale: SaleId, claim: Claim, error: ErrorReport): void {
  draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'refused', error })
  if (claim.line !== undefined) draft.emit({ type: 'line.refused', sale, line: claim.line, error })
  if (claim.tender !== undefined)
    draft.emit({ type: 'leg.moved', sale, tender: claim.tender, to: 'refused', error })
}

/** The sale no longer waits for the reservation: its line is refused, and the provider is told to forget it. */
export function giveUpReservation(draft: Draft, sale: SaleId, claim: Claim, error: ErrorReport): void {
  releaseClaim(draft, sale, claim, error)
  if (claim.line !== undefined) draft.emit({ type: 'line.refused', sale, line: claim.line, error })
  if (claim.tender !== undefined)
    draft.emit({ type: 'leg.moved', sale, tender: claim.tender, to: 'refused', error })
}

/** A provider answered an operation before the pivot: quote, reserve, renew or release. Answers whether the basket changed. */
export function beforePivotAnswered(
  draft: Draft,
  sale: SaleId,
  claim: Claim,
  kind: 'quote' | 'reserve' | 'renew' | 'release',
  answer: Exclude<Answer, { outcome: 'unknown' }>,
): void {
  if (answer.outcome === 'ask') {
    draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'asking' })
    openPrompt(draft, sale, claim, answer.prompt)
    return
  }
  const data = answer.outcome === 'done' && answer.of === 'provider' ? answer.data : {}
  switch (kind) {
    case 'quote':
      if (claim.state !== 'quoting') return
      if (answer.outcome === 'refused') claimRefused(draft, sale, claim, answer.error)
      else
        draft.emit({
          type: 'claim.moved',
          sale,
          claim: claim.id,
          to: 'quoted',
          ...dataOf(draft, { adjustments: [], ...data }),
        })
      return
    case 'reserve':
      if (answer.outcome === 'refused') claimRefused(draft, sale, claim, answer.error)
      else reserved(draft, sale, claim, data)
      return
    case 'renew':
      if (answer.outcome === 'done') {
        // A renewal that names no time lasts as long as what it renews.
        const lasts = claim.lastsMs === undefined ? {} : { expiresInMs: claim.lastsMs }
        const granted = dataOf(draft, { ...lasts, ...data })
        draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'reserved', ...granted })
      } else giveUpReservation(draft, sale, claim, report('claim.expired', { reason: answer.error.code }))
      return
    case 'release':
      releaseAnswered(draft, sale, claim, answer.outcome === 'refused' ? answer.error : undefined)
      return
  }
}

/** "Never heard of it" is a release too, since the provider refuses that id from now on. */
function releaseAnswered(draft: Draft, sale: SaleId, claim: Claim, refusal: ErrorReport | undefined): void {
  if (claim.state === 'releasing') draft.emit({ type: 'claim.moved', sale, claim: claim.id, to: 'released' })
  if (refusal === undefined || refusal.code === 'provider.not-found') return
  draft.task({ kind: 'provider-stuck', sale, claim: claim.id, error: refusal, actions: ['settled'] })
}

/** A plugin that is not registered any more still owes what it reserved: its work waits, and is never taken as done. */
export function supports(draft: Draft, claim: Claim, operation: string): boolean {
  return (
    draft.participant(claim.plugin)?.operations.includes(operation) ??
    (claim.ops.reserve !== undefined || claim.ops.commit !== undefined)
  )
}

/** Claims whose answer the total waits for. */
export function pendingClaims(sale: Sale): readonly Claim[] {
  return sale.claims.filter(claim =>
    ['asking', 'quoting', 'reserving', 'renewing', 'voiding'].includes(claim.state),
  )
}

function limitOf(draft: Draft, claim: Claim): number {
  return draft.now + (draft.participant(claim.plugin)?.profile.reserveLimitMs ?? 0)
}

function dataOf(
  draft: Draft,
  data: ProviderData,
): Partial<Pick<Claim, 'facts' | 'expiresAt' | 'lastsMs' | 'adjustments'>> {
  return {
    ...(data.facts === undefined ? {} : { facts: data.facts }),
    ...(data.adjustments === undefined ? {} : { adjustments: data.adjustments }),
    // A duration from the receipt of the answer: the provider's clock is not ours.
    ...(data.expiresInMs === undefined
      ? {}
      : { expiresAt: draft.now + data.expiresInMs, lastsMs: data.expiresInMs }),
  }
}
