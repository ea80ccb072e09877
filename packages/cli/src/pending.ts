// What a journal says is not over: operations that wait for somebody's answer, with why and until when, and tasks that
// wait for a person. One shape for every command that tells of them.
import type { LaneOperation } from '@cashdesk/checkout'
import { entry } from '@cashdesk/journal'
import type { Claim, EpochMs, ErrorReport, Sale, Task, TaskAction } from '@cashdesk/kernel'
import type { Book } from './reading.ts'
import { actionWords, amountOf, lasting, momentOf, OPERATION_WORDS, taskWords, timeOf, why } from './words.ts'

/** An operation whose outcome is open. */
export interface Pending {
  readonly op: string
  readonly kind: LaneOperation['kind']
  /** The provider’s plugin, or `terminal`, `printer`. */
  readonly at: string
  readonly sale?: string
  /** Serial, code or account that it is about. */
  readonly item?: string
  readonly amountMinor?: number
  readonly currency?: string
  readonly since: EpochMs
  /** `sent`: an attempt is out, or was when the till stopped. `waiting`: the next one leaves at `nextAt`. */
  readonly state: 'sent' | 'waiting'
  /** Attempts that left. */
  readonly attempts: number
  /** What the next attempt does: the same once more under its own id, or ask what became of it. */
  readonly next?: 'repeat' | 'query'
  readonly nextAt?: EpochMs
  /** What the last attempt brought back. Absent while the first one is out. */
  readonly why?: ErrorReport
  readonly whyAt?: EpochMs
  /** The provider is silent: one operation at a time asks whether it is back, the others follow its answer. */
  readonly heldBack?: boolean
  /** The open task about it. */
  readonly task?: string
}

/** A provider that has not answered since it last did. */
export interface SilentProvider {
  readonly plugin: string
  /** `commit`, `release` … */
  readonly operation: string
  /** Attempts in a row that stayed without an answer. */
  readonly failures: number
  /** So many that only one attempt at a time still goes out. */
  readonly down: boolean
  /** When that one goes out. */
  readonly probeAt: EpochMs
}

export interface OpenTask {
  readonly id: string
  readonly kind: Task['kind']
  readonly sale?: string
  readonly plugin?: string
  readonly item?: string
  readonly payment?: string
  readonly amountMinor?: number
  readonly currency?: string
  readonly since: EpochMs
  readonly error: ErrorReport
  readonly actions: readonly TaskAction[]
}

export function silentProviders({ lane }: Book): readonly SilentProvider[] {
  return [...lane.troubles].map(([trouble, { failures, probeAt }]) => {
    // Kept by provider and operation, which may go to servers of their own.
    const [plugin = '', operation = ''] = trouble.split(' ')
    const participant = lane.config?.participants.find(each => each.plugin === plugin)
    return {
      plugin,
      operation,
      failures,
      probeAt,
      down: failures >= (participant?.profile.breaker.failures ?? Infinity),
    }
  })
}

/** In the order in which they were begun. */
export function pendingOf(book: Book): readonly Pending[] {
  const { lane, troubles } = book
  const down = new Set(
    silentProviders(book).flatMap(({ plugin, operation, down: is }) => (is ? `${plugin} ${operation}` : [])),
  )
  const tasks = new Map([...lane.tasks.values()].flatMap(task => (task.op ? [[task.op, task.id]] : [])))
  return [...lane.operations.values()].map(operation => {
    const { op, kind, sale, amountMinor, since, phase, attempt, dueAt } = operation
    const waiting = entry(book.outbox, op)
    const trouble = troubles.get(op)
    const task = tasks.get(op)
    const item = itemOf(claimOf(book, operation))
    const amount = amountMinor ?? legAmount(book, operation)
    return {
      op,
      kind,
      at: placeOf(operation),
      ...(sale === undefined ? {} : { sale }),
      ...(item === undefined ? {} : { item }),
      ...(amount === undefined ? {} : { amountMinor: amount }),
      ...currencyOf(book, sale),
      since,
      state: phase,
      attempts: phase === 'waiting' ? attempt - 1 : attempt,
      ...(phase === 'waiting' && waiting ? { next: waiting.next } : {}),
      ...(phase === 'waiting' && dueAt !== undefined ? { nextAt: dueAt } : {}),
      ...(trouble ? { why: trouble.error, whyAt: trouble.at } : {}),
      ...(phase === 'waiting' && down.has(`${operation.plugin} ${kind}`) ? { heldBack: true } : {}),
      ...(task === undefined ? {} : { task }),
    }
  })
}

export function tasksOf(book: Book): readonly OpenTask[] {
  return [...book.lane.tasks.values()].map(task => {
    const { id, kind, sale, tender, amountMinor, since, error, actions } = task
    const operation = task.op === undefined ? undefined : book.lane.operations.get(task.op)
    const claim = claimOf(book, task) ?? (operation && claimOf(book, operation))
    const item = itemOf(claim)
    const plugin = claim?.plugin ?? operation?.plugin
    return {
      id,
      kind,
      ...(sale === undefined ? {} : { sale }),
      ...(plugin === undefined ? {} : { plugin }),
      ...(item === undefined ? {} : { item }),
      ...(tender === undefined ? {} : { payment: tender }),
      ...(amountMinor === undefined ? {} : { amountMinor }),
      ...currencyOf(book, sale),
      since,
      error,
      actions,
    }
  })
}

