// The terminal's own ledger: what it authorised, booked and reversed, and why. It survives the terminal's restart
// where a file is given, and it is the evidence against which a till's verdict about money is checked.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import type { Card } from './tables.ts'

/** One transaction. */
export type BookEntry = {
  /** A booked `reservation` holds money until a payment books it, or a reversal ends it; it moves none itself. */
  readonly kind: 'payment' | 'refund' | 'reversal' | 'reservation'
  /** `authorised` waits for the register's acknowledgement; only `booked` moves money. */
  readonly state: 'authorised' | 'booked' | 'reversed' | 'declined'
  /** Why it is in this state. */
  readonly why: string
  /** What was authorised, minor units. */
  readonly amountMinor: number
  /** What the register asked for, minor units. */
  readonly orderedMinor: number
  /** ISO 4217 numeric, three digits. */
  readonly currency: string
  readonly trace: number
  /** Four digits, wraps; 0 where nothing was stored (declined). */
  readonly receipt: number
  /** Counts every stored transaction and does not wrap before 999,999. */
  readonly turnover: number
  /** `YYYY-MM-DDTHH:MM:SS` on the terminal's clock. */
  readonly time: string
  readonly card: {
    readonly name: string
    readonly type: number
    readonly maskedPan: string
    readonly column: string
  }
  readonly authorisation: string
  readonly resultCode: number
  /** How the card was read and its holder known, where the customer does not simply type a PIN. */
  readonly manner?: Manner
  /** Trace number of the payment that this reversal undoes, or of the reservation that this payment books. */
  readonly originalTrace?: number
  /** True once an end of day has settled it. */
  readonly settled: boolean
}

/** What is booked and not yet settled by an end of day. */
export type BookTotals = {
  readonly currency: string
  /** Payments minus refunds, minor units. */
  readonly totalMinor: number
  readonly payments: number
  readonly paymentsMinor: number
  readonly refunds: number
  readonly refundsMinor: number
  readonly reversed: number
}

/** What is special about a payment. */
export type Manner = {
  readonly check?: 'signature' | 'none'
  readonly contactless?: true
  /** Part of the amount, minor units. */
  readonly tipMinor?: number
  /** What the customer pays in the card's own currency (ISO 4217 numeric), minor units. */
  readonly foreign?: { readonly currency: string; readonly amountMinor: number }
}

export interface BooksOptions {
  /** Where they are kept; without it they die with the terminal. */
  readonly file?: string
  /** ISO 4217 numeric. */
  readonly currency: string
  /** The terminal's date and time now: `YYYY-MM-DDTHH:MM:SS`. */
  readonly time: () => string
  /** The first receipt number of empty books. */
  readonly firstReceipt?: number
}

/** A real terminal's turnover memory is bounded, too: beyond this it answers 6A until an end of day. */
const MAX_OPEN = 5_000
/** Settled transactions kept for looking back. */
const MAX_SETTLED = 5_000

interface Stored {
  readonly version: 1
  readonly nextTrace: number
  readonly nextReceipt: number
  readonly nextTurnover: number
  readonly entries: readonly BookEntry[]
}

/** What a new entry is made from. */
export interface Transaction {
  readonly kind: BookEntry['kind']
  readonly orderedMinor: number
  readonly amountMinor: number
  readonly card: Card
  readonly originalTrace?: number
  readonly manner?: Manner
}

/** Every change is on disk before the method returns: the terminal's word to the register rests on it. */
export class Books {
  readonly #options: BooksOptions
  #entries: BookEntry[] = []
  #nextTrace = 1
  #nextReceipt: number
  #nextTurnover = 1

  /** @throws CashdeskError `sim.books` when the file is no books of ours, or cannot be read or written */
  constructor(options: BooksOptions) {
    this.#options = options
    this.#nextReceipt = options.firstReceipt ?? 1
    this.#load()
  }

  get entries(): readonly BookEntry[] {
    return this.#entries
  }

  get full(): boolean {
    return this.#entries.filter(entry => !entry.settled).length >= MAX_OPEN
  }

  /** The last transaction that got a receipt number. */
  get lastStored(): BookEntry | undefined {
    return this.#entries.findLast(entry => entry.state !== 'declined')
  }

