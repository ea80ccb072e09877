// Bar codes and two-dimensional symbols: what cannot be printed is found before, and what can is made as large as the
// paper lets it be.
import { isGtin } from '@cashdesk/kernel'
import { QR_CAPACITY_M } from './frames.ts'
import type { PaperItem } from './layout.ts'
import type { PrinterProfile } from './profile.ts'

/** Never replaced: another code would be another thing. A control character could even be taken for a command. */
export function missingInSymbol(item: PaperItem, profile: PrinterProfile): readonly string[] {
  // Star's encoder of PDF417 knows ASCII alone.
  if (item.item === 'pdf417' && (profile.language ?? 'esc-pos') !== 'esc-pos') {
    return [...item.data].filter(character => character < ' ' || character > '~')
  }
  if (item.item === 'qr' || item.item === 'pdf417')
    return [...item.data].filter(character => character < ' ' && character !== '\n')
  return item.item === 'barcode' ? [...item.data].filter(character => character < ' ' || character > '~') : []
}

/** Why a symbol cannot be printed, if it cannot. */
export function impossible(item: PaperItem, profile: PrinterProfile): string | undefined {
  if (item.item === 'qr' && profile.qr && qrModule(item.data, 1, profile) === undefined) {
    return 'the QR code holds too much for this paper'
  }
  if (item.item === 'pdf417' && pdf417Layout(item.data, profile) === undefined) {
    return 'the PDF417 symbol holds too much for this paper'
  }
  if (item.item !== 'barcode') return undefined
  const digits = item.symbology === 'ean13' ? 13 : 8
  if (item.symbology !== 'code128' && !(item.data.length === digits && isGtin(item.data))) {
    return `${item.data.slice(0, 20)} is no ${item.symbology}`
  }
  if (item.data === '' || item.data.length > 255 || barWidth(item, profile) === undefined) {
    return 'the bar code is too wide for this paper'
  }
  return undefined
}

/** The widest bars that fit, in the encoder's steps of 2 or 3 dots for the thinnest bar. */
export function barWidth(
  item: { symbology: string; data: string },
  profile: PrinterProfile,
): number | undefined {
  // Code 128: 11 modules a character, start and check characters, 13 for the stop, quiet zones of 10 on both sides.
  const modules = item.symbology === 'code128' ? 11 * (item.data.length + 2) + 13 + 20 : 113
  return [2, 1].find(step => modules * (step + 1) <= profile.widthDots)
}

/** Dots per module, at most `wanted`, at which the code fits the paper; undefined if none does. */
export function qrModule(data: string, wanted: number, profile: PrinterProfile): number | undefined {
  const bytes = new TextEncoder().encode(data).length
  const version = QR_CAPACITY_M.findIndex(capacity => bytes <= capacity) + 1
  if (version === 0) return undefined
  const largest = Math.floor(profile.widthDots / (17 + 4 * version + 8))
  const size = Math.min(8, Math.trunc(wanted), largest)
  return size < 1 ? undefined : size
}

/** Modules beside the data columns of a PDF417 row: start and stop pattern, row indicators. Each column has 17. */
const PDF417_FRAME_MODULES = 69
/** ISO/IEC 15438: more code words, error correction included, or more rows, no symbol has. */
const PDF417_CODEWORDS = 925
const PDF417_ROWS = 90

export interface Pdf417Layout {
  readonly columns: number
  /** Dots of the narrowest bar. */
  readonly width: number
  readonly level: number
}

/** A symbol about twice as wide as high whose columns fit the paper; undefined if it would be too large. */
export function pdf417Layout(data: string, profile: PrinterProfile): Pdf417Layout | undefined {
  const bytes = new TextEncoder().encode(data).length
  // Five code words for six bytes, one more for the mode and one for the length.
  const content = Math.ceil((bytes * 5) / 6) + 6
  const level = content <= 40 ? 2 : content <= 160 ? 3 : content <= 320 ? 4 : 5
  const codewords = content + 2 ** (level + 1)
  const most = (width: number): number =>
    Math.min(30, Math.floor((profile.widthDots / width - PDF417_FRAME_MODULES) / 17))
  const width = most(3) >= Math.ceil(codewords / PDF417_ROWS) && most(3) >= 3 ? 3 : 2
  const columns = Math.min(most(width), Math.max(1, Math.ceil(Math.sqrt(codewords / 3))))
  const rows = columns < 1 ? Number.POSITIVE_INFINITY : Math.ceil(codewords / columns)
  if (bytes === 0 || codewords > PDF417_CODEWORDS || rows > PDF417_ROWS) return undefined
  return { columns, width, level }
}

/** UTF-8 bytes as characters of the same number: the encoder writes QR data byte by byte. */
export function asLatin(text: string): string {
  return Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('')
}
