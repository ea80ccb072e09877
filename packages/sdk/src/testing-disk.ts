// A disk in memory that loses what was not synced when its machine dies. Small: it crashes whole writes, not sectors.
import { CashdeskError, type Disk, type DiskFile, type DiskLock } from '@cashdesk/kernel'

/** When the machine dies: at the sync of that number, before or after it took effect. */
export interface Death {
  readonly atSync: number
  readonly when: 'before' | 'after'
}

/** A journal's segment is mostly zeros that nobody reads: only pages with something in them are kept. */
const PAGE_BYTES = 4096
const ZEROS = new Uint8Array(PAGE_BYTES)

interface Kept {
  readonly pages: Map<number, Uint8Array>
  size: number
  /** What to put back, latest last, if the machine dies before the next sync. */
  undo: { readonly page: number; readonly old: Uint8Array | undefined }[]
}

export class MemoryDisk implements Disk {
  readonly name = 'memory'
  readonly #files: Map<string, Kept> = new Map()
  readonly #folders: Set<string> = new Set()
  /** Grows with every restart: what an earlier run still does hangs for ever. */
  #life = 0
  #locked = false
  /** Syncs since the machine was started for the first time. */
  syncs = 0
  death: Death | undefined
  dead = false

  /** Starts the machine again, with what was durable. */
  restart(): void {
    for (const file of this.#files.values()) rollBack(file)
    this.#life += 1
    this.#locked = false
    this.dead = false
    this.death = undefined
  }

  /** Everything on it as text. */
  text(): string {
    const decoder = new TextDecoder()
    return [...this.#files.values()]
      .flatMap(({ pages }) =>
        [...pages].sort(([a], [b]) => a - b).map(([, bytes]) => decoder.decode(bytes, { stream: true })),
      )
      .join('')
  }

  async list(folder: string): Promise<readonly string[]> {
    const below = folder === '' ? '' : `${folder}/`
    const names = [...this.#files.keys(), ...this.#folders]
      .filter(path => path.startsWith(below) && path !== folder)
      .map(path => path.slice(below.length).split('/')[0] ?? '')
    return [...new Set(names)].sort()
  }

  async open(path: string, _mode: 'read' | 'write'): Promise<DiskFile> {
    const file = this.#files.get(path)
    if (!file) throw new CashdeskError('disk.failed', { call: 'open', file: path, reason: 'ENOENT' })
    return this.#handle(file)
  }

  async create(path: string): Promise<DiskFile> {
    if (this.#files.has(path))
      throw new CashdeskError('disk.failed', { call: 'create', file: path, reason: 'EEXIST' })
    const file: Kept = { pages: new Map(), size: 0, undo: [] }
    this.#files.set(path, file)
    return this.#handle(file)
  }

  async makeFolder(path: string): Promise<void> {
    this.#folders.add(path)
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from)
    if (!file) throw new CashdeskError('disk.failed', { call: 'rename', file: from, reason: 'ENOENT' })
    this.#files.set(to, file)
    this.#files.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path)
  }

  async syncFolder(): Promise<void> {}

  async lock(folder: string): Promise<DiskLock> {
    if (this.#locked) throw new CashdeskError('journal.in-use', { folder })
    this.#locked = true
    return {
      release: async () => {
        this.#locked = false
      },
    }
  }

  async identity(folder: string): Promise<string> {
    return `memory:${folder}`
  }

  #handle(file: Kept): DiskFile {
    const life = this.#life
    const alive = (): Promise<void> =>
      this.dead || life !== this.#life ? new Promise(() => undefined) : Promise.resolve()
    return {
      read: async (offset, length) => {
        await alive()
        return read(file, offset, length)
      },
      write: async (offset, bytes) => {
        await alive()
        write(file, offset, bytes)
      },
      sync: async () => {
        await alive()
        this.syncs += 1
        const dies = this.death?.atSync === this.syncs ? this.death.when : undefined
        if (dies !== 'before') file.undo = []
        if (dies === undefined) return
        this.dead = true
        await alive()
      },
      size: async () => file.size,
      close: async () => undefined,
    }
  }
}

function read({ pages, size }: Kept, offset: number, length: number): Uint8Array {
  const end = Math.min(size, offset + length)
  const bytes = new Uint8Array(Math.max(0, end - offset))
  for (let page = Math.floor(offset / PAGE_BYTES); page * PAGE_BYTES < end; page += 1) {
    const kept = pages.get(page)
    if (!kept) continue
    const from = Math.max(offset, page * PAGE_BYTES)
    const part = kept.subarray(from - page * PAGE_BYTES, Math.min(PAGE_BYTES, end - page * PAGE_BYTES))
    bytes.set(part, from - offset)
  }
  return bytes
}

function write(file: Kept, offset: number, bytes: Uint8Array): void {
  const { pages, undo, size } = file
  for (let done = 0; done < bytes.length; ) {
    const page = Math.floor((offset + done) / PAGE_BYTES)
    const at = offset + done - page * PAGE_BYTES
    const part = bytes.subarray(done, done + PAGE_BYTES - at)
    const old = pages.get(page)
    done += part.length
    if (!old && Buffer.compare(part, ZEROS.subarray(0, part.length)) === 0) continue
    const fresh = old ? old.slice() : new Uint8Array(PAGE_BYTES)
    fresh.set(part, at)
    pages.set(page, fresh)
    undo.push({ page, old })
  }
  file.size = Math.max(size, offset + bytes.length)
}

/** The file's length stays: a length that was not synced is no loss to what is read. */
function rollBack(file: Kept): void {
  for (const { page, old } of file.undo.reverse()) {
    if (old) file.pages.set(page, old)
    else file.pages.delete(page)
  }
  file.undo = []
}
