// Credentials travel in the address because the exchange wants them there; they are nowhere else. Every file that a
// till wrote and every line that it logged is searched, whatever the provider did meanwhile.
import { startHost } from '@cashdesk/host'
import { secret } from '@cashdesk/sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { type Desk, everyFile, GAMES, MUSIC, openDesk, ringUp, until } from '../test/desk.ts'
import { type Provider, startProvider, wellDone } from '../test/node-provider.ts'

/** With what JSON, addresses and forms each write differently. */
const USER = 'Kröger "Süd" & Co'
const PASSWORD = 's3cr3t+/%41 "q"\\z ümläut'

/** Every way in which they might be written down. */
function spellings(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1)
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams({ x: text }).toString().slice(2),
    Buffer.from(text).toString('base64').replaceAll('=', ''),
    Buffer.from(text).toString('hex'),
  ]
}

let desk: Desk
let close: () => Promise<void> = async () => undefined

afterEach(async () => {
  await desk.close()
  await close()
})

async function expectClean(): Promise<void> {
  const written = await everyFile(desk.dir)
  const text = `${written.toString('utf8')}\n${desk.log.join('\n')}`
  // The search would find something if it were there.
  expect(text).toContain('{secret:password}')
  expect(text).toContain('"serial"')
  for (const spelling of [...spellings(USER), ...spellings(PASSWORD)]) expect(text).not.toContain(spelling)
}

const open = (server: string): Promise<Desk> =>
  openDesk({
    servers: [server],
    user: USER,
    password: secret('env:CC_PASS'),
    secrets: { env: name => (name === 'CC_PASS' ? PASSWORD : undefined), file: () => undefined },
  })

describe('credentials', () => {
  it('reach the host, and neither journal nor log', async () => {
    const users = [{ user: USER, pass: PASSWORD, cspid: '4711' }]
    const host = await startHost({ store: { kind: 'memory' }, users, adminToken: 'x' })
    close = () => host.close()
    desk = await open(host.url)
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, '6034714625981538')
    await ringUp(sale, GAMES, '6034727756860115')
    await sale.voidLine('l2')
    await sale.pay({ id: 'p', by: 'cash' })
    expect(await sale.finish()).toMatchObject({ claims: [{ state: 'committed' }, { state: 'released' }] })
    await desk.till.close()
    await expectClean()
  })

  it.each<[string, (provider: Provider) => void]>([
    ['a page', given => (given.reply = asked => ({ status: 500, body: `<p>${said(asked.url)}</p>` }))],
    [
      'a reason',
      given =>
        (given.reply = asked => ({
          status: 409,
          body: { result: 'refused', operation: asked.key, reason: PASSWORD },
        })),
    ],
    [
      'a fact',
      given =>
        (given.reply = asked => ({
          status: 200,
          body: { ...bodyOf(asked), activatedAt: `by ${USER} with ${encodeURIComponent(PASSWORD)}` },
        })),
    ],
    ['no answer', given => (given.reply = () => 'drop')],
  ])('stay out of both when the provider sends them back in %s', async (_, misbehave) => {
    const provider = await startProvider()
    close = provider.close
    misbehave(provider)
    desk = await open(provider.url)
    const sale = await desk.till.sale({ id: 's1' })
    await ringUp(sale, MUSIC, '77')
    if (sale.view().lines[0]?.state === 'active') {
      await sale.pay({ id: 'p', by: 'cash' })
      await sale.finish()
    } else await until(sale, view => view.waitsFor.length === 0)
    await desk.till.close()
    expect(provider.asked.length).toBeGreaterThan(0)
    expect(provider.asked[0]?.query).toMatchObject({ user: USER, pass: PASSWORD })
    await expectClean()
  })
})

const said = (url: string): string => `cannot do ${url} (${decodeURIComponent(url)})`

function bodyOf(asked: Provider['asked'][number]): object {
  const reply = wellDone(asked)
  return reply !== 'drop' && typeof reply.body === 'object' ? reply.body : {}
}
