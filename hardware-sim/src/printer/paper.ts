// The roll of paper under the head: operations become black dots and, beside them, the text a person would read.
// Tearing or cutting takes off what was printed and leaves a clean edge.
import { Canvas, PAPER_LIMIT_DOTS } from './canvas.ts'
import { glyph } from './font.ts'
import { heightOf } from './line.ts'
import { cell, DEFAULT_SPACING_DOTS } from './modes.ts'
import type { Area, Barcode, Bitmap, Matrix, Operation, PageArea, Piece } from './operations.ts'
import { heightOfTurned, turned, widthOf } from './page-mode.ts'
import { drawBarcode, drawMatrix, readBarcode, readMatrix } from './symbols.ts'
import { caption, lineText } from './text.ts'

/** Between head and knife lie 15 mm: what was printed last is below the cut unless the paper was fed on. */
export const HEAD_TO_CUTTER_DOTS = 120
/** Lines of text kept for one receipt: as many as the longest drawn receipt has. */
const TEXT_LIMIT_LINES = 2048
const CODES_LIMIT = 100

/** A symbol that stands on the receipt. */
export interface PrintedCode {
  readonly kind: string
  readonly text: string
}

/** What was cut or torn off. */
export interface Sheet {
  readonly text: string
  readonly codes: readonly PrintedCode[]
  readonly widthDots: number
  readonly heightDots: number
  /** Longer than `PAPER_LIMIT_DOTS`: the rest was printed but not drawn. */
  readonly longer: boolean
  /** Dots of print that were still between head and knife, and are therefore cut through or left behind. */
  readonly beyondKnifeDots: number
  png(): Buffer
}

export class Paper {
  readonly #dots: number
  /** Absent where nothing is drawn. */
  #canvas: Canvas | undefined
  #lines: string[] = []
  #codes: PrintedCode[] = []
  #y = 0
  #inkEnd = 0

  /** Paper with a head of `dots` dots; without `pictures` only what a person would read is kept. */
  constructor(dots: number, pictures: boolean) {
    this.#dots = dots
    this.#canvas = pictures ? new Canvas(dots) : undefined
  }

  /** Whether there is print on the paper that was not cut off yet. */
  get blank(): boolean {
    return this.#inkEnd === 0
  }

  get text(): string {
    return this.#lines.join('\n').trimEnd()
  }

  /** Prints one operation; others than print and feed are none of the paper's. Returns why nothing was printed. */
  print(operation: Operation): string | undefined {
    if (operation.kind === 'line') this.#line(operation)
    else if (operation.kind === 'feed') this.#feed(operation.dots, operation.lines)
    else if (operation.kind === 'image') this.#picture(operation.bitmap, operation.area)
    else if (operation.kind === 'page') return this.#page(operation.areas)
    else if (operation.kind === 'barcode') return this.#barcode(operation.barcode, operation.area)
    else if (operation.kind === 'matrix') return this.#matrix(operation.matrix, operation.area)
    return undefined
  }

  /** Takes the printed piece off. `reachesKnife`: it was first fed until its last line had passed the knife. */
  takeOff(reachesKnife: boolean): Sheet {
    const canvas = this.#canvas
    const sheet: Sheet = {
      text: this.text,
      codes: this.#codes,
      widthDots: this.#dots,
      heightDots: Math.min(this.#y, PAPER_LIMIT_DOTS),
      longer: this.#y > PAPER_LIMIT_DOTS,
      beyondKnifeDots: reachesKnife ? 0 : Math.max(0, this.#inkEnd + HEAD_TO_CUTTER_DOTS - this.#y),
      png: () => (canvas ?? new Canvas(this.#dots)).png(reachesKnife ? HEAD_TO_CUTTER_DOTS : 0),
    }
    this.#canvas = canvas && new Canvas(this.#dots)
    this.#lines = []
    this.#codes = []
    this.#y = 0
    this.#inkEnd = 0
    return sheet
  }

  #line(line: Extract<Operation, { kind: 'line' }>): void {
    const canvas = this.#canvas
    if (canvas !== undefined) {
      const left = offset(line.area, line.used)
      for (const piece of line.pieces) {
        const top = this.#y + line.height - heightOf(piece)
        if (piece.kind === 'image') canvas.burn(piece.bitmap, left + piece.x, top)
        else character(canvas, piece, left + piece.x, top)
      }
    }
    const onlyImages = line.pieces.every(piece => piece.kind === 'image')
    if (!onlyImages) this.#write(lineText(line))
    this.#advance(line.height)
    this.#y += line.advance - line.height
    this.#canvas?.reach(this.#y)
  }

  #feed(dots: number, lines: number): void {
    this.#y += dots
    this.#canvas?.reach(this.#y)
    const blank = lines > 0 ? lines : Math.floor(dots / DEFAULT_SPACING_DOTS)
    for (let line = 0; line < blank; line += 1) this.#write('')
  }

  #picture(bitmap: Bitmap, area: Area): void {
    this.#canvas?.burn(bitmap, offset(area, bitmap.width), this.#y)
    this.#advance(bitmap.height)
    this.#write(caption(`picture ${bitmap.width} × ${bitmap.height}`, area))
  }

  #barcode(barcode: Barcode, area: Area): string | undefined {
    const drawn = this.#canvas === undefined ? readBarcode(barcode) : drawBarcode(barcode)
    if ('refused' in drawn) return drawn.refused
    if (drawn.bitmap.width > area.width) return 'wider than the print area'
    if (barcode.hri === 'above' || barcode.hri === 'both') this.#hri(drawn.text, barcode.hriFont, area)
    this.#canvas?.burn(drawn.bitmap, offset(area, drawn.bitmap.width), this.#y)
    this.#advance(drawn.bitmap.height)
    if (barcode.hri === 'below' || barcode.hri === 'both') this.#hri(drawn.text, barcode.hriFont, area)
    this.#note({ kind: barcode.kind, text: drawn.text }, area)
    return undefined
  }

