// Turns barcodes and two-dimensional symbols into dots, as wide and high as the printer was told. The modules come
// from bwip-js; checking what a printer would refuse and scaling to whole dots happens here.
import { unreachable } from '@cashdesk/kernel'
import bwip from 'bwip-js'
import { dataBarData, dataBarExpandedData, type Gs1Data, gs1128Data } from './gs1-data.ts'
import type { Barcode, BarcodeKind, Bitmap, Matrix } from './operations.ts'

/** The symbol's dots and its text for people; or why a printer would print nothing. */
export type Drawn = { readonly bitmap: Bitmap; readonly text: string } | { readonly refused: string }

/** Wide bars of the two-width symbologies are this many narrow ones wide. */
const WIDE_RATIO = 2.5

const TWO_WIDTHS: ReadonlySet<BarcodeKind> = new Set(['CODE39', 'ITF', 'CODABAR'])

/** Of an expanded stacked DataBar whose width was not said: what fits 58 mm. */
const DEFAULT_EXPANDED_DOTS = 384

interface Symbology {
  readonly encoder: string
  readonly pattern: RegExp
}

type Gs1Kind = 'GS1-128' | 'DataBar' | 'DataBar Truncated' | 'DataBar Limited' | 'DataBar Expanded'

const SYMBOLOGIES: { readonly [kind in Exclude<BarcodeKind, 'CODE128' | Gs1Kind>]: Symbology } = {
  'UPC-A': { encoder: 'upca', pattern: /^\d{11,12}$/ },
  'UPC-E': { encoder: 'upce', pattern: /^(\d{6,8}|\d{11,12})$/ },
  EAN13: { encoder: 'ean13', pattern: /^\d{12,13}$/ },
  EAN8: { encoder: 'ean8', pattern: /^\d{7,8}$/ },
  CODE39: { encoder: 'code39', pattern: /^\*?[0-9A-Z $%+\-./]{1,253}\*?$/ },
  ITF: { encoder: 'interleaved2of5', pattern: /^(\d\d){1,127}$/ },
  CODABAR: {
    encoder: 'rationalizedCodabar',
    pattern: /^[A-Da-d][0-9$+\-./:]{0,253}[A-Da-d]$/,
  },
  CODE93: { encoder: 'code93', pattern: /^[0-9A-Z $%+\-./]{1,255}$/ },
  'CODE128 auto': { encoder: 'code128', pattern: /^[\s\S]{1,255}$/ },
}

/** Their data has rules of its own (`gs1-data.ts`). */
const GS1: { readonly [kind in Gs1Kind]: (data: string) => Read } = {
  'GS1-128': data => gs1Read('code128', gs1128Data(data), { parsefnc: true }),
  DataBar: data => gs1Read('databaromni', dataBarData(data, false)),
  'DataBar Truncated': data => gs1Read('databartruncated', dataBarData(data, false)),
  'DataBar Limited': data => gs1Read('databarlimited', dataBarData(data, true)),
  'DataBar Expanded': data => gs1Read('databarexpanded', dataBarExpandedData(data)),
}

function gs1Read(encoder: string, data: Gs1Data, options: Options = {}): Read {
  if ('refused' in data) return data
  return { encoder, data: data.encoded, options: { ...options, dontlint: true }, text: data.text }
}

/** What the modules are made from: what the encoder takes, and the text for people. */
type Read =
  | { readonly encoder: string; readonly data: string; readonly options: Options; readonly text: string }
  | { readonly refused: string }

/** Draws the bars, without the text that may stand above or below them. */
export function drawBarcode(barcode: Barcode): Drawn {
  const read = barcodeData(barcode)
  if ('refused' in read) return read
  const modules = widthsOf(read.encoder, read.data, read.options)
  if (typeof modules === 'string') return { refused: modules }
  const twoWidths = TWO_WIDTHS.has(barcode.kind)
  const scale = (width: number): number =>
    twoWidths && width > 1 ? Math.round(WIDE_RATIO * barcode.moduleDots) : width * barcode.moduleDots
  return { bitmap: bars(modules.map(scale), barcode.heightDots), text: read.text }
}

/** As `drawBarcode`, for who wants the text alone: nothing is drawn, and the width is not known. */
export function readBarcode(barcode: Barcode): Drawn {
  const read = barcodeData(barcode)
  return 'refused' in read ? read : { bitmap: blank(barcode.heightDots), text: read.text }
}

