// Moves segments that a carry-over has made superfluous to an archive. A segment is removed only when its copy is
// synced, name and all, and reads back the same; so every step may be interrupted and begun anew.
import { CashdeskError, type Disk } from '@cashdesk/kernel'
import { makeFolders } from './folders.ts'
import { listSegments, pathOf, segmentPath } from './segments.ts'
import { removeSnapshots } from './snapshot.ts'

export interface SegmentMove {
  readonly disk: Disk
  readonly folder: string
  /** May be on another disk. Archives of several years may share it; then they are one journal from the beginning. */
  readonly to: { readonly disk: Disk; readonly folder: string }
  /** The first segment that stays. */
  readonly first: number
}

/**
 * Only with the journal's lock held. Answers the numbers of the segments that were moved.
 * @throws CashdeskError `journal.not-archivable` where the archive has another segment of that number, `disk.*`
 */
export async function moveSegments({ disk, folder, to, first }: SegmentMove): Promise<readonly number[]> {
  const { segments } = await listSegments(disk, folder)
  const moved = segments.filter(segment => segment < first)
  if (moved.length === 0) return []
  await makeFolders(to.disk, to.folder)
  if (await isSameFolder(disk, folder, to)) {
    throw new CashdeskError('journal.not-archivable', {
      folder,
      reason: 'the archive is the journal itself',
    })
  }
  // What they cover cannot be told from another journal's when the segments are gone.
  await removeSnapshots(disk, folder, 'all')
  for (const segment of moved) {
    const bytes = await readAll(disk, segmentPath(folder, segment))
    await keep(to.disk, to.folder, segment, bytes)
    await disk.remove(segmentPath(folder, segment))
    // In order, so that what is left is never a journal with a hole.
    await disk.syncFolder(folder)
  }
  return moved
}

/** Names say nothing: a link or a mount may lead back. What is put down in one folder is looked for in the other. */
async function isSameFolder(disk: Disk, folder: string, to: SegmentMove['to']): Promise<boolean> {
  const mark = '.same-folder'
  const path = pathOf(to.folder, mark)
  if ((await to.disk.list(to.folder)).includes(mark)) await to.disk.remove(path)
  await (await to.disk.create(path)).close()
  const same = (await disk.list(folder)).includes(mark)
  await to.disk.remove(path)
  return same
}

async function keep(disk: Disk, folder: string, segment: number, bytes: Uint8Array): Promise<void> {
  const path = segmentPath(folder, segment)
  const begun = path.replace(/seg$/, 'new')
  const names = await disk.list(folder)
  if (!names.some(name => path.endsWith(name))) {
    if (names.some(name => begun.endsWith(name))) await disk.remove(begun)
    const file = await disk.create(begun)
    try {
      await file.write(0, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(begun, path)
  }
  // Also what an interrupted run left there: its name may not be synced.
  await disk.syncFolder(folder)
  if (!equal(await readAll(disk, path), bytes))
    throw new CashdeskError('journal.not-archivable', {
      file: path,
      reason: 'the archive has another segment of this number',
    })
}

async function readAll(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read')
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
