// The outbox: what still has to be brought to its end in the world. It is a fold over the journal's steps and has no
// store of its own, so it can never disagree with the journal. Ten thousand open entries cost memory, not time: the
// fold changes the outbox in place.
import type { EpochMs, Intent, LaneConfig, OpEvent, OperationId, Step } from '@cashdesk/kernel'

export interface OutboxEntry {
  readonly op: OperationId
  readonly intent: Intent
  /** When the intent became durable, on the till's clock. */
  readonly since: EpochMs
  /** `sent`: an attempt leaves, or left and was not answered. `waiting`: the next one follows at `dueAt`. */
  readonly state: 'sent' | 'waiting'
  /** Attempts so far, from 1. */
  readonly attempt: number
  /** What the attempt that left, or the one that follows, does. */
  readonly next: 'repeat' | 'query'
  /** Whether an earlier attempt may have reached the world. */
  readonly uncertain: boolean
  /** Only while `waiting`. */
  readonly dueAt?: EpochMs
}

/** Operations of one queue in the order of their intents; settled ones are skipped over. */
export interface Queue {
  ops: OperationId[]
  head: number
}

/**
 * Changed by `foldOutbox` and `dropAfterRestart` alone. Not bounded here: an entry exists only by a step that the
 * checkout decided, and the checkout bounds what may be deferred.
 */
export class Outbox {
  readonly entries: Map<OperationId, OutboxEntry> = new Map()
  readonly queues: Map<string, Queue> = new Map()
}

export function emptyOutbox(): Outbox {
  return new Outbox()
}

/** Takes one step into account and returns the same outbox. An event about an operation that is not open changes nothing. */
export function foldOutbox(outbox: Outbox, step: Pick<Step, 'at' | 'events' | 'intents'>): Outbox {
  // First of all: what the till opens as it starts was not under way before, and leaves at once.
  for (const event of step.events) if (event.type === 'lane.started') startAnew(outbox, event.config)
  for (const intent of step.intents) open(outbox, intent, step.at)
  for (const event of step.events) {
    if (event.type === 'op.scheduled' || event.type === 'op.attempted' || event.type === 'op.settled')
      move(outbox, event)
  }
  return outbox
}

/** Everything that is open, in the order of the intents. */
export function openEntries(outbox: Outbox): readonly OutboxEntry[] {
  return [...outbox.entries.values()]
}

export function entry(outbox: Outbox, op: OperationId): OutboxEntry | undefined {
  return outbox.entries.get(op)
}

/** The entry that is first in its queue: the only one of it that may leave. */
export function headOf(outbox: Outbox, queue: string): OutboxEntry | undefined {
  const line = outbox.queues.get(queue)
  if (line === undefined) return undefined
  for (; line.head < line.ops.length; line.head += 1) {
    const first = line.ops[line.head]
    const found = first === undefined ? undefined : outbox.entries.get(first)
    if (found !== undefined) return found
  }
  outbox.queues.delete(queue)
  return undefined
}

/**
 * The heads of all queues. With `now`, without those that are not due yet. A head that is `sent` is on its way, or was
 * when the till stopped: the caller knows which. Costs a look at every queue; after one operation ask `headOf`.
 */
export function runnable(outbox: Outbox, now?: EpochMs): readonly OutboxEntry[] {
  const heads: OutboxEntry[] = []
  for (const queue of outbox.queues.keys()) {
    const head = headOf(outbox, queue)
    if (head === undefined) continue
    if (now === undefined || head.dueAt === undefined || head.dueAt <= now) heads.push(head)
  }
  return heads
}

/**
 * To be called once, after the steps of an earlier run were folded: forgets what must never be repeated (a drawer's
 * kick, a beep) and returns it, so that the till can say what it left undone.
 */
export function dropAfterRestart(outbox: Outbox): readonly OutboxEntry[] {
  const dropped = openEntries(outbox).filter(({ intent }) => intent.class === 'drop')
  for (const { op } of dropped) outbox.entries.delete(op)
  return dropped
}

function open(outbox: Outbox, intent: Intent, since: EpochMs): void {
  // The id is the operation's for ever: the same one again is the same operation.
  if (outbox.entries.has(intent.op)) return
  const { op, queue } = intent
  outbox.entries.set(op, {
    op,
    intent,
    since,
    state: 'sent',
    attempt: 1,
    next: 'repeat',
    uncertain: false,
  })
  const line = outbox.queues.get(queue) ?? { ops: [], head: 0 }
  if (line.head > 1024 && line.head * 2 > line.ops.length) {
    line.ops = line.ops.slice(line.head)
    line.head = 0
  }
  line.ops.push(op)
  outbox.queues.set(queue, line)
}

/**
 * What left before the till stopped, and was not answered, waits now: it leaves again with the attempt that says so.
 * Thousands of them need no event of their own, which would make a record longer than the journal takes.
 */
function startAnew(outbox: Outbox, { participants }: LaneConfig): void {
  for (const [op, before] of outbox.entries) {
    const { effect } = before.intent
    if (effect.type !== 'provider') continue
    const participant = participants.find(({ plugin }) => plugin === effect.plugin)
    const sent = before.state === 'sent'
    const { intent, since } = before
    outbox.entries.set(op, {
      op,
      intent,
      since,
      state: 'waiting',
      attempt: before.attempt + (sent ? 1 : 0),
      next: participant?.profile.onUnknown ?? 'repeat',
      uncertain: before.uncertain || sent,
      dueAt: 0,
    })
  }
}

function move(outbox: Outbox, event: OpEvent): void {
  const before = outbox.entries.get(event.op)
  if (before === undefined) return
  const { op, intent, since } = before
  switch (event.type) {
    case 'op.scheduled': {
      const { next, attempt, uncertain, at: dueAt } = event
      outbox.entries.set(op, { op, intent, since, state: 'waiting', attempt, next, uncertain, dueAt })
      return
    }
    case 'op.attempted': {
      const { next, attempt } = event
      const uncertain = before.uncertain
      outbox.entries.set(op, { op, intent, since, state: 'sent', attempt, next, uncertain })
      return
    }
    case 'op.settled':
      outbox.entries.delete(op)
  }
}
