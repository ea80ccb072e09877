// What a run came to, as one JSON document and in words.
import type { Extent, Planned, Sweep } from './plan.ts'
import type { StartsReport } from './starts.ts'
import type { TrialResult } from './trial.ts'

/** A broken promise, and how to see it break again. */
export interface Failure {
  /** I1 to I8 of the checkout, `one-winner` of two that start at once, or `resume`. */
  readonly invariant: string
  readonly message: string
  readonly scenario?: string
  /** How many kills it took. */
  readonly kill: number
  readonly seed: number
  /** Plays the same deaths again. */
  readonly reproduce: string
  /** Folder with the witnesses and the till's files. */
  readonly evidence?: string
}

export interface Report {
  readonly seed: number
  readonly kills: number
  readonly killsPerMinute: number
  readonly seconds: number
  readonly trials: number
  /** Lives that began on what a killed one left. */
  readonly recoveries: number
  readonly scenarios: {
    readonly [name: string]: { readonly trials: number; readonly kills: number; readonly boundaries: number }
  }
  /** Kills by what the journal was about to do, or had just done; `clock` is any time. */
  readonly boundaries: { readonly [kind: string]: number }
  /** Distinct (scenario × boundary) points. */
  readonly points: {
    readonly [sweep in Sweep]: { readonly existing: number; readonly covered: number }
  }
  readonly inARow: { readonly kills: number; readonly activations: 'once' | 'not once' | 'not played' }
  readonly resumedMs: Times
  /** From the start of a Node process instead of from openTill. */
  readonly coldMs: Times
  readonly doubleStarts: Omit<StartsReport, 'reopenedMs' | 'wrong'> & { readonly reopenedMs: Times }
  readonly violations: readonly Failure[]
}

interface Times {
  readonly count: number
  readonly median: number
  readonly max: number
}