/** As `drawMatrix`, for who wants the text alone. */
export function readMatrix(matrix: Matrix): Drawn {
  const read = matrixData(matrix)
  // One dot high: the paper is no longer blank.
  return 'refused' in read ? read : { bitmap: blank(1), text: read.text }
}

function isGs1(kind: BarcodeKind): kind is Gs1Kind {
  return Object.hasOwn(GS1, kind)
}

function blank(height: number): Bitmap {
  return { width: 0, height, dots: new Uint8Array(0) }
}

function barcodeData(barcode: Barcode): Read {
  const { kind } = barcode
  if (kind === 'CODE128') return code128Data(barcode)
  const data = latin1(barcode.data)
  if (isGs1(kind)) return GS1[kind](data)
  const { encoder, pattern } = SYMBOLOGIES[kind]
  if (!pattern.test(data)) return { refused: `not the data of a ${barcode.kind}` }
  return {
    encoder,
    data: normalised(barcode.kind, data),
    options: { includecheck: barcode.kind === 'CODE93' },
    text: readable(barcode.kind, data),
  }
}

/** What a two-dimensional symbol is made from. */
function matrixData(matrix: Matrix): Read {
  const data = latin1(matrix.data)
  const text = utf8(matrix.data)
  switch (matrix.kind) {
    case 'QR': {
      const options = { binarytext: true, eclevel: matrix.level }
      return { encoder: matrix.micro ? 'microqrcode' : 'qrcode', data, options, text }
    }
    case 'PDF417': {
      const { columns, rows, level } = matrix
      const options = { binarytext: true, eclevel: String(level), columns, rows, rowmult: 1 }
      return { encoder: matrix.truncated ? 'pdf417compact' : 'pdf417', data, options, text }
    }
    case 'Aztec': {
      const { compact, layers, level } = matrix
      const shape = { ...(compact ? { format: 'compact' } : {}), ...(layers === 0 ? {} : { layers }) }
      return { encoder: 'azteccode', data, options: { eclevel: level, ...shape }, text }
    }
    case 'DataMatrix': {
      const { rectangular, rows, columns } = matrix
      const shape = { ...(rows === 0 ? {} : { rows }), ...(columns === 0 ? {} : { columns }) }
      return { encoder: rectangular ? 'datamatrixrectangular' : 'datamatrix', data, options: shape, text }
    }
    case 'DataBar Stacked':
      return stackedData(matrix, data)
    default:
      return unreachable(matrix, 'symbol')
  }
}

/** A pair of symbol characters of the expanded form is 49 modules wide, with its finder; the guards take four more. */
const PAIR_MODULES = 49
const GUARD_MODULES = 4

function stackedData(matrix: Extract<Matrix, { kind: 'DataBar Stacked' }>, data: string): Read {
  if (matrix.form === 'stacked') return gs1Read('databarstacked', dataBarData(data, false))
  if (matrix.form === 'omnidirectional') return gs1Read('databarstackedomni', dataBarData(data, false))
  const room = matrix.widthDots === 0 ? DEFAULT_EXPANDED_DOTS : matrix.widthDots
  const pairs = Math.floor((room / matrix.moduleDots - GUARD_MODULES) / PAIR_MODULES)
  const segments = 2 * Math.min(11, Math.max(1, pairs))
  return gs1Read('databarexpandedstacked', dataBarExpandedData(data), { segments })
}

/** Draws a two-dimensional symbol, without a quiet zone. */
export function drawMatrix(matrix: Matrix): Drawn {
  const read = matrixData(matrix)
  if ('refused' in read) return read
  const symbol = encode(read.encoder, read.data, read.options)
  if (typeof symbol === 'string') return { refused: symbol }
  if (!('pixs' in symbol)) return { refused: 'no symbol' }
  const down = matrix.kind === 'PDF417' ? matrix.moduleDots * matrix.rowModules : matrix.moduleDots
  return { bitmap: magnify(symbol.pixs, symbol.pixx, matrix.moduleDots, down), text: read.text }
}

/** Modules across and down, for `GS ( k` function 82. */
export function matrixSize(matrix: Matrix): { readonly width: number; readonly height: number } | undefined {
  const drawn = drawMatrix(matrix)
  return 'refused' in drawn ? undefined : { width: drawn.bitmap.width, height: drawn.bitmap.height }
}

const START: { readonly [set: string]: number } = { A: 103, B: 104, C: 105 }
const SWITCH: { readonly [set: string]: number } = { A: 101, B: 100, C: 99 }

/**
 * CODE128 as the job dictates it: `{A`, `{B`, `{C` choose the code set, `{S` shifts, `{1`–`{4` are function
 * characters, `{{` is a brace; in set C every byte is a pair of digits (0–99).
 */
