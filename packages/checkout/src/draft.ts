// A decision in the making: events are applied to a draft of the lane as they are emitted, so that every later part
// of the same decision sees what the earlier parts did.
import type {
  Claim,
  Effect,
  EffectClass,
  EpochMs,
  ErrorCode,
  ErrorDetail,
  Event,
  Intent,
  LaneConfig,
  Leg,
  OpenOperation,
  OperationId,
  ParticipantConfig,
  Sale,
  SaleId,
  Stamp,
  Task,
  TaskId,
} from '@cashdesk/kernel'
import { newId, report } from '@cashdesk/kernel'
import { evolve } from './evolve.ts'
import type { DraftLane, Lane } from './lane.ts'
import { draftOf } from './lane.ts'

export class Draft {
  readonly lane: DraftLane
  readonly stamp: Stamp
  readonly events: Event[] = []
  readonly intents: Intent[] = []
  #names = 0

  constructor(lane: Lane, stamp: Stamp) {
    this.lane = draftOf(lane)
    this.stamp = stamp
  }

  get now(): number {
    return this.stamp.at
  }

  get config(): LaneConfig {
    const { config } = this.lane
    if (!config) throw new TypeError('The lane takes no input before lane.started.')
    return config
  }

  emit(event: Event): void {
    this.events.push(event)
    evolve(this.lane, event)
  }

  refuse(code: ErrorCode, detail?: ErrorDetail, sale?: SaleId): void {
    const error = report(code, detail)
    this.emit(sale === undefined ? { type: 'refused', error } : { type: 'refused', sale, error })
  }

  /** A new name, unguessable and in order. */
  name(): string {
    const id = newId(this.stamp, this.#names)
    this.#names += 1
    return id
  }

  sale(id: SaleId): Sale {
    const sale = this.lane.sales.get(id)
    if (!sale) throw new TypeError(`No sale ${id}.`)
    return sale
  }

  claim(sale: SaleId, id: Claim['id']): Claim | undefined {
    return this.sale(sale).claims.find(claim => claim.id === id)
  }

  leg(sale: SaleId, id: Leg['id']): Leg | undefined {
    return this.sale(sale).legs.find(leg => leg.id === id)
  }

  participant(plugin: string): ParticipantConfig | undefined {
    return this.config.participants.find(each => each.plugin === plugin)
  }

  /** Opens an operation and asks for its effect: the id exists before anything is sent. */
  open(
    kind: OpenOperation['kind'],
    belongs: Omit<OpenOperation, 'op' | 'kind' | 'since'> & { readonly since?: EpochMs },
    intent: { readonly class: EffectClass; readonly queue: string; readonly effect: Effect },
  ): OperationId {
    const op = this.name() as OperationId
    this.emit({ type: 'op.opened', op, operation: { op, kind, since: this.now, ...belongs } })
    this.intents.push({ op, ...intent, ...(belongs.sale === undefined ? {} : { sale: belongs.sale }) })
    return op
  }

  /** Nothing more is tried, so nobody has to do anything about it either. */
  settle(op: OperationId, outcome: 'done' | 'refused' | 'abandoned'): void {
    const operation = this.lane.operations.get(op)
    if (!operation) return
    this.emit({ type: 'op.settled', op, outcome })
    if (operation.task !== undefined) this.#close(operation.task, `the operation is ${outcome}`)
  }

  /** One task per kind and subject: a problem that is noticed twice is still one problem. */
  task(task: Omit<Task, 'id' | 'since'>): void {
    // An open operation knows its task; anything else is looked for among all of them.
    const operation = task.op === undefined ? undefined : this.lane.operations.get(task.op)
    if (operation ? operation.task !== undefined : this.#isOpen(task)) return
    this.emit({ type: 'task.opened', task: { id: this.name() as TaskId, since: this.now, ...task } })
  }

  #isOpen(task: Omit<Task, 'id' | 'since'>): boolean {
    for (const open of this.lane.tasks.values()) {
      const same = open.kind === task.kind && open.sale === task.sale
      if (same && open.claim === task.claim && open.tender === task.tender && open.op === task.op) return true
    }
    return false
  }

  /** The machine found out by itself what a person was asked to settle, or there is nothing left to settle. */
  closeTasks(settled: (task: Task) => boolean, reason: string): void {
    for (const task of [...this.lane.tasks.values()]) {
      if (settled(task)) this.#close(task.id, reason)
    }
  }

  #close(task: TaskId, reason: string): void {
    const by = { action: 'settled', operator: 'till', reason, at: this.now } as const
    this.emit({ type: 'task.resolved', task, ...by })
  }
}
