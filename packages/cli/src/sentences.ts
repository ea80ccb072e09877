// One sentence for everything that a step can hold: what came in, what came back, what changed, what was sent. The
// switches are complete: a new kind of event does not compile before it can be told.
import type {
  Claim,
  EpochMs,
  Event,
  Input,
  Intent,
  Leg,
  LineId,
  OpenOperation,
  OperationId,
  PaymentFacts,
  SaleId,
} from '@cashdesk/kernel'
import { itemOf, placeOf } from './pending.ts'
import type { Sentence } from './story.ts'
import {
  actionWords,
  amountOf,
  claimWords,
  LEG_WORDS,
  lasting,
  momentOf,
  OPERATION_WORDS,
  PAPER_WORDS,
  taskWords,
  timeOf,
  why,
} from './words.ts'

/** What things were called when they first came up. Lines and legs by sale and id. */
export interface Names {
  readonly lines: Map<string, string>
  readonly claims: Map<Claim['id'], Claim & { readonly sale: SaleId }>
  readonly legs: Map<string, Leg>
  readonly operations: Map<OperationId, OpenOperation & { readonly sentAt: EpochMs }>
}

interface Told {
  readonly names: Names
  readonly at: EpochMs
  readonly currency: string | undefined
}

// ── what came in ────────────────────────────────────────────────────────────────────────────────────────

/** Inputs whose event says the same are not told twice. */
export function inputSentence(input: Exclude<Input, { type: 'answer' }>, told: Told): Sentence | undefined {
  switch (input.type) {
    case 'lane.started':
      return { kind: 'in', text: 'The till was started.' }
    case 'scan':
      return { kind: 'in', text: `“${input.text}” was scanned.` }
    case 'sale.total':
      return { kind: 'in', text: 'The total was asked for.' }
    case 'prompt.answer':
      return { kind: 'in', text: `The answer “${input.value}” was given.` }
    case 'sale.print':
      return { kind: 'in', text: 'Another receipt was asked for.' }
    case 'terminal.approved': {
      const { amountMinor, currency } = input.facts
      return {
        kind: 'back',
        text: `The terminal approves ${amountOf(amountMinor, currency)}${cardOf(input.facts)}.`,
        op: input.op,
      }
    }
    case 'register.paid':
      return {
        kind: 'in',
        text: `The register says that it was paid: ${amountOf(input.totalMinor, told.currency)}, reference ${input.reference}.`,
      }
    case 'register.status':
      return { kind: 'in', text: `Asked what became of the sale, the register says: ${input.status}.` }
    case 'day.end':
      return { kind: 'in', text: 'The day is ended.' }
    default:
      return undefined
  }
}

/** What an attempt brought back, and after how long. */
export function answerSentence({ op, answer }: Extract<Input, { type: 'answer' }>, told: Told): Sentence {
  const operation = told.names.operations.get(op)
  const who = operation ? placeOf(operation) : 'somebody'
  const what = operation ? OPERATION_WORDS[operation.kind] : 'operation'
  const after = operation ? ` (${lasting(told.at - operation.sentAt)})` : ''
  switch (answer.outcome) {
    case 'done': {
      const card = answer.of === 'terminal' ? cardOf(answer.data) : ''
      return { kind: 'back', text: `${who}: ${what} done${card}${after}`, op }
    }
    case 'refused':
      return { kind: 'back', text: `${who}: ${what} refused${after}: ${why(answer.error)}`, op }
    case 'unknown':
      return { kind: 'wrong', text: `${who}: ${what} without an answer${after}: ${why(answer.error)}`, op }
    case 'ask':
      return { kind: 'back', text: `${who} asks: ${answer.prompt.text}${after}`, op }
  }
}

