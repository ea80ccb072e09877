// The whole exchange between a till and the real host, over HTTP: what the host's books say in the end, whatever
// happens in between. The host's accidents are switched on in the host.
import { DEVELOPMENT_ADMIN_TOKEN, type Host, startHost } from '@cashdesk/host'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Desk, GAMES, MUSIC, openDesk, PEN, ringUp } from '../test/desk.ts'
import { deadServer } from '../test/node-provider.ts'

/** From the host's seed, by article. */
const CARD = '6034714625981538'
const SECOND = '6034713914065862'
const GAME = '6034727756860115'
const ADMIN = { authorization: `Bearer ${DEVELOPMENT_ADMIN_TOKEN}` }

let host: Host
let desk: Desk

beforeEach(async () => {
  host = await startHost({ store: { kind: 'memory' }, accidents: true })
  desk = await openDesk({ servers: [host.url] })
})
afterEach(async () => {
  await desk.close()
  await host.close()
})

interface CardBooks {
  readonly state: string
  readonly history: readonly { readonly event: string }[]
}

async function books(serial: string): Promise<CardBooks> {
  const response = await fetch(`${host.url}/api/cards/${serial}`, { headers: ADMIN })
  return JSON.parse(await response.text())
}
const eventsOf = async (serial: string): Promise<readonly string[]> =>
  (await books(serial)).history.map(({ event }) => event)

