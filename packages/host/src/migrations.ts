// The database's tables, and how an older database becomes today's. A migration that was released is never edited.
import { CashdeskError } from '@cashdesk/kernel'
import { type ColumnType, type Kysely, type Migration, Migrator, sql } from 'kysely'

/** `timestamptz`, which both drivers answer as a `Date`. */
type Time = ColumnType<Date, Date, Date>
type MaybeTime = ColumnType<Date | null, Date | null, Date | null>

export interface Tables {
  articles: { prodid: string; name: string; gtin: string }
  cards: {
    serial: string
    prodid: string
    state: string
    holder: string | null
    held_until: MaybeTime
    activated_by: string | null
    activated_at: MaybeTime
  }
  operations: {
    id: string
    kind: string
    owner: string
    payload: string
    serial: string
    state: string
    partner: string | null
    answer: ColumnType<unknown, string | null, string | null>
    at: Time
  }
  history: {
    entry: ColumnType<number, never, never>
    serial: string
    at: Time
    event: string
    operation: string
    by: string
  }
}

const first: Migration = {
  async up(db): Promise<void> {
    await sql`create table articles (
      prodid text primary key, name text not null, gtin text not null)`.execute(db)
    // The primary key is what makes an operation happen once: rule 1 of docs/host-activation.md.
    await sql`create table operations (
      id uuid primary key,
      kind text not null check (kind in ('reserve', 'activate', 'release', 'renew', 'void', 'buried')),
      owner text not null, payload text not null, serial text not null, state text not null,
      partner uuid, answer jsonb, at timestamptz not null)`.execute(db)
    await sql`create table cards (
      serial text primary key,
      prodid text not null references articles,
      state text not null check (state in ('free', 'reserved', 'active', 'voided')),
      holder uuid references operations deferrable initially deferred,
      held_until timestamptz,
      activated_by uuid references operations deferrable initially deferred,
      activated_at timestamptz,
      check ((state = 'reserved') = (holder is not null)),
      check ((state = 'active') = (activated_by is not null)))`.execute(db)
    await sql`create index cards_by_state on cards (state, serial)`.execute(db)
    // One reservation and one activation stand per card, whatever the code does.
    await sql`create unique index one_reservation on operations (serial)
      where kind = 'reserve' and state = 'reserved'`.execute(db)
    await sql`create unique index one_activation on operations (serial)
      where kind = 'activate' and state = 'activated'`.execute(db)
    await sql`create table history (
      entry bigint generated always as identity primary key,
      serial text not null references cards, at timestamptz not null,
      event text not null, operation uuid not null, by text not null)`.execute(db)
    await sql`create index history_by_card on history (serial, entry)`.execute(db)
  },
}

const MIGRATIONS: { readonly [name: string]: Migration } = { '001-activation': first }

/**
 * Brings the database up to date; several hosts may do so at the same time.
 * @throws CashdeskError `host.database` when a migration fails, or the database is newer than this host
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error === undefined) return
  const reason = error instanceof Error ? error.message : String(error)
  throw new CashdeskError('host.database', { reason }, { cause: error })
}
