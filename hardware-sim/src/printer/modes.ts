// The printer's modes: what `ESC @` resets. Motion units and defaults are those of a 203 dpi printer.
import type { Align, HriPlace, Matrix, Style } from './operations.ts'

const DPI = 203
/** `ESC 2`: one sixth of an inch. */
export const DEFAULT_SPACING_DOTS = 34
/** Horizontal unit one dot, vertical unit half a dot, until `GS P` changes them. */
const DEFAULT_UNITS = { across: 1, down: 0.5 }

export interface Modes {
  style: Style
  codePage: number
  national: number
  align: Align
  spacingDots: number
  /** Added to the right of every character, in units of its own magnification. */
  gapDots: number
  marginDots: number
  areaDots: number
  /** Dots from the left edge of the area. */
  tabs: readonly number[]
  /** Dots per motion unit. */
  units: { readonly across: number; readonly down: number }
  /** `ESC =`: false while another device on the line is addressed. */
  selected: boolean
  barcode: { moduleDots: number; heightDots: number; hri: HriPlace; hriFont: 'A' | 'B' }
  qr: Extract<Matrix, { kind: 'QR' }>
  pdf417: Extract<Matrix, { kind: 'PDF417' }>
  stacked: Extract<Matrix, { kind: 'DataBar Stacked' }>
  aztec: Extract<Matrix, { kind: 'Aztec' }>
  dataMatrix: Extract<Matrix, { kind: 'DataMatrix' }>
}

const NOTHING = new Uint8Array(0)

const PLAIN: Style = { font: 'A', bold: false, underline: 0, inverse: false, wide: 1, high: 1 }

/** Dots of one character cell before magnification. */
export function cell(font: 'A' | 'B'): { readonly width: number; readonly height: number } {
  return font === 'A' ? { width: 12, height: 24 } : { width: 9, height: 17 }
}

/** The modes after power-on and after `ESC @`. */
export function initialModes(paperDots: number): Modes {
  return {
    style: PLAIN,
    codePage: 0,
    national: 0,
    align: 'left',
    spacingDots: DEFAULT_SPACING_DOTS,
    gapDots: 0,
    marginDots: 0,
    areaDots: paperDots,
    tabs: everyEighth(),
    units: DEFAULT_UNITS,
    selected: true,
    barcode: { moduleDots: 3, heightDots: 162, hri: 'none', hriFont: 'A' },
    qr: { kind: 'QR', data: NOTHING, moduleDots: 3, level: 'L', micro: false },
    pdf417: {
      kind: 'PDF417',
      data: NOTHING,
      moduleDots: 3,
      rowModules: 3,
      columns: 0,
      rows: 0,
      level: 1,
      truncated: false,
    },
    stacked: { kind: 'DataBar Stacked', data: NOTHING, moduleDots: 2, form: 'stacked', widthDots: 0 },
    aztec: { kind: 'Aztec', data: NOTHING, moduleDots: 3, compact: false, layers: 0, level: 23 },
    dataMatrix: { kind: 'DataMatrix', data: NOTHING, moduleDots: 3, rectangular: false, rows: 0, columns: 0 },
  }
}

/** The tabs at power-on: every eighth column of font A. */
function everyEighth(): readonly number[] {
  return Array.from({ length: 32 }, (_, index) => (index + 1) * 8 * 12)
}

/** `GS P x y`: units of 1/x and 1/y inch; 0 restores the default. */
export function motionUnits(x: number, y: number): Modes['units'] {
  return {
    across: x === 0 ? DEFAULT_UNITS.across : DPI / x,
    down: y === 0 ? DEFAULT_UNITS.down : DPI / y,
  }
}
