// Memory, PostgreSQL and the embedded database keep the same books: random calls get the same answers from each, and
// on PostgreSQL the promises hold under real concurrency, across two hosts.
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CashdeskError } from '@cashdesk/kernel'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Operation, Store } from './books.ts'
import { openEmbedded } from './embedded.ts'
import { type ActivationRequest, DEFAULT_POLICY, decide, keysOf, type Verdict } from './rules.ts'
import { MemoryStore } from './store-memory.ts'
import { openPostgres, openSql } from './store-sql.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const ARTICLES = ['4967', '4968'].map(prodid => ({ prodid, name: prodid, gtin: '4260001190018' }))
const NOW = Date.UTC(2026, 10, 21)

interface Server {
  readonly url: string
  stop(): Promise<void>
}

/** A server to test on: the one that is configured, else a private one; undefined when none is installed. */
async function server(): Promise<Server | undefined> {
  const configured = process.env['CASHDESK_TEST_DATABASE_URL'] ?? process.env['DATABASE_URL']
  if (configured) return { url: configured, stop: async () => undefined }
  const { href } = new URL('../../../.ci/postgres.mjs', import.meta.url)
  const { startPostgres } = z.object({ startPostgres: z.function() }).parse(await import(href))
  try {
    const started = await startPostgres()
    return z.object({ url: z.string(), stop: z.custom<Server['stop']>() }).parse(started)
  } catch (thrown) {
    if (process.env['CASHDESK_REQUIRE'] === 'all') throw thrown
    process.stderr.write('Skipped on PostgreSQL: install it (apt install postgresql) or set DATABASE_URL.\n')
    return undefined
  }
}

const postgres = await server()
const database = `cashdesk_${randomUUID().replaceAll('-', '')}`
const folder = await mkdtemp(join(tmpdir(), 'cashdesk-host-'))

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres?.url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

function databaseUrl(): string {
  const url = new URL(postgres?.url ?? '')
  url.pathname = `/${database}`
  return url.href
}

const openServer = (): Promise<Store> => openPostgres(databaseUrl())

const EMBEDDED = join(folder, 'embedded')

/** The embedded database's process is the built one. */
function build(): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  spawnSync(process.execPath, [tsc, '-b', 'packages/host'], { cwd: ROOT })
}

async function openPGlite(): Promise<Store> {
  return openSql('embedded', (await openEmbedded(EMBEDDED)).dialect)
}

/** A killed host's database process ends a moment later, and holds the directory until then. */
async function openPGliteWhenFree(): Promise<Store> {
  for (;;) {
    try {
      return await openPGlite()
    } catch (thrown) {
      if (!(thrown instanceof CashdeskError && thrown.code === 'host.in-use')) throw thrown
    }
  }
}

/** The program on the embedded database, once it serves. */
async function program(): Promise<{ readonly url: string; kill(): Promise<void> }> {
  const main = join(ROOT, 'packages/host/dist/main.js')
  const { DATABASE_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [main, '--port', '0', '--dir', EMBEDDED], { env })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const line = await new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data))))
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return { url: z.object({ host: z.string() }).parse(JSON.parse(line)).host, kill }
}

beforeAll(async () => {
  if (postgres) await administer(`create database ${database}`)
})
afterAll(async () => {
  if (postgres) await administer(`drop database ${database} with (force)`)
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
})

function ask(store: Store, request: ActivationRequest, now = NOW): Promise<Verdict> {
  return store.transact(keysOf(request), books => decide(books, request, now, DEFAULT_POLICY))
}

interface Step {
  readonly action: ActivationRequest['action']
  readonly own: number
  readonly named: number
  readonly card: number
  readonly prodid: string
  readonly owner: string
  readonly waitMs: number
}

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(
    ...(['reserve', 'reserve', 'activate', 'release', 'renew', 'void', 'status'] as const),
  ),
  own: fc.integer({ min: 0, max: 8 }),
  named: fc.integer({ min: 0, max: 8 }),
  card: fc.integer({ min: 0, max: 2 }),
  prodid: fc.constantFrom('4967', '4967', '4967', '4968'),
  owner: fc.constantFrom('acme/1', 'acme/1', 'acme/1', 'other/2'),
  waitMs: fc.constantFrom(0, 0, 7, 16 * 60_000, 25 * 3_600_000),
})

/** Ids and serials of one run, so that runs on one database do not meet. Card 2 is not in the books. */
interface Names {
  readonly ids: readonly string[]
  readonly serials: readonly string[]
}

function names(): Names {
  const run = randomUUID().slice(0, 8)
  return {
    ids: Array.from({ length: 9 }, () => randomUUID()),
    serials: ['0', '1', '2'].map(n => `${run}-${n}`),
  }
}

