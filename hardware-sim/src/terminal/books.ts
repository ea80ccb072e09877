// The terminal's own ledger: what it authorised, booked and reversed, and why. It survives the terminal's restart
// where a file is given, and it is the evidence against which a till's verdict about money is checked.
import { type BookEntry, type BookTotals, bookTotals, type Transaction } from './book-entry.ts'
import { readBooks, writeBooks } from './books-file.ts'
import { CARDS, type Card } from './cards.ts'

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

/** Every change is on disk before the method returns: the terminal's word to the register rests on it. */
export class Books {
  readonly #options: BooksOptions
  #entries: BookEntry[] = []
  #nextTrace = 1
  #nextReceipt: number
  #nextTurnover = 1
  #credits: { [maskedPan: string]: number } = {}

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
    this.#moveCredit(booked, 1)
    if (booked.originalTrace !== undefined && booked.kind !== 'tip') {
      const undone = this.#change(booked.originalTrace, entry => ({
        ...entry,
        state: 'reversed',
        why: booked.kind === 'payment' ? 'booked by the register' : 'reversed by the register',
      }))
      if (booked.kind === 'reversal') this.#moveCredit(undone, -1)
    }
    this.#save()
    return booked
  }

  /** What is left on a card that is paid in, minor units; undefined for any other card. */
  creditOf(card: Pick<Card, 'pan' | 'credit'>): number | undefined {
    return card.credit === undefined ? undefined : (this.#credits[masked(card.pan)] ?? card.credit)
  }

  /** Whether a tip was booked on top of the payment and still stands. */
  hasTip(trace: number): boolean {
    return this.#entries.some(
      entry => entry.kind === 'tip' && entry.originalTrace === trace && entry.state === 'booked',
    )
  }

  /** Undoes an authorised (or, for a synchronisation by 1F1F, a booked) transaction. */
  reverse(trace: number, why: string, resultCode: number): BookEntry {
    const before = this.#entries.findLast(entry => entry.trace === trace)
    if (before?.state === 'booked') this.#moveCredit(before, -1)
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

  /** The payment, or the tip, with this receipt number that could still be reversed: the newest, since numbers wrap. */
  findPayment(receipt: number): BookEntry | undefined {
    return this.#entries.findLast(
      entry => entry.receipt === receipt && REVERSIBLE.has(entry.kind) && entry.state !== 'declined',
    )
  }

  /** The stored transactions with these receipt numbers, oldest first. */
  between(from: number, to: number): readonly BookEntry[] {
    return this.#entries.filter(
      entry => entry.state !== 'declined' && entry.receipt >= from && entry.receipt <= to,
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
    return bookTotals(
      this.#entries.filter(entry => !entry.settled),
      this.#options.currency,
    )
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
        maskedPan: masked(from.card.pan),
        column: from.card.column,
      },
      authorisation: resultCode === 0 ? (from.authorisation ?? String(100_000 + trace).slice(-6)) : '',
      resultCode,
      settled: false,
      ...(from.originalTrace !== undefined && { originalTrace: from.originalTrace }),
      ...(from.manner !== undefined && { manner: from.manner }),
    }
  }

  #moveCredit({ kind, card, amountMinor }: BookEntry, way: 1 | -1): void {
    const known = Object.values(CARDS).find(({ pan }) => masked(pan) === card.maskedPan)
    const left = known === undefined ? undefined : this.creditOf(known)
    const change =
      kind === 'payment' ? -amountMinor : kind === 'refund' || kind === 'top-up' ? amountMinor : 0
    if (left !== undefined) this.#credits[card.maskedPan] = left + way * change
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
    const stored = this.#options.file === undefined ? undefined : readBooks(this.#options.file)
    // Empty books are written as well: whoever cannot keep them says so now, and not at the first payment.
    if (stored === undefined) return this.#save()
    this.#nextTrace = stored.nextTrace
    this.#nextReceipt = stored.nextReceipt
    this.#nextTurnover = stored.nextTurnover
    this.#entries = [...stored.entries]
    this.#credits = { ...stored.credits }
    this.restart()
  }

  #save(): void {
    if (this.#options.file === undefined) return
    writeBooks(this.#options.file, {
      version: 1,
      nextTrace: this.#nextTrace,
      nextReceipt: this.#nextReceipt,
      nextTurnover: this.#nextTurnover,
      entries: this.#entries,
      credits: this.#credits,
    })
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

/** What may be taken back by its receipt number (06 30). */
const REVERSIBLE: ReadonlySet<BookEntry['kind']> = new Set(['payment', 'tip'])
function masked(pan: string): string {
  return pan.replaceAll('E', '*')
}

function isHeld(entry: BookEntry): boolean {
  return entry.kind === 'reservation' && entry.state === 'booked'
}

function following(trace: number): number {
  return trace >= 999_999 ? 1 : trace + 1
}
