// Pictures that stay in the printer: NV graphics survive its switching off, downloaded ones do not. Old commands store
// them by columns (FS q, GS *), newer ones by rows under a key of two characters (GS ( L).
import type { Workings } from './interpreter.ts'
import type { Bitmap } from './operations.ts'

/** Pictures of each kind, and dots in all of them: as much as in a printer with 384 KB of user memory. */
const IMAGES_LIMIT = 64
const DOTS_LIMIT = 384 * 1024 * 8

export interface StoredImages {
  readonly nv: Map<string, Bitmap>
  readonly ram: Map<string, Bitmap>
}

type Carry = (work: Workings, args: Uint8Array) => void

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)

/** `GS *`, which has no key. */
const DOWNLOADED = 'GS *'

export const storedImageCommands: { readonly [code: string]: Carry } = {
  'FS q': (work, args) => {
    // It replaces everything that was stored before.
    work.stored.nv.clear()
    let at = 1
    for (let image = 1; image <= (args[0] ?? 0); image += 1) {
      const [wide, high] = [u16(args, at), u16(args, at + 2)]
      const data = args.subarray(at + 4, at + 4 + wide * high * 8)
      keep(work, 'nv', `FS ${image}`, byColumns(data, wide, high))
      at += 4 + data.length
    }
  },
  'FS p': (work, [n = 0, m = 0]) => print(work, work.stored.nv.get(`FS ${n}`), m & 1 ? 2 : 1, m & 2 ? 2 : 1),
  'GS *': (work, args) => {
    const [wide = 0, high = 0] = args
    keep(work, 'ram', DOWNLOADED, byColumns(args.subarray(2), wide, high))
  },
  'GS /': (work, [m = 0]) => print(work, work.stored.ram.get(DOWNLOADED), m & 1 ? 2 : 1, m & 2 ? 2 : 1),
}

/**
 * `GS ( L`, functions 65 to 69 (NV) and 81 to 85 (downloaded): delete all, delete one, define by rows, print.
 * False if the function is none of these.
 */
export function storedGraphics(work: Workings, data: Uint8Array): boolean {
  const fn = data[1] ?? 0
  const kind = fn >= 64 && fn <= 69 ? 'nv' : fn >= 80 && fn <= 85 ? 'ram' : undefined
  if (kind === undefined) return false
  const key = `${String.fromCharCode(data[2] ?? 0, data[3] ?? 0)}`
  const action = fn - (kind === 'nv' ? 64 : 80)
  if (action === 1) work.stored[kind].clear()
  else if (action === 2) work.stored[kind].delete(key)
  else if (action === 3) define(work, kind, data)
  else if (action === 5) print(work, work.stored[kind].get(key), data[4] === 2 ? 2 : 1, data[5] === 2 ? 2 : 1)
  else return false
  return true
}

/** `m fn a kc1 kc2 b xL xH yL yH [c d…]…`; a = 48 monochrome, b the number of colours, of which the first is printed. */
function define(work: Workings, kind: 'nv' | 'ram', data: Uint8Array): void {
  if (data[2] !== 48) return work.problem('unsupported', 'graphics in several tones')
  const [width, height] = [u16(data, 6), u16(data, 8)]
  const rowBytes = Math.ceil(width / 8)
  if (width * height > DOTS_LIMIT) return work.problem('refused', 'no room for so large a picture')
  const dots = new Uint8Array(width * height)
  for (let dot = 0; dot < dots.length; dot += 1) {
    const [x, y] = [dot % width, Math.floor(dot / width)]
    dots[dot] = ((data[11 + y * rowBytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1
  }
  keep(work, kind, String.fromCharCode(data[3] ?? 0, data[4] ?? 0), { width, height, dots })
}

/** `wide` and `high` count eight dots; each column from top to bottom, one byte for eight dots. */
function byColumns(data: Uint8Array, wide: number, high: number): Bitmap {
  const [width, height] = [wide * 8, high * 8]
  const bounded = width * height <= DOTS_LIMIT ? width * height : 0
  const dots = new Uint8Array(bounded)
  for (let dot = 0; dot < bounded; dot += 1) {
    const [x, y] = [dot % width, Math.floor(dot / width)]
    dots[dot] = ((data[x * high + (y >> 3)] ?? 0) >> (7 - (y & 7))) & 1
  }
  return { width, height, dots }
}

function keep(work: Workings, kind: 'nv' | 'ram', key: string, bitmap: Bitmap): void {
  const images = work.stored[kind]
  let used = 0
  for (const [name, { dots }] of images) if (name !== key) used += dots.length
  if (bitmap.dots.length === 0) return work.problem('refused', 'empty image')
  if (used + bitmap.dots.length > DOTS_LIMIT || (images.size >= IMAGES_LIMIT && !images.has(key))) {
    return work.problem('refused', 'the memory for pictures is full')
  }
  images.set(key, bitmap)
}

function print(work: Workings, bitmap: Bitmap | undefined, wide: 1 | 2, high: 1 | 2): void {
  if (work.printLine()) work.problem('refused', 'image in the middle of a line')
  if (bitmap === undefined) return work.problem('refused', 'no such image is stored')
  const area = work.area()
  const width = Math.min(bitmap.width * wide, area.width)
  const height = bitmap.height * high
  const dots = new Uint8Array(width * height)
  for (let dot = 0; dot < dots.length; dot += 1) {
    const [x, y] = [Math.floor((dot % width) / wide), Math.floor(Math.floor(dot / width) / high)]
    dots[dot] = bitmap.dots[y * bitmap.width + x] ?? 0
  }
  work.emit({ kind: 'image', area, bitmap: { width, height, dots } })
}
