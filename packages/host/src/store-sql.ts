// The books in PostgreSQL: one transaction per decision, the card's row locked, the operation's id unique.
// The same code serves a PostgreSQL server and the embedded PGlite; only the dialect differs.
import { CashdeskError } from '@cashdesk/kernel'
import { type Dialect, Kysely, PostgresDialect, type Selectable, sql, type Transaction } from 'kysely'
import pg from 'pg'
import type {
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
  StoreKind,
} from './books.ts'
import { MAX_HISTORY } from './books.ts'
import { migrate, type Tables } from './migrations.ts'
import { cardShape, historyShape, operationShape } from './shapes.ts'

/** How often one decision is started anew because another one got there first; each time it sees what that one did. */
const MAX_ATTEMPTS = 8
/** Connections to a server: a decision takes a few milliseconds, so ten serve hundreds of lanes. */
const MAX_CONNECTIONS = 10
/** Waiting for a connection or a lock longer than this is a store that is down. Milliseconds. */
const MAX_WAIT_MS = 5_000
/** Rows per INSERT while seeding. */
const SEED_BATCH = 500

/** unique_violation (somebody used this id just now), serialization_failure, deadlock_detected. */
const START_ANEW = new Set(['23505', '40001', '40P01'])

/**
 * Opens a PostgreSQL server's database and brings its tables up to date.
 * @throws CashdeskError `host.database`
 */
export async function openPostgres(url: string): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: MAX_WAIT_MS,
    lock_timeout: MAX_WAIT_MS,
    statement_timeout: 2 * MAX_WAIT_MS,
    idle_in_transaction_session_timeout: 2 * MAX_WAIT_MS,
  })
  // A connection that dies fails the decision that uses it, which says so itself; the pool replaces it. Without a
  // listener the process would die with it.
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return openSql('postgres', new PostgresDialect({ pool }))
}

/** Opens the books behind `dialect`. @throws CashdeskError `host.database` */
export async function openSql(kind: StoreKind, dialect: Dialect): Promise<Store> {
  const db = new Kysely<Tables>({ dialect })
  try {
    await migrate(db)
    return new SqlStore(kind, db, await isDurable(db))
  } catch (thrown) {
    await db.destroy().catch(() => undefined)
    throw asOurs(thrown)
  }
}

/** Does this server keep what it acknowledged when the power fails? */
async function isDurable(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ fsync: string; commit: string; pages: string }>`select
    current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
    current_setting('full_page_writes') as pages`.execute(db)
  const [row] = rows
  return row !== undefined && row.fsync === 'on' && row.commit !== 'off' && row.pages === 'on'
}

class SqlStore implements Store {
  readonly kind: StoreKind
  readonly durable: boolean
  readonly #db: Kysely<Tables>

  constructor(kind: StoreKind, db: Kysely<Tables>, durable: boolean) {
    this.kind = kind
    this.#db = db
    this.durable = durable
  }

  async transact<T>(keys: Keys, decide: (books: Books) => Decision<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#db.transaction().execute(async trx => {
          const { change, value } = decide(await load(trx, keys))
          await write(trx, change)
          return value
        })
      } catch (thrown) {
        if (attempt >= MAX_ATTEMPTS || !START_ANEW.has(codeOf(thrown))) throw asOurs(thrown)
      }
    }
  }

  card(serial: string): Promise<{ card: Card; history: readonly HistoryEntry[] } | undefined> {
    return guarded(async () => {
      const row = await this.#db
        .selectFrom('cards')
        .selectAll()
        .where('serial', '=', serial)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const entries = this.#db.selectFrom('history').select(['serial', 'at', 'event', 'operation', 'by'])
      const newest = await entries
        .where('serial', '=', serial)
        .orderBy('entry', 'desc')
        .limit(MAX_HISTORY)
        .execute()
      const history = newest.reverse().map(entry => historyShape.parse({ ...entry, at: entry.at.getTime() }))
      return { card: toCard(row), history }
    })
  }

  cards(filter: CardFilter): Promise<readonly Card[]> {
    return guarded(async () => {
      let query = this.#db.selectFrom('cards').selectAll()
      if (filter.state !== undefined) query = query.where('state', '=', filter.state)
      if (filter.after !== undefined) query = query.where(sql`serial collate "C"`, '>', filter.after)
      const rows = await query.orderBy(sql`serial collate "C"`).limit(filter.limit).execute()
      return rows.map(toCard)
    })
  }

  operation(id: string): Promise<Operation | undefined> {
    return guarded(() => findOperation(this.#db, id))
  }

  seed(seed: Seed): Promise<number> {
    return guarded(() =>
      this.#db.transaction().execute(async trx => {
        for (const batch of batchesOf(seed.articles)) {
          await trx
            .insertInto('articles')
            .values([...batch])
            .onConflict(conflict =>
              conflict.column('prodid').doUpdateSet(to => ({
                name: to.ref('excluded.name'),
                gtin: to.ref('excluded.gtin'),
              })),
            )
            .execute()
        }
        let added = 0
        for (const batch of batchesOf(seed.cards)) {
          const nobody = { holder: null, held_until: null, activated_by: null, activated_at: null }
          const rows = batch.map(({ serial, prodid }) => ({ serial, prodid, state: 'free', ...nobody }))
          const inserted = await trx
            .insertInto('cards')
            .values(rows)
            .onConflict(conflict => conflict.column('serial').doNothing())
            .executeTakeFirst()
          added += Number(inserted.numInsertedOrUpdatedRows ?? 0n)
        }
        return added
      }),
    )
  }

  ping(): Promise<void> {
    return guarded(async () => {
      await sql`select 1`.execute(this.#db)
    })
  }

  async close(): Promise<void> {
    await this.#db.destroy()
  }
}

