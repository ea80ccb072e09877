// A till for tests: decides, folds, keeps its operations in queues as the outbox does, and is restarted from its
// events alone. Every decision is checked to leave the lane as it was.
import type {
  Answer,
  EpochMs,
  Event,
  Input,
  Intent,
  LaneConfig,
  OperationId,
  Sale,
  SaleId,
  Task,
} from '@cashdesk/kernel'
import { report, type Stamp, saleId } from '@cashdesk/kernel'
import { type Decision, decide, emptyLane, evolve, evolveInPlace, type Lane, nextDue } from '../src/index.ts'

/** An operation that is open, as the outbox sees it. */
export interface Entry {
  readonly op: OperationId
  readonly intent: Intent
  readonly state: 'sent' | 'waiting'
  readonly next: 'repeat' | 'query'
  readonly attempt: number
}

/** Clock inputs in a row without any effect: more is a till that spins. */
const MAX_SPINS = 200

export class Till {
  lane: Lane = emptyLane()
  now: EpochMs = 1_800_000_000_000
  readonly config: LaneConfig
  readonly events: Event[] = []
  readonly outbox: Map<OperationId, Entry> = new Map()
  /** Decide everything twice on a frozen lane, and compare. */
  careful = false
  /** Called with every decision after it was folded. */
  watch: (input: Input, decision: Decision) => void = () => {}
  #inputs = 0

  constructor(config: LaneConfig) {
    this.config = config
    this.do({ type: 'lane.started', config })
  }

  /** Decides one input and folds what happened. */
  do(input: Input): readonly Event[] {
    this.#inputs += 1
    const stamp = { at: this.now, nonce: this.#inputs.toString(16).padStart(32, '0') }
    const decision = this.careful ? purely(this.lane, input, stamp) : decide(this.lane, input, stamp)
    for (const event of decision.events) this.#fold(event)
    for (const intent of decision.intents) this.#open(intent)
    for (const event of decision.events) this.#move(event)
    this.watch(input, decision)
    return decision.events
  }

  #fold(event: Event): void {
    this.events.push(event)
    evolve(this.lane, event)
  }

  #open(intent: Intent): void {
    if (this.outbox.has(intent.op)) throw new TypeError(`${intent.op} was opened twice`)
    this.outbox.set(intent.op, { op: intent.op, intent, state: 'sent', next: 'repeat', attempt: 1 })
  }

  #move(event: Event): void {
    if (event.type !== 'op.scheduled' && event.type !== 'op.attempted' && event.type !== 'op.settled') return
    const entry = this.outbox.get(event.op)
    if (!entry) throw new TypeError(`${event.type} of an operation that is not open`)
    if (event.type === 'op.settled') this.outbox.delete(event.op)
    else {
      const state = event.type === 'op.scheduled' ? 'waiting' : 'sent'
      this.outbox.set(event.op, { ...entry, state, next: event.next, attempt: event.attempt })
    }
  }

  /** What may be under way in the world: the first of each queue, unless it waits. */
  heads(): readonly Entry[] {
    const seen = new Set<string>()
    return [...this.outbox.values()].filter(({ intent, state }) => {
      const first = !seen.has(intent.queue)
      seen.add(intent.queue)
      return first && state === 'sent'
    })
  }

  /** The power is cut and comes back: a new lane from the events, then `lane.started`. */
  restart(config: LaneConfig = this.config): readonly Event[] {
    this.lane = this.refold()
    for (const { op, intent } of [...this.outbox.values()])
      if (intent.class === 'drop') this.outbox.delete(op)
    const before = this.#inputs
    const dropped = (event: Event): boolean => event.type === 'op.settled' && !this.outbox.has(event.op)
    this.#inputs += 1
    const stamp = { at: this.now, nonce: (before + 1).toString(16).padStart(32, '0') }
    const input: Input = { type: 'lane.started', config }
    const decision = decide(this.lane, input, stamp)
    for (const event of decision.events) this.#fold(event)
    for (const intent of decision.intents) this.#open(intent)
    for (const event of decision.events) if (!dropped(event)) this.#move(event)
    this.watch(input, decision)
    return decision.events
  }

  /** As a start folds what it reads: plain JSON, in place. */
  refold(): Lane {
    const lane = emptyLane()
    for (const event of this.events) evolveInPlace(lane, JSON.parse(JSON.stringify(event)))
    return lane
  }

  /** Time passes, with a clock input whenever one is due. */
  pass(ms: number): void {
    const until = this.now + ms
    let spins = 0
    for (let due = nextDue(this.lane); due !== undefined && due <= until; due = nextDue(this.lane)) {
      spins = due <= this.now ? spins + 1 : 0
      if (spins > MAX_SPINS) throw new TypeError('the clock spins: something stays due for ever')
      this.now = Math.max(this.now, due)
      this.do({ type: 'clock' })
    }
    this.now = until
  }

  sale(id: SaleId | string = 'S1'): Sale {
    const sale = this.lane.sales.get(saleId(id))
    if (!sale) throw new TypeError(`no sale ${id}`)
    return sale
  }

  tasks(): readonly Task[] {
    return [...this.lane.tasks.values()]
  }

  /** Kinds of the operations that are open, in order: `pay`, `reserve`, `print` … */
  open(): readonly string[] {
    return [...this.lane.operations.values()].map(({ kind }) => kind)
  }

  op(kind: string): OperationId {
    const found = [...this.lane.operations.values()].findLast(operation => operation.kind === kind)
    if (!found) throw new TypeError(`no ${kind} is open, only: ${this.open().join(', ') || 'nothing'}`)
    return found.op
  }

  intent(kind: string): Intent {
    const entry = this.outbox.get(this.op(kind))
    if (!entry) throw new TypeError(`no intent of ${kind}`)
    return entry.intent
  }

  /** Answers the last opened operation of a kind the way it was last asked. */
  answer(kind: string, answer: Answer): readonly Event[] {
    const op = this.op(kind)
    const via = this.outbox.get(op)?.next === 'query' ? 'query' : 'send'
    return this.do({ type: 'answer', op, via, answer })
  }

  /** Answers everything that is open with success, until nothing is under way. */
  allWell(): void {
    for (let rounds = 0; rounds < 1000; rounds += 1) {
      const [head] = this.heads()
      if (!head) return
      const via = head.next === 'query' ? 'query' : 'send'
      this.do({ type: 'answer', op: head.op, via, answer: well(head.intent) })
    }
    throw new TypeError('the till never comes to rest')
  }
}

