// A whole run: survey, sweep of every point, a hundred deaths of one sale, double starts, and random deaths until the
// budget is used up. Lanes work side by side; the seed decides what they do, not when.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { bundledRegister } from './bundle.ts'
import { type Chance, chanceOf } from './chance.ts'
import { Lane } from './lane.ts'
import type { Options } from './options.ts'
import {
  anywhere,
  type Extent,
  type Planned,
  points,
  recoveryAfter,
  recoverySurvey,
  surveys,
} from './plan.ts'
import { Spares } from './register-process.ts'
import { type Report, Tally } from './report.ts'
import { Starts } from './starts.ts'
import { Verifier } from './verifier-process.ts'

/** In a full run; a smaller one has a twentieth of its budget for each. */
const IN_A_ROW = 100
const DOUBLE_STARTS = 1_000
const FULL_RUN = 2_000
const SHARE = 20
/** Kills between two words about how far it is. */
const SAY_EVERY = 250
/** A run that finds so much stops: the first few failures say what is wrong. */
const MAX_FAILURES = 20

/** @param isEnough asked before every trial: whether to end early, with the report of what was done */
export async function run(
  options: Options,
  dir: string,
  say: (line: string) => void,
  isEnough: () => boolean = () => false,
): Promise<Report> {
  await mkdir(dir, { recursive: true })
  const program = await bundledRegister(dir)
  const lanes = Array.from({ length: options.lanes }, (_, index) => {
    const spares = new Spares(program, 1)
    const verifier = new Verifier()
    return { spares, verifier, lane: new Lane(join(dir, `lane-${index + 1}`), spares, verifier) }
  })
  const work = new Run(options, dir, lanes, { say, isEnough })
  try {
    return await work.play()
  } finally {
    await Promise.all(
      lanes.map(async ({ lane, spares, verifier }) => {
        await lane.close()
        await spares.close()
        verifier.close()
      }),
    )
  }
}

interface Equipped {
  readonly lane: Lane
  readonly spares: Spares
  readonly verifier: Verifier
}

class Run {
  readonly #options: Options
  readonly #dir: string
  readonly #lanes: readonly Equipped[]
  readonly #say: (line: string) => void
  readonly #isEnough: () => boolean
  readonly #tally: Tally
  readonly #chance: Chance
  readonly #isFull: boolean
  #sayAt = SAY_EVERY

  constructor(
    options: Options,
    dir: string,
    lanes: readonly Equipped[],
    { say, isEnough }: { readonly say: (line: string) => void; readonly isEnough: () => boolean },
  ) {
    this.#options = options
    this.#dir = dir
    this.#lanes = lanes
    this.#say = say
    this.#isEnough = isEnough
    this.#tally = new Tally(options.seed)
    this.#chance = chanceOf(options.seed)
    this.#isFull = options.kills >= FULL_RUN
  }

  async play(): Promise<Report> {
    const { again, scenarios } = this.#options
    if (again) {
      const [scenario = ''] = scenarios
      await this.#all([{ plan: { scenario, ...again } }])
      return this.#tally.report()
    }
    const extents = await this.#survey()
    await this.#sweep(extents)
    await this.#inARow()
    await this.#doubleStarts()
    await this.#anywhere(extents)
    return this.#tally.report()
  }

