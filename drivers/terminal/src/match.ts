// Whose transaction is it that the terminal shows as its last one? The evidence of a repeated status information
// (06 20) against what the till remembers. Pure, and careful in one direction only: `done` and `refused` need proof,
// everything else is for a person with the terminal's slip in hand.
import {
  done,
  type EpochMs,
  type Outcome,
  type PaymentExpectation,
  type PaymentFacts,
  refused,
  report,
  unknown,
} from '@cashdesk/kernel'
import { isDisputed } from './foreign.ts'
import { RESULT } from './frames.ts'
import { resultReport } from './outcome.ts'
import { type StatusReport, wallClockMs } from './status.ts'

/** What the terminal answered to 06 20. */
export type Shown =
  | { readonly shows: 'transaction'; readonly report: StatusReport }
  /** It knows the command and has nothing to show. */
  | { readonly shows: 'nothing' }
  /** It ended the dialogue without a word, or does not take the command: it may not know it. */
  | { readonly shows: 'silence' }
  /** It refused with a result code that says nothing about its book. */
  | { readonly shows: 'refusal'; readonly code: number }

export interface Profile {
  /**
   * What 06 20 shows after the terminal reversed a payment by itself. `reversal` (as PA00P015 ch. 2.20.2 has it, the
   * last transaction executed): the reversal, a result code, or an older transaction; then a payment that it shows as
   * good is good. `original`: it may still show the payment as good. `unknown`: nobody asked the vendor yet, and a
   * payment that the link broke on is for a person with the terminal's slip.
   */
  readonly afterAutoReversal: 'reversal' | 'original' | 'unknown'
  /**
   * Transactions carry the number that the last one was told with (TLV 1F1F): a terminal that is one ahead reverses its
   * last payment then (PA00P015 ch. 4). Only where nobody else pays at this terminal. Default false.
   */
  readonly mirrorsReceipt?: boolean
}

/** No two clocks on earth show times further apart than this, whatever their zones. */
const ANY_ZONE_MS = 26 * 3_600_000

type Verdict = Outcome<PaymentFacts>
/** What was shown; the terminal may have left out anything. */
type Seen = Partial<PaymentFacts> & { readonly currency: string }

const cannotTell = (why: string): Verdict => unknown(report('terminal.cannot-tell', { reason: why }))
const notBooked = (why: string): Verdict => refused(report('terminal.not-booked', { reason: why }))

/** Judges one attempt by what the terminal shows. */
export function judge(expected: PaymentExpectation, shown: Shown, profile: Profile): Verdict {
  // Approved and acknowledged means booked, as far as we know; a terminal whose memory was cleared shows nothing, too.
  if ((shown.shows === 'silence' || shown.shows === 'nothing') && expected.approved)
    return cannotTell('the terminal approved and does not repeat it')
  if (shown.shows === 'refusal') return unknown(report('terminal.cannot-tell', { ...codeDetail(shown.code) }))
  if (shown.shows !== 'transaction') return notBooked('the terminal has no transaction')
  const { report: status } = shown
  // A terminal repeats the currency only to a command that named one (PA00P015 ch. 3.1.1).
  const facts: Seen = { currency: expected.currency, ...status.facts }
  if (status.guessed) return cannotTell('the status information holds unknown fields')
  if (status.resultCode === undefined) return cannotTell('the result code is missing')
  if (isDisputed(status.base, facts, expected.currency))
    return cannotTell('the status information tells two amounts')
  if (status.resultCode !== RESULT.ok) return judgeFailed(expected, status, facts, profile)
  if (expected.kind === 'reverse') return judgeReverse(expected, status.originalTrace, facts, profile)
  if (status.originalTrace !== undefined && expected.kind !== 'release')
    return judgeReversal(expected, status.originalTrace, facts)
  if (expected.approved) return judgeApproved(expected, expected.approved, facts, profile)
  return judgeUnapproved(expected, facts)
}

