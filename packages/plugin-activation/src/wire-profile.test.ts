// Another provider's profile is data: one that differs in everything is played through, and contradictions in a
// profile are told when the till opens.
import { afterEach, describe, expect, it } from 'vitest'
import { type Desk, MUSIC, openDesk, ringUp } from '../test/desk.ts'
import { type Provider, startProvider } from '../test/node-provider.ts'
import { PROFILES, type WireProfile, wireProfileShape } from './index.ts'

/** Names, order, codes, statuses and reasons of its own; no renewal, no void, no query. */
const OTHER: WireProfile = {
  name: 'other-2',
  path: '/pos/v2/do',
  serviceid: 'POS',
  version: '2.1',
  parameters: [
    { name: 'cmd', from: 'action' },
    { name: 'pin', from: 'serial' },
    { name: 'sku', from: 'prodid' },
    { name: 'login', from: 'user' },
    { name: 'secret', from: 'password' },
    { name: 'tx', from: 'operation' },
    { name: 'channel', value: 'till & desk' },
  ],
  shapes: { serial: '^[0-9]{4,20}$', prodid: '^[0-9]+$' },
  operations: {
    reserve: { action: 'lock', servers: 'activation', done: ['LOCKED', 'LOCKED_BEFORE'] },
    release: {
      action: 'unlock',
      servers: 'activation',
      parameters: [{ name: 'lock', from: 'about' }],
      done: ['FREE'],
    },
    commit: {
      action: 'sell',
      servers: 'activation',
      parameters: [{ name: 'lock', from: 'about' }],
      done: ['SOLD'],
    },
  },
  answer: {
    done: [200, 201],
    refused: [200],
    result: { name: 'state', refused: ['NO'] },
    operation: 'tx',
    reason: { name: 'why', codes: { GONE: 'claim.already-active' } },
  },
  patience: PROFILES['cashdesk-1'].patience,
}

let desk: Desk | undefined
let provider: Provider | undefined

afterEach(async () => {
  await desk?.close()
  await provider?.close()
  desk = undefined
})

async function open(profile: WireProfile): Promise<Desk> {
  provider ??= await startProvider()
  desk = await openDesk({ servers: [provider.url], profile })
  return desk
}

describe('a profile of another provider', () => {
  it('needs no code: its requests and answers are its own', async () => {
    provider = await startProvider(({ query }) => ({
      status: 201,
      body: { state: { lock: 'LOCKED', sell: 'SOLD', unlock: 'FREE' }[query['cmd'] ?? ''], tx: query['tx'] },
    }))
    const { till, lines } = await open(OTHER)
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, '12345')
    await ringUp(sale, MUSIC, '67890')
    await sale.voidLine('l2')
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    await till.idle({ timeoutMs: 60_000 })
    const [first, second] = provider.asked.map(({ query }) => query['tx'])
    const head = (cmd: string, pin: string, tx: string | undefined): string =>
      `/pos/v2/do?cmd=${cmd}&pin=${pin}&sku=4967&login=demo&secret=demo-pass&tx=${tx}&channel=till%20%26%20desk`
    expect(provider.asked.map(({ url }) => url).sort()).toEqual(
      [
        head('lock', '12345', first),
        head('lock', '67890', second),
        `${head('sell', '12345', txOf('sell'))}&lock=${first}`,
        `${head('unlock', '67890', txOf('unlock'))}&lock=${second}`,
      ].sort(),
    )
    expect(lines()).toContain('Card 12345 active')
  })

  const txOf = (cmd: string): string | undefined =>
    provider?.asked.find(({ query }) => query['cmd'] === cmd)?.query['tx']

  it('says what its reasons mean', async () => {
    provider = await startProvider(({ query }) => ({
      status: 200,
      body: { state: 'NO', why: 'GONE', tx: query['tx'] },
    }))
    const { till } = await open(OTHER)
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, '12345')
    expect(sale.view().lines).toMatchObject([{ state: 'refused', error: { code: 'claim.already-active' } }])
  })
})

describe('a profile that contradicts itself', () => {
  const { operations, answer } = OTHER
  const { release: _, ...unreleased } = operations
  const { reserve: __, ...unreserved } = operations
  const named = [{ name: 'lock', from: 'about' }] as const

  it.each<[string, WireProfile, string]>([
    ['reserves what it cannot release', { ...OTHER, operations: unreleased }, 'operations.release'],
    ['releases what it cannot reserve', { ...OTHER, operations: unreserved }, 'operations.reserve'],
    [
      'names an earlier operation in the first one',
      {
        ...OTHER,
        operations: {
          ...operations,
          reserve: { action: 'x', servers: 'activation', parameters: named, done: ['y'] },
        },
      },
      'operations.reserve.parameters',
    ],
    [
      'sends a parameter twice',
      { ...OTHER, parameters: [...OTHER.parameters, { name: 'cmd', value: 'x' }] },
      'operations.commit.parameters',
    ],
    [
      'calls one result done and refused',
      { ...OTHER, answer: { ...answer, result: { name: 'state', refused: ['SOLD'] } } },
      'operations.commit.done',
    ],
    ['has a pattern that is none', { ...OTHER, shapes: { serial: '(', prodid: '.' } }, 'shapes.serial'],
    ['asks without a query', { ...OTHER, patience: { ...OTHER.patience, onUnknown: 'query' } }, 'query'],
    [
      'never ends an attempt',
      { ...OTHER, patience: { ...OTHER.patience, timeoutMs: 0 } },
      'patience.timeoutMs',
    ],
    ['has a query in its path', { ...OTHER, path: '/a?b' }, 'path'],
  ])('%s', async (_name, profile, field) => {
    await expect(open(profile)).rejects.toMatchObject({
      code: 'config.invalid',
      detail: { problems: expect.arrayContaining([expect.stringContaining(`activation.profile.${field}:`)]) },
    })
  })
})

describe('the profiles that come with the plugin', () => {
  it.each(Object.entries(PROFILES))('%s is sound, and plain JSON', (name, profile) => {
    expect(profile.name).toBe(name)
    expect(wireProfileShape.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile)
  })
})