/** ` (Visa, card ####1234, trace 000123)` */
function cardOf({ cardName, maskedPan, trace, receipt }: PaymentFacts): string {
  const parts = [
    cardName,
    maskedPan === undefined ? undefined : `card ${maskedPan}`,
    trace === undefined ? undefined : `trace ${trace}`,
    receipt === undefined ? undefined : `slip ${receipt}`,
  ].filter(part => part !== undefined)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

// ── what was sent ───────────────────────────────────────────────────────────────────────────────────────

export function intentSentence({ op, effect }: Intent, told: Told): Sentence {
  switch (effect.type) {
    case 'provider': {
      const item = itemOf(told.names.claims.get(effect.claim))
      const amount =
        effect.amountMinor === undefined ? '' : `, ${amountOf(effect.amountMinor, told.currency)}`
      const of = item === undefined ? '' : ` of ${item}`
      return { kind: 'out', text: `${effect.plugin}: ${OPERATION_WORDS[effect.operation]}${of}${amount}`, op }
    }
    case 'terminal': {
      const words = { pay: 'pay', refund: 'pay back', reverse: 'reverse' }[effect.operation]
      return { kind: 'out', text: `terminal: ${words} ${amountOf(effect.amountMinor, effect.currency)}`, op }
    }
    case 'end-of-day':
      return { kind: 'out', text: 'terminal: end of day', op }
    case 'print':
      return { kind: 'out', text: `printer: receipt${effect.copy ? ', marked as a copy' : ''}`, op }
    case 'drawer':
      return { kind: 'out', text: 'drawer: open', op }
  }
}

// ── what changed ────────────────────────────────────────────────────────────────────────────────────────

export function eventSentence(event: Event, told: Told): Sentence | undefined {
  switch (event.type) {
    case 'lane.started':
    case 'day.carried':
    case 'op.opened':
    case 'sale.asked':
    case 'prompt.closed':
    case 'refused':
      return undefined
    case 'op.scheduled':
    case 'op.attempted':
    case 'op.settled':
    case 'op.late':
      return operationSentence(event, told)
    case 'task.opened': {
      const { id, kind, amountMinor, error } = event.task
      const amount = amountMinor === undefined ? '' : `, ${amountOf(amountMinor, told.currency)}`
      return {
        kind: 'wrong',
        text: `A person is asked: ${taskWords(kind)}${amount}. ${why(error)} (task ${id})`,
      }
    }
    case 'task.resolved':
      return {
        kind: 'now',
        text: `The task is settled by ${event.operator}: ${actionWords(event.action)}. Reason: ${event.reason}`,
      }
    case 'approval.rejected':
      return {
        kind: 'wrong',
        text: `The till did not accept the approval: ${why(event.error)}`,
        op: event.op,
      }
    case 'day.ended':
      return {
        kind: 'money',
        text: `The terminal settled ${amountOf(event.totals.totalMinor, event.totals.currency)}; the till expected ${amountOf(event.expectedMinor, told.currency)}.`,
      }
    default:
      return saleSentence(event, told)
  }
}

type OperationEvent = Extract<Event, { type: 'op.scheduled' | 'op.attempted' | 'op.settled' | 'op.late' }>

function operationSentence(event: OperationEvent, { names, at }: Told): Sentence | undefined {
  const { op } = event
  const operation = names.operations.get(op)
  const what = operation ? OPERATION_WORDS[operation.kind] : 'operation'
  const who = operation ? placeOf(operation) : 'somebody'
  switch (event.type) {
    case 'op.scheduled': {
      // What is due at once is told by the attempt that follows.
      if (event.at <= at) return undefined
      const act = event.next === 'query' ? 'asked about' : 'sent again'
      return { kind: 'now', text: `The ${what} is ${act} at ${timeOf(event.at)}.`, op }
    }
    case 'op.attempted': {
      const act =
        event.next === 'query' ? `what became of the ${what}?` : `${what} once more, under the same id`
      return { kind: 'out', text: `${who}: ${act} (attempt ${event.attempt})`, op }
    }
    case 'op.settled':
      return event.outcome === 'abandoned' ? { kind: 'now', text: `The ${what} is given up.`, op } : undefined
    case 'op.late':
      return {
        kind: 'back',
        text: `A late answer (${event.outcome}) to the ${what}: kept, and changes nothing.`,
        op,
      }
  }
}

type SaleEvent = Exclude<
  Extract<Event, { sale: SaleId }>,
  { type: 'refused' | 'sale.asked' | 'prompt.closed' }
>

function saleSentence(event: SaleEvent, told: Told): Sentence | undefined {
  const now = (text: string): Sentence => ({ kind: 'now', text })
  switch (event.type) {
    case 'sale.opened': {
      const { kind, operator, original, training } = event.opened
      const of = original === undefined ? '' : ` of sale ${original}`
      const by = operator === undefined ? '' : ` by ${operator}`
      return now(`A ${kind}${of} is opened${by}${training ? ', as training' : ''}.`)
    }
    case 'sale.parked':
      return now('The sale is parked.')
    case 'sale.resumed':
      return now('The sale is in front again.')
    case 'sale.totalling':
      return now('The total waits for the reservations.')
    case 'sale.tendering':
      return now('The basket is frozen.')
    case 'sale.ready':
      return {
        kind: 'money',
        text: `The total is ${amountOf(event.totalMinor, told.currency)}; money may be taken.`,
      }
    case 'sale.reopened':
      return now(`The sale is open again${event.error ? `: ${why(event.error)}` : '.'}`)
    case 'sale.paid':
      return { kind: 'money', text: `PAID: ${amountOf(event.totalMinor, told.currency)}.` }
    case 'sale.finishing':
      return undefined
    case 'sale.closed':
      return now('The sale is closed.')
    case 'sale.cancelling':
      return now(`The sale is being cancelled${event.reason === undefined ? '.' : `: ${event.reason}`}`)
    case 'sale.cancelled':
      return now('The sale is cancelled.')
    case 'sale.fiscal':
      return now('The fiscal lines are there.')
    case 'paper.moved': {
      const trouble = event.error ? ` ${why(event.error)}` : ''
      if (event.to === 'printing') return undefined
      return { kind: event.to === 'printed' ? 'now' : 'wrong', text: `${PAPER_WORDS[event.to]}${trouble}` }
    }
    case 'prompt.opened':
      return now(`The cashier is asked: ${event.prompt.text}`)
    default:
      return partSentence(event, told)
  }
}

type PartEvent = Extract<SaleEvent, { type: `line.${string}` | `claim.${string}` | `leg.${string}` }>

function partSentence(event: PartEvent, told: Told): Sentence | undefined {
  const { names, currency } = told
  const lineName = (line: LineId): string => names.lines.get(`${event.sale} ${line}`) ?? line
  switch (event.type) {
    case 'line.added': {
      const { quantity, article, grossMinor } = event.line
      return { kind: 'now', text: `${quantity} × ${article.name}: ${amountOf(grossMinor, currency)}` }
    }
    case 'line.voided':
      return { kind: 'now', text: `${lineName(event.line)} is taken off the sale.` }
    case 'line.refused':
      return { kind: 'wrong', text: `${lineName(event.line)} does not count: ${why(event.error)}` }
    case 'claim.opened':
      return undefined
    case 'claim.moved':
      return claimSentence(event, told)
    case 'leg.opened': {
      const { by, kind, askedMinor, givenMinor, changeMinor } = event.leg
      const asked = amountOf(askedMinor, currency)
      const given = givenMinor === undefined ? '' : `, ${amountOf(givenMinor, currency)} given`
      const change = changeMinor ? `, ${amountOf(changeMinor, currency)} back` : ''
      const how = askedMinor < 0 ? 'goes back' : kind === 'cash' ? 'is paid' : 'is to be paid'
      return { kind: 'money', text: `${asked} ${how} by ${by}${given}${change}.` }
    }
    case 'leg.slip': {
      const [line] = event.lines
      if (event.instead) return { kind: 'money', text: 'The terminal’s receipt broke off, and is not used.' }
      const whose = line === undefined ? 'a' : line.receipt === 'admin' ? 'its own' : `the ${line.receipt}’s`
      return {
        kind: 'money',
        text: `The terminal’s lines for ${whose} receipt are kept (${event.lines.length}).`,
      }
    }
    case 'leg.moved': {
      const leg = names.legs.get(`${event.sale} ${event.tender}`)
      const amount = amountOf(event.amountMinor ?? leg?.askedMinor ?? 0, currency)
      const tip = event.tipMinor ? `, ${amountOf(event.tipMinor, currency)} of it tip` : ''
      const trouble = event.error ? `: ${why(event.error)}` : '.'
      const kind = event.to === 'unknown' || event.to === 'owed' ? 'wrong' : 'money'
      return {
        kind,
        text: `The ${amount} by ${leg?.by ?? event.tender} ${LEG_WORDS[event.to]}${tip}${trouble}`,
      }
    }
  }
}

/** What only names the way to the next step is told by what was sent. */
const ON_THE_WAY: ReadonlySet<string> = new Set([
  'quoting',
  'reserving',
  'renewing',
  'committing',
  'releasing',
  'voiding',
  'asking',
])

function claimSentence(
  { claim, to, expiresAt, adjustments, error }: Extract<Event, { type: 'claim.moved' }>,
  { names, currency, at }: Told,
): Sentence | undefined {
  if (ON_THE_WAY.has(to) && !error) return undefined
  const held = names.claims.get(claim)
  const what = itemOf(held) ?? held?.plugin ?? 'The claim'
  const until =
    expiresAt === undefined
      ? ''
      : ` until ${expiresAt - at < 86_400_000 ? timeOf(expiresAt) : momentOf(expiresAt)}`
  const money = (adjustments ?? []).map(
    ({ label, amountMinor }) => `, ${label} ${amountOf(amountMinor, currency)}`,
  )
  const trouble = error ? `: ${why(error)}` : '.'
  return {
    kind: error ? 'wrong' : 'now',
    text: `${what} ${claimWords(to)}${until}${money.join('')}${trouble}`,
  }
}
