// A disk that fills up while the till sells. What was acknowledged is there when there is room again, and nothing else.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTill, type Till } from '@cashdesk/sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { canMount, mountAt, remount, unmountAll } from './mounts.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-full-'))
})

afterEach(async () => {
  unmountAll()
  await rm(folder, { recursive: true, force: true })
})

/** Fills a journal quickly. */
const NOTE = 'x'.repeat(20_000)
const open = (dir: string): Promise<Till> => openTill({ dir, lane: '7', currency: 'EUR' })

it.runIf(canMount())(
  'a full disk stops the till with its code; what was acknowledged is not lost',
  async () => {
    mountAt(folder, 'size=9m')
    const dir = join(folder, 'till')
    const till = await open(dir)
    const sale = await till.sale({ id: 'r-1' })
    const acknowledged: string[] = []
    let code = ''
    while (code === '') {
      const line = `l-${acknowledged.length}`
      try {
        const article = { name: 'Pen', priceMinor: 199, vat: 1900, facts: { note: NOTE } }
        acknowledged.push((await sale.add({ line, article })).id)
      } catch (thrown) {
        code =
          typeof thrown === 'object' && thrown !== null && 'code' in thrown
            ? String(thrown.code)
            : String(thrown)
      }
      if (acknowledged.length > 1_000) code = 'never full'
    }
    expect(code).toBe('disk.full')
    expect(acknowledged.length).toBeGreaterThan(100)
    expect(till.state).toBe('failed')
    await till.close()
    remount(folder, 'size=30m')
    const again = await open(dir)
    const lines = again
      .find('r-1')
      .view()
      .lines.map(({ id }) => id)
    expect(lines).toEqual(acknowledged)
    const ended = again.find('r-1')
    expect(ended.view().totals.totalMinor).toBe(199 * acknowledged.length)
    expect((await ended.pay({ id: 'p-1', by: 'cash', amount: 'rest' })).outcome).toBe('done')
    expect((await ended.finish()).state).toBe('closed')
    await again.close()
  },
)
