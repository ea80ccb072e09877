// Pictures as the printer takes them: by rows (GS v 0) or, for older models, by columns (ESC *), in bands that follow each
// other without a gap. Between two bands the printer can be asked how far it got.
import type { Dots } from './picture.ts'

/** `bytes`: how long a band may be; at least one row, or one stripe of 24. */
export function rasterBands({ width, height, dots }: Dots, bytes: number): readonly Uint8Array[] {
  const rowBytes = Math.ceil(width / 8)
  const rows = Math.max(1, Math.floor(bytes / rowBytes))
  const bands: Uint8Array[] = []
  for (let top = 0; top < height; top += rows) {
    const high = Math.min(rows, height - top)
    const band = new Uint8Array(8 + rowBytes * high)
    band.set([0x1d, 0x76, 0x30, 0, rowBytes & 0xff, rowBytes >> 8, high & 0xff, high >> 8])
    for (let y = 0; y < high; y += 1) {
      const from = (top + y) * width
      const to = 8 + y * rowBytes
      for (let x = 0; x < width; x += 1) {
        if (dots[from + x] === 1) band[to + (x >> 3)] = (band[to + (x >> 3)] ?? 0) | (0x80 >> (x & 7))
      }
    }
    bands.push(band)
  }
  return bands
}

/** The printer's vertical unit differs by model; 24 of them is what moves it on by a stripe on those that need this mode. */
const STRIPE_ROWS = 24
/** `ESC 3` before the first stripe, `ESC 2` behind the last. */
export const STRIPE_SPACING: readonly number[] = [0x1b, 0x33, STRIPE_ROWS]
export const USUAL_SPACING: readonly number[] = [0x1b, 0x32]

/** Stripes of 24 rows (`ESC * 33`), each with its line feed. */
export function columnStripes({ width, height, dots }: Dots): readonly Uint8Array[] {
  const stripes: Uint8Array[] = []
  for (let top = 0; top < height; top += STRIPE_ROWS) {
    const stripe = new Uint8Array(5 + 3 * width + 1)
    stripe.set([0x1b, 0x2a, 33, width & 0xff, width >> 8])
    for (let y = 0; y < Math.min(STRIPE_ROWS, height - top); y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = 5 + 3 * x + (y >> 3)
        if (dots[(top + y) * width + x] === 1) stripe[at] = (stripe[at] ?? 0) | (0x80 >> (y & 7))
      }
    }
    stripe[stripe.length - 1] = 0x0a
    stripes.push(stripe)
  }
  return stripes
}
