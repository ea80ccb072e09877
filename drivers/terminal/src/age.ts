// Is the customer old enough? The chip of a card may say so (06 C0 with TLV 1F6B); where it does not, a person at the
// register looks at a document. Nothing but a word from one of them is a yes. Of the card's data nothing is kept.
import {
  type AgeCheck,
  done,
  type Outcome,
  refused,
  report,
  type TerminalServiceHooks,
  unknown,
} from '@cashdesk/kernel'
import { readCard, releaseCard } from './commands.ts'
import type { DialogueEnd } from './dialogue.ts'
import type { Exchange } from './exchange.ts'
import { AGE } from './frames.ts'
import { resultReport } from './outcome.ts'
import { isConfirmed } from './signature.ts'
import type { Station } from './station.ts'

/** Two digits of BCD. */
const MAX_YEARS = 99
/** One byte of seconds, and 0 would be for ever. */
const MAX_SECONDS = 255

export function isAge(years: number): boolean {
  return Number.isInteger(years) && years >= 1 && years <= MAX_YEARS
}

export async function checkAge(
  station: Station,
  exchange: Exchange,
  years: number,
  hooks: TerminalServiceHooks,
  withinMs: number,
): Promise<Outcome<AgeCheck>> {
  const seconds = Math.min(MAX_SECONDS, Math.max(1, Math.ceil(withinMs / 1000)))
  const end = await station.run(exchange, readCard(seconds, years), hooks)
  if (end.how === 'not-sent') return refused(report('terminal.absent'))
  if (end.how === 'broken') return unknown(report('terminal.no-answer', { reason: end.why }))
  // A chip stays in the reader: the payment asks for it anew.
  if (end.how === 'completed') await station.run(exchange, releaseCard(), {})
  const said = saidByCard(end)
  if (said !== undefined) return done({ reached: said, by: 'card' })
  if (hooks.signal?.aborted) return refused(report('tender.cancelled'))
  const { onQuestion } = hooks
  if (!onQuestion || !station.clock)
    return refused(end.how === 'completed' ? report('terminal.cannot-tell') : resultReport(end.code))
  const question = { kind: 'age', text: `Is the customer at least ${years} years old?`, years } as const
  const reached = await isConfirmed(question, onQuestion, station.clock, withinMs, hooks.signal)
  return done({ reached, by: 'person' })
}

/** Undefined where card or terminal cannot tell, or no card was read. */
function saidByCard({ how, seen: { last } }: DialogueEnd): boolean | undefined {
  if (how !== 'completed' || !last || last.guessed || (last.resultCode ?? 0) !== 0) return undefined
  if (last.age === AGE.reached) return true
  return last.age === AGE.notReached ? false : undefined
}
