// The commands that the register gives, as ready frames, and how the dialogue that each opens is to be treated.
import { bcdEncode, concatBytes, writeTlv } from '@cashdesk/kernel'
import { encodeApdu } from './apdu.ts'
import { CHARSET_CODES, type Charset } from './charset.ts'
import { currencyOf } from './currency.ts'
import { BMP, CONFIG, CONTROL, READ_CHIP, REPEAT_STATUS_ONLY, TAG } from './frames.ts'

type CommandName =
  | 'registration'
  | 'authorisation'
  | 'reversal'
  | 'refund'
  | 'endOfDay'
  | 'repeatReceipt'
  | 'statusEnquiry'
  | 'reservation'
  | 'partialReversal'
  | 'bookTotal'
  | 'reservationReversal'
  | 'diagnosis'
  | 'initialisation'
  | 'setTime'
  | 'logOff'
  | 'readCard'
  | 'releaseCard'

export interface Command {
  readonly name: CommandName
  /** Holds the password: never log it. */
  readonly frame: Uint8Array
  /** The same with this in its container (BMP 06), behind what stands there already. */
  readonly frameWith: (tlv: Uint8Array) => Uint8Array
  /**
   * What a successful 04 0F means in this dialogue. `approval`: money, acknowledged only after the till accepted it.
   * `note`: something to read. `refuse`: it does not belong here, and a positive answer could book something.
   */
  readonly status: 'approval' | 'note' | 'refuse'
  /** Does the terminal close the dialogue with 06 0F or 06 1E, by itself, or with its status information? */
  readonly completes: boolean | 'by-status'
  /** What was ordered, for terminals that do not repeat it in their status information. */
  readonly order?: { readonly amountMinor: number; readonly currency: string }
  /** Trace number of what is reversed, if it is known: a receipt number alone wraps. */
  readonly reverses?: string | undefined
  /**
   * Which amounts an approval may have beside the ordered one: with a tip on top that is told as one, a part of it, or
   * any: what the booking of a reservation tells is not said (PA00P015 ch. 2.13, 2.14).
   */
  readonly accepts: ReadonlySet<'tip' | 'part' | 'any'>
  /** Whose paper lines without a type of their own are. */
  readonly paper: 'payment' | 'admin'
}

/** Settings of the registration that differ between shops. */
export interface Registration {
  /** Six digits. */
  readonly password: string
  /** Four digits, `0978`. */
  readonly currency: string
  readonly printsReceipts: boolean
  /** Replaces the config byte that follows from `printsReceipts`. */
  readonly configByte?: number
  readonly serviceByte?: number
  /** Asked for with tag 14; used only if the terminal echoes it. */
  readonly charset?: Charset
  /** Characters per line of the register's printer, 1 to 99 (tag 12). */
  readonly lineWidth?: number
  /** The terminal may ask the register (04 0D, 04 0E). */
  readonly questions?: boolean
  /** Offer to count messages (TLV 1F73, PA00P015 ch. 5). */
  readonly messageSequence?: boolean
}

interface Body {
  readonly control: number
  readonly fields?: readonly (Uint8Array | readonly number[])[]
  /** Content of the container, if it is sent at all. */
  readonly tlv?: Uint8Array
  /** What must stand in front of a container that is added: 05 01 takes one behind a password only. */
  readonly beforeTlv?: Uint8Array
}

function command(
  name: CommandName,
  { control, fields = [], tlv, beforeTlv = new Uint8Array(0) }: Body,
  traits: Partial<Omit<Command, 'name' | 'frame' | 'frameWith'>> = {},
): Command {
  const frameWith = (more: Uint8Array): Uint8Array =>
    encodeApdu(control, ...fields, beforeTlv, writeTlv(BMP.tlv, tlv ?? [], more))
  const frame = tlv ? frameWith(new Uint8Array(0)) : encodeApdu(control, ...fields)
  return {
    name,
    frame,
    frameWith,
    status: 'refuse',
    completes: true,
    accepts: new Set(),
    paper: 'admin',
    ...traits,
  }
}

