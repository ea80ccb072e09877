// The receipt as a document: what it says, in blocks, before anyone decides how wide the paper is.
// A printer driver turns it into bytes, a preview into text or a picture, a digital receipt into JSON.

export type Align = 'left' | 'center' | 'right'

/** A paragraph. Wraps at the paper's width. */
export interface TextBlock {
  readonly block: 'text'
  readonly text: string
  readonly align?: Align
  readonly bold?: boolean
  /** Character size as a multiple of the normal one, in both directions. */
  readonly size?: 1 | 2
}

/** Label on the left, value on the right; the label wraps, the value never does. */
export interface PairBlock {
  readonly block: 'pair'
  readonly label: string
  readonly value: string
  readonly bold?: boolean
  readonly size?: 1 | 2
}

/** Rows of cells under relative column widths; cells wrap inside their column. */
export interface TableBlock {
  readonly block: 'table'
  readonly columns: readonly { readonly width: number; readonly align?: Align }[]
  readonly rows: readonly (readonly string[])[]
}

export interface RuleBlock {
  readonly block: 'rule'
}

export interface FeedBlock {
  readonly block: 'feed'
  readonly lines: number
}

export interface QrBlock {
  readonly block: 'qr'
  readonly data: string
  /** Dots per module. */
  readonly moduleSize?: number
}

export interface BarcodeBlock {
  readonly block: 'barcode'
  readonly symbology: 'ean13' | 'ean8' | 'code128'
  readonly data: string
}

/** A PDF417 symbol of up to about 1000 bytes of UTF-8. */
export interface Pdf417Block {
  readonly block: 'pdf417'
  readonly data: string
}

/** A picture, such as a logo: black and white on paper, made smaller where it is wider than the paper. */
export interface ImageBlock {
  readonly block: 'image'
  /** A PNG file as base64. */
  readonly png: string
  /** Default `center`. */
  readonly align?: Align
  /** How wide it is printed, in dots (8 to a mm); default one dot for each of its own. */
  readonly widthDots?: number
}

/** What a fiscal device or authority wants on the paper. Filled by the register or by a claim; never invented here. */
export interface FiscalBlock {
  readonly block: 'fiscal'
  readonly lines: readonly string[]
  readonly qr?: string
}

export type ReceiptBlock =
  | TextBlock
  | PairBlock
  | TableBlock
  | RuleBlock
  | FeedBlock
  | QrBlock
  | BarcodeBlock
  | Pdf417Block
  | ImageBlock
  | FiscalBlock

/** One piece of paper. The printer cuts after it. */
export interface ReceiptDocument {
  readonly kind: 'sale' | 'merchant' | 'report'
  /** BCP 47, for the printer's choice of code page. */
  readonly locale: string
  readonly blocks: readonly ReceiptBlock[]
}

export function text(value: string, style: Omit<TextBlock, 'block' | 'text'> = {}): TextBlock {
  return { block: 'text', text: value, ...style }
}

export function pair(
  label: string,
  value: string,
  style: Omit<PairBlock, 'block' | 'label' | 'value'> = {},
): PairBlock {
  return { block: 'pair', label, value, ...style }
}

export function rule(): RuleBlock {
  return { block: 'rule' }
}

export function feed(lines = 1): FeedBlock {
  return { block: 'feed', lines }
}

export function qr(data: string, moduleSize?: number): QrBlock {
  return moduleSize === undefined ? { block: 'qr', data } : { block: 'qr', data, moduleSize }
}
