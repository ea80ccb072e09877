// The `Disk` port on Node: a folder of a local file system. Every error it throws is coded.
import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CashdeskError, type Disk, type DiskFile, type DiskLock } from '@cashdesk/kernel'
import { type FolderPlace, lockFolder, refuseNetworkVolume } from './node-lock.ts'
import { machineName } from './node-machine.ts'

export interface NodeDiskOptions {
  /**
   * What names this machine, where the system has no lasting name of its own (containers): a serial number, the
   * lane's id. Default: the operating system's machine id.
   */
  readonly machine?: string
}

/**
 * Up to this size a write is made on the main thread: it only copies into the memory of the operating system, and
 * the way through the thread pool would cost more than the copy. The sync, which waits for the disk, never is.
 */
const SYNCHRONOUS_WRITE_BYTES = 65_536

/**
 * A disk that syncs faster than this is synced on the main thread, which is quicker than asking the thread pool to
 * (about 20 µs). One slower sync, and the next `PATIENT_SYNCS` go through the pool, so that a slow disk never
 * stops the till's event loop.
 */
const QUICK_SYNC_MS = 0.5
const PATIENT_SYNCS = 32

const WINDOWS: boolean = process.platform === 'win32'

/** @param root a folder on a local disk; made when the first folder in it is */
export function nodeDisk(root: string, options: NodeDiskOptions = {}): Disk {
  return new NodeDisk(resolve(root), options)
}

class NodeDisk implements Disk {
  readonly name: string
  readonly #root: string
  readonly #options: NodeDiskOptions

  constructor(root: string, options: NodeDiskOptions) {
    this.name = root
    this.#root = root
    this.#options = options
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return (await fs.promises.readdir(this.#path(folder))).sort()
    } catch (error) {
      if (reasonOf(error) === 'ENOENT') return []
      throw coded(error, 'list', folder)
    }
  }

  open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return this.#open(path, mode === 'read' ? 'r' : 'r+')
  }

  create(path: string): Promise<DiskFile> {
    return this.#open(path, 'wx+')
  }

