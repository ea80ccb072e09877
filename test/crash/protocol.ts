// What the supervisor and the register's process say to each other, one line of JSON each: orders down, what was seen
// up. The purse log is what cashier and customer know; it outlives every register.
import type { SaleView, TaskView } from '@cashdesk/sdk'

/** Where a register finds the shop it stands in. */
export interface Place {
  /** The till's folder. */
  readonly dir: string
  readonly host: string
  readonly terminalPort: number
  readonly printerPort: number
  /** Segments of a few sales and a snapshot after every one, so that a crash meets their making. */
  readonly smallJournal?: boolean
}

/** What the register sells in one trial, and how far its life goes. */
export interface SaleOrder {
  readonly scenario: string
  /** Begins the ids of all sales of the trial. */
  readonly trial: string
  /** Cards that nobody has bought yet. */
  readonly serials: readonly string[]
  /** What the cashier does: what comes before, the scenario, or lets the customer go after a crash. */
  readonly mood: 'prepare' | 'sell' | 'let-go'
  /** What cashier and customer have seen in earlier lives of the register. */
  readonly memory: readonly PurseEntry[]
}

export type Order =
  /** Dies at the `killAt`-th boundary that is counted from here. */
  | { readonly order: 'open'; readonly place: Place; readonly killAt?: number }
  /** Counts boundaries anew, unless `countOn`. */
  | ({ readonly order: 'sell'; readonly killAt?: number; readonly countOn?: true } & SaleOrder)
  | { readonly order: 'happened'; readonly id: number }
  | { readonly order: 'race'; readonly place: Place; readonly atEpochMs: number }
  /** Closes the till; the process stays. */
  | { readonly order: 'close' }

/** What a witness keeps. Amounts in minor units, as the customer sees them: positive is the customer's own money. */
export type PurseEntry =
  /** The till answered that the line is on the sale. Negative price on a return. */
  | {
      readonly saw: 'line'
      readonly sale: string
      readonly line: string
      readonly priceMinor: number
      readonly serial?: string
    }
  | { readonly saw: 'line-refused'; readonly sale: string; readonly line: string; readonly code: string }
  | { readonly saw: 'line-voided'; readonly sale: string; readonly line: string }
  /** The customer puts money on the counter; the till does not know it yet. */
  | {
      readonly saw: 'cash-given'
      readonly sale: string
      readonly payment: string
      readonly amountMinor: number
    }
  /** Money goes back over the counter: change, a payment that was not taken, a return. */
  | {
      readonly saw: 'cash-returned'
      readonly sale: string
      readonly payment: string
      readonly amountMinor: number
    }
  | {
      readonly saw: 'payment'
      readonly sale: string
      readonly payment: string
      readonly by: string
      readonly outcome: 'done' | 'refused'
      readonly amountMinor: number
    }
  | {
      readonly saw: 'ended'
      readonly sale: string
      readonly state: 'closed' | 'cancelled'
      readonly kind: 'sale' | 'void' | 'return'
    }
  | { readonly saw: 'day-ended'; readonly terminalMinor: number }
  /** A new life shows what it knows of a sale; null: nothing. */
  | { readonly saw: 'shown'; readonly sale: string; readonly view: SaleView | null }
  /** At the end of a trial: what the till shows to people, and whether its outbox is empty. */
  | {
      readonly saw: 'rest'
      readonly tasks: readonly TaskView[]
      readonly unfinished: readonly string[]
      readonly idle: boolean
    }

/** What may happen in the shop while a scenario is played; each happens once per trial, however often it is asked for. */
export type Happening =
  | { readonly place: 'terminal' | 'printer'; readonly name: string; readonly args?: HappeningArgs }
  | { readonly place: 'line'; readonly name: 'down' | 'up' }
  | { readonly place: 'host'; readonly name: string; readonly action: number }

type HappeningArgs = { readonly [name: string]: string | number }

export type Said =
  | { readonly said: 'ready' }
  | { readonly said: 'opening'; readonly atEpochMs: number }
  | { readonly said: 'open'; readonly atEpochMs: number; readonly left: number }
  | { readonly said: 'purse'; readonly entry: PurseEntry }
  | { readonly said: 'happen'; readonly id: number; readonly happening: Happening }
  | { readonly said: 'dying'; readonly boundary: number; readonly kind: string }
  /** The scenario was played to its end; so many boundaries were met. */
  | { readonly said: 'sold'; readonly boundaries: number }
  | { readonly said: 'raced'; readonly won: boolean; readonly code?: string; readonly tookMs: number }
  | { readonly said: 'closed' }
  | { readonly said: 'failed'; readonly code: string; readonly message: string }
