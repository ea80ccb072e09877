// `cashdesk journal show DIR`: what a till has on its hands, or the story of one sale. Read beside a running till.
import { CashdeskError, saleId } from '@cashdesk/kernel'
import { EndedSales } from './ended-sales.ts'
import { overviewLines, overviewOf, pendingSection, rowOf, SaleCensus, taskSection } from './overview.ts'
import { pendingOf, tasksOf } from './pending.ts'
import { type BeforeStep, readBook } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { type Chapter, Storyteller, storyLines } from './story.ts'
import { timeGiven, timeOf } from './words.ts'

export interface ShowOptions {
  readonly json?: boolean
  readonly sale?: string
  readonly pending?: boolean
  readonly tasks?: boolean
  readonly since?: string
  readonly limit?: string
}

const LATEST = 10
const MOST = 100_000

/** @throws CashdeskError `cli.usage`, `journal.absent`, `journal.not-ours`, `sale.unknown` */
export async function showJournal(io: Io, dir: string, options: ShowOptions): Promise<ExitCode> {
  const now = Date.now()
  const since = options.since === undefined ? undefined : timeGiven('--since', options.since, now)
  const limit = wholeGiven('--limit', options.limit, MOST)
  if (options.sale !== undefined) return showSale(io, dir, options.sale, { ...options, now, since, limit })
  const census = new SaleCensus({ limit: limit ?? LATEST, ...(since === undefined ? {} : { since }) })
  const book = await readBook(dir, undefined, census.ended)
  const pending = pendingOf(book).slice(0, limit ?? MOST)
  const tasks = tasksOf(book).slice(0, limit ?? MOST)
  const only = options.pending || options.tasks
  if (options.json) {
    const part = { ...(options.pending ? { pending } : {}), ...(options.tasks ? { tasks } : {}) }
    sayJson(
      io,
      only ? { dir, ...(book.damage ? { damage: book.damage } : {}), ...part } : overviewOf(book, census),
    )
  } else {
    const lines = only
      ? [
          ...(options.tasks ? taskSection(tasks, now) : []),
          ...(options.pending ? pendingSection(pending, now) : []),
        ]
      : overviewLines(overviewOf(book, census), now)
    for (const line of [...lines, '', asRead(now)]) sayLine(io, line)
  }
  return sayDamage(io, book.damage !== undefined, options)
}

interface SaleOptions extends Pick<ShowOptions, 'json'> {
  readonly now: number
  readonly since: number | undefined
  readonly limit: number | undefined
}

/** @throws CashdeskError `sale.unknown` */
async function showSale(io: Io, dir: string, id: string, options: SaleOptions): Promise<ExitCode> {
  const { now, since = 0, limit = MOST } = options
  const teller = new Storyteller(saleId(id))
  const chapters: Chapter[] = []
  const before: BeforeStep = (step, record) => {
    const chapter = teller.tell(step, record)
    if (!chapter || chapter.at < since) return
    chapters.push(chapter)
    if (chapters.length > limit) chapters.shift()
  }
  const book = await readBook(dir, before, new EndedSales(() => undefined, saleId(id)))
  const sale = book.lane.sales.get(saleId(id))
  if (!sale) throw new CashdeskError('sale.unknown', { sale: id, dir })
  const pending = pendingOf(book).filter(each => each.sale === id)
  const tasks = tasksOf(book).filter(each => each.sale === id)
  const { damage } = book
  if (options.json) {
    const parts = { sale: { ...rowOf(sale), lines: sale.lines, claims: sale.claims, payments: sale.legs } }
    sayJson(io, { dir, ...parts, story: chapters, pending, tasks, ...(damage ? { damage } : {}) })
  } else {
    const open = [
      ...(tasks.length > 0 ? ['', ...taskSection(tasks, now)] : []),
      ...(pending.length > 0 ? ['', ...pendingSection(pending, now)] : []),
    ]
    for (const line of [...storyLines(sale, chapters), ...open, '', asRead(now)]) sayLine(io, line)
  }
  return sayDamage(io, damage !== undefined, options)
}

function asRead(now: number): string {
  return `As read at ${timeOf(now)}. A till that runs may have gone on since, and its newest step may not be on the disk yet.`
}

/** What is whole was shown; that something is not must not be overlooked. */
function sayDamage(io: Io, damaged: boolean, { json }: Pick<ShowOptions, 'json'>): ExitCode {
  if (!damaged) return EXIT.ok
  if (!json)
    io.stderr.write(
      'journal.damaged: only what is whole before the damage was shown; see `cashdesk journal verify`.\n',
    )
  return EXIT.wrong
}

/** @throws CashdeskError `cli.usage` */
export function wholeGiven(option: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw new CashdeskError('cli.usage', { reason: `${option} wants a whole number from 1 to ${most}` })
}
