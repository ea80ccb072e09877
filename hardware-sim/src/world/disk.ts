// A simulated disk that forgets: whatever was not synced may be gone after a loss of power, sector by sector and
// name by name. It can run full, fail and rot, and it counts its syncs, because a missing one is what tests must see.
import { CashdeskError, type Disk, type DiskFile, type DiskLock } from '@cashdesk/kernel'
import { Prng } from './random.ts'
import { type Chooser, Sectors } from './sectors.ts'

export { type Chooser, SECTOR_BYTES } from './sectors.ts'

/** Calls that change something, each of which a loss of power may hit. */
export type DiskCall = 'write' | 'sync' | 'create' | 'rename' | 'remove' | 'makeFolder' | 'syncFolder'

export interface SimDiskOptions {
  readonly name?: string
  /** Bytes that all files together may have. */
  readonly capacityBytes?: number
  /** What `identity` answers. */
  readonly identity?: string
}

/** An error to come: the next such call, or the one after `skip` of them, fails with the reason of an operating system. */
export interface DiskError {
  readonly call: DiskCall | 'read' | 'open'
  readonly reason: 'EIO' | 'ENOSPC' | 'EACCES' | 'EROFS'
  /** Only for paths that end in this. */
  readonly path?: string
  readonly skip?: number
  /** Fails from now on, not once. */
  readonly lasting?: boolean
}

interface Folder {
  /** Name to file or, for a folder in it, 0. */
  current: Map<string, number>
  stable: Map<string, number>
}

interface PlannedError extends DiskError {
  left: number
}

/** Loses all that it may lose. */
export const loseEverything: Chooser = () => 0
/** Loses nothing: what a kill of the process alone does to a disk, after it came to rest. */
export const keepEverything: Chooser = count => count - 1

export class SimDisk implements Disk {
  readonly name: string
  readonly #capacityBytes: number
  readonly #identity: string
  #files = new Map<number, Sectors>()
  #folders = new Map<string, Folder>([['', { current: new Map(), stable: new Map() }]])
  #nextFile = 1
  #locks = new Set<string>()
  /** Handles and locks of an earlier life are dead. */
  #life = 0
  #errors: PlannedError[] = []
  #powerOffAt = Number.POSITIVE_INFINITY
  #calls = new Map<DiskCall, number>()
  #changes = 0

  constructor(options: SimDiskOptions = {}) {
    this.name = options.name ?? 'simulated disk'
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.#identity = options.identity ?? 'machine-1:1'
  }

  /** How many calls changed something so far: the points at which the power may fail. */
  get changes(): number {
    return this.#changes
  }

  /** How often a call was made. */
  count(call: DiskCall): number {
    return this.#calls.get(call) ?? 0
  }

  /** The power fails in the `change`-th changing call from the start (1 is the first): it and all later ones fail. */
  powerOffAt(change: number): void {
    this.#powerOffAt = change
  }

  get powerIsOff(): boolean {
    return this.#changes >= this.#powerOffAt
  }

  fail(error: DiskError): void {
    this.#errors.push({ ...error, left: error.skip ?? 0 })
  }

  /** All planned errors are off. */
  repair(): void {
    this.#errors = []
  }

