// A disk that confirms syncs which it never makes, once a file was synced for the first time: with it a test proves that
// it would notice a missing sync.
import type { Disk } from '@cashdesk/kernel'
import { withSync } from './wrapped-disk.ts'

export function lyingDisk(disk: Disk): Disk {
  return withSync(disk, async () => undefined)
}
