// Card payments: three outcomes, one of them unknown; nothing is charged twice and nothing is guessed.
import { type CashdeskError, done, refused, report, unknown } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gate } from '../test/devices.ts'
import { BREAD } from '../test/node-register.ts'
import { codeOf, openShop, quiet, ringUp, type Shop, seen } from '../test/node-shop.ts'
import type { SaleHandle, Till } from './index.ts'

let shop: Shop
let till: Till
let sale: SaleHandle
beforeEach(async () => {
  shop = await openShop()
  till = await shop.till()
  sale = await till.sale({ id: 'R-1' })
  await sale.add({ line: '1', gtin: BREAD })
})
afterEach(() => shop.end())

describe('a card payment', () => {
  it('that is declined leaves the sale to another means', async () => {
    shop.terminal.script = ['decline']
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'tender.declined' },
      payment: { state: 'refused' },
    })
    expect(sale.view().state).toBe('tendering')
    expect(await sale.pay({ id: 'P-2', by: 'cash' })).toMatchObject({ outcome: 'done' })
  })

  it('whose answer was lost is asked about, and counts once if it was booked', async () => {
    shop.terminal.script = ['lose-booked']
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'done' })
    expect(shop.terminal.orders).toHaveLength(1)
    expect(shop.terminal.queries).toHaveLength(1)
    expect((await sale.finish()).state).toBe('closed')
  })

  it('whose answer was lost is refused if it was not booked, and may be tried anew', async () => {
    shop.terminal.script = ['lose-unbooked']
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'terminal.not-booked' },
    })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({ outcome: 'done' })
    expect(shop.terminal.books).toHaveLength(1)
  })

  it('that nobody can tell about is unknown, blocks the terminal alone, and is resolved later', async () => {
    shop.terminal.script = ['lose-booked']
    shop.terminal.answersQueries = 'no'
    const paid = await sale.pay({ id: 'P-1', by: 'card' }, { resolveWithinMs: 30 })
    expect(paid).toMatchObject({ outcome: 'unknown', error: { code: 'tender.unresolved' } })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(await codeOf(sale.cancel())).toBe('tender.unresolved')
    expect(await codeOf(till.endOfDay())).toBe('terminal.blocked')
    await sale.pay({ id: 'P-1', by: 'card' }, { resolveWithinMs: 0 })
    shop.terminal.answersQueries = 'yes'
    expect(await sale.payment('P-1')).toMatchObject({ outcome: 'done' })
    expect(shop.terminal.orders).toHaveLength(1)
  })

  it('that the terminal cannot tell about becomes a task, which a person settles by its slip', async () => {
    shop.terminal.script = ['lose-booked']
    shop.terminal.answersQueries = 'cannot-tell'
    const told: number[] = []
    till.on('tasks', tasks => told.push(tasks.length))
    const paid = await sale.pay({ id: 'P-1', by: 'card' })
    expect(paid).toMatchObject({ outcome: 'unknown', task: { kind: 'payment-unresolved' } })
    const [task] = till.tasks()
    expect(task).toMatchObject({ sale: 'R-1', actions: ['booked', 'not-booked', 'retry'] })
    const id = task?.id ?? ''
    const by = { operator: '17', reason: 'the slip says booked' }
    expect(await codeOf(till.resolve({ task: id, action: 'written-off', ...by }))).toBe('task.action')
    expect(await codeOf(till.resolve({ task: 'other', action: 'booked', ...by }))).toBe('task.unknown')
    await till.resolve({ task: id, action: 'booked', ...by })
    expect(sale.view()).toMatchObject({ state: 'settling', tasks: [], payments: [{ state: 'done' }] })
    expect(told).toEqual([1, 0])
    // The terminal itself is told, too: it takes the next payment.
    expect(shop.terminal.unresolved).toBeUndefined()
    const next = await till.sale({ id: 'R-2' })
    await next.add({ line: '1', gtin: BREAD })
    expect(await next.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'done' })
  })

  it('is aborted by a signal, if it is not too late', async () => {
    const waiting = gate()
    shop.terminal.script = [{ after: waiting.opened }]
    const abort = new AbortController()
    const paying = sale.pay({ id: 'P-1', by: 'card' }, { signal: abort.signal })
    await seen(sale, view => view.payments.length === 1)
    await quiet()
    abort.abort()
    expect(await paying).toMatchObject({ outcome: 'refused', error: { code: 'tender.cancelled' } })
    expect(shop.terminal.books).toEqual([])
  })

  it('is not started under a signal that was raised before', async () => {
    const waiting = gate()
    shop.terminal.script = [{ after: waiting.opened }]
    expect(await sale.pay({ id: 'P-1', by: 'card' }, { signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'refused',
    })
    expect(shop.terminal.books).toEqual([])
  })

  it('that approves more than was asked is rejected, and the terminal books nothing', async () => {
    shop.terminal.script = [{ approveMinor: 9999 }]
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(shop.terminal.books).toEqual([])
  })

  it('is not approved by the message of the payment before it, which is on its way once more', async () => {
    const known = {
      amountMinor: 250,
      currency: 'EUR',
      trace: '000007',
      terminalTime: '2026-11-21T17:08:16',
    }
    const verdicts: string[] = []
    shop.terminal.pay = async (_order, hooks) => {
      verdicts.push(await hooks.onApproval({ ...known }))
      return verdicts.at(-1) === 'accept' ? done(known) : unknown(report('terminal.rejected-approval'))
    }
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'done' })
    await sale.finish()
    const next = await till.sale({ id: 'R-2' })
    await next.add({ line: '1', gtin: BREAD })
    expect(await next.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(verdicts).toEqual(['accept', 'reject'])
    expect(next.view().payments).toMatchObject([{ state: 'refused' }])
  })

  it('whose slip has no end is not answered as printed: only what is kept is', async () => {
    const slips: number[] = []
    till.on('slip', lines => slips.push(lines.length))
    const answered: string[] = []
    shop.terminal.pay = async (_order, hooks) => {
      const lines = Array.from({ length: 100 }, () => ({ receipt: 'customer', text: 'x' }) as const)
      for (let block = 0; block < 4; block += 1)
        await hooks.onPrint?.(lines).then(
          () => answered.push('printed'),
          (thrown: CashdeskError) => answered.push(thrown.code),
        )
      return refused(report('tender.declined'))
    }
    await sale.pay({ id: 'P-1', by: 'card' })
    expect(answered).toEqual(['printed', 'printed', 'terminal.malformed', 'terminal.malformed'])
    expect(slips).toEqual([100, 100])
    expect(sale.view().payments[0]?.slip).toHaveLength(200)
  })

  it('by a driver that throws is unknown, and asked about', async () => {
    shop.terminal.pay = () => {
      throw new TypeError('a mistake in the driver')
    }
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(shop.terminal.queries).toHaveLength(1)
  })

  it('is reversed when the sale is cancelled after a part was paid', async () => {
    expect(await sale.pay({ id: 'P-1', by: 'card', amount: 100, split: true })).toMatchObject({
      outcome: 'done',
      openMinor: 150,
    })
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'cancelled', payments: [{ state: 'reversed' }] })
    expect(shop.terminal.totalMinor()).toBe(0)
  })

  it('is asked about with the transaction before it; its reversal with what it takes back, and with nobody’s approval', async () => {
    await sale.pay({ id: 'P-1', by: 'card', amount: 100, split: true })
    const first = shop.terminal.books[0]?.facts
    shop.terminal.script = ['lose-booked', 'lose-booked']
    await sale.pay({ id: 'P-2', by: 'card', amount: 70, split: true })
    expect(shop.terminal.queries[0]).toMatchObject({ kind: 'pay', amountMinor: 70, before: first })
    const cancelled = sale.cancel()
    await vi.waitFor(() => expect(shop.terminal.queries).toHaveLength(2), 5_000)
    const [, reversal] = shop.terminal.queries
    expect(reversal).toMatchObject({ kind: 'reverse', amountMinor: 100, original: first })
    expect(reversal).not.toHaveProperty('approved')
    await cancelled
  })

  it('that cannot be reversed leaves the customer owed, as a task', async () => {
    await sale.pay({ id: 'P-1', by: 'card', amount: 100, split: true })
    shop.terminal.script = ['decline']
    await sale.cancel()
    await till.idle({ timeoutMs: 3000 })
    expect(till.tasks()).toMatchObject([{ kind: 'customer-owed', amountMinor: 100 }])
    expect(await sale.pay({ id: 'P-1', by: 'card', amount: 100 })).toMatchObject({
      payment: { state: 'owed' },
    })
  })
})

