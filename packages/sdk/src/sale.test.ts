// Whole sales through the sdk: a real journal, real HTTP, scripted devices.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BREAD, CARD, COFFEE } from '../test/node-register.ts'
import { answer, openShop, quiet, ringUp, type Shop } from '../test/node-shop.ts'
import type { SaleView } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

describe('a whole sale', () => {
  it('sells articles and a card, is paid by card, prints, and activates', async () => {
    const till = await shop.till()
    const views: SaleView[] = []
    const messages: string[] = []
    const slips: unknown[] = []
    till.on('slip', lines => slips.push(...lines))
    const sale = await till.sale({ id: 'R-1', operator: '17', shift: 'early' })
    sale.on('changed', view => views.push(view))
    sale.on('message', message => messages.push(message))
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
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    expect(shop.terminal.totalMinor()).toBe(3498)
    expect(shop.printer.text()).toContain('Card SER-0001: active')
    expect(till.unfinished()).toEqual([])
    expect(till.tasks()).toEqual([])
    expect(messages).toEqual(['Please insert card'])
    expect(slips).toHaveLength(1)
    expect(sale.view().payments[0]?.slip).toEqual([{ receipt: 'customer', text: 'Card payment' }])
    expect(shop.printer.text()).toContain('Card payment')
    expect(shop.printer.text()).not.toContain('{"block":"rule"},{"block":"rule"}')
    const revisions = views.map(view => view.revision)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(JSON.parse(JSON.stringify(end))).toEqual(end)
  })

  it('takes cash, gives change and opens the drawer', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    const paid = await sale.pay({ id: 'P-1', by: 'cash', given: 1000 })
    expect(paid).toMatchObject({ outcome: 'done', payment: { amountMinor: 250, changeMinor: 750 } })
    await sale.finish()
    expect(shop.printer.kicks).toBe(1)
  })

  it('is paid partly in cash, the rest by card, in that order', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    expect(await sale.pay({ id: 'P-0', by: 'card', amount: 1000 })).toMatchObject({
      outcome: 'refused',
      error: { code: 'tender.order' },
    })
    expect(await sale.pay({ id: 'P-1', by: 'cash', amount: 1000 })).toMatchObject({ openMinor: 1999 })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({ outcome: 'done', openMinor: 0 })
    expect((await sale.finish()).view.totals).toMatchObject({
      totalMinor: 2999,
      paidMinor: 2999,
      openMinor: 0,
    })
  })

  it('counts a tip on top, and asks the rest of a partial approval', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    shop.terminal.script = [{ approveMinor: 100 }, { tipMinor: 20 }]
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'done', openMinor: 150 })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({
      outcome: 'done',
      payment: { amountMinor: 170, tipMinor: 20 },
    })
    expect((await sale.finish()).view.totals).toMatchObject({ totalMinor: 270, tipMinor: 20, openMinor: 0 })
  })

  it('goes on while the reservation is pending; only the total waits', async () => {
    let open = (): void => undefined
    shop.server.script = [
      new Promise<void>(resolve => {
        open = resolve
      }),
    ]
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    await sale.add({ line: '3', gtin: BREAD })
    expect(sale.view().waitsFor).toEqual(['provider'])
    let paid = false
    const paying = sale.pay({ id: 'P-1', by: 'cash', given: 5000 }).then(result => {
      paid = true
      return result
    })
    await quiet()
    expect(paid).toBe(false)
    expect(shop.provider.books().held).toBe(0)
    open()
    expect(await paying).toMatchObject({ outcome: 'done', payment: { changeMinor: 1751 } })
    await sale.finish()
    expect(shop.provider.books()).toMatchObject({ held: 0, committed: 1 })
  })
})

