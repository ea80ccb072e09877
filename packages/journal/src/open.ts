// Opens a journal for the one process that may write it, or reads one beside that process. What is read is handed out
// step by step; nothing is decided here.
import { CashdeskError, type Disk, type DiskLock, type EpochMs, type Log, type Step } from '@cashdesk/kernel'
import { CARRY_ROOM_BYTES, type CarriedStep, type CarryOver, carryRecords } from './carry.ts'
import { makeFolders } from './folders.ts'
import {
  DEFAULT_SEGMENT_BYTES,
  exceeds,
  HEADER_BYTES,
  KIND,
  MAX_RECORD_BYTES,
  MIN_SEGMENT_BYTES,
  payloadOf,
} from './format.ts'
import {
  isKnown,
  type Known,
  type OnStep,
  type Scan,
  scanJournal,
  type Tear,
  type UnknownRecord,
} from './reader.ts'
import { type RecoveryOptions, recover } from './recovery.ts'
import {
  type DiscardedSnapshot,
  restoreSnapshot,
  type SnapshotContent,
  type SnapshotReader,
  writeSnapshot,
} from './snapshot.ts'
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
  /**
   * Called when a complete carry-over follows: everything handed out so far is to be forgotten. A till that archives
   * needs it.
   */
  readonly onReset?: () => void
  /** Takes what a snapshot holds; then only the steps after it are handed out. Absent: every step is read. */
  readonly snapshot?: SnapshotReader
}

/** `restored`: a copy on another machine or folder; it can be read, and nothing can be appended until `confirm`. */
export type JournalState = 'open' | 'restored' | 'poisoned' | 'closed'

export interface RecoveryReport {
  /** Sequence of the last step: as many as there ever were, archived ones included. */
  readonly records: number
  readonly segments: number
  /** Steps that were handed out: all of them, or those after the snapshot or from the carry-over on. */
  readonly replayed: number
  /** What was restored instead of reading the records up to `sequence`. */
  readonly snapshot?: { readonly file: string; readonly sequence: number }
  /** Snapshots that were not used. That costs time, and nothing else. */
  readonly discarded: readonly DiscardedSnapshot[]
  /** With which the present journal begins, once something was carried over so that it could be archived. */
  readonly carried?: CarryOver
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
  /** Durable steps, which is also the sequence of the last one. */
  readonly records: number
  readonly state: JournalState
  /** The disk is full and only the open segment is left: let the sale in progress end, open no other. */
  readonly low: boolean
  /** While `low`: tries again whether the disk has room. Resolves to whether another segment is ready. Never throws. */
  makeRoom(): Promise<boolean>
  /**
   * Keeps what the till made of the records up to `sequence`, so that the next opening need not read them. False, and
   * nothing is kept, unless exactly those are synced and nothing is on its way, or where the disk would not take it.
   * Never throws, and delays no record for long.
   */
  snapshot(content: SnapshotContent): Promise<boolean>
  /**
   * Writes steps once more behind all others, with their old numbers: from now on they are all that is folded of what
   * was before. They begin a segment, whose number is the answer. Only while nothing else is being appended.
   * @throws CashdeskError as `append` does; then nothing has changed
   */
  carryOver(steps: Iterable<CarriedStep>, before: EpochMs): Promise<number>
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
  const { disk, folder, onStep, onReset, snapshot, log = () => undefined } = options
  const identity = await disk.identity(folder)
  const { used, discarded } =
    snapshot === undefined
      ? { used: undefined, discarded: [] }
      : await restoreSnapshot(disk, folder, snapshot, isKnown)
  const scan = await scanJournal(disk, folder, onStep, { onReset, after: used })
  const created = scan.segments.length === 0
  const restored = !created && scan.identity !== identity
  const recovery = { disk, folder, identity, log, segmentBytes: segmentBytesOf(options) }
  if (scan.tear !== undefined) {
    log('warn', 'The journal’s last batch was torn; what was never acknowledged is cut.', { ...scan.tear })
  }
  for (const each of discarded) log('info', 'A snapshot of the journal is not used.', { ...each })
  if (restored) log('warn', 'The journal is a copy from elsewhere; it takes nothing until it is confirmed.')
  const writer = restored ? undefined : await recover(scan, recovery)
  const epoch = restored ? scan.maxEpoch : scan.maxEpoch + 1
  return {
    journal: new OpenJournal(lock, scan, recovery, writer),
    report: {
      ...summary(scan),
      ...(used ? { snapshot: { file: used.file, sequence: used.mark.sequence } } : {}),
      discarded,
      created,
      restored,
      epoch,
    },
  }
}

