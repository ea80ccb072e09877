// The simulated terminal's own tables of the ZVT protocol (PA00P015 rev. 13.08, PA00P016). They are written down
// here a second time on purpose: a table shared with the driver would let a wrong entry cancel itself out.

/** CLASS and INSTR of a command, as one number. */
export const COMMAND = {
  statusEnquiry: 0x0501,
  registration: 0x0600,
  authorisation: 0x0601,
  logOff: 0x0602,
  balance: 0x0603,
  activateCard: 0x0604,
  tip: 0x060c,
  totals: 0x0610,
  reprint: 0x0612,
  reset: 0x0618,
  printConfiguration: 0x061a,
  repeatReceipt: 0x0620,
  telephone: 0x0621,
  reservation: 0x0622,
  partialReversal: 0x0623,
  bookTotal: 0x0624,
  reservationReversal: 0x0625,
  externalReversal: 0x0626,
  reversal: 0x0630,
  refund: 0x0631,
  endOfDay: 0x0650,
  diagnosis: 0x0670,
  selfTest: 0x0679,
  setClock: 0x0691,
  initialisation: 0x0693,
  abort: 0x06b0,
  readCard: 0x06c0,
  displayText: 0x06e0,
  setTime: 0x0401,
  inputRequest: 0x040d,
  menuRequest: 0x040e,
  status: 0x040f,
  intermediate: 0x04ff,
  completion: 0x060f,
  failed: 0x061e,
  printLine: 0x06d1,
  printBlock: 0x06d3,
  graphicMenu: 0x06d0,
} as const

/** Terminal status codes, ch. 11. */
export const STATUS = {
  ready: 0x00,
  initialisationNeeded: 0x51,
  clockWrong: 0x62,
  busy: 0x9c,
  diagnosisNeeded: 0xc2,
  cardInserted: 0xdc,
  endOfDayNeeded: 0xf0,
} as const

/** The first byte of an answer to a command. */
export const REPLY = { positive: 0x80, negative: 0x84 } as const

/** Result codes, ch. 10. */
export const RESULT = {
  ok: 0x00,
  pinTries: 0x4b,
  noCardData: 0x65,
  cardProblem: 0x66,
  notForDebitCards: 0x67,
  notForCreditCards: 0x68,
  notRegistered: 0x6b,
  aborted: 0x6c,
  wrongCurrency: 0x6f,
  creditTooLow: 0x71,
  booksFull: 0x6a,
  notPossible: 0x83,
  protocol: 0x9a,
  pleaseWait: 0x9c,
  partialIssue: 0x9d,
  notReady: 0xa0,
  alreadyReversed: 0xb4,
  reversalNotPossible: 0xb5,
  amountTooHigh: 0xb7,
  noReservation: 0xb8,
  amountAboveMaximum: 0xc3,
  noPrinter: 0xcc,
  registrationFailed: 0x1e,
} as const

/** Bits of the registration's config byte, table 1. */
export const CONFIG = {
  ecrPrintsPayments: 0x02,
  ecrPrintsAdministration: 0x04,
  intermediateStatus: 0x08,
  linesByTerminal: 0x80,
  /** What a log-off resets it to. */
  afterLogOff: 0x86,
} as const

/** Service byte of 06 20, table 5. */
export const REPEAT = { sendStatus: 0x01, printNothing: 0x02 } as const

/** Service byte of 05 01, table 12. */
export const ENQUIRY = { noVersion: 0x02, more: 0x04 } as const

/** Intermediate status values, table 17. */
export const MESSAGE = {
  watchPinPad: 0x01,
  waitingForHost: 0x04,
  autoReversal: 0x05,
  insertCard: 0x0a,
  processingError: 0x0d,
  pleaseWait: 0x0e,
  balance: 0x11,
  creditTooLow: 0x14,
  wrongPin: 0x15,
  pinTries: 0x18,
  declined: 0x1d,
  currencyChoice: 0x69,
  waitingForCashier: 0xc8,
} as const

/** Bits of BMP 19 in 06 01, table 4. */
export const PAYMENT_TYPE = { fromReadCard: 0x02, tippable: 0x08 } as const

/** Field numbers that the terminal sends or looks at. */
export const BMP = {
  timeout: 0x01,
  maxStatus: 0x02,
  service: 0x03,
  amount: 0x04,
  tlv: 0x06,
  trace: 0x0b,
  time: 0x0c,
  date: 0x0d,
  expiry: 0x0e,
  sequence: 0x17,
  paymentType: 0x19,
  pan: 0x22,
  track2: 0x23,
  result: 0x27,
  terminalId: 0x29,
  contract: 0x2a,
  originalTrace: 0x37,
  authorisation: 0x3b,
  currency: 0x49,
  singleAmounts: 0x60,
  receipt: 0x87,
  turnover: 0x88,
  cardType: 0x8a,
  cardName: 0x8b,
  fullDate: 0xaa,
} as const

