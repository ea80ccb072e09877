// How a simulated terminal is set up, and what it says of itself while it runs.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { Accident, DialogueKind, Need } from './accidents.ts'
import type { BookEntry, BookTotals } from './book-entry.ts'
import type { RepeatShows } from './enquiries.ts'
import type { Slip } from './slips.ts'

/** All times in ms. */
export interface TerminalOptions {
  /** A JSON file for the books, so that they survive the terminal. */
  readonly books?: string
  /** Eight digits. */
  readonly terminalId?: string
  /** Six digits. */
  readonly password?: string
  /** ISO 4217 numeric, three digits; 978 is EUR. */
  readonly currency?: string
  readonly card?: string
  /** Stretches the stages of a payment (300 ms in all); 0 for tests. */
  readonly speed?: number
  /** The wait for the register's word on 04 0F and on each print command. */
  readonly answerMs?: number
  /** The wait for any other answer. */
  readonly t3Ms?: number
  /** The wait between `84 9C` and the next 04 0F. */
  readonly repeatMs?: number
  /** How long an auto-reversal keeps the terminal busy. */
  readonly reversalMs?: number
  readonly repeatShows?: RepeatShows
  readonly firstReceipt?: number
  /** Its date and time are those of Greenwich, not of this machine. */
  readonly utc?: boolean
  /** What a payment before any registration gets: real terminals differ, and PA00P015 ch. 2.1 allows both. */
  readonly unregistered?: 'refuse' | 'take'
  /** The behaviour to begin with: an accident's name and arguments. */
  readonly behaviour?: { readonly name: string; readonly [argument: string]: Json }
  /** Told of every piece of paper, whoever prints it. */
  readonly onSlip?: (slip: Slip) => void
}

export type TerminalState = {
  readonly books: readonly BookEntry[]
  readonly totals: BookTotals
  readonly behaviour: Accident
  readonly connected: boolean
  readonly registered: boolean
  /** The dialogue that runs now. */
  readonly dialogue: DialogueKind | null
  /** The last dialogue that ended, and how. */
  readonly lastDialogue: { readonly kind: DialogueKind; readonly ended: string } | null
  /** What the customer holds out, and how old that customer is. */
  readonly customer: { readonly card: string; readonly age: number }
  /** What it wants before it takes money. */
  readonly needs: Need | null
  /** What the register wrote on its display (06 E0), line by line. */
  readonly display: readonly string[]
  /** The last pieces of paper, newest last. */
  readonly slips: readonly Slip[]
}

type Defaulted = 'terminalId' | 'currency' | 'password' | 'speed' | 'card'

/** @throws CashdeskError `sim.usage` */
export function withDefaults(options: TerminalOptions): Required<Pick<TerminalOptions, Defaulted>> {
  const {
    terminalId = '52500041',
    currency = '978',
    password = '000000',
    speed = 1,
    card = 'girocard',
  } = options
  digits('tid', terminalId, 8)
  digits('currency', currency, 3)
  digits('password', password, 6)
  return { terminalId, currency, password, speed, card }
}

function digits(option: string, value: string, length: number): void {
  if (!/^\d+$/.test(value) || value.length !== length) {
    throw new CashdeskError('sim.usage', { option, value: value.slice(0, 40), digits: length })
  }
}
