// What surrounds a sale: following events, parked sales, voids and returns, training, listeners that fail.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BREAD, CARD, COFFEE } from '../test/node-register.ts'
import { answer, codeOf, openShop, quiet, ringUp, type Shop } from '../test/node-shop.ts'
import type { SaleHandle, Till, TillEvent } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

async function sell(till: Till, id: string): Promise<SaleHandle> {
  const sale = await ringUp(till, id)
  await sale.pay({ id: 'P-1', by: 'card' })
  await sale.finish()
  await till.idle({ timeoutMs: 2000 })
  return sale
}

async function take(events: AsyncIterable<TillEvent>, until: number): Promise<TillEvent[]> {
  const taken: TillEvent[] = []
  for await (const event of events) {
    taken.push(event)
    if (event.record >= until) break
  }
  return taken
}

describe('events', () => {
  it('are replayed from the journal, then followed live, each once and in order', async () => {
    const first = await shop.till()
    await sell(first, 'R-1')
    await first.close()
    const till = await shop.till()
    const before = till.journal.records
    const following = take(till.events(), before + 12)
    await sell(till, 'R-2')
    const events = await following
    expect(events.map(event => event.record)).toEqual(events.map((_, index) => index + 1))
    expect(events.length).toBeGreaterThanOrEqual(before + 12)
    const types = new Set(events.flatMap(event => event.events.map(each => each.type)))
    expect(types).toContain('sale.paid')
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
  })

  it('resume after a lost connection without loss or repetition', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    const seen = await take(till.events(), 5)
    const last = seen.at(-1)?.record ?? 0
    const following = take(till.events({ after: last }), till.journal.records + 10)
    await sell(till, 'R-2')
    const all = [...seen, ...(await following)].map(event => event.record)
    expect(all).toEqual(all.map((_, index) => index + 1))
  })

  it('end with the till, after the last durable step', async () => {
    const till = await shop.till()
    const following = take(till.events(), Number.POSITIVE_INFINITY)
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    await till.close()
    const events = await following
    expect(events.at(-1)?.record).toBe(till.journal.records)
  })

  it('end at a signal', async () => {
    const till = await shop.till()
    const abort = new AbortController()
    const following = take(till.events({ signal: abort.signal }), Number.POSITIVE_INFINITY)
    await quiet()
    abort.abort()
    expect((await following).length).toBeGreaterThan(0)
  })
})

describe('parked sales', () => {
  it('leave the front to another sale and come back', async () => {
    const till = await shop.till()
    const first = await till.sale({ id: 'R-1' })
    await first.add({ line: '1', gtin: BREAD })
    await first.park()
    const second = await till.sale({ id: 'R-2' })
    await second.add({ line: '1', gtin: COFFEE })
    expect(await codeOf(first.resume())).toBe('sale.not-in-front')
    expect(await codeOf(first.add({ line: '2', gtin: BREAD }))).toBe('sale.wrong-state')
    expect(till.unfinished().map(view => [view.id, view.state])).toEqual([
      ['R-1', 'parked'],
      ['R-2', 'open'],
    ])
    await second.pay({ id: 'P-1', by: 'cash' })
    await first.resume()
    await second.finish()
    await first.pay({ id: 'P-1', by: 'cash' })
    expect((await first.finish()).state).toBe('closed')
    expect(till.unfinished()).toEqual([])
  })

  it('are parked still after a restart', async () => {
    const till = await shop.till()
    await (await till.sale({ id: 'R-1' })).park()
    await till.close()
    const again = await shop.till()
    expect(again.unfinished()).toMatchObject([{ id: 'R-1', state: 'parked' }])
    expect(again.recovered).toMatchObject([{ sale: 'R-1', state: 'parked' }])
  })
})

describe('a void', () => {
  it('takes the whole sale back: the card is dead before the money goes', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    const back = await till.sale({ id: 'V-1', kind: 'void', original: 'R-1' })
    expect(back.view().lines.map(line => line.grossMinor)).toEqual([-499, -2500])
    const total = await back.total()
    expect(total).toMatchObject({ ready: true, totals: { totalMinor: -2999 } })
    expect(shop.provider.books()).toMatchObject({ committed: 0 })
    await back.pay({ id: 'P-1', by: 'card' })
    const end = await back.finish()
    expect(end).toMatchObject({ state: 'closed', claims: [{ state: 'voided' }] })
    expect(shop.terminal.books.map(({ kind }) => kind)).toEqual(['pay', 'reverse'])
    expect(shop.terminal.totalMinor()).toBe(0)
    expect(shop.printer.text()).toContain('VOID of R-1')
    expect(await codeOf(till.sale({ id: 'V-2', kind: 'void', original: 'R-1' }))).toBe(
      'line.exceeds-original',
    )
  })

  it('of a sale that is not there, or not paid, is refused', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.park()
    expect(await codeOf(till.sale({ id: 'V-1', kind: 'void', original: 'R-9' }))).toBe('sale.no-original')
    expect(await codeOf(till.sale({ id: 'V-1', kind: 'void', original: 'R-1' }))).toBe('sale.no-original')
    expect(await codeOf(till.sale({ id: 'V-1', kind: 'return' }))).toBe('sale.no-original')
  })
})

