// The breaker of a provider: after repeated failures sales no longer wait for it; work after the payment always goes out.
import type { Answer, Call, OperationId, ProviderOperation } from '@cashdesk/kernel'
import { beforeEach, describe, expect, it } from 'vitest'
import { cards } from '../test/cards.ts'
import { page } from '../test/node-server.ts'
import type { Plugin } from './plugin.ts'
import { Providers } from './provider.ts'
import { referenceProvider } from './testing-provider.ts'
import { World } from './testing-world.ts'

const CALL: Call = {
  wire: 'http',
  method: 'POST',
  servers: 'main',
  path: '/quote',
  headers: {},
  timeoutMs: 400,
  read: { done: [200], refused: [409] },
}

let world: World
let plugin: Plugin
let providers: Providers
beforeEach(async () => {
  world = new World(referenceProvider())
  plugin = await cards({ url: 'http://provider.example', token: 'tok-1' }).configure(() => '')
  providers = new Providers(world.http, world.clock)
})

const perform = async (operation: ProviderOperation): Promise<Answer | undefined> =>
  (await world.run(providers.perform(plugin, operation, 'op' as OperationId, CALL)))?.result

const fail = async (times: number): Promise<void> => {
  world.act = () => page(502)
  for (let time = 0; time < times; time += 1) await perform('reserve')
  world.act = () => 'answer'
}

describe('a breaker', () => {
  it('opens after five failures in a row: reservations are answered at once, and nothing is sent', async () => {
    await fail(5)
    const sent = world.sent.length
    const answer = await perform('reserve')
    expect(answer).toMatchObject({
      outcome: 'unknown',
      error: { code: 'provider.breaker-open', outcome: 'none' },
    })
    expect(await perform('quote')).toMatchObject({ error: { code: 'provider.breaker-open' } })
    expect(world.sent).toHaveLength(sent)
  })

  it('never holds up what comes after the payment', async () => {
    await fail(5)
    for (const operation of ['commit', 'release', 'void', 'query'] as const)
      expect(await perform(operation)).toMatchObject({ outcome: 'done' })
  })

  it('closes when its time is over, or as soon as the provider answers anything', async () => {
    await fail(5)
    world.clock.pass(plugin.participant.profile.breaker.coolMs + 1)
    expect(await perform('reserve')).toMatchObject({ outcome: 'done' })
    await fail(4)
    await perform('commit')
    await fail(4)
    expect(await perform('reserve')).toMatchObject({ outcome: 'done' })
  })
})
