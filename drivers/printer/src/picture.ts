// Pictures on paper: a PNG becomes black dots of at most the paper's width, and dots become what the encoder takes.
import { type ErrorReport, report } from '@cashdesk/kernel'
import { PNG } from 'pngjs'

/** One byte per dot, 1 for black; row by row. */
export interface Dots {
  readonly width: number
  readonly height: number
  readonly dots: Uint8Array
}

/** The largest PNG that is unpacked: a logo has some 100 000 pixels, and every one takes four bytes meanwhile. */
const MAX_PIXELS = 4_000_000
/** Half a metre of paper. */
const MAX_HEIGHT_DOTS = 4_096
/** Where the signature, the header's length and its name end. */
const HEADER_BYTES = 24

/** The picture `widthDots` wide (its own width if absent), or smaller where the paper is; why there is none otherwise. */
export function pictureOf(base64: string, paperDots: number, widthDots?: number): Dots | ErrorReport {
  const file = Buffer.from(base64, 'base64')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const isPng = file.length > HEADER_BYTES && view.getUint32(0) === 0x89504e47
  const pixels = isPng ? view.getUint32(16) * view.getUint32(20) : 0
  if (pixels === 0 || pixels > MAX_PIXELS) {
    return report('printer.unprintable', { reason: 'the picture is no PNG, or too large' })
  }
  let image: PNG
  try {
    image = PNG.sync.read(file)
  } catch {
    return report('printer.unprintable', { reason: 'the picture is a damaged PNG' })
  }
  const wanted = widthDots !== undefined && widthDots >= 1 ? Math.trunc(widthDots) : image.width
  const width = Math.min(wanted, paperDots)
  const height = Math.max(1, Math.round((image.height * width) / image.width))
  if (height > MAX_HEIGHT_DOTS) {
    return report('printer.unprintable', { reason: 'the picture is longer than half a metre' })
  }
  return dithered(scaled(image, width, height), width, height)
}

/** As wide as bytes hold: what the encoder takes for a picture. */
export function imageData({ width, height, dots }: Dots): {
  readonly data: Uint8ClampedArray
  readonly width: number
  readonly height: number
} {
  const [wide, high] = [8 * Math.ceil(width / 8), 8 * Math.ceil(height / 8)]
  const data = new Uint8ClampedArray(wide * high * 4).fill(0xff)
  for (const [dot, black] of dots.entries()) {
    if (black === 1) {
      const at = (Math.floor(dot / width) * wide + (dot % width)) * 4
      data.fill(0, at, at + 3)
    }
  }
  return { data, width: wide, height: high }
}

/** Grey values 0 to 255 on white, each the mean of the pixels that it covers. */
function scaled({ width, height, data }: PNG, toWidth: number, toHeight: number): Float32Array {
  const grey = new Float32Array(toWidth * toHeight)
  for (let y = 0; y < toHeight; y += 1) {
    const top = Math.floor((y * height) / toHeight)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * height) / toHeight))
    for (let x = 0; x < toWidth; x += 1) {
      const left = Math.floor((x * width) / toWidth)
      const right = Math.max(left + 1, Math.floor(((x + 1) * width) / toWidth))
      let sum = 0
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) {
          const at = (row * width + column) * 4
          const alpha = (data[at + 3] ?? 0) / 255
          const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3)
          sum += 255 - alpha * (255 - (0.299 * red + 0.587 * green + 0.114 * blue))
        }
      }
      grey[y * toWidth + x] = sum / ((bottom - top) * (right - left))
    }
  }
  return grey
}

/** Floyd–Steinberg: what a dot is too dark or too light is made good by its neighbours. */
function dithered(grey: Float32Array, width: number, height: number): Dots {
  const dots = new Uint8Array(width * height)
  const add = (x: number, y: number, value: number): void => {
    if (x >= 0 && x < width && y < height) grey[y * width + x] = (grey[y * width + x] ?? 0) + value
  }
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const wanted = grey[y * width + x] ?? 0xff
      const black = wanted < 128
      if (black) dots[y * width + x] = 1
      const error = (wanted - (black ? 0 : 0xff)) / 16
      add(x + 1, y, 7 * error)
      add(x - 1, y + 1, 3 * error)
      add(x, y + 1, 5 * error)
      add(x + 1, y + 1, error)
    }
  }
  return { width, height, dots }
}
