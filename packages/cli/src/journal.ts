// `cashdesk journal verify|confirm DIR`: looks at a till's journal beside a running till, or makes a copied one this
// machine's own. The two things a person may have to do before a till sells again.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeDisk, openJournal, readJournal } from '@cashdesk/journal'
import { CashdeskError, type Disk, type ErrorReport, explain, reportOf } from '@cashdesk/kernel'
import { JOURNAL_FOLDER } from '@cashdesk/sdk'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'

export interface JournalOptions {
  readonly json?: boolean
}

/** The answer of `cashdesk journal verify --json`. */
interface VerifyReport {
  readonly dir: string
  readonly ok: boolean
  readonly records: number
  readonly segments: number
  /** The torn end of the last batch, which the next opening cuts off: none of it was acknowledged. */
  readonly tear?: { readonly file: string; readonly offset: number; readonly bytes: number }
  /** Records of a kind that this release does not know; they are kept. */
  readonly unknown: number
  /** What is wrong, with file and offset. */
  readonly error?: ErrorReport
}

/** Reads every record and checks every sum. Changes nothing, and needs no lock. */
export async function verifyJournal(io: Io, dir: string, { json }: JournalOptions): Promise<ExitCode> {
  const report = await verified(dir)
  if (json) sayJson(io, report)
  else for (const line of verdict(report)) sayLine(io, line)
  return report.ok ? EXIT.ok : EXIT.wrong
}

async function verified(dir: string): Promise<VerifyReport> {
  const disk = journalAt(dir)
  try {
    const { records, segments, tear, unknownCount } = await readJournal({
      disk,
      folder: JOURNAL_FOLDER,
      onStep: () => undefined,
    })
    return { dir, ok: true, records, segments, unknown: unknownCount, ...(tear ? { tear } : {}) }
  } catch (thrown) {
    return { dir, ok: false, records: 0, segments: 0, unknown: 0, error: reportOf(thrown, 'cli.failed') }
  }
}

function verdict({ records, segments, tear, unknown, error }: VerifyReport): readonly string[] {
  if (error) {
    return [
      `${error.code}: ${explain(error)}`,
      ...Object.entries(error.detail ?? {}).map(([name, value]) => `  ${name}: ${String(value)}`),
    ]
  }
  return [
    `The journal is whole: ${records} records in ${segments} segments.`,
    ...(tear
      ? [
          `A torn end of ${tear.bytes} bytes in ${tear.file} at ${tear.offset} was never acknowledged; opening the till cuts it off.`,
        ]
      : []),
    ...(unknown > 0 ? [`${unknown} records are of a later release; they are kept.`] : []),
  ]
}

/** @throws CashdeskError `journal.absent`, `journal.in-use`, `journal.damaged` … */
export async function confirmJournal(io: Io, dir: string, { json }: JournalOptions): Promise<ExitCode> {
  const disk = journalAt(dir)
  const { journal, report } = await openJournal({ disk, folder: JOURNAL_FOLDER, onStep: () => undefined })
  try {
    await journal.confirm()
  } finally {
    await journal.close()
  }
  const { records, restored } = report
  if (json) sayJson(io, { dir, confirmed: restored, records })
  else {
    sayLine(
      io,
      restored
        ? `This copy of the journal (${records} records) is now this machine's own. The till sells on it from the next start.`
        : 'This journal is no copy; there was nothing to confirm.',
    )
  }
  return EXIT.ok
}

/** @throws CashdeskError `journal.absent`: one that is looked for must not be made */
function journalAt(dir: string): Disk {
  if (!existsSync(join(dir, JOURNAL_FOLDER))) throw new CashdeskError('journal.absent', { dir })
  return nodeDisk(dir)
}
