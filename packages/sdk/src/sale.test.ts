// A sale through the whole sdk: real journal, real HTTP, scripted devices.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cards } from '../test/cards.ts'
import { BREAD, CARD, COFFEE, Register } from '../test/node-register.ts'
import { type ProviderServer, serve } from '../test/node-server.ts'
import type { SaleHandle, SaleView, Till } from './index.ts'
import { type ModelProvider, referenceProvider } from './testing-provider.ts'

let register: Register
let provider: ModelProvider
let server: ProviderServer

beforeEach(async () => {
  register = new Register()
  provider = referenceProvider()
  server = register.also(await serve(request => provider.respond(request)))
})
afterEach(() => register.end())

const open = (): Promise<Till> =>
  register.open({ plugins: [cards({ url: server.url, token: 'tok-4711-abc' })] })

async function answer(sale: SaleHandle, serial: string): Promise<void> {
  const [prompt] = sale.view().prompts
  await sale.answer(prompt?.id ?? '', serial)
}

describe('a whole sale', () => {
  it('sells articles and a card, is paid by card, prints, and activates', async () => {
    const till = await open()
    const views: SaleView[] = []
    const sale = await till.sale({ id: 'R-1', operator: '17' })
    sale.on('changed', view => views.push(view))
    await sale.add({ line: '1', gtin: COFFEE, quantity: 2 })
    await sale.add({ line: '2', gtin: CARD })
    await answer(sale, 'SER-0001')
    const total = await sale.total()
    expect(total).toMatchObject({ state: 'tendering', ready: true, totals: { totalMinor: 3498 } })

    const paid = await sale.pay({ id: 'P-1', by: 'card' })
    expect(paid).toMatchObject({ outcome: 'done', openMinor: 0, payment: { amountMinor: 3498 } })
    const end = await sale.finish()
    expect(end).toMatchObject({
      state: 'closed',
      claims: [{ plugin: 'cards', serial: 'SER-0001', state: 'committed', text: 'SER-0001: active' }],
      paper: { state: 'printed' },
    })
    expect(provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    expect(register.terminal.totalMinor()).toBe(3498)
    expect(register.printer.text()).toContain('Card SER-0001: active')
    expect(till.unfinished()).toEqual([])
    expect(till.tasks()).toEqual([])
    expect(views.map(view => view.revision)).toEqual(
      [...views.map(view => view.revision)].sort((a, b) => a - b),
    )
    expect(JSON.parse(JSON.stringify(end))).toEqual(end)
  })

  it('takes cash, gives change and opens the drawer', async () => {
    const till = await open()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    const paid = await sale.pay({ id: 'P-1', by: 'cash', given: 1000 })
    expect(paid).toMatchObject({ outcome: 'done', payment: { amountMinor: 250, changeMinor: 750 } })
    await sale.finish()
    expect(register.printer.kicks).toBe(1)
  })
})
