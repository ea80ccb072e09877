// What a register may order: reads the commands that move money and decides whether the terminal starts at all (80 00),
// refuses at once (84 xx), or starts and reports a refusal.
import type { BookEntry } from './book-entry.ts'
import type { Books } from './books.ts'
import type { Card } from './cards.ts'
import { digitsOf, readFields, readTlv } from './codec.ts'
import { packedAmount } from './customer.ts'
import type { MoneyOrder } from './money.ts'
import { BMP, COMMAND, PAYMENT_TYPE, RESULT, TAG } from './tables.ts'
import type { Registration } from './talk.ts'

export interface OrderContext {
  readonly books: Books
  readonly registration: Registration
  readonly currency: Buffer
  /** Six digits. */
  readonly password: string
  readonly answerMs: number
  /** What the customer holds out. */
  readonly card: Card
  readonly needsRegistration: boolean
}

const KINDS: ReadonlyMap<number, MoneyOrder['kind']> = new Map([
  [COMMAND.authorisation, 'payment'],
  [COMMAND.refund, 'refund'],
  [COMMAND.reservation, 'reservation'],
  [COMMAND.activateCard, 'top-up'],
] as const)

/** The commands that move money, and whether a password stands before their fields. */
const MONEY: ReadonlyMap<number, 'locked' | 'open'> = new Map([
  [COMMAND.authorisation, 'open'],
  [COMMAND.activateCard, 'open'],
  [COMMAND.tip, 'open'],
  [COMMAND.telephone, 'locked'],
  [COMMAND.reservation, 'open'],
  [COMMAND.partialReversal, 'open'],
  [COMMAND.bookTotal, 'open'],
  [COMMAND.reservationReversal, 'open'],
  [COMMAND.externalReversal, 'open'],
  [COMMAND.reversal, 'locked'],
  [COMMAND.refund, 'locked'],
] as const)

export function isMoney(control: number): boolean {
  return MONEY.has(control)
}

/** Without BMP 02 a register may ask for time as often as it likes; a simulator has to end. */
const MAX_STATUS = 1_000

/** The order in this command, or the code of an 84. */
export function orderOf(control: number, data: Buffer, context: OrderContext): MoneyOrder | number {
  if (context.needsRegistration && !context.registration.registered) return RESULT.notRegistered
  const needsPassword = MONEY.get(control) === 'locked'
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
  const asked: Asked = { fields, amount, wrongCurrency, books: context.books, shared }
  if (control === COMMAND.reversal) return reversalOf(asked)
  if (control === COMMAND.tip) return tipOf(asked)
  if (control === COMMAND.externalReversal) return externalOf(asked)
  if (isOfReservation(control)) return bookingOf(control, asked)
  if (amount === undefined || amount === 0) return RESULT.protocol
  const tip = tipIn(fields, amount)
  if (tip === 'malformed') return RESULT.protocol
  synchronise(mirrored, context)
  const type = fields.get(BMP.paymentType)?.at(0) ?? 0
  return {
    ...shared,
    kind: KINDS.get(control) ?? 'payment',
    amountMinor: amount,
    ...(control === COMMAND.authorisation && tip !== undefined && { tipMinor: tip }),
    ...((type & PAYMENT_TYPE.tippable) !== 0 && { tippable: true }),
    ...((type & PAYMENT_TYPE.fromReadCard) !== 0 && { fromReadCard: true }),
    ...(control === COMMAND.telephone && { telephone: spokenNumber(fields) }),
    ...refusedFor(
      wrongCurrency
        ? RESULT.wrongCurrency
        : context.books.full
          ? RESULT.booksFull
          : cardless(control, context.card),
    ),
  }
}

/** What the customer's card cannot do: a voice authorises credit cards only, and only a card with a credit is paid in. */
function cardless(control: number, card: Card): number | undefined {
  const isDebit = card.column === 'girocard' || card.name === 'Maestro'
  if (control === COMMAND.telephone && isDebit) return RESULT.notForDebitCards
  if (control !== COMMAND.activateCard || card.credit !== undefined) return undefined
  return isDebit ? RESULT.notForDebitCards : RESULT.notForCreditCards
}

/** 06 21: the number that was told on the telephone; without one the cashier would type it at the terminal. */
function spokenNumber(fields: ReadonlyMap<number, Buffer>): { readonly authorisation?: string } {
  const told = fields.get(BMP.authorisation)?.toString('latin1').replace(/\0+$/, '').trim()
  return told === undefined || told === '' ? {} : { authorisation: told }
}

