// The journal's files: their names, and how a new one comes to be. A segment is complete and synced, name and all,
// before its first record is written; until then it carries another name, which recovery may throw away.
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import {
  decodeFrame,
  encodeHeader,
  frameBytes,
  HEADER_BYTES,
  KIND,
  type SegmentHeader,
  viewOf,
} from './format.ts'

/** `00000001.seg` */
const SEGMENT = /^(\d{8})\.seg$/
/** A segment whose making was interrupted. */
const UNFINISHED = /^\d{8}\.new$/
/** `snapshot-000000020000`, and one whose making was interrupted: see snapshot.ts. */
const SNAPSHOT = /^snapshot-\d+(\.new)?$/
/** What operating systems and our own lock leave in folders. */
const IGNORED = /^(\..*|lock|desktop\.ini|Thumbs\.db)$/i
const MAX_SEGMENT = 99_999_999
/** Zeros are written in pieces of this size, so that a record does not wait behind megabytes of them. */
const FILL_BYTES = 262_144

export interface Listing {
  /** Numbers of the segments, ascending and without gaps; from 1 unless earlier ones are archived. */
  readonly segments: readonly number[]
  /** Names of unfinished segments. */
  readonly unfinished: readonly string[]
}

export function pathOf(folder: string, name: string): string {
  return folder === '' || folder === '.' ? name : `${folder}/${name}`
}

export function segmentPath(folder: string, segment: number): string {
  return pathOf(folder, `${String(segment).padStart(8, '0')}.seg`)
}

/** The number in a segment's name; undefined for any other file's. */
export function segmentNumber(name: string): number | undefined {
  const digits = SEGMENT.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** @throws CashdeskError `journal.not-ours`, `journal.damaged` when a segment is missing */
export async function listSegments(disk: Disk, folder: string): Promise<Listing> {
  const names = await disk.list(folder)
  const segments = names.flatMap(name => SEGMENT.exec(name)?.[1] ?? []).map(Number)
  const unfinished = names.filter(name => UNFINISHED.test(name))
  const ours = [SEGMENT, UNFINISHED, SNAPSHOT, IGNORED]
  const foreign = names.filter(name => !ours.some(pattern => pattern.test(name)))
  // A snapshot is made of a journal that has segments: where they are gone, nothing must begin anew.
  if (segments.length === 0 && names.some(name => SNAPSHOT.test(name))) throw missing(folder, 1)
  if (segments.length === 0 && foreign.length > 0) {
    throw new CashdeskError('journal.not-ours', { folder, files: foreign.slice(0, 5) })
  }
  const [first = 1] = segments
  for (const [index, segment] of segments.entries()) {
    if (segment !== first + index) throw missing(folder, first + index)
  }
  return { segments, unfinished }
}

/**
 * The first segment that is read: 1, or where others were archived the first that begins with a carry-over.
 * @throws CashdeskError `journal.damaged` when segments are missing that were never archived
 */
export async function baseOf(disk: Disk, folder: string, segments: readonly number[]): Promise<number> {
  if (segments.length === 0 || segments[0] === 1) return 1
  for (const number of segments) {
    const file = await disk.open(segmentPath(folder, number), 'read')
    try {
      const bytes = await file.read(HEADER_BYTES, frameBytes(512))
      if (decodeFrame(bytes, viewOf(bytes), 0)?.kind === KIND.carryBegin) return number
    } finally {
      await file.close()
    }
  }
  throw missing(folder, 1)
}

export function missing(folder: string, segment: number): CashdeskError {
  return new CashdeskError('journal.damaged', {
    file: segmentPath(folder, segment),
    offset: 0,
    reason: 'missing',
  })
}

/**
 * Makes a zero-filled segment and syncs it and its name, so that a record in it changes neither the file's size nor
 * the folder. Resolves to the open file. What was begun is removed again if it fails.
 * @throws CashdeskError `disk.full`, `disk.failed`
 */
export async function makeSegment(disk: Disk, folder: string, header: SegmentHeader): Promise<DiskFile> {
  if (header.segment > MAX_SEGMENT) throw new CashdeskError('disk.full', { folder, reason: 'segments' })
  const path = segmentPath(folder, header.segment)
  const begun = path.replace(/seg$/, 'new')
  try {
    const file = await disk.create(begun)
    try {
      await file.write(0, encodeHeader(header))
      await zero(file, HEADER_BYTES, header.bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(begun, path)
    await disk.syncFolder(folder)
  } catch (error) {
    await disk.remove(begun).catch(() => undefined)
    throw error
  }
  return disk.open(path, 'write')
}

/** Writes zeros from `start` to `end`. Durable after a sync. */
export async function zero(file: DiskFile, start: number, end: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(FILL_BYTES, Math.max(0, end - start)))
  for (let offset = start; offset < end; offset += zeros.length) {
    await file.write(offset, zeros.subarray(0, Math.min(zeros.length, end - offset)))
  }
}
