// I1 to I8 as far as the pure machine can hold them, and what makes a lane alive: whatever is pending has an
// operation, a question or a time that will move it.
import type { Claim, Leg, OperationId, Sale } from '@cashdesk/kernel'
import { nextDue, totalsOf } from '../src/index.ts'
import type { Chaos } from './chaos.ts'
import { keyOf } from './world.ts'

/** What is wrong now. Empty when all invariants hold. */
export function violations(chaos: Chaos): readonly string[] {
  const found = [...chaos.world.wrongs]
  const { lane } = chaos.till
  for (const sale of lane.sales.values()) {
    const at = (text: string): number => found.push(`${sale.id} (${sale.state}): ${text}`)
    money(sale, at)
    for (const claim of sale.claims) {
      aliveClaim(chaos, sale, claim, at)
      activeOnlyIfPaid(chaos, sale, claim, at)
      paidMeansActive(chaos, sale, claim, at)
    }
    for (const leg of sale.legs) aliveLeg(chaos, sale, leg, at)
    charged(chaos, sale, at)
    if (sale.paper.state === 'printing' && !isOpen(chaos, sale.paper.op)) at('prints for ever')
    const ended = sale.state === 'closed' || sale.state === 'cancelled'
    if (!ended && lane.live.get(sale.id) !== sale) at('time and recovery do not look at it any more')
    if (ended && lane.live.has(sale.id) && !sale.claims.some(claim => claim.state === 'due'))
      at('is looked at for ever')
  }
  operations(chaos, found)
  return found
}

type Say = (text: string) => unknown

const isOpen = (chaos: Chaos, op: OperationId | undefined): boolean =>
  op !== undefined && chaos.till.lane.operations.has(op)

const isPaid = (sale: Sale): boolean => sale.state === 'settling' || sale.state === 'closed'

/** I8. */
function money(sale: Sale, at: Say): void {
  const totals = totalsOf(sale)
  for (const [name, amount] of Object.entries(totals))
    if (!Number.isSafeInteger(amount)) at(`${name} is ${amount}`)
  const { linesMinor, adjustmentsMinor, tipMinor, roundingMinor } = totals
  if (linesMinor + adjustmentsMinor + tipMinor + roundingMinor !== totals.totalMinor)
    at('the total is no sum')
  const tendered = sale.legs.filter(leg => leg.state === 'done').map(leg => leg.givenMinor ?? leg.amountMinor)
  const change = totals.changeMinor
  const given = sale.legs.some(leg => leg.amountMinor < 0) ? totals.paidMinor : sum(tendered) - change
  if (given !== totals.paidMinor) at(`tenders − change is ${given}, not ${totals.paidMinor}`)
  if (isPaid(sale) && totals.openMinor !== 0) at(`paid, and ${totals.openMinor} is open`)
  if (sale.state === 'tendering' && sale.frozen?.ready && sale.legs.length === 0) {
    if (sale.frozen.totalMinor !== totals.totalMinor) at('the frozen total has moved')
  }
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)

/** Whatever a claim waits for is under way. */
function aliveClaim(chaos: Chaos, sale: Sale, claim: Claim, at: Say): void {
  const waits: { readonly [state in Claim['state']]?: OperationId | undefined } = {
    quoting: claim.ops.quote,
    reserving: claim.ops.reserve,
    renewing: claim.ops.renew,
    releasing: claim.ops.release,
    committing: claim.ops.commit,
    voiding: claim.ops.void,
  }
  if (claim.state in waits && !isOpen(chaos, waits[claim.state]))
    at(`${claim.plugin} is ${claim.state} for ever`)
  if (claim.state === 'asking' && !sale.prompts.some(prompt => prompt.claim === claim.id))
    at(`${claim.plugin} asks for ever`)
  const ended = sale.state === 'cancelled' || sale.state === 'closed'
  if (ended && ['asking', 'quoting', 'quoted', 'reserved', 'renewing'].includes(claim.state))
    at(`${claim.plugin} is still ${claim.state}`)
  if (sale.state === 'settling' && ['reserved', 'renewing', 'quoted'].includes(claim.state))
    at(`${claim.plugin} was forgotten as ${claim.state}`)
  if (claim.state === 'due' && claim.of === undefined && nextDue(chaos.till.lane) === undefined)
    at(`${claim.plugin} is due for ever`)
}