describe('a card that is refused', () => {
  it('drops its line, and the sale goes on without it', async () => {
    const till = await shop.till()
    const first = await ringUp(till, 'R-1', 'SAME')
    await first.pay({ id: 'P-1', by: 'cash' })
    await first.finish()
    const errors: string[] = []
    const second = await till.sale({ id: 'R-2' })
    second.on('refused', error => errors.push(error.code))
    await second.add({ line: '1', gtin: COFFEE })
    await second.add({ line: '2', gtin: CARD })
    await answer(second, 'SAME')
    const total = await second.total()
    expect(total.lines.map(line => line.state)).toEqual(['active', 'refused'])
    expect(total.totals.totalMinor).toBe(499)
    expect(errors).toEqual(['claim.refused'])
    await second.pay({ id: 'P-1', by: 'card' })
    expect((await second.finish()).state).toBe('closed')
    expect(shop.provider.books()).toMatchObject({ held: 0, committed: 1 })
  })

  it('during `pay` takes no money: the cashier sees the new total first', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    shop.server.script = [{ status: 409, headers: {}, body: '{"state":"refused"}' }]
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'claim.refused' },
    })
    expect(shop.terminal.orders).toEqual([])
    expect(sale.view()).toMatchObject({ ready: true, totals: { totalMinor: 499 } })
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ payment: { amountMinor: 499 } })
  })

  it('is let go when its line is voided or the sale is cancelled', async () => {
    const till = await shop.till()
    const first = await ringUp(till, 'R-1')
    await first.total()
    await first.reopen()
    await first.voidLine('2')
    await first.voidLine('2')
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 0, conflicts: 0 })
    await first.cancel('customer left')
    const second = await ringUp(till, 'R-2')
    await second.total()
    expect(shop.provider.books().held).toBe(1)
    await second.cancel()
    expect(await till.idle({ timeoutMs: 2000 })).toBe(true)
    expect(second.view().state).toBe('cancelled')
    expect(shop.provider.books()).toEqual({ held: 0, committed: 0, conflicts: 0 })
  })

  it('is released when the sale no longer waits, and a late original is refused by the provider', async () => {
    shop.server.usually = 'lose-request'
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    const total = await sale.total()
    expect(total.lines[1]).toMatchObject({ state: 'refused', error: { code: 'provider.no-answer' } })
    shop.server.usually = 'answer'
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    const [late] = shop.server.requests
    if (late) expect(shop.provider.respond(late)).toMatchObject({ status: 409 })
    expect(shop.provider.books()).toEqual({ held: 0, committed: 0, conflicts: 0 })
  })
})

describe('paper', () => {
  it('never changes the sale: out of paper closes, and prints later', async () => {
    shop.printer.script = ['paper-out']
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    await sale.pay({ id: 'P-1', by: 'cash' })
    expect(await sale.finish()).toMatchObject({
      state: 'closed',
      paper: { state: 'failed', error: { code: 'printer.paper-out' } },
    })
    expect(await sale.print()).toEqual({ state: 'printed' })
    expect(shop.printer.papers.map(job => job.copy)).toEqual([false])
    await sale.print()
    expect(shop.printer.papers.map(job => job.copy)).toEqual([false, true])
  })

  it('says what is true: a commit that is not answered follows, and is delivered later', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    shop.server.usually = 'lose-request'
    await sale.pay({ id: 'P-1', by: 'card' })
    const end = await sale.finish({ commitBudgetMs: 50 })
    expect(end).toMatchObject({ state: 'closed', claims: [{ state: 'committing' }] })
    expect(shop.printer.text()).toContain('Card SER-R-1: follows')
    shop.server.usually = 'answer'
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    expect(sale.view().claims[0]?.state).toBe('committed')
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })

  it('is not printed twice when another job comes before its end is durable', async () => {
    const till = await shop.till()
    const first = await till.sale({ id: 'R-1' })
    await first.add({ line: '1', gtin: BREAD })
    await first.pay({ id: 'P-1', by: 'cash' })
    const closing = first.finish()
    const second = await till.sale({ id: 'R-2' })
    await second.add({ line: '1', gtin: BREAD })
    await Promise.all([closing, second.pay({ id: 'P-1', by: 'cash' })])
    await second.finish()
    expect(shop.printer.papers).toHaveLength(2)
    expect(shop.printer.kicks).toBe(2)
  })
})
