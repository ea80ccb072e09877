// What a terminal says about a transaction (04 0F), about itself (06 0F) and about a day's totals, as facts.
// Card numbers are masked here, before anything else sees them; track and chip data are never kept.
import {
  bcdDecode,
  type EpochMs,
  type Facts,
  findTlv,
  hex,
  type PaymentFacts,
  readTlvLength,
  readTlvs,
  type Tlv,
} from '@cashdesk/kernel'
import { type BmpBlock, readBmps, readVarLength } from './apdu.ts'
import { type Charset, decodeText } from './charset.ts'
import { currencyOf } from './currency.ts'
import { readConversion, type ToldAmount } from './foreign.ts'
import { BMP, SIGNED, TAG, TOTALS_ORDER } from './frames.ts'

/** One status information. Facts are only what was there and could be read. */
export interface StatusReport {
  /** 0 is success; undefined when it was absent, could not be read, or a field stands there twice with two contents. */
  readonly resultCode: number | undefined
  readonly facts: Partial<PaymentFacts>
  /** What the shop gets, as a conversion (DCC) repeats it. */
  readonly base?: ToldAmount
  /** Trace number of the payment that a reversal reverses (BMP 37). */
  readonly originalTrace?: string
  /** Text for the merchant or customer (BMP 3C), or the extended error text (TLV 1F17). */
  readonly text?: string
  /** TLV 1F6C: what the card says about its owner's age. */
  readonly age?: number
  /** TLV 1F1F as hexadecimal: the number that resynchronisation mirrors. */
  readonly mirroredReceipt?: string
  /** TLV 1F73: the terminal counts its messages. */
  readonly messageSequence?: string
  /** Single amounts of an end of day (BMP 60). */
  readonly totals?: Totals
  readonly unknownBmps: readonly number[]
  /** Something above was read behind an unknown BMP. Believe it only where something else says the same. */
  readonly guessed: boolean
  /** Everything could be read: what is absent was not sent. */
  readonly whole: boolean
}

interface Totals {
  readonly firstReceipt: string
  readonly lastReceipt: string
  readonly brands: readonly { readonly brand: string; readonly count: number; readonly totalMinor: number }[]
}

/** Reads the data of a 04 0F. `now` completes the year of its date. */
export function readStatus(data: Uint8Array, now: EpochMs, charset: Charset): StatusReport {
  const block = readBmps(data)
  const value = (bmp: number): Uint8Array | undefined => block.fields.find(field => field.bmp === bmp)?.value
  const originalTrace = digitsOf(value(BMP.originalTrace))
  const text = textOf(value(BMP.text), charset) ?? textOf(findTlv(block.tlvs, TAG.extendedText), charset)
  const mirrored = findTlv(block.tlvs, TAG.mirroredReceipt)
  const sequence = digitsOf(findTlv(block.tlvs, TAG.messageSequence))
  const totals = totalsOf(value(BMP.totals))
  const age = findTlv(block.tlvs, TAG.ageResult)?.[0]
  const { base, facts } = readConversion(block.tlvs) ?? {}
  return {
    resultCode: isContradictory(block) ? undefined : value(BMP.resultCode)?.[0],
    facts: { ...factsOf(block, now, charset), ...facts },
    ...(base && { base }),
    ...(originalTrace !== undefined && { originalTrace }),
    ...(text !== undefined && { text }),
    ...(age !== undefined && { age }),
    ...(mirrored !== undefined && { mirroredReceipt: hex(mirrored) }),
    ...(sequence !== undefined && { messageSequence: sequence }),
    ...(totals !== undefined && { totals }),
    unknownBmps: block.unknown,
    guessed: block.fields.some(field => field.guessed),
    whole: block.whole && block.unknown.length === 0,
  }
}

/** By these a payment is known: one that stands there twice says nothing where it says two things. */
const SAID_ONCE: ReadonlySet<number> = new Set([
  BMP.resultCode,
  BMP.amount,
  BMP.currency,
  BMP.trace,
  BMP.receipt,
  BMP.turnover,
  BMP.originalTrace,
])

function isContradictory({ fields }: BmpBlock): boolean {
  const said = new Map<number, string>()
  return fields.some(({ bmp, value }) => {
    const [before, now] = [said.get(bmp), hex(value)]
    said.set(bmp, now)
    return SAID_ONCE.has(bmp) && before !== undefined && before !== now
  })
}

