// How events change a lane. The only writer of lane state: while selling, in a draft, and in recovery alike.
// Nothing is decided here, so what was recorded under old rules means the same under new ones.
import type { Claim, Event, Leg, Line, Minor, Sale, SaleId, Task, TaskId } from '@cashdesk/kernel'
import { unreachable } from '@cashdesk/kernel'
import { isKnownEvent } from './known-events.ts'
import { type LaneStore, troubleOf } from './lane.ts'

const NO_MONEY = 0 as Minor

/**
 * Applies one event. Events about sales that are not there (an archived journal) change nothing, nor do those of a
 * later release: of these it answers false.
 */
export function evolve(lane: LaneStore, event: Event): boolean {
  const known = isKnownEvent(event)
  if (known) apply(lane, event)
  return known
}

function apply(lane: LaneStore, event: Event): void {
  switch (event.type) {
    case 'lane.started':
      startAnew(lane, event)
      return
    case 'sale.opened':
      keep(lane, { ...event.opened, id: event.sale })
      if (event.opened.owner === 'till' && lane.front === undefined) lane.front = event.sale
      return
    case 'op.opened':
    case 'op.scheduled':
    case 'op.attempted':
    case 'op.settled':
      evolveOperation(lane, event)
      return
    case 'task.opened':
      lane.tasks.set(event.task.id, event.task)
      noteTask(lane, event.task, event.task.id)
      return
    case 'task.resolved':
      noteTask(lane, lane.tasks.get(event.task), undefined)
      lane.tasks.delete(event.task)
      return
    case 'day.ended':
      lane.day = { expectedMinor: NO_MONEY }
      return
    case 'day.carried':
      lane.day = { expectedMinor: event.expectedMinor }
      return
    case 'op.late':
    case 'approval.rejected':
    case 'refused':
      return
    default:
      evolveSale(lane, event)
  }
}

/**
 * What was under way at a provider when the till stopped is due at once. It is marked so here and not by events of its
 * own: after a long outage there may be more of it than one record can hold.
 */
function startAnew(lane: LaneStore, { config, at }: Extract<Event, { type: 'lane.started' }>): void {
  lane.config = config
  for (const { plugin, operations } of config.participants)
    for (const kind of operations) lane.troubles.delete(troubleOf(plugin, kind))
  for (const operation of [...lane.operations.values()]) {
    if (operation.plugin === undefined) continue
    const participant = config.participants.find(each => each.plugin === operation.plugin)
    const sent = operation.phase === 'sent'
    lane.operations.set(operation.op, {
      ...operation,
      phase: 'waiting',
      next: participant?.profile.onUnknown ?? 'repeat',
      dueAt: 0,
      attempt: operation.attempt + (sent ? 1 : 0),
      uncertain: operation.uncertain || sent,
      // Nobody's patience was tried while the till was off.
      ...(operation.limitAt === undefined || at === undefined
        ? {}
        : { limitAt: Math.max(operation.limitAt, at + operation.limitAt - operation.since) }),
    })
  }
}

/** Notes on an open operation that there is a task about it, so that settling it finds the task among thousands. */
function noteTask(lane: LaneStore, task: Task | undefined, id: TaskId | undefined): void {
  const operation = task?.op === undefined ? undefined : lane.operations.get(task.op)
  if (!operation) return
  const { task: _, ...rest } = operation
  lane.operations.set(operation.op, id === undefined ? rest : { ...rest, task: id })
}

/** Puts a sale into the lane: the only place where that is done, whether an event changed it or it is brought back. */
export function keep(lane: LaneStore, sale: Sale): void {
  lane.sales.set(sale.id, sale)
  if (isAtRest(sale)) lane.live.delete(sale.id)
  else lane.live.set(sale.id, sale)
}

/** Ended, and no commit waits for another one: from now on only its open operations concern it, and they are kept apart. */
function isAtRest(sale: Sale): boolean {
  const ended = sale.state === 'closed' || sale.state === 'cancelled'
  return ended && !sale.claims.some(claim => claim.state === 'due' && claim.of === undefined)
}

type OperationEvent = Extract<Event, { type: 'op.opened' | 'op.scheduled' | 'op.attempted' | 'op.settled' }>
type SaleEvent = Exclude<Extract<Event, { sale: SaleId }>, { type: 'sale.opened' | 'refused' }>

