// `cashdesk journal resolve DIR TASK`: a person's decision about an open task, written into the journal of a till that
// is closed. The checkout decides what follows from it, as it does in an open till; whatever has to be sent is left in
// the outbox for the next start or for `drain`.
import { randomBytes } from 'node:crypto'
import { DECIDE_VERSION, decide } from '@cashdesk/checkout'
import { openJournal } from '@cashdesk/journal'
import { CashdeskError, type Intent, type Step, type Task, taskIdOf } from '@cashdesk/kernel'
import { openTill } from '@cashdesk/sdk'
import { heldBy } from './held.ts'
import { httpLeftAlone, printerLeftAlone, terminalLeftAlone } from './left-alone.ts'
import { taskSection } from './overview.ts'
import { tasksOf } from './pending.ts'
import { type Book, emptyBook, foldBook, journalAt, readBook } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { Storyteller } from './story.ts'
import { configOf } from './till-config.ts'
import { actionWords, taskWords } from './words.ts'

export interface ResolveOptions {
  readonly json?: boolean
  /** Shows the open tasks and what can be done about each; changes nothing. */
  readonly list?: boolean
  readonly action?: string
  readonly operator?: string
  readonly reason?: string
  /** The till's configuration: only where a new call must be described by a plugin. */
  readonly config?: string
}

/** The answer of `cashdesk journal resolve --json`. */
interface Resolution {
  readonly dir: string
  readonly task: string
  readonly kind: Task['kind']
  readonly sale?: string
  readonly action: Task['actions'][number]
  readonly operator: string
  readonly reason: string
  /** What the decision changed, in sentences. */
  readonly changed: readonly string[]
  /** Operations that the next start of the till, or `drain`, sends. */
  readonly left: readonly string[]
  readonly openTasks: number
}

interface Decided {
  readonly task: string
  readonly action: Task['actions'][number]
  readonly operator: string
  readonly reason: string
}

/** @throws CashdeskError `cli.usage`, `task.unknown`, `task.action`, `task.needs-config`, `journal.in-use` … */
export async function resolveTask(
  io: Io,
  dir: string,
  task: string | undefined,
  options: ResolveOptions,
): Promise<ExitCode> {
  if (options.list) return listTasks(io, dir, options)
  const { action, operator, reason } = options
  const missing = Object.entries({
    TASK: task,
    '--action': action,
    '--operator': operator,
    '--reason': reason,
  })
  const names = missing
    .filter(([, value]) => value === undefined || value.trim() === '')
    .map(([name]) => name)
  if (
    names.length > 0 ||
    task === undefined ||
    action === undefined ||
    operator === undefined ||
    reason === undefined
  )
    throw new CashdeskError('cli.usage', {
      reason: `${names.join(', ')} missing; --list shows the open tasks`,
    })
  // A mistyped task leaves no trace: opening the journal would.
  const seen = await readBook(dir)
  if (seen.damage) throw new CashdeskError(seen.damage.code, seen.damage.detail)
  checked(seen, { task, action, operator, reason })
  const before = await heldBy(dir, () => written(dir, { task, action, operator, reason }))
  const resolution =
    'resolution' in before
      ? before.resolution
      : await heldBy(dir, () => withConfig(dir, before.needs, options.config))
  if (options.json) sayJson(io, resolution)
  else for (const line of lines(resolution)) sayLine(io, line)
  return EXIT.ok
}

async function listTasks(io: Io, dir: string, { json }: ResolveOptions): Promise<ExitCode> {
  const book = await readBook(dir)
  const tasks = tasksOf(book)
  if (json) sayJson(io, { dir, tasks, ...(book.damage ? { damage: book.damage } : {}) })
  else for (const line of taskSection(tasks, Date.now())) sayLine(io, line)
  return book.damage ? EXIT.wrong : EXIT.ok
}

type Attempt = { readonly resolution: Resolution } | { readonly needs: Decided }

interface Given extends Omit<Decided, 'action'> {
  readonly action: string
}