describe('the end of the day', () => {
  it('compares both books', async () => {
    await sale.pay({ id: 'P-1', by: 'card' })
    await sale.finish()
    expect(await till.endOfDay()).toEqual({ terminalMinor: 250, tillMinor: 250, tasks: [] })
  })

  it('makes a task of a difference', async () => {
    await sale.pay({ id: 'P-1', by: 'card' })
    shop.terminal.totalsOffBy = 7
    const day = await till.endOfDay()
    expect(day).toMatchObject({ terminalMinor: 257, tillMinor: 250, tasks: [{ kind: 'books-differ' }] })
    expect(day.tasks[0]?.amountMinor).toBe(7)
  })

  it('that the terminal refuses is a coded error', async () => {
    shop.terminal.script = ['absent']
    expect(await codeOf(till.endOfDay())).toBe('terminal.absent')
  })
})

describe('waiting', () => {
  it('for a payment ends with the till', async () => {
    shop.terminal.script = [{ after: new Promise(() => undefined) }]
    const paying = codeOf(sale.pay({ id: 'P-1', by: 'card' }))
    await seen(sale, view => view.payments.length === 1)
    await till.close()
    expect(await paying).toBe('register.closed')
    expect(await codeOf(till.sale({ id: 'R-2' }))).toBe('register.closed')
    expect(await codeOf(ringUp(till, 'R-3'))).toBe('register.closed')
  })
})
