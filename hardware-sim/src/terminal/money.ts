// Authorisation, refund and reversal at the simulated terminal: from the card to the commit point, which is the
// register's positive answer to 04 0F and to every print command of the dialogue (PA00P015 ch. 2.2.8), and the
// auto-reversal where those answers do not come.
import type { Need } from './accidents.ts'
import type { BookEntry, Transaction } from './book-entry.ts'
import type { Books } from './books.ts'
import { CARDS, type Card } from './cards.ts'
import { bcd, digitsOf, type Field, readFields } from './codec.ts'
import { askWishes, mannerOf, presentCard, typesPin, type Wishes } from './customer.ts'
import type { RepeatShows } from './enquiries.ts'
import type { Answer } from './link.ts'
import { PAPER_WIDTH, paymentPapers, printCommands } from './receipt.ts'
import { confirmSignature, showsSignatures } from './signature.ts'
import type { Slips } from './slips.ts'
import { statusFields } from './status.ts'
import { BMP, CONFIG, MESSAGE, RESULT } from './tables.ts'
import type { Registration, Talk } from './talk.ts'

/** What the register ordered, read and checked. */
export interface MoneyOrder {
  readonly kind: BookEntry['kind']
  readonly amountMinor: number
  /** The payment that is reversed or gets a tip, or the reservation that is booked: the register named it. */
  readonly original?: BookEntry
  /** Part of the amount (1F36). */
  readonly tipMinor?: number
  /** The register may want to book a tip later (BMP 19). */
  readonly tippable?: true
  /** The card is the one that was read before (06 C0, BMP 19). */
  readonly fromReadCard?: true
  /** Authorised by a voice on the telephone (06 21), with the number that it told. */
  readonly telephone?: { readonly authorisation?: string }
  /** A result code with which it is refused after the start: wrong currency, already reversed … */
  readonly refusal?: number
  /** How long to wait for the register's word on 04 0F (06 01, BMP 01). */
  readonly answerMs: number
  /** How often the register may ask for time with 84 9C (06 01, BMP 02). */
  readonly maxStatus: number
  /** The register named the currency, so the status names it, too. */
  readonly namesCurrency: boolean
  /** The register mirrors receipt numbers (1F1F), so it is told this one. */
  readonly mirrors: boolean
}

export interface Till {
  readonly books: Books
  /** What the customer holds out next. */
  card: Card
  /** How old that customer is, in years. */
  customerAge: number
  /** What it wants before it does anything else. */
  needs: Need | undefined
  /** A card that was read (06 C0) and is still in the reader. */
  inserted: boolean
  /** What the register wrote on the display. */
  display: { readonly lines: readonly string[]; readonly seconds: number }
  /** What 06 20 shows of a payment that was reversed for want of an acknowledgement. */
  readonly repeatShows: RepeatShows
  /** Everything that is printed, here or by the register. */
  readonly slips: Slips
  /** Sets its clock. */
  readonly setTime: (time: string) => void
  readonly terminalId: string
  /** Its date and time now: `YYYY-MM-DDTHH:MM:SS`. */
  readonly time: () => string
  /** Two bytes, ISO 4217 numeric. */
  readonly currency: Buffer
  /** How long a payment's stages take. */
  readonly stages: { readonly cardMs: number; readonly pinMs: number; readonly hostMs: number }
  /** The wait between 84 9C and the next 04 0F. */
  readonly repeatMs: number
  /** How long an auto-reversal keeps the terminal busy. */
  readonly reversalMs: number
  /** Sleeps whatever the link does; ends early only when the terminal is switched off. */
  readonly sleep: (ms: number) => Promise<void>
}

type Verdict =
  | { readonly book: true; readonly amountMinor: number }
  | { readonly book: false; readonly why: string; readonly code: number; readonly withStatus: boolean }

/** While the host is slow, the register is told this often that the terminal lives. */
const ALIVE_MS = 5_000

