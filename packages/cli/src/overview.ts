// What a till has on its hands, on one page: its sales by state, what waits for somebody's answer, what waits for a
// person, and the latest sales.
import { totalsOf } from '@cashdesk/checkout'
import type { Tear } from '@cashdesk/journal'
import type { Claim, EpochMs, ErrorReport, Sale, SaleState } from '@cashdesk/kernel'
import { EndedSales } from './ended-sales.ts'
import {
  itemOf,
  type OpenTask,
  type Pending,
  pendingLines,
  pendingOf,
  type SilentProvider,
  silentLine,
  silentProviders,
  taskLines,
  tasksOf,
} from './pending.ts'
import type { Book, Reading } from './reading.ts'
import { amountOf, claimWords, counted, momentOf, SALE_WORDS } from './words.ts'

/** A sale in one line. */
export interface SaleRow {
  readonly id: string
  readonly kind: Sale['kind']
  readonly state: SaleState
  readonly openedAt: EpochMs
  readonly endedAt?: EpochMs
  readonly totalMinor: number
  readonly currency: string
  readonly paidBy: readonly string[]
  readonly training: boolean
}

/** What a sale went on without: it was sold before the provider could be asked, or its activation waits for others. */
interface Deferred {
  readonly sale: string
  readonly plugin: string
  readonly item?: string
  readonly state: Claim['state']
}

/** The answer of `cashdesk journal show --json`. */
export interface Overview {
  readonly dir: string
  readonly lane?: string
  readonly currency?: string
  readonly records: number
  readonly segments: number
  readonly firstAt?: EpochMs
  readonly lastAt?: EpochMs
  readonly restored: boolean
  readonly tear?: Tear
  /** Records of kinds that this release does not know, and events inside of records that it does. */
  readonly unknown: number
  readonly laterEvents: number
  readonly damage?: ErrorReport
  readonly sales: { readonly [state in SaleState]?: number }
  readonly providers: readonly SilentProvider[]
  readonly pending: readonly Pending[]
  readonly tasks: readonly OpenTask[]
  readonly deferred: readonly Deferred[]
  /** The newest first. */
  readonly latest: readonly SaleRow[]
}

export interface Window {
  /** Only sales that were opened then or later. */
  readonly since?: EpochMs
  /** The most sales that are listed. */
  readonly limit: number
}

