// `cashdesk journal verify DIR`: reads every record, checks every sum, and says whether the journal is whole and whose
// it is. Changes nothing, and needs no lock.
import {
  checkSnapshots,
  type FoundSnapshot,
  readJournal,
  type Tear,
  type UnknownRecord,
} from '@cashdesk/journal'
import { type ErrorReport, explain, reportOf } from '@cashdesk/kernel'
import { EndedSales } from './ended-sales.ts'
import { emptyBook, foldBook, readableAt } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { counted, momentOf } from './words.ts'

/** The answer of `cashdesk journal verify --json`. */
export interface VerifyReport {
  readonly dir: string
  readonly ok: boolean
  /** Steps read; where it is damaged, those before the place. */
  readonly records: number
  readonly segments: number
  /** How often it was opened for writing. */
  readonly epoch: number
  readonly firstAt?: number
  readonly lastAt?: number
  /** A copy from another machine or folder; absent where the files could not be read to their end. */
  readonly restored?: boolean
  /** The torn end of the last batch, which the next opening cuts off: none of it was acknowledged. */
  readonly tear?: Tear
  /** Records of a kind that this release does not know; they are kept. */
  readonly unknown: number
  /** Where they are, at most 100. */
  readonly unknownAt: readonly UnknownRecord[]
  /** Events of a later release inside of known records; they are kept, and mean nothing to this one. */
  readonly laterEvents: number
  /** The newest first. A bad one is left aside by the next start, which then takes longer. */
  readonly snapshots: readonly FoundSnapshot[]
  /** Sales that ended before then were archived. */
  readonly archivedBefore?: number
  /** Sales, open operations and open tasks that the records come to. */
  readonly state: { readonly sales: number; readonly pending: number; readonly tasks: number }
  /** What is wrong, with file and offset. */
  readonly error?: ErrorReport
}

export interface VerifyOptions {
  readonly json?: boolean
}

/** @throws CashdeskError `journal.absent` */
export async function verifyJournal(io: Io, dir: string, { json }: VerifyOptions): Promise<ExitCode> {
  const report = await verified(dir)
  if (json) sayJson(io, report)
  else for (const line of verdict(report)) sayLine(io, line)
  return report.ok ? EXIT.ok : EXIT.wrong
}

/** @throws CashdeskError `journal.absent` */
export async function verified(dir: string): Promise<VerifyReport> {
  const { disk, folder } = readableAt(dir)
  const book = emptyBook(dir)
  let over = 0
  const ended = new EndedSales(() => {
    over += 1
  })
  const seen = (): Pick<
    VerifyReport,
    'dir' | 'records' | 'laterEvents' | 'firstAt' | 'lastAt' | 'state'
  > => ({
    dir,
    records: book.records,
    laterEvents: book.laterEvents,
    ...(book.firstAt === undefined ? {} : { firstAt: book.firstAt }),
    ...(book.lastAt === undefined ? {} : { lastAt: book.lastAt }),
    state: {
      sales: over + book.lane.sales.size,
      pending: book.lane.operations.size,
      tasks: book.lane.tasks.size,
    },
  })
  try {
    const reading = await readJournal({
      disk,
      folder,
      onStep: (step, record) => {
        const touched = ended.touched(step, book.lane)
        foldBook(book, step, record)
        ended.letGo(touched, book.lane)
      },
    })
    const { records, segments, epoch, tear, unknown, unknownCount, identity, carried } = reading
    const restored = folder !== '' && identity !== undefined && identity !== (await disk.identity(folder))
    return {
      ...seen(),
      ok: true,
      records,
      segments,
      epoch,
      restored,
      ...(tear ? { tear } : {}),
      ...(carried ? { archivedBefore: carried.before } : {}),
      snapshots: await checkSnapshots(disk, folder),
      unknown: unknownCount,
      unknownAt: unknown,
    }
  } catch (thrown) {
    const error = reportOf(thrown, 'cli.failed')
    return { ...seen(), ok: false, segments: 0, epoch: 0, unknown: 0, unknownAt: [], snapshots: [], error }
  }
}

function verdict(report: VerifyReport): readonly string[] {
  const { records, segments, epoch, state, lastAt, error } = report
  if (error) {
    return [
      `${error.code}: ${explain(error)}`,
      ...Object.entries(error.detail ?? {}).map(([name, value]) => `  ${name}: ${String(value)}`),
      ...(records > 0
        ? [
            `  Whole before that place: ${counted(records, 'record')}${lastAt === undefined ? '' : `, the last of ${momentOf(lastAt)}`}; \`cashdesk journal salvage\` copies them.`,
          ]
        : []),
    ]
  }
  const { sales, pending, tasks } = state
  return [
    `The journal is whole: ${counted(records, 'record')} in ${counted(segments, 'segment')}, opened ${counted(epoch, 'time')}.`,
    `They come to ${counted(sales, 'sale')}, ${counted(pending, 'operation')} pending and ${counted(tasks, 'open task')}.`,
    ...remarks(report),
  ]
}

/** What is no damage, and worth knowing. */
function remarks(report: VerifyReport): readonly string[] {
  const { archivedBefore, snapshots, tear, unknown, unknownAt, laterEvents, restored } = report
  const first = unknownAt[0]
  return [
    ...(archivedBefore === undefined
      ? []
      : [`Sales that ended before ${momentOf(archivedBefore)} are archived.`]),
    ...snapshots.map(({ file, state, sequence }) =>
      state === 'sound'
        ? `Snapshot ${file} is sound and goes up to record ${sequence}.`
        : `Snapshot ${file} is left aside: ${state}. The next start takes longer, and nothing is lost.`,
    ),
    ...(tear
      ? [
          `A torn end of ${tear.bytes} bytes in ${tear.file} at ${tear.offset} was never acknowledged; opening the till cuts it off. Beside a running till it may be what is written at this moment.`,
        ]
      : []),
    ...(unknown > 0 && first
      ? [
          `${counted(unknown, 'record')} of a later release, the first in ${first.file} at ${first.offset}; they are kept.`,
        ]
      : []),
    ...(laterEvents > 0
      ? [`${counted(laterEvents, 'event')} of a later release: kept, and without a meaning for this one.`]
      : []),
    ...(restored
      ? ['It is a copy from another machine or folder: it takes nothing until `cashdesk journal confirm`.']
      : []),
  ]
}
