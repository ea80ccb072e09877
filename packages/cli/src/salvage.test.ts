// `cashdesk journal salvage`: a damaged journal gives what is whole, and says which sales to look at.
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTill } from '@cashdesk/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, ringUp, type Shop, sell } from '../test/shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

async function segment(): Promise<string> {
  const folder = join(shop.dir, 'journal')
  return join(folder, (await readdir(folder)).find(name => name.endsWith('.seg')) ?? '')
}

async function damage(what: string): Promise<void> {
  const file = await segment()
  const bytes = await readFile(file)
  const at = bytes.indexOf(what)
  bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
  await writeFile(file, bytes)
}

async function threeSales(): Promise<void> {
  const till = await shop.till()
  for (const id of ['R-1', 'R-2', 'R-3']) await sell(till, id)
  await ringUp(till, 'R-4')
  await till.close()
}

describe('cashdesk journal salvage', () => {
  it('copies around the damage, names it, and ends with 1', async () => {
    await threeSales()
    await damage('"R-2"')
    const to = join(shop.folder, 'rescued')
    const { code, out } = await shop.cashdesk('journal', 'salvage', shop.dir, '--to', to)
    expect(code).toBe(1)
    expect(out).toMatch(/records in 1 segment copied; 1 place could not be read\./)
    expect(out).toMatch(/00000001\.seg at \d+, \d+ bytes: a damaged record, behind record \d+/)
    expect(out).toContain('Compare these sales')
    expect(out).toContain('R-2')
    expect(out).toContain(`cashdesk journal confirm ${to}`)
    expect(existsSync(join(to, 'journal', 'salvage.json'))).toBe(true)
    expect(await shop.cashdesk('journal', 'verify', shop.dir)).toMatchObject({ code: 1 })

    expect(await shop.cashdesk('journal', 'confirm', to)).toMatchObject({ code: 0 })
    const show = await shop.cashdesk('journal', 'show', to, '--json')
    expect(JSON.parse(show.out).latest.map((row: { id: string }) => row.id)).toEqual(
      expect.arrayContaining(['R-1', 'R-3', 'R-4']),
    )
    const till = await openTill({ dir: to, lane: '7', currency: 'EUR' })
    expect(till.state).toBe('open')
    await till.close()
  })

  it('copies a whole journal as it is, and ends with 0', async () => {
    await threeSales()
    const to = join(shop.folder, 'copy')
    const { code, out } = await shop.cashdesk('journal', 'salvage', shop.dir, '--to', to, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      gaps: [],
      lostRecords: 0,
      to,
      open: { sales: [{ sale: 'R-4' }] },
    })
  })

  it('writes over nothing, and not beside a till that runs', async () => {
    await threeSales()
    const to = join(shop.folder, 'copy')
    await shop.cashdesk('journal', 'salvage', shop.dir, '--to', to)
    const salvage = (target: string) => shop.cashdesk('journal', 'salvage', shop.dir, '--to', target)
    expect(await salvage(to)).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.not-empty/) })
    expect(await salvage(shop.dir)).toMatchObject({ code: 2 })
    const till = await shop.till()
    expect(await salvage(join(shop.folder, 'other'))).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^journal\.in-use/),
    })
    await till.close()
  })
})
