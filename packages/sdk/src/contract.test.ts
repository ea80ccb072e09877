// The plugin contract beyond cards: a coupon on the basket, and a stored-value card that pays a part.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CouponHouse, coupon } from '../test/fixtures/coupon.ts'
import { PurseBank, purse } from '../test/fixtures/purse.ts'
import { BREAD, COFFEE, Register } from '../test/node-register.ts'
import { type ProviderServer, serve } from '../test/node-server.ts'
import { seen } from '../test/node-shop.ts'
import type { SaleHandle, SaleView, Till } from './index.ts'

let register: Register
let house: CouponHouse
let bank: PurseBank
let couponServer: ProviderServer
let purseServer: ProviderServer
let till: Till

beforeEach(async () => {
  register = new Register()
  house = new CouponHouse()
  bank = new PurseBank()
  bank.balances.set('PURSE-1', 300)
  bank.balances.set('EMPTY', 0)
  couponServer = register.also(await serve(request => house.respond(request)))
  purseServer = register.also(await serve(request => bank.respond(request)))
  till = await open()
})
afterEach(() => register.end())

const open = (): Promise<Till> =>
  register.open({ plugins: [coupon(couponServer.url), purse(purseServer.url)] })

const total = (sale: SaleHandle, totalMinor: number): Promise<SaleView> =>
  seen(sale, view => view.totals.totalMinor === totalMinor && view.waitsFor.length === 0)

describe('a coupon for 10 % of the basket', () => {
  const ringUp = async (id: string): Promise<SaleHandle> => {
    const sale = await till.sale({ id })
    await sale.add({ line: '1', gtin: BREAD, quantity: 4 })
    await till.scan('10OFF-1')
    await total(sale, 900)
    return sale
  }

  it('is shown while ringing up, for the basket as it is', async () => {
    const sale = await ringUp('R-1')
    await sale.add({ line: '2', gtin: COFFEE, quantity: 2 })
    expect(await total(sale, 1799)).toMatchObject({ totals: { linesMinor: 1998, adjustmentsMinor: -199 } })
    await sale.voidLine('2')
    await total(sale, 900)
    expect(house.held.size).toBe(0)
  })

  it('is held from the total on, and redeemed after the payment, once', async () => {
    const sale = await ringUp('R-1')
    expect(await sale.total()).toMatchObject({ ready: true, totals: { totalMinor: 900 } })
    expect(house.held.size).toBe(1)
    expect(house.redeemed.size).toBe(0)
    await sale.pay({ id: 'P-1', by: 'card' })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view().claims).toMatchObject([{ plugin: 'coupon', state: 'committed' }])
    expect([...house.redeemed]).toEqual(['10OFF-1'])
    expect(house.held.size).toBe(0)
    expect(register.printer.text()).toContain('Coupon 10OFF-1')

    const second = await till.sale({ id: 'R-2' })
    await second.add({ line: '1', gtin: BREAD })
    await second.claim('10OFF-1')
    await seen(second, view => view.claims[0]?.state === 'refused')
    expect(second.view().totals.totalMinor).toBe(250)
  })

  it('is let go when the basket changes, and held anew under a new id', async () => {
    const sale = await ringUp('R-1')
    await sale.total()
    await sale.reopen()
    await sale.add({ line: '2', gtin: COFFEE })
    await total(sale, 1350)
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(house.held.size).toBe(0)
    expect((await sale.total()).totals.totalMinor).toBe(1350)
    expect(house.reservations.map(({ basketMinor }) => basketMinor)).toEqual([1000, 1499])
    expect(new Set(house.reservations.map(({ id }) => id)).size).toBe(2)
    await sale.pay({ id: 'P-1', by: 'cash', given: 2000 })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect([house.held.size, house.redeemed.size]).toEqual([0, 1])
  })

  it('that is refused at the total is not charged at full price without a word', async () => {
    const sale = await ringUp('R-1')
    const errors: string[] = []
    sale.on('refused', error => errors.push(error.code))
    house.refusing = true
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'claim.refused' },
    })
    expect(errors).toEqual(['claim.refused'])
    expect(sale.view()).toMatchObject({ state: 'open', payments: [], totals: { totalMinor: 1000 } })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({
      outcome: 'done',
      payment: { amountMinor: 1000 },
    })
  })

  it('is let go when the sale is cancelled', async () => {
    const sale = await ringUp('R-1')
    await sale.total()
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect([house.held.size, house.redeemed.size]).toEqual([0, 0])
  })

  it('counts once, whatever answer is lost', async () => {
    const sale = await ringUp('R-1')
    couponServer.script = ['lose-answer', 'lose-request', 'answer', 'lose-answer']
    expect((await sale.total()).totals.totalMinor).toBe(900)
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    expect(house.reservations).toHaveLength(1)
    expect([house.held.size, house.redeemed.size]).toEqual([0, 1])
    expect(sale.view()).toMatchObject({
      state: 'closed',
      totals: { totalMinor: 900, openMinor: 0 },
      tasks: [],
    })
  })
})

