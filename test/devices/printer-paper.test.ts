// What the driver makes of a document, as the simulated printer puts it on paper and an independent reader reads it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type DryRun, dryRun } from '@cashdesk/hardware-sim'
import { type ReceiptBlock, type ReceiptDocument, text } from '@cashdesk/kernel'
import {
  type EncodeOptions,
  encodeReceipt,
  epson32,
  epson48,
  loadGlyphs,
  type PrinterProfile,
  star48,
} from '@cashdesk/printer'
import { beforeAll, describe, expect, it } from 'vitest'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Buffer
}
interface Png {
  new (size: { readonly width: number; readonly height: number }): Picture
  readonly sync: { read(file: Buffer): Picture; write(picture: Picture): Buffer }
}

/** Of the driver, which unpacks pictures with it. */
const ofDriver = createRequire(new URL('../../drivers/printer/package.json', import.meta.url))
const { PNG }: { readonly PNG: Png } = ofDriver('pngjs')

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
  const wasm = readFileSync(file)
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
})

const paper = (...blocks: readonly ReceiptBlock[]): ReceiptDocument => ({
  kind: 'sale',
  locale: 'de-DE',
  blocks,
})

function printed(
  document: ReceiptDocument,
  profile = epson48,
  options: EncodeOptions = {},
): DryRun['receipts'][number] {
  const encoded = encodeReceipt(document, profile, options)
  if ('error' in encoded) throw new TypeError(JSON.stringify(encoded.error))
  const { receipts, problems } = dryRun(encoded.bytes, profile.widthDots)
  expect(problems).toEqual([])
  const [receipt] = receipts
  if (receipt === undefined || receipts.length !== 1) throw new TypeError(`${receipts.length} receipts`)
  return receipt
}

const reasonOf = (document: ReceiptDocument, profile: PrinterProfile = epson48): unknown => {
  const encoded = encodeReceipt(document, profile)
  return 'error' in encoded ? encoded.error.detail?.['reason'] : 'printed'
}

/** A picture of `width` by `height`, black where `isBlack`. */
function png(width: number, height: number, isBlack: (x: number, y: number) => boolean): string {
  const image = new PNG({ width, height })
  for (let dot = 0; dot < width * height; dot += 1) {
    const grey = isBlack(dot % width, Math.floor(dot / width)) ? 0 : 0xff
    image.data.set([grey, grey, grey, 0xff], dot * 4)
  }
  return PNG.sync.write(image).toString('base64')
}

/** Black dots of the printed picture in each of its rows, without the unprintable edges. */
function blackRows(picture: Buffer): readonly number[] {
  const { width, height, data } = PNG.sync.read(picture)
  return Array.from({ length: height }, (_, y) => {
    let black = 0
    for (let x = 0; x < width; x += 1) if ((data[(y * width + x) * 4] ?? 0xff) < 128) black += 1
    return black
  })
}

async function read(picture: Buffer): Promise<readonly string[]> {
  const found = await readBarcodes(new Uint8Array(picture), { tryHarder: true, maxNumberOfSymbols: 10 })
  return found.map(code => `${code.format} ${code.text}`).sort()
}

describe('a picture between whose bands the printer is asked', () => {
  const slope = png(500, 300, (x, y) => (x + y) % 7 < 3)
  const blocks = (count: number): readonly ReceiptBlock[] =>
    Array.from({ length: count }, () => ({ block: 'image', png: slope }))

  it.each(['raster', 'column'] as const)('looks as if it were not, by %s', images => {
    const profile: PrinterProfile = { ...epson48, images, automaticStatus: 0 }
    const document = paper(text('above'), ...blocks(1), text('below'))
    const [plain, asked] = [false, true].map(checkpoints => printed(document, profile, { checkpoints }))
    expect(blackRows(asked?.png() ?? Buffer.alloc(0))).toEqual(blackRows(plain?.png() ?? Buffer.alloc(0)))
    expect(Math.max(...blackRows(plain?.png() ?? Buffer.alloc(0)))).toBeGreaterThan(200)
  })

  it.each(['raster', 'column'] as const)(
    'is asked as often as the job says, and never too often: %s',
    images => {
      const profile: PrinterProfile = { ...epson48, images, automaticStatus: 0 }
      for (const count of [1, 3, 40, 200]) {
        const encoded = encodeReceipt(paper(...blocks(count), text('end')), profile, { checkpoints: true })
        if ('error' in encoded) throw new TypeError(encoded.error.code)
        const { answers } = dryRun(encoded.bytes, profile.widthDots)
        expect(answers).toHaveLength(encoded.checkpoints)
        expect(encoded.checkpoints).toBeGreaterThan(8)
        expect(encoded.checkpoints).toBeLessThanOrEqual(240)
      }
    },
  )
})

