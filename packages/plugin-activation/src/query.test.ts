// A provider that is asked first when an answer was lost: the status request, and what each status means. Against a
// provider that says exactly this, and against the real host, which buries an id that it never saw.
import { DEVELOPMENT_ADMIN_TOKEN, type Host, startHost } from '@cashdesk/host'
import { afterEach, describe, expect, it } from 'vitest'
import { type Desk, MUSIC, openDesk, ringUp, until } from '../test/desk.ts'
import { type Provider, type Reply, startProvider, wellDone } from '../test/node-provider.ts'
import { PROFILES, type WireProfile } from './index.ts'

const ASKING: WireProfile = {
  ...PROFILES['cashdesk-1'],
  patience: { ...PROFILES['cashdesk-1'].patience, onUnknown: 'query' },
}
const CARD = '6034714625981538'

let desk: Desk
let provider: Provider | undefined
let host: Host | undefined

afterEach(async () => {
  await desk.close()
  await provider?.close()
  await host?.close()
  provider = undefined
  host = undefined
})

/** Loses the first answer to the action, then tells the status once, then does everything as it should. */
async function ask(action: string, status: (asked: Provider['asked'][number]) => Reply): Promise<Provider> {
  let [lost, told] = [false, false]
  provider = await startProvider(asked => {
    if (asked.query['action'] === action && !lost) {
      lost = true
      return 'drop'
    }
    if (asked.query['action'] === '4' && !told) {
      told = true
      return status(asked)
    }
    return wellDone(asked)
  })
  desk = await openDesk({ servers: [provider.url], profile: ASKING })
  return provider
}

const says = (code: number, body: object): ((asked: Provider['asked'][number]) => Reply) => {
  return ({ query }) => ({ status: code, body: { operation: query['operation'], ...body } })
}

async function sell(): Promise<ReturnType<Desk['till']['find']>> {
  const sale = await desk.till.sale({ id: 's1' })
  await ringUp(sale, MUSIC, CARD)
  await sale.pay({ id: 'p', by: 'cash' })
  await until(sale, view => view.claims.every(({ state }) => state !== 'committing'))
  await sale.finish()
  return sale
}

describe('the status request', () => {
  it('names the operation asked about, and is none itself', async () => {
    const { asked } = await ask('2', says(200, { result: 'activated' }))
    const sale = await sell()
    const [reserve, commit, query] = asked
    expect(query?.url).toBe(
      `/contentcard/contentcard.php?user=demo&pass=demo-pass&cspid=4711&action=4&serial=${CARD}&prodid=4967&serviceid=1&version=1&operation=${commit?.key}`,
    )
    expect(query?.key).toBeUndefined()
    expect(commit?.key).not.toBe(reserve?.key)
    expect(asked).toHaveLength(3)
    expect(sale.view().claims).toMatchObject([{ state: 'committed' }])
  })

  it('goes to the servers that took the operation', async () => {
    const activations = await startProvider()
    const { url, asked } = await ask('1', says(200, { result: 'reserved', expiresInMs: 900_000 }))
    await desk.close()
    desk = await openDesk({
      reservationServers: [url],
      activationServers: [activations.url],
      profile: ASKING,
    })
    await sell()
    expect(asked.map(({ query }) => query['action'])).toEqual(['1', '4'])
    expect(activations.asked.map(({ query }) => query['action'])).toEqual(['2'])
    await activations.close()
  })
})

describe('the status of a lost activation', () => {
  it.each<[string, number, object, string]>([
    ['voided: it was undone', 200, { result: 'voided' }, 'failed'],
    ['refused', 409, { result: 'refused', reason: 'taken' }, 'failed'],
    ['another kind: asked again', 200, { result: 'reserved' }, 'committed'],
    ['pending: asked again', 200, { result: 'pending' }, 'committed'],
    ['about something else: asked again', 200, { result: 'voided', operation: 'x' }, 'committed'],
  ])('%s', async (_, code, body, state) => {
    await ask('2', says(code, body))
    expect((await sell()).view().claims).toMatchObject([{ state }])
  })
})

describe('the host, asked for', () => {
  it.each([
    ['an activation whose answer was lost: it happened once', 'drop-answer', 2, ['reserved', 'activated']],
    [
      'an activation that never arrived: it buries that id, and a new one succeeds',
      'drop-request',
      2,
      ['reserved', 'activated'],
    ],
    ['a reservation whose answer was lost', 'drop-answer', 1, ['reserved', 'activated']],
  ])('%s', async (_, name, action, history) => {
    host = await startHost({ store: { kind: 'memory' }, accidents: true })
    desk = await openDesk({ servers: [host.url], profile: ASKING })
    await fetch(`${host.url}/accidents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, once: true, match: { action } }),
    })
    const sale = await sell()
    expect(sale.view().claims).toMatchObject([{ state: 'committed' }])
    const response = await fetch(`${host.url}/api/cards/${CARD}`, {
      headers: { authorization: `Bearer ${DEVELOPMENT_ADMIN_TOKEN}` },
    })
    const books: { readonly history: readonly { readonly event: string }[] } = JSON.parse(
      await response.text(),
    )
    expect(books.history.map(({ event }) => event)).toEqual(history)
    expect(desk.till.tasks()).toEqual([])
  })
})
