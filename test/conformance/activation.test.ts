// The activation plugin keeps the contract with the reference host: every accident of the conformance kit, judged by
// the host's own books.
import { type Host, startHost } from '@cashdesk/host'
import { activation } from '@cashdesk/plugin-activation'
import { type ModelProvider, testPlugin } from '@cashdesk/sdk/testing'
import { afterAll, expect, it } from 'vitest'

const WHERE = 'http://127.0.0.1:8440'
const USER = { user: 'acme', pass: 'tr0ub4dor&3 pass', cspid: '4711' }
const CARD = { serial: '6034714625981538', prodid: '4967' }
const ADMIN = 'admin-secret'

const hosts: Promise<Host>[] = []
afterAll(async () => {
  for (const host of hosts) await (await host).close()
})

/** A host with one free card; requests for the configured address go to wherever it listens. */
function freshHost(): ModelProvider {
  const seed = { articles: [{ prodid: CARD.prodid, name: 'Card', gtin: '4260001190018' }], cards: [CARD] }
  const starting = startHost({
    store: { kind: 'memory' },
    users: [USER],
    adminToken: ADMIN,
    seed,
    log: { level: 'silent', stream: { write: () => undefined } },
  })
  hosts.push(starting)
  return {
    respond: async ({ url, method, headers }) => {
      const answer = await fetch(url.replace(WHERE, (await starting).url), { method, headers })
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() }
    },
    books: async () => {
      const answer = await fetch(`${(await starting).url}/api/cards/${CARD.serial}`, {
        headers: { authorization: `Bearer ${ADMIN}` },
      })
      const { state, history } = Object(await answer.json())
      const times = (event: string): number =>
        history.filter((entry: { event: string }) => entry.event === event).length
      return { held: state === 'reserved' ? 1 : 0, committed: times('activated') - times('voided') }
    },
  }
}

it('the activation plugin keeps the contract with the reference host', async () => {
  const plugin = activation({
    user: USER.user,
    password: USER.pass,
    cspid: USER.cspid,
    reservationServers: [WHERE],
    activationServers: [WHERE],
  })
  const report = await testPlugin(plugin, {
    provider: freshHost,
    article: { name: 'Card', priceMinor: 2500, vat: null, facts: { prodid: CARD.prodid } },
    serial: CARD.serial,
  })
  expect(report.checks.filter(check => !check.ok)).toEqual([])
  expect(report.checks.length).toBeGreaterThan(15)
}, 60_000)
