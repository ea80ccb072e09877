// `cashdesk journal archive`: what is over moves away and can still be read; what goes on stays.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { JournalTail, nodeDisk } from '@cashdesk/journal'
import { openTill } from '@cashdesk/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, ringUp, type Shop, sell } from '../test/shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

/** Sales enough for several segments, and one that goes on. */
async function year(): Promise<void> {
  const till = await openTill({ dir: shop.dir, lane: '7', currency: 'EUR', segmentBytes: 8_192 })
  for (let number = 1; number <= 20; number += 1) await sell(till, `R-${number}`)
  await ringUp(till, 'R-open')
  await till.close()
}

describe('cashdesk journal archive', () => {
  it('moves what is over; the archive can be shown and exported, the till goes on', async () => {
    await year()
    const to = join(shop.folder, 'archive')
    const { code, out } = await shop.cashdesk('journal', 'archive', shop.dir, '--to', to, '--before', '0s')
    expect(code).toBe(0)
    expect(out).toMatch(/\d+ segments moved to .*archive, with 20 sales that ended before/)
    expect((await readdir(to)).filter(name => name.endsWith('.seg')).length).toBeGreaterThan(1)
    const exported = await shop.cashdesk('journal', 'export', to)
    expect(exported.out.trim().split('\n')).toHaveLength(21)
    expect(await shop.cashdesk('journal', 'show', to, '--sale', 'R-3')).toMatchObject({
      code: 0,
      out: expect.stringContaining('PAID: 1.99 EUR.'),
    })
    expect(await shop.cashdesk('journal', 'verify', to)).toMatchObject({ code: 0 })

    const show = await shop.cashdesk('journal', 'show', shop.dir, '--json')
    expect(JSON.parse(show.out)).toMatchObject({ sales: { open: 1 }, restored: false })
    const verify = await shop.cashdesk('journal', 'verify', shop.dir)
    expect(verify).toMatchObject({ code: 0, out: expect.stringContaining('are archived.') })
    const till = await shop.till()
    const sale = till.find('R-open')
    await sale.pay({ id: 'cash', by: 'cash' })
    await sale.finish()
    await till.close()
    const story = await shop.cashdesk('journal', 'show', shop.dir, '--sale', 'R-open')
    expect(story.out).toContain('A sale is opened by Anna Muster.')
    expect(story.out).toContain('PAID: 1.99 EUR.')
  })

  it('does not disturb a reader that goes on: it gets what comes next, and nothing twice', async () => {
    await year()
    const reader = new JournalTail({ disk: nodeDisk(shop.dir), folder: 'journal' })
    const seen: number[] = []
    const readOn = async (tail: JournalTail, into: number[]): Promise<void> => {
      for (let steps = await tail.next(); steps.length > 0; steps = await tail.next())
        into.push(...steps.map(({ sequence }) => sequence))
    }
    await readOn(reader, seen)
    const before = seen.length
    const to = join(shop.folder, 'archive')
    await shop.cashdesk('journal', 'archive', shop.dir, '--to', to, '--before', '0s')
    await readOn(reader, seen)
    expect(seen).toHaveLength(before)
    const till = await shop.till()
    await till.find('R-open').cancel()
    await till.close()
    await readOn(reader, seen)
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1))
    expect(seen.length).toBeGreaterThan(before)
    // A new reader begins with what was carried over, under its old numbers.
    const fresh: number[] = []
    await readOn(new JournalTail({ disk: nodeDisk(shop.dir), folder: 'journal' }), fresh)
    expect(fresh.at(-1)).toBe(seen.at(-1))
    expect(fresh.length).toBeLessThan(seen.length)
  })

  it('leaves everything where nothing is old enough, or a till runs', async () => {
    await year()
    const to = join(shop.folder, 'archive')
    const archive = (...rest: string[]) => shop.cashdesk('journal', 'archive', shop.dir, '--to', to, ...rest)
    expect(await archive('--json')).toMatchObject({ code: 0, out: expect.stringContaining('"segments":[]') })
    const till = await shop.till()
    expect(await archive()).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.in-use/) })
    await till.close()
    expect(await archive('--before', '2099-01-01')).toMatchObject({ code: 2 })
    expect(await shop.cashdesk('journal', 'archive', shop.dir, '--to', shop.dir)).toMatchObject({ code: 2 })
  })
})
