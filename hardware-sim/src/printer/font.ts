// The printer's two faces as dots. The data files are generated once from a free bitmap font (FONTS.md).
import { inflateSync } from 'node:zlib'
import { FONT_A } from './font-a-data.ts'
import { FONT_B } from './font-b-data.ts'
import type { Bitmap } from './operations.ts'

interface Face {
  readonly width: number
  readonly height: number
  readonly glyphs: ReadonlyMap<number, number>
  readonly bits: Uint8Array
}

const faces: { A?: Face; B?: Face } = {}

/**
 * The dots of one character, unmagnified: 12 × 24 in font A, 8 × 16 in font B (whose cell is 9 × 17).
 * A character the face lacks is a hollow box.
 */
export function glyph(character: string, font: 'A' | 'B'): Bitmap {
  const face = faceOf(font)
  const { width, height } = face
  const index = face.glyphs.get(character.codePointAt(0) ?? 0)
  const dots = new Uint8Array(width * height)
  if (index === undefined) return { width, height, dots: box(dots, width, height) }
  const start = index * width * height
  for (let dot = 0; dot < dots.length; dot += 1) {
    const bit = start + dot
    dots[dot] = ((face.bits[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
  }
  return { width, height, dots }
}

/** Whether the face can show it. */
export function hasGlyph(character: string, font: 'A' | 'B'): boolean {
  return faceOf(font).glyphs.has(character.codePointAt(0) ?? 0)
}

function faceOf(font: 'A' | 'B'): Face {
  const known = faces[font]
  if (known !== undefined) return known
  const face = unpack(font === 'A' ? FONT_A : FONT_B)
  faces[font] = face
  return face
}

/** Layout: u16 glyphs, u16 ranges, u8 width, u8 height, per range u16 first code point and u16 count, bits. */
function unpack(packed: string): Face {
  const bytes = inflateSync(Buffer.from(packed, 'base64'))
  const ranges = bytes.readUInt16BE(2)
  const glyphs = new Map<number, number>()
  for (let range = 0; range < ranges; range += 1) {
    const first = bytes.readUInt16BE(6 + range * 4)
    const count = bytes.readUInt16BE(8 + range * 4)
    for (let code = first; code < first + count; code += 1) glyphs.set(code, glyphs.size)
  }
  return {
    width: bytes.readUInt8(4),
    height: bytes.readUInt8(5),
    glyphs,
    bits: bytes.subarray(6 + ranges * 4),
  }
}

function box(dots: Uint8Array, width: number, height: number): Uint8Array {
  for (let y = 2; y < height - 4; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const edge = y === 2 || y === height - 5 || x === 1 || x === width - 2
      if (edge) dots[y * width + x] = 1
    }
  }
  return dots
}
