// A disk whose syncs a test holds back, fails or lets go: what must wait for durability can be seen waiting.
import { CashdeskError, type Disk, type DiskFile, type ErrorCode } from '@cashdesk/kernel'
import { type Gate, gate } from './devices.ts'

export class HeldDisk implements Disk {
  readonly name: string
  readonly #disk: Disk
  #held: Gate | undefined
  #failure: ErrorCode | undefined
  #failWrites: CashdeskError | undefined
  #syncsLeft = Number.POSITIVE_INFINITY
  /** Syncs that wait now. */
  waiting = 0

  constructor(disk: Disk) {
    this.#disk = disk
    this.name = disk.name
  }

  /** From now on nothing becomes durable until `release`. */
  hold(): void {
    this.#held = gate()
  }

  release(): void {
    this.#held?.open()
    this.#held = undefined
  }

  /** Every further sync fails. */
  fail(code: ErrorCode = 'disk.failed'): void {
    this.#failure = code
    this.release()
  }

  /** The machine dies at the sync after so many: it and every later one fails. */
  failAfter(syncs: number): void {
    this.#syncsLeft = syncs
  }

  /** Every further write fails, as on a full disk. */
  failWrites(code: ErrorCode, reason = 'ENOSPC'): void {
    this.#failWrites = new CashdeskError(code, { reason })
  }

  async open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return this.#guarded(await this.#disk.open(path, mode))
  }

  async create(path: string): Promise<DiskFile> {
    if (this.#failWrites) throw this.#failWrites
    return this.#guarded(await this.#disk.create(path))
  }

  #guarded(file: DiskFile): DiskFile {
    return {
      read: (offset, length) => file.read(offset, length),
      write: async (offset, bytes) => {
        if (this.#failWrites) throw this.#failWrites
        await file.write(offset, bytes)
      },
      sync: async () => {
        this.waiting += 1
        await this.#held?.opened
        this.waiting -= 1
        this.#syncsLeft -= 1
        if (this.#syncsLeft < 0) this.#failure ??= 'disk.failed'
        if (this.#failure) throw new CashdeskError(this.#failure, { reason: 'EIO' })
        await file.sync()
      },
      size: () => file.size(),
      close: () => file.close(),
    }
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#disk.list(folder)
  }
  makeFolder(path: string): Promise<void> {
    return this.#disk.makeFolder(path)
  }
  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to)
  }
  remove(path: string): Promise<void> {
    return this.#disk.remove(path)
  }
  syncFolder(folder: string): Promise<void> {
    return this.#disk.syncFolder(folder)
  }
  lock(folder: string): ReturnType<Disk['lock']> {
    return this.#disk.lock(folder)
  }
  identity(folder: string): Promise<string> {
    return this.#disk.identity(folder)
  }
}