function aliveLeg(chaos: Chaos, sale: Sale, leg: Leg, at: Say): void {
  const pending = leg.state === 'sent' || leg.state === 'approved' || leg.state === 'unknown'
  const asks = sale.claims.some(
    claim => claim.tender === leg.id && ['asking', 'reserving'].includes(claim.state),
  )
  if (pending && leg.kind === 'terminal' && !isOpen(chaos, leg.op)) at(`${leg.id} is ${leg.state} for ever`)
  if (pending && leg.kind === 'hold' && !asks) at(`${leg.id} is held for ever`)
  if (leg.state === 'reversing' && !isOpen(chaos, leg.reversal)) at(`${leg.id} is reversed for ever`)
  if (pending && sale.state !== 'tendering') at(`${leg.id} is ${leg.state}`)
  if (leg.state === 'done' && (sale.state === 'cancelling' || sale.state === 'cancelled'))
    at(`${leg.id} was kept`)
}

/** I1, by the provider's book. */
function activeOnlyIfPaid(chaos: Chaos, sale: Sale, claim: Claim, at: Say): void {
  const { commit } = claim.ops
  if (claim.of !== undefined || commit === undefined) return
  if (chaos.world.cards.get(keyOf(claim.plugin, claim.subject))?.by !== commit) return
  const excused = claim.state === 'kept' || claim.state === 'voiding' || claim.state === 'committing'
  if (!isPaid(sale) && !excused && !chaos.isSettledByHand(claim.id))
    at(`${claim.plugin} is active, and the claim ${claim.state}`)
}

/** I2, by the provider's book: active, under way, or a task that says why not. */
function paidMeansActive(chaos: Chaos, sale: Sale, claim: Claim, at: Say): void {
  if (!isPaid(sale) || sale.kind !== 'sale' || sale.training || claim.on !== 'line') return
  const line = sale.lines.find(each => each.id === claim.line)
  if (line?.state !== 'active' || ['committing', 'reserving', 'due', 'voiding'].includes(claim.state)) return
  if (claim.state === 'committed') {
    const card = chaos.world.cards.get(keyOf(claim.plugin, claim.subject))
    if (card?.by !== claim.ops.commit && !isUndone(chaos, claim)) at(`${claim.plugin} should be active`)
    return
  }
  const told = chaos.till.tasks().some(task => task.claim === claim.id)
  if (!told && !chaos.isSettledByHand(claim.id) && !isReturned(chaos, sale, claim))
    at(`${claim.plugin} is ${claim.state}, and nobody is told`)
}

function isUndone(chaos: Chaos, claim: Claim): boolean {
  for (const sale of chaos.till.lane.sales.values())
    if (sale.claims.some(undo => undo.of === claim.id && ['voided', 'voiding', 'kept'].includes(undo.state)))
      return true
  return false
}

function isReturned(chaos: Chaos, original: Sale, claim: Claim): boolean {
  for (const sale of chaos.till.lane.sales.values()) {
    if (
      sale.original === original.id &&
      sale.lines.some(line => line.of === claim.line && line.state === 'active')
    )
      return true
  }
  return false
}

/** The terminal's book agrees with what the sale counts. */
function charged(chaos: Chaos, sale: Sale, at: Say): void {
  const linked = [...chaos.till.lane.sales.values()].some(other => other.original === sale.id)
  const moves = sale.state === 'tendering' || sale.legs.some(leg => leg.state === 'reversing')
  if (linked || sale.kind !== 'sale' || sale.training || moves) return
  const counted = sale.legs.filter(
    leg => leg.kind === 'terminal' && (leg.state === 'done' || leg.state === 'owed'),
  )
  const expected = sum(counted.map(leg => leg.amountMinor))
  if (chaos.world.charged(sale.id) !== expected)
    at(`the terminal booked ${chaos.world.charged(sale.id)}, the till counts ${expected}`)
}

/** Every operation can still be answered, belongs to something, and the terminal has one thing at a time. */
function operations(chaos: Chaos, found: string[]): void {
  const { lane, outbox } = chaos.till
  for (const operation of lane.operations.values()) {
    if (!outbox.has(operation.op)) found.push(`${operation.kind} is open, and not in the outbox`)
    if (operation.phase === 'waiting' && operation.dueAt === undefined)
      found.push(`${operation.kind} waits for nothing`)
  }
  for (const { op, intent } of outbox.values())
    if (!lane.operations.has(op)) found.push(`${intent.effect.type} is in the outbox, and not open`)
  const pays = [...lane.operations.values()].filter(({ kind }) => kind === 'pay' || kind === 'payback')
  if (pays.length > 1) found.push('two payments at one terminal')
}