/** The last transaction failed. If it is ours, ours moved no money, or gave it back. */
function judgeFailed(
  expected: PaymentExpectation,
  status: StatusReport,
  facts: Seen,
  profile: Profile,
): Verdict {
  const { approved, before, kind } = expected
  if (kind === 'reverse' && status.resultCode === RESULT.alreadyReversed) {
    // An earlier reversal may have met the same answer.
    return isReversalOf(expected.original, status.originalTrace) === 'it'
      ? done({ ...facts, amountMinor: facts.amountMinor ?? expected.amountMinor })
      : cannotTell('nothing says which reversal it was that had been made before')
  }
  if (approved) {
    const verdict = judgeFailedAfterApproval(approved, status, facts, profile)
    if (verdict) return verdict
    return isOlder(facts, approved)
      ? notBooked('the last transaction is older')
      : cannotTell('another transaction failed after it')
  }
  if (before && identified(facts, before)) return notBooked('the last transaction is the one before it')
  const { resultCode = RESULT.notPossible, text } = status
  // A host's code is why the card was declined; the terminal's own codes may be its reversal as well.
  return resultCode <= RESULT.lastHostCode
    ? refused(resultReport(resultCode, text))
    : refused(report('terminal.not-booked', codeDetail(resultCode)))
}

/** What a failed transaction says about an approved one; undefined if it is another one. */
function judgeFailedAfterApproval(
  approved: PaymentFacts,
  { originalTrace, resultCode }: StatusReport,
  facts: Seen,
  profile: Profile,
): Verdict | undefined {
  const reversed = refused(report('terminal.reversed', codeDetail(resultCode ?? RESULT.notPossible)))
  // A reversal that failed took nothing back, unless there was nothing left to take back.
  if (originalTrace !== undefined && originalTrace === approved.trace)
    return resultCode === RESULT.alreadyReversed ? reversed : cannotTell('a reversal of it failed')
  // Under its own numbers stands its end, or a reversal of it that some show without a trace of its own, and that failed.
  const wasUndone = resultCode === RESULT.aborted || resultCode === RESULT.alreadyReversed
  const failedReversal = resultCode === RESULT.notReversible || (approved.signature && !wasUndone)
  if (identified(facts, approved)) return failedReversal ? cannotTell('a reversal of it failed') : reversed
  if (hasNumbers(facts) || originalTrace !== undefined) return undefined
  // "Aborted" alone is what some show after they reversed by themselves; any other code may be about the question that
  // we asked. After a signature that was not good it may as well be our own reversal, which failed.
  return profile.afterAutoReversal === 'reversal' && resultCode === RESULT.aborted && !approved.signature
    ? reversed
    : cannotTell('a result code alone does not say what failed')
}

/** The last transaction is a reversal: of ours, or of an older one. */
function judgeReversal(expected: PaymentExpectation, originalTrace: string, facts: Seen): Verdict {
  const { approved, before } = expected
  if (before && isOne(facts, before)) return notBooked('the last transaction is the one before it')
  if (approved?.trace === originalTrace && agree(approved.amountMinor, facts.amountMinor))
    return refused(report('terminal.reversed', { originalTrace }))
  return isOlder(facts, approved)
    ? notBooked('the last transaction is older')
    : cannotTell('the last transaction is a reversal of another one')
}

/**
 * A reversal was ordered. Only a reversal says by itself what it took back (BMP 37); without that number a payment of the
 * same amount looks the same.
 */
function judgeReverse(
  expected: PaymentExpectation,
  originalTrace: string | undefined,
  facts: Seen,
  profile: Profile,
): Verdict {
  const { approved, before, original, amountMinor } = expected
  if (before && isOne(facts, before)) return notBooked('the last transaction is the one before it')
  if (original && originalTrace === undefined && isOne(facts, original))
    return notBooked('the last transaction is what it was to take back')
  const booked = (): Verdict =>
    trusted(profile) ?? done({ ...approved, ...facts, amountMinor: facts.amountMinor ?? amountMinor })
  const names = isReversalOf(original, originalTrace)
  if (names === 'it' && agree(facts.amountMinor, amountMinor)) return booked()
  if (approved && names !== 'another' && isOne(facts, approved)) return booked()
  if (isOlder(facts, approved ?? before)) return notBooked('the last transaction is older')
  return names === 'another'
    ? cannotTell('the last transaction is a reversal of another one')
    : cannotTell('nothing says that the last transaction is the reversal')
}

/** Does a transaction that names `originalTrace` take back this one? `silent`: one of both has no such number. */
function isReversalOf(
  original: PaymentFacts | undefined,
  originalTrace: string | undefined,
): 'it' | 'another' | 'silent' {
  if (original?.trace === undefined || originalTrace === undefined) return 'silent'
  return Number(original.trace) === Number(originalTrace) ? 'it' : 'another'
}

