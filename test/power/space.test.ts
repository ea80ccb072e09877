// A disk that fills up while a till sells: the journal keeps a segment ready that nobody else can take, so that the sale in
// progress can end. No other sale begins, and when there is room again, the till goes on without being restarted.
import { SimDisk } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, ringUp, type Shop } from '../../packages/sdk/test/node-shop.ts'
import { openShopTill, type ShopTill } from './patient-shop.ts'

const NOTE = 'x'.repeat(2_000)

type Till = ShopTill
type SaleHandle = Awaited<ReturnType<Till['sale']>>

let shop: Shop
let disk: SimDisk
beforeEach(async () => {
  shop = await openShop()
  disk = new SimDisk()
})
afterEach(() => shop.end())

const open = (): Promise<Till> => openShopTill(shop, { disk })
const codeOf = (thrown: unknown): string => (thrown instanceof CashdeskError ? thrown.code : String(thrown))
const segments = async (): Promise<number> =>
  (await disk.list('journal')).filter(name => name.endsWith('.seg')).length

/** Somebody else's files take all the room there is. */
function fill(): void {
  disk.fail({ call: 'create', reason: 'ENOSPC', lasting: true })
}

/** Lines until the journal has begun its last segment. */
async function fillSegment(sale: SaleHandle): Promise<number> {
  for (let line = 1; line < 100; line += 1) {
    await sale.add({
      line: `n-${line}`,
      article: { name: 'Pen', priceMinor: 199, vat: 1900, facts: { note: NOTE } },
    })
    if (disk.count('create') > created) return line
  }
  throw new TypeError('the segment is never full')
}
let created = 0

describe('a disk that is full in the middle of a sale', () => {
  it('lets that sale be paid and closed, and opens no other', async () => {
    const till = await open()
    const sale = await ringUp(till, 'R-1')
    created = disk.count('create')
    fill()
    await fillSegmentWhilePaying(till, sale)
    await sale.pay({ id: 'P-1', by: 'cash', amount: 500, split: true })
    expect(await till.sale({ id: 'R-2' }).catch(codeOf)).toBe('disk.full')
    expect((await sale.pay({ id: 'P-2', by: 'cash' })).outcome).toBe('done')
    expect((await sale.finish()).state).toBe('closed')
    expect(till.state).toBe('open')
    expect(await till.idle({ timeoutMs: 3_000 })).toBe(true)
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    expect(await till.sale({ id: 'R-2' }).catch(codeOf)).toBe('disk.full')
    expect(shop.logged.join('\n')).toContain('The disk is full')
  })

  it('goes on as soon as there is room again, without a restart', async () => {
    const till = await open()
    const sale = await ringUp(till, 'R-1')
    created = disk.count('create')
    fill()
    await fillSegmentWhilePaying(till, sale)
    await sale.pay({ id: 'P-1', by: 'cash' })
    await sale.finish()
    await till.idle({ timeoutMs: 3_000 })
    expect(await till.sale({ id: 'R-2' }).catch(codeOf)).toBe('disk.full')
    disk.repair()
    const next = await till.sale({ id: 'R-2' })
    expect(next.view().state).toBe('open')
    expect(await segments()).toBe(3)
    await next.add({ line: '1', article: { name: 'Pen', priceMinor: 199, vat: 1900 } })
    await next.pay({ id: 'P-1', by: 'cash' })
    expect((await next.finish()).state).toBe('closed')
  })

  it('is no end: a till that is started again there ends what was left, and sells when there is room', async () => {
    const till = await open()
    const sale = await ringUp(till, 'R-1')
    created = disk.count('create')
    fill()
    await fillSegmentWhilePaying(till, sale)
    await sale.pay({ id: 'P-1', by: 'cash' })
    await till.close()
    disk.crash(1)
    const again = await open()
    expect(again.recovered).toMatchObject([{ sale: 'R-1' }])
    expect((await again.find('R-1').finish()).state).toBe('closed')
    expect(await again.sale({ id: 'R-2' }).catch(codeOf)).toBe('disk.full')
    disk.repair()
    expect((await again.sale({ id: 'R-2' })).view().state).toBe('open')
  })

  /** Goes on ringing up until the last segment is begun and no other can be made behind it. */
  async function fillSegmentWhilePaying(till: Till, sale: SaleHandle): Promise<void> {
    await sale.reopen().catch(() => undefined)
    await fillSegment(sale)
    expect(till.state).toBe('open')
    expect(await segments()).toBe(2)
  }
})