/** Serial, code or account of a claim, whatever its plugin calls it. */
export function itemOf(claim: Pick<Claim, 'subject'> | undefined): string | undefined {
  const { serial, code } = claim?.subject ?? {}
  const first = serial ?? code ?? Object.values(claim?.subject ?? {})[0]
  return first === undefined || first === null ? undefined : String(first)
}

export function placeOf({ kind, plugin }: Pick<LaneOperation, 'kind' | 'plugin'>): string {
  return plugin ?? (kind === 'print' || kind === 'drawer' ? 'printer' : 'terminal')
}

function claimOf(book: Book, about: Pick<Task, 'sale' | 'claim'>): Claim | undefined {
  const sale = saleOf(book, about.sale)
  return sale?.claims.find(({ id }) => id === about.claim)
}

function legAmount(book: Book, { sale, tender }: LaneOperation): number | undefined {
  return saleOf(book, sale)?.legs.find(({ id }) => id === tender)?.askedMinor
}

function saleOf({ lane }: Book, id: Sale['id'] | undefined): Sale | undefined {
  return id === undefined ? undefined : lane.sales.get(id)
}

function currencyOf(book: Book, id: Sale['id'] | undefined): { readonly currency?: string } {
  const currency = saleOf(book, id)?.currency ?? book.lane.config?.currency
  return currency === undefined ? {} : { currency }
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

/** What, since when, under which id the provider knows it, why it is open, what comes next. */
export function pendingLines(pending: Pending, now: EpochMs): readonly string[] {
  const { op, kind, at, sale, item, amountMinor, currency, since, attempts, why: trouble, whyAt } = pending
  const about = [
    item,
    amountMinor === undefined ? undefined : amountOf(amountMinor, currency),
    sale === undefined ? undefined : `sale ${sale}`,
  ].filter(part => part !== undefined)
  return [
    `${at}: ${OPERATION_WORDS[kind]}${about.length === 0 ? '' : ` of ${about.join(', ')}`}`,
    `  since ${momentOf(since)} (${lasting(now - since)}), ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}`,
    `  id ${op}`,
    ...(trouble ? [`  ${timeOf(whyAt ?? since)} ${trouble.code}: ${why(trouble)}`] : []),
    `  ${nextLine(pending, now)}`,
  ]
}

function nextLine({ state, next, nextAt, task, attempts, heldBack }: Pending, now: EpochMs): string {
  const person = task === undefined ? '' : `; task ${task} asks a person`
  if (state === 'sent') {
    const until = attempts === 1 ? 'its answer is awaited' : 'the answer to its last attempt is awaited'
    return `${until}; a till that starts goes on with it at once${person}`
  }
  const act = next === 'query' ? 'the till asks what became of it' : 'it is sent again under the same id'
  if (nextAt === undefined) return `nothing is tried by itself${person}`
  if (nextAt > now) return `${act} at ${momentOf(nextAt)} (in ${lasting(nextAt - now)})${person}`
  if (heldBack) return `it follows as soon as the provider answers again${person}`
  // What a start of the till made due has no time of its own.
  const due = nextAt === 0 ? '' : ` (was due at ${momentOf(nextAt)})`
  return `${act} as soon as the till runs${due}${person}`
}

export function silentLine(
  { plugin, operation, failures, down, probeAt }: SilentProvider,
  now: EpochMs,
): string {
  const left = `${plugin}, ${operation}: ${failures === 1 ? '1 attempt' : `${failures} attempts in a row`} without an answer`
  if (!down) return left
  const when =
    probeAt > now ? `at ${momentOf(probeAt)} (in ${lasting(probeAt - now)})` : 'as soon as the till runs'
  return `${left}; the till asks one thing at a time whether it is back, next ${when}`
}

/** The task, why it is there, and how it can be settled. */
export function taskLines(task: OpenTask, now: EpochMs): readonly string[] {
  const { id, kind, sale, plugin, item, payment, amountMinor, currency, since, error, actions } = task
  const about = [
    amountMinor === undefined ? undefined : amountOf(amountMinor, currency),
    item,
    plugin,
    payment === undefined ? undefined : `payment ${payment}`,
    sale === undefined ? undefined : `sale ${sale}`,
  ].filter(part => part !== undefined)
  return [
    `${id}: ${taskWords(kind)}${about.length === 0 ? '' : ` (${about.join(', ')})`}`,
    `  since ${momentOf(since)} (${lasting(now - since)})`,
    `  ${error.code}: ${why(error)} ${error.next}`,
    ...actions.map(action => `  ${action.padEnd(11)} ${actionWords(action)}`),
  ]
}
