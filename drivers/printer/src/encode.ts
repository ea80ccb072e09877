// A receipt document as the bytes of one job: pure, and refused as a whole when a single character cannot be shown.

import { type ErrorReport, type ReceiptBlock, type ReceiptDocument, report } from '@cashdesk/kernel'
import { needsShaping } from './bidi.ts'
import { wrongBlocks } from './blocks.ts'
import { type Charset, charsetOf, forPaper } from './charset.ts'
import { type Glyphs, lineOfGlyphs, withRoom } from './glyphs.ts'
import { layOut, type PaperItem, ROOM } from './layout.ts'
import { pictureOf } from './picture.ts'
import type { PrinterProfile } from './profile.ts'
import { type Checkpoints, type RenderItem, rendered } from './render.ts'
import { impossible, missingInSymbol } from './symbols.ts'

export interface EncodeOptions {
  /** Print the COPY banner. */
  readonly copy?: boolean
  /** What the banner says; default `COPY`. */
  readonly copyText?: string
  readonly unprintable?: Unprintable
  /** Draws what the printer does not have, for `unprintable: 'image'`; what it lacks, too, is reported. */
  readonly glyphs?: Glyphs
  /** Ask inside the job, every few lines, how far the printer got; for a driver that waits for the answers. */
  readonly checkpoints?: boolean
}

/**
 * What becomes of characters that the printer's code pages do not hold: `report` (default) prints nothing and names
 * them · `image` draws the lines that hold one · `replace` prints `?`, or another character, in their place.
 */
export type Unprintable = 'report' | 'image' | 'replace' | { readonly replaceWith: string }

/** `checkpoints`: how many questions (`GS r 1`) stand in the bytes. */
export type EncodedJob =
  | { readonly bytes: Uint8Array; readonly checkpoints: number }
  | { readonly error: ErrorReport }

/** Lines between two checkpoints: at 9600 bit/s less than a quarter of a second, in which nobody switches off and on. */
const CHECKPOINT_LINES = 4
/** Checkpoints between the items of one job; a longer receipt has them further apart. */
const MAX_CHECKPOINTS = 60
/** And between the bands of its pictures; the session knows 256 open questions apart. */
const MAX_BANDS = 180
/** At 9600 bit/s half a second: no printer that was switched off is back so soon. */
const BAND_BYTES = 480

/**
 * The bytes of one piece of paper, from the reset to the cut.
 * `printer.unprintable` names in `detail.characters` what the printer's code pages do not hold and in `detail.blocks`
 * the places of the document's blocks that hold it (from 0), or in `detail.reason` why a bar code, symbol or picture
 * cannot be printed. `printer.wrong-block` names the blocks that are none.
 */
export function encodeReceipt(
  document: ReceiptDocument,
  profile: PrinterProfile,
  options: EncodeOptions = {},
): EncodedJob {
  const wrong = wrongBlocks(document)
  if (wrong !== undefined) return { error: wrong }
  const charset = charsetOf(profile)
  const { unprintable = 'report', copyText = 'COPY' } = options
  const glyphs = unprintable === 'image' ? options.glyphs : undefined
  const missing = (text: string): readonly string[] => charset.missing(text)
  const prepared = (text: string): string =>
    glyphs === undefined ? forPaper(text) : withRoom(forPaper(text), glyphs, missing)
  const banner = options.copy === true ? prepared(`*** ${copyText} ***`) : undefined
  const blocks = document.blocks.map(block => cleaned(block, prepared))
  const lines = layOut({ ...document, blocks }, profile.columns, banner)

  const inText = new Set(lines.flatMap(item => missingInText(item, profile, charset)))
  const isReported = (character: string): boolean =>
    unprintable === 'report' ||
    (unprintable === 'image' && (needsShaping(character) || glyphs?.glyph(character) === undefined))
  const refused = [...inText].filter(isReported)
  refused.push(...new Set(lines.flatMap(item => missingInSymbol(item, profile))))
  if (refused.length > 0) return { error: unprintableIn(refused, blocks, profile) }
  const trouble = lines.map(item => impossible(item, profile)).find(reason => reason !== undefined)
  if (trouble !== undefined) return { error: report('printer.unprintable', { reason: trouble }) }

  const items: RenderItem[] = []
  for (const item of lines) {
    const drawn = drawnItem(item, profile, glyphs, inText)
    if ('code' in drawn) return { error: drawn }
    items.push(drawn)
  }
  return rendered(items, profile, {
    charset,
    missing: inText,
    replaceWith: replacementIn(charset, unprintable),
    ...(options.checkpoints === true ? { checkpoints: checkpointsOf(items, profile) } : {}),
  })
}

