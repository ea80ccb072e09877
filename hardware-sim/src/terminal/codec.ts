// Bytes of the simulated terminal: cutting a stream into APDUs, reading and writing their fields, TLV and BCD.
// Its own code, so that a mistake in the driver's codec cannot find its mirror image here.
import { CHARSET, CP437, FIELDS, type FieldLength } from './tables.ts'

/** One message: CLASS and INSTR (or CCRC and APRC) as one number, and its data. */
export interface Apdu {
  readonly control: number
  readonly data: Buffer
}

/** One field: its number and its value without any length prefix. */
export type Field = readonly [bmp: number, value: Buffer]

/** One TLV object; a constructed one is written by nesting `writeTlv`. */
export type TlvObject = readonly [tag: number, value: Buffer]

/** Cuts a byte stream into APDUs, however it was fragmented or coalesced. Holds at most one APDU (65,540 bytes). */
export class ApduReader {
  #held: Buffer = Buffer.alloc(0)

  /** True in the middle of an APDU. */
  get midway(): boolean {
    return this.#held.length > 0
  }

  push(chunk: Buffer): Apdu[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const apdus: Apdu[] = []
    for (;;) {
      const size = sizeOf(this.#held)
      if (size === undefined || this.#held.length < size.header + size.data) return apdus
      const end = size.header + size.data
      apdus.push({ control: this.#held.readUInt16BE(0), data: this.#held.subarray(size.header, end) })
      this.#held = this.#held.subarray(end)
    }
  }
}

/** LEN is one byte up to FE; FF announces two more, the low one first (PA00P016 ch. 5.2.4). */
function sizeOf(bytes: Buffer): { header: number; data: number } | undefined {
  if (bytes.length < 3) return undefined
  const short = bytes.readUInt8(2)
  if (short !== 0xff) return { header: 3, data: short }
  return bytes.length < 5 ? undefined : { header: 5, data: bytes.readUInt16LE(3) }
}

export function writeApdu(control: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(data.length < 0xff ? 3 : 5)
  header.writeUInt16BE(control, 0)
  if (data.length < 0xff) header.writeUInt8(data.length, 2)
  else {
    header.writeUInt8(0xff, 2)
    header.writeUInt16LE(data.length, 3)
  }
  return Buffer.concat([header, data])
}

/** The fields of a message by number, or undefined if one is unknown or cut off. A repeated field's last value counts. */
export function readFields(data: Buffer): Map<number, Buffer> | undefined {
  const fields = new Map<number, Buffer>()
  let at = 0
  while (at < data.length) {
    const bmp = data.readUInt8(at)
    const kind = FIELDS.get(bmp)
    const size = kind === undefined ? undefined : prefix(kind, data, at + 1)
    if (size === undefined || at + 1 + size.header + size.data > data.length) return undefined
    const start = at + 1 + size.header
    fields.set(bmp, data.subarray(start, start + size.data))
    at = start + size.data
  }
  return fields
}

/** Where the field `wanted` begins, or undefined if there is none that can be found. */
export function bmpOffset(data: Buffer, wanted: number): number | undefined {
  let at = 0
  while (at < data.length) {
    const bmp = data.readUInt8(at)
    const kind = FIELDS.get(bmp)
    const size = kind === undefined ? undefined : prefix(kind, data, at + 1)
    const end = size === undefined ? undefined : at + 1 + size.header + size.data
    if (end === undefined || end > data.length) return undefined
    if (bmp === wanted) return at
    at = end
  }
  return undefined
}

export function writeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([bmp, value]) => {
      const kind = FIELDS.get(bmp)
      if (typeof kind === 'number' && kind !== value.length) {
        throw new TypeError(`field ${bmp.toString(16)} takes ${kind} bytes, not ${value.length}`)
      }
      const length =
        kind === 'LL'
          ? counter(value.length, 2)
          : kind === 'LLL'
            ? counter(value.length, 3)
            : kind === 'TLV'
              ? tlvLength(value.length)
              : Buffer.alloc(0)
      return [Buffer.from([bmp]), length, value]
    }),
  )
}

function prefix(kind: FieldLength, data: Buffer, at: number): { header: number; data: number } | undefined {
  if (typeof kind === 'number') return { header: 0, data: kind }
  if (kind === 'TLV') return readTlvLength(data, at)
  const digits = kind === 'LL' ? 2 : 3
  if (at + digits > data.length) return undefined
  let size = 0
  for (let index = 0; index < digits; index += 1) {
    const digit = data.readUInt8(at + index)
    if (digit < 0xf0 || digit > 0xf9) return undefined
    size = size * 10 + (digit & 0x0f)
  }
  return { header: digits, data: size }
}

function counter(size: number, digits: 2 | 3): Buffer {
  return Buffer.from([...String(size).padStart(digits, '0')].map(digit => 0xf0 + Number(digit)))
}

/** Every object in a container, one level deep, or undefined if it is cut off or malformed. */
export function readTlv(data: Buffer): Map<number, Buffer> | undefined {
  const objects = new Map<number, Buffer>()
  let at = 0
  while (at < data.length) {
    let tag = data.readUInt8(at)
    at += 1
    // A tag whose low five bits are all set goes on while the top bit of the next byte is set; three bytes at most.
    if ((tag & 0x1f) === 0x1f) {
      for (let more = true; more; ) {
        if (at >= data.length || tag > 0xffff) return undefined
        const next = data.readUInt8(at)
        tag = tag * 256 + next
        at += 1
        more = (next & 0x80) !== 0
      }
    }
    const size = readTlvLength(data, at)
    if (size === undefined || at + size.header + size.data > data.length) return undefined
    objects.set(tag, data.subarray(at + size.header, at + size.header + size.data))
    at += size.header + size.data
  }
  return objects
}

export function writeTlv(objects: readonly TlvObject[]): Buffer {
  return Buffer.concat(
    objects.flatMap(([tag, value]) => [
      tag > 0xff ? Buffer.from([tag >> 8, tag & 0xff]) : Buffer.from([tag]),
      tlvLength(value.length),
      value,
    ]),
  )
}

/** Up to 7F plainly, then `81 n`, then `82 high low`. */
export function tlvLength(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size])
  return size < 0x100 ? Buffer.from([0x81, size]) : Buffer.from([0x82, size >> 8, size & 0xff])
}