describe('symbols', () => {
  it.each([epson48, epson32])('are read back from the paper of $name', async profile => {
    const long = `Żółć ${'0123456789'.repeat(12)}`
    const { png, codes } = printed(
      paper(
        { block: 'qr', data: 'https://example.org/€' },
        { block: 'barcode', symbology: 'ean13', data: '4006381333931' },
        { block: 'pdf417', data: 'card 4711' },
        { block: 'pdf417', data: long },
      ),
      profile,
    )
    expect(codes.map(code => code.kind)).toEqual(['QR', 'EAN13', 'PDF417', 'PDF417'])
    expect(await read(png())).toEqual(
      ['EAN13 4006381333931', 'PDF417 card 4711', `PDF417 ${long}`, 'QRCode https://example.org/€'].sort(),
    )
  })

  it('that hold too much are refused before anything is printed', () => {
    expect(reasonOf(paper({ block: 'pdf417', data: 'x'.repeat(1100) }))).toBe(
      'the PDF417 symbol holds too much for this paper',
    )
    expect(reasonOf(paper({ block: 'pdf417', data: '' }))).toContain('PDF417')
    // Every length that is said to fit is printed: the simulator refuses what is wider than the paper.
    for (let length = 1; length < 1000; length += 97) {
      const document = paper({ block: 'pdf417', data: 'x'.repeat(length) })
      if (reasonOf(document, epson32) === undefined) continue
      if (reasonOf(document, epson32) === 'printed') expect(printed(document, epson32).codes).toHaveLength(1)
    }
  })
})

describe('pictures', () => {
  const square = png(40, 40, (x, y) => x < 20 && y < 20)

  it('are printed dot by dot where they were told to stand', () => {
    const receipt = printed(paper({ block: 'image', png: square }))
    expect(blackRows(receipt.png()).filter(row => row > 0)).toEqual(Array(20).fill(20))
    const { data, width } = PNG.sync.read(
      printed(paper({ block: 'image', png: square, align: 'right' })).png(),
    )
    const first = [...data.keys()].find(at => at % 4 === 0 && data[at] === 0) ?? 0
    expect((first / 4) % width).toBe(32 + 576 - 40)
  })

  it.each(['raster', 'column'] as const)('arrive by %s', images => {
    const receipt = printed(paper({ block: 'image', png: square }), { ...epson48, images })
    expect(blackRows(receipt.png()).filter(row => row > 0)).toEqual(Array(20).fill(20))
  })

  it('wider than the paper are made smaller, and grey becomes dots', () => {
    const wide = png(2000, 100, (x, y) => (x + y) % 4 === 0)
    const rows = blackRows(printed(paper({ block: 'image', png: wide }), epson32).png())
    const black = rows.reduce((sum, row) => sum + row, 0)
    expect(Math.max(...rows)).toBeLessThanOrEqual(384)
    expect(black / (384 * 19)).toBeGreaterThan(0.2)
    expect(black / (384 * 19)).toBeLessThan(0.3)
  })

  it('are as wide as they were told to be', () => {
    const rows = blackRows(printed(paper({ block: 'image', png: square, widthDots: 80 })).png())
    expect(rows.filter(row => row > 0)).toEqual(Array(40).fill(40))
  })

  it.each([
    ['no picture at all', 'bm90IGEgUE5H'],
    ['not base64', '%%%'],
    ['a damaged one', Buffer.from(square, 'base64').subarray(0, 60).toString('base64')],
  ])('that are %s are refused', (_what, data) => {
    expect(reasonOf(paper({ block: 'image', png: data }))).toContain('PNG')
  })

  it('that would unpack to more than a logo has are refused without being unpacked', () => {
    const bomb = Buffer.from(square, 'base64')
    bomb.writeUInt32BE(60_000, 16)
    bomb.writeUInt32BE(60_000, 20)
    expect(reasonOf(paper({ block: 'image', png: bomb.toString('base64') }))).toContain('too large')
    expect(reasonOf(paper({ block: 'image', png: square }), { ...epson48, images: 'none' })).toContain(
      'pictures',
    )
  })
})