  #matrix(matrix: Matrix, area: Area): string | undefined {
    const drawn = this.#canvas === undefined ? readMatrix(matrix) : drawMatrix(matrix)
    if ('refused' in drawn) return drawn.refused
    if (drawn.bitmap.width > area.width) return 'wider than the print area'
    this.#canvas?.burn(drawn.bitmap, offset(area, drawn.bitmap.width), this.#y)
    this.#advance(drawn.bitmap.height)
    this.#note({ kind: matrix.kind, text: drawn.text }, area)
    return undefined
  }

  /** All areas of a page, each printed on a sheet of its own and laid down as it is turned. */
  #page(areas: readonly PageArea[]): string | undefined {
    const refused: string[] = []
    let height = 0
    for (const area of areas) {
      const sheet = new Paper(widthOf(area), this.#canvas !== undefined)
      refused.push(...sheet.#pieces(area))
      const bitmap = sheet.#bitmap(area.height === 0 ? sheet.#y : heightOfTurned(area))
      if (bitmap !== undefined) this.#canvas?.burn(turned(bitmap, area.direction), area.x, this.#y + area.y)
      height = Math.max(height, area.y + (area.height === 0 ? sheet.#y : area.height))
      for (const line of sheet.#lines) this.#write(line)
      this.#codes.push(...sheet.#codes.slice(0, CODES_LIMIT - this.#codes.length))
    }
    this.#advance(Math.min(height, PAPER_LIMIT_DOTS))
    return refused[0]
  }

  /** Text and bars stand on the line that was moved to; everything else hangs from it. */
  #pieces({ pieces }: PageArea): readonly string[] {
    const refused: string[] = []
    let moved = false
    for (const piece of pieces) {
      if ('to' in piece) this.#y = piece.to
      else if ('by' in piece) this.#y = Math.max(0, this.#y + piece.by)
      else {
        const { operation } = piece
        const stands = operation.kind === 'line' ? operation.height : 0
        const bars = operation.kind === 'barcode' ? operation.barcode.heightDots : 0
        if (moved) this.#y = Math.max(0, this.#y - stands - bars)
        const why = this.print(operation)
        if (why !== undefined) refused.push(why)
      }
      moved = !('operation' in piece)
    }
    return refused
  }

  /** What is printed as dots, cut off below `height`. */
  #bitmap(height: number): Bitmap | undefined {
    const canvas = this.#canvas
    if (canvas === undefined || height <= 0) return undefined
    const { width } = canvas
    const dots = new Uint8Array(width * Math.min(height, PAPER_LIMIT_DOTS))
    for (let dot = 0; dot < dots.length; dot += 1) {
      dots[dot] = canvas.at(dot % width, Math.floor(dot / width))
    }
    return { width, height: dots.length / width, dots }
  }

  /** The digits for people, centred on the print area's share that the bars take. */
  #hri(text: string, font: 'A' | 'B', area: Area): void {
    const { width, height } = cell(font)
    const shown = text.replace(/[^\x20-\x7e]/g, ' ')
    const left = offset(area, Math.min(shown.length * width, area.width))
    for (const [index, character] of [...shown].entries()) {
      this.#canvas?.burn(glyph(character, font), left + index * width, this.#y + 2)
    }
    this.#advance(height + 4)
  }

  #note(code: PrintedCode, area: Area): void {
    if (this.#codes.length < CODES_LIMIT) this.#codes.push(code)
    this.#write(caption(`${code.kind} ${code.text.replace(/\p{Cc}+/gu, ' ')}`, area))
  }

  /** Moves on over something printed. */
  #advance(dots: number): void {
    this.#y += dots
    this.#inkEnd = this.#y
    this.#canvas?.reach(this.#y)
  }

  #write(line: string): void {
    if (this.#lines.length < TEXT_LIMIT_LINES) this.#lines.push(line)
  }
}

function character(canvas: Canvas, piece: Extract<Piece, { kind: 'character' }>, x: number, y: number): void {
  const { style } = piece
  const { height } = cell(style.font)
  const dots = glyph(piece.character, style.font)
  canvas.burn(dots, x, y, style.wide, style.high)
  if (style.bold) canvas.burn(dots, x + style.wide, y, style.wide, style.high)
  const bottom = y + height * style.high
  if (style.underline > 0) canvas.fill(x, bottom - style.underline, piece.width, style.underline)
  if (style.inverse) canvas.invert(x, y, piece.width, height * style.high)
}

/** Where something of `width` dots begins under the area's alignment. */
function offset(area: Area, width: number): number {
  const free = Math.max(0, area.width - width)
  if (area.align === 'center') return area.left + Math.floor(free / 2)
  return area.align === 'right' ? area.left + free : area.left
}