function evolveOperation(lane: LaneStore, event: OperationEvent): void {
  if (event.type === 'op.opened') {
    const { operation } = event
    lane.operations.set(event.op, { ...operation, phase: 'sent', via: 'send', attempt: 1, uncertain: false })
    const sale = operation.sale === undefined ? undefined : lane.sales.get(operation.sale)
    if (sale) keep(lane, withOperation(sale, event))
    return
  }
  const operation = lane.operations.get(event.op)
  if (!operation) return
  switch (event.type) {
    case 'op.scheduled':
      if (operation.plugin !== undefined) {
        const trouble = troubleOf(operation.plugin, operation.kind)
        const failures = (lane.troubles.get(trouble)?.failures ?? 0) + 1
        lane.troubles.set(trouble, { failures, probeAt: event.at })
      }
      lane.operations.set(event.op, {
        ...operation,
        phase: 'waiting',
        next: event.next,
        dueAt: event.at,
        attempt: event.attempt,
        uncertain: operation.uncertain || event.uncertain,
      })
      return
    case 'op.attempted':
      lane.operations.set(event.op, {
        ...operation,
        phase: 'sent',
        via: event.next === 'query' ? 'query' : 'send',
        attempt: event.attempt,
      })
      return
    case 'op.settled':
      // Yes or no, it is an answer: the provider is there.
      if (event.outcome !== 'abandoned' && operation.plugin !== undefined)
        lane.troubles.delete(troubleOf(operation.plugin, operation.kind))
      lane.operations.delete(event.op)
      return
    default:
      unreachable(event, 'evolveOperation')
  }
}

/** Notes an operation's id on what it belongs to. */
function withOperation(sale: Sale, { op, operation }: Extract<Event, { type: 'op.opened' }>): Sale {
  const { kind, claim, tender } = operation
  switch (kind) {
    case 'pay':
    case 'payback':
      return tender === undefined ? sale : withLeg(sale, tender, leg => ({ ...leg, op }))
    case 'reverse':
      return tender === undefined ? sale : withLeg(sale, tender, leg => ({ ...leg, reversal: op }))
    case 'print':
      return { ...sale, paper: { ...sale.paper, op } }
    case 'drawer':
    case 'end-of-day':
      return sale
    default:
      return claim === undefined
        ? sale
        : withClaim(sale, claim, held => ({ ...held, ops: { ...held.ops, [kind]: op } }))
  }
}

function withClaim(sale: Sale, id: Claim['id'], change: (claim: Claim) => Claim): Sale {
  return { ...sale, claims: sale.claims.map(claim => (claim.id === id ? change(claim) : claim)) }
}

function withLeg(sale: Sale, id: Leg['id'], change: (leg: Leg) => Leg): Sale {
  return { ...sale, legs: sale.legs.map(leg => (leg.id === id ? change(leg) : leg)) }
}

function withLine(sale: Sale, id: Line['id'], change: (line: Line) => Line): Sale {
  return {
    ...sale,
    revision: sale.revision + 1,
    lines: sale.lines.map(line => (line.id === id ? change(line) : line)),
  }
}

function evolveSale(lane: LaneStore, event: SaleEvent): void {
  const sale = lane.sales.get(event.sale)
  if (!sale) return
  if (event.type === 'leg.moved') countForDay(lane, sale, event)
  keep(lane, saleAfter(sale, event))
  if (event.type === 'sale.resumed') lane.front = sale.id
  else if (LEAVES_FRONT.has(event.type) && lane.front === sale.id) lane.front = undefined
}

/** The next customer need not wait for what still has to be done about this one. */
const LEAVES_FRONT: ReadonlySet<Event['type']> = new Set(['sale.parked', 'sale.paid', 'sale.cancelling'])

/** Money that the terminal has booked, for the comparison at the end of the day. */
function countForDay(lane: LaneStore, sale: Sale, event: Extract<Event, { type: 'leg.moved' }>): void {
  const leg = sale.legs.find(each => each.id === event.tender)
  if (leg?.kind !== 'terminal' || sale.training) return
  const before = COUNTS.has(leg.state) ? leg.amountMinor : 0
  const after = COUNTS.has(event.to) ? (event.amountMinor ?? leg.amountMinor) : 0
  lane.day = { expectedMinor: (lane.day.expectedMinor + after - before) as Minor }
}

const COUNTS: ReadonlySet<Leg['state']> = new Set(['done', 'reversing', 'owed'])

