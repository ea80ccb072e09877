// From laid-out lines to ESC/POS or Star bytes. Codes, and everything of Star, come from the encoder that knows the commands;
// the text of ESC/POS is written here, because that encoder looks every character up in a fresh copy of its code page.
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import { columnStripes, rasterBands, STRIPE_SPACING, USUAL_SPACING } from './bands.ts'
import type { Charset, Run } from './charset.ts'
import {
  ASK_END,
  automaticStatus,
  BOLD_OFF,
  BOLD_ON,
  codePage,
  DOUBLE_SIZE,
  paperCut,
  pdf417Symbol,
  RESET,
  SINGLE_SIZE,
} from './frames.ts'
import type { PaperItem } from './layout.ts'
import { type Dots, imageData } from './picture.ts'
import type { PrinterProfile } from './profile.ts'
import { asLatin, barWidth, pdf417Layout, qrModule } from './symbols.ts'

/** One command: printers with little memory take no more, and a stripe across 80 mm of 800 rows is less. */
const MAX_BAND_BYTES = 60_000

/** What is printed one below the other: every picture is dots by now. */
export type RenderItem =
  | Exclude<PaperItem, { item: 'image' }>
  | { readonly item: 'picture'; readonly dots: Dots; readonly align: 'left' | 'center' | 'right' }

export interface Rendering {
  readonly charset: Charset
  readonly missing: ReadonlySet<string>
  readonly replaceWith: string
  /** Absent: the printer is asked nothing inside the job. */
  readonly checkpoints?: Checkpoints
}

/** Where the printer is asked how far it got. */
export interface Checkpoints {
  /** The items before which it is asked. */
  readonly places: ReadonlySet<number>
  /** The longest band of a picture, in bytes; it is asked between the bands. */
  readonly bandBytes: number
}

/** From the reset to the cut; and how many questions stand in it. */
export function rendered(
  items: readonly RenderItem[],
  profile: PrinterProfile,
  rendering: Rendering,
): { readonly bytes: Uint8Array; readonly checkpoints: number } {
  if ((profile.language ?? 'esc-pos') === 'esc-pos') return escPos(items, profile, rendering)
  const encoder = encoderFor(profile, rendering)
  encoder.initialize().codepage('auto')
  for (const item of items) put(encoder, item, profile, rendering)
  if (profile.cutter === 'none') encoder.newline(profile.feedBeforeCut)
  else encoder.cut(profile.cutter)
  return { bytes: encoder.encode(), checkpoints: 0 }
}

function encoderFor(profile: PrinterProfile, { charset }: Rendering): ReceiptPrinterEncoder {
  return new ReceiptPrinterEncoder({
    columns: profile.columns,
    language: profile.language ?? 'esc-pos',
    // The default, LF CR, feeds twice on printers whose switches make CR a line feed.
    newline: '\n',
    codepageMapping: pageNumbers(profile),
    codepageCandidates: [...charset.pages],
    feedBeforeCut: profile.cutter === 'none' ? 0 : profile.feedBeforeCut,
    errors: 'strict',
  })
}

const LF = 0x0a
const ALIGN = { left: 0, center: 1, right: 2 } as const

function escPos(
  items: readonly RenderItem[],
  profile: PrinterProfile,
  rendering: Rendering,
): { readonly bytes: Uint8Array; readonly checkpoints: number } {
  const parts: ArrayLike<number>[] = [RESET]
  // The reset may have switched it off.
  if (profile.automaticStatus !== 0) parts.push(automaticStatus(profile.automaticStatus))
  const text = new TextWriter(parts, profile, rendering)
  let checkpoints = 0
  for (const [index, item] of items.entries()) {
    if (rendering.checkpoints?.places.has(index) === true) {
      parts.push(ASK_END)
      checkpoints += 1
    }
    if (item.item === 'line') text.line(item.text, item.bold, item.size)
    else if (item.item === 'feed') parts.push(new Uint8Array(item.lines).fill(LF))
    else if (item.item === 'picture') checkpoints += putPicture(parts, item, profile, rendering.checkpoints)
    else if (item.item === 'qr' && !profile.qr) text.wrapped(item.data)
    else if (item.item === 'pdf417' && profile.pdf417 === false) text.wrapped(item.data)
    else if (item.item === 'pdf417') {
      const layout = pdf417Layout(item.data, profile) ?? { columns: 0, width: 2, level: 1 }
      // Of the encoder's own, everything that is not ASCII would be a question mark.
      parts.push(pdf417Symbol(new TextEncoder().encode(item.data), layout))
    } else {
      const encoder = encoderFor(profile, rendering)
      put(encoder, item, profile, rendering)
      parts.push(encoder.encode())
    }
  }
  parts.push(new Uint8Array(profile.feedBeforeCut).fill(LF))
  if (profile.cutter !== 'none') parts.push(paperCut(profile.cutter))
  return { bytes: joined(parts), checkpoints }
}