describe('a return', () => {
  it('takes some lines back, bounded by what was sold', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: COFFEE, quantity: 3 })
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish()
    const back = await till.sale({ id: 'B-1', kind: 'return', original: 'R-1' })
    expect(await codeOf(back.add({ line: '1', of: '1', quantity: 4 }))).toBe('line.exceeds-original')
    expect(await codeOf(back.add({ line: '1', of: 'none' }))).toBe('line.unknown')
    expect(await codeOf(back.add({ line: '1', gtin: COFFEE }))).toBe('line.unknown')
    await back.add({ line: '1', of: '1', quantity: 2 })
    expect(await back.pay({ id: 'P-1', by: 'cash' })).toMatchObject({ payment: { amountMinor: -998 } })
    expect((await back.finish()).state).toBe('closed')
    const more = await till.sale({ id: 'B-2', kind: 'return', original: 'R-1' })
    expect(await codeOf(more.add({ line: '1', of: '1', quantity: 2 }))).toBe('line.exceeds-original')
  })
})

describe('training', () => {
  it('sends nothing anywhere, and the paper says so', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'T-1', training: true })
    await sale.add({ line: '1', gtin: CARD })
    await answer(sale, 'SER-1')
    expect(await sale.pay({ id: 'P-1', by: 'card' })).toMatchObject({ outcome: 'done' })
    expect((await sale.finish()).state).toBe('closed')
    expect(shop.server.requests).toEqual([])
    expect(shop.terminal.orders).toEqual([])
    expect(shop.printer.text()).toContain('TRAINING')
    const day = await till.endOfDay()
    expect(day).toMatchObject({ terminalMinor: 0, tillMinor: 0, tasks: [] })
  })
})

describe('a listener', () => {
  it('that throws or rejects stops nothing and is written to the log', async () => {
    const till = await shop.till()
    till.on('tasks', () => {
      throw new TypeError('mine')
    })
    const sale = await till.sale({ id: 'R-1' })
    sale.on('changed', () => {
      throw new TypeError('broken screen')
    })
    sale.on('prompt', async () => {
      throw new TypeError('broken dialogue')
    })
    await sale.add({ line: '1', gtin: COFFEE })
    await sale.add({ line: '2', gtin: CARD })
    await answer(sale, 'SER-1')
    await sale.pay({ id: 'P-1', by: 'card' })
    expect((await sale.finish()).state).toBe('closed')
    expect(shop.logged.join()).toContain('broken screen')
    expect(shop.logged.join()).toContain('broken dialogue')
  })

  it('hears nothing more once it stopped, and prompts that were open already', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: CARD })
    const heard: string[] = []
    const stop = sale.on('prompt', prompt => heard.push(prompt.kind))
    expect(heard).toEqual(['serial'])
    stop()
    stop()
    sale.on('changed', () => heard.push('changed'))
    sale.close()
    await sale.voidLine('1')
    expect(heard).toEqual(['serial'])
  })
})

describe('a till', () => {
  it('closes with its scope, and tells of its devices', async () => {
    let kept: Till | undefined
    {
      await using till = await shop.till()
      kept = till
      expect(till.devices().map(({ family }) => family)).toEqual(['scanner', 'terminal', 'printer'])
      expect(till.state).toBe('open')
    }
    expect(kept.state).toBe('closed')
    await kept.close()
  })

  it.each([
    ['lane', { lane: '' }, 'config.invalid'],
    ['locale', { locale: 'no locale' }, 'config.invalid'],
    ['currency', { currency: 'XXX' }, 'value.currency'],
  ])('is not opened with a wrong %s', async (_, wrong, code) => {
    expect(await codeOf(shop.till(wrong))).toBe(code)
    expect((await shop.till()).state).toBe('open')
  })
})