function saleAfter(sale: Sale, event: SaleEvent): Sale {
  switch (event.type) {
    case 'sale.parked':
      return { ...sale, state: 'parked', totalling: false }
    case 'sale.resumed':
      return { ...sale, state: 'open' }
    case 'sale.totalling':
      return { ...sale, totalling: true }
    case 'sale.tendering': {
      const totalMinor = event.dueMinor ?? NO_MONEY
      const frozen = { revision: event.revision, hash: event.hash, totalMinor, ready: false }
      return { ...sale, state: 'tendering', totalling: false, frozen }
    }
    case 'sale.ready':
      return sale.frozen
        ? {
            ...sale,
            frozen: { ...sale.frozen, totalMinor: event.totalMinor, revision: sale.revision, ready: true },
          }
        : sale
    case 'sale.reopened': {
      const { frozen: _, ...rest } = sale
      return { ...rest, state: 'open', totalling: false }
    }
    case 'sale.paid':
      return afterPayment(sale, event)
    case 'sale.finishing':
      return { ...sale, paperBy: event.paperBy }
    case 'sale.closed':
      return { ...sale, state: 'closed', endedAt: event.at }
    case 'sale.cancelling':
      return { ...sale, state: 'cancelling', totalling: false, prompts: [] }
    case 'sale.cancelled':
      return { ...sale, state: 'cancelled', endedAt: event.at }
    case 'sale.fiscal':
      return { ...sale, fiscal: event.fiscal }
    case 'sale.asked':
      return { ...sale, askAt: event.nextAt }
    case 'paper.moved':
      return paperAfter(sale, event)
    default:
      return partAfter(sale, event)
  }
}

/** A sale that the register had cancelled, even a closed one, may be paid again: its paper is due anew. */
function afterPayment(sale: Sale, event: Extract<Event, { type: 'sale.paid' }>): Sale {
  const { paperBy: _, endedAt: __, ...rest } = sale
  return {
    ...rest,
    state: 'settling',
    totalling: false,
    paidAt: event.at,
    roundingMinor: event.roundingMinor,
    paper: { ...sale.paper, state: sale.paper.state === 'printing' ? 'printing' : 'none' },
    ...(event.reference === undefined ? {} : { reference: event.reference }),
  }
}

type PartEvent = Extract<
  SaleEvent,
  { type: `line.${string}` | `prompt.${string}` | `claim.${string}` | `leg.${string}` }
>

function partAfter(sale: Sale, event: PartEvent): Sale {
  switch (event.type) {
    case 'line.added':
      return { ...sale, revision: sale.revision + 1, lines: [...sale.lines, event.line] }
    case 'line.voided':
      return withLine(sale, event.line, line => ({ ...line, state: 'voided' }))
    case 'line.refused':
      return withLine(sale, event.line, line => ({ ...line, state: 'refused', error: event.error }))
    case 'prompt.opened':
      return { ...sale, prompts: [...sale.prompts, event.prompt] }
    case 'prompt.closed':
      return { ...sale, prompts: sale.prompts.filter(prompt => prompt.id !== event.prompt) }
    case 'claim.opened':
      return { ...sale, claims: [...sale.claims, event.claim] }
    case 'claim.moved':
      return claimAfter(sale, event)
    case 'leg.opened':
      return { ...sale, legs: [...sale.legs, event.leg] }
    case 'leg.moved':
      return withLeg(sale, event.tender, leg => ({
        ...leg,
        state: event.to,
        ...given(event, ['amountMinor', 'tipMinor', 'approved', 'facts', 'error']),
      }))
    default:
      return unreachable(event, 'partAfter')
  }
}

function claimAfter(sale: Sale, event: Extract<Event, { type: 'claim.moved' }>): Sale {
  const moved = withClaim(sale, event.claim, claim => {
    const { error: _, ...rest } = claim
    return {
      ...rest,
      state: event.to,
      subject: { ...claim.subject, ...event.subject },
      facts: { ...claim.facts, ...event.facts },
      ...given(event, ['expiresAt', 'lastsMs', 'adjustments', 'error']),
    }
  })
  return event.adjustments === undefined ? moved : { ...moved, revision: sale.revision + 1 }
}

function paperAfter(sale: Sale, event: Extract<Event, { type: 'paper.moved' }>): Sale {
  const { error: _, ...paper } = sale.paper
  const mayExist = event.to === 'printed' || event.to === 'unknown'
  return {
    ...sale,
    paper: {
      ...paper,
      state: event.to,
      printed: paper.printed + (mayExist ? 1 : 0),
      ...(event.error === undefined ? {} : { error: event.error }),
    },
  }
}

/** The named properties of `from` that are there. */
function given<Source extends object, Key extends keyof Source>(
  from: Source,
  keys: readonly Key[],
): { [key in Key]?: NonNullable<Source[key]> } {
  const found: { [key in Key]?: NonNullable<Source[key]> } = {}
  for (const key of keys) {
    const value = from[key]
    if (value !== undefined && value !== null) found[key] = value
  }
  return found
}
