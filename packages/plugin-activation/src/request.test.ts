// The requests as strings, character by character, as the published exchange and docs/host-activation.md have them;
// which servers get them and in which order; what is not sent at all.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLANK, DEMO, type Desk, GAMES, MUSIC, openDesk, PEN, ringUp, until } from '../test/desk.ts'
import { deadServer, type Provider, startProvider, wellDone } from '../test/node-provider.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const SEED = '/contentcard/contentcard.php?user=demo&pass=demo-pass&cspid=4711'

let reservation: Provider
let activation: Provider
let desk: Desk | undefined

beforeEach(async () => {
  reservation = await startProvider()
  activation = await startProvider()
})
afterEach(async () => {
  await desk?.close()
  await Promise.all([reservation.close(), activation.close()])
  desk = undefined
})

const open = async (options: Parameters<typeof openDesk>[0] = {}): Promise<Desk> => {
  desk = await openDesk({
    reservationServers: [reservation.url],
    activationServers: [activation.url],
    ...options,
  })
  return desk
}

async function sell(at: Desk, id: string, serial: string): Promise<void> {
  const sale = await at.till.sale({ id })
  await ringUp(sale, MUSIC, serial)
  await sale.pay({ id: 'p', by: 'cash' })
  await sale.finish()
}

describe('the requests of a sale', () => {
  it('are the published ones: reservation at server 1, activation at server 2', async () => {
    await sell(await open(), 's1', '6034-A')
    const [reserve] = reservation.asked
    const [commit] = activation.asked
    expect(reserve).toMatchObject({ method: 'GET', key: expect.stringMatching(UUID) })
    expect(reserve?.url).toBe(`${SEED}&action=1&serial=6034-A&prodid=4967&serviceid=1&version=1`)
    expect(commit).toMatchObject({ method: 'GET', key: expect.stringMatching(UUID) })
    expect(commit?.url).toBe(
      `${SEED}&action=2&serial=6034-A&prodid=4967&serviceid=1&version=1&operation=${reserve?.key}`,
    )
    expect(commit?.key).not.toBe(reserve?.key)
    expect([reservation.asked.length, activation.asked.length]).toEqual([1, 1])
  })

  it('name the reservation when it is released, and its product though the line is gone', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, GAMES, '77')
    await sale.voidLine('l1')
    expect(await till.idle({ timeoutMs: 60_000 })).toBe(true)
    const [reserve, release] = reservation.asked
    expect(release?.url).toBe(
      `${SEED}&action=3&serial=77&prodid=4968&serviceid=1&version=1&operation=${reserve?.key}`,
    )
    expect(release?.key).not.toBe(reserve?.key)
  })

  it('renew a reservation that would not outlive the payment', async () => {
    reservation.reply = asked => ({
      status: 200,
      body: {
        result: asked.query['action'] === '1' ? 'reserved' : 'renewed',
        operation: asked.key,
        expiresInMs: asked.query['action'] === '1' ? 8_000 : 900_000,
      },
    })
    const { till, clock } = await open()
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, '77')
    clock.skip(6_000)
    await sale.total()
    const [reserve, renew] = reservation.asked
    expect(renew?.url).toBe(
      `${SEED}&action=5&serial=77&prodid=4967&serviceid=1&version=1&operation=${reserve?.key}`,
    )
    expect(renew?.key).not.toBe(reserve?.key)
  })

  it('name the activation when it is voided, at the servers of activation', async () => {
    const at = await open()
    await sell(at, 's1', '77')
    const back = await at.till.sale({ id: 'v1', kind: 'void', original: 's1' })
    await back.total()
    await until(back, view => view.claims.every(claim => claim.state === 'voided'))
    const [commit, undo] = activation.asked
    expect(undo?.url).toBe(
      `${SEED}&action=6&serial=77&prodid=4967&serviceid=1&version=1&operation=${commit?.key}`,
    )
  })

  it('say what the register configured, encoded where the address needs it', async () => {
    const at = await open({
      user: 'a&b=c d',
      password: 'p%2B+/ä',
      cspid: 'SHOP.1',
      serviceid: '88',
      version: '2',
      path: '/x/demo.php',
    })
    await sell(at, 's1', '77')
    expect(reservation.asked[0]?.url).toBe(
      '/x/demo.php?user=a%26b%3Dc%20d&pass=p%252B%2B%2F%C3%A4&cspid=SHOP.1&action=1&serial=77&prodid=4967&serviceid=88&version=2',
    )
  })

  it('repeat the same id and the same address while nobody answers', async () => {
    let calls = 0
    reservation.reply = asked => {
      calls += 1
      return calls < 3 ? 'drop' : wellDone(asked)
    }
    await sell(await open(), 's1', '77')
    expect(reservation.asked).toHaveLength(3)
    expect(new Set(reservation.asked.map(({ url, key }) => `${key} ${url}`)).size).toBe(1)
  })
})

