// What a shop configures about its terminal, checked once. The password is a secret: it appears in no message.
import { CashdeskError, type Transport } from '@cashdesk/kernel'
import { type SerialOptions, serialTransport, tcpTransport } from '@cashdesk/transport'
import { CHARSET_CODES, type Charset } from './charset.ts'
import type { Registration } from './commands.ts'
import { currencyDigits } from './currency.ts'
import { APPROVAL_MS, QUESTION_MS, T3_MS, T4_MS, ZVT_PORT } from './frames.ts'
import type { Profile } from './match.ts'
import { MAX_REPEATS, T1_MS, T2_MS } from './serial-line.ts'

export interface RegistrationConfig {
  /** Replaces the config byte of 06 00 that follows from `printsReceipts` (0x9e with, 0x18 without). */
  readonly configByte?: number
  /** Service byte of 06 00 (BMP 03). */
  readonly serviceByte?: number
  /** Asked for with tag 14, used if the terminal echoes it. */
  readonly charset?: Exclude<Charset, '7-bit'>
  /** Characters per line of the register's printer. */
  readonly lineWidth?: number
  /**
   * The terminal may ask the register (04 0D, 04 0E); `onQuestion` answers, and where nobody does the answer is no.
   * Default false: the terminal asks on its own display.
   */
  readonly questions?: boolean
  /** Offer to count messages (TLV 1F73); they are counted if the terminal agrees. Default false. */
  readonly messageSequence?: boolean
}

/** Milliseconds, all positive. */
export interface TerminalTimeouts {
  /** How long an order waits for a connection that is not there. Default 5000. */
  readonly openMs: number
  /** T3: from a command to its answer. Default 5000. */
  readonly t3Ms: number
  /** T4: from one sign of life to the next. Default 180000. */
  readonly t4Ms: number
  /** How long an approval may wait for the till before the terminal is told to ask again. Default 3000. */
  readonly approvalMs: number
  /** How long a person may think about a question, or look at a signature, before it is a no. Default 60000. */
  readonly questionMs: number
  /** All of one payment, however often the terminal says that it is alive. Default 1800000. */
  readonly wholeMs: number
  /** All of one `query`, reconnecting included. Default 60000. */
  readonly queryMs: number
  /** Pause between two attempts of a `query`. Default 1000. */
  readonly retryMs: number
  /** After this silence the link is tried with a status enquiry before money is spoken of. Default 30000. */
  readonly staleMs: number
  /** Bound of `close`. Default 2000. */
  readonly closeMs: number
  /** T1, serial framing only: longest silence inside a message. Default 200; more for a line behind a network. */
  readonly t1Ms: number
  /** T2, serial framing only: longest wait for ACK or NAK. Default 5000. */
  readonly t2Ms: number
}

export interface ZvtOptions {
  /** Address of the terminal; or give `serial` or a `transport`. */
  readonly host?: string
  /** Default 20007. */
  readonly port?: number
  /** The serial line that it hangs on: 9600 bits per second, 8N2, unless it says otherwise (PA00P016 ch. 2.1). */
  readonly serial?: SerialOptions
  readonly transport?: Transport
  /**
   * How APDUs lie in the stream: `bare` as on TCP, `serial` with start, check and acknowledgement. Default: `serial`
   * where `serial` is given, else `bare`. A box that puts a serial line on the network needs `serial` said.
   */
  readonly framing?: 'bare' | 'serial'
  /** Six digits; default `000000`. A secret. */
  readonly password?: string
  /** ISO 4217 code that the terminal is set up for; default `EUR`. */
  readonly currency?: string
  /** The register prints the terminal's receipts (06 D1, 06 D3). Default true. */
  readonly printsReceipts?: boolean
  readonly registrationConfig?: RegistrationConfig
  /** Tell the terminal that a part of an amount may be approved (TLV 1F70): the till takes the rest elsewhere. Default false. */
  readonly partialApproval?: boolean
  /**
   * The cardholder may add a tip at the terminal: the amount is larger then, and the tip is told. Without it such an
   * approval is rejected. Default false.
   */
  readonly tips?: boolean
  /** What the terminal writes when nothing was negotiated. Default `cp437`. */
  readonly charset?: Charset
  /** What is known of this make of terminal. Default: nothing, and then a person settles what a broken link left. */
  readonly profile?: Partial<Profile>
  /**
   * Who looks at a signature on the slip. `ask`: `onQuestion`; without a yes the payment is taken back, and without
   * the hook it is rejected before it is booked. `on-paper`: the shop does, and the register is not asked. Default `ask`.
   */
  readonly signature?: 'ask' | 'on-paper'
  /** Hand the terminal back (06 02) on `close`, unless a payment is unresolved. Default true. */
  readonly logOffOnClose?: boolean
  readonly timeouts?: Partial<TerminalTimeouts>
}

