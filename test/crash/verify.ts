// Holds the invariants of the checkout against what the witnesses say. It imports nothing of the till: whoever would
// believe the till's own verdict would check nothing.
import type { Evidence } from './evidence.ts'
import type { PurseEntry } from './protocol.ts'

/** A broken promise: which one, and what was seen. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8'
  readonly what: string
}

type Saw<Name extends PurseEntry['saw']> = Extract<PurseEntry, { readonly saw: Name }>

/** What people saw of one sale. */
interface SeenSale {
  readonly id: string
  readonly kind: 'sale' | 'void' | 'return'
  readonly ended: 'closed' | 'cancelled' | undefined
  /** Lines that count, the returned ones among them. */
  readonly lines: readonly Saw<'line'>[]
  readonly cashMinor: number
  readonly cardMinor: number
}

export function verify(evidence: Evidence): readonly Violation[] {
  const sales = seenSales(evidence.purse)
  return [
    ...cards(evidence, sales),
    ...acknowledged(evidence.purse),
    ...rest(evidence),
    ...paper(evidence, sales),
    ...money(evidence, sales),
  ]
}

// ── I1 to I4: cards ─────────────────────────────────────────────────────────────────────────────────────

function cards({ cards: known, purse }: Evidence, sales: readonly SeenSale[]): readonly Violation[] {
  const found: Violation[] = []
  for (const { serial, state, history } of known) {
    const fate = fateOf(serial, sales)
    const count = (event: string): number => history.filter(entry => entry.event === event).length
    const task = purse.some(
      entry => entry.saw === 'rest' && entry.tasks.some(({ kind }) => kind === 'refund-due'),
    )
    if (state === 'active' && fate !== 'sold')
      found.push({ invariant: 'I1', what: `card ${serial} is active, and it was ${fate}` })
    if (state !== 'active' && fate === 'sold' && !task)
      found.push({ invariant: 'I2', what: `card ${serial} is paid for and ${state}, and no task says so` })
    if (state === 'reserved') found.push({ invariant: 'I3', what: `card ${serial} is still reserved` })
    if (fate === 'returned' && state !== 'voided')
      found.push({ invariant: 'I1', what: `card ${serial} was taken back and is ${state}` })
    const most = fate === 'sold' || fate === 'returned' ? 1 : 0
    if (count('activated') > most)
      found.push({ invariant: 'I4', what: `card ${serial} was activated ${count('activated')} times` })
    if (count('voided') > (fate === 'returned' ? 1 : 0))
      found.push({ invariant: 'I4', what: `card ${serial} was voided ${count('voided')} times` })
  }
  return found
}

function fateOf(serial: string, sales: readonly SeenSale[]): 'sold' | 'returned' | 'not sold' {
  const closed = sales.filter(({ ended }) => ended === 'closed')
  const sold = closed.some(sale => sale.kind === 'sale' && has(sale, serial))
  const back = closed.some(sale => sale.kind !== 'sale' && has(sale, serial))
  return sold ? (back ? 'returned' : 'sold') : 'not sold'
}

function has({ lines }: SeenSale, serial: string): boolean {
  return lines.some(line => line.serial === serial)
}

// ── I5: nothing acknowledged is lost ────────────────────────────────────────────────────────────────────

/** Whatever was answered before a crash is there after it, unchanged. */
function acknowledged(purse: readonly PurseEntry[]): readonly Violation[] {
  const found: Violation[] = []
  const lost = (sale: string, what: string): void =>
    void found.push({ invariant: 'I5', what: `sale ${sale}: ${what}` })
  for (const [index, shown] of purse.entries()) {
    if (shown.saw !== 'shown') continue
    const before = purse.slice(0, index)
    const { sale, view } = shown
    for (const entry of before) {
      if (!('sale' in entry) || entry.sale !== sale) continue
      const why = view === null ? withoutSale(entry) : changed(entry, view, before)
      if (why !== undefined) lost(sale, why)
    }
  }
  for (const [payment, outcomes] of outcomesOf(purse))
    if (outcomes.size > 1) lost(payment, `was answered in two ways: ${[...outcomes].join(' and ')}`)
  return found
}

function withoutSale(entry: PurseEntry): string | undefined {
  const acknowledgement = entry.saw === 'line' || entry.saw === 'payment' || entry.saw === 'ended'
  return acknowledgement ? `unknown after the crash, and ${entry.saw} was acknowledged` : undefined
}