describe('a stored-value card that pays', () => {
  const ringUp = async (id: string): Promise<SaleHandle> => {
    const sale = await till.sale({ id })
    await sale.add({ line: '1', gtin: COFFEE })
    return sale
  }
  const hold = { id: 'P-1', by: 'purse', subject: { card: 'PURSE-1' } } as const

  it('holds what is on it; the rest is paid in cash, and the hold is captured', async () => {
    const sale = await ringUp('R-1')
    expect(await sale.pay(hold)).toMatchObject({
      outcome: 'done',
      openMinor: 199,
      payment: { askedMinor: 499, amountMinor: 300 },
    })
    expect(bank.holds.size).toBe(1)
    expect(await sale.pay({ id: 'P-2', by: 'cash', given: 200 })).toMatchObject({
      outcome: 'done',
      payment: { amountMinor: 199, changeMinor: 1 },
    })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(bank.captures).toEqual([{ card: 'PURSE-1', amountMinor: 300 }])
    expect(bank.holds.size).toBe(0)
    expect(bank.balances.get('PURSE-1')).toBe(0)
  })

  it('is let go when the sale is cancelled', async () => {
    const sale = await ringUp('R-1')
    await sale.pay(hold)
    expect(bank.balances.get('PURSE-1')).toBe(0)
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'cancelled', payments: [{ state: 'reversed' }] })
    expect(bank.balances.get('PURSE-1')).toBe(300)
    expect(bank.holds.size).toBe(0)
  })

  it('whose capture is refused after the payment leaves the task "tender short"', async () => {
    const sale = await ringUp('R-1')
    await sale.pay(hold)
    bank.refusesCaptures = true
    await sale.pay({ id: 'P-2', by: 'cash' })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view().state).toBe('closed')
    expect(till.tasks()).toMatchObject([
      { kind: 'tender-short', sale: 'R-1', amountMinor: 300, error: { code: 'tender.short' } },
    ])
    const task = till.tasks()[0]?.id ?? ''
    await till.resolve({ task, action: 'settled', operator: '17', reason: 'paid in cash' })
    expect(till.tasks()).toEqual([])
  })

  it.each([['EMPTY'], ['NOBODY']])('that holds nothing is refused: %s', async card => {
    const sale = await ringUp('R-1')
    expect(await sale.pay({ ...hold, subject: { card } })).toMatchObject({
      outcome: 'refused',
      payment: { state: 'refused', amountMinor: 0 },
    })
    expect(await sale.pay({ id: 'P-2', by: 'cash' })).toMatchObject({ outcome: 'done' })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(bank.captures).toEqual([])
    expect([...bank.holds.values()].reduce((sum, each) => sum + each.amountMinor, 0)).toBe(0)
  })

  it('holds once, though the answer was lost and the till was opened again', async () => {
    const sale = await ringUp('R-1')
    purseServer.script = ['lose-answer', 'hang']
    const paying = sale.pay(hold).catch(() => undefined)
    await seen(sale, view => view.payments.length === 1)
    await till.close()
    await paying
    till = await open()
    const again = till.find('R-1')
    expect(await again.pay(hold)).toMatchObject({ outcome: 'done', payment: { amountMinor: 300 } })
    await again.pay({ id: 'P-2', by: 'card' })
    await again.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(bank.captures).toHaveLength(1)
    expect(bank.balances.get('PURSE-1')).toBe(0)
    expect(register.terminal.totalMinor()).toBe(199)
  })

  it('and a coupon go together', async () => {
    const sale = await ringUp('R-1')
    await till.scan('10OFF-7')
    await total(sale, 450)
    await sale.pay(hold)
    await sale.pay({ id: 'P-2', by: 'card' })
    await sale.finish()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(sale.view()).toMatchObject({
      state: 'closed',
      totals: { totalMinor: 450, paidMinor: 450, openMinor: 0 },
    })
    expect([bank.captures.length, house.redeemed.size, register.terminal.totalMinor()]).toEqual([1, 1, 150])
  })
})
