// Snapshots: what the till had folded out of the journal up to one record, so that a start need not fold it again.
// Speed only, never truth: a snapshot that is not whole, not ours or not of this journal is left aside, and the
// journal is folded from its beginning.
import { CashdeskError, type Disk, type DiskFile, type Log, reportOf } from '@cashdesk/kernel'
import {
  decodeFrame,
  decodePayload,
  exceeds,
  type Frame,
  frameBytesAtMost,
  frameCrc,
  KIND,
  MAX_RECORD_BYTES,
  payloadOf,
  putPayload,
  sealFrame,
  viewOf,
} from './format.ts'
import { pathOf, segmentPath } from './segments.ts'

/** Grows whenever the file's form changes; others are left aside. */
const SNAPSHOT_FORMAT = 1
/** "CASHSNAP" */
const MAGIC = Uint8Array.of(0x43, 0x41, 0x53, 0x48, 0x53, 0x4e, 0x41, 0x50)
/** Magic, format, zeros. */
const PREFIX_BYTES = 16
/** `snapshot-000000020000`: the sequence of the last record that it covers. */
const SNAPSHOT = /^snapshot-(\d{12,16})$/
const UNFINISHED = /^snapshot-\d{12,16}\.new$/
/** The newest, and the one before it in case the medium changes the newest. */
const KEPT = 2
/** Read whole into memory when the till starts; a larger one would not be quicker than the journal. */
const MAX_SNAPSHOT_BYTES = 268_435_456
/**
 * Written and synced in pieces of this size: making one takes about two milliseconds, and the disk is never given so
 * much at once that a record would wait long behind it.
 */
const PIECE_BYTES = 262_144
/** Synced after so many pieces. */
const PIECES_PER_SYNC = 8

/** The durable end of a journal: what a snapshot covers, and where the next record will be. */
export interface Mark {
  readonly sequence: number
  readonly batch: number
  readonly epoch: number
  readonly identity: string
  readonly segment: number
  readonly offset: number
  /** Place and checksum of the last frame: they tell this journal from every other one. */
  readonly frameOffset: number
  readonly frameCrc: number
}

/** What the till puts into a snapshot, and what it takes out of one. */
export interface SnapshotReader {
  /** Of what `restore` understands. Snapshots of any other version are left aside. */
  readonly version: string
  /** Takes all of it, or throws and has changed nothing: then the journal is folded from its beginning. */
  readonly restore: (parts: readonly unknown[], sequence: number) => void
}

export interface SnapshotContent {
  readonly version: string
  /** The last record whose effects are in it. */
  readonly sequence: number
  /** As they were when this was handed in: they are made into text one after the other, while the till goes on. */
  readonly parts: Iterable<unknown>
}

/** A snapshot that was not used, and why. */
export interface DiscardedSnapshot {
  readonly file: string
  readonly reason: 'damaged' | 'other version' | 'not of this journal' | 'not understood'
}

/** A sound snapshot of this journal. */
export interface Snapshot<About> {
  readonly file: string
  readonly mark: Mark
  /** What the journal itself wants to know again. */
  readonly about: About
  readonly parts: readonly unknown[]
}

/** Names of all snapshots, the newest first. */
export async function snapshotsIn(disk: Disk, folder: string): Promise<readonly string[]> {
  const names = (await disk.list(folder)).filter(name => SNAPSHOT.test(name))
  return names.sort((a, b) => sequenceIn(b) - sequenceIn(a))
}

const sequenceIn = (name: string): number => Number(SNAPSHOT.exec(name)?.[1] ?? 0)

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

export interface SnapshotWriting {
  readonly disk: Disk
  readonly folder: string
  readonly log: Log
  readonly mark: Mark
  readonly about: unknown
}

/**
 * Writes a snapshot under another name, syncs it, gives it its name, syncs that, and removes the ones it replaces.
 * Resolves to whether it is there. A disk that fails or is full costs the snapshot and nothing else. Never throws.
 */
