// `cashdesk journal confirm DIR`: makes a journal that was copied, or restored from a backup, this machine's own.
import { openJournal } from '@cashdesk/journal'
import { heldBy } from './held.ts'
import { journalAt } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'

export interface ConfirmOptions {
  readonly json?: boolean
}

/** @throws CashdeskError `journal.absent`, `journal.in-use`, `journal.damaged` … */
export async function confirmJournal(io: Io, dir: string, { json }: ConfirmOptions): Promise<ExitCode> {
  const { disk, folder } = journalAt(dir)
  const { records, restored } = await heldBy(dir, async () => {
    const { journal, report } = await openJournal({ disk, folder, onStep: () => undefined })
    try {
      await journal.confirm()
    } finally {
      await journal.close()
    }
    return report
  })
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
