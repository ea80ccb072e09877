// A long day: a thousand sales in a row end quickly, keep the till's memory in bounds, and are all in the journal.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BREAD, COFFEE, Register } from '../test/node-register.ts'
import { MemoryDisk } from './testing-disk.ts'

let register: Register
beforeEach(() => {
  register = new Register()
})
afterEach(() => register.end())

const SALES = 1000
/** A sale is kept for voids and returns, which costs two or three kilobytes; nothing else may stay. */
const BYTES_PER_SALE = 10_000

/** Bytes in use after everything that is no longer needed was collected. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}

it('a thousand sales in a row', async () => {
  // In memory: what is measured is the till, and a busy disk would only be waited for.
  const ports = { disk: new MemoryDisk() }
  const till = await register.open({ scanner: [], ports })
  const before = heap()
  for (let number = 1; number <= SALES; number += 1) {
    const sale = await till.sale({ id: `R-${number}` })
    await sale.add({ line: '1', gtin: BREAD })
    await sale.add({ line: '2', gtin: COFFEE, quantity: 2 })
    await sale.pay({ id: 'P-1', by: number % 2 === 0 ? 'card' : 'cash' })
    await sale.finish()
  }
  expect(till.unfinished()).toEqual([])
  expect(await till.idle({ timeoutMs: 1000 })).toBe(true)
  expect(register.printer.papers).toHaveLength(SALES)
  expect(register.terminal.totalMinor()).toBe((SALES / 2) * 1248)
  register.printer.papers.length = 0
  expect((heap() - before) / SALES).toBeLessThan(BYTES_PER_SALE)
  expect(await till.endOfDay()).toMatchObject({ tillMinor: (SALES / 2) * 1248, tasks: [] })
  await till.close()
  const again = await register.open({ scanner: [], ports })
  expect(again.recovered).toEqual([])
  expect(again.find(`R-${SALES}`).view()).toMatchObject({ state: 'closed', totals: { totalMinor: 1248 } })
}, 60_000)