export async function writeSnapshot(
  { version, parts }: Omit<SnapshotContent, 'sequence'>,
  { disk, folder, log, mark, about }: SnapshotWriting,
): Promise<boolean> {
  const path = pathOf(folder, `snapshot-${String(mark.sequence).padStart(12, '0')}`)
  const begun = `${path}.new`
  try {
    await disk.remove(begun).catch(() => undefined)
    const file = await disk.create(begun)
    try {
      await new Pieces(file, mark).write({ version, mark, about }, parts)
    } finally {
      await file.close()
    }
    await disk.rename(begun, path)
    await disk.syncFolder(folder)
    await prune(disk, folder, mark.sequence).catch(() => undefined)
    return true
  } catch (thrown) {
    await disk.remove(begun).catch(() => undefined)
    log('warn', 'No snapshot of the journal could be written; the next start takes longer.', {
      ...reportOf(thrown, 'disk.failed'),
    })
    return false
  }
}

/** Keeps the one just written and the one before it. What claims to be newer was not used, or it would be the base. */
async function prune(disk: Disk, folder: string, newest: number): Promise<void> {
  const names = await snapshotsIn(disk, folder)
  const kept = names.filter(name => sequenceIn(name) <= newest).slice(0, KEPT)
  for (const name of names) if (!kept.includes(name)) await disk.remove(pathOf(folder, name))
}

/** Removes what an interrupted writing left, or with `all` every snapshot there is. */
export async function removeSnapshots(
  disk: Disk,
  folder: string,
  which: 'unfinished' | 'all',
): Promise<void> {
  for (const name of await disk.list(folder)) {
    if (UNFINISHED.test(name) || (which === 'all' && SNAPSHOT.test(name)))
      await disk.remove(pathOf(folder, name))
  }
}

/** Frames gathered into pieces, each one write. */
class Pieces {
  readonly #file: DiskFile
  readonly #mark: Mark
  #buffer = new Uint8Array(PIECE_BYTES * 2)
  #used = 0
  #offset = 0
  #frames = 0
  #pieces = 0

  constructor(file: DiskFile, mark: Mark) {
    this.#file = file
    this.#mark = mark
  }

