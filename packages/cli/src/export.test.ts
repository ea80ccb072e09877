// `cashdesk journal export`: what bookkeeping takes over adds up, whole and without a secret.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARD, openShop, PASSWORD, refundDue, ringUp, SECOND, type Shop, sell } from '../test/shop.ts'
import { csvLine } from './export-csv.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const exported = (...rest: string[]) => shop.cashdesk('journal', 'export', shop.dir, ...rest)

describe('cashdesk journal export', () => {
  it('writes a sale a line, with lines, payments, claims and VAT that add up', async () => {
    const till = await shop.till()
    await sell(till, 'R-1', CARD)
    await ringUp(till, 'R-2')
    const { code, out, err } = await exported()
    expect(code).toBe(0)
    expect(err).toContain('2 sales.')
    const [one, two] = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(one).toMatchObject({
      sale: 'R-1',
      lane: '7',
      state: 'closed',
      currency: 'EUR',
      operator: 'Anna Muster',
      totalMinor: 2699,
      lines: [
        { name: 'Pen', quantity: 1, grossMinor: 199, vat: 1900 },
        { name: 'Gift card 25', grossMinor: 2500, vat: null },
      ],
      payments: [{ by: 'cash', amountMinor: 2699, givenMinor: 5000, changeMinor: 2301, state: 'done' }],
      claims: [{ plugin: 'activation', state: 'committed', subject: { serial: CARD } }],
      vat: [{ rate: 1900, grossMinor: 199, netMinor: 167, vatMinor: 32 }],
    })
    expect(two).toMatchObject({ sale: 'R-2', state: 'open', payments: [] })
    await till.close()
  })

  it('writes a table with the same columns in every row', async () => {
    await refundDue(shop)
    const file = join(shop.folder, 'out.csv')
    expect(await exported('--format', 'csv', '--out', file)).toMatchObject({ code: 0, out: '' })
    const rows = (await readFile(file, 'utf8')).trim().split('\r\n')
    const head = rows[0]?.split(',') ?? []
    expect(new Set(rows.map(row => row.split(',').length))).toEqual(new Set([head.length]))
    const kinds = rows.slice(1).map(row => row.split(',')[0])
    expect(kinds).toEqual(['sale', 'line', 'line', 'payment', 'vat', 'claim'])
    const cell = (row: number, column: string): string =>
      rows[row]?.split(',')[head.indexOf(column)] ?? 'no cell'
    expect([
      cell(1, 'amount'),
      cell(2, 'price'),
      cell(4, 'given'),
      cell(5, 'net'),
      cell(6, 'status'),
    ]).toEqual(['26.99', '1.99', '50.00', '1.67', 'failed'])
  })

  it('names what persons decided', async () => {
    const task = await refundDue(shop)
    const who = ['--operator', 'Anna', '--reason', 'paid back', '--config', shop.config]
    await shop.cashdesk('journal', 'resolve', shop.dir, task, '--action', 'settled', ...who)
    expect(JSON.parse((await exported()).out)).toMatchObject({
      tasks: [{ task, kind: 'refund-due', amountMinor: 2500, action: 'settled', operator: 'Anna' }],
    })
  })

  it('limits by time and by sale', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    await sell(till, 'R-2')
    await till.close()
    expect((await exported('--until', '1h')).out).toBe('')
    expect((await exported('--since', '1h')).out.trim().split('\n')).toHaveLength(2)
    expect(JSON.parse((await exported('--sale', 'R-2')).out)).toMatchObject({ sale: 'R-2' })
    expect(await exported('--sale', 'R-9')).toMatchObject({ code: 3 })
    expect(await exported('--format', 'xls')).toMatchObject({ code: 2 })
    // A folder that is not there is nothing to stop selling for.
    const nowhere = await exported('--out', join(shop.folder, 'no', 'folder'))
    expect(nowhere).toMatchObject({ code: 3, err: expect.stringMatching(/^cli\.file: .*No money moved/) })
  })

  it('holds no secret', async () => {
    const till = await shop.till()
    await sell(till, 'R-1', CARD)
    await sell(till, 'R-2', SECOND)
    await till.close()
    expect((await exported()).out).not.toContain(PASSWORD)
    expect((await exported('--format', 'csv')).out).not.toContain(PASSWORD)
  })
})

describe('a cell', () => {
  it('is quoted where it must be, and never becomes a formula', () => {
    expect(csvLine(['a', 'b,c', 'say "x"', '-1.99', '=1+1', '@x', '+49'])).toBe(
      `a,"b,c","say ""x""",-1.99,'=1+1,'@x,'+49\r\n`,
    )
  })
})
