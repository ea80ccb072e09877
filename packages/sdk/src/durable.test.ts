// Nothing is acknowledged that a power cut could still take back: the disk's sync is held, and everybody waits.
import { mkdirSync } from 'node:fs'
import { nodeDisk } from '@cashdesk/journal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HeldDisk } from '../test/held-disk.ts'
import { BREAD, CARD } from '../test/node-register.ts'
import { codeOf, openShop, quiet, ringUp, type Shop, seen } from '../test/node-shop.ts'

let shop: Shop
let disk: HeldDisk
beforeEach(async () => {
  shop = await openShop()
  mkdirSync(shop.dir, { recursive: true })
  disk = new HeldDisk(nodeDisk(shop.dir))
})
afterEach(async () => {
  disk.release()
  await shop.end()
})

/** Whether a promise is settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let is = false
  promise.then(
    () => {
      is = true
    },
    () => {
      is = true
    },
  )
  await quiet()
  return is
}

describe('before the sync', () => {
  it('no sale is there', async () => {
    const till = await shop.till({ ports: { disk } })
    disk.hold()
    const opening = till.sale({ id: 'R-1' })
    expect(await settled(opening)).toBe(false)
    expect(till.unfinished()).toEqual([])
    expect(() => till.find('R-1')).toThrow('sale.unknown')
    disk.release()
    expect((await opening).view().state).toBe('open')
    expect(till.unfinished()).toHaveLength(1)
  })

  it('no line, no prompt and no event is shown', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await till.sale({ id: 'R-1' })
    const heard: string[] = []
    sale.on('changed', () => heard.push('changed'))
    sale.on('prompt', () => heard.push('prompt'))
    const events = till.events({ after: till.journal.records })
    const next = events.next()
    disk.hold()
    const adding = sale.add({ line: '1', gtin: CARD })
    await quiet()
    expect(sale.view()).toMatchObject({ lines: [], prompts: [], claims: [] })
    expect(heard).toEqual([])
    expect(await settled(next)).toBe(false)
    disk.release()
    await adding
    expect(sale.view()).toMatchObject({ lines: [{ id: '1' }], prompts: [{ kind: 'serial' }] })
    expect(heard).toEqual(['prompt', 'changed'])
    expect((await next).value).toMatchObject({ record: till.journal.records })
  })

  it('the view stays at what is durable while several steps are under way', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    disk.hold()
    const more = Promise.all([
      sale.add({ line: '2', gtin: BREAD }),
      sale.voidLine('1'),
      sale.add({ line: '3', gtin: BREAD }),
    ])
    await quiet()
    expect(sale.view().lines.map(({ id, state }) => [id, state])).toEqual([['1', 'active']])
    disk.release()
    await more
    expect(sale.view().lines.map(({ state }) => state)).toEqual(['voided', 'active', 'active'])
  })

  it('a repeated command waits for the first one too', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await till.sale({ id: 'R-1' })
    disk.hold()
    const both = [sale.add({ line: '1', gtin: BREAD }), sale.add({ line: '1', gtin: BREAD })] as const
    expect(await settled(both[1])).toBe(false)
    disk.release()
    expect(await both[0]).toEqual(await both[1])
  })

  it('no request leaves for the provider', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: CARD })
    disk.hold()
    const answering = sale.answer(sale.view().prompts[0]?.id ?? '', 'SER-1')
    await quiet(50)
    expect(shop.server.requests).toEqual([])
    disk.release()
    await answering
    await seen(sale, view => view.claims[0]?.state === 'reserved')
    expect(shop.server.requests).toHaveLength(1)
  })

  it('the terminal is ordered nothing, and its approval is not acknowledged', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    disk.hold()
    const paying = sale.pay({ id: 'P-1', by: 'card' })
    await quiet()
    expect(shop.terminal.orders).toEqual([])
    // Lets the order out, and holds the approval that it brings.
    const tendering = new Promise<void>(resolve => {
      sale.on('message', () => {
        disk.hold()
        resolve()
      })
    })
    disk.release()
    await tendering
    await quiet()
    expect(shop.terminal.orders).toHaveLength(1)
    expect(shop.terminal.accepted).toEqual([])
    expect(sale.view().payments[0]?.state).toBe('sent')
    expect(await settled(paying)).toBe(false)
    disk.release()
    expect(await paying).toMatchObject({ outcome: 'done' })
    expect(shop.terminal.accepted).toHaveLength(1)
  })

  it('no commit, no paper and no end', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    disk.hold()
    const paying = sale.pay({ id: 'P-1', by: 'cash' })
    await quiet(50)
    expect(shop.provider.books()).toMatchObject({ held: 1, committed: 0 })
    expect(shop.printer.kicks).toBe(0)
    disk.release()
    await paying
    disk.hold()
    const ending = sale.finish()
    await quiet(50)
    expect(shop.printer.papers).toEqual([])
    expect(await settled(ending)).toBe(false)
    disk.release()
    expect((await ending).state).toBe('closed')
  })
})

describe('when the disk fails', () => {
  it('everything is rejected with its code, nothing is shown, and the process lives', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    disk.hold()
    const first = codeOf(sale.reopen())
    const same = codeOf(sale.reopen())
    const waiting = codeOf(sale.finish())
    disk.fail()
    expect(await first).toBe('journal.poisoned')
    expect(await same).toBe('journal.poisoned')
    expect(await waiting).not.toBe('no error')
    expect(till.state).toBe('failed')
    expect(await codeOf(till.sale({ id: 'R-2' }))).toBe('journal.poisoned')
    expect(await codeOf(sale.add({ line: '9', gtin: BREAD }))).toBe('journal.poisoned')
    expect(sale.view().state).toBe('tendering')
    await till.close()
    const again = await shop.till()
    expect(again.recovered).toMatchObject([{ sale: 'R-1' }])
  })

  it('an approval that cannot be made durable is rejected, and the terminal books nothing', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', gtin: BREAD })
    sale.on('message', () => disk.fail())
    expect(await codeOf(sale.pay({ id: 'P-1', by: 'card' }))).toBe('journal.poisoned')
    await quiet()
    expect(shop.terminal.accepted).toEqual([])
    expect(shop.terminal.books).toEqual([])
    await till.close()
    const again = await shop.till()
    expect(await again.idle({ timeoutMs: 3000 })).toBe(true)
    expect(again.find('R-1').view()).toMatchObject({ state: 'tendering', payments: [{ state: 'refused' }] })
  })

  it('a disk that is full from the start is a coded error', async () => {
    disk.failWrites('disk.full')
    expect(await codeOf(shop.till({ ports: { disk } }))).toBe('disk.full')
    expect((await shop.till()).state).toBe('open')
  })

  it('a write that fails ends this run, and what was sold before is there in the next', async () => {
    const till = await shop.till({ ports: { disk } })
    const sale = await ringUp(till, 'R-1')
    await sale.total()
    disk.failWrites('disk.full')
    expect(await codeOf(sale.pay({ id: 'P-1', by: 'cash' }))).toMatch(/^(disk\.full|journal\.poisoned)$/)
    expect(till.state).toBe('failed')
    await till.close()
    const again = await shop.till()
    expect(again.find('R-1').view()).toMatchObject({ state: 'tendering', payments: [] })
    await again.find('R-1').pay({ id: 'P-1', by: 'cash' })
    expect((await again.find('R-1').finish()).state).toBe('closed')
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })
})
