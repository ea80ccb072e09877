// The host over real HTTP: the exchange as published, coded answers to bad input, no password in any log, accidents.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ERRORS } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import seed from '../seed.json' with { type: 'json' }
import { type Host, type HostOptions, startHost } from './start.ts'

const PASS = 'tr0ub4dor&3 pass'
const USERS = [
  { user: 'acme', pass: PASS, cspid: '4711' },
  { user: 'free', pass: 'free-pass' },
]
const ADMIN = { authorization: 'Bearer admin-secret' }
const [FIRST = { serial: '', prodid: '' }, SECOND = { serial: '', prodid: '' }] = seed.cards

let host: Host
let lines: string[]

async function start(options: Partial<HostOptions> = {}): Promise<Host> {
  lines = []
  return startHost({
    store: { kind: 'memory' },
    users: USERS,
    adminToken: 'admin-secret',
    accidents: true,
    log: { level: 'trace', stream: { write: line => void lines.push(line) } },
    ...options,
  })
}

beforeEach(async () => {
  host = await start()
})
afterEach(() => host.close())

type Given = { readonly [name: string]: string }

/** The published query: names and order as the exchange has them. */
function exchange(action: number, given: Given = {}): string {
  const { operation, ...rest } = given
  const query = new URLSearchParams({
    user: 'acme',
    pass: PASS,
    cspid: '4711',
    action: String(action),
    serial: FIRST.serial,
    prodid: FIRST.prodid,
    serviceid: '1',
    version: '1',
    ...rest,
    ...(operation === undefined ? {} : { operation }),
  })
  return `/contentcard/contentcard.php?${query}`
}

interface Got {
  readonly status: number
  readonly body: { readonly [name: string]: unknown }
}