/** The card's row first and locked: whoever decides about the same card waits here until we are done. */
async function load(trx: Transaction<Tables>, keys: Keys): Promise<Books> {
  const locked = trx.selectFrom('cards').selectAll().where('serial', '=', keys.serial).forUpdate()
  const card = await locked.executeTakeFirst()
  const own = keys.own === undefined ? undefined : await findOperation(trx, keys.own)
  const named = keys.named === undefined ? undefined : await findOperation(trx, keys.named)
  const partner = named?.partner ? await findOperation(trx, named.partner) : undefined
  return {
    ...(card ? { card: toCard(card) } : {}),
    ...(own ? { own } : {}),
    ...(named ? { named } : {}),
    ...(partner ? { partner } : {}),
  }
}

/** Endings before beginnings: the indexes that allow one reservation and one activation per card look at each row. */
async function write(trx: Transaction<Tables>, change: Change): Promise<void> {
  for (const { id, ...ending } of change.update)
    await trx.updateTable('operations').set(ending).where('id', '=', id).execute()
  if (change.insert.length > 0) {
    const rows = change.insert.map(operation => ({
      ...operation,
      answer: operation.answer === null ? null : JSON.stringify(operation.answer),
      at: new Date(operation.at),
    }))
    await trx.insertInto('operations').values(rows).execute()
  }
  if (change.card !== undefined) {
    const { serial, state, holder, heldUntil, activatedBy, activatedAt } = change.card
    await trx
      .updateTable('cards')
      .set({
        state,
        holder,
        held_until: toDate(heldUntil),
        activated_by: activatedBy,
        activated_at: toDate(activatedAt),
      })
      .where('serial', '=', serial)
      .execute()
  }
  if (change.history.length > 0) {
    const rows = change.history.map(entry => ({ ...entry, at: new Date(entry.at) }))
    await trx.insertInto('history').values(rows).execute()
  }
}

async function findOperation(db: Kysely<Tables>, id: string): Promise<Operation | undefined> {
  const row = await db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : operationShape.parse({ ...row, at: row.at.getTime() })
}

function toCard(row: Selectable<Tables['cards']>): Card {
  const { serial, prodid, state, holder } = row
  return cardShape.parse({
    serial,
    prodid,
    state,
    holder,
    heldUntil: row.held_until?.getTime() ?? null,
    activatedBy: row.activated_by,
    activatedAt: row.activated_at?.getTime() ?? null,
  })
}

function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at)
}

function* batchesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += SEED_BATCH) yield rows.slice(start, start + SEED_BATCH)
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw asOurs(thrown)
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}

/** The driver's messages name hosts and tables, and never a password or a row's content. */
function asOurs(thrown: unknown): CashdeskError {
  if (thrown instanceof CashdeskError) return thrown
  const reason = thrown instanceof Error ? thrown.message || codeOf(thrown) : String(thrown)
  return new CashdeskError('host.database', { reason, code: codeOf(thrown) }, { cause: thrown })
}