function summary(
  scan: Scan,
): Omit<RecoveryReport, 'created' | 'restored' | 'epoch' | 'snapshot' | 'discarded'> {
  const { unknown, unknownCount, tear, tail, segments, replayed, carried } = scan
  return {
    records: tail.sequence,
    segments: segments.length,
    replayed,
    unknown,
    unknownCount,
    ...(carried === undefined ? {} : { carried }),
    ...(tear === undefined ? {} : { cut: tear }),
  }
}

/** Carried records that may wait for the disk at once. */
const CARRIED_AT_ONCE = 1000

class OpenJournal implements Journal {
  readonly #lock: DiskLock
  readonly #scan: Scan
  readonly #recovery: RecoveryOptions
  #writer: Writer | undefined
  #known: Known
  /** One snapshot at a time. */
  #saving: Promise<boolean> | undefined
  #confirming: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(lock: DiskLock, scan: Scan, recovery: RecoveryOptions, writer: Writer | undefined) {
    this.#lock = lock
    this.#scan = scan
    this.#recovery = recovery
    this.#writer = writer
    const { unknown, unknownCount, carried } = scan
    this.#known = { unknown, unknownCount, ...(carried === undefined ? {} : { carried }) }
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

  async makeRoom(): Promise<boolean> {
    if (this.#closing !== undefined || this.#writer === undefined) return false
    return this.#writer.makeRoom()
  }

  append(step: Step): Promise<void> {
    try {
      const writer = this.#usable()
      const text = payloadOf(step)
      const limit = MAX_RECORD_BYTES - CARRY_ROOM_BYTES
      if (exceeds(text, limit)) throw new CashdeskError('journal.too-large', { limit })
      return writer.append(KIND.step, text, true)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #usable(): Writer {
    if (this.#closing !== undefined) throw new CashdeskError('register.closed')
    if (this.#writer !== undefined) return this.#writer
    throw new CashdeskError('journal.restored', { folder: this.#recovery.folder })
  }

  async snapshot({ version, sequence, parts }: SnapshotContent): Promise<boolean> {
    const mark = this.#writer?.mark
    // A step that is not synced may never have happened: nothing may be kept that knows of it.
    if (mark === undefined || mark.sequence !== sequence) return false
    if (this.#closing !== undefined || this.#saving !== undefined || this.low) return false
    const { disk, folder, log } = this.#recovery
    this.#saving = writeSnapshot({ version, parts }, { disk, folder, log, mark, about: this.#known })
    try {
      return await this.#saving
    } finally {
      this.#saving = undefined
    }
  }

  async carryOver(steps: Iterable<CarriedStep>, before: EpochMs): Promise<number> {
    const writer = this.#usable()
    const segment = await writer.beginSegment()
    let count = -2
    let batch: Promise<void>[] = []
    for (const { kind, text } of carryRecords(steps, { identity: this.#recovery.identity, before })) {
      count += 1
      batch.push(writer.append(kind, text, false))
      if (batch.length < CARRIED_AT_ONCE) continue
      await Promise.all(batch)
      batch = []
    }
    await Promise.all(batch)
    this.#known = { ...this.#known, carried: { segment, before, steps: count } }
    return segment
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
    await this.#saving
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
  /** The carry-over with which the present journal begins. */
  readonly carried?: CarryOver
  readonly unknown: readonly UnknownRecord[]
  readonly unknownCount: number
}

/** How often the same place is looked at again before it is called damaged: a till may be writing there. */
const MAX_LOOKS = 3
/** A till writes on while we read: more places than this in one reading are not a till. */
const MAX_PLACES = 1000

/**
 * Reads without the lock, also while a till writes; changes nothing. Its last batch may not be synced yet.
 * Without `onReset` a carry-over adds only those of its steps that were not read before: all there ever were are
 * handed out, where they are.
 * @throws CashdeskError `journal.damaged`, `journal.not-ours`, `disk.failed`
 */
export async function readJournal(
  options: Pick<JournalOptions, 'disk' | 'folder' | 'onStep' | 'onReset'>,
): Promise<JournalReading> {
  const { disk, folder, onStep, onReset } = options
  let read = 0
  const once: OnStep = (step, sequence) => {
    read = sequence
    onStep(step, sequence)
  }
  let place = ''
  let looks = 0
  for (let places = 0; ; ) {
    try {
      return reading(await scanJournal(disk, folder, once, { onReset, from: read }))
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
  const { tail, segments, maxEpoch, unknown, unknownCount, tear, identity, carried } = scan
  return {
    records: tail.sequence,
    segments: segments.length,
    epoch: maxEpoch,
    ...(identity === undefined ? {} : { identity }),
    ...(tear === undefined ? {} : { tear }),
    ...(carried === undefined ? {} : { carried }),
    unknown,
    unknownCount,
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
