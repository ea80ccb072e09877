// The disk as one life sees it: every call that changes something is a place where that life may end, before it, within
// it or after it. Behind it stands the simulated disk, which keeps what was synced.
import { type Chooser, keepEverything, loseEverything, type SimDisk } from '@cashdesk/hardware-sim'
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import { type Death, type Life, never } from './life.ts'
import { isSegment } from './records.ts'
import type { Schedule } from './schedule.ts'

/** What the disk tells of its life, for statistics and for the story. */
export interface DiskEvents {
  /** A batch of records is about to be written. */
  readonly writing: (path: string, bytes: Uint8Array) => void
  /** Everything written so far is durable. */
  readonly synced: (path: string) => void
  /** What is on its way to the disk decides about money: a death is worth more here. */
  readonly isCritical: () => boolean
  readonly tell: (text: string) => void
}

type ChangingCall = 'write' | 'sync' | 'create' | 'rename' | 'remove' | 'makeFolder' | 'syncFolder'
type Moment = 'before' | 'within' | 'after'

/** A device that keeps its promise about a sync takes this long at most, ms. */
const SYNC_MS = 6

/** Behind the name of a place where the journal's own records are written. */
const OF_THE_JOURNAL = ' of the journal'

/** How much more probable a death is while an approval or the pivot becomes durable. */
const CRITICAL = 5

export class LifeDisk implements Disk {
  readonly name = 'the till’s disk'
  readonly #base: SimDisk
  readonly #life: Life
  readonly #schedule: Schedule
  readonly #events: DiskEvents
  readonly #dies: (death: Death, place: string) => void

  constructor(
    base: SimDisk,
    life: Life,
    schedule: Schedule,
    events: DiskEvents,
    dies: (death: Death, place: string) => void,
  ) {
    this.#base = base
    this.#life = life
    this.#schedule = schedule
    this.#events = events
    this.#dies = dies
  }

  async list(folder: string): Promise<readonly string[]> {
    return this.#life.alive ? this.#base.list(folder) : never()
  }

  async open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    if (!this.#life.alive) return never()
    return this.#gated(path, await this.#base.open(path, mode))
  }

  async create(path: string): Promise<DiskFile> {
    return this.#gated(path, await this.#change('create', path, () => this.#base.create(path)))
  }

  makeFolder(path: string): Promise<void> {
    return this.#change('makeFolder', path, () => this.#base.makeFolder(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change('rename', to, () => this.#base.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#change('remove', path, () => this.#base.remove(path))
  }

  syncFolder(folder: string): Promise<void> {
    return this.#change('syncFolder', folder, () => this.#base.syncFolder(folder))
  }

  async lock(folder: string): Promise<{ release(): Promise<void> }> {
    if (!this.#life.alive) return never()
    const lock = await this.#base.lock(folder)
    return { release: async () => (this.#life.alive ? lock.release() : never()) }
  }

  async identity(folder: string): Promise<string> {
    return this.#life.alive ? this.#base.identity(folder) : never()
  }

  #gated(path: string, file: DiskFile): DiskFile {
    return {
      read: (offset, length) => (this.#life.alive ? file.read(offset, length) : never()),
      size: () => (this.#life.alive ? file.size() : never()),
      close: () => (this.#life.alive ? file.close() : never()),
      write: async (offset, bytes) => {
        if (this.#life.alive) this.#events.writing(path, bytes)
        await this.#change(
          'write',
          path,
          () => file.write(offset, bytes),
          // A part of it reached the disk, or the memory of the operating system.
          () => file.write(offset, bytes.subarray(0, this.#schedule.below('torn at', bytes.length + 1))),
        )
      },
      sync: async () => {
        await this.#change('sync', path, async () => {
          if (this.#schedule.strikes('disk-error', 'sync')) {
            this.#events.tell('⚡ the disk fails to sync')
            this.#base.fail({ call: 'sync', reason: 'EIO' })
            this.#life.diskFailed = true
          }
          await file.sync()
        })
        this.#events.synced(path)
      },
    }
  }

  /** A changing call, and the moments around it at which the life may end. */
  async #change<Value>(
    call: ChangingCall,
    path: string,
    work: () => Promise<Value>,
    part: () => Promise<unknown> = work,
  ): Promise<Value> {
    if (!this.#life.alive) return never()
    if (this.#strikes('before', call)) return this.#ends('before', call, path)
    // While the device works, whatever was told too early is heard.
    if (call === 'sync' && this.#life.isOpen)
      await this.#life.pause(this.#schedule.below('sync takes', SYNC_MS))
    if (this.#strikes('within', call)) {
      // A sync that the power interrupts has promised nothing.
      if (call !== 'sync') await part().catch(() => undefined)
      return this.#ends('within', call, path)
    }
    const value = await work()
    if (!this.#life.alive) return never()
    if (this.#strikes('after', call)) return this.#ends('after', call, path)
    return value
  }

  #strikes(moment: Moment, call: ChangingCall): boolean {
    const factor = this.#events.isCritical() ? CRITICAL : 1
    if (this.#life.isOpen) return this.#schedule.strikes(`crash-${moment}`, call, factor)
    return this.#schedule.strikes('crash-in-recovery', `${call} ${moment}`)
  }

  #ends<Value>(moment: Moment, call: ChangingCall, path: string): Promise<Value> {
    const place = `${moment} ${call}${isSegment(path) ? OF_THE_JOURNAL : ''}`
    this.#dies(this.#schedule.chance('only killed', 0.3) ? 'kill' : 'power', place)
    return never()
  }
}

/** What is left of the disk after a death. */
export function afterDeath(disk: SimDisk, death: Death, schedule: Schedule): string {
  disk.repair()
  if (death === 'kill') {
    disk.kill()
    return 'the process is killed'
  }
  const drawn = schedule.fraction('what survives')
  const [choose, words]: readonly [Chooser, string] =
    drawn < 0.4
      ? [loseEverything, 'the power fails, and all that was not synced is gone']
      : drawn < 0.5
        ? [keepEverything, 'the power fails, and everything happens to be there']
        : [
            count => schedule.below('survives', count),
            'the power fails, and some of what was not synced is gone',
          ]
  disk.crash(choose)
  return words
}

/** A disk that fails is replaced by nobody: the till is restarted. */
export function isDiskError(thrown: unknown): boolean {
  return thrown instanceof CashdeskError && /^(journal\.|disk\.|register\.closed)/.test(thrown.code)
}
