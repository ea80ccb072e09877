// Opens a journal for the one process that may write it, or reads one beside that process. What is read is handed out
// step by step; nothing is decided here.
import { CashdeskError, type Disk, type DiskLock, type Log, type Step } from '@cashdesk/kernel'
import { DEFAULT_SEGMENT_BYTES, HEADER_BYTES, KIND, MIN_SEGMENT_BYTES, payloadOf } from './format.ts'
import { type OnStep, type Scan, scanJournal, type Tear, type UnknownRecord } from './reader.ts'
import { type RecoveryOptions, recover } from './recovery.ts'
import type { Writer } from './writer.ts'

export interface JournalOptions {
  readonly disk: Disk
  /** Relative to the disk's root; made if absent. */
  readonly folder: string
  readonly log?: Log
  /** Length of new segments in bytes (default 4 MiB); rounded up to whole 4,096. */
  readonly segmentBytes?: number
  /** Called for every step there is, before `openJournal` resolves. What it throws ends the opening. */
  readonly onStep: OnStep
}

/** `restored`: a copy on another machine or folder; it can be read, and nothing can be appended until `confirm`. */
export type JournalState = 'open' | 'restored' | 'poisoned' | 'closed'

export interface RecoveryReport {
  /** Steps read, which is also the sequence of the last one. */
  readonly records: number
  readonly segments: number
  /** 1 for a new journal, one more for every opening. In a restored journal: of its last opening elsewhere. */
  readonly epoch: number
  readonly created: boolean
  readonly restored: boolean
  /**
   * The end of the last batch that a loss of power tore and that was cut (in a restored journal: will be).
   * None of it was acknowledged, unless the medium itself changed bits in the very last batch: nobody can tell these
   * two apart. Either way the open operations must be queried.
   */
  readonly cut?: Tear
  /** Records of kinds that this release does not know, at most 100 of `unknownCount`. They stay in the journal. */
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
}

export interface Journal {
  /**
   * Resolves when the step and everything before it is synced. Nothing may be built on a refused step.
   * @throws CashdeskError `journal.poisoned`, `journal.restored`, `journal.too-large`, `journal.overrun`, `disk.full`,
   * `register.closed`
   */
  append(step: Step): Promise<void>
  /** Durable steps. */
  readonly records: number
  readonly state: JournalState
  /** The disk is full and only the open segment is left: let the sale in progress end, open no other. */
  readonly low: boolean
  /** Makes a restored journal this machine's own. Harmless on one that is. @throws CashdeskError as recovery does */
  confirm(): Promise<void>
  /** Answers what is appended, closes the files, gives the lock back. Never throws. */
  close(): Promise<void>
}

/**
 * @throws CashdeskError `journal.in-use`, `journal.damaged` (`detail.file`, `detail.offset`), `journal.not-ours`,
 * `journal.not-writable`, `disk.full`, `disk.failed`, `disk.network-volume`
 */
