// The commands for pictures: raster images (`GS v 0`), column images (`ESC *`) and stored graphics (`GS ( L`).
import type { Workings } from './interpreter.ts'
import type { Bitmap } from './operations.ts'
import { storedGraphics } from './stored-images.ts'

/** Rows of one picture that are drawn: two metres of paper. */
const ROWS_LIMIT = 16_384

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)

/** `GS v 0 m xL xH yL yH d…`; bit 0 of m doubles the width, bit 1 the height. */
export function rasterImage(work: Workings, args: Uint8Array): void {
  if (args[0] !== 0x30 && args[0] !== 0) {
    work.problem('refused', 'GS v without 0')
    return
  }
  const mode = args[1] ?? 0
  if (![0, 1, 2, 3, 48, 49, 50, 51].includes(mode)) {
    work.problem('refused', `no image mode ${mode}`)
    return
  }
  if (work.printLine()) work.problem('refused', 'image in the middle of a line')
  const bitmap = unpackRows({
    rowBytes: u16(args, 2),
    rows: u16(args, 4),
    data: args.subarray(6),
    wide: mode & 1 ? 2 : 1,
    high: mode & 2 ? 2 : 1,
    widthLimit: work.area().width,
  })
  if (bitmap === undefined) {
    work.problem('refused', 'empty image')
    return
  }
  work.emit({ kind: 'image', area: work.area(), bitmap })
}

/**
 * `ESC * m nL nH d…`: 8 or 24 dots high, column by column. The 8-dot modes print every dot three dots high, the
 * single-density modes two dots wide.
 */
export function columnImage(work: Workings, args: Uint8Array): void {
  const mode = args[0] ?? 0
  if (![0, 1, 32, 33].includes(mode)) {
    work.problem('refused', `no column mode ${mode}`)
    return
  }
  const columnBytes = mode >= 32 ? 3 : 1
  const high = mode >= 32 ? 1 : 3
  const wide = mode & 1 ? 1 : 2
  const { width: areaDots } = work.area()
  const columns = Math.min(u16(args, 1), Math.ceil(Math.max(0, areaDots - work.line.x) / wide))
  const width = columns * wide
  const dots = new Uint8Array(width * 24)
  for (let x = 0; x < width; x += 1) {
    for (let y = 0; y < 24; y += 1) {
      const bit = Math.floor(y / high)
      const byte = args[3 + Math.floor(x / wide) * columnBytes + (bit >> 3)] ?? 0
      dots[y * width + x] = (byte >> (7 - (bit & 7))) & 1
    }
  }
  if (width > 0) work.line.image({ width, height: 24, dots }, areaDots)
}

/** `GS ( L` and `GS 8 L`: function 112 stores a monochrome raster, functions 2 and 50 print it. */
export function graphics(work: Workings, data: Uint8Array): void {
  const fn = data[1] ?? 0
  if (fn === 112) {
    store(work, data)
    return
  }
  if (storedGraphics(work, data)) return
  if (fn !== 2 && fn !== 50) {
    work.problem('unsupported', `graphics function ${fn}`)
    return
  }
  if (work.printLine()) work.problem('refused', 'graphics in the middle of a line')
  if (work.graphics === undefined) {
    work.problem('refused', 'no graphics stored')
    return
  }
  work.emit(work.graphics)
  work.graphics = undefined
}

/** `m fn a bx by c xL xH yL yH d…`; a = 48 monochrome, bx and by magnify, x in dots. */
function store(work: Workings, data: Uint8Array): void {
  if (data[2] !== 48) {
    work.problem('unsupported', 'graphics in several tones')
    return
  }
  const bitmap = unpackRows({
    rowBytes: Math.ceil(u16(data, 6) / 8),
    rows: u16(data, 8),
    data: data.subarray(10),
    wide: data[3] === 2 ? 2 : 1,
    high: data[4] === 2 ? 2 : 1,
    widthLimit: work.area().width,
  })
  if (bitmap === undefined) work.problem('refused', 'empty graphics')
  else work.graphics = { kind: 'image', area: work.area(), bitmap }
}

interface Packed {
  readonly rowBytes: number
  readonly rows: number
  readonly data: Uint8Array
  readonly wide: number
  readonly high: number
  readonly widthLimit: number
}

/** Rows of packed bits as dots; what is wider than the print area is cut off at its right edge. */
function unpackRows({ rowBytes, rows, data, wide, high, widthLimit }: Packed): Bitmap | undefined {
  const width = Math.min(rowBytes * 8 * wide, widthLimit)
  const height = Math.min(rows * high, ROWS_LIMIT)
  if (width === 0 || height === 0) return undefined
  const dots = new Uint8Array(width * height)
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(y / high) * rowBytes
    for (let x = 0; x < width; x += 1) {
      const column = Math.floor(x / wide)
      dots[y * width + x] = ((data[row + (column >> 3)] ?? 0) >> (7 - (column & 7))) & 1
    }
  }
  return { width, height, dots }
}
