// `cashdesk journal drain DIR --config FILE`: opens the till without a register, so that what waits in its queue goes
// out, and closes it again when nothing is left or the time is up.
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { CashdeskError, type OpenOperation, type OperationId } from '@cashdesk/kernel'
import { openTill, type Till, type TillOptions } from '@cashdesk/sdk'
import { heldBy } from './held.ts'
import { printerLeftAlone, terminalLeftAlone } from './left-alone.ts'
import { taskSection } from './overview.ts'
import { type OpenTask, type Pending, pendingLines, pendingOf, placeOf, tasksOf } from './pending.ts'
import { type Reading, readBook } from './reading.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { wholeGiven } from './show.ts'
import { configOf } from './till-config.ts'
import { counted, lasting, OPERATION_WORDS } from './words.ts'

export interface DrainOptions {
  readonly json?: boolean
  readonly config: string
  /** Seconds. */
  readonly timeout?: string
}

/** Something that was open, or was begun meanwhile, and what became of it. */
interface Drained {
  readonly op: string
  readonly kind: Pending['kind']
  readonly at: string
  readonly sale?: string
  readonly outcome: 'done' | 'refused' | 'abandoned'
}

/** The answer of `cashdesk journal drain --json`. */
interface DrainReport {
  readonly dir: string
  /** Nothing is left that a machine could do. */
  readonly empty: boolean
  readonly tookMs: number
  readonly settled: readonly Drained[]
  readonly left: readonly Pending[]
  readonly tasks: readonly OpenTask[]
}

const DEFAULT_SECONDS = 60
const MOST_SECONDS = 7 * 86_400
/** Progress is told at most so often, whatever the length of the queue. */
const TELL_MS = 1_000
/** More results are only counted for people; `--json` has all of them. */
const MOST_LINES = 50

/** @throws CashdeskError `cli.usage`, `config.*`, `plugin.missing`, `journal.*`, `disk.*` */
export async function drainJournal(io: ProgramIo, dir: string, options: DrainOptions): Promise<ExitCode> {
  const seconds = wholeGiven('--timeout', options.timeout, MOST_SECONDS) ?? DEFAULT_SECONDS
  const before = await readBook(dir)
  if (before.damage) throw new CashdeskError(before.damage.code, before.damage.detail)
  const till = await configOf(before, options.config)
  const started = Date.now()
  const needed = withNeededDevices(io, before, till)
  await heldBy(dir, () => drained(io, before, needed, seconds * 1_000))
  const { after, settled } = await outcome(dir, before.records)
  const left = pendingOf(after)
  const report: DrainReport = {
    dir,
    empty: left.length === 0,
    tookMs: Date.now() - started,
    settled,
    left,
    tasks: tasksOf(after),
  }
  if (options.json) sayJson(io, report)
  else for (const line of lines(report)) sayLine(io, line)
  return report.empty ? EXIT.ok : EXIT.wrong
}

/** Devices are opened only for what is open at them: the till may be away from its counter. */
function withNeededDevices(io: Io, { lane }: Reading, options: TillOptions): TillOptions {
  const { scanner: _, terminal, printer, ...rest } = options
  const kinds = new Set([...lane.operations.values()].map(({ kind }) => kind))
  const atTerminal = (['pay', 'payback', 'reverse', 'end-of-day'] as const).some(kind => kinds.has(kind))
  const atPrinter = kinds.has('print') || [...lane.live.values()].some(({ state }) => state === 'settling')
  if (terminal && atTerminal) io.stderr.write('Something is open at the terminal: the terminal is used.\n')
  if (printer && atPrinter) io.stderr.write('A receipt is still to come: the printer is used.\n')
  return {
    ...rest,
    ...(terminal ? { terminal: atTerminal ? terminal : terminalLeftAlone } : {}),
    ...(printer ? { printer: atPrinter ? printer : printerLeftAlone } : {}),
  }
}

/** Ends when nothing is left, after `timeoutMs`, or when it is told to. */
async function drained(
  io: ProgramIo,
  before: Reading,
  options: TillOptions,
  timeoutMs: number,
): Promise<void> {
  const till = await openTill({ ...options, dir: before.dir })
  const end = new AbortController()
  const told = (): void => end.abort()
  io.on('SIGINT', told)
  io.on('SIGTERM', told)
  try {
    if (till.state === 'restored') throw new CashdeskError('journal.restored', { dir: before.dir })
    const watching = watch(io, till, before, end.signal)
    const ended = new Promise<void>(resolve =>
      end.signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    await Promise.race([till.idle({ timeoutMs }), ended])
    end.abort()
    await watching
  } finally {
    io.off('SIGINT', told)
    io.off('SIGTERM', told)
    await till.close()
  }
}

/** Tells how far it is. */
async function watch(io: Io, till: Till, { lane, records }: Reading, signal: AbortSignal): Promise<void> {
  const open = new Set(lane.operations.keys())
  if (open.size > 0) io.stderr.write(`${counted(open.size, 'operation')} to bring to an end.\n`)
  let last = records
  let toldAt = Date.now()
  while (!signal.aborted && till.state === 'open') {
    for await (const { record, events } of till.events({ after: last, signal })) {
      last = record
      for (const event of events) {
        if (event.type === 'op.opened') open.add(event.op)
        else if (event.type === 'op.settled') open.delete(event.op)
      }
      if (Date.now() - toldAt < TELL_MS) continue
      toldAt = Date.now()
      io.stderr.write(`${open.size} left.\n`)
    }
  }
}

/** What was settled since `records`, and how things stand: from the journal, which nothing escapes. */
async function outcome(
  dir: string,
  records: number,
): Promise<{ readonly after: Reading; readonly settled: readonly Drained[] }> {
  const settled: Drained[] = []
  const open = new Map<OperationId, OpenOperation>()
  const after = await readBook(dir, ({ events }, record, { lane }) => {
    if (record <= records) return
    for (const event of events) {
      if (event.type === 'op.opened') open.set(event.op, event.operation)
      const operation =
        event.type === 'op.settled' ? (lane.operations.get(event.op) ?? open.get(event.op)) : undefined
      if (event.type !== 'op.settled' || !operation) continue
      const { op, kind, sale } = operation
      const at = placeOf(operation)
      settled.push({ op, kind, at, outcome: event.outcome, ...(sale === undefined ? {} : { sale }) })
      open.delete(op)
    }
  })
  return { after, settled }
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

const OUTCOMES = { done: 'done', refused: 'refused', abandoned: 'given up' } as const

function lines({ empty, tookMs, settled, left, tasks }: DrainReport): readonly string[] {
  const now = Date.now()
  const verdict = empty ? 'The queue is empty' : `${counted(left.length, 'operation')} left`
  return [
    ...(settled.length <= MOST_LINES ? settled.map(line) : summary(settled)),
    `${verdict}, after ${lasting(tookMs)}: ${settled.length} settled.`,
    ...left.slice(0, MOST_LINES).flatMap(each => pendingLines(each, now).map(text => `  ${text}`)),
    ...(tasks.length > 0 ? ['', ...taskSection(tasks, now)] : []),
  ]
}

function line({ at, kind, sale, outcome }: Drained): string {
  return `${at}: ${OPERATION_WORDS[kind]}${sale === undefined ? '' : ` of sale ${sale}`}: ${OUTCOMES[outcome]}`
}

function summary(settled: readonly Drained[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { at, kind, outcome } of settled) {
    const name = `${at}: ${OPERATION_WORDS[kind]} ${OUTCOMES[outcome]}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${name}: ${count}`)
}
