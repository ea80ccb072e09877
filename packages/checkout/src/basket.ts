// Ringing up: opening, parking, lines, scans, prompts, basket claims.
import type {
  Article,
  Claim,
  ErrorCode,
  Input,
  Line,
  LineId,
  Sale,
  SaleCommand,
  SaleId,
  Wanted,
} from '@cashdesk/kernel'
import { MAX_MINOR, maskCardNumbers, times, ZERO } from '@cashdesk/kernel'
import { openClaim, quoteClaim, releaseClaim, reserveClaim } from './claims.ts'
import type { Draft } from './draft.ts'
import { addReturnedBasket, addReturnedLine, linkedLines, refuseOriginal } from './linked.ts'
import { heldOnBasket, repeated } from './repeats.ts'
import { continueTotalling } from './tendering.ts'
import { activeLines, totalsOf } from './totals.ts'

type Command<Type extends SaleCommand['type']> = Extract<SaleCommand, { type: Type }>

/** More lines than any receipt has; a bound on what one sale can cost in memory and paper. */
const MAX_LINES = 999
/** Claims of a sale, those that ended among them: a coupon tried again and again must not fill the memory. */
const MAX_CLAIMS = 1_999
/** Open sales and parked sales a lane keeps at once: more is a register that forgot to end them. */
const MAX_OPEN_SALES = 500

export function openSale(draft: Draft, input: Command<'sale.open'>): void {
  const live = [...draft.lane.live.values()].filter(
    sale => sale.state !== 'closed' && sale.state !== 'cancelled',
  )
  if (live.length >= MAX_OPEN_SALES)
    return draft.refuse('sale.too-large', { openSales: live.length }, input.sale)
  if (input.owner === 'till' && draft.lane.front !== undefined) {
    return draft.refuse('sale.not-in-front', { front: draft.lane.front }, input.sale)
  }
  if (input.kind !== 'sale' && refuseOriginal(draft, input)) return
  const sale: Omit<Sale, 'id'> = {
    kind: input.kind,
    owner: input.owner,
    state: 'open',
    currency: draft.config.currency,
    training: input.training ?? false,
    openedAt: draft.now,
    revision: 0,
    lines: [],
    claims: [],
    legs: [],
    prompts: [],
    totalling: false,
    roundingMinor: ZERO,
    paper: { state: 'none', printed: 0 },
    ...(input.original === undefined ? {} : { original: input.original }),
    ...(input.operator === undefined ? {} : { operator: input.operator }),
    ...(input.shift === undefined ? {} : { shift: input.shift }),
    ...(input.owner === 'register' ? { askAt: draft.now + draft.config.askRegisterMs } : {}),
  }
  draft.emit({ type: 'sale.opened', sale: input.sale, opened: sale })
  if (input.kind === 'void') {
    for (const sold of linkedLines(draft, input.sale))
      addReturnedLine(draft, input.sale, sold.line.id, sold, sold.quantity)
    addReturnedBasket(draft, input.sale)
  }
}

export function parkSale(draft: Draft, sale: Sale): void {
  draft.emit({ type: 'sale.parked', sale: sale.id })
}

export function resumeSale(draft: Draft, sale: Sale): void {
  const { front } = draft.lane
  if (front === sale.id) return
  if (front !== undefined) return draft.refuse('sale.not-in-front', { front }, sale.id)
  draft.emit({ type: 'sale.resumed', sale: sale.id })
}

export function addLine(draft: Draft, sale: Sale, input: Command<'line.add'>): void {
  if (!Number.isInteger(input.quantity) || input.quantity < 1 || input.quantity > 9999) {
    return draft.refuse('line.quantity', { quantity: input.quantity }, sale.id)
  }
  if (sale.lines.length >= MAX_LINES || sale.claims.length >= MAX_CLAIMS)
    return draft.refuse('sale.too-large', { lines: sale.lines.length }, sale.id)
  if (sale.kind !== 'sale') {
    const original =
      input.of === undefined
        ? undefined
        : linkedLines(draft, sale.id).find(({ line }) => line.id === input.of)
    if (!original) return draft.refuse('line.unknown', { line: String(input.of ?? '') }, sale.id)
    if (input.quantity > original.quantity) {
      return draft.refuse('line.exceeds-original', { left: original.quantity }, sale.id)
    }
    addReturnedLine(draft, sale.id, input.line, original, input.quantity)
    return
  }
  putLine(draft, sale, input.line, input.article, input.quantity, input.wants)
}