function requestOf(
  { ids, serials }: Names,
  { action, own, named, card, prodid, owner }: Step,
): ActivationRequest {
  const serial = serials[card] ?? ''
  const about = action === 'reserve' ? {} : { named: ids[named] ?? '' }
  const payload = JSON.stringify([action, owner, serial, prodid, about])
  const common = { owner, serial, prodid, payload, ...about }
  const id = action === 'status' ? {} : { id: ids[own] ?? '' }
  return { action, ...id, ...common } as ActivationRequest
}

async function seeded(store: Store, { serials }: Names): Promise<void> {
  const cards = serials.slice(0, 2).map(serial => ({ serial, prodid: '4967' }))
  expect(await store.seed({ articles: ARTICLES, cards })).toBe(2)
}

async function booksOf(store: Store, { ids, serials }: Names): Promise<object> {
  const cards = await Promise.all(serials.map(serial => store.card(serial)))
  const operations = await Promise.all(ids.map(id => store.operation(id)))
  return { cards, operations }
}

/** Every call is answered by both stores alike, and at the end both keep the same rows. */
async function agree(store: Store, numRuns: number, maxLength: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength, size: 'max' }), async steps => {
      const memory = new MemoryStore()
      const run = names()
      await seeded(memory, run)
      await seeded(store, run)
      let now = NOW
      for (const each of steps) {
        now += each.waitMs
        const request = requestOf(run, each)
        expect(await ask(store, request, now)).toEqual(await ask(memory, request, now))
      }
      expect(await booksOf(store, run)).toEqual(await booksOf(memory, run))
    }),
    { numRuns, endOnFailure: true },
  )
}

describe('the embedded database', () => {
  it('answers and keeps what memory does, for one host at a time, also one that is killed', async () => {
    build()
    let store = await openPGlite()
    expect(store.durable).toBe(false)
    await expect(openEmbedded(EMBEDDED)).rejects.toMatchObject({ code: 'host.in-use' })
    await agree(store, 4, 20)
    const run = names()
    await seeded(store, run)
    await ask(store, reserve(run))
    await store.close()

    const { url, kill } = await program()
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ store: 'embedded', durable: false })
    await kill()
    store = await openPGliteWhenFree()
    expect(await ask(store, reserve(run))).toMatchObject({ result: 'reserved', original: true })
    await store.close()
  }, 60_000)
})

