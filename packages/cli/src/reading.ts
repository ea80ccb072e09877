// A till's journal read beside the till: every step folded as recovery folds it, and what recovery does not need but a
// person asks for, such as why an operation still waits. All commands that look inside share it. Nothing is changed.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { emptyLane, evolve, type Lane } from '@cashdesk/checkout'
import {
  emptyOutbox,
  foldOutbox,
  nodeDisk,
  type Outbox,
  readJournal,
  type Tear,
  type UnknownRecord,
} from '@cashdesk/journal'
import {
  CashdeskError,
  type Disk,
  type EpochMs,
  type ErrorReport,
  type OperationId,
  type Step,
} from '@cashdesk/kernel'
import { JOURNAL_FOLDER } from '@cashdesk/sdk'
import type { EndedSales } from './ended-sales.ts'

/** Why an operation has not come to its end: what its last attempt brought back. */
interface Trouble {
  readonly at: EpochMs
  readonly error: ErrorReport
}

/** What a journal says, as far as it was read. */
export interface Book {
  readonly dir: string
  readonly lane: Lane
  readonly outbox: Outbox
  /** Of operations that are open. */
  readonly troubles: Map<OperationId, Trouble>
  records: number
  /** Events of a later release: kept in the journal, and without a meaning here. */
  laterEvents: number
  firstAt?: EpochMs
  lastAt?: EpochMs
}

/** A book, and what was found about the files it was read from. */
export interface Reading extends Book {
  readonly segments: number
  /** The end of the last batch: torn, or just being written by the till. */
  readonly tear?: Tear
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
  /** A copy from another machine or folder: it sells nothing until it is confirmed. */
  readonly restored: boolean
  /** What is wrong with the files. The book then holds what was whole before that place. */
  readonly damage?: ErrorReport
}

/** Called for every step before it is folded in: the book still says how things stood. */
export type BeforeStep = (step: Step, record: number, book: Book) => void

/** Where a journal's files are: `folder` on `disk`. */
export interface JournalPlace {
  readonly disk: Disk
  readonly folder: string
}

/** Of a till’s directory. @throws CashdeskError `journal.absent`: one that is looked for must not be made */
export function journalAt(dir: string): JournalPlace {
  if (!existsSync(join(dir, JOURNAL_FOLDER))) throw new CashdeskError('journal.absent', { dir })
  return { disk: nodeDisk(dir), folder: JOURNAL_FOLDER }
}

/** The same, or an archive, which holds its segments itself: to read, both are one. @throws CashdeskError `journal.absent` */
export function readableAt(dir: string): JournalPlace {
  const isArchive = !existsSync(join(dir, JOURNAL_FOLDER)) && filesIn(dir).some(name => name.endsWith('.seg'))
  return isArchive ? { disk: nodeDisk(dir), folder: '' } : journalAt(dir)
}

function filesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

export function emptyBook(dir: string): Book {
  return { dir, lane: emptyLane(), outbox: emptyOutbox(), troubles: new Map(), records: 0, laterEvents: 0 }
}

/** Folds a step as recovery does. */
export function foldBook(book: Book, step: Step, record: number): void {
  for (const event of step.events) {
    if (!evolve(book.lane, event)) book.laterEvents += 1
    if (event.type === 'op.settled') book.troubles.delete(event.op)
  }
  foldOutbox(book.outbox, step)
  const { input, at } = step
  if (input.type === 'answer' && input.answer.outcome === 'unknown' && book.lane.operations.has(input.op))
    book.troubles.set(input.op, { at, error: input.answer.error })
  book.records = record
  book.firstAt ??= at
  book.lastAt = at
}

/**
 * Reads the whole journal, also while a till writes; its last batch may not be synced yet. Where the files are damaged,
 * what is whole before the place is in the book, and `damage` says the rest.
 * @param ended takes sales that are over, which are then not in the book; all of them are if absent
 * @throws CashdeskError `journal.absent`, `journal.not-ours`, `disk.failed`
 */
export async function readBook(
  dir: string,
  before: BeforeStep = () => undefined,
  ended?: EndedSales,
): Promise<Reading> {
  const { disk, folder } = readableAt(dir)
  const book = emptyBook(dir)
  const onStep = (step: Step, record: number): void => {
    before(step, record, book)
    const touched = ended?.touched(step, book.lane)
    foldBook(book, step, record)
    if (touched) ended?.letGo(touched, book.lane)
  }
  try {
    const found = await readJournal({ disk, folder, onStep })
    const { segments, tear, unknown, unknownCount, identity } = found
    return Object.assign(book, {
      segments,
      unknown,
      unknownCount,
      restored: folder !== '' && identity !== undefined && identity !== (await disk.identity(folder)),
      ...(tear ? { tear } : {}),
    })
  } catch (thrown) {
    if (!(thrown instanceof CashdeskError) || thrown.code !== 'journal.damaged') throw thrown
    const damage = thrown.report
    return Object.assign(book, { segments: 0, unknown: [], unknownCount: 0, restored: false, damage })
  }
}