/** What a page says of sales: gathered while the journal is read, so that none of those that are over is kept. */
export class SaleCensus {
  readonly #window: Window
  readonly #states: Map<SaleState, number> = new Map()
  #latest: SaleRow[] = []
  readonly ended: EndedSales = new EndedSales(sale => this.#add(sale))

  constructor(window: Window) {
    this.#window = window
  }

  /** With the sales that are not over. To be asked once, when all is read. */
  result({ lane }: Book): Pick<Overview, 'sales' | 'latest'> {
    for (const sale of lane.sales.values()) this.#add(sale)
    this.#prune()
    return { sales: Object.fromEntries(this.#states), latest: this.#latest }
  }

  #add(sale: Sale): void {
    const { since = 0, limit } = this.#window
    if (sale.openedAt < since) return
    this.#states.set(sale.state, (this.#states.get(sale.state) ?? 0) + 1)
    this.#latest.push(rowOf(sale))
    if (this.#latest.length > limit * 2 + 1_000) this.#prune()
  }

  #prune(): void {
    const { limit } = this.#window
    this.#latest = this.#latest.sort((one, other) => other.openedAt - one.openedAt).slice(0, limit)
  }
}

export function overviewOf(book: Reading, census: SaleCensus): Overview {
  const { dir, lane, records, segments, firstAt, lastAt, restored, tear, unknownCount, damage } = book
  const { config } = lane
  return {
    dir,
    ...(config ? { lane: config.lane, currency: config.currency } : {}),
    records,
    segments,
    ...(firstAt === undefined ? {} : { firstAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
    restored,
    ...(tear ? { tear } : {}),
    unknown: unknownCount,
    laterEvents: book.laterEvents,
    ...(damage ? { damage } : {}),
    providers: silentProviders(book),
    pending: pendingOf(book),
    tasks: tasksOf(book),
    deferred: deferredOf(book),
    ...census.result(book),
  }
}

export function rowOf(sale: Sale): SaleRow {
  const { id, kind, state, openedAt, endedAt, currency, training, legs } = sale
  return {
    id,
    kind,
    state,
    openedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    totalMinor: totalsOf(sale).totalMinor,
    currency,
    paidBy: [...new Set(legs.filter(leg => leg.state === 'done').map(({ by }) => by))],
    training,
  }
}

const PUT_OFF: ReadonlySet<string> = new Set(['due', 'deferred'])

function deferredOf({ lane }: Book): readonly Deferred[] {
  return [...lane.live.values()].flatMap(sale =>
    sale.claims
      .filter(claim => PUT_OFF.has(claim.state))
      .map(claim => {
        const item = itemOf(claim)
        const { plugin, state } = claim
        return { sale: sale.id, plugin, state, ...(item === undefined ? {} : { item }) }
      }),
  )
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

/** More of them are only counted: a page is to be read. */
const MOST_PENDING = 20

export function overviewLines(overview: Overview, now: EpochMs): readonly string[] {
  const { pending, tasks, latest } = overview
  return [
    ...headLines(overview),
    '',
    ...taskSection(tasks, now),
    '',
    ...overview.providers.map(each => silentLine(each, now)),
    ...pendingSection(pending, now),
    ...deferredSection(overview),
    ...(latest.length === 0 ? [] : ['', 'Latest sales', ...latest.map(saleLine)]),
  ]
}

function headLines(overview: Overview): readonly string[] {
  const { dir, lane, currency, records, segments, firstAt, lastAt, sales } = overview
  const names: readonly SaleState[] = [
    'open',
    'parked',
    'tendering',
    'settling',
    'cancelling',
    'closed',
    'cancelled',
  ]
  const states = names.flatMap(state => (sales[state] ? [`${sales[state]} ${SALE_WORDS[state]}`] : []))
  const name = lane === undefined ? 'A till that never started' : `Till ${lane}, ${currency}`
  const span =
    firstAt === undefined || lastAt === undefined ? '' : `, ${momentOf(firstAt)} to ${momentOf(lastAt)}`
  return [
    `${name} · ${dir}`,
    `${counted(records, 'step')} in ${counted(segments, 'segment')}${span}`,
    ...fileLines(overview),
    `Sales: ${states.length === 0 ? 'none' : states.join(', ')}`,
  ]
}

/** What a reader must know about the files before they believe the rest. */
function fileLines({
  restored,
  tear,
  unknown,
  laterEvents,
  damage,
}: Pick<Overview, 'restored' | 'tear' | 'unknown' | 'laterEvents' | 'damage'>): readonly string[] {
  return [
    ...(damage
      ? [`DAMAGED: ${damage.message} ${damage.next}`, '  What follows is what is whole before that place.']
      : []),
    ...(restored
      ? ['This is a copy from another machine or folder; it sells nothing until `cashdesk journal confirm`.']
      : []),
    ...(tear
      ? [
          `The last ${tear.bytes} bytes are not finished: a till writes them now, or its power failed. They do not count.`,
        ]
      : []),
    ...(unknown + laterEvents > 0
      ? [
          `${counted(unknown, 'record')} and ${counted(laterEvents, 'event')} of a later release: kept, and not shown.`,
        ]
      : []),
  ]
}

export function taskSection(tasks: readonly OpenTask[], now: EpochMs): readonly string[] {
  if (tasks.length === 0) return ['Nothing waits for a person.']
  return [
    `${counted(tasks.length, 'task')} for a person`,
    ...indented(tasks.flatMap(task => taskLines(task, now))),
  ]
}

export function pendingSection(pending: readonly Pending[], now: EpochMs): readonly string[] {
  if (pending.length === 0) return ['Nothing is pending.']
  const shown = pending.slice(0, MOST_PENDING)
  const rest = pending.length - shown.length
  return [
    `${counted(pending.length, 'operation')} pending`,
    ...indented(shown.flatMap(each => pendingLines(each, now))),
    ...(rest > 0 ? [`  … and ${rest} more; --pending --json names them all`] : []),
  ]
}

function deferredSection({ deferred }: Overview): readonly string[] {
  if (deferred.length === 0) return []
  return [
    '',
    `${counted(deferred.length, 'claim')} put off`,
    ...deferred.map(
      ({ sale, plugin, item, state }) =>
        `  ${plugin}: ${item ?? 'a claim'} of sale ${sale} ${claimWords(state)}`,
    ),
  ]
}

function saleLine({ id, kind, state, openedAt, totalMinor, currency, paidBy, training }: SaleRow): string {
  const by = paidBy.length === 0 ? '' : `, ${paidBy.join(' and ')}`
  const marks = [kind === 'sale' ? '' : ` (${kind})`, training ? ' (training)' : ''].join('')
  return `  ${momentOf(openedAt)}  ${id}${marks}: ${amountOf(totalMinor, currency)}${by}, ${SALE_WORDS[state]}`
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map(line => `  ${line}`)
}
