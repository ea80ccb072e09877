// The cashier's hand on the till: a command is given until it is answered. When the till dies under it, the machine is
// switched on again and the same command is given again, under the same ids, or somebody looks at the screen first.
import { CashdeskError } from '@cashdesk/kernel'
import type { SaleView, Till } from '@cashdesk/sdk'
import { isDiskError } from './disk.ts'
import type { Death } from './life.ts'
import type { Oracle } from './oracle.ts'
import type { World } from './world.ts'

/** What came of a command. `gone`: the till died, and the cashier has not said it again. */
export type Heard<Value> =
  | { readonly was: 'answered'; readonly value: Value }
  | { readonly was: 'refused'; readonly error: CashdeskError }
  | { readonly was: 'gone' }

/** A command that is not answered in all that time has hung. */
const PATIENCE_MS = 3 * 86_400_000
/** A till that dies that often under one command is let go of. */
const MOST_REPEATS = 12

export class TillSide {
  readonly world: World
  readonly oracle: Oracle

  constructor(world: World, oracle: Oracle) {
    this.world = world
    this.oracle = oracle
  }

  /** Opens the till if nobody did. */
  async awake(): Promise<void> {
    const { world } = this
    if (world.life.alive && world.till.state === 'failed') {
      world.tell('the till has failed, and is restarted')
      world.situation('disk-error')
      world.dies(this.#byHand(), 'restarted by hand')
    }
    while (!world.life.alive) {
      const off = world.schedule.pick('off for', [100, 100, 2_000, 2_000, 60_000, 1_200_000, 18_000_000])
      await world.pause(off)
      await world.boot()
      if (world.life.alive) await this.#hear(async till => this.oracle.reopened(till))
    }
  }

  /** Who switches a failed till off and on again restarts the machine, or the program alone. */
  #byHand(): Death {
    return this.world.schedule.chance('the program alone', 0.4) ? 'kill' : 'power'
  }

  /** One try of a command. */
  async #hear<Value>(work: (till: Till) => Promise<Value>): Promise<Heard<Value>> {
    const { world } = this
    // It may have died since somebody made sure that it lives.
    if (!world.life.alive) return { was: 'gone' }
    const { life, till } = world
    const told = work(till).then(
      (value): Heard<Value> => ({ was: 'answered', value }),
      (thrown: unknown): Heard<Value> => {
        if (thrown instanceof CashdeskError) return { was: 'refused', error: thrown }
        world.violated('I6', `a command threw: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
        return { was: 'gone' }
      },
    )
    const gone = life.ended.then((): Heard<Value> => ({ was: 'gone' }))
    let stop = (): void => undefined
    const late = new Promise<Heard<Value>>(resolve => {
      stop = world.clock.after(PATIENCE_MS, () => {
        // A late scan may have asked the cashier something: then the till waits for a person, and says so.
        if (!till.unfinished().some(({ prompts }) => prompts.length > 0))
          world.violated('I6', 'a command is not answered for three days')
        world.dies('kill', 'nobody waits any longer')
        resolve({ was: 'gone' })
      })
    })
    const first = await Promise.race([told, gone, late])
    stop()
    if (!life.alive) return { was: 'gone' }
    if (first.was === 'answered') this.oracle.acknowledged(till.journal.records)
    if (first.was === 'refused' && isDiskError(first.error)) {
      world.tell(`the till says ${first.error.code} and is restarted`)
      if (first.error.code === 'journal.poisoned') world.situation('disk-error')
      world.dies(this.#byHand(), 'restarted by hand')
      return { was: 'gone' }
    }
    return first
  }

  /**
   * Gives a command until it is answered, or lets go of it when the till died and the cashier rather looks.
   * @param holds what must be so, for ever, once the command was answered
   */
  async command<Value>(
    what: string,
    work: (till: Till) => Promise<Value>,
    holds?: (till: Till, value: Value) => boolean,
  ): Promise<Heard<Value>> {
    const { world } = this
    for (let times = 0; times < MOST_REPEATS; times += 1) {
      await this.awake()
      this.#mayDieSoon(what)
      const twice = world.strikes('repeats-command', what)
      if (twice) world.situation('command-repeated')
      world.tell(`cashier: ${what}${times > 0 ? ', again' : ''}${twice ? ', twice' : ''}`)
      const heard = await this.#hear(async till => {
        const first = work(till)
        if (twice) work(till).catch(() => undefined)
        return first
      })
      if (heard.was !== 'gone') {
        if (heard.was === 'refused') world.tell(`  refused: ${heard.error.code}`)
        else if (holds) this.oracle.answered(what, till => holds(till, heard.value))
        return heard
      }
      if (world.strikes('impatient-after-crash', what)) return heard
    }
    return { was: 'gone' }
  }

  /** The machine is switched off, or its process killed, some moment from now. */
  #mayDieSoon(what: string): void {
    const { world } = this
    const { life } = world
    if (!world.strikes('crash-at-time', what)) return
    const ms = world.schedule.below('dies after', 9_000)
    const death = world.schedule.chance('only killed', 0.4) ? 'kill' : 'power'
    world.clock.after(ms, () => {
      if (life.alive && !world.schedule.calm) world.dies(death, 'at any time')
    })
  }

  /** What the screen shows. */
  async look(sale: string): Promise<SaleView | undefined> {
    for (let times = 0; times < MOST_REPEATS; times += 1) {
      await this.awake()
      const heard = await this.#hear(async till => till.find(sale).view())
      if (heard.was === 'answered') {
        this.oracle.saw(heard.value)
        return heard.value
      }
      if (heard.was === 'refused') return undefined
    }
    return undefined
  }

  /** Looks until something is as expected, or for so long. */
  async lookUntil(
    sale: string,
    ms: number,
    enough: (view: SaleView) => boolean,
  ): Promise<SaleView | undefined> {
    const { clock } = this.world
    const until = clock.monotonicMs() + ms
    for (let wait = 60; ; wait = Math.min(wait * 2, 300_000)) {
      const view = await this.look(sale)
      if (!view || enough(view) || clock.monotonicMs() >= until) return view
      await this.world.pause(wait)
    }
  }
}
