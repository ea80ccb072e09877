// The terminal's last transaction whose end this till knows: evidence when the end of the next one was not seen. It is
// read off the order of the journal, because a clock that is set back would put another transaction in its place.
import type { Event, PaymentFacts, Step } from '@cashdesk/kernel'

/** What is the last one after `step`; undefined where nothing is known of it, and then nothing is concluded from it. */
export function lastBookedAfter(before: PaymentFacts | undefined, step: Step): PaymentFacts | undefined {
  return step.events.reduce((last, event) => afterEvent(last, event, step.input), before)
}

/**
 * Is this approval the transaction that is already known, word for word? Then it is an old message on its way once more
 * and nothing that the customer of this order did.
 */
export function isKnown(approved: PaymentFacts, last: PaymentFacts | undefined): boolean {
  if (last === undefined || approved.terminalTime === undefined) return false
  const number = approved.trace ?? approved.turnover
  return number !== undefined && SAME.every(key => approved[key] === last[key])
}

const SAME = [
  'trace',
  'turnover',
  'receipt',
  'terminalTime',
  'terminalId',
  'amountMinor',
  'currency',
] as const

function afterEvent(
  last: PaymentFacts | undefined,
  event: Event,
  input: Step['input'],
): PaymentFacts | undefined {
  if (event.type !== 'leg.moved') return last
  if (event.facts) return event.facts
  if (event.to !== 'reversed') return last
  // A reversal is a transaction of its own. One that a person read off the slip has no numbers here.
  if (input.type === 'task.resolve') return undefined
  if (input.type !== 'answer' || input.answer.outcome !== 'done' || input.answer.of !== 'terminal')
    return last
  return input.answer.data
}