/** What stands on paper instead of a character that the printer lacks. */
export function replacementIn(charset: Charset, unprintable: Unprintable): string {
  const wanted = typeof unprintable === 'object' ? unprintable.replaceWith : '?'
  return Array.from(wanted).length === 1 && charset.has(wanted) ? wanted : '?'
}

function checkpointsOf(items: readonly RenderItem[], { images }: PrinterProfile): Checkpoints {
  const pictures = items.flatMap(item => (item.item === 'picture' ? [item.dots] : []))
  // A band ends with a whole row or stripe, and every picture with a band of its own.
  const units = pictures.map(({ width }) => (images === 'column' ? 3 * width + 6 : Math.ceil(width / 8)))
  const bytes = pictures.reduce((sum, { width, height }) => sum + Math.ceil(width / 8) * height, 0)
  const share = Math.ceil(bytes / Math.max(1, MAX_BANDS - pictures.length))
  return {
    places: checkpointPlaces(items),
    bandBytes: Math.max(0, ...units) + Math.max(BAND_BYTES, share),
  }
}

/** Pictures as dots, and so are lines that hold a character to be drawn; why not, if a picture is none. */
function drawnItem(
  item: PaperItem,
  profile: PrinterProfile,
  glyphs: Glyphs | undefined,
  missing: ReadonlySet<string>,
): RenderItem | ErrorReport {
  if (item.item === 'image') {
    if (profile.images === 'none') {
      return report('printer.unprintable', { reason: 'this printer prints no pictures' })
    }
    const dots = pictureOf(item.png, profile.widthDots, item.widthDots)
    return 'code' in dots ? dots : { item: 'picture', dots, align: item.align }
  }
  if (item.item !== 'line' || glyphs === undefined) return item
  if (![...item.text].some(character => missing.has(character))) return item
  return { item: 'picture', dots: lineOfGlyphs(item, glyphs, profile.widthDots), align: 'left' }
}

/** Names the characters, and the blocks in which they stand. */
function unprintableIn(
  characters: readonly string[],
  blocks: readonly ReceiptBlock[],
  profile: PrinterProfile,
): ErrorReport {
  const sought = new Set(characters)
  const places = blocks.flatMap((block, place) => {
    const items = layOut({ kind: 'report', locale: '', blocks: [block] }, profile.columns)
    const text = items.map(item => ('text' in item ? item.text : 'data' in item ? item.data : '')).join('')
    return Array.from(text).some(character => sought.has(character)) ? [String(place)] : []
  })
  return report('printer.unprintable', { characters: characters.map(nameOf), blocks: places })
}

/** Before every few lines, and around everything that takes more bytes than these. */
function checkpointPlaces(items: readonly RenderItem[]): ReadonlySet<number> {
  const step = Math.max(CHECKPOINT_LINES, Math.ceil(items.length / MAX_CHECKPOINTS))
  const places = new Set<number>()
  let since = 0
  for (const [index, { item }] of items.entries()) {
    const large = item !== 'line' && item !== 'feed'
    if (since > 0 && (since >= step || large) && places.size < MAX_CHECKPOINTS) {
      places.add(index)
      since = 0
    }
    since += large ? step : 1
  }
  return places
}

/** The block as it stands on paper: what is said in it goes through `prepared`. */
export function cleaned(block: ReceiptBlock, prepared: (text: string) => string): ReceiptBlock {
  switch (block.block) {
    case 'text':
      return { ...block, text: prepared(block.text) }
    case 'pair':
      // A value is one thing on one line.
      return { ...block, label: prepared(block.label), value: prepared(block.value).replaceAll('\n', ' ') }
    case 'table':
      return { ...block, rows: block.rows.map(row => row.map(prepared)) }
    case 'fiscal':
      return { ...block, lines: block.lines.map(prepared) }
    default:
      return block
  }
}

function missingInText(item: PaperItem, profile: PrinterProfile, charset: Charset): readonly string[] {
  if (item.item === 'line') return charset.missing(item.text.replaceAll(ROOM, ''))
  const asText = (item.item === 'qr' && !profile.qr) || (item.item === 'pdf417' && profile.pdf417 === false)
  return asText ? charset.missing(item.data) : []
}

/** Invisible characters, and those that only stand on others, are named by their number. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return /[\p{C}\p{M}\p{Z}]/u.test(character)
    ? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    : character
}
