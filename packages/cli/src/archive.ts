// `cashdesk journal archive DIR --to FOLDER`: moves what is over out of the till's journal, year by year; what goes on is
// carried over first.
import { resolve } from 'node:path'
import { nodeDisk } from '@cashdesk/journal'
import { CashdeskError } from '@cashdesk/kernel'
import { type ArchiveReport, archiveJournal, JOURNAL_FOLDER, KEEP_MS } from '@cashdesk/sdk'
import { makeDirectory } from './directory.ts'
import { heldBy } from './held.ts'
import { journalAt } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { counted, momentOf, timeGiven } from './words.ts'

export interface ArchiveCommandOptions {
  readonly json?: boolean
  /** The archive; the same one may be used every year. */
  readonly to: string
  readonly before?: string
}

/** @throws CashdeskError `cli.usage`, `journal.absent`, `journal.in-use`, `journal.not-archivable`, `journal.restored` … */
export async function archive(io: Io, dir: string, options: ArchiveCommandOptions): Promise<ExitCode> {
  const now = Date.now()
  const before = options.before === undefined ? now - KEEP_MS : timeGiven('--before', options.before, now)
  if (before > now) throw new CashdeskError('cli.usage', { reason: '--before lies in the future' })
  const { disk, folder } = journalAt(dir)
  const to = resolve(options.to)
  if (to === resolve(dir) || to === resolve(dir, JOURNAL_FOLDER))
    throw new CashdeskError('cli.usage', { reason: '--to is the till itself; name another directory' })
  makeDirectory(to)
  const report = await heldBy(dir, () =>
    archiveJournal({ disk, folder, to: { disk: nodeDisk(to), folder: '' }, before }),
  )
  if (options.json) sayJson(io, { dir, to, before, ...report })
  else for (const line of lines(report, to, before)) sayLine(io, line)
  return EXIT.ok
}

function lines(report: ArchiveReport, to: string, before: number): readonly string[] {
  const { segments, archivedSales, keptSales, carriedSteps } = report
  if (segments.length === 0)
    return [`Nothing could be archived: no sale before ${momentOf(before)} fills a segment.`]
  return [
    `${counted(segments.length, 'segment')} moved to ${to}, with ${counted(archivedSales, 'sale')} that ended before ${momentOf(before)}.`,
    `The till goes on with ${counted(keptSales, 'sale')}; ${counted(carriedSteps, 'step')} were carried over.`,
    'Archived sales can be shown and exported from the archive; the till cannot return, void or reprint them.',
    `  cashdesk journal show ${to}`,
  ]
}
