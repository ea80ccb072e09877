// The words in which a journal is told to people who know shops and not this code: times, durations, amounts, and a
// name for every state and operation.
import {
  CashdeskError,
  type Claim,
  type EpochMs,
  type ErrorReport,
  formatMinor,
  type LegState,
  type OpenOperation,
  type PaperState,
  type SaleState,
  type Task,
} from '@cashdesk/kernel'

// ── time ────────────────────────────────────────────────────────────────────────────────────────────────

const two = (value: number): string => String(value).padStart(2, '0')

/** `2026-11-21`, in this machine's time zone. */
export function dayOf(at: EpochMs): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `14:03:09`, in this machine's time zone. */
export function timeOf(at: EpochMs): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `2026-11-21 14:03:09` */
export function momentOf(at: EpochMs): string {
  return `${dayOf(at)} ${timeOf(at)}`
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** `2 h 5 min`, `12 s`, `0.3 s`, `40 ms`: the two largest units. */
export function lasting(ms: number): string {
  const size = Math.max(0, ms)
  if (size < 100) return `${Math.round(size)} ms`
  if (size < 10_000) return `${(Math.floor(size / 100) / 10).toFixed(1).replace(/\.0$/, '')} s`
  const parts: string[] = []
  let rest = size
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length)
    rest -= count * length
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

const SPANS: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `2026-11-21`, `2026-11-21T14:00`, `14:00` (today), `today`, or a span back from now: `90m`, `2h`, `3d`. Without a time
 * zone it is this machine's.
 * @throws CashdeskError `cli.usage`
 */
export function timeGiven(option: string, text: string, now: EpochMs): EpochMs {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (SPANS[unit] ?? 0)
  const day = dayOf(now)
  const full =
    text === 'today' ? `${day}T00:00` : /^\d{2}:\d{2}(:\d{2})?$/.test(text) ? `${day}T${text}` : text
  // A date alone would be read as UTC.
  const at = /^\d{4}-\d{2}-\d{2}$/.test(full) ? Date.parse(`${full}T00:00`) : Date.parse(full)
  if (/^\d{4}-\d{2}-\d{2}/.test(full) && Number.isFinite(at)) return at
  throw new CashdeskError('cli.usage', {
    reason: `${option} wants a time such as 2026-11-21, 2026-11-21T14:00, 14:00, today, 90m, 2h or 3d`,
  })
}

// ── money and numbers ───────────────────────────────────────────────────────────────────────────────────

/** `19.99 EUR`; without a currency the bare number of minor units. */
export function amountOf(minor: number, currency: string | undefined): string {
  return currency === undefined ? String(minor) : formatMinor(minor, currency)
}

/** `1 sale`, `3 sales` */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`
}

// ── errors ──────────────────────────────────────────────────────────────────────────────────────────────

/** What happened, in one sentence, with the particular that tells most. */
export function why({ message, detail }: ErrorReport): string {
  const particular = detail?.['reason'] ?? detail?.['status'] ?? detail?.['code']
  return particular === undefined || particular === '' ? message : `${message} (${String(particular)})`
}

// ── states and operations ───────────────────────────────────────────────────────────────────────────────

export const SALE_WORDS: { readonly [state in SaleState]: string } = {
  open: 'being rung up',
  parked: 'parked',
  tendering: 'being paid',
  settling: 'paid, being completed',
  closed: 'closed',
  cancelling: 'being cancelled',
  cancelled: 'cancelled',
}

/** What an operation is called, as a thing. */
export const OPERATION_WORDS: { readonly [kind in OpenOperation['kind']]: string } = {
  identify: 'identification',
  quote: 'price question',
  reserve: 'reservation',
  renew: 'renewal of the reservation',
  release: 'release',
  commit: 'activation',
  void: 'taking back',
  refund: 'refund',
  query: 'question',
  pay: 'card payment',
  payback: 'payment back to the card',
  reverse: 'reversal of the card payment',
  print: 'receipt',
  drawer: 'drawer',
  'end-of-day': 'end of day',
}

/** How a claim stands, to be said behind what it is about. A later release may know more states. */
const CLAIM_WORDS: { readonly [state in Claim['state']]?: string } = {
  asking: 'waits for an answer of the customer',
  quoting: 'is being priced',
  quoted: 'is priced',
  reserving: 'is being reserved',
  deferred: 'was sold without asking the provider; it is asked when it can be reached',
  reserved: 'is reserved',
  renewing: 'has its reservation renewed',
  refused: 'was refused',
  releasing: 'is being released',
  released: 'is released',
  due: 'is due to be activated',
  committing: 'is being activated',
  committed: 'is active',
  failed: 'could not be activated',
  voiding: 'is being taken back',
  voided: 'was taken back',
  kept: 'could not be taken back',
}

export function claimWords(state: Claim['state']): string {
  return CLAIM_WORDS[state] ?? `is ${state}`
}

export const LEG_WORDS: { readonly [state in LegState]: string } = {
  sent: 'is at the terminal',
  approved: 'is approved, but not booked yet',
  done: 'is booked',
  refused: 'was refused',
  unknown: 'has an unknown end; the terminal is asked',
  reversing: 'is being reversed',
  reversed: 'was given back',
  owed: 'could not be given back; the customer is owed it',
}

export const PAPER_WORDS: { readonly [state in PaperState]: string } = {
  none: 'There is no receipt yet.',
  printing: 'The receipt is being printed.',
  printed: 'The receipt was printed.',
  failed: 'The receipt could not be printed.',
  unknown: 'Nobody knows whether the receipt came out.',
}

const TASK_WORDS: { readonly [kind in Task['kind']]?: string } = {
  'refund-due': 'a refund is due',
  'payment-unresolved': 'nobody knows whether a card payment was booked',
  'reversal-unresolved': 'nobody knows whether a card payment was taken back',
  'customer-owed': 'the customer is owed money',
  'tender-short': 'a payment fell short after the sale was paid',
  'provider-stuck': 'a provider does not settle an operation',
  'void-refused': 'a provider refuses to take something back',
  'books-differ': 'terminal and till differ at the end of the day',
}

export function taskWords(kind: Task['kind']): string {
  return TASK_WORDS[kind] ?? kind
}

/** What choosing an action says and does. */
const ACTION_WORDS: { readonly [action in Task['actions'][number]]?: string } = {
  retry: 'let the till try again',
  booked: 'the terminal’s own slip says that it was booked',
  'not-booked': 'the terminal’s own slip says that it was not booked',
  reversed: 'the terminal has a reversal of this payment',
  'not-reversed': 'the terminal has no reversal of this payment',
  settled: 'it was put right by hand',
  'written-off': 'it is booked as a loss',
}

export function actionWords(action: Task['actions'][number]): string {
  return ACTION_WORDS[action] ?? action
}