/** 06 00. The container is always sent: a terminal sends TLV only to a register that did (PA00P015 ch. 2.1). */
export function registration(settings: Registration): Command {
  const printing = CONFIG.printsPayments | CONFIG.printsAdmin | CONFIG.printCommands
  const config =
    settings.configByte ??
    CONFIG.intermediate | CONFIG.noAmountEntry | (settings.printsReceipts ? printing : 0)
  const code = settings.charset === undefined ? undefined : CHARSET_CODES[settings.charset]
  const permitted = settings.questions
    ? [CONTROL.printBlock, CONTROL.inputRequest, CONTROL.menuRequest]
    : [CONTROL.printBlock]
  const tlv = concatBytes(
    settings.lineWidth === undefined ? [] : writeTlv(TAG.lineWidth, bcdEncode(settings.lineWidth, 1)),
    code === undefined ? [] : writeTlv(TAG.charset, [code]),
    writeTlv(
      TAG.permittedCommands,
      ...permitted.map(control => writeTlv(TAG.command, [control >> 8, control & 0xff])),
    ),
    settings.messageSequence ? writeTlv(TAG.messageSequence, bcdEncode(0, 3)) : [],
  )
  const fields = [
    bcdEncode(settings.password, 3),
    [config],
    bcdEncode(settings.currency, 2),
    settings.serviceByte === undefined ? [] : [BMP.service, settings.serviceByte],
  ]
  return command('registration', { control: CONTROL.registration, fields, tlv })
}

/** The greatest amount that BMP 04 holds: twelve digits. */
export const MAX_AMOUNT = 999_999_999_999

/** An amount and its currency as four digits (`0978`). */
export interface Amount {
  readonly minor: number
  readonly currency: string
}

function amountFields({ minor, currency }: Amount): readonly Uint8Array[] {
  return [Uint8Array.of(BMP.amount), bcdEncode(minor, 6), Uint8Array.of(BMP.currency), bcdEncode(currency, 2)]
}

/**
 * What a transaction carries beside its fields. `mirror`: TLV 1F1F, the last transaction's number as the terminal told
 * it; empty if it told none. A stale one would reverse a good payment (PA00P015 ch. 4.2).
 */
export interface Extras {
  readonly mirror?: Uint8Array | undefined
  /** TLV 1F70: the register goes on where only a part is approved. */
  readonly partial?: boolean
  /** The cardholder may add a tip at the terminal. */
  readonly tips?: boolean
}

function money(
  name: CommandName,
  {
    amount,
    extras = {},
    anyAmount = false,
    ...body
  }: Body & {
    readonly amount: Amount
    readonly extras?: Extras | undefined
    readonly anyAmount?: boolean
  },
): Command {
  const fields = [...(body.fields ?? []), ...amountFields(amount)]
  const order = { amountMinor: amount.minor, currency: currencyOf(amount.currency) }
  const tlv = concatBytes(
    extras.partial ? writeTlv(TAG.partialApproval, [1]) : [],
    extras.mirror ? writeTlv(TAG.mirroredReceipt, extras.mirror) : [],
  )
  const accepts: Command['accepts'] = new Set([
    ...(extras.tips ? (['tip'] as const) : []),
    ...(extras.partial ? (['part'] as const) : []),
    ...(anyAmount ? (['any'] as const) : []),
  ])
  const traits = { status: 'approval', paper: 'payment', order, accepts } as const
  return command(name, { control: body.control, fields, ...(tlv.length > 0 && { tlv }) }, traits)
}

/** 06 01 */
export function authorisation(amount: Amount, extras?: Extras): Command {
  return money('authorisation', { control: CONTROL.authorisation, amount, extras })
}

/** 06 30: reverses the payment with this receipt number (four digits), if its amount matches. */
export function reversal(
  password: string,
  { receipt, trace: reverses }: Pick<Reserved, 'receipt' | 'trace'>,
  amount: Amount,
  extras?: Extras,
): Command {
  const fields = [bcdEncode(password, 3), receiptField(receipt)]
  return { ...money('reversal', { control: CONTROL.reversal, fields, amount, extras }), reverses }
}

/** 06 31 */
export function refund(password: string, amount: Amount, extras?: Extras): Command {
  return money('refund', { control: CONTROL.refund, fields: [bcdEncode(password, 3)], amount, extras })
}

/** 06 22: holds an amount. */
export function reservation(amount: Amount, extras?: Extras): Command {
  return money('reservation', { control: CONTROL.reservation, amount, extras })
}

/** The reservation that is booked or given back, as the terminal's 04 0F named it. */
export interface Reserved {
  readonly receipt: string
  readonly trace?: string | undefined
  readonly authorisation?: string | undefined
}

