// A receipt document as the bytes of one job: pure, and refused as a whole when a single character cannot be shown.

import { type ErrorReport, isGtin, type ReceiptBlock, type ReceiptDocument, report } from '@cashdesk/kernel'
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import { type Charset, charsetOf, forPaper } from './charset.ts'
import { ASK_END, automaticStatus, QR_CAPACITY_M } from './frames.ts'
import { layOut, type PaperItem } from './layout.ts'
import type { PrinterProfile } from './profile.ts'

export interface EncodeOptions {
  /** Print the COPY banner. */
  readonly copy?: boolean
  /** What the banner says; default `COPY`. */
  readonly copyText?: string
  /** What becomes of characters that the printer does not have. Default `refuse`. */
  readonly unprintable?: 'refuse' | { readonly replaceWith: string }
  /** Ask inside the job, every few lines, how far the printer got; for a driver that waits for the answers. */
  readonly checkpoints?: boolean
}

/** `checkpoints`: how many questions (`GS r 1`) stand in the bytes. */
export type EncodedJob =
  | { readonly bytes: Uint8Array; readonly checkpoints: number }
  | { readonly error: ErrorReport }

/** Lines between two checkpoints: at 9600 bit/s less than a quarter of a second, in which nobody switches off and on. */
const CHECKPOINT_LINES = 4
/** Checkpoints of one job; a longer receipt has them further apart. */
const MAX_CHECKPOINTS = 60

/**
 * The bytes of one piece of paper, from `ESC @` to the cut.
 * `printer.unprintable` names in `detail.characters` what the printer's code pages do not hold, or in `detail.reason`
 * why a bar or QR code cannot be printed.
 */
export function encodeReceipt(
  document: ReceiptDocument,
  profile: PrinterProfile,
  options: EncodeOptions = {},
): EncodedJob {
  const charset = charsetOf(profile)
  const banner = options.copy === true ? `*** ${options.copyText ?? 'COPY'} ***` : undefined
  const lines = layOut(
    { ...document, blocks: document.blocks.map(block => cleaned(block)) },
    profile.columns,
    banner === undefined ? undefined : forPaper(banner),
  )
  const inText = [...new Set(lines.flatMap(item => missingInText(item, profile, charset)))]
  const inSymbols = [...new Set(lines.flatMap(item => missingInSymbol(item)))]
  const refused = [...((options.unprintable ?? 'refuse') === 'refuse' ? inText : []), ...inSymbols]
  if (refused.length > 0) {
    return { error: report('printer.unprintable', { characters: refused.map(nameOf) }) }
  }
  const trouble = lines.map(item => impossible(item, profile)).find(reason => reason !== undefined)
  if (trouble !== undefined) return { error: report('printer.unprintable', { reason: trouble }) }
  const replaceWith = typeof options.unprintable === 'object' ? options.unprintable.replaceWith : '?'
  const places = options.checkpoints === true ? checkpointPlaces(lines) : new Set<number>()
  return {
    bytes: encoded(lines, profile, {
      charset,
      missing: new Set(inText),
      replaceWith: charset.has(replaceWith) ? replaceWith : '?',
      checkpoints: places,
    }),
    checkpoints: places.size,
  }
}

interface Rendering {
  readonly charset: Charset
  readonly missing: ReadonlySet<string>
  readonly replaceWith: string
  /** The items before which the printer is asked. */
  readonly checkpoints: ReadonlySet<number>
}

