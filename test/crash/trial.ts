// One trial: a scenario whose register dies as planned, lives again on the same files, and comes to rest. What was seen
// on the way is collected for the verifier.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Witnesses } from './evidence.ts'
import type { Order, Place, PurseEntry, Said, SaleOrder } from './protocol.ts'
import { epochMs, type RegisterProcess, type Spares } from './register-process.ts'
import { SCENARIOS } from './scenarios.ts'
import { ADMIN_TOKEN, type Shop } from './shop.ts'
import type { Violation } from './verify.ts'

/** How one life ends: at a boundary of its journal, after a time, or when a request to activate has left. */
export type DeathPlan =
  | { readonly boundary: number }
  | { readonly afterMs: number }
  | { readonly afterCommit: true }

export interface TrialPlan {
  readonly scenario: string
  /** Of the first life, of the second, … Whoever outlives the list comes to rest. */
  readonly deaths: readonly DeathPlan[]
  /** What the cashier does after the first death. */
  readonly mood: 'sell' | 'let-go'
  /** The till has never been opened: boundaries of the first life count from its first start. */
  readonly fresh?: true
  /** In a shop whose journal makes segments and snapshots all the time. */
  readonly smallJournal?: true
  /** The host takes requests to activate and does not answer them before the last life. */
  readonly hostHangs?: true
}

/** A death that came. */
export interface Died {
  /** Which life of the trial, from 0. */
  readonly life: number
  /** Absent for a death by the clock. */
  readonly boundary?: number
  readonly kind: string
}

export interface TrialResult {
  readonly plan: TrialPlan
  readonly deaths: readonly Died[]
  /** From the call of openTill to the first request that an earlier life had sent too. */
  readonly resumedMs: readonly number[]
  /** The same, from the start of a process that nobody had made ready. */
  readonly coldMs: readonly number[]
  /** Of the life that came to rest. */
  readonly boundaries?: number
  readonly tookMs: number
  readonly violations: readonly Violation[]
  readonly evidence?: string
}

/** No life of a trial takes longer, unless it is stuck. */
const LIFE_MS = 180_000
const CARDS_PER_TRIAL = 2
/** With so many deaths in a row, every so often the next register is started from nothing. */
const COLD_EVERY = 10
const ACTIVATE = 2
const HANG_MS = 600_000

interface Life {
  readonly end: 'sold' | 'died' | 'failed' | 'stuck'
  readonly boundaries?: number
  readonly death?: { readonly boundary?: number; readonly kind: string }
  readonly complaint?: string
}

/** What the lane goes on with: the register that came to rest, if it did. */
interface Ran {
  readonly result: Omit<TrialResult, 'tookMs' | 'evidence'>
  readonly last: RegisterProcess | undefined
}

export class Trial {
  readonly #plan: TrialPlan
  readonly #shop: Shop
  readonly #spares: Spares
  readonly #name: string
  readonly #serials: readonly string[]
  readonly #purse: PurseEntry[] = []
  readonly #happened = new Set<string>()
  readonly #afterTrace: number
  readonly #papersBefore: number
  readonly #resumedMs: number[] = []
  readonly #coldMs: number[] = []
  readonly #place: Place

  constructor(plan: TrialPlan, shop: Shop, spares: Spares) {
    this.#plan = plan
    this.#shop = shop
    this.#spares = spares
    this.#name = shop.nextTrial()
    this.#serials = shop.freshSerials(CARDS_PER_TRIAL)
    this.#afterTrace = Math.max(0, ...shop.terminal.state().books.map(({ trace }) => trace))
    this.#papersBefore = shop.paper.length
    this.#place = plan.fresh ? { ...shop.place, dir: join(shop.dir, this.#name) } : shop.place
    shop.line.forget()
  }

  /** @param first stands in the shop, its till open */
  async run(first: RegisterProcess): Promise<Ran> {
    const { scenario, deaths, fresh, hostHangs } = this.#plan
    const died: Died[] = []
    let register = first
    if (SCENARIOS[scenario]?.prepare) {
      const prepared = await this.#live(register, this.#sell('prepare'))
      if (prepared.end !== 'sold') return this.#ended(register, prepared, died)
    }
    if (hostHangs) await this.#shop.misbehave('hang', ACTIVATE, { ms: HANG_MS })
    let life = fresh
      ? await this.#liveAgain(register, 'sell', deaths[0])
      : await this.#live(register, this.#sell('sell', deaths[0]), deaths[0])
    for (let lives = 1; life.end === 'died'; lives += 1) {
      died.push({ life: lives - 1, kind: 'clock', ...life.death })
      if (hostHangs && deaths[lives] === undefined) await this.#shop.heal()
      register = lives % COLD_EVERY === 0 ? this.#spares.cold() : await this.#spares.take()
      life = await this.#liveAgain(register, this.#plan.mood, deaths[lives])
    }
    return this.#ended(register, life, died)
  }

