// GS1-128, GS1 DataBar, Aztec and DataMatrix: what a job sends is drawn, and an independent reader reads it off the paper.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { dryRun } from './dry-run.ts'
import { explainEscPos } from './explain.ts'

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const wasm = readFileSync(file)
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
})

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const CENTRE = '\x1ba\x01'

/** `GS k`, form B, 2 dots a module and 100 dots high, its text below. */
const barcode = (m: number, data: string): string =>
  `${CENTRE}\x1dw\x02\x1dh\x64\x1dH\x02\x1dk${String.fromCharCode(m, data.length)}${data}\n\x1dV\x00`

/** `GS ( k` with its length. */
const symbol = (cn: number, fn: number, ...data: readonly (number | string)[]): string => {
  const text = data.map(part => (typeof part === 'string' ? part : String.fromCharCode(part))).join('')
  const length = text.length + 2
  return `\x1d(k${String.fromCharCode(length & 0xff, length >> 8, cn, fn)}${text}`
}

async function read(job: string): Promise<{ codes: readonly string[]; text: string }> {
  const { receipts, problems } = dryRun(bytes(job))
  expect(problems).toEqual([])
  const picture = new Uint8Array(receipts[0]?.png() ?? [])
  const found = await readBarcodes(picture, { tryHarder: true, maxNumberOfSymbols: 4, textMode: 'HRI' })
  return { codes: found.map(({ format, text }) => `${format} ${text}`), text: receipts[0]?.text ?? '' }
}

describe('bars of GS1', () => {
  test.each([
    ['as people write it', '(01)0400638133393*(10)ABC', '(01)04006381333931(10)ABC'],
    ['without parentheses', '01040063813339311725123110ABC', '(01)04006381333931(17)251231(10)ABC'],
    ['with a function character behind what has no fixed length', '10ABC{121XYZ', '(10)ABC(21)XYZ'],
    ['with parentheses in the data', '(10)A{(1{)', '(10)A(1)'],
    ['with a caret in the data', '(10)A^B', '(10)A^B'],
  ])('GS1-128 %s', async (_, data, found) => {
    expect((await read(barcode(74, data))).codes).toEqual([`Code128 ${found}`])
  })

  test.each([
    [75, 'DataBarOmni'],
    [76, 'DataBarTruncated'],
    [77, 'DataBarLimited'],
  ])('DataBar %d: the printer adds identifier and check digit', async (m, format) => {
    const { codes, text } = await read(barcode(m, '0400638133393'))
    expect(codes).toEqual([expect.stringContaining('(01)04006381333931')])
    expect(codes[0]).toMatch(new RegExp(`^(${format}|DataBar)`))
    expect(text).toContain('(01)04006381333931')
  })

  test('DataBar Expanded', async () => {
    const { codes } = await read(barcode(78, '(01)90012345678908(3103)001750'))
    expect(codes).toEqual([expect.stringMatching(/^DataBarExp\w* \(01\)90012345678908\(3103\)001750$/)])
  })

  test('CODE128 whose code sets the printer chooses', async () => {
    expect((await read(barcode(79, 'Lot 12345678'))).codes).toEqual(['Code128 Lot 12345678'])
  })

  test.each([
    [74, 'A{xB'],
    [74, '*'],
    [75, '123'],
    [77, '2400638133393'],
    [78, '(01)90012345678901'],
    [78, '{*1'],
  ])('is refused where a printer would print nothing: %d %s', (m, data) => {
    expect(dryRun(bytes(barcode(m, data))).problems).toMatchObject([{ kind: 'refused' }])
  })
})

describe('symbols', () => {
  const PRINT = [81, 48] as const
  const job = (cn: number, ...functions: readonly string[]): string =>
    `${CENTRE}${functions.join('')}${symbol(cn, ...PRINT)}\n\x1dV\x00`

  test('Aztec, full range and compact', async () => {
    const data = symbol(53, 80, 48, 'https://cashdesk.example/7')
    const size = symbol(53, 67, 5)
    expect((await read(job(53, size, data))).codes).toEqual([
      expect.stringMatching(/^Aztec.* https:\/\/cashdesk\.example\/7$/),
    ])
    const compact = job(53, symbol(53, 66, 1, 0), size, symbol(53, 69, 0, 30), data)
    expect((await read(compact)).codes).toHaveLength(1)
  })

  test('DataMatrix, square and rectangular', async () => {
    const size = symbol(54, 67, 6)
    expect((await read(job(54, size, symbol(54, 80, 48, 'TICKET 4711')))).codes).toEqual([
      'DataMatrix TICKET 4711',
    ])
    const long = job(54, size, symbol(54, 66, 1, 8, 32), symbol(54, 80, 48, 'A1234567'))
    expect((await read(long)).codes).toEqual(['DataMatrix A1234567'])
  })

  test.each([
    [72, '0400638133393', '(01)04006381333931'],
    [73, '0400638133393', '(01)04006381333931'],
    [76, '(01)90012345678908(3103)001750', '(01)90012345678908(3103)001750'],
  ])('stacked DataBar %d', async (form, data, found) => {
    const { codes } = await read(job(51, symbol(51, 67, 3), symbol(51, 80, 48, form, data)))
    expect(codes).toEqual([expect.stringContaining(found)])
  })

  test('are refused without data, and where their data is none', () => {
    expect(dryRun(bytes(symbol(53, ...PRINT))).problems).toMatchObject([{ kind: 'refused' }])
    const wrong = job(51, symbol(51, 80, 48, 72, '12'))
    expect(dryRun(bytes(wrong)).problems).toMatchObject([{ kind: 'refused' }])
    expect(dryRun(bytes(symbol(51, 80, 48, 99, '12'))).problems).toMatchObject([{ kind: 'refused' }])
  })

  test('stay explained: text and codes without a picture', () => {
    const { sheets } = explainEscPos(bytes(job(54, symbol(54, 80, 48, 'TICKET'))))
    expect(sheets[0]?.codes).toEqual([{ kind: 'DataMatrix', text: 'TICKET' }])
  })
})
