// What the end of a money dialogue means. `done` needs all of it: a successful status information, accepted by the
// till, acknowledged by us, nothing said against it, and the terminal's completion. What is short of that and may
// have moved money is unknown.
import {
  done,
  type ErrorCode,
  type ErrorReport,
  type Outcome,
  type PaymentFacts,
  refused,
  report,
  type TerminalNotice,
  type TerminalTotals,
  unknown,
} from '@cashdesk/kernel'
import type { Break, DialogueEnd } from './dialogue.ts'
import { RESULT, resultText } from './frames.ts'

const BREAKS: { readonly [why in Break]: ErrorCode } = {
  'link-lost': 'terminal.link-lost',
  'no-answer': 'terminal.no-answer',
  malformed: 'terminal.malformed',
}

/** The report of a link that broke while money may have been moving. */
function broken(why: Break): ErrorReport {
  return report(BREAKS[why])
}

/** The report of a result code, with its meaning. Busy is an error of its own. */
export function resultReport(code: number, text?: string): ErrorReport {
  const detail = {
    resultCode: code.toString(16).padStart(2, '0').toUpperCase(),
    meaning: resultText(code),
    ...(text !== undefined && { text }),
  }
  const busy = code === RESULT.wait || code === RESULT.notReady
  return report(busy ? 'terminal.busy' : 'terminal.refused', detail)
}

/**
 * The outcome of a payment, refund or reversal whose command was sent. `alreadyReversed` is what a reversal reports
 * when the terminal says that the payment was reversed before: that is success.
 */
export function moneyOutcome(end: DialogueEnd, alreadyReversed?: PaymentFacts): Outcome<PaymentFacts> {
  if (end.how === 'not-sent') return refused(report('terminal.absent'))
  if (end.how === 'broken') return unknown(broken(end.why))
  const { approval, acknowledged, approved, contradicted, unprinted, unreadable, last, misfit } = end.seen
  if (approval === 'rejected')
    return unknown(report('terminal.rejected-approval', misfit && { reason: misfit }))
  if (approval === 'asked' || approval === 'accepted') {
    const said = end.how === 'completed' && acknowledged && !contradicted && !unprinted
    return said && approved
      ? done(approved)
      : unknown(report('terminal.aborted-after-approval', because(end)))
  }
  const code = refusal(end)
  if (code === RESULT.alreadyReversed && alreadyReversed) return done(alreadyReversed)
  // A command that the terminal did not take moved nothing, whatever else was said.
  if (end.how === 'not-accepted') return refused(resultReport(end.code))
  if (unreadable || contradicted || code === undefined) return unknown(report('terminal.malformed'))
  return refused(resultReport(code, last?.text ?? (end.how === 'aborted' ? end.text : undefined)))
}

/** The outcome of a command that moves no money. */
export function serviceOutcome(end: DialogueEnd): Outcome<TerminalNotice> {
  if (end.how === 'not-sent') return refused(report('terminal.absent'))
  if (end.how === 'broken') return unknown(broken(end.why))
  const code = refusal(end)
  if (code !== undefined) {
    const text = end.seen.last?.text ?? (end.how === 'aborted' ? end.text : undefined)
    return refused(resultReport(code, text))
  }
  const { time } = end.seen
  return done({ ...(time !== undefined && { time }), facts: {} })
}

/** The status information's own code says more than the abort that follows it. */
function refusal(end: DialogueEnd): number | undefined {
  const told = end.seen.last?.resultCode
  if (told !== undefined && told !== RESULT.ok) return told
  return end.how === 'aborted' || end.how === 'not-accepted' ? end.code : undefined
}

function because(end: DialogueEnd): { readonly resultCode: string } | undefined {
  const code = refusal(end)
  return code === undefined ? undefined : { resultCode: code.toString(16).padStart(2, '0').toUpperCase() }
}

/** The outcome of an end of day. Totals are what the terminal said; without them nobody knows what it settled. */
export function totalsOutcome(end: DialogueEnd, currency: string): Outcome<TerminalTotals> {
  if (end.how === 'not-sent') return refused(report('terminal.absent'))
  if (end.how === 'broken') return unknown(broken(end.why))
  const { last } = end.seen
  const code = refusal(end)
  if (code !== undefined) return refused(resultReport(code, last?.text))
  const totalMinor = last?.facts.amountMinor
  if (!last || totalMinor === undefined)
    return unknown(report('terminal.cannot-tell', { reason: 'the terminal told no totals' }))
  const { totals, facts } = last
  const brands = (totals?.brands ?? []).filter(({ count }) => count > 0)
  return done({
    totalMinor,
    currency: facts.currency ?? currency,
    counts: Object.fromEntries(brands.map(({ brand, count }) => [brand, count])),
    facts: {
      ...Object.fromEntries(brands.map(brand => [`${brand.brand}Minor`, brand.totalMinor])),
      ...(totals && { firstReceipt: totals.firstReceipt, lastReceipt: totals.lastReceipt }),
      ...(facts.trace !== undefined && { trace: facts.trace }),
      ...(facts.terminalTime !== undefined && { terminalTime: facts.terminalTime }),
    },
  })
}
