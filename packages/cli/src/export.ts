// `cashdesk journal export DIR`: sales with their lines, payments, claims and VAT, for the shop's bookkeeping. Streams:
// each sale is written when the last step about it was read, and forgotten.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { emptyLane, evolve, type Lane } from '@cashdesk/checkout'
import { JournalTail, readJournal } from '@cashdesk/journal'
import {
  CashdeskError,
  type ErrorReport,
  type Event,
  type Sale,
  type SaleId,
  type TaskId,
} from '@cashdesk/kernel'
import { COLUMNS, csvLine, rowsOf } from './export-csv.ts'
import { type SoldSale, soldSale } from './export-sale.ts'
import { fileError } from './file-error.ts'
import { readableAt } from './reading.ts'
import { complain, EXIT, type ExitCode, type Io } from './say.ts'
import { timeGiven } from './words.ts'

export interface ExportOptions {
  readonly json?: boolean
  readonly format?: string
  readonly since?: string
  readonly until?: string
  readonly sale?: string
  /** Standard output if absent. */
  readonly out?: string
}

/**
 * @throws CashdeskError `cli.usage`, `journal.absent`, `journal.not-ours`, `sale.unknown`, `disk.failed`,
 * `cli.file`
 */
export async function exportJournal(io: Io, dir: string, options: ExportOptions): Promise<ExitCode> {
  const format = options.format ?? 'jsonl'
  if (format !== 'jsonl' && format !== 'csv')
    throw new CashdeskError('cli.usage', { reason: '--format is jsonl or csv' })
  const now = Date.now()
  const since = options.since === undefined ? 0 : timeGiven('--since', options.since, now)
  const until = options.until === undefined ? Infinity : timeGiven('--until', options.until, now)
  const wanted = (sale: SoldSale): boolean => sale.at >= since && sale.at < until
  const ends = await lastSteps(dir)
  if (options.sale !== undefined && !ends.last.has(options.sale))
    throw new CashdeskError('sale.unknown', { sale: options.sale, dir })
  const out = await opened(io, options.out)
  let count = 0
  if (format === 'csv') await write(out, csvLine(COLUMNS))
  for await (const sale of sales(dir, ends)) {
    if ((options.sale !== undefined && sale.sale !== options.sale) || !wanted(sale)) continue
    count += 1
    const text = format === 'csv' ? rowsOf(sale).map(csvLine).join('') : `${JSON.stringify(sale)}\n`
    await write(out, text)
  }
  if (out !== io.stdout) {
    out.end()
    await once(out, 'finish')
  }
  io.stderr.write(`${count} sales.\n`)
  if (!ends.damage) return EXIT.ok
  // What is whole was written; whoever books it must know that it is not all.
  complain(io, new CashdeskError(ends.damage.code, ends.damage.detail), false)
  return EXIT.wrong
}

interface LastSteps {
  /** By sale: the record of the last step about it. */
  readonly last: Map<string, number>
  readonly records: number
  readonly damage?: ErrorReport
}

/** A first reading: about forty bytes a sale, whatever is on it. */
async function lastSteps(dir: string): Promise<LastSteps> {
  const last = new Map<string, number>()
  const about = new About()
  let records = 0
  try {
    await readJournal({
      ...readableAt(dir),
      onStep: ({ events }, record) => {
        records = record
        for (const event of events) {
          const sale = about.sale(event)
          if (sale !== undefined) last.set(sale, record)
        }
      },
    })
    return { last, records }
  } catch (thrown) {
    if (!(thrown instanceof CashdeskError) || thrown.code !== 'journal.damaged') throw thrown
    return { last, records, damage: thrown.report }
  }
}

/** Which sale an event is about; operations and tasks are followed until they are settled. */
class About {
  readonly #tasks: Map<TaskId, SaleId> = new Map()

  sale(event: Event): SaleId | undefined {
    if (event.type === 'task.opened') {
      const { id, sale } = event.task
      if (sale !== undefined) this.#tasks.set(id, sale)
      return sale
    }
    if (event.type === 'task.resolved') {
      const sale = this.#tasks.get(event.task)
      this.#tasks.delete(event.task)
      return sale
    }
    return 'sale' in event ? event.sale : undefined
  }
}

/** A second reading, as fast as the sales are taken: in the order in which the last word about each was said. */
async function* sales(dir: string, { last, records }: LastSteps): AsyncGenerator<SoldSale, void, undefined> {
  const tail = new JournalTail(readableAt(dir))
  const about = new About()
  const lane = emptyLane()
  const settled = new Map<SaleId, Event[]>()
  for (;;) {
    const steps = await tail.next()
    if (steps.length === 0) break
    for (const { step, sequence } of steps) {
      if (sequence > records) return
      const touched = new Set<SaleId>()
      for (const event of step.events) {
        const sale = about.sale(event)
        evolve(lane, event)
        if (sale === undefined) continue
        touched.add(sale)
        if (event.type === 'task.opened' || event.type === 'task.resolved')
          settled.set(sale, [...(settled.get(sale) ?? []), event])
      }
      for (const id of touched) {
        if (last.get(id) !== sequence) continue
        const sale = lane.sales.get(id)
        if (sale) yield soldSale(sale, laneName(lane), settled.get(id) ?? [])
        forget(lane, id)
        settled.delete(id)
      }
    }
  }
}

function laneName({ config }: Lane): string {
  return config?.lane ?? ''
}

function forget(lane: Lane, id: Sale['id']): void {
  lane.sales.delete(id)
  lane.live.delete(id)
}

async function opened(io: Io, file: string | undefined): Promise<Writable> {
  if (file === undefined) return io.stdout
  const out = createWriteStream(file)
  try {
    await once(out, 'open')
  } catch (thrown) {
    throw fileError(file, thrown)
  }
  return out
}

async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain')
}
