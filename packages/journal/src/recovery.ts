// Makes a scanned journal fit to be written again: what a loss of power tore is cut, zeroed and synced, a new epoch
// is begun, and only then may anything be appended. Every step may be interrupted and begun anew.
import { CashdeskError, type Disk, type DiskFile, type Log } from '@cashdesk/kernel'
import { HEADER_BYTES, KIND, MAX_RECORD_BYTES, payloadOf } from './format.ts'
import type { Scan, ScannedSegment, Tail } from './reader.ts'
import { makeSegment, pathOf, segmentPath, zero } from './segments.ts'
import { removeSnapshots } from './snapshot.ts'
import { MAX_BATCH_BYTES, Writer, type WriterOptions } from './writer.ts'

/** Records of a batch are gathered up to the bound; one alone may be longer. */
const LONGEST_BATCH_BYTES = MAX_BATCH_BYTES + MAX_RECORD_BYTES

export interface RecoveryOptions {
  readonly disk: Disk
  readonly folder: string
  readonly segmentBytes: number
  readonly identity: string
  readonly log: Log
}

/**
 * Resolves to a writer whose first record, the epoch mark, is synced.
 * @throws CashdeskError `disk.full`, `disk.failed`, `journal.poisoned`
 */
export async function recover(scan: Scan, options: RecoveryOptions): Promise<Writer> {
  const { disk, folder, identity } = options
  for (const name of scan.unfinished) await disk.remove(pathOf(folder, name))
  await removeSnapshots(disk, folder, 'unfinished')
  const epoch = scan.maxEpoch + 1
  const start = scan.segments.length === 0 ? await begin(options) : await cut(scan, options)
  const writer = new Writer({ ...options, ...start, epoch })
  try {
    await writer.append(KIND.epoch, payloadOf({ identity }), false)
  } catch (error) {
    await writer.close()
    throw error
  }
  return writer
}

type Start = Omit<WriterOptions, keyof RecoveryOptions | 'epoch'>

async function begin(options: RecoveryOptions): Promise<Start> {
  const { disk, folder, segmentBytes, identity } = options
  const file = await makeSegment(disk, folder, { segment: 1, bytes: segmentBytes, epoch: 0, identity })
  return {
    file,
    fileBytes: segmentBytes,
    segment: 1,
    offset: HEADER_BYTES,
    sequence: 0,
    batch: 0,
    reserve: [],
  }
}

/**
 * Syncs even where nothing is torn: after a mere kill the last batch may be in the memory of the operating system
 * alone, and whoever reads it now will rely on it.
 */
async function cut(scan: Scan, options: RecoveryOptions): Promise<Start> {
  const { disk, folder } = options
  const { tail } = scan
  const open = segmentAt(scan, tail, folder)
  const reserve = scan.segments.slice(tail.segment + 1)
  for (const segment of reserve) {
    await cleanFrom(disk, segment, HEADER_BYTES)
  }
  const file = await disk.open(open.path, 'write')
  try {
    if (open.soiled) await zero(file, tail.offset, open.bytes)
    await writeAgain(file, tail.offset)
    await file.sync()
    await disk.syncFolder(folder)
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  return {
    file,
    fileBytes: open.bytes,
    segment: open.number,
    offset: tail.offset,
    sequence: tail.sequence,
    batch: tail.batch,
    reserve: reserve.map(({ path, bytes }) => ({ path, bytes })),
  }
}

/**
 * The last batch was read, but perhaps only from memory: when a sync fails, the system counts what it could not write as
 * written, and a process that merely starts again would sync nothing and rely on it.
 */
async function writeAgain(file: DiskFile, end: number): Promise<void> {
  const start = Math.max(HEADER_BYTES, end - LONGEST_BATCH_BYTES)
  if (end > start) await file.write(start, await file.read(start, end - start))
}

async function cleanFrom(disk: Disk, segment: ScannedSegment, offset: number): Promise<void> {
  const file = await disk.open(segment.path, 'write')
  try {
    if (segment.soiled) await zero(file, offset, segment.bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function segmentAt(scan: Scan, tail: Tail, folder: string): ScannedSegment {
  const segment = scan.segments[tail.segment]
  if (segment !== undefined) return segment
  throw new CashdeskError('journal.damaged', {
    file: segmentPath(folder, tail.segment + 1),
    offset: 0,
    reason: 'missing',
  })
}
