// What the snapshots of a journal are worth, for whoever looks at it: a bad one costs a slower start and nothing else,
// but it says something about the disk.
import type { Disk } from '@cashdesk/kernel'
import { isKnown } from './reader.ts'
import { pathOf } from './segments.ts'
import { type DiscardedSnapshot, isOf, readSnapshot, snapshotsIn } from './snapshot.ts'

export interface FoundSnapshot {
  readonly file: string
  /** `sound`: whole, and of this journal. Whether a release understands it is up to that release. */
  readonly state: 'sound' | DiscardedSnapshot['reason']
  /** The last record that a sound one covers. */
  readonly sequence?: number
}

/** The newest first. Changes nothing. @throws CashdeskError `disk.failed` */
export async function checkSnapshots(disk: Disk, folder: string): Promise<readonly FoundSnapshot[]> {
  const found: FoundSnapshot[] = []
  for (const name of await snapshotsIn(disk, folder)) {
    const file = pathOf(folder, name)
    const read = await readSnapshot(disk, file, undefined, isKnown)
    if (typeof read === 'string') {
      // Beside a running till an older one may be removed while it is read.
      if ((await snapshotsIn(disk, folder)).includes(name)) found.push({ file, state: read })
    } else if (await isOf(disk, folder, read.mark))
      found.push({ file, state: 'sound', sequence: read.mark.sequence })
    else found.push({ file, state: 'not of this journal' })
  }
  return found
}
