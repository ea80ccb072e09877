// What the simulated PIN pad knows by heart: the bytes of its line, its vendors' habits and its error letters. Written
// from the vendors' manuals and shared with no driver.

export const LINE = {
  packetStart: 0x02,
  packetEnd: 0x03,
  over: 0x04,
  taken: 0x06,
  adminEnd: 0x0e,
  adminStart: 0x0f,
  again: 0x15,
  clearScreen: 0x1a,
  field: 0x1c,
  pinPrompt: 0x1e,
} as const

export type Vendor = 'verifone' | 'uic'

/** What goes wrong with a request, in our words; each vendor has its own letter for it. */
export type Complaint = 'no-key' | 'working-key' | 'account' | 'limits' | 'used-up'

export interface Habits {
  /** The key field of a request under DUKPT; undefined: there is none. */
  readonly dukptField: string | undefined
  /** Before KSN and block. */
  readonly dukptAnswer: string
  /** The only texts that may stand on the display while a PIN is entered; undefined: any. */
  readonly ownPrompts: readonly string[] | undefined
  /** What stands before the amount of packet `70`; undefined: it has none. */
  readonly amountSign: string | undefined
  readonly letters: {
    readonly session: { readonly [complaint in Complaint]: string }
    readonly dukpt: { readonly [complaint in Complaint]: string }
  }
}

export const HABITS: { readonly [vendor in Vendor]: Habits } = {
  // MX800 Series Programmer's Guide, pp. 220, 309-311, 323, 327, 331.
  verifone: {
    dukptField: 'DUKPT ENCRYPTION',
    dukptAnswer: '73.00000',
    ownPrompts: undefined,
    amountSign: undefined,
    letters: {
      session: { 'no-key': '1', 'working-key': '2', account: '2', limits: '3', 'used-up': '1' },
      dukpt: { 'no-key': '1', 'working-key': '2', account: '2', limits: '5', 'used-up': '6' },
    },
  },
  // PIN Pad 791 Programmer's Manual, pp. 201-205, 226-229, 245-249.
  uic: {
    dukptField: undefined,
    dukptAnswer: '710',
    amountSign: '$',
    ownPrompts: ['ENTER PIN', 'PLEASE ENTER PIN', 'GIFT CARD PIN', 'PIN EINGEBEN'],
    letters: {
      session: { 'no-key': '9', 'working-key': '5', account: '2', limits: '8', 'used-up': '7' },
      dukpt: { 'no-key': 'A', 'working-key': '5', account: '2', limits: '8', 'used-up': 'F' },
    },
  },
}

/** ISO 9564-1: no PIN has fewer or more digits. */
export const PIN_DIGITS = { min: 4, max: 12 } as const