/** Lines of text as bytes, each character on a code page that has it. */
class TextWriter {
  readonly #parts: ArrayLike<number>[]
  readonly #profile: PrinterProfile
  readonly #rendering: Rendering
  #page: Run['page'] | undefined

  constructor(parts: ArrayLike<number>[], profile: PrinterProfile, rendering: Rendering) {
    this.#parts = parts
    this.#profile = profile
    this.#rendering = rendering
  }

  line(text: string, bold: boolean, size: 1 | 2): void {
    const { charset, missing, replaceWith } = this.#rendering
    const parts = this.#parts
    const isWhole = missing.size === 0
    const shown = isWhole
      ? text
      : Array.from(text, character => (missing.has(character) ? replaceWith : character)).join('')
    if (bold) parts.push(BOLD_ON)
    if (size === 2) parts.push(DOUBLE_SIZE)
    for (const { page, bytes } of charset.runs(shown, this.#page)) {
      if (page !== this.#page) parts.push(codePage(this.#profile.codePages[page] ?? 0))
      this.#page = page
      parts.push(bytes)
    }
    parts.push([LF])
    if (size === 2) parts.push(SINGLE_SIZE)
    if (bold) parts.push(BOLD_OFF)
  }

  /** What the printer has no symbol for. */
  wrapped(text: string): void {
    for (const part of chunked(text, this.#profile.columns)) this.line(part, false, 1)
  }
}

/** Answers how many questions stand between its bands. */
function putPicture(
  parts: ArrayLike<number>[],
  { dots, align }: Extract<RenderItem, { item: 'picture' }>,
  { images }: PrinterProfile,
  checkpoints: Checkpoints | undefined,
): number {
  const byColumns = images === 'column'
  const bandBytes = checkpoints?.bandBytes ?? Number.POSITIVE_INFINITY
  const bands = byColumns ? columnStripes(dots) : rasterBands(dots, Math.min(bandBytes, MAX_BAND_BYTES))
  parts.push([0x1b, 0x61, ALIGN[align], ...(byColumns ? STRIPE_SPACING : [])])
  let [asked, since] = [0, 0]
  for (const band of bands) {
    if (checkpoints !== undefined && since > 0 && since + band.length > bandBytes) {
      parts.push(ASK_END)
      asked += 1
      since = 0
    }
    parts.push(band)
    since += band.length
  }
  parts.push([...(byColumns ? USUAL_SPACING : []), LF, 0x1b, 0x61, 0])
  return asked
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** By the encoder: bars, QR codes, and whatever Star prints. */
function put(
  encoder: ReceiptPrinterEncoder,
  item: RenderItem,
  profile: PrinterProfile,
  { missing, replaceWith }: Rendering,
): void {
  const shown = (text: string): string =>
    Array.from(text, character => (missing.has(character) ? replaceWith : character)).join('')
  const asText = (text: string): void => {
    for (const part of chunked(text, profile.columns)) encoder.codepage('auto').line(shown(part))
  }
  switch (item.item) {
    case 'line': {
      if (item.bold) encoder.bold(true)
      if (item.size === 2) encoder.size(2, 2)
      const text = shown(item.text)
      encoder.codepage('auto').line(text)
      if (item.size === 2) encoder.size(1, 1)
      if (item.bold) encoder.bold(false)
      return
    }
    case 'feed':
      encoder.newline(item.lines)
      return
    case 'picture':
      // Star's: ESC/POS pictures never come here.
      encoder.align(item.align).image(imageData(item.dots), { algorithm: 'threshold', mode: 'raster' })
      break
    case 'barcode':
      encoder.align('center').barcode(item.data, item.symbology, {
        height: 60,
        width: barWidth(item, profile) ?? 1,
        text: 'below',
      })
      break
    case 'qr':
      if (!profile.qr) return asText(item.data)
      encoder.align('center').qrcode(asLatin(item.data), {
        model: 2,
        size: qrModule(item.data, item.moduleSize ?? 6, profile) ?? 1,
        errorlevel: 'm',
      })
      break
    default:
      if (profile.pdf417 === false) return asText(item.data)
      encoder.align('center').pdf417(item.data, starPdf417(item.data, profile))
  }
  encoder.align('left')
}

function pageNumbers(profile: PrinterProfile): Record<string, number> {
  return Object.fromEntries(Object.entries(profile.codePages).map(([page, number]) => [page, number]))
}

function chunked(text: string, width: number): readonly string[] {
  const characters = [...text]
  return Array.from({ length: Math.ceil(characters.length / width) }, (_, index) =>
    characters.slice(index * width, (index + 1) * width).join(''),
  )
}

function starPdf417(
  data: string,
  profile: PrinterProfile,
): { columns: number; width: number; height: number; errorlevel: number; truncated: boolean } {
  const { columns, width, level } = pdf417Layout(data, profile) ?? { columns: 0, width: 2, level: 1 }
  return { columns, width, height: 3, errorlevel: level, truncated: false }
}
