// The terminal's last transaction whose end this till knows: evidence when the end of the next one was not seen. It is
// read off the order of the journal, because a clock that is set back would put another transaction in its place.
import type { Event, PaymentFacts, Step } from '@cashdesk/kernel'

/** What is the last one after `step`; undefined where nothing is known of it, and then nothing is concluded from it. */
export function lastBookedAfter(before: PaymentFacts | undefined, step: Step): PaymentFacts | undefined {
  return step.events.reduce((last, event) => afterEvent(last, event, step.input), before)
}

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
