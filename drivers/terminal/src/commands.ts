// The commands that the register gives, as ready frames, and how the dialogue that each opens is to be treated.
import { bcdEncode, concatBytes, writeTlv } from '@cashdesk/kernel'
import { encodeApdu } from './apdu.ts'
import { CHARSET_CODES, type Charset } from './charset.ts'
import { BMP, CONFIG, CONTROL, currencyOf, REPEAT_STATUS_ONLY, TAG } from './frames.ts'

type CommandName =
  | 'registration'
  | 'authorisation'
  | 'reversal'
  | 'refund'
  | 'endOfDay'
  | 'repeatReceipt'
  | 'statusEnquiry'
  | 'logOff'

export interface Command {
  readonly name: CommandName
  /** Holds the password: never log it. */
  readonly frame: Uint8Array
  /**
   * What a successful 04 0F means in this dialogue. `approval`: money, acknowledged only after the till accepted it.
   * `note`: something to read. `refuse`: it does not belong here, and a positive answer could book something.
   */
  readonly status: 'approval' | 'note' | 'refuse'
  /** Does the terminal close the dialogue with 06 0F or 06 1E? */
  readonly completes: boolean
  /** What was ordered, for terminals that do not repeat it in their status information. */
  readonly order?: { readonly amountMinor: number; readonly currency: string }
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
}

function command(
  name: CommandName,
  frame: Uint8Array,
  traits: Partial<Omit<Command, 'name' | 'frame'>> = {},
): Command {
  return { name, frame, status: 'refuse', completes: true, paper: 'admin', ...traits }
}

/** 06 00. The container is always sent: a terminal sends TLV only to a register that did (PA00P015 ch. 2.1). */
export function registration(settings: Registration): Command {
  const printing = CONFIG.printsPayments | CONFIG.printsAdmin | CONFIG.printCommands
  const config =
    settings.configByte ??
    CONFIG.intermediate | CONFIG.noAmountEntry | (settings.printsReceipts ? printing : 0)
  const code = settings.charset === undefined ? undefined : CHARSET_CODES[settings.charset]
  const container = writeTlv(
    BMP.tlv,
    settings.lineWidth === undefined ? [] : writeTlv(TAG.lineWidth, bcdEncode(settings.lineWidth, 1)),
    code === undefined ? [] : writeTlv(TAG.charset, [code]),
    writeTlv(
      TAG.permittedCommands,
      writeTlv(TAG.command, [CONTROL.printBlock >> 8, CONTROL.printBlock & 0xff]),
    ),
  )
  const frame = encodeApdu(
    CONTROL.registration,
    bcdEncode(settings.password, 3),
    [config],
    bcdEncode(settings.currency, 2),
    settings.serviceByte === undefined ? [] : [BMP.service, settings.serviceByte],
    container,
  )
  return command('registration', frame)
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

function money(name: CommandName, amount: Amount, control: number, ...fields: Uint8Array[]): Command {
  const frame = encodeApdu(control, ...fields, ...amountFields(amount))
  const order = { amountMinor: amount.minor, currency: currencyOf(amount.currency) }
  return command(name, frame, { status: 'approval', paper: 'payment', order })
}

/** 06 01. TLV 1F1F is not sent: it would be an order to reverse (PA00P015 ch. 4). */
export function authorisation(amount: Amount): Command {
  return money('authorisation', amount, CONTROL.authorisation)
}

/** 06 30: reverses the payment with this receipt number (four digits), if its amount matches. */
export function reversal(password: string, receipt: string, amount: Amount): Command {
  const number = concatBytes([BMP.receipt], bcdEncode(receipt, 2))
  return money('reversal', amount, CONTROL.reversal, bcdEncode(password, 3), number)
}

/** 06 31 */
export function refund(password: string, amount: Amount): Command {
  return money('refund', amount, CONTROL.refund, bcdEncode(password, 3))
}

/** 06 50 */
export function endOfDay(password: string): Command {
  return command('endOfDay', encodeApdu(CONTROL.endOfDay, bcdEncode(password, 3)), { status: 'note' })
}

/** 06 20 with service byte 03: the last transaction's status information, nothing on paper. */
export function repeatReceipt(password: string): Command {
  const frame = encodeApdu(CONTROL.repeatReceipt, bcdEncode(password, 3), [BMP.service, REPEAT_STATUS_ONLY])
  return command('repeatReceipt', frame, { status: 'note' })
}

/** 05 01 */
export function statusEnquiry(): Command {
  return command('statusEnquiry', encodeApdu(CONTROL.statusEnquiry))
}

/** 06 02: the terminal is its own master again. It answers, and that is all. */
export function logOff(): Command {
  return command('logOff', encodeApdu(CONTROL.logOff), { completes: false })
}
