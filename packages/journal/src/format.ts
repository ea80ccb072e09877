// How the journal looks on disk: a segment header, then frames, then zeros. docs/journal-format.md says the same in
// words; a change here is a new FORMAT_VERSION. All numbers are little-endian.
import { CashdeskError, type Step } from '@cashdesk/kernel'
import { crc32 } from './crc32.ts'

const FORMAT_VERSION = 1
/** One physical sector of present disks: writing a record never rewrites the header's sector. */
export const HEADER_BYTES = 4096
const FRAME_BYTES = 40
/** Frames start at multiples of this, so that a search for frames behind a hole is quick. */
export const ALIGN_BYTES = 8
/** A record is one step: a basket of some hundred lines stays far below this. */
export const MAX_RECORD_BYTES = 1_048_576
export const DEFAULT_SEGMENT_BYTES = 4_194_304
/** Room for the header, a batch, and nothing else. */
export const MIN_SEGMENT_BYTES = 8192
/** `machine:inode`, cut nowhere near this. */
const MAX_IDENTITY_BYTES = 256

/** "CASHDESK" */
const SEGMENT_MAGIC = Uint8Array.of(0x43, 0x41, 0x53, 0x48, 0x44, 0x45, 0x53, 0x4b)
/** F5 'C' 'D' F5: the byte F5 never occurs in UTF-8, so no payload contains a frame's beginning. */
const FRAME_MAGIC = 0xf54443f5

/** What a record holds. Others than these are of a later release: kept, and reported. */
export const KIND = { step: 1, epoch: 2, carryBegin: 3, carried: 4, carryEnd: 5 } as const

export interface SegmentHeader {
  /** From 1, without gaps. */
  readonly segment: number
  /** Length of the whole file. */
  readonly bytes: number
  /** The epoch in which it was made; its records may be of later ones. */
  readonly epoch: number
  /** Machine and inode of the folder when it was made. */
  readonly identity: string
}

export interface FrameHead {
  readonly kind: number
  /** Of the last record up to and including this one; an epoch mark takes no number of its own. */
  readonly sequence: number
  readonly batch: number
  /** The last record of its batch. */
  readonly last: boolean
  readonly epoch: number
}

export interface Frame extends FrameHead {
  /** All offsets count from the start of the bytes it was decoded from. */
  readonly offset: number
  readonly payloadStart: number
  readonly payloadEnd: number
  /** Offset of the next frame. */
  readonly next: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Length on disk of a record with a payload of `payloadBytes`. */
export function frameBytes(payloadBytes: number): number {
  return Math.ceil((FRAME_BYTES + payloadBytes) / ALIGN_BYTES) * ALIGN_BYTES
}

export function encodeHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = viewOf(bytes)
  const identity = encoder.encode(header.identity)
  if (identity.length > MAX_IDENTITY_BYTES) throw new CashdeskError('value.malformed', { field: 'identity' })
  bytes.set(SEGMENT_MAGIC, 0)
  view.setUint16(8, FORMAT_VERSION, true)
  view.setUint16(10, HEADER_BYTES, true)
  view.setUint32(12, header.segment, true)
  view.setUint32(16, header.bytes, true)
  view.setUint32(20, header.epoch, true)
  view.setUint16(24, identity.length, true)
  bytes.set(identity, 26)
  // The magic is outside the checksum: a damaged magic can then be told from a file that is none of ours.
  view.setUint32(HEADER_BYTES - 4, crc32(bytes, 8, HEADER_BYTES - 4), true)
  return bytes
}

/**
 * @param bytes the first `HEADER_BYTES` of the file
 * @param size length of the whole file
 * @throws CashdeskError `journal.not-ours` or `journal.damaged`
 */
export function decodeHeader(bytes: Uint8Array, size: number, file: string): SegmentHeader {
  const whole = bytes.length >= HEADER_BYTES
  const ours = SEGMENT_MAGIC.every((byte, index) => bytes[index] === byte)
  const view = viewOf(bytes)
  const sound = whole && view.getUint32(HEADER_BYTES - 4, true) === crc32(bytes, 8, HEADER_BYTES - 4)
  if (!ours && !sound) throw new CashdeskError('journal.not-ours', { file })
  if (!ours || !sound) throw new CashdeskError('journal.damaged', { file, offset: 0, reason: 'header' })
  const version = view.getUint16(8, true)
  if (version !== FORMAT_VERSION) throw new CashdeskError('journal.not-ours', { file, version })
  const header = {
    segment: view.getUint32(12, true),
    bytes: view.getUint32(16, true),
    epoch: view.getUint32(20, true),
    identity: decoder.decode(bytes.subarray(26, 26 + view.getUint16(24, true))),
  }
  if (header.bytes !== size) {
    const offset = Math.min(header.bytes, size)
    throw new CashdeskError('journal.damaged', { file, offset, reason: 'length' })
  }
  return header
}

