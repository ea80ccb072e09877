// A disk whose files are wrapped: to count what reaches it, or to leave syncs out where nothing is measured.

/** `disk`, with every file that is opened or created passed through `wrap`. */
export function withFiles(disk, wrap) {
  return {
    name: disk.name,
    list: folder => disk.list(folder),
    open: async (path, mode) => wrap(await disk.open(path, mode)),
    create: async path => wrap(await disk.create(path)),
    makeFolder: path => disk.makeFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncFolder: folder => disk.syncFolder(folder),
    lock: folder => disk.lock(folder),
    identity: folder => disk.identity(folder),
  }
}

/** `file` with another `sync`. */
export const withSync = (file, sync) => ({
  read: (offset, length) => file.read(offset, length),
  write: (offset, bytes) => file.write(offset, bytes),
  sync,
  size: () => file.size(),
  close: () => file.close(),
})
