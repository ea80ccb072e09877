// Starts a host as a library: opens the store, seeds it, serves. Everything it needs is in its options; it reads no
// environment and prints nothing.
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { CashdeskError, type EpochMs } from '@cashdesk/kernel'
import { registerAccidents } from './accidents.ts'
import { createApp, type HostLog } from './app.ts'
import type { Seed, Store, StoreKind } from './books.ts'
import { lockDirectory } from './directory-lock.ts'
import { openEmbedded } from './embedded.ts'
import { DEFAULT_POLICY, type Policy } from './rules.ts'
import { seedShape, type User } from './shapes.ts'
import { readSnapshot, snapshotKeeper } from './snapshot.ts'
import { MemoryStore } from './store-memory.ts'
import { openPostgres, openSql } from './store-sql.ts'

export type StoreChoice =
  | { readonly kind: 'memory'; readonly snapshot?: string }
  | { readonly kind: 'embedded'; readonly dir: string }
  | { readonly kind: 'postgres'; readonly url: string }

export interface HostOptions {
  readonly store: StoreChoice
  /** Default 0: any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly address?: string
  /** Who may use the exchange. Absent: the development user, on a loopback address and not on PostgreSQL. */
  readonly users?: readonly User[]
  /** For `/api`. Absent: the development token, under the same condition. */
  readonly adminToken?: string
  /** Articles and cards, or the file that holds them. Default: packages/host/seed.json. */
  readonly seed?: Seed | string
  readonly policy?: Partial<Policy>
  /** Lets `POST /accidents` make this host misbehave; on a loopback address only. */
  readonly accidents?: boolean
  readonly now?: () => EpochMs
  readonly log?: HostLog
}

export interface Host {
  /** `http://127.0.0.1:8440`, without a slash at the end. */
  readonly url: string
  readonly store: StoreKind
  /** Does an answer survive the loss of power? */
  readonly durable: boolean
  /** What a person should know about this start, in sentences. Never a secret. */
  readonly notices: readonly string[]
  /** Stops taking requests, lets the store finish, and releases every lock. */
  close(): Promise<void>
}

export const DEVELOPMENT_USER: User = { user: 'demo', pass: 'demo-pass', cspid: '4711' }
export const DEVELOPMENT_ADMIN_TOKEN = 'demo-admin'

/** How long a stop waits for requests that are under way. */
const CLOSE_TIMEOUT_MS = 3_000

const DEFAULT_SEED: URL = new URL('../seed.json', import.meta.url)

/**
 * @throws CashdeskError `config.invalid` (users, seed, accidents), `host.database`, `host.in-use`, `host.port-in-use`
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const address = options.address ?? '127.0.0.1'
  const credentials = credentialsOf(options, address)
  if (options.accidents && !isLoopback(address))
    throw new CashdeskError('config.invalid', { field: 'accidents', reason: 'only on a loopback address' })
  const seed = await seedOf(options.seed)
  const { store, notices } = await openStore(options.store)
  try {
    const added = await store.seed(seed)
    const app = await createApp({
      store,
      policy: { ...DEFAULT_POLICY, ...options.policy },
      users: credentials.users,
      adminToken: credentials.adminToken,
      now: options.now ?? Date.now,
      log: options.log ?? { level: 'silent', stream: { write: () => undefined } },
      ...(options.accidents ? { misbehave: registerAccidents } : {}),
    })
    const url = await app.listen({ host: address, port: options.port ?? 0 }).catch(thrown => {
      throw whyNotListening(thrown, address, options.port ?? 0)
    })
    const seeded = added > 0 ? [`${added} new cards from the seed file.`] : []
    return {
      url,
      store: store.kind,
      durable: store.durable,
      notices: [...credentials.notices, ...notices, ...seeded],
      close: async () => {
        // Requests that are being worked on are answered; whoever is slower than this asks again.
        const patience = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS)
        await app.close()
        clearTimeout(patience)
        await store.close()
      },
    }
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

interface Opened {
  readonly store: Store
  readonly notices: readonly string[]
}

async function openStore(choice: StoreChoice): Promise<Opened> {
  if (choice.kind === 'postgres') {
    const store = await openPostgres(choice.url)
    const warning = 'NOT DURABLE: this server runs with fsync, synchronous_commit or full_page_writes off.'
    return { store, notices: store.durable ? [] : [warning] }
  }
  if (choice.kind === 'embedded') {
    const { dialect, rssBytes } = await openEmbedded(choice.dir)
    const megabytes = Math.round(rssBytes / 1_048_576)
    const notice = `NOT DURABLE: the embedded database (PGlite, ${megabytes} MB in its own process) never syncs. For development; set DATABASE_URL for a PostgreSQL server.`
    return { store: await openSql('embedded', dialect), notices: [notice] }
  }
  if (choice.snapshot === undefined)
    return {
      store: new MemoryStore(),
      notices: ['NOT DURABLE: the books are in memory only. For development.'],
    }
  return openSnapshot(choice.snapshot)
}

/** Two hosts on one snapshot would each overwrite what the other answered. */
async function openSnapshot(path: string): Promise<Opened> {
  const lock = await lockDirectory(`${path}.lock`)
  try {
    const store = new MemoryStore(await readSnapshot(path), snapshotKeeper(path))
    const close = store.close.bind(store)
    store.close = async () => {
      await close()
      await lock.release()
    }
    return {
      store,
      notices: ['The books are in memory and written whole after each change. For development.'],
    }
  } catch (thrown) {
    await lock.release()
    throw thrown
  }
}

interface Credentials {
  readonly users: readonly User[]
  readonly adminToken: string
  readonly notices: readonly string[]
}

function credentialsOf(options: HostOptions, address: string): Credentials {
  const { users, adminToken } = options
  if (users !== undefined && adminToken !== undefined) return { users, adminToken, notices: [] }
  const missing = users === undefined ? 'users' : 'adminToken'
  if (options.store.kind === 'postgres' || !isLoopback(address))
    throw new CashdeskError('config.invalid', {
      field: missing,
      reason: 'missing, and this is no development host',
    })
  return {
    users: users ?? [DEVELOPMENT_USER],
    adminToken: adminToken ?? DEVELOPMENT_ADMIN_TOKEN,
    notices: [`No ${missing} configured: serving the development credentials of docs/host-activation.md.`],
  }
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

async function seedOf(given: Seed | string | undefined): Promise<Seed> {
  if (typeof given === 'object') return given
  const from = given ?? DEFAULT_SEED
  try {
    return seedShape.parse(JSON.parse(await readFile(from, 'utf8')))
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new CashdeskError(
      'config.invalid',
      { field: 'seed', reason: reason.slice(0, 400) },
      { cause: thrown },
    )
  }
}

function whyNotListening(thrown: unknown, address: string, port: number): CashdeskError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  if (code === 'EADDRINUSE') return new CashdeskError('host.port-in-use', { port }, { cause: thrown })
  return new CashdeskError(
    'config.invalid',
    { field: 'port', address, port, reason: code },
    { cause: thrown },
  )
}
