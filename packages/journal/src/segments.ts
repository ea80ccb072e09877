// The journal's files: their names, and how a new one comes to be. A segment is complete and synced, name and all,
// before its first record is written; until then it carries another name, which recovery may throw away.
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import { encodeHeader, HEADER_BYTES, type SegmentHeader } from './format.ts'

/** `00000001.seg` */
const SEGMENT = /^(\d{8})\.seg$/
/** A segment whose making was interrupted. */
const UNFINISHED = /^\d{8}\.new$/
/** What operating systems and our own lock leave in folders. */
const IGNORED = /^(\..*|lock|desktop\.ini|Thumbs\.db)$/i
const MAX_SEGMENT = 99_999_999
/** Zeros are written in pieces of this size, so that a record does not wait behind megabytes of them. */
const FILL_BYTES = 262_144

export interface Listing {
  /** Numbers of the segments, ascending and without gaps from 1. */
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

/** @throws CashdeskError `journal.not-ours`, `journal.damaged` when a segment is missing */
export async function listSegments(disk: Disk, folder: string): Promise<Listing> {
  const names = await disk.list(folder)
  const segments = names.flatMap(name => SEGMENT.exec(name)?.[1] ?? []).map(Number)
  const unfinished = names.filter(name => UNFINISHED.test(name))
  const foreign = names.filter(name => !SEGMENT.test(name) && !UNFINISHED.test(name) && !IGNORED.test(name))
  if (segments.length === 0 && foreign.length > 0) {
    throw new CashdeskError('journal.not-ours', { folder, files: foreign.slice(0, 5) })
  }
  for (const [index, segment] of segments.entries()) {
    if (segment === index + 1) continue
    throw new CashdeskError('journal.damaged', {
      file: segmentPath(folder, index + 1),
      offset: 0,
      reason: 'missing',
    })
  }
  return { segments, unfinished }
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
