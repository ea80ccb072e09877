// The start of a lane, and the passing of time. What was in flight is resumed at once: asked about, repeated under
// its own id, printed with a mark, or dropped, each by its class.
import type { EpochMs, Event, LaneConfig, Sale } from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { outOfPatience } from './answers.ts'
import { continueCancelling } from './cancelling.ts'
import type { Draft } from './draft.ts'
import { type LaneOperation, type LaneStore, troubleOf } from './lane.ts'
import { attemptNow, isDown, orphaned, scheduleOrphan } from './operations.ts'
import { continueSettling } from './settling.ts'
import { continueTotalling } from './tendering.ts'

/** Attempts that one step may start: a record has a bound, and what is left follows with the next one. */
const MAX_ATTEMPTS_A_STEP = 256

export function startLane(draft: Draft, config: LaneConfig): void {
  draft.emit({ type: 'lane.started', config, at: draft.now })
  for (const operation of [...draft.lane.operations.values()])
    if (operation.plugin === undefined) resume(draft, operation)
  attemptDue(draft)
  for (const { id } of [...draft.lane.live.values()]) {
    const sale = draft.sale(id)
    if (isAsked(sale)) ask(draft, sale)
    if (sale.state === 'settling') finishAfterCrash(draft, sale)
    else if (sale.state === 'closed') continueSettling(draft, id)
    else if (sale.state === 'cancelling') continueCancelling(draft, id)
    else if (sale.state !== 'cancelled') continueTotalling(draft, id)
  }
}

/** The sale is paid and the register that should have finished it died: paper and commits go on without it. */
function finishAfterCrash(draft: Draft, sale: Sale): void {
  if (sale.paperBy === undefined) {
    draft.emit({ type: 'sale.finishing', sale: sale.id, paperBy: draft.now + draft.config.commitBudgetMs })
  }
  continueSettling(draft, sale.id)
}

function resume(draft: Draft, operation: LaneOperation): void {
  switch (operation.kind) {
    case 'pay':
    case 'payback':
    case 'reverse': {
      const leg =
        operation.sale === undefined || operation.tender === undefined
          ? undefined
          : draft.leg(operation.sale, operation.tender)
      if (leg && operation.sale !== undefined && (leg.state === 'sent' || leg.state === 'approved')) {
        const error = report('terminal.link-lost', { reason: 'the till stopped' })
        draft.emit({ type: 'leg.moved', sale: operation.sale, tender: leg.id, to: 'unknown', error })
      }
      return attemptNow(draft, operation, 'query')
    }
    case 'print':
      return attemptNow(draft, operation, 'repeat')
    default:
      return draft.settle(operation.op, 'abandoned')
  }
}

function ask(draft: Draft, sale: Sale): void {
  draft.emit({ type: 'sale.asked', sale: sale.id, nextAt: draft.now + draft.config.askRegisterMs })
}

/** Whatever is due at the stamp's time. */
export function timePassed(draft: Draft): void {
  attemptDue(draft)
  for (const { id } of [...draft.lane.live.values()]) {
    const sale = draft.sale(id)
    const due = saleDueAt(draft.lane, sale)
    if (due === undefined || due > draft.now) continue
    if (isAsked(sale)) ask(draft, sale)
    else continueSettling(draft, id)
  }
}

/** Sends what is due, the longest-waiting attempt first where a provider is down and only one may go. */
function attemptDue(draft: Draft): void {
  const { now } = draft
  const probes = probesOf(draft.lane)
  let attempts = 0
  for (const { op } of [...draft.lane.operations.values()]) {
    if (attempts >= MAX_ATTEMPTS_A_STEP) return
    // What was due a moment ago may have been settled by what was due before it.
    const operation = draft.lane.operations.get(op)
    if (!operation) continue
    if ((patienceOf(draft.lane, operation) ?? Infinity) <= now) outOfPatience(draft, operation)
    else if (operation.next && (attemptAt(draft.lane, operation, probes) ?? Infinity) <= now)
      attempt(draft, operation)
    else continue
    attempts += 1
  }
}

function attempt(draft: Draft, operation: LaneOperation): void {
  if (operation.plugin !== undefined && !draft.participant(operation.plugin)) {
    orphaned(draft, operation)
    scheduleOrphan(draft, operation)
  } else attemptNow(draft, operation, operation.next ?? 'repeat')
}

/** When the sale stops waiting for it: never after the pivot, nor for what it has put off. */
function patienceOf(lane: LaneStore, { limitAt, sale, claim }: LaneOperation): EpochMs | undefined {
  if (limitAt === undefined || sale === undefined) return limitAt
  const known = lane.sales.get(sale)
  if (known?.paidAt !== undefined) return undefined
  return known?.claims.some(each => each.id === claim && each.state === 'deferred') ? undefined : limitAt
}

