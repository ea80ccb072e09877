// The till's directory as it is found: can it be written, and what is in its journal. Leaves everything as it was.

import { mkdtemp, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { nodeDisk, readJournal } from '@cashdesk/journal'
import { CashdeskError, type ErrorReport, report, reportOf } from '@cashdesk/kernel'
import { JOURNAL_FOLDER } from '@cashdesk/sdk'
import { reasonOf } from './file-error.ts'

export interface PlaceReport {
  readonly dir: string
  readonly exists: boolean
  readonly writable: boolean
  /** Absent while there is none, or if it cannot be read. */
  readonly journal?: {
    readonly records: number
    readonly segments: number
    /** It ends with a batch that was never finished, nor acknowledged. */
    readonly tear: boolean
  }
  readonly trouble?: ErrorReport
}

export async function lookAtPlace(dir: string): Promise<PlaceReport> {
  const path = resolve(dir)
  const there = await kindOf(path)
  const exists = there === 'folder'
  const trouble = there === 'other' ? 'ENOTDIR' : await probe(exists ? path : await nearestFolder(path))
  const journal = exists ? await journalIn(path) : {}
  if (trouble === undefined) return { dir: path, exists, writable: true, ...journal }
  const error = report('journal.not-writable', { dir: path, reason: trouble })
  return { dir: path, exists, writable: false, ...journal, trouble: error }
}

async function kindOf(path: string): Promise<'folder' | 'other' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other'
  } catch {
    return 'nothing'
  }
}

/** Where a folder that is not there would have to be made. */
async function nearestFolder(path: string): Promise<string> {
  let above = path
  while ((await kindOf(above)) === 'nothing' && dirname(above) !== above) above = dirname(above)
  return above
}

/** Why nothing can be made in `folder`. Rights are no answer: only trying is, on every system. */
async function probe(folder: string): Promise<string | undefined> {
  try {
    await rmdir(await mkdtemp(join(folder, '.cashdesk-check-')))
    return undefined
  } catch (thrown) {
    return reasonOf(thrown)
  }
}

async function journalIn(dir: string): Promise<Pick<PlaceReport, 'journal' | 'trouble'>> {
  try {
    const { records, segments, tear } = await readJournal({
      disk: nodeDisk(dir),
      folder: JOURNAL_FOLDER,
      onStep: () => undefined,
    })
    return segments === 0 ? {} : { journal: { records, segments, tear: tear !== undefined } }
  } catch (thrown) {
    if (thrown instanceof CashdeskError) return { trouble: thrown.report }
    return { trouble: reportOf(thrown, 'disk.failed') }
  }
}