/** Runs one money dialogue to its end; says how it ended. */
export async function runMoney(order: MoneyOrder, talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  if (order.refusal !== undefined) {
    await refuse(order, order.refusal, talk, till)
    return 'refused'
  }
  const wishes = await approach(order, talk, till)
  if (typeof wishes === 'string') {
    await refuse(order, NO_CARD.get(wishes) ?? RESULT.aborted, talk, till)
    return wishes
  }
  const knowsPin = !isByCard(order) || (await typesPin(talk, till))
  if (talk.aborted) {
    await refuse(order, RESULT.aborted, talk, till)
    return 'aborted by the register'
  }
  if (knowsPin && !(await askHost(talk, till))) return 'link lost before the host was asked'
  const transaction = transactionOf(order, talk, till, wishes)
  const declined = declinedFor(transaction, knowsPin, talk)
  if (declined !== undefined) {
    till.books.decline(transaction, declined.code, declined.why)
    talk.reached('declined')
    await talk.show(declined.shown)
    await refuse(order, declined.code, talk, till)
    return 'declined'
  }
  const entry = till.books.authorise(transaction)
  talk.reached('authorised')
  const verdict = (await signed(entry, talk)) ?? (await acknowledged(entry, order, talk, till))
  if (talk.isOff) return 'switched off'
  if (!verdict.book) {
    await reverse(entry, verdict, talk, till)
    return `reversed: ${verdict.why}`
  }
  const booked = till.books.book(entry.trace, verdict.amountMinor)
  talk.reached('booked')
  if (printsItself(talk.registration)) {
    till.slips.print(paymentPapers(booked, till.terminalId, PAPER_WIDTH, false))
  }
  await talk.complete()
  return 'booked'
}

async function refuse(order: MoneyOrder, code: number, talk: Talk, till: Till): Promise<void> {
  const amount: Field = [BMP.amount, bcd(order.amountMinor, 6)]
  await talk.fail(code, [amount], order.namesCurrency ? till.currency : undefined)
}

interface Declined {
  readonly code: number
  readonly why: string
  /** An intermediate status. */
  readonly shown: number
}

/** Why the host, or the card, does not pay. */
function declinedFor(transaction: Transaction, knowsPin: boolean, talk: Talk): Declined | undefined {
  if (!knowsPin) {
    return { code: RESULT.pinTries, why: 'the PIN was wrong three times', shown: MESSAGE.pinTries }
  }
  const decline = talk.strikes('decline')
  if (decline !== undefined) {
    return { code: decline.code, why: 'the host declined', shown: MESSAGE.declined }
  }
  if (transaction.amountMinor > 0) return undefined
  return { code: RESULT.creditTooLow, why: 'nothing is left on the card', shown: MESSAGE.creditTooLow }
}

/** A tip is booked without its payment's card. */
function isByCard(order: MoneyOrder): boolean {
  return order.kind !== 'tip'
}

const NO_CARD: ReadonlyMap<string, number> = new Map([
  ['the card was pulled out', RESULT.cardProblem],
  ['no card was read', RESULT.noCardData],
])

/** The customer with all wishes, or why there is none. */
async function approach(order: MoneyOrder, talk: Talk, till: Till): Promise<Wishes | string> {
  if (!isByCard(order)) return {}
  const wasRead = till.inserted
  till.inserted = false
  if (order.fromReadCard) {
    if (!wasRead) return 'no card was read'
  } else {
    const customer = await presentCard(talk, till)
    if (customer !== 'ready') return customer
  }
  const wishes = await askWishes(order, talk, till)
  if (typeof wishes === 'string' || !talk.over) return wishes
  return talk.aborted ? 'aborted by the register' : 'link lost before the host was asked'
}

/** From here on an abort is too late. */
async function askHost(talk: Talk, till: Till): Promise<boolean> {
  talk.abortable = false
  await talk.show(MESSAGE.waitingForHost)
  let left = till.stages.hostMs + (talk.strikes('slow')?.ms ?? 0)
  while (left > ALIVE_MS && (await talk.pause(ALIVE_MS))) {
    left -= ALIVE_MS
    await talk.show(MESSAGE.pleaseWait)
  }
  return await talk.pause(left)
}

function transactionOf(order: MoneyOrder, talk: Talk, till: Till, wishes: Wishes): Transaction {
  const partial = order.kind === 'payment' ? talk.strikes('partial')?.amountMinor : undefined
  const credit = order.kind === 'payment' ? till.books.creditOf(till.card) : undefined
  const approved = Math.min(order.amountMinor, partial ?? order.amountMinor, credit ?? order.amountMinor)
  const manner = mannerOf(order, talk, approved, wishes)
  const isAdded = order.kind === 'payment' && order.tipMinor === undefined
  return {
    kind: order.kind,
    orderedMinor: order.amountMinor,
    amountMinor: approved + (isAdded ? (manner?.tipMinor ?? 0) : 0),
    card: order.kind === 'tip' ? cardOf(order.original, till) : till.card,
    ...(manner !== undefined && { manner }),
    ...(order.original !== undefined && { originalTrace: order.original.trace }),
    ...(order.telephone?.authorisation !== undefined && { authorisation: order.telephone.authorisation }),
  }
}