function changed(
  entry: PurseEntry,
  view: NonNullable<Saw<'shown'>['view']>,
  before: readonly PurseEntry[],
): string | undefined {
  switch (entry.saw) {
    case 'line': {
      const line = view.lines.find(({ id }) => id === entry.line)
      const off = before.some(each => each.saw === 'line-voided' && each.line === entry.line)
      if (line === undefined) return `line ${entry.line} was acknowledged and is gone`
      if (off && line.state !== 'voided') return `line ${entry.line} was voided and is ${line.state}`
      return line.grossMinor === entry.priceMinor ? undefined : `line ${entry.line} has another price`
    }
    case 'payment': {
      const state = view.payments.find(({ id }) => id === entry.payment)?.state ?? 'unknown to the till'
      const given = ['done', ...(CANCELLED.has(view.state) ? ['reversing', 'reversed', 'owed'] : [])]
      const fits = entry.outcome === 'done' ? given.includes(state) : state !== 'done'
      return fits ? undefined : `payment ${entry.payment} was ${entry.outcome} and is ${state}`
    }
    case 'ended':
      return view.state === entry.state ? undefined : `was ${entry.state} and is ${view.state}`
    default:
      return undefined
  }
}

function outcomesOf(purse: readonly PurseEntry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const outcomes = new Map<string, Set<string>>()
  for (const entry of purse) {
    if (entry.saw !== 'payment') continue
    const key = `${entry.sale} payment ${entry.payment}`
    outcomes.set(key, (outcomes.get(key) ?? new Set()).add(`${entry.outcome} ${entry.amountMinor}`))
  }
  return outcomes
}

// ── I6: everything comes to rest ────────────────────────────────────────────────────────────────────────

/** An end of the day that was lost in a crash may leave the task that both books are to be compared by a person. */
function rest({ scenario, purse }: Evidence): readonly Violation[] {
  const last = purse.findLast(entry => entry.saw === 'rest')
  if (last?.saw !== 'rest') return [{ invariant: 'I6', what: 'it never came to rest' }]
  const found: Violation[] = []
  const stuck = (what: string): void => void found.push({ invariant: 'I6', what })
  if (!last.idle) stuck('the outbox is not empty')
  if (last.unfinished.length > 0) stuck(`unfinished: ${last.unfinished.join(', ')}`)
  for (const { kind, error } of last.tasks)
    if (scenario !== 'end-of-day' || kind !== 'books-differ') stuck(`a task is open: ${kind} ${error.code}`)
  for (const entry of purse)
    if (entry.saw === 'line-refused') stuck(`line ${entry.line} of ${entry.sale} was refused: ${entry.code}`)
  return found
}

// ── I7: paper ───────────────────────────────────────────────────────────────────────────────────────────

/** At most one paper is no copy; what it says about money and cards is true. */
function paper({ paper: sheets, cards: known }: Evidence, sales: readonly SeenSale[]): readonly Violation[] {
  const found: Violation[] = []
  const wrong = (what: string): void => void found.push({ invariant: 'I7', what })
  for (const sale of sales) {
    const mine = sheets.filter(
      text => text.includes(`Receipt ${sale.id}\n`) || text.endsWith(`Receipt ${sale.id}`),
    )
    const originals = mine.filter(text => !text.includes('COPY')).length
    if (originals > 1) wrong(`${originals} originals of the receipt of ${sale.id}`)
    if (mine.length === 0 && sale.ended === 'closed') wrong(`no receipt of ${sale.id}`)
    if (mine.length > 0 && sale.ended !== 'closed') wrong(`a receipt of ${sale.id}, which was not paid`)
    const total = totalOf(sale.lines)
    for (const text of mine) {
      const printed = /TOTAL EUR\s+(-?[\d,.]+)\s*$/m.exec(text)?.[1]
      if (printed === undefined || minorOf(printed) !== total)
        wrong(`a receipt of ${sale.id} says ${printed ?? 'nothing'} for ${total}`)
    }
  }
  for (const [, serial = ''] of sheets.join('\n').matchAll(/Card (\d+) active/g)) {
    const card = known.find(each => each.serial === serial)
    if (card && !card.history.some(({ event }) => event === 'activated'))
      wrong(`paper says that card ${serial} is active, and it is ${card.state}`)
  }
  return found
}

