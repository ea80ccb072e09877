// The data of one APDU explained: what stands at fixed places first, then BMPs in any order, and TLV objects inside
// them. Places are kept, so that each field knows its bytes in the capture it came from.
import { bcdDecode, hex, isConstructed, maskCardNumbers, readTlvLength } from '@cashdesk/kernel'
import { readVarLength } from './apdu.ts'
import { decodeText } from './charset.ts'
import { currencyOf } from './currency.ts'
import { BMP_KINDS, COMMAND_NAMES, type FieldKind, WITH_PASSWORD } from './fields.ts'
import {
  BMP,
  BMP_FORMATS,
  CONTROL,
  DECIMAL_BMPS,
  intermediateText,
  resultText,
  stateText,
  TAG,
} from './frames.ts'
import { maskPan } from './status.ts'
import { TAG_KINDS } from './tags.ts'

export interface ExplainedField {
  /** Place and length in the input, what doubles them on a serial line counted. */
  readonly offset: number
  readonly length: number
  readonly name: string
  readonly value: string
  readonly hex?: string
  readonly meaning?: string
  readonly fields?: readonly ExplainedField[]
}

export interface Problem {
  readonly offset: number
  readonly length?: number
  readonly what: string
}

/** Some bytes, and where each of them stands in the input. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly offsetOf: (index: number) => number
}

/** A part of some bytes. */
export function piece({ bytes, offsetOf }: Bytes, from: number, length: number): Bytes {
  return { bytes: bytes.subarray(from, from + length), offsetOf: index => offsetOf(from + index) }
}

/** Objects inside objects that are followed; deeper ones are shown as bytes. */
const MAX_DEPTH = 5

/** The fields of the data behind control field and length. */
export function explainData(control: number, source: Bytes, problems: Problem[]): readonly ExplainedField[] {
  const fields: ExplainedField[] = []
  const { bytes } = source
  let at = 0
  const take = (length: number, name: string, say: (part: Uint8Array) => Said): void => {
    if (at >= bytes.length) return
    fields.push(leaf(piece(source, at, length), name, say))
    at += length
  }
  if (WITH_PASSWORD.has(control) || (control === CONTROL.statusEnquiry && bytes.length > 0))
    take(3, 'password', secret)
  switch (control) {
    case CONTROL.registration:
      take(1, 'config byte', plainHex)
      if (bytes.length >= at + 2) take(2, 'currency', currency)
      break
    case CONTROL.intermediate:
      take(1, 'status', part => ({ value: hex(part), meaning: intermediateText(part[0] ?? 0xff) }))
      if (bytes[at] !== BMP.tlv || bytes.length === at + 1)
        take(1, 'T4 in minutes', part => ({ value: bcdDecode(part) ?? hex(part) }))
      break
    case CONTROL.aborted:
      take(1, 'result code', result)
      if (bytes[at] === 0x09) take(2, 'currency', currency)
      break
    case CONTROL.printLine:
      take(1, 'attribute', plainHex)
      take(bytes.length - at, bytes[0] === 0xff ? 'line feeds' : 'text', bytes[0] === 0xff ? plainHex : text)
      return fields
    case CONTROL.completion:
      at = enquiryHead(source, fields)
      break
  }
  return [...fields, ...bmps(piece(source, at, bytes.length - at), problems)]
}

/** A completion of 05 01 holds no BMPs at first: a version with its length, or not, and a state. */
function enquiryHead(source: Bytes, fields: ExplainedField[]): number {
  const { bytes } = source
  const state = (part: Uint8Array): Said => ({ value: hex(part), meaning: stateText(part[0] ?? 0xff) })
  const size = readVarLength(bytes, 0, 3)
  if (size && size.next + size.length < bytes.length) {
    const at = size.next + size.length
    fields.push(leaf(piece(source, 0, at), 'software version', part => text(part.subarray(size.next))))
    fields.push(leaf(piece(source, at, 1), 'state', state))
    return at + 1
  }
  if (bytes.length !== 1) return 0
  fields.push(leaf(source, 'state', state))
  return 1
}

// ── BMPs ────────────────────────────────────────────────────────────────────────────────────────────────

function bmps(source: Bytes, problems: Problem[]): readonly ExplainedField[] {
  const fields: ExplainedField[] = []
  const { bytes, offsetOf } = source
  let at = 0
  while (at < bytes.length) {
    const bmp = bytes[at] ?? 0
    const name = `BMP ${bmp.toString(16).padStart(2, '0').toUpperCase()}`
    const size = sizeOfBmp(bytes, at)
    if (!size || size.next + size.length > bytes.length) {
      const what = BMP_FORMATS.has(bmp) ? `${name} is cut off` : `${name} is not in the specification`
      problems.push({ offset: offsetOf(at), what })
      const rest = piece(source, at, bytes.length - at)
      // No bytes: a card number may be among them, and captures are passed around.
      fields.push(leaf(rest, 'not readable', part => ({ value: `${part.length} bytes`, hidden: true })))
      return fields
    }
    const kind = BMP_KINDS.get(bmp) ?? { name: 'unnamed', reads: 'bytes' }
    const value = piece(source, size.next, size.length)
    const head = piece(source, at, size.next + size.length - at)
    if (DECIMAL_BMPS.has(bmp) && bcdDecode(value.bytes) === undefined)
      problems.push({
        offset: value.offsetOf(0),
        length: value.bytes.length,
        what: `${name} holds no digits`,
      })
    const field = leaf(head, `${name} ${kind.name}`, () => saidOfBmp(bmp, kind, value.bytes))
    fields.push(bmp === BMP.tlv ? { ...field, fields: tlvs(value, problems, 0) } : field)
    at = size.next + size.length
  }
  return fields
}

