// How events change a lane. The only writer of lane state: while selling, in a draft, and in recovery alike.
// Nothing is decided here, so what was recorded under old rules means the same under new ones.
import type { Claim, EpochMs, Event, Leg, Minor, Sale, SaleId, Task, TaskId } from '@cashdesk/kernel'
import { unreachable } from '@cashdesk/kernel'
import { isKnownEvent } from './known-events.ts'
import { type Lane, type LaneStore, troubleOf } from './lane.ts'
import { COPIED, IN_PLACE, type Own, type Owned } from './own.ts'

const NO_MONEY = 0 as Minor

/**
 * Applies one event. Events about sales that are not there (an archived journal) change nothing, nor do those of a
 * later release: of these it answers false.
 */
export function evolve(lane: LaneStore, event: Event): boolean {
  return evolved(lane, event, COPIED)
}

/**
 * The same for an event that was read from a journal, into a lane of which nobody holds a value yet: these are changed
 * in place, and parts of the event become parts of the lane. A million records are read at a start.
 */
export function evolveInPlace(lane: Lane, event: Event): boolean {
  return evolved(lane, event, IN_PLACE)
}

function evolved(lane: LaneStore, event: Event, own: Own): boolean {
  const known = isKnownEvent(event)
  if (known) apply(lane, event, own)
  return known
}

function apply(lane: LaneStore, event: Event, own: Own): void {
  switch (event.type) {
    case 'lane.started':
      startAnew(lane, event, own)
      return
    case 'sale.opened':
      // What is new comes first: V8 gives every object a shape of its own to which something is added behind a spread.
      keep(lane, { id: event.sale, ...event.opened })
      if (event.opened.owner === 'till' && lane.front === undefined) lane.front = event.sale
      return
    case 'op.opened':
    case 'op.scheduled':
    case 'op.attempted':
    case 'op.settled':
      evolveOperation(lane, event, own)
      return
    case 'task.opened':
      lane.tasks.set(event.task.id, event.task)
      noteTask(lane, event.task, event.task.id, own)
      return
    case 'task.resolved':
      noteTask(lane, lane.tasks.get(event.task), undefined, own)
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
      evolveSale(lane, event, own)
  }
}

/**
 * What was under way at a provider when the till stopped is due at once. It is marked so here and not by events of its
 * own: after a long outage there may be more of it than one record can hold.
 */
function startAnew(
  lane: LaneStore,
  { config, at }: Extract<Event, { type: 'lane.started' }>,
  own: Own,
): void {
  lane.config = config
  for (const { plugin, operations } of config.participants)
    for (const kind of operations) lane.troubles.delete(troubleOf(plugin, kind))
  for (const operation of [...lane.operations.values()]) {
    if (operation.plugin === undefined) continue
    const participant = config.participants.find(each => each.plugin === operation.plugin)
    const sent = operation.phase === 'sent'
    const changed = own(operation)
    changed.phase = 'waiting'
    changed.next = participant?.profile.onUnknown ?? 'repeat'
    changed.dueAt = 0
    if (sent) changed.attempt += 1
    changed.uncertain ||= sent
    // Nobody's patience was tried while the till was off.
    if (operation.limitAt !== undefined && at !== undefined)
      changed.limitAt = Math.max(operation.limitAt, at + operation.limitAt - operation.since)
    lane.operations.set(operation.op, changed)
  }
}

