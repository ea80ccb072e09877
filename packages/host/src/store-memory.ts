// The books in memory: for simulation, and for development with a snapshot file that is written whole after each
// change. The same decisions as the SQL store, without a database.
import { CashdeskError } from '@cashdesk/kernel'
import type {
  Article,
  Books,
  Card,
  CardFilter,
  Change,
  Decision,
  HistoryEntry,
  Keys,
  Operation,
  Seed,
  Store,
} from './books.ts'
import { MAX_HISTORY } from './books.ts'

/** What a snapshot holds: the whole books, as JSON. */
export interface Snapshot {
  readonly version: 1
  readonly articles: readonly Article[]
  readonly cards: readonly Card[]
  readonly operations: readonly Operation[]
  readonly history: readonly HistoryEntry[]
}

/** The books as they are now, live: for who checks a host from outside. */
export interface MemoryBooks {
  /** By serial. */
  readonly cards: ReadonlyMap<string, Card>
  /** By operation id. */
  readonly operations: ReadonlyMap<string, Operation>
  /** Oldest first. */
  readonly history: readonly HistoryEntry[]
}

/** Makes a snapshot survive the loss of power before it resolves. */
export type Keep = (snapshot: Snapshot) => Promise<void>

/** Idempotency keys are for ever, memory is not: beyond this many operations the store takes no more. */
const MAX_OPERATIONS = 1_000_000

export class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly durable: boolean
  readonly #articles = new Map<string, Article>()
  readonly #cards = new Map<string, Card>()
  readonly #operations = new Map<string, Operation>()
  #history: HistoryEntry[] = []
  readonly #keep: Keep | undefined
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #broken: CashdeskError | undefined

  constructor(snapshot?: Snapshot, keep?: Keep) {
    for (const article of snapshot?.articles ?? []) this.#articles.set(article.prodid, article)
    for (const card of snapshot?.cards ?? []) this.#cards.set(card.serial, card)
    for (const operation of snapshot?.operations ?? []) this.#operations.set(operation.id, operation)
    this.#history = [...(snapshot?.history ?? [])]
    this.#keep = keep
    this.durable = keep !== undefined
  }

  get books(): MemoryBooks {
    return { cards: this.#cards, operations: this.#operations, history: this.#history }
  }

  /** Decides and changes at once, between two turns of the event loop; resolves when the change is kept. */
  async transact<T>(keys: Keys, decide: (books: Books) => Decision<T>): Promise<T> {
    this.#assertUsable()
    const { change, value } = decide(this.#load(keys))
    this.#apply(change)
    if (change.insert.length + change.update.length > 0) await this.#kept()
    else await this.#settled()
    return value
  }

  async card(serial: string): Promise<{ card: Card; history: readonly HistoryEntry[] } | undefined> {
    this.#assertUsable()
    const card = this.#cards.get(serial)
    if (card === undefined) return undefined
    const history = this.#history.filter(entry => entry.serial === serial).slice(-MAX_HISTORY)
    return { card, history }
  }

  async cards(filter: CardFilter): Promise<readonly Card[]> {
    this.#assertUsable()
    return [...this.#cards.values()]
      .filter(card => filter.state === undefined || card.state === filter.state)
      .filter(card => filter.after === undefined || card.serial > filter.after)
      .sort((a, b) => (a.serial < b.serial ? -1 : 1))
      .slice(0, filter.limit)
  }

  async operation(id: string): Promise<Operation | undefined> {
    this.#assertUsable()
    return this.#operations.get(id)
  }

  async seed(seed: Seed): Promise<number> {
    this.#assertUsable()
    for (const article of seed.articles) this.#articles.set(article.prodid, article)
    const fresh = seed.cards.filter(({ serial }) => !this.#cards.has(serial))
    for (const { serial, prodid } of fresh) {
      if (!this.#articles.has(prodid))
        throw new CashdeskError('host.database', { reason: `no article ${prodid}` })
      const nobody = { holder: null, heldUntil: null, activatedBy: null, activatedAt: null }
      this.#cards.set(serial, { serial, prodid, state: 'free', ...nobody })
    }
    await this.#kept()
    return fresh.length
  }

  async ping(): Promise<void> {
    this.#assertUsable()
  }

  async close(): Promise<void> {
    await this.#settled().catch(() => undefined)
  }

  #assertUsable(): void {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#operations.size >= MAX_OPERATIONS)
      throw new CashdeskError('host.database', { reason: 'the memory store is full', limit: MAX_OPERATIONS })
  }

  #load(keys: Keys): Books {
    const card = this.#cards.get(keys.serial)
    const own = this.#find(keys.own)
    const named = this.#find(keys.named)
    const partner = this.#find(named?.partner ?? undefined)
    return {
      ...(card ? { card } : {}),
      ...(own ? { own } : {}),
      ...(named ? { named } : {}),
      ...(partner ? { partner } : {}),
    }
  }

  #find(id: string | undefined): Operation | undefined {
    return id === undefined ? undefined : this.#operations.get(id)
  }

  #apply(change: Change): void {
    for (const operation of change.insert) {
      if (this.#operations.has(operation.id))
        throw new CashdeskError('host.database', { reason: 'an operation id was inserted twice' })
      this.#operations.set(operation.id, operation)
    }
    for (const update of change.update) {
      const former = this.#operations.get(update.id)
      if (former !== undefined) this.#operations.set(update.id, { ...former, ...update })
    }
    if (change.card !== undefined) this.#cards.set(change.card.serial, change.card)
    this.#history.push(...change.history)
  }

  /** Resolves when everything changed so far is kept. One write runs, one waits and covers all who came meanwhile. */
  #kept(): Promise<void> {
    const keep = this.#keep
    if (keep === undefined) return Promise.resolve()
    this.#next ??= this.#writing.then(async () => {
      this.#next = undefined
      if (this.#broken !== undefined) throw this.#broken
      this.#writing = keep(this.#snapshot()).catch(thrown => {
        const reason = thrown instanceof Error ? thrown.message : String(thrown)
        this.#broken = new CashdeskError('host.database', { reason }, { cause: thrown })
      })
      await this.#writing
      if (this.#broken !== undefined) throw this.#broken
    })
    return this.#next
  }

  /** A repeated answer is given only when the original is kept. */
  #settled(): Promise<void> {
    return this.#next ?? this.#writing.then(() => this.#assertUsable())
  }

  #snapshot(): Snapshot {
    return {
      version: 1,
      articles: [...this.#articles.values()],
      cards: [...this.#cards.values()],
      operations: [...this.#operations.values()],
      history: this.#history,
    }
  }
}
