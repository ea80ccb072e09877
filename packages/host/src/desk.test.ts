// The host without a server answers as the server does: the same requests, the same bytes.
import type { HttpRequest } from '@cashdesk/kernel'
import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { createApp } from './app.ts'
import { type InProcessHost, inProcessHost } from './desk.ts'
import { DEFAULT_POLICY } from './rules.ts'
import { MemoryStore } from './store-memory.ts'

const SERIAL = '6034714625981538'
const [RESERVATION, ACTIVATION, OTHER] = [1, 2, 3].map(n => `019b8d2b-8fee-7000-8000-00000000000${n}`)
const USERS = [{ user: 'shop', pass: 'open sesame', cspid: '4711' }]
const AT = Date.UTC(2026, 10, 21)

let app: FastifyInstance
let host: InProcessHost
let store: MemoryStore
let refuses = false

async function stocked(): Promise<MemoryStore> {
  const fresh = new MemoryStore()
  await fresh.seed({
    articles: [{ prodid: '4967', name: 'Music', gtin: '4260001190018' }],
    cards: [{ serial: SERIAL, prodid: '4967' }],
  })
  return fresh
}

beforeEach(async () => {
  refuses = false
  store = await stocked()
  const shared = { policy: DEFAULT_POLICY, users: USERS, now: () => AT }
  host = inProcessHost({ ...shared, store, refuses: () => refuses })
  app = await createApp({
    ...shared,
    store: await stocked(),
    adminToken: 'admin',
    log: { level: 'silent', stream: { write: () => undefined } },
  })
})

interface Wish {
  readonly action?: number
  readonly id?: string | undefined
  readonly about?: string | undefined
  readonly pass?: string
  readonly path?: string
  readonly more?: string
  readonly method?: 'GET' | 'POST'
}

function request(wish: Wish): HttpRequest {
  const {
    action = 1,
    id,
    about,
    pass = 'open sesame',
    path = '/contentcard/contentcard.php',
    more = '',
  } = wish
  const query = new URLSearchParams({ user: 'shop', pass, cspid: '4711', action: String(action) })
  for (const [name, value] of [
    ['serial', SERIAL],
    ['prodid', '4967'],
    ['serviceid', '1'],
    ['version', '1'],
  ] as const)
    query.set(name, value)
  if (about !== undefined) query.set('operation', about)
  return {
    method: wish.method ?? 'GET',
    url: `https://anywhere.example${path}?${query}${more}`,
    headers: id === undefined ? {} : { 'Idempotency-Key': id },
    timeoutMs: 1_000,
  }
}

async function bothAnswer(wish: Wish): Promise<{ status: number; body: unknown }> {
  const { method, url, headers } = request(wish)
  const own = await host.serve(request(wish))
  const { statusCode, body, headers: sent } = await app.inject({ method, url: url.slice(24), headers })
  expect([own.status, own.body]).toEqual([statusCode, body])
  expect(own.headers).toEqual({
    'content-type': sent['content-type'],
    'cache-control': sent['cache-control'],
  })
  return { status: own.status, body: JSON.parse(own.body) }
}

describe('the host in the same process', () => {
  it('answers a sale, its repetition and its void as the server does', async () => {
    expect(await bothAnswer({ id: RESERVATION })).toMatchObject({ status: 200, body: { result: 'reserved' } })
    expect(await bothAnswer({ id: RESERVATION })).toMatchObject({ body: { result: 'reserved' } })
    expect(await bothAnswer({ action: 2, id: ACTIVATION, about: RESERVATION })).toMatchObject({
      body: { result: 'activated' },
    })
    expect(await bothAnswer({ action: 4, about: ACTIVATION })).toMatchObject({ status: 200 })
    expect(await bothAnswer({ action: 4, about: OTHER })).toMatchObject({ status: 404 })
    expect(store.books.cards.get(SERIAL)).toMatchObject({ state: 'active', activatedBy: ACTIVATION })
    expect(store.books.operations.get(RESERVATION ?? '')).toMatchObject({ state: 'activated' })
    expect(store.books.history.map(({ event }) => event)).toEqual(['reserved', 'activated'])
  })

  it.each<[string, Wish, number]>([
    ['an unknown path', { path: '/other' }, 404],
    ['another method', { method: 'POST' }, 404],
    ['a wrong password', { id: RESERVATION, pass: 'wrong' }, 401],
    ['a parameter too many', { id: RESERVATION, more: '&extra=1' }, 400],
    ['a parameter twice', { id: RESERVATION, more: '&serial=1' }, 400],
    ['no operation id', {}, 400],
    ['an operation id that is none', { id: 'x' }, 400],
  ])('refuses %s as the server does', async (_what, wish, status) => {
    expect((await bothAnswer(wish)).status).toBe(status)
  })

  it('refuses another request under the same id as the server does', async () => {
    await bothAnswer({ id: RESERVATION })
    expect((await bothAnswer({ action: 2, id: RESERVATION, about: OTHER })).status).toBe(422)
  })

  it('refuses when it is told to, for as long as it is told to', async () => {
    refuses = true
    expect(await host.serve(request({ id: RESERVATION }))).toMatchObject({ status: 409 })
    expect(store.books.cards.get(SERIAL)?.state).toBe('free')
    refuses = false
    expect(await host.serve(request({ id: ACTIVATION }))).toMatchObject({ status: 200 })
  })
})
