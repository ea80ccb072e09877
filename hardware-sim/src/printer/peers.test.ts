// Receipts that other encoders made, their bytes kept: node-thermal-printer 4.6.1, esc-pos-encoder 3.0.0, escpos
// 3.0.0-alpha.6 and receiptline 4.0.4. An independent reader reads the codes off the drawn paper.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { type DryRun, dryRun } from './dry-run.ts'

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const wasm = readFileSync(file)
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
})

const printed = (name: string): DryRun =>
  dryRun(readFileSync(join(import.meta.dirname, 'peers', `${name}.bin`)))

async function codesOf({ receipts }: DryRun): Promise<readonly string[]> {
  const [first] = receipts
  const picture = new Uint8Array(first?.png() ?? [])
  const found = await readBarcodes(picture, { tryHarder: true, maxNumberOfSymbols: 10 })
  return found.map(code => `${code.format} ${code.text}`).sort()
}

const textOf = ({ receipts }: DryRun): readonly string[] =>
  (receipts[0]?.text ?? '').split('\n').filter(line => line !== '')

describe('a receipt of', () => {
  test('node-thermal-printer', async () => {
    const run = printed('node-thermal-printer')
    expect(textOf(run)).toEqual([
      '                  THERMAL SHOP',
      'Zażółć gęślą',
      `Bread${' '.repeat(39)}3,49`,
      '='.repeat(48),
      `Left${' '.repeat(39)}Right`,
      'inverted',
      'underlined',
      '          [QR https://example.org/ntp]',
      '             [EAN13 4006381333931]',
      '               [CODE128 NTP-4711]',
      '              [PDF417 PDF by ntp]',
      '               [picture 64 × 32]',
    ])
    expect(await codesOf(run)).toEqual([
      'Code128 NTP-4711',
      'EAN13 4006381333931',
      'PDF417 PDF by ntp',
      'QRCode https://example.org/ntp',
    ])
    // Its pulses lack their times: the second one is taken for the times of the first, and one byte is left over.
    expect(run.kicks).toHaveLength(1)
    expect(run.problems).toMatchObject([{ kind: 'unknown', command: '0x01' }])
  })

  test('esc-pos-encoder', async () => {
    const run = printed('esc-pos-encoder')
    expect(textOf(run).slice(0, 5)).toEqual([
      'ESC-POS ENCODER',
      'Größe 5 € Привет',
      `Milk${' '.repeat(40)}1,29`,
      `Bread${' '.repeat(39)}3,49`,
      '═'.repeat(48),
    ])
    expect(await codesOf(run)).toEqual([
      'Code39 EPE4711',
      'EAN13 4006381333931',
      'QRCode https://example.org/epe',
    ])
    expect(run.kicks).toEqual([{ pin: 2, onMs: 100, offMs: 500 }])
    expect(run.problems).toEqual([])
  })

  test('escpos', async () => {
    const run = printed('escpos')
    expect(textOf(run)).toEqual([
      '                  ESCPOS SHOP',
      'Bread          3,49',
      '[CODE39 ESCPOS]',
      `a${' '.repeat(40)}b`,
    ])
    expect(await codesOf(run)).toEqual(['Code39 ESCPOS'])
    expect(run.receipts.map(({ end }) => end)).toEqual(['full'])
    expect(run.problems).toEqual([])
  })

  test.each(['receiptline-epson', 'receiptline-generic'])('%s', async name => {
    const run = printed(name)
    expect(textOf(run).slice(0, 5)).toEqual([
      '                         RECEIPTLINE',
      `Bread${' '.repeat(39)}3,49`,
      `Milk${' '.repeat(40)}1,29`,
      '─'.repeat(48),
      `TOTAL${' '.repeat(39)}4,78`,
    ])
    // It draws the QR code itself, without the white that a reader needs between it and the bars below.
    expect(await codesOf(run)).toEqual(['Code128 4006381333931', 'Code128 RL-4711'])
    expect(run.receipts[0]?.text).toContain('[picture 104 × 100]')
    expect(run.problems.filter(({ kind }) => kind !== 'unsupported')).toEqual([])
  })
})