  async write(head: unknown, parts: Iterable<unknown>): Promise<void> {
    this.#buffer.set(MAGIC, 0)
    viewOf(this.#buffer).setUint16(8, SNAPSHOT_FORMAT, true)
    this.#used = PREFIX_BYTES
    this.#put(head, false)
    for (const part of parts) {
      this.#put(part, false)
      if (this.#used >= PIECE_BYTES) await this.#flush()
    }
    this.#put({ parts: this.#frames - 1 }, true)
    await this.#flush()
    await this.#file.sync()
  }

  #put(content: unknown, last: boolean): void {
    const text = payloadOf(content)
    if (exceeds(text, MAX_RECORD_BYTES) || this.#offset > MAX_SNAPSHOT_BYTES)
      throw new CashdeskError('journal.too-large', { limit: MAX_RECORD_BYTES })
    this.#reserve(this.#used + frameBytesAtMost(text))
    const bytes = putPayload(this.#buffer, this.#used, text)
    const { sequence, epoch } = this.#mark
    const head = { kind: KIND.step, sequence, batch: this.#frames, last, epoch }
    this.#used = sealFrame(this.#buffer, viewOf(this.#buffer), this.#used, head, bytes)
    this.#frames += 1
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = new Uint8Array(bytes * 2)
    larger.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = larger
  }

  async #flush(): Promise<void> {
    await this.#file.write(this.#offset, this.#buffer.subarray(0, this.#used))
    this.#offset += this.#used
    this.#used = 0
    this.#pieces += 1
    if (this.#pieces % PIECES_PER_SYNC === 0) await this.#file.sync()
  }
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

/** Hands the newest snapshot that is sound, of this journal and understood to `restore`; says why others were not. */
export async function restoreSnapshot<About>(
  disk: Disk,
  folder: string,
  { version, restore }: SnapshotReader,
  isAbout: (value: unknown) => value is About,
): Promise<{
  readonly used?: Omit<Snapshot<About>, 'parts'>
  readonly discarded: readonly DiscardedSnapshot[]
}> {
  const discarded: DiscardedSnapshot[] = []
  for (const name of await snapshotsIn(disk, folder)) {
    const file = pathOf(folder, name)
    const read = await readSnapshot(disk, file, version, isAbout)
    const reason =
      typeof read === 'string'
        ? read
        : (await isOf(disk, folder, read.mark))
          ? undefined
          : 'not of this journal'
    if (typeof read !== 'string' && reason === undefined) {
      const { mark, about, parts } = read
      if (understood(() => restore(parts, mark.sequence))) return { used: { file, mark, about }, discarded }
    }
    discarded.push({ file, reason: reason ?? 'not understood' })
  }
  return { discarded }
}

function understood(restore: () => void): boolean {
  try {
    restore()
    return true
  } catch {
    return false
  }
}

/** @param version any if undefined */
export async function readSnapshot<About>(
  disk: Disk,
  path: string,
  version: string | undefined,
  isAbout: (value: unknown) => value is About,
): Promise<Snapshot<About> | 'damaged' | 'other version'> {
  const bytes = await bytesOf(disk, path)
  if (bytes === undefined || MAGIC.some((byte, at) => bytes[at] !== byte)) return 'damaged'
  const view = viewOf(bytes)
  if (view.getUint16(8, true) !== SNAPSHOT_FORMAT) return 'other version'
  const frames = framesIn(bytes, view)
  const [first, ...rest] = frames
  const last = rest.pop()
  if (first === undefined || last?.last !== true) return 'damaged'
  const head = decodePayload(bytes, first)
  if (!isHead(head) || !isAbout(head.about)) return 'damaged'
  if (version !== undefined && head.version !== version) return 'other version'
  const parts: unknown[] = []
  for (const frame of rest) {
    const part = decodePayload(bytes, frame)
    if (part === undefined) return 'damaged'
    parts.push(part)
  }
  return { file: path, mark: head.mark, about: head.about, parts }
}

/** Every frame sound and in its place, up to the one that says it is the last. */
function framesIn(bytes: Uint8Array, view: DataView): readonly Frame[] {
  const frames: Frame[] = []
  for (let offset = PREFIX_BYTES; ; ) {
    const frame = decodeFrame(bytes, view, offset)
    if (frame === undefined || frame.batch !== frames.length) return frames
    frames.push(frame)
    if (frame.last) return frames
    offset = frame.next
  }
}

async function bytesOf(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.open(path, 'read')
    try {
      const size = await file.size()
      return size < PREFIX_BYTES || size > MAX_SNAPSHOT_BYTES * 2 ? undefined : await file.read(0, size)
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

/** Whether the journal's record at the mark is there and the one that was covered last. */
export async function isOf(disk: Disk, folder: string, mark: Mark): Promise<boolean> {
  try {
    const file = await disk.open(segmentPath(folder, mark.segment), 'read')
    try {
      const bytes = await file.read(mark.frameOffset, mark.offset - mark.frameOffset)
      const view = viewOf(bytes)
      const frame = decodeFrame(bytes, view, 0)
      return (
        frame !== undefined &&
        frame.next === bytes.length &&
        frameCrc(view, 0) === mark.frameCrc &&
        frame.sequence === mark.sequence &&
        frame.batch === mark.batch &&
        frame.epoch === mark.epoch &&
        frame.last
      )
    } finally {
      await file.close()
    }
  } catch {
    return false
  }
}

interface Head {
  readonly version: string
  readonly mark: Mark
  readonly about: unknown
}

/** The checksum holds, so what is in it is as it was written; this only tells our form from another one. */
function isHead(content: unknown): content is Head {
  if (typeof content !== 'object' || content === null) return false
  if (!('version' in content && 'mark' in content && 'about' in content)) return false
  const { mark } = content
  return typeof mark === 'object' && mark !== null && 'frameCrc' in mark && 'identity' in mark
}