/** The till knows what the terminal had approved. */
function judgeApproved(
  { before }: PaymentExpectation,
  approved: PaymentFacts,
  facts: Seen,
  profile: Profile,
): Verdict {
  if (before && isOne(facts, before) && !isOne(facts, approved))
    return notBooked('the last transaction is the one before it')
  if (isOne(facts, approved)) {
    return trusted(profile) ?? done({ ...approved, ...facts })
  }
  // Both times are the terminal's own, so they can be compared as they are.
  if (isOlder(facts, approved)) return notBooked('the last transaction is older')
  return cannotTell('the last transaction is another one')
}

/**
 * Nothing was approved before the break: then nothing was acknowledged either, and the terminal does not book (PA00P015
 * ch. 2.2.8). A transaction that looks like it is another register's, or a terminal's that does not keep to that: never
 * `done` by itself.
 */
function judgeUnapproved(expected: PaymentExpectation, facts: Seen): Verdict {
  const { before, startedAt, amountMinor, currency } = expected
  if (before && isOne(facts, before)) return notBooked('the last transaction is the one before it')
  if (isLongBefore(facts.terminalTime, startedAt)) return notBooked('the last transaction is older')
  if (before && isEarlier(facts.terminalTime, before.terminalTime))
    return notBooked('the last transaction is older')
  if (facts.amountMinor === undefined) return cannotTell('the last transaction has no amount')
  const ordered = facts.amountMinor - (facts.tipMinor ?? 0) === amountMinor && facts.currency === currency
  return cannotTell(
    ordered
      ? 'it was never acknowledged, and the last transaction has its amount'
      : 'the last transaction has another amount',
  )
}

/** Why a payment that is shown as good need not be; undefined if it is. */
function trusted(profile: Profile): Verdict | undefined {
  switch (profile.afterAutoReversal) {
    case 'reversal':
      return undefined
    case 'original':
      return cannotTell('this terminal shows a payment that it reversed as if it were good')
    case 'unknown':
      return cannotTell('profile.afterAutoReversal does not say what this terminal shows after a reversal')
  }
}

// ── evidence ────────────────────────────────────────────────────────────────────────────────────────────

const NUMBERS = ['trace', 'receipt', 'turnover'] as const

function hasNumbers(facts: Seen): boolean {
  return NUMBERS.some(key => facts[key] !== undefined)
}

/** Do the numbers agree, at least one of them beside the receipt number? That one wraps, and needs the time with it. */
function identified(one: Seen, other: Seen): boolean {
  const both = NUMBERS.filter(key => one[key] !== undefined && other[key] !== undefined)
  if (both.some(key => one[key] !== other[key])) return false
  if (both.some(key => key !== 'receipt')) return true
  return both.length > 0 && one.terminalTime !== undefined && one.terminalTime === other.terminalTime
}

/** One transaction: amount, currency, numbers and the terminal's time, as far as both have them. */
function isOne(one: Seen, other: Seen): boolean {
  return (
    agree(one.amountMinor, other.amountMinor) &&
    one.currency === other.currency &&
    agree(one.terminalTime, other.terminalTime) &&
    identified(one, other)
  )
}

function agree<T>(one: T | undefined, other: T | undefined): boolean {
  return one === undefined || other === undefined || one === other
}

function isEarlier(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one < other
}

/**
 * Older by the terminal's own clock and by its numbers: clocks are set back, in autumn or after a flat battery, and numbers
 * begin anew, but hardly both at once. The book of another terminal, put in the place of one that broke, says nothing.
 */
function isOlder(one: Seen, other: Seen | undefined): boolean {
  if (!agree(one.terminalId, other?.terminalId)) return false
  const both = (['trace', 'turnover'] as const).flatMap(key => {
    const [mine, theirs] = [one[key], other?.[key]]
    return mine === undefined || theirs === undefined ? [] : [Number(mine) - Number(theirs)]
  })
  return both.length > 0 && both.every(ahead => ahead < 0) && isEarlier(one.terminalTime, other?.terminalTime)
}

/** Before the attempt beyond every doubt about time zones and clocks set wrong by hours. */
function isLongBefore(terminalTime: string | undefined, startedAt: EpochMs): boolean {
  return terminalTime !== undefined && wallClockMs(terminalTime) < startedAt - ANY_ZONE_MS
}

function codeDetail(code: number | undefined): { readonly resultCode: string } {
  return { resultCode: (code ?? RESULT.notPossible).toString(16).padStart(2, '0').toUpperCase() }
}