/** A line and the claims that plugins want on it. A claim on one card allows no quantity but one. */
function putLine(
  draft: Draft,
  sale: Sale,
  id: LineId,
  article: Article,
  quantity: number,
  wants: readonly Wanted[],
): void {
  const stranger = wants.find(wanted => !draft.participant(wanted.plugin))
  if (stranger) return draft.refuse('plugin.missing', { plugin: stranger.plugin }, sale.id)
  if (wants.length > 0 && quantity !== 1) return draft.refuse('line.quantity', { quantity }, sale.id)
  const twice = wants.find(wanted => heldTwice(sale, wanted.plugin, wanted.subject['serial']))
  if (twice) return draft.refuse('claim.serial-twice', { plugin: twice.plugin }, sale.id)
  const most = Math.abs(article.priceMinor) * quantity + Math.abs(totalsOf(sale).totalMinor)
  if (!Number.isSafeInteger(article.priceMinor) || most > MAX_MINOR) {
    return draft.refuse('value.amount', { field: 'total' }, sale.id)
  }
  const line: Line = {
    id,
    article,
    quantity,
    grossMinor: times(article.priceMinor, quantity),
    state: 'active',
  }
  draft.emit({ type: 'line.added', sale: sale.id, line })
  for (const wanted of wants) openClaim(draft, sale.id, wanted, { on: 'line', line: id })
  basketChanged(draft, sale.id)
}

export function voidLine(draft: Draft, sale: Sale, input: Command<'line.void'>): void {
  const line = sale.lines.find(each => each.id === input.line)
  if (!line) return draft.refuse('line.unknown', { line: input.line }, sale.id)
  if (line.state !== 'active') return
  // A card of the original is dead already: now the customer must get the money for it.
  if (sale.claims.some(claim => claim.line === line.id && claim.state === 'voided'))
    return draft.refuse('sale.not-cancellable', { reason: 'a card was deactivated for it' }, sale.id)
  draft.emit({ type: 'line.voided', sale: sale.id, line: line.id })
  for (const claim of sale.claims) if (claim.line === line.id) releaseClaim(draft, sale.id, claim)
  basketChanged(draft, sale.id)
  continueTotalling(draft, sale.id)
}

export function claimBasket(draft: Draft, sale: Sale, wanted: Wanted): void {
  if (heldOnBasket(sale, wanted)) return
  if (!draft.participant(wanted.plugin))
    return draft.refuse('plugin.missing', { plugin: wanted.plugin }, sale.id)
  if (sale.claims.length >= MAX_CLAIMS)
    return draft.refuse('sale.too-large', { claims: sale.claims.length }, sale.id)
  openClaim(draft, sale.id, wanted, { on: 'basket' })
}

export function answerPrompt(draft: Draft, sale: Sale, input: Command<'prompt.answer'>): void {
  const prompt = sale.prompts.find(each => each.id === input.prompt)
  if (!prompt) return draft.refuse('prompt.unknown', { prompt: input.prompt }, sale.id)
  const value = input.value.trim()
  const refusal = refusedAnswer(draft, sale, prompt.claim, prompt.kind, value)
  if (refusal) return draft.refuse(refusal, { kind: prompt.kind }, sale.id)
  draft.emit({ type: 'prompt.closed', sale: sale.id, prompt: prompt.id, answered: true })
  const claim = draft.claim(sale.id, prompt.claim)
  if (!claim) return
  // What a coupon asked for at the total is for its reservation: the quote was there before.
  const quotes = claim.on === 'basket' && sale.state === 'open'
  const to = quotes ? 'quoting' : 'reserving'
  draft.emit({ type: 'claim.moved', sale: sale.id, claim: claim.id, to, subject: { [prompt.kind]: value } })
  const known = draft.claim(sale.id, claim.id)
  if (!known) return
  const leg = claim.tender === undefined ? undefined : draft.leg(sale.id, claim.tender)
  if (quotes) quoteClaim(draft, sale.id, known)
  else reserveClaim(draft, sale.id, known, leg?.askedMinor)
  continueTotalling(draft, sale.id)
}

