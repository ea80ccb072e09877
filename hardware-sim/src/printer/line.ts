// The line being filled: characters and column images side by side until a line feed, or the edge of the print
// area, sends it to the paper.
import { cell } from './modes.ts'
import type { Area, Bitmap, Operation, Piece, Style } from './operations.ts'

/** More pieces than any line holds: 8 for every column of the narrowest font. Bounds overprinting by `ESC $`. */
const PIECES_LIMIT = 1024

export class Line {
  #pieces: Piece[] = []
  #x = 0
  #used = 0

  /** Where the next piece goes, in dots from the left edge of the print area. */
  get x(): number {
    return this.#x
  }

  get empty(): boolean {
    return this.#pieces.length === 0
  }

  clear(): void {
    this.#pieces = []
    this.#x = 0
    this.#used = 0
  }

  /** `ESC $`, `ESC \`, `HT`. */
  moveTo(x: number, areaDots: number): void {
    if (x >= 0 && x <= areaDots) this.#x = x
  }

  /** Whether `width` more dots fit; a piece wider than the whole area fits only an empty line. */
  fits(width: number, areaDots: number): boolean {
    return this.#x + width <= areaDots || this.#x === 0
  }

  character(character: string, style: Style, gapDots: number): void {
    const width = cell(style.font).width * style.wide
    this.#add({ kind: 'character', x: this.#x, width, character, style }, width + gapDots * style.wide)
  }

  image(bitmap: Bitmap, areaDots: number): void {
    const width = Math.min(bitmap.width, Math.max(0, areaDots - this.#x))
    this.#add({ kind: 'image', x: this.#x, width, bitmap }, width)
  }

  /** The filled line as an operation, or `undefined` when there is nothing on it; the line is empty afterwards. */
  take(area: Area, spacingDots: number): Operation | undefined {
    if (this.empty) {
      this.clear()
      return undefined
    }
    const pieces = this.#pieces
    const height = Math.max(...pieces.map(heightOf))
    const advance = Math.max(height, spacingDots)
    const used = this.#used
    this.clear()
    return { kind: 'line', area, pieces, used, height, advance }
  }

  #add(piece: Piece, step: number): void {
    if (this.#pieces.length < PIECES_LIMIT) this.#pieces.push(piece)
    this.#x += step
    this.#used = Math.max(this.#used, this.#x)
  }
}

/** Dots that a piece stands above the bottom of its line. */
export function heightOf(piece: Piece): number {
  return piece.kind === 'image' ? piece.bitmap.height : cell(piece.style.font).height * piece.style.high
}