/** What a report says about the terminal itself. */
export function notedFacts(report: StatusReport): Facts {
  return {
    ...(report.facts.terminalId !== undefined && { terminalId: report.facts.terminalId }),
    ...(report.mirroredReceipt !== undefined && { mirroredReceipt: report.mirroredReceipt }),
    ...(report.messageSequence !== undefined && { messageSequence: report.messageSequence }),
    ...(report.unknownBmps.length > 0 && {
      unknownBmps: report.unknownBmps.map(bmp => bmp.toString(16)).join(' '),
    }),
  }
}

function factsOf(block: BmpBlock, now: EpochMs, charset: Charset): Partial<PaymentFacts> {
  const value = (bmp: number): Uint8Array | undefined => block.fields.find(field => field.bmp === bmp)?.value
  const amount = digitsOf(value(BMP.amount))
  const currency = digitsOf(value(BMP.currency))
  const pan = value(BMP.pan)
  const tip = digitsOf(findTlv(block.tlvs, TAG.tip))
  const signed = SIGNED.has(findTlv(block.tlvs, TAG.cardholderCheck)?.[0] ?? 0)
  const strings: Partial<Record<keyof PaymentFacts, string | undefined>> = {
    trace: traceOf(digitsOf(value(BMP.trace)), digitsOf(findTlv(block.tlvs, TAG.longTrace))),
    receipt: digitsOf(value(BMP.receipt)),
    turnover: digitsOf(value(BMP.turnover)),
    terminalId: digitsOf(value(BMP.terminalId)),
    maskedPan: pan && maskPan(pan),
    cardName: textOf(value(BMP.cardName), charset),
    terminalTime: timeOf(value(BMP.time), value(BMP.date), value(BMP.fullDate), now),
    authorisation: textOf(value(BMP.authorisation), charset),
  }
  return {
    ...(amount !== undefined && { amountMinor: Number(amount) }),
    ...(currency !== undefined && { currency: currencyOf(currency) }),
    ...Object.fromEntries(Object.entries(strings).filter(([, known]) => known !== undefined)),
    ...(signed && { signature: 'required' as const }),
    ...(tip !== undefined && Number.isSafeInteger(Number(tip)) && { tipMinor: Number(tip) }),
  }
}

/** Long trace numbers stand in TLV 1F2B, with zeros in BMP 0B. */
function traceOf(short: string | undefined, long: string | undefined): string | undefined {
  if (long !== undefined && long !== '' && (short === undefined || /^0*$/.test(short))) return long
  return short
}

function digitsOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && bcdDecode(bytes)
}

/** Text without its padding; undefined if nothing is left. */
function textOf(bytes: Uint8Array | undefined, charset: Charset): string | undefined {
  if (!bytes) return undefined
  const end = bytes.indexOf(0)
  const text = decodeText(end < 0 ? bytes : bytes.subarray(0, end), charset).trim()
  return text === '' ? undefined : text
}

/** Digits of a card number that may be seen. */
const VISIBLE_DIGITS = 4

/** A card number with all digits but the last four as `*`, whatever the terminal masked itself (E). */
export function maskPan(packed: Uint8Array): string {
  // D separates the number from what must not follow it; F pads.
  const nibbles = (hex(packed).split('d')[0] ?? '').replace(/f+$/, '')
  const hidden = Math.max(0, nibbles.length - VISIBLE_DIGITS)
  return '*'.repeat(hidden) + nibbles.slice(hidden).replace(/[^0-9]/g, '*')
}

// ── dates ───────────────────────────────────────────────────────────────────────────────────────────────

const DAY_MS = 86_400_000

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400)
  return shifted * 365 + leapDays + dayOfYear - 719_468
}

