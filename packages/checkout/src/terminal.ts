// The payment terminal: one thing at a time, approved short of done, and nothing new while its last payment is
// unresolved.
import type {
  Answer,
  ErrorReport,
  Leg,
  Minor,
  OperationId,
  PaymentFacts,
  Sale,
  SaleCommand,
  SaleId,
  TerminalPrintLine,
} from '@cashdesk/kernel'
import { minor, negate, report, ZERO } from '@cashdesk/kernel'
import type { Draft } from './draft.ts'
import { checkPaid, withdrawAsking } from './tendering.ts'

type TenderCommand = Extract<SaleCommand, { type: 'tender.add' }>

/** A merchant's and a customer's receipt, several times over; a snapshot holds the slips of 16 sales in one record. */
const MAX_SLIP_LINES = 240
const MAX_SLIP_TEXT = 160

/** The terminal is at it, and has not said that it could not be done. */
export const AT_TERMINAL: ReadonlySet<Leg['state']> = new Set(['sent', 'approved'])

export function addCard(
  draft: Draft,
  sale: Sale,
  input: TenderCommand,
  amount: Minor,
  due: Minor,
  back: boolean,
): void {
  if (amount < due && input.split !== true) return draft.refuse('tender.order', { openMinor: due }, sale.id)
  const leg: Leg = {
    id: input.tender,
    by: 'card',
    kind: 'terminal',
    state: 'sent',
    askedMinor: back ? negate(amount) : amount,
    amountMinor: ZERO,
    startedAt: draft.now,
  }
  const occupied = sale.training ? undefined : terminalOccupied(draft)
  if (occupied) return draft.refuse(occupied, undefined, sale.id)
  withdrawAsking(draft, sale)
  if (sale.training) {
    const done: Leg = { ...leg, state: 'done', amountMinor: leg.askedMinor }
    draft.emit({ type: 'leg.opened', sale: sale.id, leg: done })
    return checkPaid(draft, sale.id)
  }
  draft.emit({ type: 'leg.opened', sale: sale.id, leg })
  const original = back && sale.kind === 'void' ? wholePayment(draft, sale, amount) : undefined
  const operation = !back ? 'pay' : original ? 'reverse' : 'refund'
  const effect = {
    type: 'terminal',
    operation,
    sale: sale.id,
    tender: leg.id,
    amountMinor: amount,
    currency: sale.currency,
  } as const
  draft.open(
    back ? 'payback' : 'pay',
    { sale: sale.id, tender: leg.id },
    { class: 'query', queue: 'terminal', effect: original ? { ...effect, original } : effect },
  )
}

/** The terminal takes one thing at a time, and nothing while its last payment is unresolved: that would destroy the evidence. */
export function terminalOccupied(draft: Draft): 'terminal.busy' | 'terminal.blocked' | undefined {
  for (const operation of draft.lane.operations.values()) {
    if (!['pay', 'payback', 'reverse', 'end-of-day'].includes(operation.kind)) continue
    return operation.uncertain ? 'terminal.blocked' : 'terminal.busy'
  }
  return undefined
}

/** The single card payment that a void takes back whole, if there is just one. */
function wholePayment(draft: Draft, sale: Sale, amount: Minor): PaymentFacts | undefined {
  const original = sale.original === undefined ? undefined : draft.lane.sales.get(sale.original)
  const legs = original?.legs.filter(leg => leg.state === 'done') ?? []
  const [leg] = legs
  return legs.length === 1 && leg?.kind === 'terminal' && leg.amountMinor === amount ? leg.facts : undefined
}

/** The terminal says yes and waits for us. Anything we did not ask for is rejected, and the terminal reverses it. */
export function approve(draft: Draft, op: Leg['op'], facts: PaymentFacts): void {
  const operation = op === undefined ? undefined : draft.lane.operations.get(op)
  const leg =
    operation?.sale === undefined || operation.tender === undefined
      ? undefined
      : draft.leg(operation.sale, operation.tender)
  if (op === undefined) return
  const reject = (error: ErrorReport): void => draft.emit({ type: 'approval.rejected', op, error })
  if (!operation?.sale || !leg || (!AT_TERMINAL.has(leg.state) && leg.state !== 'reversing')) {
    return reject(report('tender.pending', { reason: 'nobody waits for this approval' }))
  }
  // A reversal takes back exactly what was booked, its tip included.
  const whole = leg.state === 'reversing'
  const tip = leg.askedMinor > 0 ? (facts.tipMinor ?? 0) : 0
  const allowed = whole ? Math.abs(leg.amountMinor) : Math.abs(leg.askedMinor) + tip
  const fits = whole ? facts.amountMinor === allowed : facts.amountMinor > 0 && facts.amountMinor <= allowed
  if (facts.currency !== draft.config.currency || !fits) {
    return reject(report('tender.amount', { approvedMinor: facts.amountMinor, askedMinor: leg.askedMinor }))
  }
  if (leg.state === 'sent')
    draft.emit({ type: 'leg.moved', sale: operation.sale, tender: leg.id, to: 'approved', approved: facts })
}

/**
 * The terminal counts what it wants on paper as printed once we answer, so the answer waits until the lines are kept.
 * Lines that belong to no payment (the report of a day) are the register's to print and are not kept here.
 */
export function keepSlip(draft: Draft, op: OperationId, lines: readonly TerminalPrintLine[]): void {
  const { sale, tender } = draft.lane.operations.get(op) ?? {}
  const leg = sale === undefined || tender === undefined ? undefined : draft.leg(sale, tender)
  if (sale === undefined || !leg) return
  const count = (leg.slip?.length ?? 0) + lines.length
  if (count > MAX_SLIP_LINES || lines.some(line => line.text.length > MAX_SLIP_TEXT))
    return draft.refuse('terminal.malformed', { reason: 'a slip without end', lines: count }, sale)
  draft.emit({ type: 'leg.slip', sale, tender: leg.id, lines })
}

/** The payment stands on the terminal's books. */
export function legDone(draft: Draft, id: SaleId, leg: Leg, facts: PaymentFacts): void {
  const tip = leg.askedMinor > 0 ? (facts.tipMinor ?? 0) : 0
  const most = Math.abs(leg.askedMinor) + tip
  const counted = Math.min(facts.amountMinor, most)
  const amountMinor = minor(leg.askedMinor < 0 ? -counted : counted)
  draft.emit({
    type: 'leg.moved',
    sale: id,
    tender: leg.id,
    to: 'done',
    amountMinor,
    facts,
    ...(tip === 0 ? {} : { tipMinor: minor(tip) }),
  })
  if (facts.amountMinor > most) {
    const error = report('tender.owed', { bookedMinor: facts.amountMinor, askedMinor: leg.askedMinor })
    draft.task({
      kind: 'customer-owed',
      sale: id,
      tender: leg.id,
      amountMinor: minor(facts.amountMinor - most),
      error,
      actions: ['settled'],
    })
  }
  checkPaid(draft, id)
}

/** The facts of a terminal's answer, where it gave any. */
export function paymentOf(answer: Answer): PaymentFacts | undefined {
  return answer.outcome === 'done' && answer.of === 'terminal' ? answer.data : undefined
}
