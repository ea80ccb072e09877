// The receipt as text that keeps its columns: what a person would read off the paper, for terminals and tests.
import { cell } from './modes.ts'
import type { Area, Operation, Piece } from './operations.ts'

type Characters = Extract<Piece, { kind: 'character' }>

/** One column of text is one character of font A. */
const COLUMN_DOTS = cell('A').width

/** A printed line as text, aligned as on paper, without blanks at its end. */
export function lineText(line: Extract<Operation, { kind: 'line' }>): string {
  const characters = line.pieces.filter((piece): piece is Characters => piece.kind === 'character')
  if (characters.length === 0) return ''
  const sorted = [...characters].sort((a, b) => a.x - b.x)
  const first = sorted[0]
  const sameWidth = sorted.every(piece => piece.width === first?.width)
  const text = sameWidth && first !== undefined ? evenLine(sorted, first.width) : mixedLine(sorted)
  return aligned(text, line.area, line.area.align)
}

/** A caption that stands for something without text: `[QR https://…]`. */
export function caption(text: string, area: Area): string {
  return aligned(`[${text}]`, area, area.align)
}

/** All of one width: every character at its own column; wide ones keep their words together. */
function evenLine(characters: readonly Characters[], width: number): string {
  let text = ''
  for (const piece of characters) text = put(text, Math.round(piece.x / width), piece.character)
  if (width < COLUMN_DOTS * 2) return text
  return spread(text, width / COLUMN_DOTS)
}

/** Different widths on one line: each run begins where it stands on the paper. */
function mixedLine(characters: readonly Characters[]): string {
  let text = ''
  let run: { readonly width: number; next: number } | undefined
  for (const piece of characters) {
    const goesOn =
      run !== undefined && run.width === piece.width && Math.abs(piece.x - run.next) < piece.width
    const column = goesOn ? text.length : Math.max(text.length, Math.round(piece.x / COLUMN_DOTS))
    text = text.padEnd(column) + piece.character
    run = { width: piece.width, next: piece.x + piece.width }
  }
  return text
}

/** Magnified text: gaps of two blanks and more are columns, and grow so that what follows ends where it ends. */
function spread(text: string, factor: number): string {
  let result = ''
  for (const part of text.matchAll(/( {2,})?(\S+(?: \S+)*)/g)) {
    const [, gap, words = ''] = part
    const end = Math.round((part.index + part[0].length) * factor)
    result =
      gap === undefined
        ? result + words
        : result.padEnd(Math.max(result.length + 1, end - words.length)) + words
  }
  return result
}

function put(text: string, column: number, character: string): string {
  if (column >= text.length) return text.padEnd(column) + character
  if (character === ' ') return text
  return text.slice(0, column) + character + text.slice(column + 1)
}

function aligned(text: string, area: Area, align: Area['align']): string {
  const columns = Math.floor(area.width / COLUMN_DOTS)
  const free = Math.max(0, columns - text.length)
  const before = align === 'right' ? free : align === 'center' ? Math.floor(free / 2) : 0
  return (' '.repeat(Math.round(area.left / COLUMN_DOTS) + before) + text).trimEnd()
}
