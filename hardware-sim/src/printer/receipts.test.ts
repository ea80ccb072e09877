// Whole receipts: an independent encoder writes the bytes, an independent reader reads the picture.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import { PNG } from 'pngjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { dryRun } from './dry-run.ts'
import { hasGlyph } from './font.ts'

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const wasm = readFileSync(file)
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
})

const encoder = (): ReceiptPrinterEncoder =>
  new ReceiptPrinterEncoder({ printerModel: 'epson-tm-t20iii', errors: 'strict' })

/** Everything a reader finds in the picture, as `format text`. */
async function read(png: Buffer): Promise<string[]> {
  const found = await readBarcodes(new Uint8Array(png), { tryHarder: true, maxNumberOfSymbols: 10 })
  return found.map(code => `${code.format} ${code.text}`).sort()
}

function only(bytes: Uint8Array, paperDots?: number): ReturnType<typeof dryRun>['receipts'][number] {
  const run = dryRun(bytes, paperDots)
  expect(run.problems).toEqual([])
  const [receipt, ...more] = run.receipts
  if (receipt === undefined || more.length > 0) throw new Error(`${run.receipts.length} receipts`)
  return receipt
}

const raw = (text: string, ...before: number[]): Uint8Array =>
  Uint8Array.from([...before, ...Buffer.from(text, 'latin1')])

describe('a receipt of receipt-printer-encoder', () => {
  test('reads as it was written, in every alphabet its code pages hold', () => {
    const lines = [
      'Müller & Söhne · Größe: 3 × 1,80 €',
      'Żółć, gęślą jaźń · Čeština: žluťoučký kůň',
      'Привет, мир! Чек № 12',
      'Καλημέρα κόσμε',
      'Türkçe: İğdır şeker',
      'Íslenska: þæð',
    ]
    const job = encoder().initialize().codepage('auto')
    for (const line of lines) job.line(line)
    expect(only(job.cut().encode()).text).toBe(lines.join('\n'))
  })

  test('keeps its columns', () => {
    const job = encoder()
      .initialize()
      .codepage('auto')
      .align('center')
      .line('CASHDESK')
      .align('left')
      .table(
        [
          { width: 34, align: 'left' },
          { width: 14, align: 'right' },
        ],
        [
          ['2 × Brötchen', '1,80 €'],
          ['Kaffee', '3,20 €'],
        ],
      )
      .rule()
      .cut()
    expect(only(job.encode()).text).toBe(
      [
        `${' '.repeat(20)}CASHDESK`,
        `2 × Brötchen${' '.repeat(30)}1,80 €`,
        `Kaffee${' '.repeat(36)}3,20 €`,
        '─'.repeat(48),
      ].join('\n'),
    )
  })

  test('leaves nothing under the knife', () => {
    expect(only(encoder().initialize().line('end').cut().encode()).beyondKnifeDots).toBe(0)
  })

  test.each([
    ['ean13', '4006381333931', 'EAN13 4006381333931'],
    ['ean8', '96385074', 'EAN8 96385074'],
    ['upca', '012345678905', 'EAN13 0012345678905'],
    ['code39', 'CASH-39', 'Code39 CASH-39'],
    ['itf', '12345678', 'ITF 12345678'],
    ['codabar', 'A12345B', 'Codabar A12345B'],
    ['code93', 'CASH93', 'Code93 CASH93'],
    ['code128', '{BCash-128', 'Code128 Cash-128'],
  ] as const)('carries a %s that a reader reads', async (symbology, data, found) => {
    const job = encoder().initialize().align('center').barcode(data, symbology, { height: 90, text: true })
    const receipt = only(job.cut().encode())
    expect(await read(receipt.png())).toEqual([found])
    expect(receipt.codes).toHaveLength(1)
  })

  test('carries QR and PDF417 that a reader reads', async () => {
    const job = encoder()
      .initialize()
      .align('center')
      .qrcode('https://cashdesk.example/r/1?n=äöü', { size: 5, errorlevel: 'm' })
      .newline()
      .newline()
      .pdf417('Receipt 4711', { width: 3, height: 3, columns: 3, errorlevel: 2 })
      .cut()
    const receipt = only(job.encode())
    expect(await read(receipt.png())).toEqual([
      'PDF417 Receipt 4711',
      'QRCode https://cashdesk.example/r/1?n=äöü',
    ])
  })

  test('draws a picture as raster and as columns alike', () => {
    const width = 64
    const data = new Uint8ClampedArray(width * 48 * 4).fill(255)
    for (let i = 0; i < width * 48; i += 1) {
      if ((i % width) + Math.floor(i / width) < 60) data.set([0, 0, 0], i * 4)
    }
    const image = { width, height: 48, data, colorSpace: 'srgb' as const }
    const printed = (imageMode: 'raster' | 'column'): PNG => {
      const job = new ReceiptPrinterEncoder({ printerModel: 'epson-tm-t20iii', imageMode })
      return PNG.sync.read(only(job.initialize().image(image, width, 48, 'threshold').cut().encode()).png())
    }
    const black = (png: PNG): number => png.data.filter((value, at) => at % 4 === 0 && value === 0).length
    expect(black(printed('raster'))).toBe(black(printed('column')))
    expect(black(printed('raster'))).toBe(1752)
  })
})