/** Collects while trials come in. */
export class Tally {
  readonly #seed: number
  readonly #started = performance.now()
  readonly #scenarios = new Map<string, { trials: number; kills: number; boundaries: number }>()
  readonly #kinds = new Map<string, number>()
  readonly #covered = new Set<string>()
  readonly #existing = new Map<Sweep, number>()
  readonly #resumedMs: number[] = []
  readonly #coldMs: number[] = []
  readonly #failures: Failure[] = []
  #trials = 0
  #kills = 0
  #recoveries = 0
  #row: Report['inARow'] = { kills: 0, activations: 'not played' }
  #starts: StartsReport = {
    rounds: 0,
    racers: 0,
    oneWinner: 0,
    kills: 0,
    reopenedMs: [],
    recycledPids: 0,
    wrong: [],
  }

  constructor(seed: number) {
    this.#seed = seed
  }

  get kills(): number {
    return this.#kills + this.#starts.kills
  }

  get failures(): readonly Failure[] {
    return this.#failures
  }

  extent({ scenario, sweep, boundaries }: Extent): void {
    this.#existing.set(sweep, (this.#existing.get(sweep) ?? 0) + boundaries)
    if (sweep === 'sale') this.#of(scenario).boundaries = boundaries
  }

  trial({ point }: Planned, result: TrialResult): void {
    const { plan, deaths, violations, evidence, resumedMs, coldMs } = result
    const scenario = this.#of(plan.scenario)
    this.#trials += 1
    scenario.trials += 1
    scenario.kills += deaths.length
    this.#kills += deaths.length
    this.#recoveries += deaths.length
    for (const { kind } of deaths) this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    this.#resumedMs.push(...resumedMs)
    this.#coldMs.push(...coldMs)
    const reached = deaths.length >= plan.deaths.length
    if (point && reached) this.#covered.add(`${point.sweep} ${point.scenario} ${point.boundary}`)
    const trial = JSON.stringify({
      deaths: plan.deaths,
      mood: plan.mood,
      ...(plan.fresh ? { fresh: true } : {}),
      ...(plan.hostHangs ? { hostHangs: true } : {}),
      ...(plan.smallJournal ? { smallJournal: true } : {}),
    })
    for (const { invariant, what } of violations)
      this.#failures.push({
        invariant,
        message: what,
        scenario: plan.scenario,
        kill: this.kills,
        seed: this.#seed,
        reproduce: `npm run crash -- --scenario ${plan.scenario} --trial '${trial}'`,
        ...(evidence === undefined ? {} : { evidence }),
      })
  }

  /** So many deaths of one sale, while its activation was in flight. */
  row({ deaths, violations }: TrialResult): void {
    this.#row = { kills: deaths.length, activations: violations.length === 0 ? 'once' : 'not once' }
  }

  doubleStarts(starts: StartsReport): void {
    this.#starts = starts
    for (const what of starts.wrong) this.#general('one-winner', what)
  }

  #general(invariant: string, message: string): void {
    const reproduce = `npm run crash -- --seed ${this.#seed}`
    this.#failures.push({ invariant, message, kill: this.kills, seed: this.#seed, reproduce })
  }

  #of(name: string): { trials: number; kills: number; boundaries: number } {
    const known = this.#scenarios.get(name) ?? { trials: 0, kills: 0, boundaries: 0 }
    this.#scenarios.set(name, known)
    return known
  }

  report(): Report {
    const seconds = (performance.now() - this.#started) / 1_000
    const { kills } = this
    const { wrong: _, reopenedMs, ...starts } = this.#starts
    const resumedMs = timesOf(this.#resumedMs)
    if (resumedMs.median > RESUMED_BOUND_MS)
      this.#general('resume', `work in flight was resumed after ${resumedMs.median} ms, in the median`)
    return {
      seed: this.#seed,
      kills,
      killsPerMinute: Math.round((kills / seconds) * 60),
      seconds: Math.round(seconds),
      trials: this.#trials,
      recoveries: this.#recoveries + this.#starts.reopenedMs.length,
      scenarios: Object.fromEntries(this.#scenarios),
      boundaries: Object.fromEntries([...this.#kinds].sort(([, one], [, two]) => two - one)),
      points: {
        sale: this.#points('sale'),
        recovery: this.#points('recovery'),
        'first-start': this.#points('first-start'),
      },
      inARow: this.#row,
      resumedMs,
      coldMs: timesOf(this.#coldMs),
      doubleStarts: { ...starts, reopenedMs: timesOf(reopenedMs) },
      violations: this.#failures,
    }
  }

  #points(sweep: Sweep): { readonly existing: number; readonly covered: number } {
    const covered = [...this.#covered].filter(point => point.startsWith(`${sweep} `)).length
    return { existing: this.#existing.get(sweep) ?? 0, covered }
  }
}

function timesOf(measured: readonly number[]): Times {
  const sorted = [...measured].sort((one, two) => one - two)
  const tenths = (ms: number | undefined): number => Math.round((ms ?? 0) * 10) / 10
  return {
    count: sorted.length,
    median: tenths(sorted[Math.floor(sorted.length / 2)]),
    max: tenths(sorted.at(-1)),
  }
}

/** The promise is a second; a machine that runs much else beside is no broken promise. In the median. */
const RESUMED_BOUND_MS = 10_000

export function inWords(report: Report): string {
  const { points, resumedMs, coldMs, doubleStarts: starts, inARow } = report
  const of = (sweep: Sweep): string => `${points[sweep].covered} of ${points[sweep].existing}`
  const times = ({ count, median, max }: Times): string => `median ${median} ms, most ${max} ms, of ${count}`
  return [
    `${report.kills} kills in ${report.seconds} s (${report.killsPerMinute} a minute), ${report.trials} trials, ${report.recoveries} recoveries; seed ${report.seed}`,
    `boundaries: ${of('sale')} in sales, ${of('recovery')} in recoveries, ${of('first-start')} in a first start`,
    `in a row on one sale: ${inARow.kills} kills, activated ${inARow.activations}`,
    `work in flight resumed: ${times(resumedMs)}; from the start of the process: ${times(coldMs)}`,
    `double starts: ${starts.oneWinner} of ${starts.rounds} with one winner of ${starts.racers}; reopened after SIGKILL: ${times(starts.reopenedMs)}; ${starts.recycledPids} openings beside foreign process numbers`,
    `violations: ${report.violations.length}`,
    ...report.violations.flatMap(({ invariant, message, reproduce, evidence }) => [
      `  ${invariant}: ${message}`,
      `    ${reproduce}`,
      ...(evidence === undefined ? [] : [`    ${evidence}`]),
    ]),
  ].join('\n')
}
