// A disk on which the process that uses it dies at a chosen call: before a write, between a write and its sync, after a
// sync, and around everything else that changes the disk. The till knows nothing of it; it is handed in as its port.
import type { Disk, DiskFile } from '@cashdesk/kernel'

/** Counts boundaries, and calls `die` at the chosen one. */
export class Boundaries {
  readonly #die: (boundary: number, kind: string) => void
  #met = 0
  #killAt: number | undefined

  /** @param die does not return: the process is gone */
  constructor(die: (boundary: number, kind: string) => void) {
    this.#die = die
  }

  get met(): number {
    return this.#met
  }

  /** From now on: dies at the `killAt`-th boundary, counted from one; without it, lives. */
  arm(killAt: number | undefined): void {
    this.#met = 0
    this.#killAt = killAt
  }

  /** Goes on counting, with another end. */
  rearm(killAt: number | undefined): void {
    if (killAt !== undefined) this.#killAt = killAt
  }

  pass(kind: string): void {
    this.#met += 1
    if (this.#met === this.#killAt) this.#die(this.#met, kind)
  }
}

/** `disk`, with a boundary before and after each call that changes it. A write is followed by its sync's. */
export function boundedDisk(disk: Disk, boundaries: Boundaries): Disk {
  const around = async <Value>(call: string, action: () => Promise<Value>): Promise<Value> => {
    boundaries.pass(`before ${call}`)
    const value = await action()
    boundaries.pass(`after ${call}`)
    return value
  }
  return {
    name: disk.name,
    list: folder => disk.list(folder),
    open: async (path, mode) => boundedFile(await disk.open(path, mode), boundaries),
    create: path => around('create', async () => boundedFile(await disk.create(path), boundaries)),
    makeFolder: path => around('makeFolder', () => disk.makeFolder(path)),
    rename: (from, to) => around('rename', () => disk.rename(from, to)),
    remove: path => around('remove', () => disk.remove(path)),
    syncFolder: folder => around('syncFolder', () => disk.syncFolder(folder)),
    lock: folder => disk.lock(folder),
    identity: folder => disk.identity(folder),
  }
}

function boundedFile(file: DiskFile, boundaries: Boundaries): DiskFile {
  return {
    read: (offset, length) => file.read(offset, length),
    write: async (offset, bytes) => {
      boundaries.pass('before write')
      await file.write(offset, bytes)
    },
    sync: async () => {
      boundaries.pass('before sync')
      await file.sync()
      boundaries.pass('after sync')
    },
    size: () => file.size(),
    close: () => file.close(),
  }
}