describe('characters that the printer does not have', () => {
  it('are drawn, in lines that stay within the paper', async () => {
    const glyphs = await loadGlyphs()
    const options = { unprintable: 'image', glyphs } as const
    const document = paper(
      text('牛肉面 大碗'),
      { block: 'pair', label: '宫保鸡丁 with a rather long name 鸡', value: '8,90 €' },
      text('한국어 שלום ありがとう', { bold: true, size: 2 }),
      text('plain'),
    )
    for (const profile of [epson48, epson32]) {
      const receipt = printed(document, profile, options)
      expect(receipt.text.split('\n').at(-1)).toBe('plain')
      expect(receipt.text).toMatch(/\[picture \d+ × 24\]/)
    }
    // The value still ends at the right edge.
    const line = printed(paper({ block: 'pair', label: '鸡', value: '漢' }), epson48, options)
    const { data, width } = PNG.sync.read(line.png())
    const columns = [...data.keys()].filter(at => at % 4 === 0 && data[at] === 0).map(at => (at / 4) % width)
    expect(Math.min(...columns)).toBeLessThan(32 + 24)
    expect(Math.max(...columns)).toBeGreaterThan(32 + 576 - 12)
    expect(Math.max(...columns)).toBeLessThan(32 + 576)
  })

  it('are drawn like the font has them', async () => {
    const glyphs = await loadGlyphs()
    const shape = (character: string): string | undefined => {
      const glyph = glyphs.glyph(character)
      if (glyph === undefined) return undefined
      const rows = Array.from({ length: glyph.height }, (_, y) => {
        const row = glyph.dots.subarray(y * glyph.width, (y + 1) * glyph.width)
        return Array.from(row, dot => (dot === 1 ? '#' : ' '))
          .join('')
          .trimEnd()
      })
      return rows.join('\n')
    }
    // One long level stroke.
    expect(
      shape('十')
        ?.split('\n')
        .filter(row => row.trim().length > 20),
    ).not.toHaveLength(0)
    expect(glyphs.glyph('A')).toMatchObject({ width: 12, height: 24 })
    expect(glyphs.glyph('漢')).toMatchObject({ width: 24, height: 24 })
    expect(glyphs.glyph('\u{10fffd}')).toBeUndefined()
  })

  it('are named when the font does not have them either', async () => {
    const encoded = encodeReceipt(paper(text('漢'), text('\u{10fffd} 漢')), epson48, {
      unprintable: 'image',
      glyphs: await loadGlyphs(),
    })
    expect(encoded).toMatchObject({ error: { detail: { characters: ['U+10FFFD'], blocks: ['1'] } } })
  })

  it('are replaced where that was asked for', () => {
    expect(printed(paper(text('漢 ok')), epson48, { unprintable: 'replace' }).text).toBe('? ok')
  })
})

describe('a printer of Star', () => {
  it('gets StarPRNT, and no ESC/POS question', () => {
    const encoded = encodeReceipt(
      paper(text('5 €'), { block: 'qr', data: 'x' }, { block: 'image', png: png(8, 8, () => true) }),
      star48,
      { checkpoints: false },
    )
    const bytes = 'bytes' in encoded ? Buffer.from(encoded.bytes).toString('latin1') : ''
    expect(bytes).toContain('\x1b\x1dt\x20\x80')
    expect(bytes).toContain('\x1b\x1dyS')
    expect(bytes).toContain('\x1bX\x08\x00')
    expect(bytes).toContain('\x1bd')
    for (const question of ['\x10\x04', '\x1dr', '\x1da\x0f', '\x1dV']) expect(bytes).not.toContain(question)
  })
})
