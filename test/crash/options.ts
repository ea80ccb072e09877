// What the command was asked for.
import { parseArgs } from 'node:util'
import { CashdeskError } from '@cashdesk/kernel'
import { SCENARIOS } from './scenarios.ts'
import type { TrialPlan } from './trial.ts'

export interface Options {
  readonly kills: number
  readonly seed: number
  readonly lanes: number
  readonly scenarios: readonly string[]
  readonly json: boolean
  readonly dir: string | undefined
  readonly stopAtFirst: boolean
  /** One trial, again. */
  readonly again: Omit<TrialPlan, 'scenario'> | undefined
}

const DEFAULT_KILLS = 3_000
/** Kills of one run; more than a day's worth. */
const MAX_KILLS = 1_000_000
const MAX_LANES = 32

export const HELP: string = `Kills real registers, and lets a third process verify what became of money, cards and paper.

  npm run crash -- [--kills N] [--scenario NAME] [--seed S] [--lanes N] [--dir D] [--json]

  --kills N        how often SIGKILL strikes, all in all; default ${DEFAULT_KILLS}: every boundary of every scenario
  --scenario NAME  only this one; may be given several times
  --boundary K     only a kill at the K-th boundary (with --scenario)
  --trial JSON     only this trial, as a failure names it (with --scenario)
  --seed S         the same choices again; default: by chance, and said
  --lanes N        shops at a time; default 2
  --dir D          keeps the evidence of failures there; default: a temporary folder
  --stop-at-first  the first broken promise ends the run
  --json           one JSON document on stdout
  --help

Scenarios
${Object.entries(SCENARIOS)
  .map(([name, { story }]) => `  ${name.padEnd(20)} ${story}`)
  .join('\n')}

Ctrl-C ends a run early, with the report of what was done.
Exit code: 0 all promises kept, 1 one was broken, 2 not understood.
`

/** Answers `help` when that was asked for. @throws CashdeskError `sim.usage` */
export function optionsOf(args: readonly string[]): Options | 'help' {
  const values = parsed(args)
  if (values.help) return 'help'
  const scenarios = values.scenario ?? Object.keys(SCENARIOS)
  for (const scenario of scenarios)
    if (!(scenario in SCENARIOS)) throw new CashdeskError('sim.usage', { option: 'scenario', scenario })
  const again = againOf(values)
  if (again && values.scenario?.length !== 1)
    throw new CashdeskError('sim.usage', { option: 'scenario', reason: 'name one' })
  return {
    kills: whole('kills', values.kills, DEFAULT_KILLS, MAX_KILLS),
    seed: whole('seed', values.seed, Math.floor(Math.random() * 2 ** 31), 2 ** 31),
    lanes: Math.max(1, whole('lanes', values.lanes, 2, MAX_LANES)),
    scenarios,
    json: values.json ?? false,
    dir: values.dir,
    stopAtFirst: values['stop-at-first'] ?? false,
    again,
  }
}

type Values = ReturnType<typeof parsed>

function parsed(args: readonly string[]): {
  readonly kills?: string
  readonly scenario?: string[]
  readonly boundary?: string
  readonly trial?: string
  readonly seed?: string
  readonly lanes?: string
  readonly dir?: string
  readonly json?: boolean
  readonly 'stop-at-first'?: boolean
  readonly help?: boolean
} {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        kills: text,
        scenario: { type: 'string', multiple: true },
        boundary: text,
        trial: text,
        seed: text,
        lanes: text,
        dir: text,
        json: flag,
        'stop-at-first': flag,
        help: flag,
      },
    }).values
  } catch (thrown) {
    throw new CashdeskError('sim.usage', { reason: thrown instanceof Error ? thrown.message : '' })
  }
}

function againOf({ boundary, trial }: Values): Options['again'] {
  if (boundary !== undefined)
    return { deaths: [{ boundary: whole('boundary', boundary, 1, MAX_KILLS) }], mood: 'sell' }
  if (trial === undefined) return undefined
  try {
    // Boundary: what an earlier run printed.
    return JSON.parse(trial) as NonNullable<Options['again']>
  } catch {
    throw new CashdeskError('sim.usage', { option: 'trial', reason: 'no JSON' })
  }
}

function whole(option: string, text: string | undefined, preset: number, most: number): number {
  if (text === undefined) return preset
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= most) return value
  throw new CashdeskError('sim.usage', { option, value: text.slice(0, 40), most })
}
