// Authorisation, refund and reversal at the simulated terminal: from the card to the commit point, which is the
// register's positive answer to 04 0F and to every print command of the dialogue (PA00P015 ch. 2.2.8), and the
// auto-reversal where those answers do not come.
import type { BookEntry, Books, Transaction } from './books.ts'
import { bcd, digitsOf, type Field, packPan, readFields, writeTlv } from './codec.ts'
import type { Answer } from './link.ts'
import { paymentPapers, printCommands } from './receipt.ts'
import { BMP, type Card, CONFIG, MESSAGE, RESULT, TAG } from './tables.ts'
import type { Registration, Talk } from './talk.ts'

/** What the register ordered, read and checked. */
export interface MoneyOrder {
  readonly kind: 'payment' | 'refund' | 'reversal'
  readonly amountMinor: number
  /** For a reversal: the payment with the receipt number that the register named. */
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
    await refused(RESULT.aborted)
    return customer
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

async function presentCard(talk: Talk, till: Till): Promise<'ready' | string> {
  await talk.show(MESSAGE.insertCard)
  const wait = talk.accident?.name === 'card-wait' ? talk.accident.ms : 0
  await talk.pause(till.stages.cardMs + wait)
  if (talk.accident?.name === 'abort-by-customer' && !talk.over) return 'aborted by the customer'
  await talk.show(MESSAGE.watchPinPad)
  await talk.pause(till.stages.pinMs)
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
  return {
    kind: order.kind,
    orderedMinor: order.amountMinor,
    amountMinor: Math.min(order.amountMinor, partial ?? order.amountMinor),
    card: till.card,
    ...(order.original !== undefined && { originalTrace: order.original.trace }),
  }
}

async function acknowledged(entry: BookEntry, order: MoneyOrder, talk: Talk, till: Till): Promise<Verdict> {
  const fields = statusFields(entry, till, order.namesCurrency, order.mirrors && talk.registration.tlv)
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

/** 04 0F for one transaction (PA00P015 ch. 3.1.1). */
export function statusFields(
  entry: BookEntry,
  till: Till,
  namesCurrency: boolean,
  mirrors: boolean,
): Field[] {
  const tlv = mirrors ? writeTlv([[TAG.lastReceipt, bigEndian(entry.receipt)]]) : undefined
  return [
    [BMP.result, Buffer.from([entry.resultCode])],
    [BMP.amount, bcd(entry.amountMinor, 6)],
    ...(namesCurrency ? ([[BMP.currency, till.currency]] satisfies Field[]) : []),
    [BMP.trace, bcd(entry.trace, 3)],
    ...(entry.originalTrace === undefined
      ? []
      : ([[BMP.originalTrace, bcd(entry.originalTrace, 3)]] satisfies Field[])),
    [BMP.time, bcd(entry.time.slice(11).replaceAll(':', ''), 3)],
    [BMP.date, bcd(entry.time.slice(5, 10).replace('-', ''), 2)],
    [BMP.receipt, bcd(entry.receipt, 2)],
    [BMP.turnover, bcd(entry.turnover, 3)],
    [BMP.terminalId, bcd(till.terminalId, 4)],
    [BMP.paymentType, Buffer.from([0x70])],
    [BMP.pan, packPan(entry.card.maskedPan.replaceAll('*', 'E'))],
    [BMP.sequence, bcd(0, 2)],
    [BMP.cardType, Buffer.from([entry.card.type])],
    [BMP.cardName, Buffer.from(`${entry.card.name}\0`, 'latin1')],
    [BMP.authorisation, Buffer.from(entry.authorisation.padEnd(8, '\0'), 'latin1')],
    [BMP.contract, Buffer.from('100764992      ', 'latin1')],
    ...(tlv === undefined ? [] : ([[BMP.tlv, tlv]] satisfies Field[])),
  ]
}

function bigEndian(receipt: number): Buffer {
  return Buffer.from([receipt >> 8, receipt & 0xff])
}
