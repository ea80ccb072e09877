// docs/sdk.md quotes code that is compiled and run here.
import { readFileSync } from 'node:fs'
import { done } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  acme,
  check,
  codeOf,
  devicesOnly,
  follow,
  morning,
  type OwnBooks,
  open,
  ownPayment,
  prove,
  type Screen,
  sell,
  settle,
  stored,
} from '../test/documented.ts'
import { openShop, type Shop } from '../test/node-shop.ts'
import type { TillEvent } from './index.ts'
import { referenceProvider, testPlugin } from './testing.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

const withoutIndent = (text: string): string =>
  text
    .split('\n')
    .map(line => line.trim().replace(/^export /, ''))
    .filter(line => line !== '')
    .join('\n')

describe('docs/sdk.md', () => {
  const code = withoutIndent(read('../test/documented.ts'))
  const blocks = [...read('../../../docs/sdk.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, block = '']) => block,
  )

  it.each(blocks.map((block, at) => [at + 1, block] as const))(
    'block %i is code that is tested',
    (_, block) => {
      expect(code).toContain(withoutIndent(block))
    },
  )

  it('has blocks', () => {
    expect(blocks.length).toBeGreaterThan(8)
  })
})

describe('what the page shows', () => {
  let shop: Shop
  let said: string[]
  const kept: string[] = []
  let ui: Screen
  const books: OwnBooks = {
    statusOf: () => ({ status: 'open' }),
    paid: sale => ({ reference: `own-${sale}` }),
    keep: async name => void kept.push(name),
  }
  beforeEach(async () => {
    shop = await openShop()
    said = []
    kept.length = 0
    ui = {
      render: view => void said.push(view.state),
      ask: async () => 'SER-1',
      say: text => void said.push(text),
    }
  })
  afterEach(() => shop.end())

  it('sells, follows and recovers', async () => {
    const till = await open({ printer: shop.printer, terminal: shop.terminal }, shop.dir)
    const events: TillEvent[] = []
    const following = follow(till, 0, event => events.push(event))
    expect(await sell(till, ui, 'R-1')).toBe('closed')
    expect(said).toContain('9.98')
    expect((await ownPayment(till, books, 'R-2')).state).toBe('closed')
    shop.terminal.totalsOffBy = 1
    await till.endOfDay()
    await till.close()
    expect(await following).toBe(events.at(-1)?.record)
    const again = shop.also(await open({ printer: shop.printer, terminal: shop.terminal }, shop.dir))
    await again.sale({ id: 'R-3' })
    said.length = 0
    await morning(again, ui)
    expect(said).toHaveLength(2)
    await settle(again, again.tasks()[0]?.id ?? '')
    expect(again.tasks()).toEqual([])
    expect(await again.sale({ id: 'R-4' }).catch(codeOf)).toContain('sale.not-in-front')
  })

  it('uses devices alone', async () => {
    const options = { terminal: shop.terminal, scanner: shop.scanner }
    const paying = devicesOnly(options, books)
    expect(await paying).toBe('done')
    expect(kept).toEqual(['attempt', 'approval', 'slip'])
    shop.terminal.script = ['lose-booked']
    expect(await devicesOnly(options, books)).toBe('done')
  })

  it('asks what the terminal can before it has it do that', async () => {
    const till = await shop.till()
    await check(till, ui)
    expect(said).toEqual([])
    Object.assign(shop.terminal, { diagnose: async () => done({ facts: {} }) })
    await check(till, ui)
    expect(said).toEqual(['The terminal spoke with its host.'])
  })

  it('defines a plugin that keeps the contract', async () => {
    const report = await prove(acme({ url: 'http://acme.example', token: 'acme-token-1' }))
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })

  it('defines a stored-value card with a PIN that keeps the contract', async () => {
    const report = await testPlugin(stored({ url: 'http://stored.example' }), {
      provider: () => referenceProvider({ limitMinor: 2_000 }),
      subject: { card: '4012345678909' },
    })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })
})
