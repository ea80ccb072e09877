// Page mode: what is printed is collected on areas of a page, each with its own direction, and comes out at once.
import type { Workings } from './interpreter.ts'
import type { Bitmap, Operation, PageArea, PagePiece } from './operations.ts'

/** Areas of one page, and pieces on one area: a ticket has some ten of each. */
const AREAS_LIMIT = 64
const PIECES_LIMIT = 2048

/** The page that is being filled. */
export interface Page {
  areas: MutableArea[]
}

type MutableArea = Omit<PageArea, 'pieces'> & { pieces: PagePiece[] }

type Carry = (work: Workings, args: Uint8Array) => void

const u16 = (args: Uint8Array, at: number): number => (args[at] ?? 0) + 256 * (args[at + 1] ?? 0)

/** What lands on the page instead of the paper. Answers and pulses go out at once, as from the real one. */
export function goesOnPage(operation: Operation): boolean {
  return ['line', 'feed', 'barcode', 'matrix', 'image'].includes(operation.kind)
}

/** The width in which a line is filled: along the direction of print. */
export function widthOf(area: Pick<PageArea, 'width' | 'height' | 'direction'>): number {
  return area.direction % 2 === 0 ? area.width : area.height
}

/** How far lines may follow each other: across the direction of print. */
export function heightOfTurned(area: Pick<PageArea, 'width' | 'height' | 'direction'>): number {
  return area.direction % 2 === 0 ? area.height : area.width
}

/** The dots as they lie on the page. */
export function turned({ width, height, dots }: Bitmap, direction: PageArea['direction']): Bitmap {
  if (direction === 0) return { width, height, dots }
  const upright = direction === 2
  const [wide, high] = upright ? [width, height] : [height, width]
  const laid = new Uint8Array(wide * high)
  for (let dot = 0; dot < laid.length; dot += 1) {
    const [x, y] = [dot % wide, Math.floor(dot / wide)]
    // 1 runs from the bottom up, its lines from left to right; 3 from the top down, its lines from right to left.
    const [fromX, fromY] =
      direction === 1 ? [high - 1 - y, x] : upright ? [wide - 1 - x, high - 1 - y] : [y, wide - 1 - x]
    laid[dot] = dots[fromY * width + fromX] ?? 0
  }
  return { width: wide, height: high, dots: laid }
}

export function onPage({ areas }: Page, piece: PagePiece): void {
  const area = areas.at(-1)
  if (area !== undefined && area.pieces.length < PIECES_LIMIT) area.pieces.push(piece)
}

function begin(work: Workings): void {
  if (work.page !== undefined) return
  if (!work.line.empty) return work.problem('refused', 'page mode in the middle of a line')
  const whole = { x: 0, y: 0, width: work.paperDots, height: 0, direction: 0 } as const
  work.page = { areas: [{ ...whole, pieces: [] }] }
}

function addArea(work: Workings, area: Omit<PageArea, 'pieces'>): void {
  const { page } = work
  if (page === undefined) return
  work.printLine()
  if (page.areas.length < AREAS_LIMIT) page.areas.push({ ...area, pieces: [] })
  else work.problem('refused', 'too many areas on one page')
}

function printPage(work: Workings): void {
  const { page } = work
  if (page === undefined) return
  work.printLine()
  work.page = undefined
  if (page.areas.some(area => area.pieces.length > 0)) work.emit({ kind: 'page', areas: page.areas })
}

export const pageCommands: { readonly [code: string]: Carry } = {
  'ESC L': begin,
  'ESC S': work => {
    if (work.page !== undefined) work.line.clear()
    work.page = undefined
  },
  FF: printPage,
  'ESC 0x0c': work => {
    const { page } = work
    printPage(work)
    // The page stays, to be printed again or added to.
    if (page !== undefined)
      work.page = { areas: page.areas.map(area => ({ ...area, pieces: [...area.pieces] })) }
  },
  CAN: ({ page, line }) => {
    line.clear()
    const area = page?.areas.at(-1)
    if (area !== undefined) area.pieces = []
  },
  'ESC W': (work, args) => {
    const { across, down } = work.modes.units
    const x = Math.min(work.paperDots - 1, Math.round(u16(args, 0) * across))
    const y = Math.round(u16(args, 2) * down)
    const width = Math.min(work.paperDots - x, Math.round(u16(args, 4) * across))
    const height = Math.min(0x7fff, Math.round(u16(args, 6) * down))
    if (width < 1 || height < 1) return work.problem('refused', 'an area without a size')
    const direction = work.page?.areas.at(-1)?.direction ?? 0
    addArea(work, { x, y, width, height, direction })
  },
  'ESC T': (work, [n = 0]) => {
    const last = work.page?.areas.at(-1)
    const direction = ([0, 1, 2, 3] as const).find(one => one === (n & 0x0f))
    if (direction === undefined) return work.problem('refused', `no direction ${n}`)
    if (last === undefined || last.direction === direction) return
    const { x, y, width, height } = last
    if (height === 0 && direction !== 0) {
      return work.problem('unsupported', 'a direction on a page without an area (ESC W)')
    }
    addArea(work, { x, y, width, height, direction })
  },
  'GS $': (work, args) => {
    if (work.page === undefined) return
    work.printLine()
    onPage(work.page, { to: Math.round(u16(args, 0) * work.modes.units.down) })
  },
  'GS \\': (work, args) => {
    if (work.page === undefined) return
    work.printLine()
    const by = u16(args, 0) > 0x7fff ? u16(args, 0) - 0x10000 : u16(args, 0)
    onPage(work.page, { by: Math.round(by * work.modes.units.down) })
  },
}
