// Characters that the printer does not have, drawn: a font of the whole Basic Multilingual Plane becomes dots, and a line
// that holds such a character is printed as a picture.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { CashdeskError } from '@cashdesk/kernel'
import { type PaperLine, ROOM } from './layout.ts'
import type { Dots } from './picture.ts'

export interface Glyphs {
  /** 24 dots high and 12 or 24 wide, as font A is; undefined if the font lacks it. */
  glyph(character: string): Dots | undefined
}

/** Font A: the cell of a character. */
const CELL = { width: 12, height: 24 } as const
/** Unifont's grid. */
const GRID = 16
/** Glyphs that are kept: a long menu in Chinese has fewer. */
const MAX_KEPT = 4096

/** `text` with a second column behind every wide character that will be drawn. */
export function withRoom(text: string, glyphs: Glyphs, missing: (text: string) => readonly string[]): string {
  const wide = new Set(missing(text).filter(one => (glyphs.glyph(one)?.width ?? 0) > CELL.width))
  if (wide.size === 0) return text
  return Array.from(text.replaceAll(ROOM, ''), one => (wide.has(one) ? one + ROOM : one)).join('')
}

/** The whole line as dots, at most `paperDots` wide. */
export function lineOfGlyphs({ text, bold, size }: PaperLine, glyphs: Glyphs, paperDots: number): Dots {
  const columns = Array.from(text).length * CELL.width * size
  const width = Math.min(paperDots, columns)
  const height = CELL.height * size
  const dots = new Uint8Array(width * height)
  const black = (x: number, y: number): void => {
    if (x < width) dots[y * width + x] = 1
  }
  let left = 0
  for (const character of text) {
    const glyph = character === ROOM ? undefined : glyphs.glyph(character)
    for (const [place, dot] of (glyph?.dots ?? []).entries()) {
      if (dot !== 1 || glyph === undefined) continue
      const [x, y] = [(place % glyph.width) * size, Math.floor(place / glyph.width) * size]
      for (let step = 0; step < size * size; step += 1) {
        black(left + x + (step % size), y + Math.floor(step / size))
        if (bold) black(left + x + size + (step % size), y + Math.floor(step / size))
      }
    }
    left += CELL.width * size
  }
  return { width, height, dots }
}

/**
 * The glyphs of GNU Unifont, from the optional packages `@fontsource/unifontex` (SIL OFL 1.1, 5 MB) and `opentype.js`
 * (MIT). Letters stand one by one: scripts that join them (Arabic, Devanagari) are not shaped. Takes about a second.
 * @throws CashdeskError `transport.missing-module`
 */
export async function loadGlyphs(): Promise<Glyphs> {
  const font = await loadFont()
  const kept = new Map<string, Dots | undefined>()
  return {
    glyph(character) {
      if (kept.has(character)) return kept.get(character)
      const glyph = font.charToGlyph(character)
      const drawn = glyph.index === 0 ? undefined : drawnGlyph(glyph, font)
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(character, drawn)
      return drawn
    },
  }
}

interface Outline {
  readonly type: string
  readonly x?: number
  readonly y?: number
}
interface FontGlyph {
  readonly index: number
  readonly advanceWidth?: number
  readonly path: { readonly commands: readonly Outline[] }
}
interface Font {
  readonly unitsPerEm: number
  readonly descender: number
  charToGlyph(character: string): FontGlyph
}

async function loadFont(): Promise<Font> {
  try {
    const require = createRequire(import.meta.url)
    const { parse }: { parse(bytes: ArrayBufferLike): Font } = require('opentype.js')
    const file = require.resolve('@fontsource/unifontex/files/unifontex-latin-400-normal.woff')
    const bytes = await readFile(file)
    return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  } catch (cause) {
    const install = 'npm install opentype.js@2.0.0 @fontsource/unifontex@5.2.6'
    throw new CashdeskError('transport.missing-module', { name: 'printer', install }, { cause })
  }
}

/** The outlines of this font follow the borders of its pixels: 16 by 16 points inside them tell which are black. */
function drawnGlyph({ advanceWidth = 0, path }: FontGlyph, { unitsPerEm, descender }: Font): Dots {
  const unit = unitsPerEm / GRID
  const pixels = advanceWidth > unitsPerEm / 2 ? GRID : GRID / 2
  const width = (pixels * CELL.width * 2) / GRID
  const edges = edgesOf(path.commands)
  const dots = new Uint8Array(width * CELL.height)
  for (let row = 0; row < GRID; row += 1) {
    const y = descender + (GRID - 1 - row + 0.5) * unit
    const crossings = edges.filter(([, from, , to]) => from > y !== to > y).map(([x]) => x)
    for (let column = 0; column < pixels; column += 1) {
      const x = (column + 0.5) * unit
      if (crossings.filter(crossing => crossing > x).length % 2 === 0) continue
      // One and a half dots for each pixel: every second one is two wide.
      for (let dotY = Math.ceil(row * 1.5); dotY < Math.ceil((row + 1) * 1.5); dotY += 1) {
        for (let dotX = Math.ceil(column * 1.5); dotX < Math.ceil((column + 1) * 1.5); dotX += 1) {
          dots[dotY * width + dotX] = 1
        }
      }
    }
  }
  return { width, height: CELL.height, dots }
}

/** Upright edges as x, y from, x, y to; the level ones cross no level line. */
function edgesOf(commands: readonly Outline[]): readonly (readonly [number, number, number, number])[] {
  const edges: (readonly [number, number, number, number])[] = []
  let [startX, startY, x, y] = [0, 0, 0, 0]
  for (const command of commands) {
    const toX = command.type === 'Z' ? startX : (command.x ?? x)
    const toY = command.type === 'Z' ? startY : (command.y ?? y)
    if (command.type === 'M') [startX, startY] = [toX, toY]
    else if (toY !== y) edges.push([x, y, toX, toY])
    ;[x, y] = [toX, toY]
  }
  return edges
}
