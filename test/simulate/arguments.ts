// What the command line asks for.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export interface Asked {
  readonly seeds: number
  readonly from: number
  readonly jobs: number
  readonly json: boolean
  readonly trace: boolean
  /** What the run must come to at least; undefined where nothing is asked of it but that no promise is broken. */
  readonly least?: { readonly seeds: number; readonly points: number }
  readonly stopAtFirst: boolean
  readonly shrink: boolean
  readonly mutant?: string
  /** Accidents and parts of the day that are left out. */
  readonly off: readonly string[]
}

/** What a run of the build plays; a nightly one ten times that. */
const CI_SEEDS = 10_000
const CI_POINTS = 1_000_000
const NIGHTLY_FACTOR = 10
const MOST_SEEDS = 10_000_000
const MOST_JOBS = 256

export const USAGE: string = `Usage: npm run simulate -- [--seeds N] [--from S] [--jobs N] [--json] [--ci | --nightly]
                               [--trace] [--off KEY …] [--stop-at-first] [--no-shrink] [--mutant NAME]

Plays whole days at a lane in virtual time, one per seed: the real till with its journal, outbox, drivers and plugins,
against simulated devices, providers, clock, disk and network. An oracle with its own books says what must hold.

  --seeds N        days to play (default 100; 10,000 with --ci; 100,000 with --nightly)
  --from S         the first seed (default 1)
  --jobs N         worker processes (default: one per core)
  --json           one JSON object on standard output
  --ci             red as well with fewer than 10,000 days or 1,000,000 crash and accident points, when a named
                   situation is met fewer than 100 times, or a kind of accident or an expected transition never
  --nightly        as --ci, with ten times the days and points
  --trace          tells the story of each day; mostly with --seeds 1
  --off KEY        leaves an accident, a kind of accident or a part of the day out; may be repeated
  --stop-at-first  ends at the first violation, and shrinks nothing
  --no-shrink      does not look for the smallest day that still fails
  --mutant NAME    the same against a copy of the sources with that deliberate bug (test/mutants)

Exit code: 0 nothing broken, 1 a promise was broken or the run proves too little, 2 misuse.
`

/** What is asked for, `help`, or what is wrong with it. */
export function parseArguments(given: readonly string[]): Asked | 'help' | string {
  try {
    const { values } = parseArgs({
      args: [...given],
      strict: true,
      options: {
        seeds: { type: 'string' },
        from: { type: 'string', default: '1' },
        jobs: { type: 'string' },
        json: { type: 'boolean', default: false },
        trace: { type: 'boolean', default: false },
        ci: { type: 'boolean', default: false },
        nightly: { type: 'boolean', default: false },
        'stop-at-first': { type: 'boolean', default: false },
        'no-shrink': { type: 'boolean', default: false },
        mutant: { type: 'string' },
        off: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return 'help'
    const { nightly, mutant, trace, json, off } = values
    const ci = values.ci || nightly
    const factor = nightly ? NIGHTLY_FACTOR : 1
    const usual = ci ? CI_SEEDS * factor : 100
    const least = { seeds: CI_SEEDS * factor, points: CI_POINTS * factor }
    return {
      seeds: whole('seeds', values.seeds ?? String(usual), MOST_SEEDS),
      from: whole('from', values.from, Number.MAX_SAFE_INTEGER),
      jobs: whole('jobs', values.jobs ?? String(availableParallelism()), MOST_JOBS),
      json,
      trace,
      stopAtFirst: values['stop-at-first'],
      shrink: !values['stop-at-first'] && !values['no-shrink'],
      off,
      ...(ci && !values['stop-at-first'] ? { least } : {}),
      ...(mutant === undefined ? {} : { mutant }),
    }
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`--${name} takes a whole number from 1 to ${most}`)
}