describe('barcodes as the printer is told', () => {
  test('code 128 in set C packs digits, and function 1 makes it GS1', async () => {
    const data = Uint8Array.from([0x7b, 0x43, 0x7b, 0x31, 1, 4, 0, 63, 81, 33, 39, 31])
    const receipt = only(Uint8Array.from([0x1d, 0x68, 80, 0x1d, 0x6b, 73, data.length, ...data]))
    expect((await read(receipt.png())).map(code => code.replace(/[^0-9]/g, ''))).toEqual([
      '1280104006381333931',
    ])
  })

  test('form A ends with NUL', async () => {
    const receipt = only(raw('\x1dh\x50\x1dk\x02400638133393\x00after\n'))
    expect(await read(receipt.png())).toEqual(['EAN13 4006381333931'])
    expect(receipt.text).toContain('after')
  })

  test('the digits stand below the bars when they are asked for', () => {
    const height = (hri: number): number =>
      PNG.sync.read(only(raw(`\x1dH${String.fromCharCode(hri)}\x1dk\x0396385074\x00`)).png()).height
    expect(height(2)).toBe(height(0) + 28)
    expect(height(3)).toBe(height(0) + 56)
  })

  test.each([
    ['letters in an EAN', '\x1dk\x02ABCDEFGHIJKL\x00'],
    ['a wrong check digit', '\x1dk\x024006381333930\x00'],
    ['an odd ITF', '\x1dk\x05123\x00'],
    ['wider than the paper', '\x1dw\x06\x1dk\x04ABCDEFGHIJKLMNOPQRSTUVWXYZ\x00'],
    ['code 128 without a code set', '\x1dk\x49\x03abc'],
    ['a QR without data', '\x1d(k\x03\x00\x31\x51\x30'],
  ])('%s prints nothing and is reported', (_, job) => {
    const run = dryRun(raw(job))
    expect(run.problems).toMatchObject([{ kind: 'refused' }])
    expect(run.receipts).toEqual([])
  })
})

describe('graphics', () => {
  const rows = [0xff, 0x81, 0x81, 0xff]
  const dots = (job: number[]): Buffer => only(Uint8Array.from(job)).png()
  const raster = [0x1d, 0x76, 0x30, 0, 1, 0, 4, 0, ...rows]

  test('stored and printed in two steps are the same as a raster image', () => {
    const stored = [48, 112, 48, 1, 1, 49, 8, 0, 4, 0, ...rows]
    const print = [0x1d, 0x28, 0x4c, 2, 0, 48, 50]
    const short = [0x1d, 0x28, 0x4c, stored.length, 0, ...stored, ...print]
    const long = [0x1d, 0x38, 0x4c, stored.length, 0, 0, 0, ...stored, ...print]
    expect(dots(short).equals(dots(raster))).toBe(true)
    expect(dots(long).equals(dots(raster))).toBe(true)
  })

  test('are magnified by the mode', () => {
    const png = PNG.sync.read(dots([...raster.slice(0, 3), 3, ...raster.slice(4)]))
    const black = png.data.filter((value, at) => at % 4 === 0 && value === 0).length
    expect(black).toBe(4 * (8 + 2 + 2 + 8))
  })
})

describe('the picture', () => {
  test('is as wide as the paper, with its edges', () => {
    expect(PNG.sync.read(only(raw('x\n\x1dV\x00')).png()).width).toBe(640)
    expect(PNG.sync.read(only(raw('x\n\x1dV\x00'), 384).png()).width).toBe(448)
  })

  test('shows every character of every code page but three, and but Kana and Hebrew', () => {
    const missing = new Set<string>()
    for (let page = 0; page < 60; page += 1) {
      if (page === 1 || page === 36) continue
      const bytes = Uint8Array.from({ length: 128 }, (_, index) => 128 + index)
      const run = dryRun(Uint8Array.from([0x1b, 0x74, page, ...bytes, 0x0a]))
      for (const character of run.receipts[0]?.text ?? '') {
        if (character !== '\n' && !(hasGlyph(character, 'A') && hasGlyph(character, 'B')))
          missing.add(character)
      }
    }
    expect([...missing].join('')).toBe('ℓ₯ͺ')
  })

  test('bold, underline and inverse blacken more than plain', () => {
    const black = (job: string): number => {
      const { data } = PNG.sync.read(only(raw(`${job}hello\n`)).png())
      return data.filter((value, at) => at % 4 === 0 && value === 0).length
    }
    const plain = black('')
    expect(black('\x1bE\x01')).toBeGreaterThan(plain * 1.2)
    expect(black('\x1b-\x02')).toBeGreaterThan(plain + 60)
    expect(black('\x1dB\x01')).toBe(5 * 12 * 24 - plain)
    expect(black('\x1d!\x11')).toBe(plain * 4)
  })
})
