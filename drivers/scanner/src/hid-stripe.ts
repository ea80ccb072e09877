// Magnetic stripe readers in HID mode: one report holds a swipe, each track in a field of its own. The layout is found in the
// report descriptor, as the HID Point of Sale Usage Tables 1.02 have it (page 0x8E), or as MagTek's readers have it (page 0xFF00).
import { type HidField, readDescriptor } from './hid-descriptor.ts'
import { byteOf, lengthWithoutPadding, placeOf, usage, valuesOf } from './hid-layout.ts'
import { garbled, type Reading, type ScanEvent, scanOf } from './text.ts'

/** Offsets in bytes from the start of the report as the system hands it in, with its number in front if it has one. */
export interface HidStripeLayout {
  /** The number with which the report begins; 0 if reports are not numbered. */
  readonly report: number
  /** All of it, number included. */
  readonly bytes: number
  readonly tracks: readonly HidStripeTrack[]
}

interface HidStripeTrack {
  readonly number: 1 | 2 | 3
  readonly data: { readonly at: number; readonly length: number }
  /** How many of the data bytes are filled; without one the data are padded with NUL. */
  readonly count?: number
  /** The byte whose first bit says that the track could not be read. */
  readonly status?: number
}

/** Usage page Magnetic Stripe Reader, usage MSR Device Read-Only. */
const MSR = { page: 0x8e, data: 0x21, count: 0x11, status: undefined } as const
/** The page that MagTek gives its readers, which are not on the one that was made for them (manual 99875206). */
const MAGTEK = { page: 0xff00, data: 0x30, count: 0x28, status: 0x20 } as const
const MAGTEK_VENDOR = 0x0801
const READER_USAGE = 0x01

/** For systems that do not give the descriptor. `magtek`: three states, three lengths, the encoding, three times 110 bytes. */
export const HID_STRIPE_LAYOUTS: { readonly magtek: HidStripeLayout } = {
  magtek: {
    report: 0,
    bytes: 337,
    tracks: [
      { number: 1, data: { at: 7, length: 110 }, count: 3, status: 0 },
      { number: 2, data: { at: 117, length: 110 }, count: 4, status: 1 },
      { number: 3, data: { at: 227, length: 110 }, count: 5, status: 2 },
    ],
  },
}

/** Does a device that says this of itself read stripes? */
export function isStripeReader(device: {
  readonly vendorId: number
  readonly usagePage?: number | undefined
  readonly usage?: number | undefined
}): boolean {
  return device.usage === READER_USAGE && isStripePage(device.usagePage, device.vendorId)
}

/** The page of the usage tables, and MagTek's own. */
export function isStripePage(usagePage: number | undefined, vendorId: number | undefined): boolean {
  return usagePage === MSR.page || (usagePage === MAGTEK.page && vendorId === MAGTEK_VENDOR)
}

/** The layout that a report descriptor describes; undefined if it is malformed or describes no stripe reader. */
export function stripeLayoutOf(bytes: Uint8Array): HidStripeLayout | undefined {
  const descriptor = readDescriptor(bytes)
  if (descriptor === undefined) return undefined
  const first = descriptor.numbered ? 1 : 0
  for (const maker of [MSR, MAGTEK]) {
    const isData = ({ usages, bits }: HidField): boolean =>
      bits === 8 && usages.some(each => trackOf(each, maker) !== undefined)
    const report = descriptor.fields.find(isData)?.report
    if (report === undefined) continue
    const fields = descriptor.fields.filter(field => field.report === report)
    const tracks = fields.filter(isData).flatMap(field => tracksIn(field, fields, maker, first))
    const size = first + (descriptor.lengths.get(report) ?? 0)
    return tracks.length === 0 ? undefined : { report, bytes: size, tracks }
  }
  return undefined
}

type Maker = typeof MSR | typeof MAGTEK

function trackOf(id: number, { page, data }: Maker): 1 | 2 | 3 | undefined {
  return ([1, 2, 3] as const).find(number => id === usage(page, data + number - 1))
}

function tracksIn(
  field: HidField,
  fields: readonly HidField[],
  maker: Maker,
  first: number,
): readonly HidStripeTrack[] {
  return ([1, 2, 3] as const).flatMap(number => {
    const values = valuesOf(field).filter(value => trackOf(value.usage, maker) === number)
    const at = byteOf(values[0]?.at, first)
    if (at === undefined) return []
    const place = (base: number | undefined): number | undefined =>
      base === undefined ? undefined : byteOf(placeOf(fields, usage(maker.page, base + number - 1), 8), first)
    const [count, status] = [place(maker.count), place(maker.status)]
    return [
      {
        number,
        data: { at, length: values.length },
        ...(count === undefined ? {} : { count }),
        ...(status === undefined ? {} : { status }),
      },
    ]
  })
}

const SENTINELS = { 1: '%', 2: ';', 3: '+' } as const

/** A stripe reader without its wire: each report is a swipe, and nothing is held between two. */
export class HidStripeSession {
  readonly pending = false
  readonly #layout: HidStripeLayout
  readonly #reading: Reading

  constructor(layout: HidStripeLayout, reading: Reading = {}) {
    this.#layout = layout
    this.#reading = { ...reading, cards: 'only' }
  }

  /** Takes one report as the system hands it in. One with another number is the reader's own business. */
  bytes(report: Uint8Array): readonly ScanEvent[] {
    const { report: number, bytes, tracks } = this.#layout
    if (number !== 0 && report[0] !== number) return []
    if (report.length < bytes) return [garbled(report.length)]
    const texts = tracks.map(track => textOf(report, track))
    // A track that does not fit its layout may be half a payment card's, or an encrypting reader's: nothing is handed on.
    if (texts.includes(undefined)) return [garbled(report.length)]
    const text = texts.join('')
    return text === '' ? [garbled(report.length)] : [scanOf(text, this.#reading)]
  }

  silence(): readonly ScanEvent[] {
    return []
  }

  lost(): readonly ScanEvent[] {
    return []
  }
}

/** A track between its sentinels, as readers on a serial line send it; undefined where the bytes are none. */
function textOf(report: Uint8Array, { number, data, count, status }: HidStripeTrack): string | undefined {
  const sentinel = SENTINELS[number]
  if (status !== undefined && ((report[status] ?? 0) & 1) === 1) return `${sentinel}E?`
  const all = report.subarray(data.at, data.at + data.length)
  const filled = count === undefined ? lengthWithoutPadding(all) : (report[count] ?? 0)
  if (filled === 0) return ''
  const bytes = all.subarray(0, filled)
  if (filled > all.length || bytes.some(byte => byte < 0x20 || byte > 0x7e)) return undefined
  const text = String.fromCharCode(...bytes)
  // With the sentinels that were on the card, with those the reader was set to, or without any.
  const body = /^[%;+#!&@]/.test(text) ? text.slice(1) : text
  return `${sentinel}${body}${body.includes('?') ? '' : '?'}`
}