  /** The host said yes; nothing is booked yet. */
  authorise(transaction: Transaction): BookEntry {
    const entry = this.#entry(transaction, 'authorised', 'waiting for the register', 0)
    this.#nextReceipt = entry.receipt === 9999 ? 1 : entry.receipt + 1
    this.#nextTurnover = following(this.#nextTurnover)
    return this.#append(entry)
  }

  decline(transaction: Transaction, resultCode: number, why: string): BookEntry {
    const entry = this.#entry(transaction, 'declined', why, resultCode)
    return this.#append({ ...entry, receipt: 0, turnover: 0 })
  }

  /** The register acknowledged everything. A booked reversal undoes its original. */
  book(trace: number, amountMinor?: number): BookEntry {
    const booked = this.#change(trace, entry => ({
      ...entry,
      state: 'booked',
      why: 'acknowledged by the register',
      amountMinor: amountMinor ?? entry.amountMinor,
    }))
    if (booked.originalTrace !== undefined) {
      this.#change(booked.originalTrace, entry => ({
        ...entry,
        state: 'reversed',
        why: booked.kind === 'payment' ? 'booked by the register' : 'reversed by the register',
      }))
    }
    this.#save()
    return booked
  }

  /** Undoes an authorised (or, for a synchronisation by 1F1F, a booked) transaction. */
  reverse(trace: number, why: string, resultCode: number): BookEntry {
    const reversed = this.#change(trace, entry =>
      // Switched off and on meanwhile, it did this by itself.
      entry.state === 'reversed' ? entry : { ...entry, state: 'reversed', why, resultCode },
    )
    this.#save()
    return reversed
  }

  /** Who was switched off while waiting for the register reverses when it is switched on again. */
  restart(): void {
    const why = 'the terminal restarted before the register acknowledged'
    this.#entries = this.#entries.map(entry =>
      entry.state === 'authorised' ? { ...entry, state: 'reversed', why, resultCode: 0x6c } : entry,
    )
    this.#save()
  }

  /** The next transaction takes the receipt number of the last one once more (PA00P015 ch. 4). */
  reuseReceipt(receipt: number): void {
    this.#nextReceipt = receipt
    this.#save()
  }

  /** The payment with this receipt number that could still be reversed: the newest, since numbers wrap. */
  findPayment(receipt: number): BookEntry | undefined {
    return this.#entries.findLast(
      entry => entry.receipt === receipt && entry.kind === 'payment' && entry.state !== 'declined',
    )
  }

  /** The reservation with this receipt number that still holds money. */
  findReservation(receipt: number): BookEntry | undefined {
    return this.reservations().findLast(entry => entry.receipt === receipt)
  }

  /** What holds money, oldest first. */
  reservations(): readonly BookEntry[] {
    return this.#entries.filter(entry => entry.kind === 'reservation' && entry.state === 'booked')
  }

  totals(): BookTotals {
    const open = this.#entries.filter(entry => !entry.settled)
    const payments = open.filter(entry => entry.kind === 'payment' && entry.state === 'booked')
    const refunds = open.filter(entry => entry.kind === 'refund' && entry.state === 'booked')
    const paymentsMinor = sum(payments)
    const refundsMinor = sum(refunds)
    return {
      currency: this.#options.currency,
      totalMinor: paymentsMinor - refundsMinor,
      payments: payments.length,
      paymentsMinor,
      refunds: refunds.length,
      refundsMinor,
      reversed: open.filter(entry => entry.state === 'reversed' && entry.kind !== 'reservation').length,
    }
  }

  /** Settles everything that is open, and answers what that was and under which trace number. */
  settle(): { readonly trace: number; readonly open: readonly BookEntry[] } {
    const open = this.#entries.filter(entry => !entry.settled && !isHeld(entry))
    // A reservation outlives the day.
    const all = this.#entries.map(entry => ({ ...entry, settled: !isHeld(entry) }))
    const old = all.slice(0, -MAX_SETTLED)
    this.#entries = [...old.filter(isHeld), ...all.slice(-MAX_SETTLED)]
    const trace = this.#nextTrace
    this.#nextTrace = following(trace)
    this.#save()
    return { trace, open }
  }

  #entry(from: Transaction, state: BookEntry['state'], why: string, resultCode: number): BookEntry {
    const trace = this.#nextTrace
    this.#nextTrace = following(trace)
    return {
      kind: from.kind,
      state,
      why,
      amountMinor: from.amountMinor,
      orderedMinor: from.orderedMinor,
      currency: this.#options.currency,
      trace,
      receipt: this.#nextReceipt,
      turnover: this.#nextTurnover,
      time: this.#options.time(),
      card: {
        name: from.card.name,
        type: from.card.type,
        maskedPan: from.card.pan.replaceAll('E', '*'),
        column: from.card.column,
      },
      authorisation: resultCode === 0 ? String(100_000 + trace).slice(-6) : '',
      resultCode,
      settled: false,
      ...(from.originalTrace !== undefined && { originalTrace: from.originalTrace }),
      ...(from.manner !== undefined && { manner: from.manner }),
    }
  }

  #append(entry: BookEntry): BookEntry {
    this.#entries.push(entry)
    this.#save()
    return entry
  }

  // The newest entry of that number: trace numbers wrap after 999,999.
  #change(trace: number, next: (entry: BookEntry) => BookEntry): BookEntry {
    const index = this.#entries.findLastIndex(entry => entry.trace === trace)
    const before = this.#entries[index]
    if (before === undefined) throw new TypeError(`no transaction has trace ${trace}`)
    const after = next(before)
    this.#entries[index] = after
    return after
  }

  #load(): void {
    const file = this.#options.file
    if (file === undefined) return
    let text: string
    try {
      mkdirSync(dirname(file), { recursive: true })
      text = readFileSync(file, 'utf8')
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return
      throw unusable(file, thrown)
    }
    let stored: unknown
    try {
      stored = JSON.parse(text)
    } catch (thrown) {
      throw unusable(file, thrown)
    }
    if (!isStored(stored)) throw unusable(file, 'not the books of a simulated terminal')
    this.#nextTrace = stored.nextTrace
    this.#nextReceipt = stored.nextReceipt
    this.#nextTurnover = stored.nextTurnover
    this.#entries = [...stored.entries]
    this.restart()
  }

  // Written beside, synced, renamed: a crash leaves the old books or the new ones, never half of either.
  #save(): void {
    const file = this.#options.file
    if (file === undefined) return
    const stored: Stored = {
      version: 1,
      nextTrace: this.#nextTrace,
      nextReceipt: this.#nextReceipt,
      nextTurnover: this.#nextTurnover,
      entries: this.#entries,
    }
    try {
      const beside = `${file}.new`
      const handle = openSync(beside, 'w')
      try {
        writeFileSync(handle, `${JSON.stringify(stored, null, 1)}\n`)
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      renameSync(beside, file)
    } catch (thrown) {
      throw unusable(file, thrown)
    }
  }
}