/** `YYYY-MM-DDTHH:MM:SS` as if it were UTC, in ms since the epoch. */
export function wallClockMs(time: string): number {
  const parts = time.split(/[-T:]/).map(Number)
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
  return daysOf(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
}

function timeOf(
  time: Uint8Array | undefined,
  shortDate: Uint8Array | undefined,
  fullDate: Uint8Array | undefined,
  now: EpochMs,
): string | undefined {
  const clock = digitsOf(time)
  const full = digitsOf(fullDate)
  const date = full?.slice(2) ?? digitsOf(shortDate)
  if (clock === undefined || date === undefined) return undefined
  const [month, day] = [Number(date.slice(0, 2)), Number(date.slice(2))]
  const [hour, minute, second] = [0, 2, 4].map(at => Number(clock.slice(at, at + 2)))
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined
  if ((hour ?? 24) > 23 || (minute ?? 60) > 59 || (second ?? 60) > 59) return undefined
  const year = full === undefined ? lastYear(month, day, now) : 2000 + Number(full.slice(0, 2))
  const clockText = [0, 2, 4].map(at => clock.slice(at, at + 2)).join(':')
  return `${String(year)}-${date.slice(0, 2)}-${date.slice(2)}T${clockText}`
}

/** A transaction lies in the past; a terminal's clock may be ahead of ours by a time zone and a bit. */
const AHEAD_DAYS = 2

/** The last year in which this day had come: status informations carry month and day only. */
function lastYear(month: number, day: number, now: EpochMs): number {
  const today = now / DAY_MS
  const guess = 1971 + Math.floor(today / 365.2425)
  const years = [guess, guess - 1, guess - 2]
  return years.find(year => daysOf(year, month, day) <= today + AHEAD_DAYS) ?? guess - 2
}

// ── totals and the terminal itself ──────────────────────────────────────────────────────────────────────

function totalsOf(bytes: Uint8Array | undefined): Totals | undefined {
  if (!bytes || bytes.length < 4) return undefined
  const firstReceipt = bcdDecode(bytes.subarray(0, 2))
  const lastReceipt = bcdDecode(bytes.subarray(2, 4))
  if (firstReceipt === undefined || lastReceipt === undefined) return undefined
  const brands = TOTALS_ORDER.flatMap((brand, index) => {
    const at = 4 + index * 7
    const count = bytes[at]
    const total = bcdDecode(bytes.subarray(at + 1, at + 7))
    return count === undefined || total === undefined || total.length < 12
      ? []
      : [{ brand, count, totalMinor: Number(total) }]
  })
  return { firstReceipt, lastReceipt, brands }
}

/** What the completion of a registration says about the terminal, and which character set it took (tag 14). */
export function readRegistration(data: Uint8Array): {
  readonly facts: Facts
  readonly charsetCode: number | undefined
} {
  const { fields, tlvs } = readBmps(data)
  const value = (bmp: number): string | undefined => digitsOf(fields.find(field => field.bmp === bmp)?.value)
  const terminalId = value(BMP.terminalId)
  const currency = value(BMP.currency)
  const state = fields.find(field => field.bmp === 0x19)?.value[0]
  const sequence = findTlv(tlvs, TAG.messageSequence)
  return {
    facts: {
      ...(terminalId !== undefined && { terminalId }),
      ...(currency !== undefined && { currency: currencyOf(currency) }),
      ...(state !== undefined && {
        needsInitialisation: (state & 1) !== 0,
        needsDiagnosis: (state & 2) !== 0,
      }),
      ...(sequence !== undefined && { messageSequence: hex(sequence) }),
    },
    charsetCode: findTlv(tlvs, TAG.charset)?.[0],
  }
}

/**
 * The completion of a status enquiry, `[software version] state [TLV]`: no BMPs. The state is undefined when it
 * cannot be read (PA00P015 ch. 2.56.5).
 */
export function readEnquiry(data: Uint8Array): {
  readonly state: number | undefined
  readonly softwareVersion?: string
} {
  const size = data.length > 1 ? readVarLength(data, 0, 3) : undefined
  if (size === undefined) return { state: data[0] }
  if (size.next + size.length >= data.length) return { state: undefined }
  const softwareVersion = decodeText(data.subarray(size.next, size.next + size.length), '7-bit').trim()
  return { state: data[size.next + size.length], softwareVersion }
}

/** The time in a 04 01 (`AA` date, `0C` time), as the terminal's host told it. */
export function readTime(data: Uint8Array): string | undefined {
  const { fields } = readBmps(data)
  const value = (bmp: number): Uint8Array | undefined => fields.find(field => field.bmp === bmp)?.value
  return timeOf(value(BMP.time), undefined, value(BMP.fullDate), 0)
}

/** The result code of a 06 1E with the terminal's own explanation, if it sent one. */
export function readAbort(
  data: Uint8Array,
  charset: Charset,
): { readonly code: number; readonly text?: string } {
  const code = data[0] ?? 0xff
  const at = data.indexOf(BMP.tlv, 1)
  const size = at < 0 ? undefined : readTlvLength(data, at + 1)
  const tlvs: readonly Tlv[] = size ? readTlvs(data.subarray(size.next)).items : []
  const text = textOf(findTlv(tlvs, TAG.extendedText), charset)
  return text === undefined ? { code } : { code, text }
}
