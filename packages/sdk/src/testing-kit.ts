// Plays sales for the checks, and judges what they came to by the provider's own books.
import type { PluginFactory } from './plugin.ts'
import type { ProviderBooks } from './testing-provider.ts'
import { type Played, type PluginFixtures, play, type Script, type Stage } from './testing-sale.ts'
import { type Described, type Watched, watch } from './testing-watch.ts'
import { type Act, type Sent, World } from './testing-world.ts'

/** A sale that was played, in its world. */
export interface Run {
  readonly world: World
  readonly watched: Watched
  readonly played: Played
  readonly books: ProviderBooks
}

export interface RunOptions {
  readonly goes?: Script['goes']
  readonly waitMs?: number
  /** What the wire does with each request. */
  readonly act?: (sent: Sent, watched: Watched) => Act
  /** Called once, before the machine is started. */
  readonly prepare?: (world: World) => void
  readonly stage?: (world: World, stage: Stage) => void
}

/** Whether a claim must have been committed in the end, or till and provider must only agree about it. */
export type Must = 'commit' | 'agree'

/** Plays sales for the checks; plain ones are played once and shared. */
export class Kit {
  readonly factory: PluginFactory
  readonly fixtures: PluginFixtures
  readonly #plain: Map<Script['goes'], Promise<Run>> = new Map()

  constructor(factory: PluginFactory, fixtures: PluginFixtures) {
    this.factory = factory
    this.fixtures = fixtures
  }

  /** A sale in which nothing goes wrong. */
  plain(goes: Script['goes'] = 'closed'): Promise<Run> {
    const known = this.#plain.get(goes) ?? this.run({ goes })
    this.#plain.set(goes, known)
    return known
  }

  /** Plays one sale; after a death of the machine it is played again from the start. */
  async run({ goes = 'closed', waitMs, act, prepare, stage }: RunOptions = {}): Promise<Run> {
    const world = new World(this.fixtures.provider())
    const watched = watch(this.factory, world)
    if (act) world.act = sent => act(sent, watched)
    prepare?.(world)
    const script: Script = {
      goes,
      ...(waitMs === undefined ? {} : { waitMs }),
      ...(stage ? { stage: each => stage(world, each) } : {}),
    }
    const played = (): Promise<{ readonly result: Played } | undefined> =>
      world.run(play(world, watched.factory, this.fixtures, script))
    let ended = await played()
    if (!ended && world.disk.dead) {
      world.restart()
      ended = await played()
    }
    if (!ended) throw new TypeError('the sale never came to its end')
    await world.deliverLate()
    return { world, watched, played: ended.result, books: await world.provider.books() }
  }

  /** How long the provider's reservations last, as it said in a plain sale. */
  async lastsMs(): Promise<number | undefined> {
    const { till } = (await this.plain()).played
    const last = till.journal.records
    let lastsMs: number | undefined
    for await (const { record, events } of till.events()) {
      for (const event of events) if (event.type === 'claim.moved') lastsMs = event.lastsMs ?? lastsMs
      if (record >= last) break
    }
    return lastsMs
  }

  /** Everything the plugin described while nothing went wrong. */
  async described(): Promise<readonly Described[]> {
    const closed = await this.plain('closed')
    const cancelled = await this.plain('cancelled')
    return [...closed.watched.described, ...cancelled.watched.described]
  }

  /** Claims of the plugin under test. */
  claims({ played }: Run): Played['view']['claims'] {
    return played.view.claims.filter(claim => claim.plugin === this.factory.name)
  }

  /** A tender pays; everything else is on a line or the basket. */
  get isTender(): boolean {
    return this.fixtures.article === undefined && this.fixtures.code === undefined
  }

  /** What till and provider must agree about, whatever happened on the way; each problem as a sentence. */
  judge(run: Run, goes: Script['goes'], where: string, must: Must = 'commit'): readonly string[] {
    const { view, till } = run.played
    const claims = this.claims(run)
    const committed = claims.filter(claim => claim.state === 'committed').length
    const { held, conflicts = 0 } = run.books
    const tasks = till
      .tasks()
      .map(task => `${task.kind} (${String(task.error.detail?.['reason'] ?? task.error.code)})`)
    const states = claims.map(({ state, error }) => (error ? `${state}: ${error.code}` : state)).join(', ')
    const problems = [
      view.state === goes ? '' : `the sale ends ${view.state}, not ${goes}`,
      tasks.length === 0 ? '' : `a person must settle ${tasks.join(', ')}`,
      held === 0 ? '' : `${held} reservation(s) are left behind at the provider`,
      conflicts === 0 ? '' : `${conflicts} request(s) came under a known id with another payload`,
      run.books.committed === committed
        ? ''
        : `the provider's books show ${run.books.committed} commit(s), the till ${committed}`,
      goes === 'closed' && must === 'commit' && committed === 0
        ? `nothing was committed, though the trouble passed (${states})`
        : '',
    ]
    return problems.filter(problem => problem !== '').map(problem => `${where}: ${problem}.`)
  }
}