/** `YYYY-MM-DDTHH:MM:SS` in the machine's time zone: a terminal shows the wall's time. */
export function localTime(epochMs: number): string {
  return utcTime(epochMs - new Date(epochMs).getTimezoneOffset() * 60_000)
}

/** The same at Greenwich, for a simulation that is the same everywhere. */
export function utcTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19)
}

function sum(entries: readonly BookEntry[]): number {
  return entries.reduce((total, entry) => total + entry.amountMinor, 0)
}

function isHeld(entry: BookEntry): boolean {
  return entry.kind === 'reservation' && entry.state === 'booked'
}

function following(trace: number): number {
  return trace >= 999_999 ? 1 : trace + 1
}

function unusable(file: string, reason: unknown): CashdeskError {
  return new CashdeskError(
    'sim.books',
    { file, reason: reason instanceof Error ? reason.message : String(reason) },
    { cause: reason },
  )
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null) return false
  const books = value as { readonly [name: string]: unknown }
  const counters = [books['nextTrace'], books['nextReceipt'], books['nextTurnover']]
  return (
    books['version'] === 1 &&
    counters.every(counter => Number.isSafeInteger(counter) && Number(counter) > 0) &&
    Array.isArray(books['entries']) &&
    books['entries'].every(isEntry)
  )
}

function isEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const entry = value as { readonly [name: string]: unknown }
  return (
    ['payment', 'refund', 'reversal', 'reservation'].includes(String(entry['kind'])) &&
    ['authorised', 'booked', 'reversed', 'declined'].includes(String(entry['state'])) &&
    Number.isSafeInteger(entry['amountMinor']) &&
    Number.isSafeInteger(entry['trace'])
  )
}
