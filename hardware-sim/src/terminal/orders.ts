// What a register may order: reads 06 01, 06 22 to 06 25, 06 30 and 06 31 and decides whether the terminal starts at all (80 00),
// refuses at once (84 xx), or starts and reports a refusal.
import type { BookEntry, Books } from './books.ts'
import { digitsOf, readFields, readTlv } from './codec.ts'
import type { MoneyOrder } from './money.ts'
import { BMP, COMMAND, RESULT, TAG } from './tables.ts'
import type { Registration } from './talk.ts'

export interface OrderContext {
  readonly books: Books
  readonly registration: Registration
  readonly currency: Buffer
  /** Six digits. */
  readonly password: string
  readonly answerMs: number
}

const KINDS: ReadonlyMap<number, MoneyOrder['kind']> = new Map([
  [COMMAND.authorisation, 'payment'],
  [COMMAND.refund, 'refund'],
  [COMMAND.reservation, 'reservation'],
] as const)

/** Without BMP 02 a register may ask for time as often as it likes; a simulator has to end. */
const MAX_STATUS = 1_000

/** The order in this command, or the code of an 84. */
export function orderOf(control: number, data: Buffer, context: OrderContext): MoneyOrder | number {
  if (!context.registration.registered) return RESULT.notRegistered
  const needsPassword = control === COMMAND.refund || control === COMMAND.reversal
  if (needsPassword && data.length < 3) return RESULT.protocol
  if (needsPassword && data.subarray(0, 3).toString('hex') !== context.password) return RESULT.notPossible
  const fields = readFields(needsPassword ? data.subarray(3) : data)
  if (fields === undefined) return RESULT.protocol
  const amount = amountOf(fields)
  if (amount === 'malformed') return RESULT.protocol
  const mirrored = mirroredReceipt(fields)
  if (mirrored === 'malformed') return RESULT.protocol
  const currency = fields.get(BMP.currency)
  const shared = {
    namesCurrency: currency !== undefined || context.registration.currency,
    answerMs: (fields.get(BMP.timeout)?.at(0) ?? 0) * 1000 || context.answerMs,
    maxStatus: fields.get(BMP.maxStatus)?.at(0) ?? MAX_STATUS,
    mirrors: mirrored !== undefined,
  }
  const wrongCurrency = currency !== undefined && !currency.equals(context.currency)
  if (control === COMMAND.reversal) return reversalOf(fields, amount, wrongCurrency, context.books, shared)
  if (isOfReservation(control)) {
    return bookingOf(control, fields, amount, wrongCurrency, context.books, shared)
  }
  if (amount === undefined || amount === 0) return RESULT.protocol
  synchronise(mirrored, context)
  return {
    ...shared,
    kind: KINDS.get(control) ?? 'payment',
    amountMinor: amount,
    ...refusedFor(wrongCurrency ? RESULT.wrongCurrency : context.books.full ? RESULT.booksFull : undefined),
  }
}

function reversalOf(
  fields: ReadonlyMap<number, Buffer>,
  amount: number | undefined,
  wrongCurrency: boolean,
  books: Books,
  shared: Pick<MoneyOrder, 'namesCurrency' | 'answerMs' | 'maxStatus' | 'mirrors'>,
): MoneyOrder | number {
  const receipt = digitsOf(fields.get(BMP.receipt) ?? Buffer.alloc(0))
  if (receipt === undefined || receipt === '') return RESULT.protocol
  const original = books.findPayment(Number(receipt))
  const refusal = wrongCurrency ? RESULT.wrongCurrency : irreversible(original, amount)
  return {
    ...shared,
    kind: 'reversal',
    amountMinor: original?.amountMinor ?? amount ?? 0,
    ...(original !== undefined && { original }),
    ...refusedFor(refusal),
  }
}

/** 06 23, 06 24 and 06 25 name a reservation by its receipt number. */
function isOfReservation(control: number): boolean {
  return (
    control === COMMAND.partialReversal ||
    control === COMMAND.bookTotal ||
    control === COMMAND.reservationReversal
  )
}

/** 06 23 names what was not used, 06 24 what was; 06 25 ends the reservation (PA00P015 ch. 2.10, 2.13, 2.14). */
function bookingOf(
  control: number,
  fields: ReadonlyMap<number, Buffer>,
  amount: number | undefined,
  wrongCurrency: boolean,
  books: Books,
  shared: Pick<MoneyOrder, 'namesCurrency' | 'answerMs' | 'maxStatus' | 'mirrors'>,
): MoneyOrder | number {
  const receipt = digitsOf(fields.get(BMP.receipt) ?? Buffer.alloc(0))
  if (receipt === undefined || receipt === '') return RESULT.protocol
  const original = books.findReservation(Number(receipt))
  const held = original?.amountMinor ?? 0
  const ends = control === COMMAND.reservationReversal
  const used = control === COMMAND.bookTotal ? (amount ?? held) : held - (amount ?? 0)
  const tooHigh = (amount ?? 0) > held || (!ends && used === 0)
  const refusal = wrongCurrency
    ? RESULT.wrongCurrency
    : original === undefined
      ? RESULT.noReservation
      : tooHigh
        ? RESULT.amountTooHigh
        : undefined
  return {
    ...shared,
    kind: ends ? 'reversal' : 'payment',
    amountMinor: ends || original === undefined || tooHigh ? held || (amount ?? 0) : used,
    ...(original !== undefined && { original }),
    ...refusedFor(refusal),
  }
}

function irreversible(original: BookEntry | undefined, amount: number | undefined): number | undefined {
  if (original === undefined) return RESULT.reversalNotPossible
  if (original.state === 'reversed') return RESULT.alreadyReversed
  if (original.settled || (amount !== undefined && amount !== original.amountMinor)) {
    return RESULT.reversalNotPossible
  }
  return undefined
}

/**
 * The register mirrors the last receipt number it knows of. If that is the one before ours, it never learnt of our
 * last payment, and we reverse it (PA00P015 ch. 4.2).
 */
function synchronise(mirrored: number | null | undefined, context: OrderContext): void {
  const last = context.books.lastStored
  if (typeof mirrored !== 'number' || !context.registration.tlv || last === undefined) return
  const before = last.receipt === 1 ? 9999 : last.receipt - 1
  if (mirrored !== before || last.state !== 'booked' || last.kind !== 'payment' || last.settled) return
  context.books.reverse(last.trace, 'the register mirrored the receipt number before it', RESULT.aborted)
  context.books.reuseReceipt(last.receipt)
}

/** Tag 1F1F: absent, empty (the register has none yet: null), or a number. */
function mirroredReceipt(fields: ReadonlyMap<number, Buffer>): number | null | undefined | 'malformed' {
  const container = fields.get(BMP.tlv)
  if (container === undefined) return undefined
  const tlv = readTlv(container)
  if (tlv === undefined) return 'malformed'
  const value = tlv.get(TAG.lastReceipt)
  if (value === undefined) return undefined
  if (value.length > 4) return 'malformed'
  return value.length === 0 ? null : value.readUIntBE(0, value.length)
}

function amountOf(fields: ReadonlyMap<number, Buffer>): number | undefined | 'malformed' {
  const packed = fields.get(BMP.amount)
  if (packed === undefined) return undefined
  const digits = digitsOf(packed)
  return digits === undefined ? 'malformed' : Number(digits)
}

function refusedFor(code: number | undefined): { readonly refusal?: number } {
  return code === undefined ? {} : { refusal: code }
}
