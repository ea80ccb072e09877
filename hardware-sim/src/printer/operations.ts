// What the interpreter tells the paper and the mechanism to do: plain values, so that the same stream of bytes can
// be drawn, read as text, or looked at by a test.

export type Align = 'left' | 'center' | 'right'

export interface Style {
  /** A: 12 × 24 dots, B: 9 × 17 dots. */
  readonly font: 'A' | 'B'
  readonly bold: boolean
  /** Thickness in dots, 0 for none. */
  readonly underline: 0 | 1 | 2
  /** White on black. */
  readonly inverse: boolean
  /** Magnification, 1 to 8. */
  readonly wide: number
  readonly high: number
}

/** One dot is one byte, 1 for black; row by row. */
export interface Bitmap {
  readonly width: number
  readonly height: number
  readonly dots: Uint8Array
}

/** Something on a line; `x` in dots from the left edge of the line's used part. */
export type Piece =
  | {
      readonly kind: 'character'
      readonly x: number
      readonly width: number
      readonly character: string
      readonly style: Style
    }
  | { readonly kind: 'image'; readonly x: number; readonly width: number; readonly bitmap: Bitmap }

/** Where something may be printed: `left` margin and `width` of the print area in dots. */
export interface Area {
  readonly left: number
  readonly width: number
  readonly align: Align
}

export type BarcodeKind =
  | 'UPC-A'
  | 'UPC-E'
  | 'EAN13'
  | 'EAN8'
  | 'CODE39'
  | 'ITF'
  | 'CODABAR'
  | 'CODE93'
  | 'CODE128'
  | 'GS1-128'
  | 'DataBar'
  | 'DataBar Truncated'
  | 'DataBar Limited'
  | 'DataBar Expanded'
  /** The printer chooses the code sets. */
  | 'CODE128 auto'

export type HriPlace = 'none' | 'above' | 'below' | 'both'

export interface Barcode {
  readonly kind: BarcodeKind
  /** As received; for CODE128 with its `{A`, `{B`, `{C` and `{1` sequences. */
  readonly data: Uint8Array
  /** Width of the narrowest bar in dots. */
  readonly moduleDots: number
  readonly heightDots: number
  readonly hri: HriPlace
  readonly hriFont: 'A' | 'B'
}

/** A two-dimensional symbol. */
export type Matrix =
  | {
      readonly kind: 'QR'
      readonly data: Uint8Array
      readonly moduleDots: number
      readonly level: 'L' | 'M' | 'Q' | 'H'
      readonly micro: boolean
    }
  | {
      readonly kind: 'PDF417'
      readonly data: Uint8Array
      readonly moduleDots: number
      /** Height of a row in modules. */
      readonly rowModules: number
      /** 0: the printer chooses. */
      readonly columns: number
      readonly rows: number
      readonly level: number
      readonly truncated: boolean
    }
  | {
      readonly kind: 'DataBar Stacked'
      readonly data: Uint8Array
      readonly moduleDots: number
      readonly form: 'stacked' | 'omnidirectional' | 'expanded'
      /** Dots, of the expanded form; 0: as wide as the paper. */
      readonly widthDots: number
    }
  | {
      readonly kind: 'Aztec'
      readonly data: Uint8Array
      readonly moduleDots: number
      readonly compact: boolean
      /** 0: the printer chooses. */
      readonly layers: number
      /** Percent. */
      readonly level: number
    }
  | {
      readonly kind: 'DataMatrix'
      readonly data: Uint8Array
      readonly moduleDots: number
      readonly rectangular: boolean
      /** 0: the printer chooses. */
      readonly rows: number
      readonly columns: number
    }

/** Questions that are answered when the printer comes to them, not when it receives them. */
export type Question =
  | { readonly about: 'paper' }
  | { readonly about: 'drawer' }
  | { readonly about: 'identity'; readonly n: number }
  /** `GS ( H`: "tell me when you are here"; the four bytes come back. */
  | { readonly about: 'mark'; readonly id: Uint8Array }
  | { readonly about: 'symbol-size'; readonly matrix: Matrix | undefined; readonly cn: number }

export type Operation =
  | {
      readonly kind: 'line'
      readonly area: Area
      readonly pieces: readonly Piece[]
      /** Width of the used part, height of the tallest piece, and how far the paper moves, in dots. */
      readonly used: number
      readonly height: number
      readonly advance: number
    }
  /** Moves the paper on by `dots`, which is what `lines` blank lines take (0 when it was measured in dots). */
  | { readonly kind: 'feed'; readonly dots: number; readonly lines: number }
  | { readonly kind: 'barcode'; readonly area: Area; readonly barcode: Barcode }
  | { readonly kind: 'matrix'; readonly area: Area; readonly matrix: Matrix }
  | { readonly kind: 'image'; readonly area: Area; readonly bitmap: Bitmap }
  | { readonly kind: 'page'; readonly areas: readonly PageArea[] }
  /** `feedDots`: to be moved on before the cut; `toCutter`: first bring the last line past the knife. */
  | {
      readonly kind: 'cut'
      readonly cut: 'full' | 'partial'
      readonly toCutter: boolean
      readonly feedDots: number
    }
  /** Pulse on drawer connector pin 2 or 5. */
  | { readonly kind: 'kick'; readonly pin: 2 | 5; readonly onMs: number; readonly offMs: number }
  | { readonly kind: 'ask'; readonly question: Question }
  /** Automatic status back: bit mask of `GS a`. */
  | { readonly kind: 'report-status'; readonly mask: number }
  | { readonly kind: 'problem'; readonly problem: Problem }

/** On a page: something printed where the last thing ended, or a move to `to` or by `by` dots from the area's top. */
export type PagePiece = { readonly operation: Operation } | { readonly to: number } | { readonly by: number }

/** A part of a page in dots; `direction` 0: as on paper, 1: upwards, 2: upside down, 3: downwards. */
export interface PageArea {
  readonly x: number
  readonly y: number
  readonly width: number
  /** 0: as high as what stands on it. */
  readonly height: number
  readonly direction: 0 | 1 | 2 | 3
  readonly pieces: readonly PagePiece[]
}

/** Something this printer did not understand or could not do. */
export interface Problem {
  /** Offset of the command in everything received since power-on. */
  readonly at: number
  /** The command: `ESC 0x07`. */
  readonly command: string
  /** `unknown`: not a command; `unsupported`: one that this printer lacks; `refused`: wrong data or wrong moment. */
  readonly kind: 'unknown' | 'unsupported' | 'refused'
  readonly why: string
}