function sizeOfBmp(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly next: number } | undefined {
  const format = BMP_FORMATS.get(bytes[at] ?? 0)
  if (format === undefined) return undefined
  if (format === 'TLV') return readTlvLength(bytes, at + 1)
  if (typeof format === 'number') return { length: format, next: at + 1 }
  return readVarLength(bytes, at + 1, format === 'LL' ? 2 : 3)
}

function saidOfBmp(bmp: number, kind: FieldKind, value: Uint8Array): Said {
  if (bmp === BMP.resultCode) return result(value)
  if (bmp === BMP.currency) return currency(value)
  return said(kind, value)
}

// ── TLV ─────────────────────────────────────────────────────────────────────────────────────────────────

function tlvs(source: Bytes, problems: Problem[], depth: number): readonly ExplainedField[] {
  const fields: ExplainedField[] = []
  const { bytes, offsetOf } = source
  let at = 0
  while (at < bytes.length) {
    const head = tagAt(bytes, at)
    const size = head && readTlvLength(bytes, head.next)
    if (!head || !size || size.next + size.length > bytes.length) {
      problems.push({ offset: offsetOf(at), what: 'a TLV object is cut off' })
      return fields
    }
    const kind = TAG_KINDS.get(head.tag) ?? { name: 'not in the specification', reads: 'bytes' }
    const digits = head.tag.toString(16).toUpperCase()
    const value = piece(source, size.next, size.length)
    const inside = isConstructed(head.tag) && kind.reads !== 'secret' && depth < MAX_DEPTH
    const all = piece(source, at, size.next + size.length - at)
    const name = `tag ${digits.padStart(digits.length + (digits.length % 2), '0')} ${kind.name}`
    fields.push(
      inside
        ? { ...leaf(all, name, () => ({ value: '' })), fields: tlvs(value, problems, depth + 1) }
        : leaf(all, name, () => saidOfTag(head.tag, kind, value.bytes)),
    )
    at = size.next + size.length
  }
  return fields
}

function tagAt(bytes: Uint8Array, at: number): { readonly tag: number; readonly next: number } | undefined {
  const first = bytes[at]
  const second = bytes[at + 1]
  if (first === undefined) return undefined
  if ((first & 0x1f) !== 0x1f) return { tag: first, next: at + 1 }
  // Two tags of the specification (1F80 to 1F83) have the mark of a third byte that does not come.
  return second === undefined ? undefined : { tag: first * 256 + second, next: at + 2 }
}

const RECEIPTS: { readonly [code: number]: string } = { 1: 'merchant', 2: 'customer', 3: 'administration' }

function saidOfTag(tag: number, kind: FieldKind, value: Uint8Array): Said {
  if (tag === TAG.receiptType) return { value: hex(value), meaning: RECEIPTS[value[0] ?? 0] ?? 'unknown' }
  if (tag === TAG.command) {
    const control = (value[0] ?? 0) * 256 + (value[1] ?? 0)
    return { value: hex(value), meaning: COMMAND_NAMES.get(control) ?? 'unknown command' }
  }
  return said(kind, value)
}

// ── values ──────────────────────────────────────────────────────────────────────────────────────────────

interface Said {
  readonly value: string
  readonly meaning?: string
  /** The bytes must not be seen. */
  readonly hidden?: boolean
}

function leaf(part: Bytes, name: string, say: (bytes: Uint8Array) => Said): ExplainedField {
  const { bytes, offsetOf } = part
  const { value, meaning, hidden } = say(bytes)
  const last = bytes.length === 0 ? offsetOf(0) : offsetOf(bytes.length - 1) + 1
  const digits = hex(bytes)
  // Digits packed two to a byte are a card number in hexadecimal, whatever the field is called.
  const plain = !hasLongNumber(value) && maskCardNumbers(digits) === digits
  const clear = hidden !== true && bytes.length <= MAX_SHOWN && plain
  return {
    offset: offsetOf(0),
    length: last - offsetOf(0),
    name,
    value: maskLongNumbers(value),
    ...(clear && { hex: digits }),
    ...(meaning !== undefined && { meaning }),
  }
}

/** Bytes of one field that are shown in hexadecimal. */
const MAX_SHOWN = 64

/** A run of digits that may be a card number, in whatever text it stands. */
const LONG_NUMBER = /\d(?:[ -]?\d){12,18}/g

function hasLongNumber(value: string): boolean {
  return value.search(LONG_NUMBER) >= 0
}

function maskLongNumbers(value: string): string {
  return value.replace(LONG_NUMBER, digits => '*'.repeat(digits.length - 4) + digits.slice(-4))
}

function said({ reads }: FieldKind, value: Uint8Array): Said {
  switch (reads) {
    case 'digits':
      return { value: bcdDecode(value) ?? hex(value) }
    case 'text':
      return text(value)
    case 'number':
      return { value: hex(value) }
    case 'pan':
      return { value: maskPan(value), hidden: true }
    case 'secret':
      return secret(value)
    case 'fields':
      return { value: '', hidden: true }
    case 'bytes':
      return { value: hex(value.subarray(0, MAX_SHOWN)) }
  }
}

function secret(value: Uint8Array): Said {
  return { value: `${value.length} bytes, not shown`, hidden: true }
}

function plainHex(value: Uint8Array): Said {
  return { value: hex(value) }
}

function text(value: Uint8Array): Said {
  return { value: decodeText(value, 'cp437').trimEnd() }
}

function currency(value: Uint8Array): Said {
  return { value: hex(value), meaning: currencyOf(hex(value)) }
}

function result(value: Uint8Array): Said {
  return { value: hex(value), meaning: resultText(value[0] ?? 0xff) }
}