function readTlvLength(data: Buffer, at: number): { header: number; data: number } | undefined {
  if (at >= data.length) return undefined
  const first = data.readUInt8(at)
  if (first < 0x80) return { header: 1, data: first }
  if (first === 0x81 && at + 2 <= data.length) return { header: 2, data: data.readUInt8(at + 1) }
  if (first === 0x82 && at + 3 <= data.length) return { header: 3, data: data.readUInt16BE(at + 1) }
  return undefined
}

/** A number in packed decimal digits, right-aligned. */
export function bcd(value: number | string, bytes: number): Buffer {
  const digits = String(value).padStart(bytes * 2, '0')
  if (!/^\d+$/.test(digits) || digits.length > bytes * 2)
    throw new TypeError(`${value} is no ${bytes}-byte BCD`)
  return Buffer.from(digits, 'hex')
}

/** The digits of a packed number, or undefined if a nibble is none. */
export function digitsOf(value: Buffer): string | undefined {
  const digits = value.toString('hex')
  return /^\d*$/.test(digits) ? digits : undefined
}

/** A card number with `E` for hidden digits, padded with `F`. */
export function packPan(pan: string): Buffer {
  return Buffer.from(pan.length % 2 === 0 ? pan : `${pan}F`, 'hex')
}

/** Text in the character set that was agreed at registration. What it lacks becomes a question mark. */
export function writeText(text: string, charset: number): Buffer {
  if (charset === CHARSET.utf8) return Buffer.from(text, 'utf8')
  return Buffer.from(
    [...text].map(letter => {
      const point = letter.codePointAt(0) ?? 0x3f
      if (point < 0x80) return point
      if (charset === CHARSET.latin1) return point < 0x100 ? point : 0x3f
      return CP437.get(letter) ?? 0x3f
    }),
  )
}