async function get(path: string, headers: Given = {}, method = 'GET', body?: object): Promise<Got> {
  const answer = await fetch(`${host.url}${path}`, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return {
    status: answer.status,
    body: z.record(z.string(), z.unknown()).parse(JSON.parse(await answer.text())),
  }
}

function send(action: number, id: string, given: Given = {}): Promise<Got> {
  return get(exchange(action, given), { 'idempotency-key': id })
}

const coded = (code: keyof typeof ERRORS) =>
  expect.objectContaining({ code, message: ERRORS[code].message, next: ERRORS[code].next })

describe('the exchange', () => {
  it('reserves, activates, tells and voids, as its page says', async () => {
    const [reservation, activation, undo] = [randomUUID(), randomUUID(), randomUUID()]
    expect(await send(1, reservation)).toEqual({
      status: 200,
      body: { result: 'reserved', operation: reservation, serial: FIRST.serial, expiresInMs: 900_000 },
    })
    expect(await send(5, randomUUID(), { operation: reservation })).toMatchObject({
      status: 200,
      body: { result: 'renewed' },
    })
    expect(await send(2, activation, { operation: reservation })).toEqual({
      status: 200,
      body: {
        result: 'activated',
        operation: activation,
        serial: FIRST.serial,
        activatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    })
    expect(await get(exchange(4, { operation: activation }))).toMatchObject({
      status: 200,
      body: { result: 'activated', operation: activation },
    })
    expect(await send(6, undo, { operation: activation })).toMatchObject({
      status: 200,
      body: { result: 'voided' },
    })
  })

  it('answers 409 with a reason, 404 for what it never saw, and the original again', async () => {
    const id = randomUUID()
    expect(await send(1, id, { serial: '0000' })).toMatchObject({
      status: 409,
      body: { result: 'refused', reason: 'unknown-serial' },
    })
    expect(await send(1, id.toUpperCase(), { serial: '0000' })).toMatchObject({
      status: 409,
      body: { operation: id, original: true },
    })
    const unseen = randomUUID()
    expect(await get(exchange(4, { operation: unseen }))).toMatchObject({
      status: 404,
      body: { result: 'not-found', operation: unseen },
    })
    expect(await send(1, unseen)).toMatchObject({ status: 409, body: { reason: 'released' } })
    expect(await send(3, randomUUID(), { operation: randomUUID() })).toMatchObject({
      status: 200,
      body: { result: 'released' },
    })
  })

  it('answers 422 to an id that was used for something else, and does nothing', async () => {
    const id = randomUUID()
    await send(1, id)
    expect(await send(1, id, { serial: SECOND.serial })).toEqual({
      status: 422,
      body: coded('host.repeated-differently'),
    })
    expect(await get(`/api/cards/${SECOND.serial}`, ADMIN)).toMatchObject({ body: { state: 'free' } })
  })

  it('accepts the password, the user and the shop only together', async () => {
    const wrong = { status: 401, body: coded('host.unauthorised') }
    expect(await send(1, randomUUID(), { pass: 'guess' })).toEqual(wrong)
    expect(await send(1, randomUUID(), { user: 'free' })).toEqual(wrong)
    expect(await send(1, randomUUID(), { cspid: '9' })).toEqual(wrong)
    expect(await send(1, randomUUID(), { user: 'free', pass: 'free-pass', cspid: '9' })).toMatchObject({
      status: 200,
    })
  })

  it.each([
    ['a blank after the action', exchange(1).replace('action=1', 'action=1%20'), randomUUID()],
    ['an action that is not there', exchange(7), randomUUID()],
    ['another version', exchange(1, { version: '2' }), randomUUID()],
    ['a missing serial', exchange(1).replace(/&serial=\d+/, ''), randomUUID()],
    ['a serial with a slash', exchange(1, { serial: 'a/b' }), randomUUID()],
    ['a parameter twice', `${exchange(1)}&serial=1`, randomUUID()],
    ['a parameter of its own', `${exchange(1)}&discount=1`, randomUUID()],
    ['no id', exchange(1), ''],
    ['an id that is no UUID', exchange(1), '17'],
    ['no operation to activate', exchange(2), randomUUID()],
    ['an operation to reserve', exchange(1, { operation: randomUUID() }), randomUUID()],
    [
      'a release of itself',
      exchange(3, { operation: '0192f0c1-7c3a-7000-8a51-5d0c3f6f2b11' }),
      '0192f0c1-7c3a-7000-8a51-5d0c3f6f2b11',
    ],
  ])('answers 400 to %s', async (_what, path, id) => {
    expect(await get(path, id === '' ? {} : { 'idempotency-key': id })).toEqual({
      status: 400,
      body: coded('host.bad-request'),
    })
    expect(await get(`/api/cards/${FIRST.serial}`, ADMIN)).toMatchObject({
      body: { state: 'free', history: [] },
    })
  })

  it('answers 404 without a result where it has nothing', async () => {
    expect(await get(exchange(1).replace('contentcard.php', 'other.php'))).toEqual({
      status: 404,
      body: coded('host.not-found'),
    })
  })
})

describe('beside the exchange', () => {
  it('nothing is shown or activated without the admin token', async () => {
    const paths = [`/api/cards/${FIRST.serial}`, '/api/cards', `/api/operations/${randomUUID()}`]
    for (const path of paths) expect((await get(path)).status).toBe(401)
    expect((await get(`/api/cards/${FIRST.serial}/activate`, {}, 'POST')).status).toBe(401)
    const wrong = { authorization: 'Bearer nope' }
    expect(await get(paths[0] ?? '', wrong)).toEqual({ status: 401, body: coded('host.unauthorised') })
  })

  it('a card is activated by hand, once, and its history tells who did it', async () => {
    const key = { ...ADMIN, 'idempotency-key': randomUUID() }
    const path = `/api/cards/${FIRST.serial}/activate`
    expect(await get(path, key, 'POST')).toMatchObject({ status: 200, body: { result: 'activated' } })
    expect(await get(path, key, 'POST')).toMatchObject({ status: 200, body: { original: true } })
    expect(await get(path, ADMIN, 'POST')).toMatchObject({ status: 409, body: { reason: 'already-active' } })
    expect(await get(`/api/cards/${FIRST.serial}`, ADMIN)).toMatchObject({
      body: { state: 'active', history: [{ event: 'activated', by: 'admin' }] },
    })
  })

  it('cards are listed by state, a page at a time', async () => {
    await send(1, randomUUID())
    expect((await get('/api/cards?state=reserved', ADMIN)).body).toEqual({
      cards: [{ ...FIRST, state: 'reserved', expiresInMs: expect.any(Number) }],
    })
    const { body } = await get('/api/cards?limit=2', ADMIN)
    const { body: rest } = await get(`/api/cards?limit=500&after=${body['next']}`, ADMIN)
    expect(z.array(z.unknown()).parse(rest['cards'])).toHaveLength(seed.cards.length - 2)
    expect((await get('/api/cards?state=lost', ADMIN)).status).toBe(400)
  })

  it('an operation can be looked at without burying it', async () => {
    const id = randomUUID()
    expect((await get(`/api/operations/${id}`, ADMIN)).status).toBe(404)
    expect((await send(1, id)).status).toBe(200)
    const { body } = await get(`/api/operations/${id}`, ADMIN)
    expect(body).toMatchObject({ id, kind: 'reserve', state: 'reserved', owner: 'acme/4711' })
    expect(body).not.toHaveProperty('payload')
  })

  it('health and the interface’s description are open, and load nothing from elsewhere', async () => {
    expect(await get('/health')).toEqual({
      status: 200,
      body: { status: 'ok', store: 'memory', durable: false },
    })
    const openapi = JSON.stringify((await get('/openapi.json')).body)
    for (const name of ['Idempotency-Key', 'serviceid', '/api/cards/{serial}/activate'])
      expect(openapi.toLowerCase()).toContain(name.toLowerCase())
    const page = await (await fetch(`${host.url}/docs`)).text()
    expect(page).toContain('/contentcard/contentcard.php')
    expect(page).not.toMatch(/<script|src=|https?:\/\//)
  })
})

describe('a password', () => {
  it('reaches no log line, however wrong the request, and no file', async () => {
    await host.close()
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-host-'))
    const snapshot = join(folder, 'books.json')
    host = await start({ store: { kind: 'memory', snapshot } })
    const id = randomUUID()
    await send(1, id)
    await send(1, id, { serial: SECOND.serial })
    await get(exchange(1).replace('pass=', 'PASS='))
    await get(exchange(1).replace('contentcard.php', 'typo.php'))
    await get(exchange(9))
    await get(`${exchange(1)}&pass=${PASS}`)
    await fetch(`${host.url}${exchange(1).replace('/contentcard/', '/%zz/')}`)
    await fetch(`${host.url}${exchange(1)}`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    await garbled(`GET ${exchange(1)} HTTP/9.9\r\nnot a header\r\n\r\n`)
    await get('/accidents', {}, 'POST', { name: 'http-500', once: true })
    await send(1, randomUUID())
    const written = `${lines.join('')}${await readFile(snapshot, 'utf8')}`
    expect(lines.length).toBeGreaterThan(10)
    expect(written).toContain(id)
    for (const secret of [
      PASS,
      encodeURIComponent(PASS),
      new URLSearchParams({ p: PASS }).toString().slice(2),
      'tr0ub4dor',
    ])
      expect(written).not.toContain(secret)
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('stays out of the log when the host itself fails', async () => {
    await host.close()
    const now = (): number => {
      throw new TypeError(`no clock, ${PASS}`)
    }
    host = await start({ now })
    expect(await send(1, randomUUID())).toEqual({ status: 500, body: coded('host.failed') })
    expect(lines.join('')).toContain('the host failed')
    expect(lines.join('')).not.toContain(PASS)
  })

  function garbled(bytes: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(host.url).port), '127.0.0.1', () => socket.end(bytes))
      socket
        .on('error', reject)
        .on('close', () => resolve())
        .resume()
    })
  }
})

describe('a store that fails', () => {
  it('is 503, with nothing of the database in the answer, until the host is started again', async () => {
    await host.close()
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-host-'))
    const inner = join(folder, 'inner')
    host = await start({ store: { kind: 'memory', snapshot: join(inner, 'books.json') } })
    expect((await send(1, randomUUID())).status).toBe(200)
    await rm(inner, { recursive: true })
    await writeFile(inner, 'a file where the folder was')
    const { message, next } = ERRORS['host.database']
    const down = { status: 503, body: { code: 'host.database', message, next } }
    expect(await send(1, randomUUID(), { serial: SECOND.serial })).toEqual(down)
    expect(await send(4, randomUUID(), { operation: randomUUID() })).toEqual(down)
    expect(await get('/health')).toEqual(down)
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })
})

describe('an accident', () => {
  const arrange = (accident: object): Promise<Got> => get('/accidents', {}, 'POST', accident)
  const lost = (promise: Promise<Got>): Promise<void> => expect(promise).rejects.toThrow('fetch failed')

  it('cannot be arranged if it does not exist, or where nobody allowed it', async () => {
    expect((await arrange({ name: 'fire' })).status).toBe(400)
    await host.close()
    host = await start({ accidents: false })
    expect((await arrange({ name: 'html' })).status).toBe(404)
    await expect(
      startHost({
        store: { kind: 'memory' },
        address: '0.0.0.0',
        accidents: true,
        users: USERS,
        adminToken: 'x',
      }),
    ).rejects.toMatchObject({ code: 'config.invalid' })
  })

  it('loses the answer after the work, and the repetition finds it done', async () => {
    await arrange({ name: 'drop-answer', once: true, match: { action: 1 } })
    const id = randomUUID()
    await lost(send(1, id))
    expect(await send(1, id)).toMatchObject({ status: 200, body: { result: 'reserved', original: true } })
  })

  it('loses the request before the work, and the question buries it', async () => {
    await arrange({ name: 'drop-request', once: true })
    const id = randomUUID()
    await lost(send(1, id))
    expect(await get(exchange(4, { operation: id }))).toMatchObject({ status: 404 })
    expect(await send(1, id)).toMatchObject({ status: 409, body: { reason: 'released' } })
  })

  it('delays the work, so that the original comes after the question about it', async () => {
    await arrange({ name: 'hang', once: true, match: { action: '1' } })
    const id = randomUUID()
    const late = send(1, id)
    while (z.array(z.unknown()).parse((await get('/accidents')).body['accidents']).length > 0);
    expect(await get(exchange(4, { operation: id }))).toMatchObject({ status: 404 })
    await get('/accidents', {}, 'DELETE')
    expect(await late).toMatchObject({ status: 409, body: { reason: 'released' } })
  })

  it('answers nonsense without doing anything, until it is cleared', async () => {
    await arrange({ name: 'html', match: { action: 1 } })
    const answer = await fetch(`${host.url}${exchange(1)}`, { headers: { 'idempotency-key': randomUUID() } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html'])
    await get('/accidents', {}, 'DELETE')
    await arrange({ name: 'http-500', match: { action: 1 } })
    expect(await send(1, randomUUID())).toEqual({ status: 500, body: coded('host.failed') })
    expect(await send(1, randomUUID())).toMatchObject({ status: 500 })
    await get('/accidents', {}, 'DELETE')
    expect(await get(`/api/cards/${FIRST.serial}`, ADMIN)).toMatchObject({ body: { history: [] } })
    expect(await send(1, randomUUID())).toMatchObject({ status: 200, body: { result: 'reserved' } })
  })

  it('refuses for good', async () => {
    await arrange({ name: 'refuse', once: true, match: { action: 2 } })
    const [reservation, activation] = [randomUUID(), randomUUID()]
    await send(1, reservation)
    const given = { operation: reservation }
    expect(await send(2, activation, given)).toMatchObject({ status: 409, body: { reason: 'not-allowed' } })
    expect(await send(2, activation, given)).toMatchObject({ status: 409, body: { original: true } })
    expect(await get(exchange(4, { operation: activation }))).toMatchObject({ status: 409 })
  })

  it('does not keep the host from stopping', async () => {
    await arrange({ name: 'hang', ms: 600_000 })
    const hanging = send(1, randomUUID()).catch(() => 'lost')
    await get('/health')
    await host.close()
    await hanging
    expect(await get('/health').catch(() => 'down')).toBe('down')
  })
})
