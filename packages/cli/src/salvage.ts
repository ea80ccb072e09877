// `cashdesk journal salvage DIR --to DIR2`: copies what is whole of a damaged journal into a new till directory, and says
// what is missing and what that may mean for sales. The damaged one is only read.
import { join, resolve } from 'node:path'
import { type Gap, nodeDisk, type SalvageReport, salvageJournal } from '@cashdesk/journal'
import { CashdeskError } from '@cashdesk/kernel'
import { JOURNAL_FOLDER } from '@cashdesk/sdk'
import { makeDirectory } from './directory.ts'
import { heldBy } from './held.ts'
import { type JournalPlace, journalAt } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { counted, momentOf } from './words.ts'

export interface SalvageOptions {
  readonly json?: boolean
  /** The directory of the new till. */
  readonly to: string
}

/** Progress is told at most so often. */
const TELL_MS = 1_000
/** More of them are only counted for people; `--json` and salvage.json have them. */
const MOST_LINES = 20

/** @throws CashdeskError `journal.absent`, `journal.not-empty`, `journal.in-use`, `disk.full`, `disk.failed` */
export async function salvage(io: Io, dir: string, { json, to }: SalvageOptions): Promise<ExitCode> {
  const { disk, folder } = journalAt(dir)
  if (resolve(to) === resolve(dir))
    throw new CashdeskError('cli.usage', { reason: '--to is the damaged till itself; name a new directory' })
  makeDirectory(to)
  let toldAt = Date.now()
  const onProgress = (done: number, all: number): void => {
    if (Date.now() - toldAt < TELL_MS) return
    toldAt = Date.now()
    io.stderr.write(`${Math.floor((done / Math.max(1, all)) * 100)} % read.\n`)
  }
  const report = await heldBy(dir, () =>
    whileNobodyWrites({ disk, folder }, () =>
      salvageJournal({
        disk,
        folder,
        toDisk: nodeDisk(to),
        to: JOURNAL_FOLDER,
        onProgress,
      }),
    ),
  )
  if (json) sayJson(io, { dir, ...report, to: resolve(to) })
  else for (const line of lines(report, to)) sayLine(io, line)
  return report.gaps.every(({ end }) => end) && report.lostRecords === 0 ? EXIT.ok : EXIT.wrong
}

/** A damaged disk may not let itself be locked; only a till that runs is a reason not to read it. */
async function whileNobodyWrites<Result>(
  { disk, folder }: JournalPlace,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await disk.lock(folder).catch((thrown: unknown) => {
    if (thrown instanceof CashdeskError && thrown.code === 'journal.in-use') throw thrown
    return undefined
  })
  try {
    return await work()
  } finally {
    await lock?.release()
  }
}

const REASONS: { readonly [reason in Gap['reason']]: string } = {
  record: 'a damaged record',
  header: 'a damaged header',
  missing: 'a segment is missing',
  length: 'a segment was shortened',
  content: 'a record that is no step',
  unreadable: 'the disk cannot read it',
  repeated: 'a record that was there already',
}

function lines(report: SalvageReport, to: string): readonly string[] {
  const { records, segments, gaps, gapCount, lostRecords, unknownCount, open, touched } = report
  const count = counted(records, 'record')
  return [
    gapCount === 0
      ? `The journal was whole: ${count} in ${counted(segments, 'segment')} copied.`
      : `${count} in ${counted(segments, 'segment')} copied; ${counted(gapCount, 'place')} could not be read.`,
    ...gaps.slice(0, MOST_LINES).map(gapLine),
    ...(gapCount > MOST_LINES ? [`  … and ${gapCount - MOST_LINES} more, in salvage.json`] : []),
    ...(lostRecords > 0 ? [`${counted(lostRecords, 'record')} are known to be lost.`] : []),
    ...(unknownCount > 0
      ? [`${counted(unknownCount, 'record')} of a later release were copied as they are.`]
      : []),
    ...some(
      'Compare these sales with receipts, terminal and providers; steps of them may be missing',
      touched,
    ),
    ...some(
      'Not ended, as far as the copy shows',
      open.sales.map(({ sale, state }) => `${sale} (${state})`),
    ),
    ...some(
      'Open operations, which the till asks about when it starts',
      open.operations.map(
        ({ kind, sale, since }) =>
          `${kind}${sale === undefined ? '' : ` of ${sale}`} since ${momentOf(since)}`,
      ),
    ),
    ...some(
      'Open tasks',
      open.tasks.map(({ kind, sale }) => `${kind}${sale === undefined ? '' : ` of ${sale}`}`),
    ),
    '',
    `The copy is in ${join(to, JOURNAL_FOLDER)}, with the whole report in salvage.json. It sells nothing yet.`,
    'Keep the damaged directory. When nothing sells on it any more:',
    `  cashdesk journal confirm ${to}`,
  ]
}

function gapLine({ file, offset, bytes, reason, lost, after, end }: Gap): string {
  const size = bytes === 0 ? '' : `, ${bytes} bytes`
  const what =
    lost === undefined
      ? ''
      : lost.first === lost.last
        ? `; record ${lost.first} is lost`
        : `; records ${lost.first} to ${lost.last} are lost`
  const tear = end && reason === 'record' ? '; at the end, so it may never have been acknowledged' : ''
  return `  ${file} at ${offset}${size}: ${REASONS[reason]}, behind record ${after} of the copy${what}${tear}`
}

function some(title: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return []
  const rest = names.length - MOST_LINES
  return [
    `${title}:`,
    ...names.slice(0, MOST_LINES).map(name => `  ${name}`),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ]
}