describe('servers', () => {
  it('fail over in their order, in both roles, when one cannot be reached', async () => {
    const [first, second] = await Promise.all([startProvider(), startProvider()])
    const dead = await deadServer()
    await sell(
      await open({
        reservationServers: [dead, first.url, second.url],
        activationServers: [dead, second.url, first.url],
      }),
      's1',
      '77',
    )
    expect(first.asked.map(({ query }) => query['action'])).toEqual(['1'])
    expect(second.asked.map(({ query }) => query['action'])).toEqual(['2'])
    await Promise.all([first.close(), second.close()])
  })

  it('are asked again, another one first, when one took the request and gave no answer', async () => {
    reservation.reply = () => 'drop'
    const second = await startProvider()
    await sell(await open({ reservationServers: [reservation.url, second.url] }), 's1', '77')
    expect(second.asked).toHaveLength(1)
    expect(second.asked[0]?.key).toBe(reservation.asked[0]?.key)
    await second.close()
  })
})

describe('nothing is sent', () => {
  it('for a scan that cannot be a serial of these cards', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, 'https://example.com/?a=1')
    expect(sale.view().lines).toMatchObject([{ state: 'refused', error: { code: 'claim.unknown-serial' } }])
    expect(reservation.asked).toEqual([])
  })

  it('for a card whose product the catalog does not name: its line is refused, with the reason', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    await ringUp(sale, BLANK, '77')
    expect(sale.view().prompts).toEqual([])
    expect(sale.view().lines).toMatchObject([
      { state: 'refused', error: { code: 'article.incomplete', detail: { fact: 'prodid' } } },
    ])
    expect(reservation.asked).toEqual([])
  })

  it('for other articles, nor in training', async () => {
    const at = await open()
    const sale = await at.till.sale({ id: 's1', training: true })
    await ringUp(sale, PEN, '')
    await ringUp(sale, MUSIC, '77')
    expect(sale.view().claims).toMatchObject([{ plugin: 'activation', serial: '77' }])
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
    expect([...reservation.asked, ...activation.asked]).toEqual([])
    expect(at.lines()).toContain('Training: card not activated')
  })
})

describe('the prompt', () => {
  it('asks for the serial, and a GS1 symbol that carries it answers at once', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    await till.scan(MUSIC)
    expect(sale.view().prompts).toMatchObject([
      { kind: 'serial', text: 'Scan the serial number of the card', line: sale.view().lines[0]?.id },
    ])
    await till.scan('6034-A')
    await till.scan(`010${GAMES}216034-B`, ']C1')
    const view = await until(sale, ({ waitsFor }) => waitsFor.length === 0)
    expect(view.claims).toMatchObject([
      { serial: '6034-A', state: 'reserved' },
      { serial: '6034-B', state: 'reserved' },
    ])
    expect(reservation.asked.map(({ query }) => [query['serial'], query['prodid']])).toEqual([
      ['6034-A', '4967'],
      ['6034-B', '4968'],
    ])
  })

  it('may be answered as fast as a scanner can: each card is asked for once', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    const serials = Array.from({ length: 40 }, (_, index) => `fast-${index}`)
    for (const serial of serials) void till.scan(`010${GAMES}21${serial}`, ']C1')
    await until(sale, ({ claims, waitsFor }) => claims.length === serials.length && waitsFor.length === 0)
    expect(reservation.asked.map(({ query }) => query['serial'])).toEqual(serials)
  })

  it('takes no quantity but one, and no card twice', async () => {
    const { till } = await open()
    const sale = await till.sale({ id: 's1' })
    await expect(sale.add({ line: 'x', gtin: MUSIC, quantity: 2 })).rejects.toMatchObject({
      code: 'line.quantity',
    })
    await ringUp(sale, MUSIC, '77')
    await expect(ringUp(sale, MUSIC, '77')).rejects.toMatchObject({ code: 'claim.serial-twice' })
  })
})

describe('the configuration', () => {
  const problems = (options: Parameters<typeof openDesk>[0]): Promise<unknown> =>
    open(options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )

  it.each([
    [{ user: '' }, 'activation.user'],
    [{ cspid: 'a b' }, 'activation.cspid'],
    [{ reservationServers: [] }, 'activation.reservationServers'],
    [{ reservationServers: ['ftp://x'] }, 'activation.reservationServers.0'],
    [{ reservationServers: ['https://u:p@x'] }, 'activation.reservationServers.0'],
    [{ activationServers: ['https://x/?a'] }, 'activation.activationServers.0'],
    [{ activationServers: ['http://10.0.0.5:8440'] }, 'activation.activationServers'],
    [{ path: '/x?y=1' }, 'activation.path'],
  ])('%j is refused when the till opens, by its field', async (options, field) => {
    expect(await problems(options)).toMatchObject({
      code: 'config.invalid',
      detail: { problems: expect.arrayContaining([expect.stringContaining(field)]) },
    })
  })

  it('may send credentials unencrypted through a network only when it says so', async () => {
    expect(
      await problems({ activationServers: ['http://10.0.0.5:8440'], allowPlainHttp: true }),
    ).toBeUndefined()
  })

  it('never repeats a credential in its complaint', async () => {
    const password = 'x'.repeat(200)
    expect(JSON.stringify(await problems({ ...DEMO, password }))).not.toContain(password)
  })
})
