// The embedded database from the host's side: starts its process, speaks SQL with it, and fits it under Kysely as one
// connection. For development: PGlite never syncs, so nothing here survives the loss of power for certain.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CashdeskError, type ErrorReport } from '@cashdesk/kernel'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'

/** What the database's process says. */
export type FromEmbedded =
  | { readonly kind: 'ready'; readonly rssBytes: number }
  | { readonly kind: 'failed'; readonly report: ErrorReport }
  | {
      readonly kind: 'answer'
      readonly id: number
      readonly rows: readonly unknown[]
      readonly affectedRows: number
    }
  | { readonly kind: 'trouble'; readonly id: number; readonly reason: string; readonly code: string }

export interface Embedded {
  readonly dialect: Dialect
  /** Resident memory of the database's process when it was ready. */
  readonly rssBytes: number
}

/** Opening includes creating a database the first time, which takes seconds. */
const OPEN_TIMEOUT_MS = 60_000
/** After being told to close, the process gets this long before it is killed. */
const CLOSE_TIMEOUT_MS = 10_000
/** Decisions that may wait for the single connection; one more is a store that is down. */
const MAX_WAITING = 1_000

/** From the sources (tests) the process is the built one: node runs no TypeScript before version 22. */
const PROCESS = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../dist/embedded-process.js', import.meta.url)
    : new URL('./embedded-process.js', import.meta.url),
)

/** @throws CashdeskError `host.in-use` or `host.database` */
export async function openEmbedded(directory: string): Promise<Embedded> {
  // Structured clone keeps dates dates. The child's own output is engine noise and must not reach our stdout.
  const child = fork(PROCESS, [directory], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  })
  const rssBytes = await opened(child).catch(thrown => {
    child.kill('SIGKILL')
    throw thrown
  })
  const link = new Link(child)
  const dialect: Dialect = {
    createDriver: () => new EmbeddedDriver(link),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: db => new PostgresIntrospector(db),
  }
  return { dialect, rssBytes }
}

function opened(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new CashdeskError('host.database', { reason }))
    const timer = setTimeout(() => fail('the embedded database did not open in time'), OPEN_TIMEOUT_MS)
    child.once('error', thrown => fail(thrown.message))
    child.once('exit', code => fail(`the embedded database ended with ${code}`))
    child.once('message', (message: FromEmbedded) => {
      clearTimeout(timer)
      child.removeAllListeners('exit')
      if (message.kind === 'ready') resolve(message.rssBytes)
      else if (message.kind === 'failed')
        reject(new CashdeskError(message.report.code, message.report.detail))
      else fail('the embedded database spoke out of turn')
    })
  })
}

interface Waiting {
  readonly resolve: (result: QueryResult<unknown>) => void
  readonly reject: (error: Error) => void
}

/** Questions and answers, matched by number. When the process dies, whatever is open fails, and all that follows. */
class Link {
  readonly #child: ChildProcess
  readonly #open = new Map<number, Waiting>()
  #count = 0
  #dead: CashdeskError | undefined

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: FromEmbedded) => this.#hear(message))
    child.on('error', thrown => this.#die(thrown.message))
    child.on('exit', () => this.#die('the embedded database’s process ended'))
  }

  ask(query: CompiledQuery): Promise<QueryResult<unknown>> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead)
      this.#count += 1
      const id = this.#count
      this.#open.set(id, { resolve, reject })
      this.#child.send({ id, sql: query.sql, parameters: [...query.parameters] }, thrown => {
        if (thrown) this.#die(thrown.message)
      })
    })
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise<void>(resolve => this.#child.once('exit', () => resolve()))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_TIMEOUT_MS)
    if (this.#child.connected) this.#child.disconnect()
    await ended
    clearTimeout(timer)
  }

  #hear(message: FromEmbedded): void {
    if (message.kind !== 'answer' && message.kind !== 'trouble') return
    const waiting = this.#open.get(message.id)
    this.#open.delete(message.id)
    if (message.kind === 'answer')
      waiting?.resolve({ rows: [...message.rows], numAffectedRows: BigInt(message.affectedRows) })
    else waiting?.reject(Object.assign(new Error(message.reason), { code: message.code }))
  }

  #die(reason: string): void {
    this.#dead ??= new CashdeskError('host.database', { reason })
    for (const waiting of this.#open.values()) waiting.reject(this.#dead)
    this.#open.clear()
  }
}

/** One connection for all: whoever wants it waits in line. */
class EmbeddedDriver implements Driver {
  readonly #link: Link
  readonly #connection: DatabaseConnection
  readonly #line: (() => void)[] = []
  #taken = false

  constructor(link: Link) {
    this.#link = link
    this.#connection = {
      executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        const result = await link.ask(query)
        // Boundary: the row type is what the caller's SQL says; the store parses every row it uses.
        return result as QueryResult<R>
      },
      streamQuery: () => {
        throw new CashdeskError('host.database', { reason: 'the embedded database does not stream' })
      },
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#line.length >= MAX_WAITING)
      throw new CashdeskError('host.database', { reason: 'too many wait', limit: MAX_WAITING })
    if (this.#taken) await new Promise<void>(resolve => this.#line.push(resolve))
    this.#taken = true
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    const next = this.#line.shift()
    if (next === undefined) this.#taken = false
    else next()
  }

  async beginTransaction(): Promise<void> {
    await this.#link.ask(CompiledQuery.raw('begin'))
  }

  async commitTransaction(): Promise<void> {
    await this.#link.ask(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(): Promise<void> {
    await this.#link.ask(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    await this.#link.close()
  }
}