  makeFolder(path: string): Promise<void> {
    return run('makeFolder', path, async () => {
      const folder = this.#path(path)
      const first = await fs.promises.mkdir(folder, { recursive: true })
      if (first === undefined) return
      for (let made = folder; made.length >= first.length; made = dirname(made)) {
        await syncDirectory(dirname(made))
      }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return run('rename', from, () => fs.promises.rename(this.#path(from), this.#path(to)))
  }

  remove(path: string): Promise<void> {
    return run('remove', path, () => fs.promises.unlink(this.#path(path)))
  }

  syncFolder(folder: string): Promise<void> {
    return run('syncFolder', folder, () => syncDirectory(this.#path(folder)))
  }

  lock(folder: string): Promise<DiskLock> {
    return run('lock', folder, async () => {
      const place = await this.#place(folder)
      await refuseNetworkVolume(place.path)
      return lockFolder(place)
    })
  }

  identity(folder: string): Promise<string> {
    return run('identity', folder, async () => {
      const { inode } = await this.#place(folder)
      return `${await machineName(this.#options.machine)}:${inode}`
    })
  }

  async #place(folder: string): Promise<FolderPlace> {
    const path = this.#path(folder)
    const { dev, ino } = await fs.promises.stat(path, { bigint: true })
    return { path, device: String(dev), inode: String(ino) }
  }

  #open(path: string, flags: string): Promise<DiskFile> {
    return run('open', path, async () => new NodeFile(path, await openFile(this.#path(path), flags)))
  }

  #path(path: string): string {
    const parts = path.split('/').filter(part => part !== '' && part !== '.')
    if (parts.some(part => part === '..' || part.includes('\\') || part.includes(':'))) {
      throw new CashdeskError('disk.failed', { call: 'path', file: path, reason: 'outside the root' })
    }
    return join(this.#root, ...parts)
  }
}

class NodeFile implements DiskFile {
  readonly #path: string
  readonly #handle: number
  /** Syncs that still go through the thread pool. A file's first ones do: nobody knows its disk yet. */
  #patience = PATIENT_SYNCS

  constructor(path: string, handle: number) {
    this.#path = path
    this.#handle = handle
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    let got = 0
    while (got < length) {
      const count = await this.#readSome(bytes, got, offset + got)
      if (count === 0) break
      got += count
    }
    return got === length ? bytes : bytes.subarray(0, got)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    let put = 0
    while (put < bytes.length) {
      const count =
        bytes.length <= SYNCHRONOUS_WRITE_BYTES
          ? this.#writeNow(bytes, put, offset + put)
          : await this.#writeSome(bytes, put, offset + put)
      if (count === 0) throw this.#failed('write', { code: 'EIO' })
      put += count
    }
  }

  async sync(): Promise<void> {
    const startMs = performance.now()
    if (this.#patience > 0) {
      this.#patience -= 1
      await this.#syncInPool()
    } else {
      this.#syncNow()
    }
    if (performance.now() - startMs > QUICK_SYNC_MS) this.#patience = PATIENT_SYNCS
  }

  #syncNow(): void {
    try {
      fs.fdatasyncSync(this.#handle)
    } catch (error) {
      throw this.#failed('sync', error)
    }
  }

  #syncInPool(): Promise<void> {
    return new Promise((done, fail) => {
      fs.fdatasync(this.#handle, error => (error === null ? done() : fail(this.#failed('sync', error))))
    })
  }

  size(): Promise<number> {
    return new Promise((done, fail) => {
      fs.fstat(this.#handle, (error, { size }) =>
        error === null ? done(size) : fail(this.#failed('size', error)),
      )
    })
  }

  close(): Promise<void> {
    return new Promise((done, fail) => {
      fs.close(this.#handle, error => (error == null ? done() : fail(this.#failed('close', error))))
    })
  }

  #readSome(into: Uint8Array, start: number, position: number): Promise<number> {
    return new Promise((done, fail) => {
      fs.read(this.#handle, into, start, into.length - start, position, (error, count) =>
        error === null ? done(count) : fail(this.#failed('read', error)),
      )
    })
  }

  #writeNow(bytes: Uint8Array, start: number, position: number): number {
    try {
      return fs.writeSync(this.#handle, bytes, start, bytes.length - start, position)
    } catch (error) {
      throw this.#failed('write', error)
    }
  }

  #writeSome(bytes: Uint8Array, start: number, position: number): Promise<number> {
    return new Promise((done, fail) => {
      fs.write(this.#handle, bytes, start, bytes.length - start, position, (error, count) =>
        error === null ? done(count) : fail(this.#failed('write', error)),
      )
    })
  }

  #failed(call: string, error: unknown): CashdeskError {
    return coded(error, call, this.#path)
  }
}

/** Windows has no sync of a directory (EPERM); its file system journals names by itself. */
async function syncDirectory(path: string): Promise<void> {
  if (WINDOWS) return
  const handle = await openFile(path, 'r')
  try {
    await new Promise<void>((done, fail) => {
      fs.fsync(handle, error => (error === null ? done() : fail(error)))
    })
  } finally {
    fs.closeSync(handle)
  }
}

function openFile(path: string, flags: string): Promise<number> {
  return new Promise((done, fail) => {
    fs.open(path, flags, (error, handle) => (error === null ? done(handle) : fail(error)))
  })
}

async function run<T>(call: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw coded(error, call, path)
  }
}

function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code)
  return error instanceof Error ? error.message : String(error)
}

function coded(error: unknown, call: string, file: string): CashdeskError {
  if (error instanceof CashdeskError) return error
  const reason = reasonOf(error)
  const full = reason === 'ENOSPC' || reason === 'EDQUOT'
  return new CashdeskError(full ? 'disk.full' : 'disk.failed', { call, file, reason }, { cause: error })
}