/** Notes on an open operation that there is a task about it, so that settling it finds the task among thousands. */
function noteTask(lane: LaneStore, task: Task | undefined, id: TaskId | undefined, own: Own): void {
  const operation = task?.op === undefined ? undefined : lane.operations.get(task.op)
  if (!operation) return
  const changed = own(operation)
  if (id === undefined) delete changed.task
  else changed.task = id
  lane.operations.set(operation.op, changed)
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

function evolveOperation(lane: LaneStore, event: OperationEvent, own: Own): void {
  if (event.type === 'op.opened') {
    const { operation } = event
    lane.operations.set(event.op, { phase: 'sent', via: 'send', attempt: 1, uncertain: false, ...operation })
    const sale = operation.sale === undefined ? undefined : lane.sales.get(operation.sale)
    if (sale) noteOperation(lane, own(sale), event, own)
    return
  }
  const before = lane.operations.get(event.op)
  if (!before) return
  if (event.type === 'op.settled') {
    // Yes or no, it is an answer: the provider is there.
    if (event.outcome !== 'abandoned' && before.plugin !== undefined)
      lane.troubles.delete(troubleOf(before.plugin, before.kind))
    lane.operations.delete(event.op)
    return
  }
  const operation = own(before)
  operation.attempt = event.attempt
  if (event.type === 'op.attempted') {
    operation.phase = 'sent'
    operation.via = event.next === 'query' ? 'query' : 'send'
  } else {
    if (operation.plugin !== undefined)
      noteTrouble(lane, troubleOf(operation.plugin, operation.kind), event.at)
    operation.phase = 'waiting'
    operation.next = event.next
    operation.dueAt = event.at
    operation.uncertain ||= event.uncertain
  }
  lane.operations.set(event.op, operation)
}

function noteTrouble(lane: LaneStore, trouble: string, probeAt: EpochMs): void {
  const failures = (lane.troubles.get(trouble)?.failures ?? 0) + 1
  lane.troubles.set(trouble, { failures, probeAt })
}

/** Notes an operation's id on what it belongs to. */
function noteOperation(
  lane: LaneStore,
  sale: Owned<Sale>,
  { op, operation }: Extract<Event, { type: 'op.opened' }>,
  own: Own,
): void {
  const { kind, claim, tender } = operation
  switch (kind) {
    case 'pay':
    case 'payback':
      if (tender !== undefined)
        sale.legs = own.changed(sale.legs, tender, leg => {
          leg.op = op
        })
      break
    case 'reverse':
      if (tender !== undefined)
        sale.legs = own.changed(sale.legs, tender, leg => {
          leg.reversal = op
        })
      break
    case 'print': {
      const paper = own(sale.paper)
      paper.op = op
      sale.paper = paper
      break
    }
    case 'drawer':
    case 'end-of-day':
      break
    default:
      if (claim !== undefined)
        sale.claims = own.changed(sale.claims, claim, held => {
          const ops = own(held.ops)
          ops[kind] = op
          held.ops = ops
        })
  }
  keep(lane, sale)
}

function evolveSale(lane: LaneStore, event: SaleEvent, own: Own): void {
  const before = lane.sales.get(event.sale)
  if (!before) return
  if (event.type === 'leg.moved') countForDay(lane, before, event)
  const sale = own(before)
  changeSale(sale, event, own)
  keep(lane, sale)
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

function changeSale(sale: Owned<Sale>, event: SaleEvent, own: Own): void {
  switch (event.type) {
    case 'sale.parked':
      sale.state = 'parked'
      sale.totalling = false
      return
    case 'sale.resumed':
      sale.state = 'open'
      return
    case 'sale.totalling':
      sale.totalling = true
      return
    case 'sale.tendering': {
      const { revision, hash, dueMinor: totalMinor = NO_MONEY } = event
      sale.state = 'tendering'
      sale.totalling = false
      sale.frozen = { revision, hash, totalMinor, ready: false }
      return
    }
    case 'sale.ready': {
      const { frozen, revision } = sale
      if (frozen) sale.frozen = { ...frozen, totalMinor: event.totalMinor, revision, ready: true }
      return
    }
    case 'sale.reopened':
      sale.state = 'open'
      sale.totalling = false
      delete sale.frozen
      return
    case 'sale.paid':
      pay(sale, event, own)
      return
    case 'sale.finishing':
      sale.paperBy = event.paperBy
      return
    case 'sale.closed':
      sale.state = 'closed'
      sale.endedAt = event.at
      return
    case 'sale.cancelling':
      sale.state = 'cancelling'
      sale.totalling = false
      sale.prompts = []
      return
    case 'sale.cancelled':
      sale.state = 'cancelled'
      sale.endedAt = event.at
      return
    case 'sale.fiscal':
      sale.fiscal = event.fiscal
      return
    case 'sale.asked':
      sale.askAt = event.nextAt
      return
    default:
      changePart(sale, event, own)
  }
}

/** A sale that the register had cancelled, even a closed one, may be paid again: its paper is due anew. */
function pay(sale: Owned<Sale>, event: Extract<Event, { type: 'sale.paid' }>, own: Own): void {
  sale.state = 'settling'
  sale.totalling = false
  sale.paidAt = event.at
  sale.roundingMinor = event.roundingMinor
  if (event.reference !== undefined) sale.reference = event.reference
  if (sale.paper.state !== 'printing' && sale.paper.state !== 'none') {
    const paper = own(sale.paper)
    paper.state = 'none'
    sale.paper = paper
  }
  // An object that a property is deleted from is slow from then on; mostly they are not there.
  if (sale.paperBy !== undefined) delete sale.paperBy
  if (sale.endedAt !== undefined) delete sale.endedAt
}

type PartEvent = Extract<
  SaleEvent,
  { type: `line.${string}` | `prompt.${string}` | `claim.${string}` | `leg.${string}` | 'paper.moved' }
>

function changePart(sale: Owned<Sale>, event: PartEvent, own: Own): void {
  switch (event.type) {
    case 'line.added':
      sale.revision += 1
      sale.lines = own.added(sale.lines, event.line)
      return
    case 'line.voided':
    case 'line.refused':
      sale.revision += 1
      sale.lines = own.changed(sale.lines, event.line, line => {
        line.state = event.type === 'line.voided' ? 'voided' : 'refused'
        if (event.type === 'line.refused') line.error = event.error
      })
      return
    case 'prompt.opened':
      sale.prompts = own.added(sale.prompts, event.prompt)
      return
    case 'prompt.closed':
      sale.prompts = sale.prompts.filter(prompt => prompt.id !== event.prompt)
      return
    case 'claim.opened':
      sale.claims = own.added(sale.claims, event.claim)
      return
    case 'claim.moved':
      if (event.adjustments !== undefined) sale.revision += 1
      sale.claims = own.changed(sale.claims, event.claim, claim => moveClaim(claim, event))
      return
    case 'leg.opened':
      sale.legs = own.added(sale.legs, event.leg)
      return
    case 'leg.slip':
      sale.legs = own.changed(sale.legs, event.tender, leg => {
        leg.slip = event.instead ? event.lines : [...(leg.slip ?? []), ...event.lines]
      })
      return
    case 'leg.moved':
      sale.legs = own.changed(sale.legs, event.tender, leg => moveLeg(leg, event))
      return
    case 'paper.moved':
      sale.paper = paperAfter(sale.paper, event)
      return
    default:
      unreachable(event, 'changePart')
  }
}

function moveClaim(claim: Owned<Claim>, event: Extract<Event, { type: 'claim.moved' }>): void {
  const { to, subject, facts, expiresAt, lastsMs, adjustments, error } = event
  claim.state = to
  if (subject !== undefined) claim.subject = { ...claim.subject, ...subject }
  if (facts !== undefined) claim.facts = { ...claim.facts, ...facts }
  if (expiresAt !== undefined) claim.expiresAt = expiresAt
  if (lastsMs !== undefined) claim.lastsMs = lastsMs
  if (adjustments !== undefined) claim.adjustments = adjustments
  if (error !== undefined) claim.error = error
  else if (claim.error !== undefined) delete claim.error
}

function moveLeg(leg: Owned<Leg>, event: Extract<Event, { type: 'leg.moved' }>): void {
  const { to, amountMinor, tipMinor, approved, facts, error } = event
  leg.state = to
  if (amountMinor !== undefined) leg.amountMinor = amountMinor
  if (tipMinor !== undefined) leg.tipMinor = tipMinor
  if (approved !== undefined) leg.approved = approved
  if (facts !== undefined) leg.facts = facts
  if (error !== undefined) leg.error = error
}

function paperAfter(paper: Sale['paper'], event: Extract<Event, { type: 'paper.moved' }>): Sale['paper'] {
  const { error: _, ...rest } = paper
  const mayExist = event.to === 'printed' || event.to === 'unknown'
  return {
    ...rest,
    state: event.to,
    printed: paper.printed + (mayExist ? 1 : 0),
    ...(event.error === undefined ? {} : { error: event.error }),
  }
}
