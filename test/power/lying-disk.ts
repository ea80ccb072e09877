// A disk that confirms syncs which it never makes, once a file was synced for the first time: with it a test proves that
// it would notice a missing sync.
import type { Disk, DiskFile } from '@cashdesk/kernel'

export function lyingDisk(disk: Disk): Disk {
  return {
    name: disk.name,
    list: folder => disk.list(folder),
    open: async (path, mode) => lyingFile(await disk.open(path, mode)),
    create: path => disk.create(path),
    makeFolder: path => disk.makeFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncFolder: folder => disk.syncFolder(folder),
    lock: folder => disk.lock(folder),
    identity: folder => disk.identity(folder),
  }
}

function lyingFile(file: DiskFile): DiskFile {
  return {
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    sync: async () => undefined,
    size: () => file.size(),
    close: () => file.close(),
  }
}
