// The commands for barcodes (`GS k` and its settings) and two-dimensional symbols (`GS ( k`).
import type { Workings } from './interpreter.ts'
import type { BarcodeKind, HriPlace, Matrix } from './operations.ts'

/** `GS k m`: form A ends with NUL, form B (m + 65) says its length. */
const FORM_A: readonly BarcodeKind[] = ['UPC-A', 'UPC-E', 'EAN13', 'EAN8', 'CODE39', 'ITF', 'CODABAR']
const FORM_B: readonly BarcodeKind[] = [
  ...FORM_A,
  ...(['CODE93', 'CODE128', 'GS1-128', 'DataBar', 'DataBar Truncated', 'DataBar Limited'] as const),
  ...(['DataBar Expanded', 'CODE128 auto'] as const),
]

const HRI: readonly HriPlace[] = ['none', 'above', 'below', 'both']
const QR_LEVELS = ['L', 'M', 'Q', 'H'] as const

/** What a QR symbol (7089 digits) or PDF417 can hold at most, with room to spare. */
const SYMBOL_LIMIT_BYTES = 8192

type Carry = (work: Workings, args: Uint8Array) => void

export const barcodeSettings: { readonly [code: string]: Carry } = {
  'GS h': ({ modes }, [n = 0]) => {
    modes.barcode.heightDots = Math.max(1, n)
  },
  'GS w': (work, [n = 0]) => {
    if (n >= 1 && n <= 6) work.modes.barcode.moduleDots = n
    else work.problem('refused', `no bar width ${n}`)
  },
  'GS H': ({ modes }, [n = 0]) => {
    modes.barcode.hri = HRI[n & 3] ?? 'none'
  },
  'GS f': ({ modes }, [n = 0]) => {
    modes.barcode.hriFont = n === 1 || n === 49 ? 'B' : 'A'
  },
}

export function barcode(work: Workings, args: Uint8Array): void {
  const form = args[0] ?? 0
  const kind = form >= 65 ? FORM_B[form - 65] : FORM_A[form]
  if (kind === undefined) {
    work.problem('unsupported', `barcode system ${form}`)
    return
  }
  const data = form >= 65 ? args.slice(2) : args.slice(1, -1)
  if (work.printLine()) work.problem('refused', 'barcode in the middle of a line')
  work.emit({ kind: 'barcode', area: work.area(), barcode: { kind, data, ...work.modes.barcode } })
}

/** `GS ( k`: `cn fn …`. */
export function symbols(work: Workings, data: Uint8Array): void {
  const [cn = 0, fn = 0] = data
  const args = data.subarray(2)
  if (cn === 48) pdf417(work, fn, args)
  else if (cn === 49) qr(work, fn, args)
  else if (cn === 51) stackedDataBar(work, fn, args)
  else if (cn === 53) aztec(work, fn, args)
  else if (cn === 54) dataMatrix(work, fn, args)
  else work.problem('unsupported', `symbol ${cn}`)
}

function qr(work: Workings, fn: number, args: Uint8Array): void {
  const { modes } = work
  const n = args[0] ?? 0
  if (fn === 65) modes.qr = { ...modes.qr, micro: n === 51 }
  else if (fn === 67) modes.qr = { ...modes.qr, moduleDots: inRange(n, 1, 16, 3) }
  else if (fn === 69) modes.qr = { ...modes.qr, level: QR_LEVELS[n - 48] ?? 'L' }
  else if (fn === 80) modes.qr = { ...modes.qr, data: stored(work, args) }
  else if (fn === 81) print(work, modes.qr)
  else if (fn === 82) size(work, modes.qr, 49)
  else work.problem('unsupported', `QR function ${fn}`)
}

function pdf417(work: Workings, fn: number, args: Uint8Array): void {
  const { modes } = work
  const [m = 0, n = 0] = args
  const change = (part: Partial<typeof modes.pdf417>): void => {
    modes.pdf417 = { ...modes.pdf417, ...part }
  }
  if (fn === 65) change({ columns: inRange(m, 0, 30, 0) })
  else if (fn === 66) change({ rows: m === 0 ? 0 : inRange(m, 3, 90, 0) })
  else if (fn === 67) change({ moduleDots: inRange(m, 2, 8, 3) })
  else if (fn === 68) change({ rowModules: inRange(m, 2, 8, 3) })
  else if (fn === 69 && m === 48) change({ level: inRange(n - 48, 0, 8, 1) })
  else if (fn === 69 && m === 49) change({ level: levelOfRatio(n) })
  else if (fn === 70) change({ truncated: m === 1 })
  else if (fn === 80) change({ data: stored(work, args) })
  else if (fn === 81) print(work, modes.pdf417)
  else if (fn === 82) size(work, modes.pdf417, 48)
  else work.problem('unsupported', `PDF417 function ${fn}`)
}

