// What the host's program makes of its flags and environment, and that a mistake is named without repeating a secret.
import { CashdeskError } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { readSettings, type Settings } from './settings.ts'
import { DEVELOPMENT_ADMIN_TOKEN, startHost } from './start.ts'

const USERS = '[{"user":"acme","pass":"never-shown","cspid":"1"}]'

function settings(args: readonly string[], env: { readonly [name: string]: string } = {}): Settings {
  const read = readSettings(args, env)
  if (read === 'help') throw new TypeError('help was not asked for')
  return read
}

describe('the settings', () => {
  it('are an embedded database in .cashdesk/host on port 8440 unless told otherwise', () => {
    expect(settings([]).host).toMatchObject({ port: 8440, store: { kind: 'embedded' }, accidents: false })
    expect(settings(['--dir', 'x']).host.store).toEqual({ kind: 'embedded', dir: 'x' })
  })

  it('are a PostgreSQL server when its URL is in the environment, unless another store was chosen', () => {
    const env = { DATABASE_URL: 'postgres://there/db' }
    expect(settings([], env).host.store).toEqual({ kind: 'postgres', url: env.DATABASE_URL })
    expect(settings(['--store', 'memory'], env).host.store).toEqual({ kind: 'memory' })
  })

  it('take users and token from the environment and the policy from flags', () => {
    const env = { CASHDESK_HOST_USERS: USERS, CASHDESK_HOST_ADMIN_TOKEN: 'token' }
    const { host } = settings(['--reservation-ms', '5000', '--reservation-required'], env)
    expect(host.users).toEqual([{ user: 'acme', pass: 'never-shown', cspid: '1' }])
    expect(host.adminToken).toBe('token')
    expect(host.policy).toEqual({ reservationMs: 5000, commitWithoutReservation: false })
  })

  it.each([
    ['a port that is none', ['--port', 'http'], {}],
    ['an unknown flag', ['--pass', 'never-shown'], {}],
    ['PostgreSQL without a URL', ['--store', 'postgres'], {}],
    ['a snapshot of a database', ['--snapshot', 'x'], {}],
    ['users that are no JSON', [], { CASHDESK_HOST_USERS: '[{"user":"a","pass":"never-shown' }],
    ['a user without a name', [], { CASHDESK_HOST_USERS: '[{"pass":"never-shown"}]' }],
    ['a file of users that is not there', ['--users', 'none.json'], {}],
  ])('name %s', (_what, args, env) => {
    const thrown = caught(() => readSettings(args, env))
    expect(thrown.code).toBe('config.invalid')
    expect(thrown.message).not.toContain('never-shown')
  })
})

describe('a host', () => {
  const memory = { kind: 'memory' } as const

  it('serves the development credentials on a loopback address only', async () => {
    const host = await startHost({ store: memory })
    const headers = { authorization: `Bearer ${DEVELOPMENT_ADMIN_TOKEN}` }
    expect((await fetch(`${host.url}/api/cards`, { headers })).status).toBe(200)
    await host.close()
    await expect(startHost({ store: memory, address: '0.0.0.0' })).rejects.toMatchObject({
      code: 'config.invalid',
      detail: { field: 'users' },
    })
    const server = { kind: 'postgres', url: 'postgres://127.0.0.1:1/none' } as const
    await expect(startHost({ store: server })).rejects.toMatchObject({ code: 'config.invalid' })
  })

  it('refuses a seed file that is missing or wrong', async () => {
    const wrong = { articles: [{ prodid: '1', name: 'x', gtin: '4260001190018' }], cards: [] }
    for (const seed of ['none.json', import.meta.filename])
      await expect(startHost({ store: memory, seed })).rejects.toMatchObject({ code: 'config.invalid' })
    const orphan = { ...wrong, cards: [{ serial: '1', prodid: '2' }] }
    await expect(startHost({ store: memory, seed: orphan })).rejects.toMatchObject({ code: 'host.database' })
  })
})

function caught(act: () => unknown): CashdeskError {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof CashdeskError) return thrown
  }
  throw new TypeError('nothing was refused')
}
