// Byte tools that several wire protocols share: hexadecimal, BCD, BER-TLV, checks and a bounded framer.
// All of it is pure; what comes from a wire and cannot be read is said in the answer, never thrown.
import { CashdeskError } from './errors.ts'

// ── hexadecimal ─────────────────────────────────────────────────────────────────────────────────────────

/** Lower-case hexadecimal without separators. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Bytes of a hexadecimal text; blanks are ignored. @throws CashdeskError `value.malformed` */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits))
    throw new CashdeskError('value.malformed', { field: 'hexadecimal' })
  const bytes = new Uint8Array(digits.length / 2)
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16)
  return bytes
}

/** One array that holds all parts, in order. */
export function concatBytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

// ── packed BCD ──────────────────────────────────────────────────────────────────────────────────────────

/**
 * Packed BCD, two digits a byte, zeros in front.
 * @throws CashdeskError `value.malformed` when it is no whole number or does not fit into `length` bytes.
 */
export function bcdEncode(value: number | string, length: number): Uint8Array {
  const digits = String(value)
  if (!/^[0-9]+$/.test(digits) || digits.length > length * 2)
    throw new CashdeskError('value.malformed', { field: 'BCD', bytes: length })
  return fromHex(digits.padStart(length * 2, '0'))
}

/** The digits of packed BCD with their leading zeros, or undefined where a nibble is no digit. */
export function bcdDecode(bytes: Uint8Array): string | undefined {
  const digits = hex(bytes)
  return /^[0-9]*$/.test(digits) ? digits : undefined
}

// ── BER-TLV ─────────────────────────────────────────────────────────────────────────────────────────────

/** One data object. `tag` is the number its tag bytes make: `0x1f07`. */
export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
}

/** Longest tag that is read, in bytes. Longer ones exist in no protocol of this house. */
const MAX_TAG_BYTES = 3

/** A length as BER writes it, up to 65535: `7f`, `81 80`, `82 01 00`. @throws CashdeskError `value.malformed` */
export function tlvLength(length: number): Uint8Array {
  if (length <= 0x7f) return Uint8Array.of(length)
  if (length <= 0xff) return Uint8Array.of(0x81, length)
  if (length <= 0xffff) return Uint8Array.of(0x82, length >> 8, length & 0xff)
  throw new CashdeskError('value.malformed', { field: 'TLV length' })
}

/** One data object as bytes. */
export function writeTlv(tag: number, ...value: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const tagHex = tag.toString(16)
  const content = concatBytes(...value)
  return concatBytes(
    fromHex(tagHex.padStart(tagHex.length + (tagHex.length % 2), '0')),
    tlvLength(content.length),
    content,
  )
}

/** Reads a length at `at`; undefined where it is cut off or of an unknown form (`80`, `83` and above). */
export function readTlvLength(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly next: number } | undefined {
  const [first, second, third] = bytes.subarray(at, at + 3)
  if (first === undefined) return undefined
  if (first <= 0x7f) return { length: first, next: at + 1 }
  if (first === 0x81 && second !== undefined) return { length: second, next: at + 2 }
  if (first === 0x82 && second !== undefined && third !== undefined)
    return { length: second * 256 + third, next: at + 3 }
  return undefined
}

function readTag(bytes: Uint8Array, at: number): { readonly tag: number; readonly next: number } | undefined {
  let tag = bytes[at]
  if (tag === undefined) return undefined
  let next = at + 1
  if ((tag & 0x1f) !== 0x1f) return { tag, next }
  for (; next < at + MAX_TAG_BYTES; next += 1) {
    const byte = bytes[next]
    if (byte === undefined) return undefined
    tag = tag * 256 + byte
    if (byte < 0x80) return { tag, next: next + 1 }
  }
  return undefined
}

/** The data objects in `bytes`, in order; `rest` is what could not be read, empty when all is well. */
export function readTlvs(bytes: Uint8Array): { readonly items: readonly Tlv[]; readonly rest: Uint8Array } {
  const items: Tlv[] = []
  let at = 0
  while (at < bytes.length) {
    const head = readTag(bytes, at)
    const size = head && readTlvLength(bytes, head.next)
    if (!head || !size || size.next + size.length > bytes.length) break
    items.push({ tag: head.tag, value: bytes.slice(size.next, size.next + size.length) })
    at = size.next + size.length
  }
  return { items, rest: bytes.slice(at) }
}

/** Does this tag hold further data objects (bit 6 of its first byte)? */
export function isConstructed(tag: number): boolean {
  let first = tag
  while (first > 0xff) first = Math.floor(first / 256)
  return (first & 0x20) !== 0
}

/** Levels that `findTlv` descends: containers in containers in containers are more than any protocol uses. */
const MAX_TLV_DEPTH = 4

/** The value of the first object with this tag, also inside constructed ones; undefined if there is none. */
export function findTlv(items: readonly Tlv[], tag: number, depth = 0): Uint8Array | undefined {
  for (const item of items) {
    if (item.tag === tag) return item.value
    if (depth < MAX_TLV_DEPTH && isConstructed(item.tag)) {
      const inside = findTlv(readTlvs(item.value).items, tag, depth + 1)
      if (inside) return inside
    }
  }
  return undefined
}

// ── checks ──────────────────────────────────────────────────────────────────────────────────────────────

/** CRC-16/KERMIT: polynomial 0x1021 reflected (0x8408), initial value 0. `123456789` gives 0x2189. */
export function crc16Kermit(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  }
  return crc
}

/** Longitudinal redundancy check: all bytes XORed. */
export function lrc(bytes: Uint8Array): number {
  let check = 0
  for (const byte of bytes) check ^= byte
  return check
}

// ── framing ─────────────────────────────────────────────────────────────────────────────────────────────

/** What a framing sees at the start of a buffer: a frame, bytes that belong to none, or not enough yet. */
export type Cut<Frame> =
  | { readonly cut: 'frame'; readonly frame: Frame; readonly used: number }
  | { readonly cut: 'discard'; readonly used: number }
  | { readonly cut: 'more' }

/** How frames lie in a byte stream, and how much of an unfinished one is kept. */
export interface Framing<Frame> {
  /** Bytes kept of a frame that is not complete. More than that can be no frame and is discarded. */
  readonly limitBytes: number
  /** Looks at the start of `buffer`, which is never empty. */
  next(buffer: Uint8Array): Cut<Frame>
}

export interface Framed<Frame> {
  readonly frames: readonly Frame[]
  /** The unfinished frame: give it back as `pending` with the next bytes. Never longer than `limitBytes`. */
  readonly pending: Uint8Array
  /** Bytes that belonged to no frame. */
  readonly discarded: number
}

/** Cuts a stream into frames whatever way its bytes arrive: split anywhere, or many frames at once. */
export function cutFrames<Frame>(
  framing: Framing<Frame>,
  pending: Uint8Array,
  incoming: Uint8Array,
): Framed<Frame> {
  const buffer = pending.length === 0 ? incoming : concatBytes(pending, incoming)
  const frames: Frame[] = []
  let discarded = 0
  let at = 0
  while (at < buffer.length) {
    const seen = framing.next(buffer.subarray(at))
    if (seen.cut === 'more') break
    if (seen.cut === 'frame') frames.push(seen.frame)
    else discarded += Math.max(1, seen.used)
    at += Math.max(1, seen.used)
  }
  const rest = buffer.slice(at)
  if (rest.length <= framing.limitBytes) return { frames, pending: rest, discarded }
  return { frames, pending: new Uint8Array(0), discarded: discarded + rest.length }
}