/** Decides and appends one step, unless it holds a call that only a plugin can describe. */
async function written(dir: string, given: Given): Promise<Attempt> {
  const { disk, folder } = journalAt(dir)
  const book = emptyBook(dir)
  const onStep = (step: Step, record: number): void => foldBook(book, step, record)
  const { journal } = await openJournal({ disk, folder, onStep })
  try {
    if (journal.state === 'restored') throw new CashdeskError('journal.restored', { dir })
    const { task, decided } = checked(book, given)
    const { operator, reason, action } = decided
    const input = { type: 'task.resolve', task: task.id, action, operator, reason } as const
    // A clock that was set back must not put the decision before what it is about.
    const at = Math.max(Date.now(), book.lastAt ?? 0)
    const { events, intents } = decide(book.lane, input, { at, nonce: randomBytes(16).toString('hex') })
    const refusal = events.find(event => event.type === 'refused')
    if (refusal) throw new CashdeskError(refusal.error.code, refusal.error.detail)
    if (intents.some(isUndescribed)) return { needs: decided }
    const step: Step = { decideVersion: DECIDE_VERSION, at, input, events, intents }
    await journal.append(step)
    return { resolution: resolutionOf(book, task, decided, step) }
  } finally {
    await journal.close()
  }
}

/** @throws CashdeskError `task.unknown`, `task.action` */
function checked(
  { lane }: Book,
  { action: given, ...rest }: Given,
): { readonly task: Task; readonly decided: Decided } {
  const task = lane.tasks.get(taskIdOf(rest.task))
  if (!task) throw new CashdeskError('task.unknown', { task: rest.task })
  const action = task.actions.find(each => each === given)
  if (!action) throw new CashdeskError('task.action', { actions: task.actions })
  return { task, decided: { ...rest, action } }
}

/** Its content is made by a plugin, or from what a plugin says. */
function isUndescribed({ effect }: Intent): boolean {
  return (effect.type === 'provider' && !effect.call) || (effect.type === 'print' && !effect.document)
}

/** The plugins of the configuration describe the call. The till is opened on devices and a network that are left alone. */
async function withConfig(dir: string, decided: Decided, config: string | undefined): Promise<Resolution> {
  if (config === undefined) throw new CashdeskError('task.needs-config', { task: decided.task })
  const book = await readBook(dir)
  const options = await configOf(book, config)
  const { task } = checked(book, decided)
  const { scanner: _, terminal, printer, ...rest } = options
  const till = await openTill({
    ...rest,
    dir,
    ...(terminal ? { terminal: terminalLeftAlone } : {}),
    ...(printer ? { printer: printerLeftAlone } : {}),
    ports: { ...options.ports, http: httpLeftAlone },
  })
  try {
    await till.resolve(decided)
  } finally {
    await till.close()
  }
  let step: Step | undefined
  await readBook(dir, each => {
    if (each.input.type === 'task.resolve' && each.input.task === task.id) step = each
  })
  const after = step ?? {
    decideVersion: DECIDE_VERSION,
    at: 0,
    input: { type: 'clock' },
    events: [],
    intents: [],
  }
  return resolutionOf(book, task, decided, after)
}

function resolutionOf(book: Book, task: Task, decided: Decided, step: Step): Resolution {
  // Told from the names that the journal gave things; the folded step then says what is open.
  const teller = new Storyteller()
  for (const sale of book.lane.sales.values()) if (sale.id === task.sale) teller.meet(sale)
  for (const operation of book.lane.operations.values()) teller.meetOperation(operation)
  const chapter = teller.tell(step, book.records + 1)
  foldBook(book, step, book.records + 1)
  const sentences = chapter?.sentences ?? []
  return {
    dir: book.dir,

    kind: task.kind,
    ...(task.sale === undefined ? {} : { sale: task.sale }),
    ...decided,
    task: task.id,
    changed: sentences.filter(({ kind }) => kind !== 'out').map(({ text }) => text),
    left: sentences.filter(({ kind }) => kind === 'out').map(({ text }) => text),
    openTasks: book.lane.tasks.size,
  }
}

function lines({ task, kind, sale, changed, left, action, openTasks }: Resolution): readonly string[] {
  return [
    `Task ${task} is settled: ${taskWords(kind)}${sale === undefined ? '' : ` (sale ${sale})`}, ${actionWords(action)}.`,
    ...changed.map(text => `  ${text}`),
    ...(left.length === 0
      ? []
      : [
          'It leaves with the next start of the till, or with `cashdesk journal drain`:',
          ...left.map(text => `  → ${text}`),
        ]),
    openTasks === 0 ? 'No task is open any more.' : `Still open: ${openTasks}; --list shows them.`,
  ]
}