const STACKED = { 72: 'stacked', 73: 'omnidirectional', 76: 'expanded' } as const

function stackedDataBar(work: Workings, fn: number, args: Uint8Array): void {
  const { modes } = work
  const [m = 0, n = 0] = args
  if (fn === 67) modes.stacked = { ...modes.stacked, moduleDots: inRange(m, 2, 8, 2) }
  else if (fn === 71) modes.stacked = { ...modes.stacked, widthDots: m + 256 * n }
  else if (fn === 80) {
    const form = n === 72 || n === 73 || n === 76 ? STACKED[n] : undefined
    if (form === undefined) work.problem('refused', `no stacked DataBar ${n}`)
    else modes.stacked = { ...modes.stacked, form, data: stored(work, args).slice(1) }
  } else if (fn === 81) print(work, modes.stacked)
  else if (fn === 82) size(work, modes.stacked, 51)
  else work.problem('unsupported', `DataBar function ${fn}`)
}

function aztec(work: Workings, fn: number, args: Uint8Array): void {
  const { modes } = work
  const [m = 0, n = 0] = args
  if (fn === 66) modes.aztec = { ...modes.aztec, compact: m === 1 || m === 49, layers: inRange(n, 1, 32, 0) }
  else if (fn === 67) modes.aztec = { ...modes.aztec, moduleDots: inRange(m, 2, 16, 3) }
  else if (fn === 69) modes.aztec = { ...modes.aztec, level: inRange(n, 5, 95, 23) }
  else if (fn === 80) modes.aztec = { ...modes.aztec, data: stored(work, args) }
  else if (fn === 81) print(work, modes.aztec)
  else if (fn === 82) size(work, modes.aztec, 53)
  else work.problem('unsupported', `Aztec function ${fn}`)
}

function dataMatrix(work: Workings, fn: number, args: Uint8Array): void {
  const { modes } = work
  const [m = 0, rows = 0, columns = 0] = args
  const rectangular = m === 1 || m === 49
  if (fn === 66) modes.dataMatrix = { ...modes.dataMatrix, rectangular, rows, columns }
  else if (fn === 67) modes.dataMatrix = { ...modes.dataMatrix, moduleDots: inRange(m, 2, 16, 3) }
  else if (fn === 80) modes.dataMatrix = { ...modes.dataMatrix, data: stored(work, args) }
  else if (fn === 81) print(work, modes.dataMatrix)
  else if (fn === 82) size(work, modes.dataMatrix, 54)
  else work.problem('unsupported', `DataMatrix function ${fn}`)
}

function stored(work: Workings, args: Uint8Array): Uint8Array {
  if (args.length - 1 > SYMBOL_LIMIT_BYTES) work.problem('refused', 'more data than a symbol can hold')
  return args.slice(1, 1 + SYMBOL_LIMIT_BYTES)
}

function print(work: Workings, matrix: Matrix): void {
  if (work.printLine()) work.problem('refused', 'symbol in the middle of a line')
  if (matrix.data.length === 0) {
    work.problem('refused', 'no symbol data stored')
    return
  }
  work.emit({ kind: 'matrix', area: work.area(), matrix })
}

function size(work: Workings, matrix: Matrix, cn: number): void {
  const asked = matrix.data.length === 0 ? undefined : matrix
  work.emit({ kind: 'ask', question: { about: 'symbol-size', matrix: asked, cn } })
}

/** `n` tenths of the data as error correction; the nearest fixed level for short texts. */
function levelOfRatio(n: number): number {
  return n <= 1 ? 2 : n <= 4 ? 3 : 4
}

function inRange(n: number, least: number, most: number, otherwise: number): number {
  return n >= least && n <= most ? n : otherwise
}
