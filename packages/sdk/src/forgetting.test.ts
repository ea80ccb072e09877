// Sales that ended long ago leave the memory and nothing else: they are found again, never opened twice, and what was
// taken back of them is still known.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BREAD, CARD, Register } from '../test/node-register.ts'
import { answer, codeOf, openShop } from '../test/node-shop.ts'
import type { SaleHandle, Till } from './index.ts'

let register: Register
beforeEach(() => {
  register = new Register()
})
afterEach(() => register.end())

const KEPT = 4
const open = (): Promise<Till> => register.open({ scanner: [], keptSales: KEPT })

async function sell(till: Till, id: string): Promise<SaleHandle> {
  const sale = await till.sale({ id })
  await sale.add({ line: '1', gtin: BREAD, quantity: 2 })
  await sale.pay({ id: 'P-1', by: 'cash' })
  await sale.finish()
  return sale
}

async function sellMany(till: Till, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) await sell(till, `R-${number}`)
}

async function takeBack(till: Till, id: string, original: string): Promise<SaleHandle> {
  const back = await till.sale({ id, kind: 'return', original })
  await back.add({ line: '1', of: '1' })
  await back.pay({ id: 'P-1', by: 'cash' })
  await back.finish()
  return back
}

describe('a till that has sold much', () => {
  it('brings a sale back that changed after it had left the memory, at every start', async () => {
    for (const snapshotEvery of [0, 1]) {
      const shop = await openShop()
      const options = { scanner: [], keptSales: KEPT, snapshotEvery } as const
      const till = await shop.till(options)
      const sale = await till.sale({ id: 'R-1', owner: 'register' })
      await sale.add({ line: '1', gtin: CARD })
      await answer(sale, 'SER-1')
      await sale.total()
      const { revision, totals } = sale.view()
      await sale.cancel()
      expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
      for (let number = 1; number <= 20; number += 1) await sell(till, `S-${number}`)
      expect(() => till.find('R-1')).toThrow('sale.long-ended')
      // The register's word comes late, and nobody can be told before the till stops.
      shop.server.usually = 'lose-request'
      const late = await till.recall('R-1')
      await late.paid({ revision, totalMinor: totals.totalMinor, reference: 'ref-1' })
      await till.close()
      const again = await shop.till(options)
      shop.server.usually = 'answer'
      expect(await again.idle({ timeoutMs: 20_000 })).toBe(true)
      expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
      expect(again.find('R-1').view().claims.at(-1)?.state).toBe('committed')
      await shop.end()
    }
  })

  it('goes on after a restart with a return of a sale that had left the memory', async () => {
    const till = await open()
    await sellMany(till, 20)
    await till.sale({ id: 'B-1', kind: 'return', original: 'R-1' })
    await till.close()
    const again = await open()
    await again.find('B-1').add({ line: '1', of: '1' })
    expect(again.find('B-1').view().totals.totalMinor).toBe(-250)
  })

  it('keeps a sale with an open task, and takes only whole numbers', async () => {
    const shop = await openShop()
    const till = await shop.till({ scanner: [], keptSales: KEPT })
    const sale = await till.sale({ id: 'C-1' })
    await sale.add({ line: '1', gtin: CARD })
    await answer(sale, 'SER-1')
    await sale.total()
    const headers = { 'content-type': 'application/json' }
    shop.server.usually = { status: 409, headers, body: JSON.stringify({ state: 'refused' }) }
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish()
    await sellMany(till, 20)
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', sale: 'C-1' }])
    expect(till.find('C-1').view().claims[0]?.state).toBe('failed')
    expect(await codeOf(shop.till({ keptSales: Number.NaN }))).toBe('config.invalid')
    await shop.end()
  })

  it('keeps the newest sales at hand and says where the others are', async () => {
    const till = await open()
    await sellMany(till, 20)
    expect(till.find('R-20').view().state).toBe('closed')
    expect(() => till.find('R-1')).toThrow('sale.long-ended')
    expect(() => till.find('R-99')).toThrow('sale.unknown')
    expect((await till.recall('R-1')).view()).toMatchObject({ state: 'closed', totals: { totalMinor: 500 } })
    expect(await codeOf(till.recall('R-99'))).toBe('sale.unknown')
  })

  it('never opens a second sale under an old id, however often it is started', async () => {
    let till = await open()
    await sellMany(till, 20)
    await till.close()
    till = await open()
    expect((await sell(till, 'R-1')).view().payments).toHaveLength(1)
    expect(await codeOf(till.sale({ id: 'R-2', training: true }))).toBe('register.repeated-differently')
    expect(register.printer.papers).toHaveLength(20)
  })

  it('takes an old sale back within what is left of it, whatever was taken back before', async () => {
    const till = await open()
    await sellMany(till, 10)
    await takeBack(till, 'B-1', 'R-1')
    for (let number = 11; number <= 30; number += 1) await sell(till, `R-${number}`)
    expect(() => till.find('B-1')).toThrow('sale.long-ended')
    expect((await takeBack(till, 'B-2', 'R-1')).view().totals.totalMinor).toBe(-250)
    expect(await codeOf(till.sale({ id: 'B-3', kind: 'return', original: 'R-1' }))).toBe(
      'line.exceeds-original',
    )
  })

  it('keeps what still has something to do, however old it is', async () => {
    const shop = await openShop()
    const till = await shop.till({ scanner: [], keptSales: KEPT })
    const sale = await till.sale({ id: 'C-1' })
    await sale.add({ line: '1', gtin: CARD })
    await answer(sale, 'SER-1')
    await sale.total()
    shop.server.usually = 'lose-request'
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish({ commitBudgetMs: 0 })
    await sellMany(till, 20)
    expect(till.find('C-1').view().claims[0]?.state).toBe('committing')
    shop.server.usually = 'answer'
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    expect(till.find('C-1').view().claims[0]?.state).toBe('committed')
    await shop.end()
  })
})
