// A strip of paper as dots: it grows downwards as it is printed, and becomes a PNG.
import { PNG } from 'pngjs'
import type { Bitmap } from './operations.ts'

/** The longest receipt that is drawn: 4 m at 203 dpi. What is printed beyond is counted, not drawn. */
export const PAPER_LIMIT_DOTS = 32_768
/** Unprintable paper left and right of the head: 80 mm paper is 640 dots wide, of which 576 print. */
const EDGE_DOTS = 32

export class Canvas {
  readonly width: number
  #rows: Uint8Array
  #height = 0

  constructor(width: number) {
    this.width = width
    this.#rows = new Uint8Array(width * 512)
  }

  get height(): number {
    return this.#height
  }

  /** Makes the paper reach down to `y`. */
  reach(y: number): void {
    this.#height = Math.max(this.#height, Math.min(Math.ceil(y), PAPER_LIMIT_DOTS))
    const needed = this.#height * this.width
    if (needed <= this.#rows.length) return
    const grown = new Uint8Array(
      Math.min(Math.max(needed, this.#rows.length * 2), PAPER_LIMIT_DOTS * this.width),
    )
    grown.set(this.#rows)
    this.#rows = grown
  }

  /** Blackens or whitens a rectangle; what lies beside the paper is lost. */
  fill(x: number, y: number, width: number, height: number, dot: 0 | 1 = 1): void {
    this.reach(y + height)
    const left = Math.max(0, x)
    const right = Math.min(this.width, x + width)
    if (right <= left) return
    for (let row = Math.max(0, y); row < Math.min(y + height, this.#height); row += 1) {
      this.#rows.fill(dot, row * this.width + left, row * this.width + right)
    }
  }

  /** Inverts a rectangle. */
  invert(x: number, y: number, width: number, height: number): void {
    this.reach(y + height)
    for (let row = Math.max(0, y); row < Math.min(y + height, this.#height); row += 1) {
      for (let column = Math.max(0, x); column < Math.min(x + width, this.width); column += 1) {
        const at = row * this.width + column
        this.#rows[at] = this.#rows[at] === 1 ? 0 : 1
      }
    }
  }

  /** Burns the black dots of `bitmap`, each `wide` × `high`; white ones leave the paper as it is. */
  burn(bitmap: Bitmap, x: number, y: number, wide = 1, high = 1): void {
    this.reach(y + bitmap.height * high)
    for (let row = 0; row < bitmap.height; row += 1) {
      for (let column = 0; column < bitmap.width; column += 1) {
        if (bitmap.dots[row * bitmap.width + column] !== 1) continue
        if (wide === 1 && high === 1) this.#dot(x + column, y + row)
        else this.fill(x + column * wide, y + row * high, wide, high)
      }
    }
  }

  /** 1 where the paper is black. */
  at(x: number, y: number): number {
    return y < this.#height && x < this.width ? (this.#rows[y * this.width + x] ?? 0) : 0
  }

  /** The paper as a greyscale PNG of its true size, with its unprintable edges and `tail` more rows. */
  png(tail: number): Buffer {
    const width = this.width + 2 * EDGE_DOTS
    const height = this.#height + EDGE_DOTS + tail
    const grey = Buffer.alloc(width * height, 0xff)
    for (let y = 0; y < this.#height; y += 1) {
      for (let x = 0; x < this.width; x += 1) {
        if (this.#rows[y * this.width + x] === 1) grey[(y + EDGE_DOTS) * width + x + EDGE_DOTS] = 0
      }
    }
    const image = new PNG({ width, height })
    image.data = grey
    return PNG.sync.write(image, { inputColorType: 0, inputHasAlpha: false, colorType: 0, bitDepth: 8 })
  }

  #dot(x: number, y: number): void {
    if (x >= 0 && x < this.width && y >= 0 && y < this.#height) this.#rows[y * this.width + x] = 1
  }
}
