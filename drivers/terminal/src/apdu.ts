// APDUs and the data fields (BMPs) inside them: writing, cutting out of a stream, reading. Nothing here throws for
// what a terminal sent: what cannot be read is said beside what can.
import { type Cut, concatBytes, type Framing, hex, readTlvLength, readTlvs, type Tlv } from '@cashdesk/kernel'
import { BMP, BMP_FORMATS, COMMAND_CLASSES, DECIMAL_BMPS, NEGATIVE, POSITIVE } from './frames.ts'

export interface Apdu {
  /** Class and instruction, or completion code and its reason: `0x040f`, `0x8483`. */
  readonly control: number
  readonly data: Uint8Array
}

/** Largest data block: two length bytes. */
const MAX_DATA = 0xffff

/** From this length on the length field is `FF lo hi` (PA00P016 ch. 5.2.4). */
const LONG = 0xff

export function encodeApdu(
  control: number | readonly number[],
  ...data: readonly (Uint8Array | readonly number[])[]
): Uint8Array {
  const head = typeof control === 'number' ? [control >> 8, control & 0xff] : control
  const body = concatBytes(...data)
  const length = body.length < LONG ? [body.length] : [LONG, body.length & 0xff, body.length >> 8]
  return concatBytes(head, length, body)
}

/** A frame of the stream, or the certainty that the other side does not speak ZVT. */
export type Frame = Apdu | 'not-zvt'

/** APDUs as TCP carries them: bare, one after the other. */
export const ZVT_FRAMING: Framing<Frame> = {
  limitBytes: MAX_DATA + 5,
  next(buffer): Cut<Frame> {
    const [first = 0, second, short, low, high] = buffer
    if (first !== POSITIVE && first !== NEGATIVE && !COMMAND_CLASSES.has(first))
      return { cut: 'frame', frame: 'not-zvt', used: buffer.length }
    if (second === undefined || short === undefined) return { cut: 'more' }
    let start = 3
    let length = short
    if (short === LONG) {
      if (low === undefined || high === undefined) return { cut: 'more' }
      start = 5
      length = low + high * 256
    }
    if (buffer.length < start + length) return { cut: 'more' }
    const frame = { control: first * 256 + second, data: buffer.slice(start, start + length) }
    return { cut: 'frame', frame, used: start + length }
  },
}

interface BmpField {
  readonly bmp: number
  readonly value: Uint8Array
  /** It stands behind an unknown BMP: where it begins is a good guess and no more. */
  readonly guessed: boolean
}

export interface BmpBlock {
  readonly fields: readonly BmpField[]
  /** What stands in the TLV container (BMP 06), if there is one. */
  readonly tlvs: readonly Tlv[]
  /** BMPs that no table knows; their content was skipped where the fields behind it could still be read. */
  readonly unknown: readonly number[]
  /** False when something at the end could not be read. */
  readonly whole: boolean
}

/** Unknown BMPs that are skipped in one block before the rest is given up. */
const MAX_UNKNOWN = 4

/**
 * Reads a block of BMPs in any order. The length of an unknown BMP cannot be known: the first place behind it from
 * which everything up to the end reads cleanly, without a BMP twice, is where the known ones go on.
 */
export function readBmps(data: Uint8Array): BmpBlock {
  const fields: BmpField[] = []
  const unknown: number[] = []
  let at = 0
  while (at < data.length) {
    const field = readBmp(data, at)
    if (field) {
      fields.push({ ...field, guessed: unknown.length > 0 })
      at = field.next
      continue
    }
    const bmp = data[at] ?? 0
    if (BMP_FORMATS.has(bmp) || unknown.length === MAX_UNKNOWN) break
    unknown.push(bmp)
    at = resume(data, at + 1, new Set(fields.map(one => one.bmp)))
  }
  const container = fields.find(field => field.bmp === BMP.tlv)
  const tlvs = container ? readTlvs(container.value).items : []
  return { fields, tlvs, unknown, whole: at >= data.length }
}

/** Where known fields go on after an unknown one; the end of the data if nowhere. */
function resume(data: Uint8Array, from: number, seen: ReadonlySet<number>): number {
  for (let start = from; start < data.length; start += 1) {
    const met = new Set(seen)
    let at = start
    for (;;) {
      const field = readBmp(data, at)
      if (!field || met.has(field.bmp) || !isPlausible(field)) break
      met.add(field.bmp)
      at = field.next
      if (at === data.length) return start
    }
  }
  return data.length
}

interface Located {
  readonly bmp: number
  readonly value: Uint8Array
  readonly next: number
}

function isPlausible({ bmp, value }: Located): boolean {
  return !DECIMAL_BMPS.has(bmp) || /^[0-9]*$/.test(hex(value))
}

function readBmp(data: Uint8Array, at: number): Located | undefined {
  const bmp = data[at]
  if (bmp === undefined) return undefined
  const format = BMP_FORMATS.get(bmp)
  if (format === undefined) return undefined
  const size = sizeOf(data, at + 1, format)
  if (!size || size.next + size.length > data.length) return undefined
  const next = size.next + size.length
  return { bmp, value: data.slice(size.next, next), next }
}

function sizeOf(
  data: Uint8Array,
  at: number,
  format: number | 'LL' | 'LLL' | 'TLV',
): { readonly length: number; readonly next: number } | undefined {
  if (format === 'TLV') return readTlvLength(data, at)
  if (typeof format === 'number') return { length: format, next: at }
  return readVarLength(data, at, format === 'LL' ? 2 : 3)
}

/** A length of `digits` decimal digits, one a byte, each written `Fx`. */
export function readVarLength(
  data: Uint8Array,
  at: number,
  digits: number,
): { readonly length: number; readonly next: number } | undefined {
  let length = 0
  for (let index = 0; index < digits; index += 1) {
    const byte = data[at + index]
    if (byte === undefined || (byte & 0xf0) !== 0xf0 || (byte & 0x0f) > 9) return undefined
    length = length * 10 + (byte & 0x0f)
  }
  return { length, next: at + digits }
}