export interface Settings {
  readonly transport: Transport
  readonly framing: 'bare' | 'serial'
  readonly password: string
  readonly currency: string
  /** `0978` */
  readonly currencyDigits: string
  readonly registration: Registration
  readonly charset: Charset
  readonly profile: Profile
  readonly signature: 'ask' | 'on-paper'
  readonly partialApproval: boolean
  readonly tips: boolean
  readonly logOffOnClose: boolean
  readonly timeouts: TerminalTimeouts
}

const TIMEOUTS: TerminalTimeouts = {
  openMs: 5_000,
  t3Ms: T3_MS,
  t4Ms: T4_MS,
  approvalMs: APPROVAL_MS,
  questionMs: QUESTION_MS,
  wholeMs: 1_800_000,
  queryMs: 60_000,
  retryMs: 1_000,
  staleMs: 30_000,
  closeMs: 2_000,
  t1Ms: T1_MS,
  t2Ms: T2_MS,
}

/** @throws CashdeskError `config.invalid` naming the field, `value.currency` */
export function settingsOf(options: ZvtOptions): Settings {
  const { password = '000000', currency = 'EUR', printsReceipts = true, charset = 'cp437' } = options
  const { registrationConfig = {}, profile, logOffOnClose = true, signature = 'ask' } = options
  if (signature !== 'ask' && signature !== 'on-paper') throw invalid('signature')
  if (!/^[0-9]{6}$/.test(password)) throw invalid('password')
  const digits = currencyDigits(currency)
  if (digits === undefined) throw new CashdeskError('value.currency', { currency: currency.slice(0, 8) })
  const { configByte, serviceByte, lineWidth } = registrationConfig
  if (configByte !== undefined && !isByte(configByte)) throw invalid('registrationConfig.configByte')
  if (serviceByte !== undefined && !isByte(serviceByte)) throw invalid('registrationConfig.serviceByte')
  if (lineWidth !== undefined && !(Number.isInteger(lineWidth) && lineWidth >= 1 && lineWidth <= 99))
    throw invalid('registrationConfig.lineWidth')
  if (registrationConfig.charset !== undefined && CHARSET_CODES[registrationConfig.charset] === undefined)
    throw invalid('registrationConfig.charset')
  const { framing = options.serial && !options.transport ? 'serial' : 'bare' } = options
  if (framing !== 'bare' && framing !== 'serial') throw invalid('framing')
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  for (const [name, value] of Object.entries(timeouts))
    if (!(Number.isFinite(value) && value > 0)) throw invalid(`timeouts.${name}`)
  return {
    transport: transportOf(options),
    framing,
    password,
    currency,
    currencyDigits: digits,
    registration: { password, currency: digits, printsReceipts, ...registrationConfig },
    charset,
    profile: { afterAutoReversal: 'unknown', mirrorsReceipt: false, ...profile },
    signature,
    partialApproval: options.partialApproval === true,
    tips: options.tips === true,
    logOffOnClose,
    // The answer to a message that had to be repeated comes as much later.
    timeouts:
      framing === 'serial' ? { ...timeouts, t3Ms: timeouts.t3Ms + MAX_REPEATS * timeouts.t2Ms } : timeouts,
  }
}

function transportOf({ host, port = ZVT_PORT, serial, transport }: ZvtOptions): Transport {
  if (transport) return transport
  if (serial) return serialTransport({ stopBits: 2, ...serial })
  if (host === undefined) throw invalid('host')
  return tcpTransport({ host, port })
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xff
}

function invalid(field: string): CashdeskError {
  return new CashdeskError('config.invalid', { field: `terminal.${field}` })
}