async function accident(given: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${host.url}/accidents`, {
    method: 'POST',
    headers,
    body: JSON.stringify(given),
  })
  expect(response.status).toBe(200)
}
const calm = (): Promise<unknown> => fetch(`${host.url}/accidents`, { method: 'DELETE' })

async function quiet(): Promise<void> {
  expect(await desk.till.idle({ timeoutMs: 300_000 })).toBe(true)
}

describe('a sale', () => {
  it('reserves the card at the scan and activates it with the payment; the receipt says so', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, PEN, '')
    await ringUp(sale, MUSIC, CARD)
    expect(await books(CARD)).toMatchObject({ state: 'reserved' })
    expect(await sale.pay({ id: 'p', by: 'cash', given: 5000, amount: 'rest' })).toMatchObject({
      outcome: 'done',
      openMinor: 0,
    })
    const end = await sale.finish()
    expect(end).toMatchObject({ state: 'closed', claims: [{ serial: CARD, state: 'committed' }] })
    expect(end.claims[0]?.facts).toMatchObject({ activatedAt: expect.stringMatching(/Z$/) })
    expect(await eventsOf(CARD)).toEqual(['reserved', 'activated'])
    expect(desk.lines()).toContain(`Card ${CARD} active`)
  })

  it('of two cards activates both, each by itself', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await ringUp(sale, GAMES, GAME)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    expect([(await books(CARD)).state, (await books(GAME)).state]).toEqual(['active', 'active'])
    expect(desk.lines().filter(line => line.endsWith(' active'))).toEqual([
      `Card ${CARD} active`,
      `Card ${GAME} active`,
    ])
  })

  it('that is cancelled lets its cards go', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.cancel()
    await quiet()
    expect(await eventsOf(CARD)).toEqual(['reserved', 'released'])
    expect((await books(CARD)).state).toBe('free')
  })

  it('goes on without the line that is voided', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await ringUp(sale, MUSIC, SECOND)
    await sale.voidLine('l1')
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    await quiet()
    expect([(await books(CARD)).state, (await books(SECOND)).state]).toEqual(['free', 'active'])
  })

  it('that stood too long renews its reservation before money is taken', async () => {
    await desk.close()
    await host.close()
    host = await startHost({ store: { kind: 'memory' }, policy: { reservationMs: 8_000 } })
    desk = await openDesk({ servers: [host.url] })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    desk.clock.skip(6_000)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    expect(await eventsOf(CARD)).toEqual(['reserved', 'renewed', 'activated'])
  })

  it('is taken back by a void: the card is dead before the money goes back', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    const back = await desk.till.sale({ id: 'v1', kind: 'void', original: 's1' })
    await back.total()
    expect((await books(CARD)).state).toBe('voided')
    await back.pay({ id: 'p', by: 'cash' })
    await back.finish()
    expect(desk.lines()).toContain(`Card ${CARD} deactivated`)
  })

  it('cannot be taken back when the host says that it is too late: the line stays sold', async () => {
    await desk.close()
    await host.close()
    host = await startHost({ store: { kind: 'memory' }, policy: { voidWindowMs: 0 } })
    desk = await openDesk({ servers: [host.url] })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    await new Promise(resolve => setTimeout(resolve, 5))
    const back = await desk.till.sale({ id: 'v1', kind: 'void', original: 's1' })
    const view = await back.total()
    expect(view.lines).toMatchObject([{ state: 'refused', error: { code: 'claim.refused' } }])
    expect((await books(CARD)).state).toBe('active')
  })
})

describe('a line is refused, and the sale goes on without it,', () => {
  async function refusal(gtin: string, serial: string): Promise<string | undefined> {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, PEN, '')
    await ringUp(sale, gtin, serial)
    const code = sale.view().lines[1]?.error?.code
    expect(await sale.pay({ id: 'p', by: 'cash' })).toMatchObject({ outcome: 'done' })
    expect(await sale.finish()).toMatchObject({ state: 'closed', view: { totals: { totalMinor: 199 } } })
    return code
  }

  it('for a card that is active', async () => {
    await fetch(`${host.url}/api/cards/${CARD}/activate`, { method: 'POST', headers: ADMIN })
    expect(await refusal(MUSIC, CARD)).toBe('claim.already-active')
    expect(await eventsOf(CARD)).toEqual(['activated'])
  })

  it('for a card of another article', async () => {
    expect(await refusal(MUSIC, GAME)).toBe('claim.wrong-article')
    expect((await books(GAME)).state).toBe('free')
  })

  it('for a serial nobody knows', async () => {
    expect(await refusal(MUSIC, '0000')).toBe('claim.unknown-serial')
  })

  it('for a card that another till holds', async () => {
    const other = await openDesk({ servers: [host.url] })
    await ringUp(await other.till.sale({ id: 'o' }), MUSIC, CARD)
    expect(await refusal(MUSIC, CARD)).toBe('claim.taken')
    await other.close()
  })

  it('when no server can be reached', async () => {
    await desk.close()
    desk = await openDesk({ reservationServers: [await deadServer()], activationServers: [host.url] })
    expect(await refusal(MUSIC, CARD)).toBe('provider.unreachable')
    expect((await books(CARD)).state).toBe('free')
  })

  it('when the password is wrong', async () => {
    await desk.close()
    desk = await openDesk({ servers: [host.url], password: 'old-pass' })
    expect(await refusal(MUSIC, CARD)).toBe('provider.rejected')
    expect((await books(CARD)).state).toBe('free')
  })

  it('after its patience, when the host answers with a page', async () => {
    await accident({ name: 'html', match: { action: 1 } })
    expect(await refusal(MUSIC, CARD)).toBe('provider.no-answer')
    await quiet()
    expect((await books(CARD)).state).toBe('free')
    expect(desk.till.tasks()).toEqual([])
  })
})

describe('when an answer is lost', () => {
  it('at the reservation, the same reservation is asked for again', async () => {
    await accident({ name: 'drop-answer', once: true, match: { action: 1 } })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    expect(sale.view().claims).toMatchObject([{ state: 'reserved' }])
    expect(await eventsOf(CARD)).toEqual(['reserved'])
    await sale.cancel()
  })

  it('at the activation, the card is activated once, and the sale knows it', async () => {
    await accident({ name: 'drop-answer', once: true, match: { action: 2 } })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.pay({ id: 'p', by: 'cash' })
    expect(await sale.finish()).toMatchObject({ state: 'closed', claims: [{ state: 'committed' }] })
    expect(await eventsOf(CARD)).toEqual(['reserved', 'activated'])
    expect(desk.till.tasks()).toEqual([])
  })

  it('at the release, the card is free all the same', async () => {
    await accident({ name: 'drop-answer', once: true, match: { action: 3 } })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.cancel()
    await quiet()
    expect(await eventsOf(CARD)).toEqual(['reserved', 'released'])
  })

  it('because the reservation hangs, its release comes first and the late original is refused', async () => {
    await accident({ name: 'hang', once: true, match: { action: 1 } })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    expect(sale.view().lines).toMatchObject([{ state: 'refused', error: { code: 'provider.no-answer' } }])
    await quiet()
    // Now the host takes up what it let hang.
    await calm()
    const reservation = await lateAnswer()
    const response = await fetch(`${host.url}/api/operations/${reservation}`, { headers: ADMIN })
    expect(await response.json()).toMatchObject({ state: 'buried' })
    expect(await books(CARD)).toMatchObject({ state: 'free', history: [] })
  })
})

/** The operation whose answer came after the till had given it up. */
async function lateAnswer(): Promise<string | undefined> {
  for await (const { events } of desk.till.events()) {
    for (const event of events) if (event.type === 'op.late') return event.op
  }
  return undefined
}

describe('when the host is gone after the payment', () => {
  it('the receipt says that activation follows, and the next start of the till delivers it', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await accident({ name: 'http-500', match: { action: 2 } })
    await sale.pay({ id: 'p', by: 'cash' })
    const end = await sale.finish({ commitBudgetMs: 2_000 })
    expect(end).toMatchObject({ state: 'closed', claims: [{ state: 'committing' }] })
    expect(desk.lines()).toContain('Activation follows')
    expect((await books(CARD)).state).toBe('reserved')
    await calm()
    desk = await desk.reopen()
    await quiet()
    expect(desk.till.recovered).toMatchObject([
      { sale: 's1', claims: [{ serial: CARD, state: 'committed' }] },
    ])
    expect(await eventsOf(CARD)).toEqual(['reserved', 'activated'])
  })

  it('a card that it finally refuses is a task: refund due, as the receipt says', async () => {
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await accident({ name: 'refuse', match: { action: 2 } })
    await sale.pay({ id: 'p', by: 'cash' })
    expect(await sale.finish()).toMatchObject({ state: 'closed', claims: [{ state: 'failed' }] })
    expect(desk.lines()).toContain('Not activated: refund due at the desk')
    expect(desk.till.tasks()).toMatchObject([
      { kind: 'refund-due', amountMinor: 2000, actions: ['retry', 'settled', 'written-off'] },
    ])
    expect((await books(CARD)).state).toBe('reserved')
  })
})

describe('fail-over', () => {
  it('brings both requests to servers that are there', async () => {
    await desk.close()
    const dead = await deadServer()
    desk = await openDesk({ servers: [dead, host.url] })
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, CARD)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    expect(await eventsOf(CARD)).toEqual(['reserved', 'activated'])
  })
})