/** Printable, of a sensible length, and not already on this sale. */
function refusedAnswer(
  draft: Draft,
  sale: Sale,
  id: Claim['id'],
  kind: string,
  value: string,
): ErrorCode | undefined {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(value)) return 'prompt.answer'
  const claim = draft.claim(sale.id, id)
  return claim && kind === 'serial' && heldTwice(sale, claim.plugin, value) ? 'claim.serial-twice' : undefined
}

function heldTwice(sale: Sale, plugin: string, serial: unknown): boolean {
  return (
    serial !== undefined &&
    sale.claims.some(
      claim => claim.plugin === plugin && LIVE.has(claim.state) && claim.subject['serial'] === serial,
    )
  )
}

const LIVE: ReadonlySet<Claim['state']> = new Set([
  'asking',
  'quoting',
  'quoted',
  'reserving',
  'deferred',
  'reserved',
  'renewing',
  'due',
])

/** A scan belongs to the open question if there is one, else it rings up an article or names a coupon. */
export function scanned(draft: Draft, input: Extract<Input, { type: 'scan' }>): void {
  const sale = draft.lane.front === undefined ? undefined : draft.lane.sales.get(draft.lane.front)
  const answers = sale?.state === 'tendering' && sale.prompts.length > 0
  if (!sale || (sale.state !== 'open' && !answers))
    return draft.refuse('scan.no-sale', { text: shown(input.text) })
  const [prompt] = sale.prompts
  if (prompt) return scannedForPrompt(draft, sale, prompt.id, input)
  if (input.error) return draft.emit({ type: 'refused', sale: sale.id, error: input.error })
  if (input.basket) return claimBasket(draft, sale, input.basket)
  if (!input.article)
    return draft.refuse('article.unknown', { code: input.gtin ?? shown(input.text) }, sale.id)
  if (sale.kind !== 'sale') return draft.refuse('sale.wrong-state', { kind: sale.kind }, sale.id)
  const { line, article, wants } = input
  const command = { type: 'line.add', sale: sale.id, line, article, quantity: 1, wants } as const
  const verdict = repeated(draft, sale, command)
  if (verdict === 'new') addLine(draft, sale, command)
  else if (verdict === 'different') draft.refuse('register.repeated-differently', { line }, sale.id)
}

/** Of a text that named nothing: a card whose number was scanned is nobody's business. */
function shown(text: string): string {
  return maskCardNumbers(text).slice(0, 40)
}

function scannedForPrompt(
  draft: Draft,
  sale: Sale,
  prompt: Sale['prompts'][number]['id'],
  input: Extract<Input, { type: 'scan' }>,
): void {
  const claim = sale.claims.find(each =>
    sale.prompts.some(open => open.id === prompt && open.claim === each.id),
  )
  const line = sale.lines.find(each => each.id === claim?.line)
  if (input.serial !== undefined && input.gtin !== undefined) {
    // A GS1 symbol names its own article: a card of another product is caught before anything is sent.
    if (line?.article.gtin !== undefined && line.article.gtin !== input.gtin) {
      return draft.refuse(
        'claim.wrong-article',
        { scanned: input.gtin, expected: line.article.gtin },
        sale.id,
      )
    }
    return answerPrompt(draft, sale, { type: 'prompt.answer', sale: sale.id, prompt, value: input.serial })
  }
  if (input.article) return draft.refuse('prompt.open', { article: input.article.name }, sale.id)
  answerPrompt(draft, sale, { type: 'prompt.answer', sale: sale.id, prompt, value: input.text })
}

/** Quotes are for the basket as it was: ask again, and forget the old answer. */
export function basketChanged(draft: Draft, id: SaleId): void {
  const sale = draft.sale(id)
  for (const claim of sale.claims) {
    if (claim.on !== 'basket' || (claim.state !== 'quoted' && claim.state !== 'quoting')) continue
    if (claim.ops.quote) draft.settle(claim.ops.quote, 'abandoned')
    // An empty basket has no discount, and nobody need be asked about it.
    if (activeLines(sale).length > 0) quoteClaim(draft, id, claim)
    else draft.emit({ type: 'claim.moved', sale: id, claim: claim.id, to: 'quoted', adjustments: [] })
  }
}
