// A disk whose opened files are others than it gave: the same calls, but for those that a test changes.
import type { Disk, DiskFile } from '@cashdesk/kernel'

/** @param sync what becomes of a file's sync; every other call goes through */
export function withSync(disk: Disk, sync: (file: DiskFile) => Promise<void>): Disk {
  return {
    name: disk.name,
    list: folder => disk.list(folder),
    open: async (path, mode) => fileWith(await disk.open(path, mode), sync),
    create: path => disk.create(path),
    makeFolder: path => disk.makeFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncFolder: folder => disk.syncFolder(folder),
    lock: folder => disk.lock(folder),
    identity: folder => disk.identity(folder),
  }
}

function fileWith(file: DiskFile, sync: (file: DiskFile) => Promise<void>): DiskFile {
  return {
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    sync: () => sync(file),
    size: () => file.size(),
    close: () => file.close(),
  }
}
