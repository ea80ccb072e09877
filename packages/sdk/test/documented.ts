// The code of docs/sdk.md. The page quotes it, a test compares the two and runs each piece, so that what a reader
// copies compiles and works.
import { z } from 'zod'
import {
  byField,
  CashdeskError,
  type DevicesOptions,
  definePlugin,
  enteredPin,
  explain,
  openDevices,
  openTill,
  type PluginFactory,
  type PromptView,
  type RegisterStatus,
  type SaleView,
  type Till,
  type TillEvent,
  type TillOptions,
  text,
} from '../src/index.ts'
import { type PluginFixtures, type PluginReport, referenceProvider, testPlugin } from '../src/testing.ts'

/** The register's screen in these examples. */
export interface Screen {
  render(view: SaleView): void
  ask(prompt: PromptView): Promise<string>
  say(text: string): void
}

/** The register's own database in these examples. */
export interface OwnBooks {
  statusOf(sale: string): RegisterStatus
  paid(sale: string, totalMinor: number): { readonly reference: string }
  keep(name: string, value: unknown): Promise<void>
}

export async function open(devices: Partial<TillOptions>, dir: string): Promise<Till> {
  const till = await openTill({
    dir, // a folder on a local disk; it holds the journal
    lane: '0412-07',
    currency: 'EUR',
    locale: 'de-DE',
    catalog: gtin => (gtin === '4006381333931' ? { name: 'Coffee', priceMinor: 499, vat: 700 } : undefined),
    ...devices, // scanner, terminal, printer, plugins
  })
  return till
}

export async function sell(till: Till, ui: Screen, receiptNo: string): Promise<string> {
  const sale = await till.sale({ id: receiptNo, operator: '17' })
  sale.on('changed', view => ui.render(view))
  sale.on('prompt', async prompt => sale.answer(prompt.id, await ui.ask(prompt)))
  sale.on('refused', error => ui.say(explain(error)))

  await sale.add({ line: '1', gtin: '4006381333931', quantity: 2 })
  const { totals } = await sale.total() // waits for reservations
  ui.say(`${totals.totalMinor / 100}`)

  const paid = await sale.pay({ id: `${receiptNo}/1`, by: 'cash', given: 2000 })
  if (paid.outcome !== 'done') return paid.error.code
  const end = await sale.finish()
  return end.state
}

export async function ownPayment(till: Till, books: OwnBooks, receiptNo: string): Promise<SaleView> {
  const sale = await till.sale({ id: receiptNo, owner: 'register' })
  await sale.add({ line: '1', gtin: '4006381333931' })
  const { revision, totals } = await sale.total() // everything is reserved

  const { reference } = books.paid(receiptNo, totals.totalMinor) // your own payment
  await sale.paid({ revision, totalMinor: totals.totalMinor, reference })
  const end = await sale.finish()
  return end.view
}

export async function devicesOnly(options: DevicesOptions, books: OwnBooks): Promise<string> {
  await using devices = await openDevices(options)
  devices.on('scan', scan => void books.keep('scan', scan.text))
  devices.on('slip', async ({ lines }) => books.keep('slip', lines))

  const paid = await devices.pay(
    { amountMinor: 1999, currency: 'EUR' },
    {
      onAttempt: attempt => books.keep('attempt', attempt),
      onApproval: async facts => {
        await books.keep('approval', facts) // durable on your side first
        return 'accept' as const
      },
    },
  )
  if (paid.outcome === 'unknown') return (await devices.query(paid.attempt)).outcome
  return paid.outcome
}

export async function check(till: Till, ui: Screen): Promise<void> {
  const { terminal } = till
  till.on('slip', lines => ui.say(lines.map(({ text }) => text).join('\n')))
  const checked = terminal.capabilities.includes('diagnose') ? await terminal.diagnose() : undefined
  if (checked?.outcome === 'done') ui.say(checked.data.time ?? 'The terminal spoke with its host.')
}