  /**
   * Loss of power, then power again: of what was not synced, `choose` says what is there. A number is a seed.
   * Open files and locks are gone.
   */
  crash(choose: Chooser | number): void {
    const pick = typeof choose === 'number' ? seeded(choose) : choose
    for (const [, file] of [...this.#files].sort(([a], [b]) => a - b)) file.losePower(pick)
    for (const [path, folder] of [...this.#folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.#isLost(path)) this.#folders.delete(path)
      else loseEntries(folder, pick)
    }
    this.kill()
  }

  /** The process dies, the machine does not: unsynced data stay as they are, unsynced. */
  kill(): void {
    this.#life += 1
    this.#locks.clear()
    this.#powerOffAt = Number.POSITIVE_INFINITY
  }

  /** A copy of this disk as it is now, unsynced data included; its power is on and nothing is planned to fail. */
  fork(options: SimDiskOptions = {}): SimDisk {
    const copy = new SimDisk({
      name: options.name ?? this.name,
      capacityBytes: options.capacityBytes ?? this.#capacityBytes,
      identity: options.identity ?? this.#identity,
    })
    copy.#files = new Map([...this.#files].map(([id, file]) => [id, file.fork()]))
    copy.#folders = new Map(
      [...this.#folders].map(([path, folder]) => [
        path,
        { current: new Map(folder.current), stable: new Map(folder.stable) },
      ]),
    )
    copy.#nextFile = this.#nextFile
    return copy
  }

  /** The bytes of a file, as they read now. */
  bytes(path: string): Uint8Array {
    const file = this.#file(path)
    return file.read(0, file.size)
  }

  /** Changes bytes on the medium itself: no call, no error, no sync. */
  rot(path: string, offset: number, bytes: Uint8Array): void {
    this.#file(path).rot(offset, bytes)
  }

  /** Flips one bit on the medium; `bit` counts from the start of the file. */
  flipBit(path: string, bit: number): void {
    const offset = Math.floor(bit / 8)
    const [byte = 0] = this.#file(path).read(offset, 1)
    this.rot(path, offset, Uint8Array.of(byte ^ (1 << (bit % 8))))
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...(this.#folders.get(clean(folder))?.current.keys() ?? [])].sort()
  }

  async open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    this.#mayFail('open', path)
    return this.#handle(path, this.#file(path), mode === 'write')
  }

  async create(path: string): Promise<DiskFile> {
    this.#change('create', path)
    const [folder, name] = this.#place(path)
    if (folder.current.has(name)) throw failed('create', path, 'EEXIST')
    const file = new Sectors()
    this.#files.set(this.#nextFile, file)
    folder.current.set(name, this.#nextFile)
    this.#nextFile += 1
    return this.#handle(path, file, true)
  }

  async makeFolder(path: string): Promise<void> {
    const parts = clean(path).split('/').filter(Boolean)
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      if (this.#folders.has(folder)) continue
      this.#change('makeFolder', folder)
      const [parent, name] = this.#place(folder)
      if (parent.current.has(name)) throw failed('makeFolder', folder, 'ENOTDIR')
      parent.current.set(name, 0)
      this.#folders.set(folder, { current: new Map(), stable: new Map() })
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#change('rename', from)
    const [source, oldName] = this.#place(from)
    const [target, newName] = this.#place(to)
    const id = source.current.get(oldName)
    if (id === undefined) throw failed('rename', from, 'ENOENT')
    source.current.delete(oldName)
    target.current.set(newName, id)
  }

  async remove(path: string): Promise<void> {
    this.#change('remove', path)
    const [folder, name] = this.#place(path)
    if (!folder.current.delete(name)) throw failed('remove', path, 'ENOENT')
  }

  async syncFolder(path: string): Promise<void> {
    this.#change('syncFolder', path)
    const folder = this.#folders.get(clean(path))
    if (folder === undefined) throw failed('syncFolder', path, 'ENOENT')
    folder.stable = new Map(folder.current)
  }

  async lock(folder: string): Promise<DiskLock> {
    const path = clean(folder)
    if (this.#locks.has(path)) throw new CashdeskError('journal.in-use', { folder })
    this.#locks.add(path)
    const life = this.#life
    return {
      release: async () => {
        if (life === this.#life) this.#locks.delete(path)
      },
    }
  }

  async identity(_folder: string): Promise<string> {
    return this.#identity
  }

  #handle(path: string, file: Sectors, writable: boolean): DiskFile {
    const life = this.#life
    let open = true
    const check = (call: string): void => {
      if (!open || life !== this.#life) throw failed(call, path, 'EBADF')
    }
    return {
      read: async (offset, length) => {
        check('read')
        this.#mayFail('read', path)
        return file.read(offset, length)
      },
      write: async (offset, bytes) => {
        check('write')
        if (!writable) throw failed('write', path, 'EBADF')
        this.#write(path, file, offset, bytes)
      },
      sync: async () => {
        check('sync')
        try {
          this.#change('sync', path)
        } catch (error) {
          if (!this.powerIsOff) file.syncInVain(loseEverything)
          throw error
        }
        file.sync()
      },
      size: async () => file.size,
      close: async () => {
        open = false
      },
    }
  }

  #write(path: string, file: Sectors, offset: number, bytes: Uint8Array): void {
    const powerWasOn = !this.powerIsOff
    try {
      this.#change('write', path)
    } catch (error) {
      // The call in which the power went may have reached the disk in part.
      if (powerWasOn && this.powerIsOff) file.write(offset, bytes)
      throw error
    }
    const growth = offset + bytes.length - file.size
    if (growth > 0 && this.#capacityBytes !== Number.POSITIVE_INFINITY) {
      if (this.#used() + growth > this.#capacityBytes) throw failed('write', path, 'ENOSPC')
    }
    file.write(offset, bytes)
  }

  /** A folder whose own entry did not survive is gone with all that was in it. */
  #isLost(path: string): boolean {
    if (path === '') return false
    const parent = this.#folders.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    return parent?.current.get(path.slice(path.lastIndexOf('/') + 1)) !== 0
  }

  /** Bytes of all files that still have a name. */
  #used(): number {
    const named = new Set([...this.#folders.values()].flatMap(folder => [...folder.current.values()]))
    return [...named].reduce((sum, id) => sum + (this.#files.get(id)?.size ?? 0), 0)
  }

  #change(call: DiskCall, path: string): void {
    this.#calls.set(call, this.count(call) + 1)
    this.#changes += 1
    if (this.powerIsOff) throw failed(call, path, 'EIO')
    this.#mayFail(call, path)
  }

  #mayFail(call: DiskError['call'], path: string): void {
    const planned = this.#errors.find(error => error.call === call && path.endsWith(error.path ?? ''))
    if (planned === undefined) return
    if (planned.left > 0) {
      planned.left -= 1
      return
    }
    if (planned.lasting !== true) this.#errors = this.#errors.filter(error => error !== planned)
    throw failed(call, path, planned.reason)
  }

  #file(path: string): Sectors {
    const [folder, name] = this.#place(path)
    const file = this.#files.get(folder.current.get(name) ?? 0)
    if (file === undefined) throw failed('open', path, 'ENOENT')
    return file
  }

  #place(path: string): [Folder, string] {
    const parts = clean(path).split('/')
    const name = parts.pop() ?? ''
    const folder = this.#folders.get(parts.join('/'))
    if (folder === undefined) throw failed('open', path, 'ENOENT')
    return [folder, name]
  }
}

/** Every name whose entry was not synced is there as before or as after, each for itself. */
function loseEntries(folder: Folder, choose: Chooser): void {
  const after = new Map(folder.stable)
  for (const name of [...new Set([...folder.stable.keys(), ...folder.current.keys()])].sort()) {
    const now = folder.current.get(name)
    if (now === folder.stable.get(name) || choose(2) === 0) continue
    if (now === undefined) after.delete(name)
    else after.set(name, now)
  }
  folder.stable = after
  folder.current = new Map(after)
}

function seeded(seed: number): Chooser {
  const prng = new Prng(seed)
  return count => prng.below(count)
}

function clean(path: string): string {
  return path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

function failed(call: string, path: string, reason: string): CashdeskError {
  return new CashdeskError(reason === 'ENOSPC' ? 'disk.full' : 'disk.failed', { call, file: path, reason })
}
