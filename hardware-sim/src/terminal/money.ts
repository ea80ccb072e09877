// Authorisation, refund and reversal at the simulated terminal: from the card to the commit point, which is the
// register's positive answer to 04 0F and to every print command of the dialogue (PA00P015 ch. 2.2.8), and the
// auto-reversal where those answers do not come.
import type { Accident } from './accidents.ts'
import type { BookEntry, Books, Manner, Transaction } from './books.ts'
import { bcd, digitsOf, readFields } from './codec.ts'
import type { Answer } from './link.ts'
import { paymentPapers, printCommands } from './receipt.ts'
import { statusFields } from './status.ts'
import { BMP, type Card, CONFIG, MESSAGE, RESULT } from './tables.ts'
import type { Registration, Talk } from './talk.ts'

/** What the register ordered, read and checked. */
export interface MoneyOrder {
  readonly kind: BookEntry['kind']
  readonly amountMinor: number
  /** The payment that is reversed, or the reservation that is booked: the register named its receipt number. */
  readonly original?: BookEntry
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
  const refused = async (code: number): Promise<void> => {
    await talk.fail(
      code,
      [[BMP.amount, bcd(order.amountMinor, 6)]],
      order.namesCurrency ? till.currency : undefined,
    )
  }
  if (order.refusal !== undefined) {
    await refused(order.refusal)
    return 'refused'
  }
  const customer = await presentCard(talk, till)
  if (customer !== 'ready') {
    await refused(customer === 'the card was pulled out' ? RESULT.cardProblem : RESULT.aborted)
    return customer
  }
  if (!(await typesPin(talk, till))) {
    till.books.decline(transactionOf(order, talk, till), RESULT.pinTries, 'the PIN was wrong three times')
    talk.reached('declined')
    await talk.show(MESSAGE.pinTries)
    await refused(RESULT.pinTries)
    return 'declined'
  }
  if (!(await askHost(talk, till))) return 'link lost before the host was asked'
  const transaction = transactionOf(order, talk, till)
  if (talk.accident?.name === 'decline') {
    till.books.decline(transaction, talk.accident.code, 'the host declined')
    talk.reached('declined')
    await talk.show(MESSAGE.declined)
    await refused(talk.accident.code)
    return 'declined'
  }
  const entry = till.books.authorise(transaction)
  talk.reached('authorised')
  const verdict = await acknowledged(entry, order, talk, till)
  if (talk.isOff) return 'switched off'
  if (!verdict.book) {
    await reverse(entry, verdict, talk, till)
    return `reversed: ${verdict.why}`
  }
  till.books.book(entry.trace, verdict.amountMinor)
  talk.reached('booked')
  await talk.complete()
  return 'booked'
}

/** How often the customer may type it. */
const PIN_TRIES = 3

/** False when the PIN was wrong too often. */
async function typesPin(talk: Talk, till: Till): Promise<boolean> {
  const wrong = talk.accident?.name === 'wrong-pin' ? talk.accident.times : 0
  for (let tried = 1; tried <= wrong && !talk.over; tried += 1) {
    if (tried === PIN_TRIES) return false
    await talk.show(MESSAGE.wrongPin)
    await talk.pause(till.stages.pinMs)
  }
  return true
}

async function presentCard(talk: Talk, till: Till): Promise<'ready' | string> {
  await talk.show(MESSAGE.insertCard)
  const wait = talk.accident?.name === 'card-wait' ? talk.accident.ms : 0
  await talk.pause(till.stages.cardMs + wait)
  if (talk.accident?.name === 'abort-by-customer' && !talk.over) return 'aborted by the customer'
  if (talk.accident?.name !== 'contactless') {
    await talk.show(MESSAGE.watchPinPad)
    await talk.pause(till.stages.pinMs)
  }
  if (talk.accident?.name === 'card-removed' && !talk.over) {
    await talk.show(MESSAGE.processingError)
    return 'the card was pulled out'
  }
  if (!talk.over) return 'ready'
  return talk.aborted ? 'aborted by the register' : 'link lost before the host was asked'
}

/** From here on an abort is too late. */
async function askHost(talk: Talk, till: Till): Promise<boolean> {
  talk.abortable = false
  await talk.show(MESSAGE.waitingForHost)
  let left = till.stages.hostMs + (talk.accident?.name === 'slow' ? talk.accident.ms : 0)
  while (left > ALIVE_MS && (await talk.pause(ALIVE_MS))) {
    left -= ALIVE_MS
    await talk.show(MESSAGE.pleaseWait)
  }
  return await talk.pause(left)
}

function transactionOf(order: MoneyOrder, talk: Talk, till: Till): Transaction {
  const partial =
    talk.accident?.name === 'partial' && order.kind === 'payment' ? talk.accident.amountMinor : undefined
  const approved = Math.min(order.amountMinor, partial ?? order.amountMinor)
  const manner = mannerOf(order, talk.accident)
  return {
    kind: order.kind,
    orderedMinor: order.amountMinor,
    amountMinor: approved + (manner?.tipMinor ?? 0),
    card: till.card,
    ...(manner !== undefined && { manner }),
    ...(order.original !== undefined && { originalTrace: order.original.trace }),
  }
}

/** What a US card owner pays per euro, and its currency's number (ISO 4217). */
const DOLLARS = { rate: 1.1, currency: '840' } as const

/** What the customer does beside paying. A card that is credited or booked later is not there to do anything. */
function mannerOf(order: MoneyOrder, accident: Accident | undefined): Manner | undefined {
  if (accident === undefined || order.kind !== 'payment' || order.original !== undefined) return undefined
  if (accident.name === 'signature') return { check: 'signature' }
  if (accident.name === 'contactless') return { check: 'none', contactless: true }
  if (accident.name === 'tip') return { tipMinor: accident.amountMinor }
  if (accident.name !== 'foreign-currency') return undefined
  const amountMinor = Math.round(order.amountMinor * DOLLARS.rate)
  return { foreign: { currency: DOLLARS.currency, amountMinor } }
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
  return printCommands(paymentPapers(entry, till.terminalId, registration.width, copy), registration)
}

export function printsPayments(registration: Registration): boolean {
  const both = CONFIG.ecrPrintsPayments | CONFIG.linesByTerminal
  return (registration.config & both) === both
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
