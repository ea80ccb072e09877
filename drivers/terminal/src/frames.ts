// The tables of ZVT: commands, data fields (BMPs), TLV tags, result codes, states and currencies.
// Sources: PA00P015 rev. 13.08 (commands and data), PA00P016 rev. 04 (transport and timers).

/** Default TCP port of a terminal (PA00P016). */
export const ZVT_PORT = 20_007

/** Timers of PA00P016 ch. 5.2, and what we add to them. Milliseconds. */
export const T3_MS = 5_000
export const T4_MS = 180_000
/** How long an approval may wait for the till's journal before the terminal is asked to repeat it. */
export const APPROVAL_MS = 3_000
/** How long a person may think about a question of the terminal's. */
export const QUESTION_MS = 60_000
/** Repeats of one approval that we ask for (each costs 5 s at most) before we reject it. */
export const MAX_APPROVAL_REPEATS = 20
/** Longest T4 that a terminal may ask for: two BCD digits of minutes. */
export const MAX_T4_MINUTES = 99

/** Control fields, class and instruction in one number. */
export const CONTROL = {
  // register to terminal
  registration: 0x0600,
  authorisation: 0x0601,
  logOff: 0x0602,
  repeatReceipt: 0x0620,
  reservation: 0x0622,
  partialReversal: 0x0623,
  bookTotal: 0x0624,
  reservationReversal: 0x0625,
  reversal: 0x0630,
  refund: 0x0631,
  endOfDay: 0x0650,
  diagnosis: 0x0670,
  setTerminalTime: 0x0691,
  initialisation: 0x0693,
  abort: 0x06b0,
  readCard: 0x06c0,
  statusEnquiry: 0x0501,
  // terminal to register
  setTime: 0x0401,
  inputRequest: 0x040d,
  menuRequest: 0x040e,
  status: 0x040f,
  intermediate: 0x04ff,
  completion: 0x060f,
  aborted: 0x061e,
  printLine: 0x06d1,
  printBlock: 0x06d3,
} as const

/** First byte of an answer. */
export const POSITIVE = 0x80
export const NEGATIVE = 0x84
/** Classes that commands of either side have; any other first byte is not ZVT. */
export const COMMAND_CLASSES: ReadonlySet<number> = new Set([0x01, 0x04, 0x05, 0x06, 0x08, 0x0f])

/** Answers of the register. */
export const REPLY = {
  accept: [0x80, 0x00],
  /** Not ready to answer yet: the terminal repeats its status information after 2 s. */
  wait: [0x84, 0x9c],
  /** No: the terminal reverses. */
  reject: [0x84, 0x6c],
  notPossible: [0x84, 0x83],
  noPrinter: [0x84, 0xcc],
} as const

/** Config byte of 06 00. */
export const CONFIG = {
  printsPayments: 0x02,
  printsAdmin: 0x04,
  intermediate: 0x08,
  noAmountEntry: 0x10,
  noAdmin: 0x20,
  printCommands: 0x80,
} as const

/** Service byte of 06 20: send the status information (01), print nothing (02). */
export const REPEAT_STATUS_ONLY = 0x03

/** BMP numbers that this driver reads or writes. */
export const BMP = {
  service: 0x03,
  amount: 0x04,
  tlv: 0x06,
  trace: 0x0b,
  time: 0x0c,
  date: 0x0d,
  pan: 0x22,
  resultCode: 0x27,
  terminalId: 0x29,
  originalTrace: 0x37,
  authorisation: 0x3b,
  text: 0x3c,
  currency: 0x49,
  totals: 0x60,
  receipt: 0x87,
  turnover: 0x88,
  cardName: 0x8b,
  paymentType: 0x19,
  hostCode: 0xa0,
  fullDate: 0xaa,
} as const

/** How long a BMP's content is: a number of bytes, or the kind of length in front of it. */
export type BmpFormat = number | 'LL' | 'LLL' | 'TLV'

const FORMATS: readonly (readonly [BmpFormat, string])[] = [
  [1, '01 02 03 05 19 27 8a 8c a0 d0 d2 d3 e0 e9 ea f0 f9 fa fb fc fd 72 73 74 75'],
  [2, '0d 0e 17 3a 49 87'],
  [3, '0b 0c 37 3d 88 aa'],
  [4, '29 70 71'],
  [5, 'ba'],
  [6, '04'],
  [8, '3b eb'],
  [15, '2a'],
  ['LL', '22 23 2d 4c 8b a7 d1 e1 e2 e3 e4 e5 e6 e7 e8 f1 f2 f3 f4 f5 f6 f7 f8'],
  ['LLL', '24 2e 3c 60 92 9a af'],
  ['TLV', '06'],
]