/** Bytes of buffer that `putPayload` may touch for a text: UTF-8 takes at most three per UTF-16 unit. */
export function frameBytesAtMost(text: string): number {
  return frameBytes(text.length * 3)
}

/** Puts a payload where the frame at `offset` will have it, and returns its length. `sealFrame` must follow. */
export function putPayload(target: Uint8Array, offset: number, text: string): number {
  return encoder.encodeInto(text, target.subarray(offset + FRAME_BYTES)).written
}

/** Completes the frame at `offset` around its payload, whatever was there before, and returns the next one's offset. */
export function sealFrame(
  target: Uint8Array,
  view: DataView,
  offset: number,
  head: FrameHead,
  payloadBytes: number,
): number {
  const next = offset + frameBytes(payloadBytes)
  view.setUint32(offset, FRAME_MAGIC, true)
  view.setUint32(offset + 8, payloadBytes, true)
  view.setUint32(offset + 12, head.epoch, true)
  setUint53(view, offset + 16, head.sequence)
  setUint53(view, offset + 24, head.batch)
  target[offset + 32] = head.kind
  target[offset + 33] = head.last ? 1 : 0
  target.fill(0, offset + 34, offset + FRAME_BYTES)
  target.fill(0, offset + FRAME_BYTES + payloadBytes, next)
  view.setUint32(offset + 4, crc32(target, offset + 8, next), true)
  return next
}

/** The checksum that the frame at `offset` carries. */
export function frameCrc(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true)
}

/** The frame at `offset`, or undefined if there is no whole and sound one. */
export function decodeFrame(bytes: Uint8Array, view: DataView, offset: number): Frame | undefined {
  if (offset + FRAME_BYTES > bytes.length || view.getUint32(offset, true) !== FRAME_MAGIC) return undefined
  const length = view.getUint32(offset + 8, true)
  const next = offset + frameBytes(length)
  if (length > MAX_RECORD_BYTES || next > bytes.length) return undefined
  if (view.getUint32(offset + 4, true) !== crc32(bytes, offset + 8, next)) return undefined
  return {
    kind: bytes[offset + 32] ?? 0,
    last: ((bytes[offset + 33] ?? 0) & 1) === 1,
    sequence: getUint53(view, offset + 16),
    batch: getUint53(view, offset + 24),
    epoch: view.getUint32(offset + 12, true),
    offset,
    payloadStart: offset + FRAME_BYTES,
    payloadEnd: offset + FRAME_BYTES + length,
    next,
  }
}

/** @throws CashdeskError `value.malformed` for what JSON cannot hold */
export function payloadOf(content: unknown): string {
  try {
    const text: unknown = JSON.stringify(content)
    if (typeof text === 'string') return text
  } catch (cause) {
    throw new CashdeskError('value.malformed', { field: 'step' }, { cause })
  }
  throw new CashdeskError('value.malformed', { field: 'step' })
}

/** Whether a text would exceed `limit` bytes. Counts them only where its length leaves it open. */
export function exceeds(text: string, limit: number): boolean {
  if (text.length > limit) return true
  return text.length * 3 > limit && encoder.encode(text).length > limit
}

/** The payload as JSON, or undefined if it is none. */
export function decodePayload(bytes: Uint8Array, frame: Frame): unknown {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(frame.payloadStart, frame.payloadEnd)))
  } catch {
    return undefined
  }
}

function setUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true)
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
}

function getUint53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32
}

/** The outermost shape; what is in it is as the writer put it, for the checksum holds. */
export function isStep(content: unknown): content is Step {
  if (typeof content !== 'object' || content === null) return false
  return (
    'decideVersion' in content &&
    'input' in content &&
    'events' in content &&
    Array.isArray(content.events) &&
    'intents' in content &&
    Array.isArray(content.intents)
  )
}
