// The register that the kit plays: one sale from the first line to the end, begun again from the start after a crash,
// with the same ids. What became of it is judged by the provider's books.
import type { Facts } from '@cashdesk/kernel'
import { openTill } from './open.ts'
import type { CatalogArticle } from './options.ts'
import type { PluginFactory } from './plugin.ts'
import type { SaleHandle } from './sale.ts'
import { KitPinpad } from './testing-pinpad.ts'
import type { ModelProvider } from './testing-provider.ts'
import type { World } from './testing-world.ts'
import type { Till } from './till.ts'
import type { SaleView } from './view.ts'

/** What the kit sells, scans and answers for the plugin. */
export interface PluginFixtures {
  /** A fresh provider with empty books for every run. */
  readonly provider: () => ModelProvider
  /** For a plugin that claims lines: an article that it wants. */
  readonly article?: CatalogArticle & { readonly gtin?: string }
  /** The answer to a question for the serial. */
  readonly serial?: string
  /** Answers to other questions, by their kind. */
  readonly answers?: { readonly [kind: string]: string }
  /** For a plugin that claims the basket: a code that it identifies. */
  readonly code?: string
  /** For a tender: what `pay` hands over, and how much is asked; all of it if absent. */
  readonly subject?: Facts
  readonly amountMinor?: number
  /** Secrets in clear that the plugin knows besides those of its configuration. */
  readonly secrets?: readonly string[]
  /** Values for `secret('env:…')` and `secret('file:…')`; the kit makes up what is missing. */
  readonly secretValues?: { readonly [name: string]: string }
}

export type Stage = 'add' | 'total' | 'pay' | 'finish' | 'end'

export interface Script {
  /** Where the sale goes: to its end, or back before the payment. */
  readonly goes: 'closed' | 'cancelled'
  readonly stage?: (stage: Stage) => void
  /** How long the cashier waits before pressing the total. */
  readonly waitMs?: number
}

/** What a run came to. */
export interface Played {
  readonly view: SaleView
  readonly till: Till
  /** Simulated time from the first line to the payment. */
  readonly heldUpMs: number
}

const PLAIN = { name: 'Bread', priceMinor: 5_000, vat: 700 }
/** Retries of any sensible profile end within this. */
const REST_MS = 3_600_000

export function secretOf(fixtures: PluginFixtures, name: string): string {
  return fixtures.secretValues?.[name] ?? `kit-secret-${name}-7f3a`
}

async function open(world: World, plugin: PluginFactory, fixtures: PluginFixtures): Promise<Till> {
  const secrets = {
    env: (name: string) => secretOf(fixtures, name),
    file: (name: string) => secretOf(fixtures, name),
  }
  return openTill({
    dir: 'kit',
    lane: 'kit',
    currency: 'EUR',
    plugins: [plugin],
    pinpad: new KitPinpad(),
    log: world.log,
    ports: { clock: world.clock, random: world.random, http: world.http, disk: world.disk, secrets },
  })
}

/** Everything the register does, as often as it is called. */
export async function play(
  world: World,
  plugin: PluginFactory,
  fixtures: PluginFixtures,
  script: Script,
): Promise<Played> {
  const { stage = () => undefined } = script
  const till = await open(world, plugin, fixtures)
  const sale = await till.sale({ id: 'KIT-1' })
  sale.on('prompt', prompt => {
    sale.answer(prompt.id, answerTo(prompt.kind, fixtures)).catch(() => undefined)
  })
  const started = world.clock.monotonicMs()
  if (LIVE.has(sale.view().state)) {
    stage('add')
    await ringUp(sale, fixtures)
    await pause(world, script.waitMs ?? 0)
    stage('total')
    await total(sale)
  }
  stage('pay')
  if (script.goes === 'cancelled') await cancel(sale, plugin.name, fixtures)
  else await pay(sale, plugin.name, fixtures)
  const heldUpMs = world.clock.monotonicMs() - started
  stage('finish')
  if (script.goes === 'closed') await sale.finish()
  stage('end')
  await till.idle({ timeoutMs: REST_MS })
  return { view: sale.view(), till, heldUpMs }
}

const LIVE: ReadonlySet<string> = new Set(['open', 'tendering'])

function answerTo(kind: string, { serial, answers }: PluginFixtures): string {
  return (kind === 'serial' ? serial : undefined) ?? answers?.[kind] ?? 'kit-answer'
}

async function ringUp(sale: SaleHandle, fixtures: PluginFixtures): Promise<void> {
  await sale.add({ line: 'plain', article: PLAIN })
  if (fixtures.article) await sale.add({ line: 'wanted', article: fixtures.article })
  if (fixtures.code !== undefined) await sale.claim(fixtures.code)
  // The listener answers, too; what is answered twice has its result.
  for (const prompt of sale.view().prompts) await sale.answer(prompt.id, answerTo(prompt.kind, fixtures))
}

/** Where a line was dropped the sale is open again: the customer agrees to the smaller total. */
async function total(sale: SaleHandle): Promise<void> {
  for (let pressed = 0; pressed < 3; pressed += 1) if ((await sale.total()).ready) return
}

function pause({ clock }: World, ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise(resolve => clock.after(ms, resolve))
}

async function payByTender(sale: SaleHandle, name: string, fixtures: PluginFixtures): Promise<void> {
  if (fixtures.article || fixtures.code !== undefined) return
  await sale.pay({
    id: 'KIT-P1',
    by: name,
    ...(fixtures.amountMinor === undefined ? {} : { amount: fixtures.amountMinor }),
    ...(fixtures.subject === undefined ? {} : { subject: fixtures.subject }),
  })
}

async function pay(sale: SaleHandle, name: string, fixtures: PluginFixtures): Promise<void> {
  await payByTender(sale, name, fixtures)
  const { state, payments } = sale.view()
  if (state === 'tendering' || payments.some(({ id }) => id === 'KIT-P2'))
    await sale.pay({ id: 'KIT-P2', by: 'cash' })
}

async function cancel(sale: SaleHandle, name: string, fixtures: PluginFixtures): Promise<void> {
  // A part, so that the sale is not paid: afterwards it could not be cancelled any more.
  const part = { ...fixtures, amountMinor: Math.min(fixtures.amountMinor ?? 1_000, PLAIN.priceMinor - 1) }
  if (LIVE.has(sale.view().state)) await payByTender(sale, name, part)
  await sale.cancel('the kit')
}
