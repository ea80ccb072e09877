// From blocks to lines of one paper width, before anyone thinks of bytes. No line is ever wider than the paper.

import { type Align, type ReceiptBlock, type ReceiptDocument, unreachable } from '@cashdesk/kernel'
import { inPaperOrder } from './bidi.ts'

export interface PaperLine {
  readonly item: 'line'
  readonly text: string
  readonly bold: boolean
  readonly size: 1 | 2
}

export type PaperItem =
  | PaperLine
  | { readonly item: 'feed'; readonly lines: number }
  | { readonly item: 'qr'; readonly data: string; readonly moduleSize?: number }
  | { readonly item: 'pdf417'; readonly data: string }
  | { readonly item: 'image'; readonly png: string; readonly align: Align; readonly widthDots?: number }
  | { readonly item: 'barcode'; readonly symbology: 'ean13' | 'ean8' | 'code128'; readonly data: string }

/** Stands behind a character that is two columns wide: the second of them. Unicode has no such character. */
export const ROOM = '\uffff'

/** A label narrower than this beside its value reads badly: it gets lines of its own. */
const MIN_LABEL = 8

/** Columns of the widest paper there is, many times over. */
const MAX_WEIGHT = 10_000

/** Blank lines in one feed block; nobody wants a metre of white paper. */
const MAX_FEED = 20

/** Lays `document` out for `columns` characters; `banner` is printed large above it. */
export function layOut(document: ReceiptDocument, columns: number, banner?: string): readonly PaperItem[] {
  const head =
    banner === undefined ? [] : paragraph(banner, columns, { align: 'center', bold: true, size: 2 })
  return [...head, ...document.blocks.flatMap(block => itemsOf(block, columns))]
}

function itemsOf(block: ReceiptBlock, columns: number): readonly PaperItem[] {
  switch (block.block) {
    case 'text':
      return paragraph(block.text, columns, block)
    case 'pair':
      return pairOf(block.label, block.value, columns, block)
    case 'table':
      return tableOf(block, columns).map(text => line(text))
    case 'rule':
      return [line('-'.repeat(columns))]
    case 'feed':
      return [{ item: 'feed', lines: Math.min(MAX_FEED, Math.max(1, Math.trunc(block.lines))) }]
    case 'qr':
      return [
        block.moduleSize === undefined
          ? { item: 'qr', data: block.data }
          : { item: 'qr', data: block.data, moduleSize: block.moduleSize },
      ]
    case 'barcode':
      return [{ item: 'barcode', symbology: block.symbology, data: block.data }]
    case 'pdf417':
      return [{ item: 'pdf417', data: block.data }]
    case 'image': {
      const { png, align = 'center', widthDots } = block
      return [{ item: 'image', png, align, ...(widthDots === undefined ? {} : { widthDots }) }]
    }
    case 'fiscal':
      return [
        ...block.lines.flatMap(text => paragraph(text, columns, {})),
        ...(block.qr === undefined ? [] : [{ item: 'qr', data: block.qr } as const]),
      ]
    default:
      return unreachable(block, 'receipt block')
  }
}

interface Style {
  readonly align?: Align
  readonly bold?: boolean
  readonly size?: 1 | 2
}

function line(text: string, { bold = false, size = 1 }: Style = {}): PaperLine {
  return { item: 'line', text: text.trimEnd(), bold, size }
}

function paragraph(text: string, columns: number, style: Style): readonly PaperLine[] {
  const width = Math.floor(columns / (style.size ?? 1))
  return wrap(text, width).map(part => line(aligned(part, width, style.align ?? 'left'), style))
}

/**
 * The value stands at the right edge of the label's last line and is never cut in two; only one that is wider than the
 * paper itself is broken over lines of its own.
 */