export async function openJournal(
  options: JournalOptions,
): Promise<{ readonly journal: Journal; readonly report: RecoveryReport }> {
  const { disk, folder } = options
  try {
    await makeFolders(disk, folder)
    const lock = await disk.lock(folder)
    try {
      return await openLocked(options, lock)
    } catch (error) {
      await lock.release().catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw notWritable(error, folder)
  }
}

async function openLocked(
  options: JournalOptions,
  lock: DiskLock,
): Promise<{ readonly journal: Journal; readonly report: RecoveryReport }> {
  const { disk, folder, onStep, log = () => undefined } = options
  const identity = await disk.identity(folder)
  const scan = await scanJournal(disk, folder, onStep)
  const created = scan.segments.length === 0
  const restored = !created && scan.identity !== identity
  const recovery = { disk, folder, identity, log, segmentBytes: segmentBytesOf(options) }
  if (scan.tear !== undefined) {
    log('warn', 'The journal’s last batch was torn; what was never acknowledged is cut.', { ...scan.tear })
  }
  if (restored) log('warn', 'The journal is a copy from elsewhere; it takes nothing until it is confirmed.')
  const writer = restored ? undefined : await recover(scan, recovery)
  const epoch = restored ? scan.maxEpoch : scan.maxEpoch + 1
  return {
    journal: new OpenJournal(lock, scan, recovery, writer),
    report: { ...summary(scan), created, restored, epoch },
  }
}

function summary(scan: Scan): Omit<RecoveryReport, 'created' | 'restored' | 'epoch'> {
  const { unknown, unknownCount, tear, tail, segments } = scan
  const report = { records: tail.sequence, segments: segments.length, unknown, unknownCount }
  return tear === undefined ? report : { ...report, cut: tear }
}

class OpenJournal implements Journal {
  readonly #lock: DiskLock
  readonly #scan: Scan
  readonly #recovery: RecoveryOptions
  #writer: Writer | undefined
  #confirming: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(lock: DiskLock, scan: Scan, recovery: RecoveryOptions, writer: Writer | undefined) {
    this.#lock = lock
    this.#scan = scan
    this.#recovery = recovery
    this.#writer = writer
  }

  get records(): number {
    return this.#writer?.sequence ?? this.#scan.tail.sequence
  }

  get state(): JournalState {
    if (this.#closing !== undefined) return 'closed'
    if (this.#writer === undefined) return 'restored'
    return this.#writer.poison === undefined ? 'open' : 'poisoned'
  }

  get low(): boolean {
    return this.#writer?.low ?? false
  }

  append(step: Step): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new CashdeskError('register.closed'))
    if (this.#writer === undefined) {
      return Promise.reject(new CashdeskError('journal.restored', { folder: this.#recovery.folder }))
    }
    try {
      return this.#writer.append(KIND.step, payloadOf(step), true)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async confirm(): Promise<void> {
    if (this.#closing !== undefined) throw new CashdeskError('register.closed')
    if (this.#writer !== undefined) return
    this.#confirming ??= this.#confirm()
    return this.#confirming
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #confirm(): Promise<void> {
    try {
      this.#writer = await recover(this.#scan, this.#recovery)
    } catch (error) {
      this.#confirming = undefined
      throw notWritable(error, this.#recovery.folder)
    }
  }

  async #close(): Promise<void> {
    await this.#confirming?.catch(() => undefined)
    await this.#writer?.close()
    await this.#lock.release().catch(() => undefined)
  }
}

/** What `readJournal` found. `tear` may also be a batch that the till is writing at this moment. */
export interface JournalReading {
  readonly records: number
  readonly segments: number
  readonly epoch: number
  /** Machine and inode of the folder it was last written in; absent for an empty folder. */
  readonly identity?: string
  readonly tear?: Tear
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
}

/** How often the same place is looked at again before it is called damaged: a till may be writing there. */
const MAX_LOOKS = 3
/** A till writes on while we read: more places than this in one reading are not a till. */
const MAX_PLACES = 1000

/**
 * Reads without the lock, also while a till writes; changes nothing. Its last batch may not be synced yet.
 * @throws CashdeskError `journal.damaged`, `journal.not-ours`, `disk.failed`
 */
export async function readJournal(
  options: Pick<JournalOptions, 'disk' | 'folder' | 'onStep'>,
): Promise<JournalReading> {
  const { disk, folder, onStep } = options
  let read = 0
  const once: OnStep = (step, sequence) => {
    read = sequence
    onStep(step, sequence)
  }
  let place = ''
  let looks = 0
  for (let places = 0; ; ) {
    try {
      return reading(await scanJournal(disk, folder, once, read))
    } catch (error) {
      if (!(error instanceof CashdeskError) || error.code !== 'journal.damaged') throw error
      const here = `${error.detail?.['file']} ${error.detail?.['offset']}`
      places += here === place ? 0 : 1
      looks = here === place ? looks + 1 : 1
      place = here
      if (looks >= MAX_LOOKS || places > MAX_PLACES) throw error
    }
  }
}

function reading(scan: Scan): JournalReading {
  const { tail, segments, maxEpoch, unknown, unknownCount, tear, identity } = scan
  return {
    records: tail.sequence,
    segments: segments.length,
    epoch: maxEpoch,
    ...(identity === undefined ? {} : { identity }),
    ...(tear === undefined ? {} : { tear }),
    unknown,
    unknownCount,
  }
}

/** The folder and those it is in, each synced into the one above, so that none is lost with the power. */
async function makeFolders(disk: Disk, folder: string): Promise<void> {
  const parts = folder.split('/').filter(part => part !== '' && part !== '.')
  if (parts.length === 0) return
  await disk.makeFolder(folder)
  for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
    await disk.syncFolder(parts.slice(0, depth).join('/'))
  }
}

function segmentBytesOf(options: JournalOptions): number {
  const wanted = Math.max(MIN_SEGMENT_BYTES, options.segmentBytes ?? DEFAULT_SEGMENT_BYTES)
  return Math.ceil(wanted / HEADER_BYTES) * HEADER_BYTES
}

const NOT_WRITABLE: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']

function notWritable(error: unknown, folder: string): unknown {
  if (!(error instanceof CashdeskError)) return error
  const reason = error.detail?.['reason']
  if (error.code !== 'disk.failed' && error.code !== 'journal.poisoned') return error
  if (!NOT_WRITABLE.includes(reason)) return error
  return new CashdeskError('journal.not-writable', { folder, reason: String(reason) }, { cause: error })
}