function code128Data(barcode: Barcode): Read {
  const codewords: number[] = []
  let set = ''
  let text = ''
  for (let at = 0; at < barcode.data.length; at += 1) {
    const byte = barcode.data[at] ?? 0
    let wanted = byte
    if (byte === 0x7b) {
      at += 1
      const sign = String.fromCharCode(barcode.data[at] ?? 0)
      const start = START[sign]
      if (start !== undefined) {
        codewords.push(set === '' ? start : (SWITCH[sign] ?? start))
        set = sign
        continue
      }
      const special = functionCharacter(sign, set)
      if (special !== undefined) {
        codewords.push(special)
        continue
      }
      if (sign !== '{') return { refused: `no code 128 sequence {${sign}` }
      wanted = 0x7b
    }
    const value = codeword(wanted, set)
    if (value === undefined) return { refused: 'data outside the code set, or no code set' }
    codewords.push(value)
    text += set === 'C' ? String(wanted).padStart(2, '0') : String.fromCharCode(wanted)
  }
  if (codewords.length < 2) return { refused: 'not the data of a CODE128' }
  const data = codewords.map(value => `^${String(value).padStart(3, '0')}`).join('')
  return { encoder: 'code128', data, options: { raw: true }, text }
}

function functionCharacter(sign: string, set: string): number | undefined {
  if (sign === '1') return 102
  if (set === 'C' || set === '') return undefined
  return { '2': 97, '3': 96, '4': set === 'A' ? 101 : 100, S: 98 }[sign]
}

function codeword(byte: number, set: string): number | undefined {
  if (set === 'C') return byte <= 99 ? byte : undefined
  if (set === 'A') return byte < 32 ? byte + 64 : byte < 96 ? byte - 32 : undefined
  if (set === 'B') return byte >= 32 && byte < 128 ? byte - 32 : undefined
  return undefined
}

/** What the encoder wants: no asterisks around CODE39, capitals, a number system before a UPC-E of six digits. */
function normalised(kind: BarcodeKind, data: string): string {
  if (kind === 'CODE39') return data.replace(/^\*|\*$/g, '')
  if (kind === 'CODABAR') return data.toUpperCase()
  if (kind === 'UPC-E' && data.length === 6) return `0${data}`
  return data
}

function widthsOf(bcid: string, text: string, options: Options = {}): readonly number[] | string {
  const symbol = encode(bcid, text, options)
  if (typeof symbol === 'string') return symbol
  return 'sbs' in symbol ? symbol.sbs : 'no bars'
}

/** Names as in BWIPP. */
type Options = { readonly [name: string]: string | number | boolean }

/** What bwip-js says of a symbol: widths of bars and spaces in turn, or modules row by row. */
type Raw = { readonly sbs: readonly number[] } | { readonly pixs: readonly number[]; readonly pixx: number }

/** Refused by the encoder: its reason as text. */
function encode(bcid: string, text: string, extra: Options): Raw | string {
  try {
    const options = { bcid, text, ...extra }
    return bwip.raw(options)[0] ?? 'nothing to draw'
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message.replace(/^bwipp\.\w+#\d+: /, '') : 'not encodable'
  }
}

/** Digits with their check digit, as they stand below the bars. */
function readable(kind: BarcodeKind, data: string): string {
  const full = { EAN13: 13, EAN8: 8, 'UPC-A': 12 }[String(kind)]
  if (full === undefined || data.length === full) return data
  const sum = [...data]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 ? 1 : 3), 0)
  return `${data}${(10 - (sum % 10)) % 10}`
}

/** Bars and spaces in turn, beginning with a bar. */
function bars(widths: readonly number[], height: number): Bitmap {
  const width = widths.reduce((sum, dots) => sum + dots, 0)
  const row = new Uint8Array(width)
  let x = 0
  widths.forEach((dots, index) => {
    if (index % 2 === 0) row.fill(1, x, x + dots)
    x += dots
  })
  const dots = new Uint8Array(width * height)
  for (let y = 0; y < height; y += 1) dots.set(row, y * width)
  return { width, height, dots }
}

function magnify(modules: ArrayLike<number>, across: number, wide: number, high: number): Bitmap {
  const width = across * wide
  const height = Math.floor(modules.length / across) * high
  const dots = new Uint8Array(width * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      dots[y * width + x] = modules[Math.floor(y / high) * across + Math.floor(x / wide)] ? 1 : 0
    }
  }
  return { width, height, dots }
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join('')
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
