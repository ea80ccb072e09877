// Depth b: the register owns basket and payment. Its word is the pivot; it may come twice, late, or never.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARD, COFFEE } from '../test/node-register.ts'
import { answer, codeOf, openShop, type Shop, seen } from '../test/node-shop.ts'
import type { RegisterStatus, SaleHandle, Till } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

async function ringUp(till: Till, id: string): Promise<SaleHandle> {
  const sale = await till.sale({ id, owner: 'register' })
  await sale.add({ line: '1', gtin: COFFEE })
  await sale.add({ line: '2', gtin: CARD })
  await answer(sale, `SER-${id}`)
  await sale.total()
  return sale
}

const given = (sale: SaleHandle, reference = 'ref-1') => {
  const { revision, totals } = sale.view()
  return { revision, totalMinor: totals.totalMinor, reference }
}

describe('a sale that the register owns', () => {
  it('commits when the register says that it is paid', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    expect(await sale.pay({ id: 'P-1', by: 'cash' })).toMatchObject({ outcome: 'refused' })
    expect(await sale.paid(given(sale))).toMatchObject({ state: 'settling' })
    expect(await sale.finish()).toMatchObject({ state: 'closed', claims: [{ state: 'committed' }] })
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    expect(shop.terminal.orders).toEqual([])
  })

  it('may hear `paid` again and again; another word is a coded error', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    const word = given(sale)
    await sale.paid(word)
    await sale.paid(word)
    await sale.finish()
    expect(await sale.paid(word)).toMatchObject({ state: 'closed' })
    expect(await codeOf(sale.paid({ ...word, reference: 'ref-2' }))).toBe('register.repeated-differently')
    expect(sale.view().payments).toHaveLength(1)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })

  it('refuses a payment for a basket that has changed', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    const word = given(sale)
    await sale.reopen()
    await sale.add({ line: '3', gtin: COFFEE })
    expect(await codeOf(sale.paid(word))).toBe('sale.revision')
    expect(await codeOf(sale.paid({ ...given(sale), totalMinor: 1 }))).toBe('sale.revision')
    await sale.paid(given(sale))
    expect((await sale.finish()).state).toBe('closed')
  })

  it('stands beside others: the register has its own front', async () => {
    const till = await shop.till()
    const one = await ringUp(till, 'R-1')
    const other = await ringUp(till, 'R-2')
    await other.paid(given(other))
    await one.cancel()
    await other.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })
})

describe('after a crash the register is asked what became of its sale', () => {
  const reopened = async (status: RegisterStatus): Promise<{ till: Till; asked: string[] }> => {
    const first = await shop.till()
    await ringUp(first, 'R-1')
    await first.close()
    const asked: string[] = []
    const till = await shop.till({
      statusOf: sale => {
        asked.push(sale)
        return status
      },
    })
    return { till, asked }
  }

  it('paid: it is committed and closed', async () => {
    const { till, asked } = await reopened({ status: 'paid', reference: 'ref-1', totalMinor: 2999 })
    await seen(till.find('R-1'), view => view.state !== 'tendering')
    await till.find('R-1').finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(asked).toEqual(['R-1'])
    expect(till.recovered).toMatchObject([{ state: 'closed', claims: [{ state: 'committed' }] }])
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })

  it('cancelled: it lets go', async () => {
    const { till } = await reopened({ status: 'cancelled' })
    await seen(till.find('R-1'), view => view.state === 'cancelled')
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 0, conflicts: 0 })
  })

  it.each([['open'], ['unknown']] as const)('%s: it holds on, and asks again', async status => {
    const first = await shop.till()
    await ringUp(first, 'R-1')
    await first.close()
    let asked = 0
    const till = await shop.till({
      askRegisterMs: 30,
      statusOf: () => {
        asked += 1
        if (asked === 2) throw new TypeError('the register is busy')
        return { status: asked < 4 ? status : 'cancelled' }
      },
    })
    expect(till.find('R-1').view().state).toBe('tendering')
    await seen(till.find('R-1'), view => view.state === 'cancelled')
    expect(asked).toBe(4)
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(shop.provider.books().held).toBe(0)
  })

  it('paid after all, though it was cancelled and released: it is reserved anew', async () => {
    const { till } = await reopened({ status: 'open' })
    const sale = till.find('R-1')
    const word = given(sale)
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(shop.provider.books().held).toBe(0)
    await sale.paid(word)
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'closed', claims: [{ state: 'committed' }], tasks: [] })
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })

  it('cancelled after it was paid: what was activated is voided', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    await sale.paid(given(sale))
    await sale.finish()
    await sale.cancel('the customer came back')
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'cancelled', claims: [{ state: 'voided' }] })
    expect(shop.provider.books()).toEqual({ held: 0, committed: 0, conflicts: 0 })
  })
})