  /** It came to rest; or what no plan foresees: the register gave up, or never came to an end. */
  async #ended(
    register: RegisterProcess,
    { end, complaint, boundaries }: Life,
    deaths: readonly Died[],
  ): Promise<Ran> {
    const result = {
      plan: this.#plan,
      deaths,
      resumedMs: this.#resumedMs,
      coldMs: this.#coldMs,
      violations: [],
      ...(boundaries === undefined ? {} : { boundaries }),
    }
    if (end === 'sold' && !this.#plan.fresh) return { result, last: register }
    register.kill()
    await register.gone
    if (end === 'sold') return { result, last: undefined }
    const what = `the register ${end}: ${complaint ?? ''}${register.stderr}`.slice(0, 2_000)
    return { result: { ...result, violations: [{ invariant: 'I6', what }] }, last: undefined }
  }

  #sell(mood: SaleOrder['mood'], death?: DeathPlan): Extract<Order, { order: 'sell' }> {
    return {
      order: 'sell',
      scenario: this.#plan.scenario,
      trial: this.#name,
      serials: this.#serials,
      mood,
      memory: this.#purse,
      ...(death && 'boundary' in death ? { killAt: death.boundary } : {}),
    }
  }

  /** Opens the till on what the last life left, and goes on with the scenario. Boundaries count from the opening. */
  async #liveAgain(
    register: RegisterProcess,
    mood: 'sell' | 'let-go',
    death: DeathPlan | undefined,
  ): Promise<Life> {
    const { line } = this.#shop
    const killAt = death && 'boundary' in death ? { killAt: death.boundary } : {}
    const known = new Set(line.passed.map(({ operation }) => operation))
    const coldMs = register.isReady ? undefined : this.#coldMs
    let openingAt: number | undefined
    const stop = line.onPassing(({ operation, atEpochMs }) => {
      if (openingAt === undefined || !known.has(operation)) return
      this.#resumedMs.push(atEpochMs - openingAt)
      coldMs?.push(atEpochMs - register.bornEpochMs)
      stop()
    })
    try {
      return await this.#live(register, { order: 'open', place: this.#place, ...killAt }, death, said => {
        if (said.said === 'opening') openingAt = said.atEpochMs
        if (said.said === 'open') register.tell({ ...this.#sell(mood), countOn: true })
      })
    } finally {
      stop()
    }
  }

  async #live(
    register: RegisterProcess,
    order: Order,
    death?: DeathPlan,
    also: (said: Said) => void = () => undefined,
  ): Promise<Life> {
    let dying: Life['death']
    const told = new Promise<Life>(resolve => {
      register.hear = said => {
        if (said.said === 'purse') this.#purse.push(said.entry)
        else if (said.said === 'happen') void this.#happen(register, said)
        else if (said.said === 'dying') dying = { boundary: said.boundary, kind: said.kind }
        else if (said.said === 'sold') resolve({ end: 'sold', boundaries: said.boundaries })
        else if (said.said === 'failed') resolve({ end: 'failed', complaint: `${said.code} ${said.message}` })
        also(said)
      }
    })
    const gone = register.gone.then(
      ({ signal, exitCode }): Life =>
        signal === 'SIGKILL'
          ? { end: 'died', death: dying ?? { kind: 'clock' } }
          : { end: 'failed', complaint: `ended by itself: ${signal ?? exitCode}` },
    )
    let timer: NodeJS.Timeout | undefined
    const stuck = new Promise<Life>(resolve => {
      timer = setTimeout(() => resolve({ end: 'stuck' }), LIFE_MS)
    })
    register.tell(order)
    const disarm = this.#killer(register, death)
    try {
      return await Promise.race([told, gone, stuck])
    } finally {
      clearTimeout(timer)
      disarm()
    }
  }

  /** Kills from outside, where the plan says so. */
  #killer(register: RegisterProcess, death: DeathPlan | undefined): () => void {
    if (death && 'afterMs' in death) {
      const timer = setTimeout(() => register.kill(), death.afterMs)
      return () => clearTimeout(timer)
    }
    if (death && 'afterCommit' in death) {
      return this.#shop.line.onPassing(({ action }) => {
        if (action === ACTIVATE) register.kill()
      })
    }
    return () => undefined
  }

  async #happen(
    register: RegisterProcess,
    { id, happening }: Extract<Said, { said: 'happen' }>,
  ): Promise<void> {
    const key = JSON.stringify(happening)
    if (!this.#happened.has(key)) {
      this.#happened.add(key)
      await this.#shop.happen(happening)
    }
    register.tell({ order: 'happened', id })
  }

  get leavesTasks(): boolean {
    const rest = this.#purse.findLast(entry => entry.saw === 'rest')
    return rest?.saw !== 'rest' || rest.tasks.length > 0
  }

  witnesses(): Witnesses {
    return {
      scenario: this.#plan.scenario,
      purse: this.#purse,
      serials: this.#serials,
      hostUrl: this.#shop.hostUrl,
      adminToken: ADMIN_TOKEN,
      booksFile: join(this.#shop.dir, 'terminal-books.json'),
      afterTrace: this.#afterTrace,
      paper: this.#shop.paper.slice(this.#papersBefore),
    }
  }

  /** Keeps everything that somebody needs to find out what went wrong: the till's files among it. */
  async keep(folder: string, violations: readonly Violation[], evidence: object): Promise<string> {
    const dir = join(folder, `${this.#plan.scenario}-${Math.round(epochMs())}`)
    await mkdir(dir, { recursive: true })
    const write = (name: string, value: unknown): Promise<void> =>
      writeFile(join(dir, name), `${JSON.stringify(value, null, 2)}\n`)
    await write('trial.json', { plan: this.#plan, trial: this.#name, violations })
    await write('evidence.json', evidence)
    await cp(this.#place.dir, join(dir, 'till'), { recursive: true })
    return dir
  }
}