/** The card of that payment, which nobody holds out for its tip. */
function cardOf(payment: BookEntry | undefined, till: Till): Card {
  const masked = payment?.card.maskedPan.replaceAll('*', 'E')
  return Object.values(CARDS).find(card => card.pan === masked) ?? till.card
}

/** Why the payment is undone, where the cashier was to look at a signature and did not accept it. */
async function signed(entry: BookEntry, talk: Talk): Promise<Verdict | undefined> {
  if (entry.kind !== 'payment' || !showsSignatures(talk)) return undefined
  const asked = talk.strikes('ask-signature')
  const answer = asked === undefined ? 'confirmed' : await confirmSignature(talk, Math.max(1, asked.times))
  return answer === 'confirmed' ? undefined : refusal(answer, true)
}

async function acknowledged(entry: BookEntry, order: MoneyOrder, talk: Talk, till: Till): Promise<Verdict> {
  const fields = statusFields(entry, till, order.namesCurrency, {
    mirrors: order.mirrors && talk.registration.tlv,
    details: talk.registration.tlv,
  })
  for (let asked = 0; ; asked += 1) {
    const answer = await talk.status(fields, order.answerMs)
    if (answer.kind === 'answer' && answer.code === RESULT.pleaseWait && !answer.positive) {
      if (asked >= order.maxStatus) return refusal('the register asked for time too often', true)
      // Not abortable, so only a lost link ends this pause early.
      await talk.pause(till.repeatMs)
      continue
    }
    const issued = issuedMinor(answer, entry)
    if (issued === undefined) return refusal(whyNot(answer, 'the status'), answer.kind === 'silent')
    return await printed({ ...entry, amountMinor: issued }, talk, till)
  }
}

async function printed(entry: BookEntry, talk: Talk, till: Till): Promise<Verdict> {
  for (const [index, command] of commandsFor(entry, talk.registration, till, false).entries()) {
    const answer = await talk.print(command, index)
    if (answer.kind !== 'answer' || !answer.positive) {
      const code = answer.kind === 'answer' ? RESULT.noPrinter : RESULT.aborted
      return { book: false, why: whyNot(answer, `print command ${index + 1}`), code, withStatus: false }
    }
  }
  return { book: true, amountMinor: entry.amountMinor }
}

/** The print commands of a payment, none where the register makes up the receipt itself or the terminal prints. */
export function commandsFor(
  entry: BookEntry,
  registration: Registration,
  till: Till,
  copy: boolean,
): Buffer[] {
  if (!printsPayments(registration)) return []
  const papers = paymentPapers(entry, till.terminalId, registration.width, copy)
  till.slips.hand(papers)
  return printCommands(papers, registration)
}

export function printsPayments(registration: Registration): boolean {
  const both = CONFIG.ecrPrintsPayments | CONFIG.linesByTerminal
  return (registration.config & both) === both
}

/** Neither the register prints nor does it make up receipts from the status: the terminal's own printer does. */
export function printsItself(registration: Registration): boolean {
  return registration.registered && (registration.config & CONFIG.ecrPrintsPayments) === 0
}

async function reverse(
  entry: BookEntry,
  verdict: Extract<Verdict, { book: false }>,
  talk: Talk,
  till: Till,
): Promise<void> {
  if (talk.link.alive) await talk.show(MESSAGE.autoReversal)
  await till.sleep(till.reversalMs)
  if (talk.isOff) return
  till.books.reverse(entry.trace, verdict.why, verdict.code)
  talk.reached('reversed')
  if (talk.link.alive) await talk.fail(verdict.code, verdict.withStatus ? [] : undefined)
}

/** What was acknowledged: all of it, a part (84 9D with the price of the goods issued), or nothing. */
function issuedMinor(answer: Answer, entry: BookEntry): number | undefined {
  if (answer.kind !== 'answer') return undefined
  if (answer.positive) return entry.amountMinor
  if (answer.code !== RESULT.partialIssue) return undefined
  const digits = digitsOf(readFields(answer.data)?.get(BMP.amount) ?? Buffer.alloc(0))
  const amount = digits === undefined || digits === '' ? 0 : Number(digits)
  return amount > 0 && amount <= entry.amountMinor ? amount : undefined
}

function refusal(why: string, withStatus: boolean): Verdict {
  return { book: false, why, code: RESULT.aborted, withStatus }
}

function whyNot(answer: Answer, to: string): string {
  if (answer.kind === 'lost') return `the link was lost before the register answered ${to}`
  if (answer.kind === 'silent') return `the register did not answer ${to} in time`
  return `the register answered ${to} with 84 ${answer.code.toString(16).toUpperCase().padStart(2, '0')}`
}