function pairOf(label: string, value: string, columns: number, style: Style): readonly PaperLine[] {
  const large = Math.floor(columns / (style.size ?? 1))
  const size = lengthOf(value) > large ? 1 : (style.size ?? 1)
  const width = Math.floor(columns / size)
  const chosen: Style = { ...style, size }
  if (lengthOf(value) > width) {
    return [...wrap(label, width), ...wrap(value, width)].map(text => line(text, chosen))
  }
  const room = width - lengthOf(value) - 1
  const beside = lengthOf(label) <= room || room >= MIN_LABEL
  const labels = wrap(label, beside ? room : width)
  const last = beside ? (labels.pop() ?? '') : ''
  const gap = ' '.repeat(width - lengthOf(last) - lengthOf(value))
  return [...labels, `${last}${gap}${inPaperOrder(value)}`].map(text => line(text, chosen))
}

interface Table {
  readonly columns: readonly { readonly width: number; readonly align?: Align }[]
  readonly rows: readonly (readonly string[])[]
}

/** Cells wrap inside their columns, one blank between columns; more columns than the paper has room for are stacked. */
function tableOf(table: Table, columns: number): readonly string[] {
  const room = columns - (table.columns.length - 1)
  if (room < table.columns.length || table.columns.length === 0) {
    return table.rows.flatMap(row => row.flatMap(cell => wrap(cell, columns)))
  }
  const widths = shares(
    room,
    table.columns.map(({ width }) => width),
  )
  return table.rows.flatMap(row => {
    const cells = widths.map((width, index) => wrap(row[index] ?? '', width))
    const height = Math.max(...cells.map(cell => cell.length))
    // Cells for which there is no column are not lost.
    const rest = row.slice(widths.length).flatMap(cell => wrap(cell, columns))
    const lines = Array.from({ length: height }, (_, at) =>
      cells
        .map((cell, index) => {
          const width = widths[index] ?? 1
          return aligned(cell[at] ?? '', width, table.columns[index]?.align ?? 'left').padEnd(width)
        })
        .join(' '),
    )
    return [...lines, ...rest]
  })
}

/** Whole columns in proportion to `weights`, each at least one, together exactly `room`. */
function shares(room: number, weights: readonly number[]): readonly number[] {
  // Beyond this a weight says no more than that the column is wide; sums of them stay numbers.
  const positive = weights.map(weight => (weight > 0 && weight < MAX_WEIGHT ? weight : 1))
  const total = positive.reduce((sum, weight) => sum + weight, 0)
  const widths = positive.map(weight => Math.max(1, Math.floor((room * weight) / total)))
  let spare = room - widths.reduce((sum, width) => sum + width, 0)
  while (spare !== 0) {
    const step = spare > 0 ? 1 : -1
    // What is left over goes to the widest column, what is missing is taken from it.
    const widest = widths.indexOf(Math.max(...widths))
    widths[widest] = (widths[widest] ?? 1) + step
    spare -= step
  }
  return widths
}

/**
 * Breaks at blanks, and inside a word only when it is longer than a line. Always at least one line; each of them in the
 * order in which it stands on paper.
 */
function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap(part => wrapLine(part, width).map(inPaperOrder))
}

function wrapLine(text: string, width: number): string[] {
  if (lengthOf(text) <= width) return [text]
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ').filter(part => part !== '')) {
    if (current !== '' && lengthOf(current) + 1 + lengthOf(word) <= width) {
      current = `${current} ${word}`
      continue
    }
    if (current !== '') lines.push(current)
    let rest = [...word]
    while (rest.length > width) {
      const cut = rest[width] === ROOM && width > 1 ? width - 1 : width
      lines.push(rest.slice(0, cut).join(''))
      rest = rest.slice(cut)
    }
    current = rest.join('')
  }
  return current === '' && lines.length > 0 ? lines : [...lines, current]
}

function aligned(text: string, width: number, align: Align): string {
  const free = Math.max(0, width - lengthOf(text))
  if (align === 'right') return ' '.repeat(free) + text
  return align === 'center' ? ' '.repeat(Math.floor(free / 2)) + text : text
}

/** Characters as the printer counts them: every one of a code page is one column wide. */
function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length += 1
  return length
}