/** Before every few lines, and around everything that takes more bytes than these. */
function checkpointPlaces(items: readonly PaperItem[]): ReadonlySet<number> {
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

function encoded(
  items: readonly PaperItem[],
  profile: PrinterProfile,
  { charset, missing, replaceWith, checkpoints }: Rendering,
): Uint8Array {
  const shown = (text: string): string =>
    Array.from(text, character => (missing.has(character) ? replaceWith : character)).join('')
  const encoder = new ReceiptPrinterEncoder({
    columns: profile.columns,
    language: 'esc-pos',
    // The default, LF CR, feeds twice on printers whose switches make CR a line feed.
    newline: '\n',
    codepageMapping: pageNumbers(profile),
    codepageCandidates: [...charset.pages],
    feedBeforeCut: profile.cutter === 'none' ? 0 : profile.feedBeforeCut,
    errors: 'strict',
  })
  encoder.initialize().codepage('auto')
  // `ESC @` may have switched it off.
  if (profile.automaticStatus !== 0) encoder.raw([...automaticStatus(profile.automaticStatus)])
  for (const [index, item] of items.entries()) {
    if (checkpoints.has(index)) encoder.raw([...ASK_END])
    if (item.item === 'line') {
      if (item.bold) encoder.bold(true)
      if (item.size === 2) encoder.size(2, 2)
      const text = shown(item.text)
      // Choosing page by page is slow, a receipt's worth of milliseconds: only where one page is not enough.
      encoder.codepage(charset.pageFor(text) ?? 'auto').line(text)
      if (item.size === 2) encoder.size(1, 1)
      if (item.bold) encoder.bold(false)
    } else if (item.item === 'feed') encoder.newline(item.lines)
    else if (item.item === 'barcode') {
      encoder.align('center').barcode(item.data, item.symbology, {
        height: 60,
        width: barWidth(item, profile) ?? 1,
        text: 'below',
      })
      encoder.align('left')
    } else if (profile.qr) {
      encoder.align('center').qrcode(asLatin(item.data), {
        model: 2,
        size: qrModule(item.data, item.moduleSize ?? 6, profile) ?? 1,
        errorlevel: 'm',
      })
      encoder.align('left')
    } else for (const text of chunked(item.data, profile.columns)) encoder.codepage('auto').line(shown(text))
  }
  if (profile.cutter === 'none') encoder.newline(profile.feedBeforeCut)
  else encoder.cut(profile.cutter)
  return encoder.encode()
}

function pageNumbers(profile: PrinterProfile): Record<string, number> {
  return Object.fromEntries(Object.entries(profile.codePages).map(([page, number]) => [page, number]))
}

function cleaned(block: ReceiptBlock): ReceiptBlock {
  switch (block.block) {
    case 'text':
      return { ...block, text: forPaper(block.text) }
    case 'pair':
      // A value is one thing on one line.
      return { ...block, label: forPaper(block.label), value: forPaper(block.value).replaceAll('\n', ' ') }
    case 'table':
      return { ...block, rows: block.rows.map(row => row.map(forPaper)) }
    case 'fiscal':
      return { ...block, lines: block.lines.map(forPaper) }
    default:
      return block
  }
}

function missingInText(item: PaperItem, profile: PrinterProfile, charset: Charset): readonly string[] {
  if (item.item === 'line') return charset.missing(item.text)
  return item.item === 'qr' && !profile.qr ? charset.missing(item.data) : []
}

/** Never replaced: another code would be another thing. A control character could even be taken for a command. */
function missingInSymbol(item: PaperItem): readonly string[] {
  if (item.item === 'qr') return [...item.data].filter(character => character < ' ' && character !== '\n')
  return item.item === 'barcode' ? [...item.data].filter(character => character < ' ' || character > '~') : []
}

/** Why a symbol cannot be printed, if it cannot. */
function impossible(item: PaperItem, profile: PrinterProfile): string | undefined {
  if (item.item === 'qr' && profile.qr && qrModule(item.data, 1, profile) === undefined) {
    return 'the QR code holds too much for this paper'
  }
  if (item.item !== 'barcode') return undefined
  const digits = item.symbology === 'ean13' ? 13 : 8
  if (item.symbology !== 'code128' && !(item.data.length === digits && isGtin(item.data))) {
    return `${item.data.slice(0, 20)} is no ${item.symbology}`
  }
  if (item.data === '' || item.data.length > 255 || barWidth(item, profile) === undefined) {
    return 'the bar code is too wide for this paper'
  }
  return undefined
}

/** The widest bars that fit, in the encoder's steps of 2 or 3 dots for the thinnest bar. */
function barWidth(item: { symbology: string; data: string }, profile: PrinterProfile): number | undefined {
  // Code 128: 11 modules a character, start and check characters, 13 for the stop, quiet zones of 10 on both sides.
  const modules = item.symbology === 'code128' ? 11 * (item.data.length + 2) + 13 + 20 : 113
  return [2, 1].find(step => modules * (step + 1) <= profile.widthDots)
}

/** Dots per module, at most `wanted`, at which the code fits the paper; undefined if none does. */
function qrModule(data: string, wanted: number, profile: PrinterProfile): number | undefined {
  const bytes = new TextEncoder().encode(data).length
  const version = QR_CAPACITY_M.findIndex(capacity => bytes <= capacity) + 1
  if (version === 0) return undefined
  const largest = Math.floor(profile.widthDots / (17 + 4 * version + 8))
  const size = Math.min(8, Math.trunc(wanted), largest)
  return size < 1 ? undefined : size
}

/** UTF-8 bytes as characters of the same number: the encoder writes QR data byte by byte. */
function asLatin(text: string): string {
  return Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('')
}

function chunked(text: string, width: number): readonly string[] {
  const characters = [...text]
  return Array.from({ length: Math.ceil(characters.length / width) }, (_, index) =>
    characters.slice(index * width, (index + 1) * width).join(''),
  )
}

/** Invisible characters are named by their number. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x20 || (code >= 0x7f && code < 0xa0)
    ? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    : character
}
