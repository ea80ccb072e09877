// Looking into the terminal's book: a status enquiry first, so that nothing is under way any more, then the last
// transaction's status information (PA00P015 ch. 2.20 and 2.56).
import { repeatReceipt, statusEnquiry } from './commands.ts'
import type { DialogueEnd, Limits } from './dialogue.ts'
import type { Exchange } from './exchange.ts'
import { OCCUPIED_STATES, RESULT } from './frames.ts'
import type { Shown } from './match.ts'
import { readEnquiry, type StatusReport } from './status.ts'

/** `occupied`: something is still under way, a reversal perhaps; look again later. `lost`: no answer. */
export type Look =
  | { readonly saw: 'occupied' }
  | { readonly saw: 'lost' }
  | { readonly saw: 'shown'; readonly shown: Shown }

export async function look(exchange: Exchange, password: string, limits: Limits): Promise<Look> {
  const enquiry = await exchange.run(statusEnquiry(password), limits, {})
  if (enquiry.how === 'broken' || enquiry.how === 'not-sent') return { saw: 'lost' }
  if (isOccupied(enquiry)) return { saw: 'occupied' }
  const repeat = await exchange.run(repeatReceipt(password), limits, {})
  if (repeat.how === 'broken' || repeat.how === 'not-sent') return { saw: 'lost' }
  const { last } = repeat.seen
  const code = repeat.how === 'completed' ? last?.resultCode : repeat.code
  // Busy is about the question, and not the end of a transaction, unless it names one.
  if (code !== undefined && isBusy(code) && !(last && namesTransaction(last))) return { saw: 'occupied' }
  return { saw: 'shown', shown: shownBy(repeat) }
}

function isBusy(code: number): boolean {
  return code === RESULT.wait || code === RESULT.notReady
}

function isOccupied(end: DialogueEnd): boolean {
  if (end.how === 'completed') {
    const { state } = readEnquiry(end.data)
    // Some tell no state at all: what they refuse next says as much.
    return state !== undefined && OCCUPIED_STATES.has(state)
  }
  // A terminal that does not know the enquiry cannot say that it is occupied; it refuses the next command then.
  return (end.how === 'aborted' || end.how === 'not-accepted') && isBusy(end.code)
}

/** What the end of a 06 20 shows. Pure. */
export function shownBy(end: DialogueEnd): Shown {
  const { last } = end.seen
  if (end.how === 'completed') return last ? { shows: 'transaction', report: last } : { shows: 'silence' }
  if (end.how === 'broken' || end.how === 'not-sent') return { shows: 'silence' }
  // A status information with numbers is a transaction's; one without is about the repeat itself.
  if (last && namesTransaction(last)) return { shows: 'transaction', report: last }
  if (end.code !== RESULT.notPossible) return { shows: 'refusal', code: end.code }
  return { shows: end.how === 'aborted' ? 'nothing' : 'silence' }
}

function namesTransaction({ facts }: StatusReport): boolean {
  return [facts.trace, facts.receipt, facts.turnover].some(number => number !== undefined)
}