function minorOf(printed: string): number {
  return Number(printed.replace(/[,.]/g, ''))
}

// ── I4 and I8: money ────────────────────────────────────────────────────────────────────────────────────

function money({ books, purse, scenario }: Evidence, sales: readonly SeenSale[]): readonly Violation[] {
  const found: Violation[] = []
  const wrong = (what: string): void => void found.push({ invariant: 'I8', what })
  for (const sale of sales) {
    const due = sale.ended === 'closed' ? totalOf(sale.lines) : 0
    const paid = sale.cashMinor + sale.cardMinor
    if (sale.ended === undefined) wrong(`${sale.id} never ended; the customer is ${paid} short`)
    else if (paid !== due) wrong(`${sale.id} is ${sale.ended}: ${due} due, ${paid} paid`)
  }
  const booked = books.filter(({ kind, state }) => kind !== 'reversal' && state === 'booked')
  const charged = booked.reduce(
    (sum, { kind, amountMinor }) => sum + (kind === 'payment' ? amountMinor : -amountMinor),
    0,
  )
  const shown = sales.reduce((sum, { cardMinor }) => sum + cardMinor, 0)
  if (charged !== shown) wrong(`the terminal's books say ${charged}, the customer was told ${shown}`)
  const legs = cardLegs(purse, sales)
  const payments = booked.filter(({ kind }) => kind === 'payment').length
  if (payments > legs) found.push({ invariant: 'I4', what: `${payments} payments booked for ${legs}` })
  const waiting = books.filter(({ state }) => state === 'authorised').length
  if (waiting > 0) wrong(`${waiting} transactions at the terminal are neither booked nor reversed`)
  if (scenario === 'end-of-day' && booked.some(({ settled }) => !settled))
    wrong('the terminal has not settled its day')
  return found
}

/** Card payments that stand, as the customer was told. */
function cardLegs(purse: readonly PurseEntry[], sales: readonly SeenSale[]): number {
  const ended = new Map(sales.map(sale => [sale.id, sale.ended]))
  const done = purse.flatMap(entry =>
    entry.saw === 'payment' &&
    entry.by === 'card' &&
    entry.outcome === 'done' &&
    ended.get(entry.sale) === 'closed'
      ? `${entry.sale} ${entry.payment}`
      : [],
  )
  return new Set(done).size
}

// ── what people saw ─────────────────────────────────────────────────────────────────────────────────────

function seenSales(purse: readonly PurseEntry[]): readonly SeenSale[] {
  const ids = new Set(purse.flatMap(entry => ('sale' in entry ? entry.sale : [])))
  return [...ids].map(id =>
    seenSale(
      id,
      purse.filter(entry => 'sale' in entry && entry.sale === id),
    ),
  )
}

function seenSale(id: string, purse: readonly PurseEntry[]): SeenSale {
  const end = purse.findLast(entry => entry.saw === 'ended')
  const off = new Set(
    purse.flatMap(entry => (entry.saw === 'line-voided' || entry.saw === 'line-refused' ? entry.line : [])),
  )
  const rung = purse.filter(entry => entry.saw === 'line')
  const lines = new Map(rung.map(entry => [entry.line, entry] as const))
  let cashMinor = 0
  const cards = new Map<string, number>()
  for (const entry of purse) {
    if (entry.saw === 'cash-given') cashMinor += entry.amountMinor
    else if (entry.saw === 'cash-returned') cashMinor -= entry.amountMinor
    else if (entry.saw === 'payment' && entry.by === 'card') cards.set(entry.payment, entry.amountMinor)
  }
  const ended = end?.saw === 'ended' ? end : undefined
  const stands = ended?.state !== 'cancelled'
  return {
    id,
    kind: ended?.kind ?? 'sale',
    ended: ended?.state,
    lines: [...lines.values()].filter(({ line }) => !off.has(line)),
    cashMinor,
    cardMinor: stands ? [...cards.values()].reduce((sum, amount) => sum + amount, 0) : 0,
  }
}

function totalOf(lines: readonly Saw<'line'>[]): number {
  return lines.reduce((sum, { priceMinor }) => sum + priceMinor, 0)
}

const CANCELLED: ReadonlySet<string> = new Set(['cancelling', 'cancelled'])