/** How long a field is: a number of bytes, or a decimal counter of two or three `Fx` digits, or a TLV length. */
export type FieldLength = number | 'LL' | 'LLL' | 'TLV'

/** Every field's length by number. The order in a message is arbitrary. */
export const FIELDS: ReadonlyMap<number, FieldLength> = new Map<number, FieldLength>([
  ...[0x01, 0x02, 0x03, 0x05, 0x19, 0x27, 0x8a, 0x8c, 0xa0].map(sized(1)),
  ...[0xd0, 0xd2, 0xd3, 0xe0, 0xe9, 0xea, 0xf0, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd].map(sized(1)),
  ...[0x72, 0x73, 0x74, 0x75].map(sized(1)),
  ...[0x0d, 0x0e, 0x17, 0x3a, 0x49, 0x87].map(sized(2)),
  ...[0x0b, 0x0c, 0x37, 0x3d, 0x88, 0xaa].map(sized(3)),
  ...[0x29, 0x70, 0x71].map(sized(4)),
  ...[0xba].map(sized(5)),
  ...[0x04].map(sized(6)),
  ...[0x3b, 0xeb].map(sized(8)),
  ...[0x2a].map(sized(15)),
  ...[0x22, 0x23, 0x2d, 0x4c, 0x8b, 0xa7, 0xd1].map(sized('LL')),
  ...[0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8].map(sized('LL')),
  ...[0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8].map(sized('LL')),
  ...[0x24, 0x2e, 0x3c, 0x60, 0x92, 0x9a, 0xaf].map(sized('LLL')),
  ...[0x06].map(sized('TLV')),
])

/** TLV tags, ch. 9.4. */
export const TAG = {
  receipt: 0x08,
  text: 0x07,
  attribute: 0x09,
  command: 0x0a,
  lineWidth: 0x12,
  charset: 0x14,
  menuType: 0x16,
  menuContext: 0x17,
  menuTarget: 0x18,
  returnValue: 0x19,
  fileBlock: 0x1c,
  receipts: 0x23,
  displayTexts: 0x24,
  texts: 0x25,
  commands: 0x26,
  menu: 0x2b,
  menuItem: 0x2c,
  paymentType: 0x2f,
  amountInformation: 0x31,
  input: 0x32,
  clock: 0x34,
  uid: 0x4c,
  dcc: 0xe2,
  reservationKind: 0x1f06,
  date: 0x1f0e,
  time: 0x1f0f,
  receiptType: 0x1f07,
  cardholderCheck: 0x1f10,
  online: 0x1f11,
  technology: 0x1f12,
  cardNumberHash: 0x1f14,
  readingControl: 0x1f15,
  markup: 0x1f1b,
  dccCardName: 0x1f1c,
  amountKind: 0x1f1d,
  decimals: 0x1f1e,
  lastReceipt: 0x1f1f,
  infoAmount: 0x1f20,
  infoCurrency: 0x1f21,
  retrievalId: 0x1f23,
  dccReference: 0x1f24,
  tip: 0x1f36,
  inputMode: 0x1f38,
  inputSeconds: 0x1f39,
  inputResult: 0x1f3a,
  transactionInformation: 0x1f3b,
  technologies: 0x1f60,
  minimumAge: 0x1f6b,
  ageResult: 0x1f6c,
  sequence: 0x1f73,
} as const

/** Attribute byte of a print line, table 16. `last` alone is reserved: it needs another bit beside it. */
export const LINE = { plain: 0x00, centred: 0x40, doubleWidth: 0x20, doubleHeight: 0x10, last: 0x80 } as const

/** Character sets of tag 14 that this terminal can write; everything else is not echoed, and CP437 stays. */
export const CHARSET = { latin1: 0x01, utf8: 0xfe, cp437: 0xff } as const

/** The letters of CP437 beyond ASCII that German receipts need. */
export const CP437: ReadonlyMap<string, number> = new Map([
  ['Ä', 0x8e],
  ['Ö', 0x99],
  ['Ü', 0x9a],
  ['ä', 0x84],
  ['ö', 0x94],
  ['ü', 0x81],
  ['ß', 0xe1],
  ['é', 0x82],
])

/** Columns of the end-of-day record in their order on the wire. */
export const END_OF_DAY_COLUMNS = [
  'girocard',
  'jcb',
  'mastercard',
  'amex',
  'visa',
  'diners',
  'other',
] as const
export type EndOfDayColumn = (typeof END_OF_DAY_COLUMNS)[number]

function sized(length: FieldLength): (bmp: number) => [number, FieldLength] {
  return bmp => [bmp, length]
}