/** 06 24: books `amount`, what was used; the rest of the reservation is free. */
export function bookTotal(of: Reserved, amount: Amount, extras?: Extras): Command {
  const body = { control: CONTROL.bookTotal, fields: reservedFields(of), anyAmount: true }
  return money('bookTotal', { ...body, amount, extras })
}

/** 06 23: gives `amount` back, what was not used; the rest of the reservation is booked. */
export function partialReversal(of: Reserved, amount: Amount, extras?: Extras): Command {
  const body = { control: CONTROL.partialReversal, fields: reservedFields(of), anyAmount: true }
  return money('partialReversal', { ...body, amount, extras })
}

/** 06 25: gives all of a reservation back. */
export function reservationReversal(of: Reserved, amount: Amount, extras?: Extras): Command {
  const fields = [receiptField(of.receipt)]
  return money('reservationReversal', { control: CONTROL.reservationReversal, fields, amount, extras })
}

function receiptField(receipt: string): Uint8Array {
  return concatBytes([BMP.receipt], bcdEncode(receipt, 2))
}

/** Trace number and authorisation go with it where they are known and have the form (PA00P015 ch. 2.10, 2.13). */
function reservedFields({ receipt, trace, authorisation: aid }: Reserved): readonly Uint8Array[] {
  return [
    receiptField(receipt),
    trace !== undefined && /^[0-9]{1,6}$/.test(trace)
      ? concatBytes([BMP.trace], bcdEncode(trace, 3))
      : new Uint8Array(0),
    aid !== undefined && /^[\x20-\x7e]{1,8}$/.test(aid)
      ? concatBytes([BMP.authorisation], new TextEncoder().encode(aid.padEnd(8, '\0')))
      : new Uint8Array(0),
  ]
}

/** 06 50 */
export function endOfDay(password: string, extras: Extras = {}): Command {
  const tlv = extras.mirror && writeTlv(TAG.mirroredReceipt, extras.mirror)
  const body = { control: CONTROL.endOfDay, fields: [bcdEncode(password, 3)], ...(tlv && { tlv }) }
  return command('endOfDay', body, { status: 'note' })
}

/** 06 20 with service byte 03: the last transaction's status information, nothing on paper. */
export function repeatReceipt(password: string): Command {
  const fields = [bcdEncode(password, 3), [BMP.service, REPEAT_STATUS_ONLY]]
  return command('repeatReceipt', { control: CONTROL.repeatReceipt, fields }, { status: 'note' })
}

/** 06 20 without a service byte: the last slip once more. */
export function reprint(password: string): Command {
  const body = { control: CONTROL.repeatReceipt, fields: [bcdEncode(password, 3)] }
  return command('repeatReceipt', body, { status: 'note', paper: 'payment' })
}

/** 06 70 */
export function diagnosis(): Command {
  return command('diagnosis', { control: CONTROL.diagnosis }, { status: 'note' })
}

/** 06 93 */
export function initialisation(password: string): Command {
  const body = { control: CONTROL.initialisation, fields: [bcdEncode(password, 3)] }
  return command('initialisation', body, { status: 'note' })
}

/** 06 91: date as YYMMDD, time as HHMMSS. */
export function setTime(password: string, date: string, time: string): Command {
  const fields = [bcdEncode(password, 3), [BMP.fullDate], bcdEncode(date, 3), [BMP.time], bcdEncode(time, 3)]
  return command('setTime', { control: CONTROL.setTerminalTime, fields })
}

/** 05 01; the password is sent only where a container must follow it. */
export function statusEnquiry(password: string): Command {
  return command('statusEnquiry', { control: CONTROL.statusEnquiry, beforeTlv: bcdEncode(password, 3) })
}

/** 06 02: the terminal is its own master again. It answers, and that is all. */
export function logOff(): Command {
  return command('logOff', { control: CONTROL.logOff }, { completes: false })
}

/** 06 C0: reads a chip, and asks it whether its owner is so old. The status information is the end of it. */
export function readCard(seconds: number, years: number): Command {
  const fields = [[seconds, BMP.paymentType, READ_CHIP]]
  const tlv = writeTlv(TAG.leastAge, bcdEncode(years, 1))
  const traits = { status: 'note', completes: 'by-status' } as const
  return command('readCard', { control: CONTROL.readCard, fields, tlv }, traits)
}

/** 06 B0 when no dialogue runs: gives back a card that is still inside. */
export function releaseCard(): Command {
  return command('releaseCard', { control: CONTROL.abort }, { completes: false })
}
