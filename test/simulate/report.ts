// What a run came to: as one JSON object for machines, and as sentences for people.
import type { Asked } from './arguments.ts'
import type { Total } from './crowd.ts'
import { ACCIDENTS, CRASHES } from './schedule.ts'
import { HITS_IN_CI, SITUATIONS } from './situations.ts'
import { EXPECTED } from './transitions.ts'

export interface Summary {
  readonly seeds: number
  readonly from: number
  readonly seconds: number
  readonly seedsPerSecond: number
  /** Of a processor, per day played; only where workers played. */
  readonly cpuMsPerSeed: number
  readonly virtualDays: number
  readonly lives: number
  readonly crashes: number
  /** Accidents other than crashes that were really played. */
  readonly accidents: number
  /** Crashes and accidents that were really played. */
  readonly points: number
  /** Different places of a crash, each with what the till was about. */
  readonly distinctPoints: number
  readonly byKind: { readonly [kind: string]: number }
  readonly situations: { readonly [name: string]: number }
  readonly transitions: { readonly [transition: string]: number }
  /** What a run of the build must have and this one has not, in words. */
  readonly missing: readonly string[]
  readonly violations: readonly {
    readonly seed: number
    readonly invariant: string
    readonly message: string
    readonly replay: string
  }[]
}

/** These are counted as crashes, where they happened. */
const COUNTED_ELSEWHERE: ReadonlySet<string> = new Set(CRASHES)

export function summary(total: Total, { from, least }: Asked, seconds: number): Summary {
  const byKind = Object.fromEntries(
    Object.keys(ACCIDENTS).map(kind => [kind, total.accidents.get(kind) ?? 0]),
  )
  const situations = Object.fromEntries(
    Object.keys(SITUATIONS).map(name => [name, total.situations.get(name) ?? 0]),
  )
  const accidents = Object.entries(byKind)
    .filter(([kind]) => !COUNTED_ELSEWHERE.has(kind))
    .reduce((sum, [, count]) => sum + count, 0)
  const points = total.crashes + accidents
  return {
    seeds: total.seeds,
    from,
    seconds: Math.round(seconds * 10) / 10,
    seedsPerSecond: Math.round((total.seeds / seconds) * 10) / 10,
    cpuMsPerSeed: Math.round(total.cpuMs / Math.max(1, total.seeds)),
    virtualDays: Math.round(total.virtualMs / 86_400_000),
    lives: total.lives,
    crashes: total.crashes,
    accidents,
    points,
    distinctPoints: total.points.size,
    byKind,
    situations,
    transitions: Object.fromEntries([...total.transitions].sort(([a], [b]) => (a < b ? -1 : 1))),
    missing: [
      ...tooFew('days', total.seeds, least?.seeds),
      ...tooFew('crash and accident points', points, least?.points),
      ...Object.entries(byKind).flatMap(([kind, count]) => (count === 0 ? [`${kind}: never`] : [])),
      ...Object.entries(situations).flatMap(([name, count]) =>
        count < HITS_IN_CI ? [`${name}: ${count} of ${HITS_IN_CI}`] : [],
      ),
      ...EXPECTED.flatMap(transition => (total.transitions.has(transition) ? [] : [`${transition}: never`])),
    ],
    violations: total.failures.flatMap(({ seed, violations }) =>
      violations.map(violation => ({ seed, ...violation, replay: replayOf(seed) })),
    ),
  }
}

function tooFew(what: string, count: number, least = 0): readonly string[] {
  return count < least ? [`${what}: ${count} of ${least}`] : []
}

export function replayOf(seed: number, off: readonly string[] = []): string {
  const left = off.map(key => ` --off '${key}'`).join('')
  return `npm run simulate -- --from ${seed} --seeds 1 --trace${left}`
}

/** For people. */
export function sentences(result: Summary, total: Total, { least }: Asked): string {
  const failed = new Set(result.violations.map(({ seed }) => seed)).size
  const lines = [
    ...total.stories,
    `${result.seeds} days in ${result.seconds} s (${result.seedsPerSecond}/s, ${result.cpuMsPerSeed} ms of a processor each): ${result.points} crash and accident ` +
      `points (${result.crashes} crashes, ${result.accidents} accidents), ${result.distinctPoints} different ` +
      `crash places, ${Object.keys(result.transitions).length} transitions.`,
    ...result.violations
      .slice(0, 20)
      .map(({ seed, invariant, message }) => `seed ${seed}: ${invariant}: ${message}`),
    failed === 0
      ? 'No promise was broken.'
      : `${failed} days broke a promise. ${result.violations[0]?.replay ?? ''}`,
    ...(least && result.missing.length > 0
      ? [`The run proves too little. ${result.missing.join('; ')}.`]
      : []),
  ]
  return `${lines.join('\n')}\n`
}