/** Every BMP of the specification (ch. 13) with its format. */
export const BMP_FORMATS: ReadonlyMap<number, BmpFormat> = new Map(
  FORMATS.flatMap(([format, list]) =>
    list.split(' ').map((number): [number, BmpFormat] => [Number.parseInt(number, 16), format]),
  ),
)

/** Fields whose every nibble is a decimal digit: anything else there means that we read at a wrong place. */
export const DECIMAL_BMPS: ReadonlySet<number> = new Set([
  0x04, 0x0b, 0x0c, 0x0d, 0x29, 0x37, 0x49, 0x87, 0x88, 0xaa,
])

/** TLV tags that this driver reads or writes. */
export const TAG = {
  text: 0x07,
  attribute: 0x09,
  command: 0x0a,
  lineWidth: 0x12,
  charset: 0x14,
  menuTarget: 0x18,
  menuReturn: 0x19,
  displayTexts: 0x24,
  printTexts: 0x25,
  permittedCommands: 0x26,
  charsets: 0x27,
  menu: 0x2b,
  menuItem: 0x2c,
  paymentType: 0x2f,
  amountInformation: 0x31,
  input: 0x32,
  foreign: 0xe2,
  receiptType: 0x1f07,
  cardholderCheck: 0x1f10,
  extendedCode: 0x1f16,
  extendedText: 0x1f17,
  markup: 0x1f1b,
  amountKind: 0x1f1d,
  decimals: 0x1f1e,
  mirroredReceipt: 0x1f1f,
  informationAmount: 0x1f20,
  informationCurrency: 0x1f21,
  longTrace: 0x1f2b,
  tip: 0x1f36,
  inputMode: 0x1f38,
  inputResult: 0x1f3a,
  leastAge: 0x1f6b,
  ageResult: 0x1f6c,
  partialApproval: 0x1f70,
  messageSequence: 0x1f73,
} as const

/** Bits of a print line's attribute (PA00P015 ch. 3.5). */
export const ATTRIBUTE = {
  feeds: 0xff,
  last: 0x80,
  centred: 0x40,
  doubleWidth: 0x20,
  doubleHeight: 0x10,
  indent: 0x0f,
} as const

/** Values of 1F1D: what an amount information (tag 31) speaks of (PA00P015 ch. 9.4.2.1). */
export const AMOUNT_KIND = { base: 0x01, rate: 0x02, foreign: 0x03, commission: 0x04 } as const

/** Values of 1F6C; the others say that card or terminal cannot tell (PA00P015 ch. 9.4.2.1). */
export const AGE = { notReached: 0x00, reached: 0x01 } as const

/** BMP 19 of 06 C0: read the chip. */
export const READ_CHIP = 0x10

/** Values of 1F10 with a signature in them, alone or beside a PIN (PA00P015 ch. 9.4.2.1). */
export const SIGNED: ReadonlySet<number> = new Set([0x01, 0x05, 0x06, 0x07])

/** The order of card brands in BMP 60: one count byte and six bytes of BCD turnover each. */
export const TOTALS_ORDER = ['girocard', 'jcb', 'mastercard', 'amex', 'visa', 'diners', 'other'] as const

/** Result codes with a meaning of their own in the register's behaviour. */
export const RESULT = {
  ok: 0x00,
  /** 01 to 63 are the host's. */
  lastHostCode: 0x63,
  aborted: 0x6c,
  notPossible: 0x83,
  wait: 0x9c,
  notReady: 0xa0,
  alreadyReversed: 0xb4,
  notReversible: 0xb5,
} as const

const RESULT_TEXTS: { readonly [code: number]: string } = {
  0x64: 'the card cannot be read',
  0x65: 'the card holds no usable data',
  0x66: 'the card reader failed',
  0x67: 'not allowed for debit cards',
  0x68: 'not allowed for credit cards',
  0x6a: 'the terminal’s turnover store is full',
  0x6b: 'the terminal is not registered',
  0x6c: 'cancelled, or nobody acted in time',
  0x6e: 'the card is blocked',
  0x6f: 'wrong currency',
  0x71: 'not enough credit on the card',
  0x72: 'the card’s chip failed',
  0x73: 'the card’s data is wrong',
  0x77: 'end of day is not possible now',
  0x78: 'the card has expired',
  0x79: 'the card is not valid yet',
  0x7a: 'unknown card',
  0x7d: 'communication failed',
  0x83: 'not possible',
  0x85: 'a key is missing',
  0x89: 'the PIN pad is defective',
  0x9a: 'protocol error',
  0x9b: 'the connection to the host failed',
  0x9c: 'please wait',
  0xa0: 'not ready',
  0xa1: 'the host does not answer',
  0xa3: 'no connection',
  0xb1: 'memory is full',
  0xb2: 'the journal is full',
  0xb4: 'already reversed',
  0xb5: 'cannot be reversed',
  0xb7: 'the amount is wrong or too high',
  0xc2: 'a diagnosis is required',
  0xc3: 'the amount is above the maximum',
  0xc5: 'this way of paying is not supported',
  0xc6: 'this currency is not supported',
  0xc8: 'the amount is too small',
  0xcc: 'the printer is not ready',
  0xdc: 'a card is inserted',
  0xdf: 'out of order',
  0xe1: 'a card is still in the reader',
  0xe2: 'the card reader does not answer',
  0xe4: 'the terminal must be activated',
  0xf0: 'end of day is due',
  0xfc: 'a device is missing or defective',
  0xff: 'system error',
}