/** When its next attempt leaves. Of a provider that is down only the probe may go, and at the provider's time. */
function attemptAt(lane: LaneStore, operation: LaneOperation, probes: Probes): EpochMs | undefined {
  const { phase, dueAt, plugin, kind, op } = operation
  if (phase !== 'waiting' || dueAt === undefined) return undefined
  const trouble = troubleOf(plugin ?? '', kind)
  if (!probes.has(trouble) || patienceOf(lane, operation) !== undefined) return dueAt
  if (probes.get(trouble)?.op !== op) return undefined
  return Math.max(dueAt, lane.troubles.get(trouble)?.probeAt ?? 0)
}

/** By trouble: the operation that finds out whether the provider is back, none while one is out already. */
type Probes = ReadonlyMap<string, LaneOperation | undefined>

function probesOf(lane: LaneStore): Probes {
  const probes = new Map<string, LaneOperation | undefined>()
  const plugins = new Set<string>()
  for (const { plugin, operations } of lane.config?.participants ?? []) {
    for (const kind of operations) {
      if (!isDown(lane, plugin, kind)) continue
      probes.set(troubleOf(plugin, kind), undefined)
      plugins.add(plugin)
    }
  }
  if (probes.size === 0) return probes
  const queues = new Set<string>()
  const out = new Set<string>()
  for (const operation of lane.operations.values()) {
    const { plugin, kind, phase, dueAt = Infinity } = operation
    if (plugin === undefined || !plugins.has(plugin)) continue
    // What waits for another operation of its sale has not left, whatever its state says.
    const queue = `${operation.sale} ${plugin}`
    if (queues.has(queue)) continue
    queues.add(queue)
    const trouble = troubleOf(plugin, kind)
    if (!probes.has(trouble) || patienceOf(lane, operation) !== undefined) continue
    if (phase === 'sent') out.add(trouble)
    else if (dueAt < (probes.get(trouble)?.dueAt ?? Infinity)) probes.set(trouble, operation)
  }
  for (const trouble of out) probes.set(trouble, undefined)
  return probes
}

function isAsked(sale: Sale): boolean {
  return (
    sale.owner === 'register' &&
    sale.paidAt === undefined &&
    sale.state !== 'cancelled' &&
    sale.state !== 'cancelling'
  )
}

/** When something about this sale is next due, if anything is. */
function saleDueAt(lane: LaneStore, sale: Sale): EpochMs | undefined {
  if (isAsked(sale)) return sale.askAt
  if (sale.state !== 'settling' && sale.state !== 'closed') return undefined
  const times: EpochMs[] = []
  if (sale.state === 'settling' && sale.paperBy !== undefined && sale.paper.state === 'none')
    times.push(sale.paperBy)
  if (
    sale.paidAt !== undefined &&
    sale.claims.some(claim => claim.state === 'due' && claim.of === undefined)
  ) {
    times.push(sale.paidAt + (lane.config?.commitBudgetMs ?? 0))
  }
  return times.length === 0 ? undefined : Math.min(...times)
}

/** When the lane next needs a `clock` input; undefined if nothing waits for time. */
export function nextDue(lane: LaneStore): EpochMs | undefined {
  let next = Infinity
  const probes = probesOf(lane)
  for (const operation of lane.operations.values()) {
    next = Math.min(next, patienceOf(lane, operation) ?? Infinity)
    next = Math.min(next, attemptAt(lane, operation, probes) ?? Infinity)
  }
  for (const sale of lane.live.values()) next = Math.min(next, saleDueAt(lane, sale) ?? Infinity)
  return next === Infinity ? undefined : next
}

/**
 * The earliest time at which something that these events touched is due: no other time came nearer through them. Costs
 * a look at what was touched, where `nextDue` looks at everything. It may name a time too early, never one too late.
 */
export function dueAfter(lane: LaneStore, events: readonly Event[]): EpochMs | undefined {
  let next = Infinity
  for (const event of events) {
    const operation = 'op' in event ? lane.operations.get(event.op) : undefined
    if (operation) {
      next = Math.min(next, patienceOf(lane, operation) ?? Infinity)
      if (operation.phase === 'waiting') next = Math.min(next, operation.dueAt ?? Infinity)
    }
    const sale = 'sale' in event && event.sale !== undefined ? lane.live.get(event.sale) : undefined
    if (sale) next = Math.min(next, saleDueAt(lane, sale) ?? Infinity)
  }
  return next === Infinity ? undefined : next
}