export const acme = definePlugin({
  name: 'acme-cards',
  version: '1.0.0',
  contract: 1,
  claims: 'line',
  config: z.object({ url: z.string(), token: z.string() }),
  secrets: ['token'],
  servers: ({ url }) => [url],
  wants: article => article.group === 'acme' && { ask: { kind: 'serial', text: 'Scan the card' } },
  reserve: (c, op) => ({
    post: '/reserve',
    key: op.id,
    headers: { authorization: `Bearer ${c.config.token}` }, // a placeholder; filled in on the wire
    body: { serial: c.serial },
    read: { ...byField('state'), expiresInMs: 'expiresInMs' },
  }),
  renew: (_, op) => ({ post: '/renew', key: op.id, body: { about: op.about ?? '' }, read: byField('state') }),
  release: (_, op) => ({
    post: '/release',
    key: op.id,
    body: { about: op.about ?? '' },
    read: byField('state'),
  }),
  commit: (c, op) => ({
    post: '/commit',
    key: op.id,
    body: { serial: c.serial, about: op.about ?? '' },
    read: byField('state'),
  }),
  offline: { commit: 'queue', release: 'queue' },
  beforePaper: true,
  receipt: (c, standing) => [text(standing === 'done' ? `Card ${c.serial} active` : 'Activation follows')],
})

export const stored = definePlugin({
  name: 'stored-value',
  version: '1.0.0',
  contract: 1,
  claims: 'tender',
  config: z.object({ url: z.string() }),
  servers: ({ url }) => [url],
  pin: c => ({ account: String(c.subject['card']), prompt: 'CARD PIN', key: { scheme: 'dukpt' } }),
  reserve: (c, op) => ({
    post: '/reserve',
    key: op.id,
    body: {
      serial: String(c.subject['card']),
      amountMinor: op.amountMinor ?? 0,
      pin: enteredPin.block,
      ksn: enteredPin.ksn,
    },
    read: { ...byField('state'), approvedMinor: 'approvedMinor', expiresInMs: 'expiresInMs' },
  }),
  release: (_, op) => ({
    post: '/release',
    key: op.id,
    body: { about: op.about ?? '' },
    read: byField('state'),
  }),
  commit: (_, op) => ({
    post: '/commit',
    key: op.id,
    body: { about: op.about ?? '' },
    read: byField('state'),
  }),
  query: (_, op) => ({ get: `/operations/${op.id}`, read: byField('state') }),
  offline: { reserve: 'refuse', commit: 'queue', release: 'queue' },
})

export async function prove(plugin: PluginFactory): Promise<PluginReport> {
  const fixtures: PluginFixtures = {
    provider: () => referenceProvider(),
    article: { name: 'Acme card', priceMinor: 2500, vat: null, group: 'acme' },
    serial: 'A-0001',
  }
  const report = await testPlugin(plugin, fixtures)
  for (const { ok, rule, story } of report.checks) if (!ok) console.error(rule, story)
  return report
}

export async function morning(till: Till, ui: Screen): Promise<void> {
  for (const { sale, state } of till.recovered) ui.say(`${sale} is ${state} now`)
  for (const view of till.unfinished()) ui.render(view) // go on with them, or cancel them
  for (const task of till.tasks()) ui.say(`${explain(task.error)} Possible: ${task.actions.join(', ')}`)
}

export async function settle(till: Till, task: string): Promise<void> {
  await till.resolve({ task, action: 'settled', operator: '17', reason: 'refunded in cash, slip 12' })
}

export async function follow(till: Till, after: number, store: (event: TillEvent) => void): Promise<number> {
  let last = after
  for await (const event of till.events({ after })) {
    store(event)
    last = event.record // keep it: after a break go on with `after: last`
  }
  return last
}

export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof CashdeskError)) throw thrown
  const { code, message, next, retry } = thrown.report
  return `${code}: ${message} ${next} (${retry})`
}
