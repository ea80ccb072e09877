// Everything heals: the world answers, time passes, the register ends what it began. Then every sale must end, with
// nothing left behind and no task that the accidents did not force.
import type { OperationId, Sale, Task } from '@cashdesk/kernel'
import { saleId, tenderId } from '@cashdesk/kernel'
import { nextDue } from '../src/index.ts'
import type { Chaos } from './chaos.ts'

/** Rounds until everything must be over: each answers one operation, waits for one due time or ends one sale. */
const MAX_ROUNDS = 3_000

export function heal(chaos: Chaos): void {
  for (let rounds = 0; rounds < MAX_ROUNDS; rounds += 1) {
    const [head] = chaos.till.heads()
    if (head) chaos.answerWell(head)
    else if (!endNext(chaos) && !waitForNext(chaos)) return
  }
  throw new TypeError(`the till does not come to rest: ${chaos.till.open().join(', ')}`)
}

function waitForNext({ till }: Chaos): boolean {
  const due = nextDue(till.lane)
  if (due === undefined || till.lane.operations.size === 0) return false
  till.pass(Math.max(1, due - till.now))
  return true
}

/** The register's next act for the first sale that has not ended. */
function endNext(chaos: Chaos): boolean {
  for (const sale of chaos.till.lane.sales.values()) {
    if (sale.state === 'closed' || sale.state === 'cancelled' || sale.state === 'cancelling') continue
    const before = chaos.till.events.length
    end(chaos, sale)
    if (chaos.till.events.slice(before).some(event => event.type !== 'refused')) return true
  }
  return false
}

function end(chaos: Chaos, sale: Sale): void {
  const { till } = chaos
  const { id } = sale
  if (sale.state === 'settling') till.do({ type: 'sale.finish', sale: id })
  else if (sale.owner === 'register' && chaos.truth.has(id)) chaos.says(sale)
  else if (sale.state === 'tendering' && sale.owner === 'till' && sale.prompts.length === 0) {
    const tender = tenderId(`heal-${sale.legs.length}`)
    till.do({ type: 'tender.add', sale: id, tender, by: 'cash', amountMinor: 'rest' })
  } else {
    till.do({ type: 'sale.cancel', sale: id })
    const blocked = till.sale(id).state === sale.state
    // A card of a void is dead already: it must be finished.
    const [prompt] = sale.prompts
    if (blocked && prompt) till.do({ type: 'prompt.answer', sale: id, prompt: prompt.id, value: 'healed' })
    else if (blocked && sale.state === 'parked' && till.lane.front === undefined)
      till.do({ type: 'sale.resume', sale: id })
    else if (blocked) till.do({ type: 'sale.total', sale: saleId(id) })
    else if (sale.owner === 'register') chaos.truth.set(id, 'cancelled')
  }
}

/** What should not be there any more. */
export function unforced(chaos: Chaos): readonly string[] {
  const { till, world } = chaos
  const found: string[] = []
  for (const sale of till.lane.sales.values())
    if (sale.state !== 'closed' && sale.state !== 'cancelled') found.push(`${sale.id} is still ${sale.state}`)
  if (till.open().length > 0) found.push(`open: ${till.open().join(', ')}`)
  for (const { key, by } of world.leftBehind()) if (!isExcused(chaos, by)) found.push(`${key} is still held`)
  for (const task of till.tasks())
    if (!isForced(chaos, task)) found.push(`needless task: ${JSON.stringify(task)}`)
  return found
}

/** A person may still try its commit again, or has written it off: then it expires, and nothing more is owed. */
function isExcused(chaos: Chaos, reserve: OperationId | undefined): boolean {
  const effect = reserve === undefined ? undefined : chaos.requests.get(reserve)?.effect
  if (effect?.type !== 'provider') return false
  const failed = chaos.till
    .sale(effect.sale)
    .claims.some(claim => claim.id === effect.claim && claim.state === 'failed')
  const open = chaos.till.tasks().some(task => task.claim === effect.claim)
  return chaos.isSettledByHand(effect.claim) || (failed && open)
}

function isForced(chaos: Chaos, task: Task): boolean {
  const { till, world } = chaos
  // A person read the slip, or gave up waiting for a provider.
  if (chaos.isSettledByHand(task.tender ?? task.claim ?? '')) return true
  const sale = task.sale === undefined ? undefined : till.lane.sales.get(task.sale)
  const claim = sale?.claims.find(each => each.id === task.claim)
  const leg = sale?.legs.find(each => each.id === task.tender)
  const ops = [...Object.values(claim?.ops ?? {}), leg?.reversal]
  if (ops.some(op => op !== undefined && world.refused.has(op))) return true
  // The register sold a card whose serial nobody had scanned, or that asks for more than was known.
  if (task.error.detail?.['reason'] === 'prompt.open' || claim?.error?.detail?.['reason'] === 'asks')
    return true
  if (task.error.detail?.['reason'] === 'the provider takes nothing back') return true
  return task.kind === 'books-differ' || (task.kind === 'payment-unresolved' && leg?.state === 'unknown')
}