  /** Plays everything without dying, and once more after one death: what is there to die at? */
  async #survey(): Promise<readonly Extent[]> {
    const extents: Extent[] = []
    const note = (extent: Extent): void => {
      extents.push(extent)
      this.#tally.extent(extent)
    }
    await this.#each(surveys(this.#options.scenarios, this.#isFull), async ({ plan, sweep }, lane) => {
      const { boundaries = 0, tookMs } = await this.#one({ plan }, lane)
      note({ scenario: plan.scenario, sweep, boundaries, tookMs })
    })
    const sales = extents.filter(({ sweep }) => sweep === 'sale')
    await this.#each(this.#isFull ? sales : [], async (extent, lane) => {
      const { boundaries = 0, tookMs } = await this.#one({ plan: recoverySurvey(extent) }, lane)
      const first = recoveryAfter(extent.boundaries)
      note({ scenario: extent.scenario, sweep: 'recovery', boundaries, first, tookMs })
    })
    const total = extents.reduce((sum, { boundaries }) => sum + boundaries, 0)
    this.#say(`${total} boundaries in ${sales.length} scenarios, their recoveries and a first start`)
    // The lanes finish in any order; the plan must not depend on it.
    return extents.sort((one, two) =>
      `${one.scenario} ${one.sweep}`.localeCompare(`${two.scenario} ${two.sweep}`),
    )
  }

  async #sweep(extents: readonly Extent[]): Promise<void> {
    await this.#all(points(extents, this.#chance))
  }

  /** Whoever has no budget left for a full run still sees each kind of kill. */
  async #inARow(): Promise<void> {
    const { kills, scenarios } = this.#options
    const count = this.#isFull ? IN_A_ROW : Math.ceil(kills / SHARE)
    const [equipped] = this.#lanes
    if (!equipped || !scenarios.includes('cash') || count === 0 || this.#isOver()) return
    const plan = {
      scenario: 'cash',
      deaths: Array.from({ length: count }, () => ({ afterCommit: true }) as const),
      mood: 'sell',
      hostHangs: true,
    } as const
    const result = await equipped.lane.trial(plan)
    this.#tally.trial({ plan }, result)
    this.#tally.row(result)
    this.#say(`${result.deaths.length} kills in a row on one sale`)
  }

  async #doubleStarts(): Promise<void> {
    const rounds = this.#isFull ? DOUBLE_STARTS : Math.ceil(this.#options.kills / SHARE) * 10
    const [equipped] = this.#lanes
    if (!equipped || rounds === 0 || this.#isOver()) return
    const starts = new Starts(this.#dir, equipped.spares)
    const report = await starts.run(rounds, round => {
      if (round % 250 === 0) this.#say(`${round} double starts`)
    })
    this.#tally.doubleStarts(report)
  }

  async #anywhere(extents: readonly Extent[]): Promise<void> {
    const next = (): Planned | undefined => (this.#isOver() ? undefined : anywhere(extents, this.#chance))
    await Promise.all(
      this.#lanes.map(async ({ lane }) => {
        for (let planned = next(); planned; planned = next()) await this.#one(planned, lane)
      }),
    )
  }

  /** The budget is used up, or there is no point in going on. @param ahead kills that are to come all the same */
  #isOver(ahead = 0): boolean {
    const { failures, kills } = this.#tally
    const most = this.#options.stopAtFirst ? 1 : MAX_FAILURES
    return kills + ahead >= this.#options.kills || failures.length >= most || this.#isEnough()
  }

  #all(planned: readonly Planned[]): Promise<void> {
    // What is reserved for the other kinds of kill.
    const reserved = this.#options.again
      ? 0
      : Math.min(2 * IN_A_ROW, Math.ceil((2 * this.#options.kills) / SHARE))
    return this.#each(planned, async (each, lane) => {
      if (!this.#isOver(reserved)) await this.#one(each, lane)
    })
  }

  async #one(planned: Planned, lane: Lane): ReturnType<Lane['trial']> {
    const result = await lane.trial(planned.plan)
    this.#tally.trial(planned, result)
    const { kills, failures } = this.#tally
    if (kills >= this.#sayAt) {
      this.#say(`${kills} kills, ${failures.length} violations`)
      this.#sayAt = kills + SAY_EVERY
    }
    return result
  }

  /** Spreads work over the lanes. */
  async #each<Item>(
    items: readonly Item[],
    action: (item: Item, lane: Lane) => Promise<void>,
  ): Promise<void> {
    const waiting = [...items]
    await Promise.all(
      this.#lanes.map(async ({ lane }) => {
        for (let item = waiting.shift(); item !== undefined && !this.#isEnough(); item = waiting.shift())
          await action(item, lane)
      }),
    )
  }
}