/** The same lane, input and stamp make the same decision, and the lane is not touched. */
function purely(lane: Lane, input: Input, stamp: Stamp): Decision {
  deepFreeze(input)
  const parts = (): unknown[] =>
    [lane.config, lane.front, lane.day, ...lane.sales, ...lane.operations, ...lane.tasks].flat()
  const before = parts()
  before.forEach(deepFreeze)
  const decision = decide(lane, input, stamp)
  const after = parts()
  if (after.length !== before.length || after.some((part, at) => part !== before[at]))
    throw new TypeError(`${input.type} changed the lane`)
  if (JSON.stringify(decide(lane, input, stamp)) !== JSON.stringify(decision))
    throw new TypeError(`${input.type} is decided differently the second time`)
  return decision
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(deepFreeze)
}

/** What the world answers when all is well. */
function well({ effect }: Intent): Answer {
  switch (effect.type) {
    case 'provider':
      return granted(effect.operation === 'reserve' ? { expiresInMs: 900_000 } : {})
    case 'terminal':
      return booked(effect.amountMinor, effect.currency)
    case 'end-of-day':
      return {
        outcome: 'done',
        of: 'totals',
        data: { totalMinor: 0, currency: 'EUR', counts: {}, facts: {} },
      }
    default:
      return printed()
  }
}

export function granted(data: Extract<Answer, { of: 'provider' }>['data'] = {}): Answer {
  return { outcome: 'done', of: 'provider', data }
}

export function booked(amountMinor: number, currency = 'EUR', tipMinor?: number): Answer {
  const data = { amountMinor, currency, ...(tipMinor === undefined ? {} : { tipMinor }) }
  return { outcome: 'done', of: 'terminal', data }
}

export function printed(): Answer {
  return {
    outcome: 'done',
    of: 'printer',
    data: { online: true, cover: 'closed', paper: 'ok', drawer: 'closed' },
  }
}

export function refusal(code: Parameters<typeof report>[0] = 'claim.refused'): Answer {
  return { outcome: 'refused', error: report(code) }
}

/** No answer; by default the request may have arrived. */
export function lost(code: Parameters<typeof report>[0] = 'provider.no-answer'): Answer {
  return { outcome: 'unknown', error: report(code) }
}

/** The code with which an input was refused, if it was. */
export function refusedWith(events: readonly Event[]): string | undefined {
  for (const event of events) {
    if (event.type === 'refused' || event.type === 'approval.rejected') return event.error.code
  }
  return undefined
}
