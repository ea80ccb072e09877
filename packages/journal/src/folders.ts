// Makes folders that are still there after a loss of power.
import type { Disk } from '@cashdesk/kernel'

/** The folder and those it is in, each synced into the one above, so that none is lost with the power. */
export async function makeFolders(disk: Disk, folder: string): Promise<void> {
  const parts = folder.split('/').filter(part => part !== '' && part !== '.')
  if (parts.length === 0) return
  await disk.makeFolder(folder)
  for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
    await disk.syncFolder(parts.slice(0, depth).join('/'))
  }
}