describe.skipIf(postgres === undefined)('PostgreSQL', () => {
  let store: Store
  let other: Store
  beforeAll(async () => {
    // Two hosts that start at the same moment on an empty database: one migrates, the other waits.
    ;[store, other] = await Promise.all([openServer(), openServer()])
  })
  afterAll(async () => {
    await store.close()
    await other.close()
  })

  it('answers and keeps what memory does', async () => {
    await agree(store, 50, 30)
  })

  it('lets one of many simultaneous reservations of a card win, across hosts', async () => {
    for (let round = 0; round < 5; round += 1) {
      const run = names()
      await seeded(store, run)
      const verdicts = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          ask(index % 2 ? store : other, { ...reserve(run), id: randomUUID(), payload: 'x' }),
        ),
      )
      expect(verdicts.filter(verdict => resultOf(verdict) === 'reserved')).toHaveLength(1)
      expect(verdicts.filter(verdict => resultOf(verdict) === 'refused/taken')).toHaveLength(29)
    }
  })

  it('does an operation once, however often and wherever it arrives at the same time', async () => {
    const run = names()
    await seeded(store, run)
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, index) => ask(index % 2 ? store : other, reserve(run))),
    )
    expect(verdicts.map(resultOf)).toEqual(verdicts.map(() => 'reserved'))
    expect(verdicts.filter(verdict => typeof verdict === 'object' && verdict.original)).toHaveLength(29)
    expect((await store.card(run.serials[0] ?? ''))?.history).toHaveLength(1)
  })

  it('lets one id mean one thing when it arrives for two cards at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      const run = names()
      await seeded(store, run)
      const second = { ...reserve(run), serial: run.serials[1] ?? '', payload: 'second' }
      const verdicts = await Promise.all([ask(store, reserve(run)), ask(other, second)])
      expect(verdicts.map(resultOf).sort()).toEqual(['repeated-differently', 'reserved'])
    }
  })

  it('makes a status and its late original agree, whichever comes first', async () => {
    const seen = new Set<string>()
    for (let round = 0; round < 20; round += 1) {
      const run = names()
      await seeded(store, run)
      const original = reserve(run)
      const status: ActivationRequest = { ...original, action: 'status', named: original.id }
      const calls = [() => ask(store, original), () => ask(other, status)]
      const [first, second] = round % 2 ? calls : calls.toReversed()
      const verdicts = await Promise.all([first?.(), second?.()])
      const both = verdicts.map(verdict => (verdict ? resultOf(verdict) : '')).sort()
      expect([
        ['reserved', 'reserved'],
        ['not-found', 'refused/released'],
      ]).toContainEqual(both)
      seen.add(both.join())
    }
    expect(seen.size).toBeGreaterThan(0)
  })

  it('either activates or releases a reservation when both arrive at the same time', async () => {
    for (let round = 0; round < 15; round += 1) {
      const run = names()
      await seeded(store, run)
      const { id: named, ...reservation } = reserve(run)
      await ask(store, { ...reservation, id: named })
      const follow = (action: 'activate' | 'release'): ActivationRequest => ({
        ...reservation,
        action,
        named,
        id: randomUUID(),
        payload: action,
      })
      const verdicts = await Promise.all([ask(store, follow('activate')), ask(other, follow('release'))])
      const state = (await store.card(reservation.serial))?.card.state
      expect([
        ['activated', 'refused/already-active', 'active'],
        ['refused/released', 'released', 'free'],
      ]).toContainEqual([...verdicts.map(resultOf), state])
    }
  })

  it('keeps its books sound under a storm of calls', async () => {
    const run = names()
    await seeded(store, run)
    const steps = fc.sample(step, { numRuns: 300, seed: 4967 })
    await Promise.all(steps.map((each, index) => ask(index % 2 ? store : other, requestOf(run, each))))
    for (const serial of run.serials.slice(0, 2)) {
      const found = await store.card(serial)
      const count = (event: string): number =>
        found?.history.filter(entry => entry.event === event).length ?? 0
      expect(count('activated') - count('voided')).toBe(found?.card.state === 'active' ? 1 : 0)
      expect(count('reserved') - count('released') - count('lost')).toBeGreaterThanOrEqual(0)
    }
    const kept = (await Promise.all(run.ids.map(id => store.operation(id)))).filter(
      (operation): operation is Operation => operation !== undefined,
    )
    expect(kept.length).toBeGreaterThan(5)
  })

  it('survives the loss of its connections; who asks again under the same id learns what became of it', async () => {
    const run = names()
    await seeded(store, run)
    const steps = fc.sample(step, { numRuns: 120, seed: 22 }).map(each => requestOf(run, each))
    const holder = new pg.Client({ connectionString: databaseUrl() })
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query('begin')
    await holder.query('select * from cards where serial = any($1) for update', [run.serials])
    const answers = steps.map(request => ask(store, request).catch((thrown: unknown) => thrown))
    const waiting =
      "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    while ((await holder.query(waiting)).rowCount === 0);
    await administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`)
    const lost = (await Promise.all(answers)).filter(answer => answer instanceof Error)
    expect(lost.length).toBeGreaterThan(0)
    for (const error of lost) expect(error).toMatchObject({ code: 'host.database' })
    await until(() => store.ping())
    for (const request of steps) expect(typeof resultOf(await ask(store, request))).toBe('string')
  })

  it('seeds again without touching a card, and knows that this server is durable or not', async () => {
    const run = names()
    await seeded(store, run)
    await ask(store, reserve(run))
    const cards = run.serials.map(serial => ({ serial, prodid: '4967' }))
    expect(await store.seed({ articles: ARTICLES, cards })).toBe(1)
    expect((await store.card(run.serials[0] ?? ''))?.card.state).toBe('reserved')
    expect(typeof store.durable).toBe('boolean')
  })

  it('pages through the cards in the order of their serials', async () => {
    const run = names()
    await seeded(store, run)
    const [first = '', second = ''] = run.serials
    expect((await store.cards({ after: first, limit: 1 })).map(card => card.serial)).toEqual([second])
    expect((await store.cards({ state: 'active', after: first, limit: 1 }))[0]?.serial).not.toBe(second)
  })
})

function reserve({ ids, serials }: Names): Extract<ActivationRequest, { action: 'reserve' }> {
  return {
    action: 'reserve',
    id: ids[0] ?? '',
    owner: 'acme/1',
    serial: serials[0] ?? '',
    prodid: '4967',
    payload: 'first',
  }
}

/** A pool notices its dead connections one by one. */
async function until(works: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const worked = await works().then(
      () => true,
      () => false,
    )
    if (worked) return
  }
  await works()
}

function resultOf(verdict: Verdict): string {
  if (verdict === 'repeated-differently') return verdict
  return verdict.reason === undefined ? verdict.result : `${verdict.result}/${verdict.reason}`
}
