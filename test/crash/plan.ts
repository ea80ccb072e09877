// Where registers die: at every boundary of every scenario, at every boundary of the recovery after one of them, at
// every boundary of a first start, and, for what is left of the budget, anywhere.
import { type Chance, oneTo, shuffled } from './chance.ts'
import { SCENARIOS } from './scenarios.ts'
import type { DeathPlan, TrialPlan } from './trial.ts'

/** What is swept: boundaries of a sale, of the life after a crash in it, of a till's first start. */
export type Sweep = 'sale' | 'recovery' | 'first-start'

/** How many boundaries there are, found by playing everything once. */
export interface Extent {
  readonly scenario: string
  readonly sweep: Sweep
  readonly boundaries: number
  /** Where the first life of a recovery's trial dies. */
  readonly first?: number
  readonly tookMs: number
}

export interface Planned {
  readonly plan: TrialPlan
  /** The point it covers, if it is there for one. */
  readonly point?: { readonly scenario: string; readonly sweep: Sweep; readonly boundary: number }
}

/** Scenarios whose first start is swept: what follows a first start is the same for all. */
const FIRST_START = 'card'
/** The crash whose recovery is swept lies in the second half of the sale, around the payment. */
const RECOVERY_AFTER = 0.6
const LET_GO = 0.3
/** Deaths in one random trial. */
const MAX_RANDOM_DEATHS = 4

/** Trials without a death that measure an extent. @param firstStart whether that of a first start, too */
export function surveys(
  scenarios: readonly string[],
  firstStart: boolean,
): readonly { plan: TrialPlan; sweep: Sweep }[] {
  const plain = scenarios.map(scenario => ({ plan: survey(scenario, []), sweep: 'sale' as const }))
  const first =
    firstStart && scenarios.includes(FIRST_START)
      ? [{ plan: { ...survey(FIRST_START, []), fresh: true as const }, sweep: 'first-start' as const }]
      : []
  return [...plain, ...first]
}

/** The trial that measures the recovery of a scenario whose sale has so many boundaries. */
export function recoverySurvey({ scenario, boundaries }: Extent): TrialPlan {
  return survey(scenario, [{ boundary: recoveryAfter(boundaries) }])
}

export function recoveryAfter(boundaries: number): number {
  return Math.max(1, Math.round(boundaries * RECOVERY_AFTER))
}

function survey(scenario: string, deaths: readonly DeathPlan[]): TrialPlan {
  return { scenario, deaths, mood: 'sell' }
}

/** Every point there is, in the order of chance. */
export function points(extents: readonly Extent[], chance: Chance): readonly Planned[] {
  const all = extents.flatMap(({ scenario, sweep, boundaries, first }) =>
    Array.from({ length: boundaries }, (_, index): Planned => {
      const boundary = index + 1
      const deaths = sweep === 'recovery' ? [{ boundary: first ?? 1 }, { boundary }] : [{ boundary }]
      const plan = { scenario, deaths, mood: moodOf(scenario, chance) }
      return {
        plan: sweep === 'first-start' ? { ...plan, mood: 'sell', fresh: true } : plan,
        point: { scenario, sweep, boundary },
      }
    }),
  )
  return shuffled(all, chance)
}

/** One to four deaths, by the clock or at any boundary. */
export function anywhere(extents: readonly Extent[], chance: Chance): Planned {
  const sales = extents.filter(({ sweep }) => sweep === 'sale')
  const at = sales[oneTo(sales.length, chance) - 1]
  if (!at) return { plan: survey('card', [{ afterMs: 20 }]) }
  const deaths = Array.from(
    { length: oneTo(MAX_RANDOM_DEATHS, chance) },
    (): DeathPlan =>
      chance() < 0.5
        ? { afterMs: Math.floor(chance() * Math.max(30, at.tookMs)) }
        : { boundary: oneTo(at.boundaries, chance) },
  )
  const { scenario } = at
  return { plan: { scenario, deaths, mood: moodOf(scenario, chance), smallJournal: true } }
}

function moodOf(scenario: string, chance: Chance): TrialPlan['mood'] {
  return SCENARIOS[scenario]?.mayLetGo && chance() < LET_GO ? 'let-go' : 'sell'
}
