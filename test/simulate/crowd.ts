// Many days on all cores: worker processes play slices of the seeds and send home what they counted.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Asked } from './arguments.ts'
import { type DayReport, playDay } from './day.ts'
import type { Violation } from './world.ts'

/** A day that broke a promise. */
export interface Failure {
  readonly seed: number
  readonly violations: readonly Violation[]
}

/** What all days together counted. */
export interface Total {
  seeds: number
  crashes: number
  lives: number
  virtualMs: number
  /** Time of the processors that playing took, ms. */
  cpuMs: number
  readonly accidents: Map<string, number>
  readonly situations: Map<string, number>
  readonly transitions: Map<string, number>
  readonly points: Set<string>
  readonly failures: Failure[]
  /** Stories, where they were asked for. */
  readonly stories: string[]
}

/** What a worker sends home. */
export interface Slice extends Omit<Total, 'accidents' | 'situations' | 'transitions' | 'points'> {
  readonly accidents: readonly (readonly [string, number])[]
  readonly situations: readonly (readonly [string, number])[]
  readonly transitions: readonly (readonly [string, number])[]
  readonly points: readonly string[]
}

/** What a worker is told to play. */
export interface Orders {
  readonly seeds: readonly number[]
  readonly off: readonly string[]
  readonly stopAtFirst: boolean
}

/** Days that a worker plays before it tells of them. */
const SLICE = 10
/** Failures that are told; the rest are counted. */
const MOST_FAILURES = 1_000
const WORKER: string = fileURLToPath(new URL('./worker.js', import.meta.url))

export function emptyTotal(): Total {
  return {
    seeds: 0,
    crashes: 0,
    lives: 0,
    virtualMs: 0,
    cpuMs: 0,
    accidents: new Map(),
    situations: new Map(),
    transitions: new Map(),
    points: new Set(),
    failures: [],
    stories: [],
  }
}

export function addDay(total: Total, report: DayReport): void {
  const { tally } = report
  total.seeds += 1
  total.crashes += tally.crashes
  total.lives += tally.lives
  total.virtualMs += report.tookMs
  for (const [name, count] of tally.accidents) add(total.accidents, name, count)
  for (const [name, count] of tally.situations) add(total.situations, name, count)
  for (const [name, count] of tally.transitions) add(total.transitions, name, count)
  for (const point of tally.points) total.points.add(point)
  if (report.violations.length > 0) fail(total, { seed: report.seed, violations: report.violations })
}

function addSlice(total: Total, slice: Slice): void {
  total.seeds += slice.seeds
  total.crashes += slice.crashes
  total.lives += slice.lives
  total.virtualMs += slice.virtualMs
  total.cpuMs += slice.cpuMs
  for (const [name, count] of slice.accidents) add(total.accidents, name, count)
  for (const [name, count] of slice.situations) add(total.situations, name, count)
  for (const [name, count] of slice.transitions) add(total.transitions, name, count)
  for (const point of slice.points) total.points.add(point)
  for (const failure of slice.failures) fail(total, failure)
}

function fail(total: Total, failure: Failure): void {
  if (total.failures.length < MOST_FAILURES) total.failures.push(failure)
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}

/** Plays all seeds that were asked for. Progress goes to standard error. */
export async function runSeeds(asked: Asked): Promise<Total> {
  const total = emptyTotal()
  if (asked.trace || asked.seeds === 1) await here(asked, total)
  else await byWorkers(asked, total)
  total.failures.sort((a, b) => a.seed - b.seed)
  return total
}

async function here({ from, seeds, off, trace, stopAtFirst }: Asked, total: Total): Promise<void> {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const report = await playDay(seed, { off: new Set(off), traced: trace })
    addDay(total, report)
    if (trace) total.stories.push(report.story.join('\n'))
    if (stopAtFirst && total.failures.length > 0) return
  }
}

function byWorkers(asked: Asked, total: Total): Promise<void> {
  const { from, seeds, jobs, off, stopAtFirst } = asked
  let next = from
  const began = performance.now()
  let toldAt = began
  const orders = (): Orders | undefined => {
    const count = Math.min(SLICE, from + seeds - next)
    if (count <= 0 || (stopAtFirst && total.failures.length > 0)) return undefined
    next += count
    return { seeds: Array.from({ length: count }, (_, index) => next - count + index), off, stopAtFirst }
  }
  const progress = (): void => {
    if (performance.now() - toldAt < 5_000) return
    toldAt = performance.now()
    const rate = total.seeds / ((toldAt - began) / 1000)
    process.stderr.write(
      `${total.seeds} of ${seeds} days, ${rate.toFixed(1)}/s, ${total.failures.length} failed\n`,
    )
  }
  const workers: Set<ChildProcess> = new Set()
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const first = orders()
      if (!first) return resolve()
      const worker: ChildProcess = fork(WORKER, { serialization: 'advanced' })
      workers.add(worker)
      worker.on('error', reject)
      worker.on('exit', (code, signal) => {
        workers.delete(worker)
        if (code === 0 || (signal !== null && total.failures.length > 0)) resolve()
        else reject(new Error(`a worker ended with ${code ?? signal}`))
      })
      worker.on('message', (slice: Slice) => {
        addSlice(total, slice)
        for (const { seed, violations } of slice.failures)
          process.stderr.write(`seed ${seed}: ${violations[0]?.invariant}: ${violations[0]?.message}\n`)
        progress()
        const more = orders()
        if (more) worker.send(more)
        else worker.disconnect()
        // The others need not play their slices to the end.
        if (stopAtFirst && total.failures.length > 0) for (const other of workers) other.kill()
      })
      worker.send(first)
    })
  const count = Math.min(jobs, Math.ceil(seeds / SLICE))
  return Promise.all(Array.from({ length: count }, work)).then(() => undefined)
}