/** What a result code means, in words of our own. */
export function resultText(code: number): string {
  if (code === RESULT.ok) return 'ok'
  if (code <= RESULT.lastHostCode) return `declined by the host (${code})`
  return RESULT_TEXTS[code] ?? 'no further explanation'
}

const STATE_TEXTS: { readonly [state: number]: string } = {
  0x00: 'ready',
  0x51: 'initialisation required',
  0x62: 'its clock is wrong',
  0x9c: 'busy',
  0x9d: 'goods partly issued',
  0xb1: 'memory is full',
  0xb2: 'the journal is full',
  0xbf: 'supply voltage too low',
  0xc0: 'the card lock is defective',
  0xc1: 'the merchant card is locked',
  0xc2: 'diagnosis required',
  0xc4: 'new card profiles required',
  0xcc: 'the printer is not ready',
  0xdc: 'a card is inserted',
  0xdf: 'out of order',
  0xe0: 'remote maintenance is on',
  0xe1: 'a card is not quite removed',
  0xe2: 'the card reader does not answer',
  0xe3: 'the shutter is closed',
  0xe4: 'the terminal must be activated',
  0xf0: 'end of day is due',
  0xf6: 'personalisation required',
}

/** What a terminal's state in the completion of 05 01 means (PA00P015 ch. 11). */
export function stateText(state: number): string {
  return STATE_TEXTS[state] ?? `state ${state.toString(16).padStart(2, '0').toUpperCase()}`
}

/** States of 05 01 in which the terminal is still occupied with a transaction: busy, partial issue, card inside. */
export const OCCUPIED_STATES: ReadonlySet<number> = new Set([0x9c, 0x9d, 0xa0, 0xdc, 0xe1])

const REMOVE = 0x40
const INTERMEDIATE: { readonly [status: number]: string } = {
  0x00: 'Confirm the amount',
  0x01: 'Follow the PIN pad',
  0x02: 'Follow the PIN pad',
  0x03: 'Not possible',
  0x04: 'Waiting for the host',
  0x05: 'Reversing',
  0x06: 'Sending stored bookings',
  0x07: 'Card not accepted',
  0x08: 'Unknown card',
  0x09: 'Card expired',
  0x0a: 'Insert card',
  0x0b: 'Remove card',
  0x0c: 'Card cannot be read',
  0x0d: 'Cancelled',
  0x0e: 'Please wait',
  0x0f: 'Automatic end of day',
  0x10: 'Invalid card',
  0x11: 'Showing the balance',
  0x12: 'System error',
  0x13: 'Payment not possible',
  0x14: 'Not enough credit',
  0x15: 'Wrong PIN',
  0x16: 'Limit exceeded',
  0x17: 'Please wait',
  0x18: 'Too many wrong PINs',
  0x19: 'Card data is wrong',
  0x1a: 'Service mode',
  0x1b: 'Approved',
  0x1c: 'Approved',
  0x1d: 'Declined',
  0x28: 'Choosing the currency',
  0x29: 'Choosing the language',
  0x2b: 'Offline emergency operation',
  0x2c: 'Choosing debit or credit',
}
const INTERMEDIATE_OTHER: { readonly [status: number]: string } = {
  0x68: 'Customer card inserted',
  0x69: 'Choose the currency',
  0xc8: 'Waiting for the cashier',
  0xc9: 'Automatic diagnosis',
  0xca: 'Automatic initialisation',
  0xcb: 'The journal is full',
  0xcc: 'PIN required',
  0xd2: 'Connecting',
  0xd3: 'Connected',
  0xe0: 'Choosing the application',
  0xe1: 'Choosing the language',
  0xf1: 'Offline',
  0xf2: 'Online',
  0xf3: 'Offline transaction',
}

/** What an intermediate status means, for the screen. */
export function intermediateText(status: number): string {
  const other = INTERMEDIATE_OTHER[status]
  if (other !== undefined) return other
  const plain = INTERMEDIATE[status & ~REMOVE]
  if (plain === undefined || status >= 0x80) return 'Please wait'
  return (status & REMOVE) !== 0 && status !== 0x4b ? `${plain}. Remove card` : plain
}