/** Tag 1F36: a part of the amount. */
function tipIn(fields: ReadonlyMap<number, Buffer>, amount: number): number | undefined | 'malformed' {
  const container = fields.get(BMP.tlv)
  const packed = container === undefined ? undefined : readTlv(container)?.get(TAG.tip)
  if (packed === undefined) return undefined
  const tip = packedAmount(packed)
  return tip === undefined || tip >= amount ? 'malformed' : tip
}

type Shared = Pick<MoneyOrder, 'namesCurrency' | 'answerMs' | 'maxStatus' | 'mirrors'>

/** An order about something that is in the books already. */
interface Asked {
  readonly fields: ReadonlyMap<number, Buffer>
  readonly amount: number | undefined
  readonly wrongCurrency: boolean
  readonly books: Books
  readonly shared: Shared
}

/** 06 0C: a tip on top of a payment that allows one and has none yet (PA00P015 ch. 2.6). */
function tipOf(asked: Asked): MoneyOrder | number {
  const { fields, amount, wrongCurrency, books, shared } = asked
  const receipt = digitsOf(fields.get(BMP.receipt) ?? Buffer.alloc(0))
  if (receipt === undefined || receipt === '' || amount === undefined || amount === 0) return RESULT.protocol
  const original = books.findPayment(Number(receipt))
  const takesOne =
    original?.kind === 'payment' &&
    original.manner?.tippable === true &&
    original.state === 'booked' &&
    !original.settled &&
    !books.hasTip(original.trace)
  const tooMuch = amount > (original?.amountMinor ?? 0)
  return {
    ...shared,
    kind: 'tip',
    amountMinor: amount,
    ...(original !== undefined && { original }),
    ...refusedFor(
      wrongCurrency
        ? RESULT.wrongCurrency
        : takesOne
          ? tooMuch
            ? RESULT.amountAboveMaximum
            : undefined
          : RESULT.notPossible,
    ),
  }
}

/** 06 26: a reservation named by everything but its receipt number; all of it must fit (PA00P015 ch. 2.11). */
function externalOf(asked: Asked): MoneyOrder | number {
  const { fields, amount, wrongCurrency, books, shared } = asked
  const trace = digitsOf(fields.get(BMP.trace) ?? Buffer.alloc(0))
  const told = fields.get(BMP.authorisation)?.toString('latin1').replace(/\0+$/, '')
  const kind = readTlv(fields.get(BMP.tlv) ?? Buffer.alloc(0))
    ?.get(TAG.reservationKind)
    ?.at(0)
  const isNamed = trace !== undefined && trace !== '' && told !== undefined && amount !== undefined
  if (!isNamed || !fields.has(BMP.currency) || (kind !== 0x02 && kind !== 0x03)) return RESULT.protocol
  const original = books
    .reservations()
    .find(
      ({ trace: own, amountMinor, authorisation }) =>
        own === Number(trace) && amountMinor === amount && authorisation === told,
    )
  return {
    ...shared,
    kind: 'reversal',
    amountMinor: amount,
    ...(original !== undefined && { original }),
    ...refusedFor(
      wrongCurrency ? RESULT.wrongCurrency : original === undefined ? RESULT.noReservation : undefined,
    ),
  }
}

function reversalOf(asked: Asked): MoneyOrder | number {
  const { fields, amount, wrongCurrency, books, shared } = asked
  const receipt = digitsOf(fields.get(BMP.receipt) ?? Buffer.alloc(0))
  if (receipt === undefined || receipt === '') return RESULT.protocol
  const original = books.findPayment(Number(receipt))
  const refusal = wrongCurrency ? RESULT.wrongCurrency : irreversible(original, amount, books)
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
function bookingOf(control: number, asked: Asked): MoneyOrder | number {
  const { fields, amount, wrongCurrency, books, shared } = asked
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

function irreversible(
  original: BookEntry | undefined,
  amount: number | undefined,
  books: Books,
): number | undefined {
  if (original === undefined) return RESULT.reversalNotPossible
  if (original.state === 'reversed') return RESULT.alreadyReversed
  // The tip on top of it has to go first.
  if (books.hasTip(original.trace)) return RESULT.reversalNotPossible
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
