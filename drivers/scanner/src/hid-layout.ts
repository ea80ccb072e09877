// Where a HID POS scanner's reports hold the code: found in its report descriptor (HID Point of Sale Usage Tables 1.02,
// ch. 3), or named where the system does not give the descriptor. Layouts differ from maker to maker.
import { type HidDescriptor, type HidField, readDescriptor } from './hid-descriptor.ts'

/** Offsets in bytes from the start of the report as the system hands it in, with its number in front if it has one. */
export interface HidLayout {
  /** The number with which the report begins; 0 if reports are not numbered. */
  readonly report: number
  /** All of it, number included. */
  readonly bytes: number
  /** How many of the data bytes are filled; without one the data are padded with NUL. */
  readonly count?: number
  /** Where the three characters of the AIM identifier stand. */
  readonly aim?: readonly [number, number, number]
  readonly data: { readonly at: number; readonly length: number }
  /** The bit that says that the code goes on in the next report. */
  readonly continued?: { readonly at: number; readonly bit: number }
}

/**
 * Layouts by name, for systems that do not give the descriptor. `counted`: number 2, length, AIM identifier, 56 bytes,
 * the continued bit at the end of 62 bytes (Honeywell). `counted-64`: the same with two reserved bytes before the last
 * (Access-IS LSR110 and LSR118, by their manuals). `padded`: number 2, AIM identifier, 56 bytes, continued bit.
 */
export const HID_LAYOUTS: { readonly [name in 'counted' | 'counted-64' | 'padded']: HidLayout } = {
  counted: {
    report: 2,
    bytes: 62,
    count: 1,
    aim: [2, 3, 4],
    data: { at: 5, length: 56 },
    continued: { at: 61, bit: 0 },
  },
  'counted-64': {
    report: 2,
    bytes: 64,
    count: 1,
    aim: [2, 3, 4],
    data: { at: 5, length: 56 },
    continued: { at: 63, bit: 0 },
  },
  padded: {
    report: 2,
    bytes: 61,
    aim: [1, 2, 3],
    data: { at: 4, length: 56 },
    continued: { at: 60, bit: 0 },
  },
}

/** Usage page Bar Code Scanner, usage Bar Code Scanner: the application that sends codes. */
export const SCANNER_PAGE = 0x8c
export const SCANNER_USAGE = 0x02

export const usage = (page: number, id: number): number => page * 0x10000 + id
const AIM = [usage(SCANNER_PAGE, 0xfb), usage(SCANNER_PAGE, 0xfc), usage(SCANNER_PAGE, 0xfd)] as const
const DATA = usage(SCANNER_PAGE, 0xfe)
const CONTINUED = usage(SCANNER_PAGE, 0xff)
/** Generic Desktop, Byte Count. */
const COUNT = usage(0x01, 0x3b)

/** The layout that a report descriptor describes; undefined if it is malformed or describes no bar code scanner. */
export function layoutOf(bytes: Uint8Array): HidLayout | undefined {
  const descriptor = readDescriptor(bytes)
  const data = descriptor?.fields.find(field => field.usages.includes(DATA) && field.bits === 8)
  if (descriptor === undefined || data === undefined) return undefined
  const first = descriptor.numbered ? 1 : 0
  const fields = descriptor.fields.filter(({ report }) => report === data.report)
  const dataBytes = valuesOf(data).filter(value => value.usage === DATA)
  const from = byteOf(dataBytes[0]?.at, first)
  if (from === undefined) return undefined
  const aim = AIM.map(id => byteOf(placeOf(fields, id, 8), first))
  const count = byteOf(placeOf(fields, COUNT, 8), first)
  const continued = placeOf(fields, CONTINUED)
  return {
    report: data.report,
    bytes: first + (descriptor.lengths.get(data.report) ?? 0),
    data: { at: from, length: dataBytes.length },
    ...(count === undefined ? {} : { count }),
    ...aimOf(aim),
    ...(continued === undefined ? {} : { continued: { at: first + (continued >> 3), bit: continued & 7 } }),
  }
}

function aimOf([first, second, third]: readonly (number | undefined)[]): Pick<HidLayout, 'aim'> {
  if (first === undefined || second === undefined || third === undefined) return {}
  return { aim: [first, second, third] }
}

/** Each value of a field with its usage and the bit where it begins. */
export function valuesOf({
  at,
  bits,
  count,
  usages,
}: HidField): readonly { readonly usage: number; readonly at: number }[] {
  const last = usages.at(-1)
  if (last === undefined) return []
  return Array.from({ length: count }, (_, index) => ({
    usage: usages[index] ?? last,
    at: at + index * bits,
  }))
}

/** The bit where the first value of this usage begins. */
export function placeOf(fields: HidDescriptor['fields'], id: number, bits?: number): number | undefined {
  for (const field of fields) {
    if (!field.usages.includes(id) || (bits !== undefined && field.bits !== bits)) continue
    const found = valuesOf(field).find(value => value.usage === id)
    if (found !== undefined) return found.at
  }
  return undefined
}

/** Of a field that is padded with NUL. */
export function lengthWithoutPadding(bytes: Uint8Array): number {
  return bytes.findLastIndex(byte => byte !== 0) + 1
}

/** A bit's byte, if it begins there. */
export function byteOf(bit: number | undefined, first: number): number | undefined {
  return bit === undefined || bit % 8 !== 0 ? undefined : first + bit / 8
}
