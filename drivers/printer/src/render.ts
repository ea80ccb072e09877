// From laid-out lines to ESC/POS or Star bytes, with the encoder that knows the commands.
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import { columnStripes, rasterBands, STRIPE_SPACING, USUAL_SPACING } from './bands.ts'
import type { Charset } from './charset.ts'
import { ASK_END, automaticStatus, pdf417Symbol } from './frames.ts'
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
  const { language = 'esc-pos' } = profile
  const encoder = new ReceiptPrinterEncoder({
    columns: profile.columns,
    language,
    // The default, LF CR, feeds twice on printers whose switches make CR a line feed.
    newline: '\n',
    codepageMapping: pageNumbers(profile),
    codepageCandidates: [...rendering.charset.pages],
    feedBeforeCut: profile.cutter === 'none' ? 0 : profile.feedBeforeCut,
    errors: 'strict',
  })
  encoder.initialize().codepage('auto')
  // `ESC @` may have switched it off.
  if (profile.automaticStatus !== 0) encoder.raw([...automaticStatus(profile.automaticStatus)])
  let checkpoints = rendering.checkpoints?.places.size ?? 0
  for (const [index, item] of items.entries()) {
    if (rendering.checkpoints?.places.has(index) === true) encoder.raw([...ASK_END])
    if (item.item === 'picture' && language === 'esc-pos') {
      checkpoints += putPicture(encoder, item, profile, rendering.checkpoints)
    } else put(encoder, item, profile, rendering)
  }
  if (profile.cutter === 'none') encoder.newline(profile.feedBeforeCut)
  else encoder.cut(profile.cutter)
  return { bytes: encoder.encode(), checkpoints }
}

const ALIGN = { left: 0, center: 1, right: 2 } as const

/** Answers how many questions stand between its bands. */
function putPicture(
  encoder: ReceiptPrinterEncoder,
  { dots, align }: Extract<RenderItem, { item: 'picture' }>,
  { images }: PrinterProfile,
  checkpoints: Checkpoints | undefined,
): number {
  const byColumns = images === 'column'
  const bandBytes = checkpoints?.bandBytes ?? Number.POSITIVE_INFINITY
  const bands = byColumns ? columnStripes(dots) : rasterBands(dots, Math.min(bandBytes, MAX_BAND_BYTES))
  encoder.raw([0x1b, 0x61, ALIGN[align], ...(byColumns ? STRIPE_SPACING : [])])
  let [asked, since] = [0, 0]
  for (const band of bands) {
    if (checkpoints !== undefined && since > 0 && since + band.length > bandBytes) {
      encoder.raw([...ASK_END])
      asked += 1
      since = 0
    }
    encoder.raw([...band])
    since += band.length
  }
  encoder.raw([...(byColumns ? USUAL_SPACING : []), 0x0a, 0x1b, 0x61, 0])
  return asked
}

function put(
  encoder: ReceiptPrinterEncoder,
  item: RenderItem,
  profile: PrinterProfile,
  { charset, missing, replaceWith }: Rendering,
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
      // Choosing page by page is slow, a receipt's worth of milliseconds: only where one page is not enough.
      encoder.codepage(charset.pageFor(text) ?? 'auto').line(text)
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
      putPdf417(encoder, item.data, profile)
  }
  encoder.align('left')
}

function putPdf417(encoder: ReceiptPrinterEncoder, data: string, profile: PrinterProfile): void {
  const layout = pdf417Layout(data, profile) ?? { columns: 0, width: 2, level: 1 }
  const { columns, width, level } = layout
  if ((profile.language ?? 'esc-pos') !== 'esc-pos') {
    encoder.align('center').pdf417(data, { columns, width, height: 3, errorlevel: level, truncated: false })
    return
  }
  // Of the encoder's own, everything that is not ASCII would be a question mark.
  encoder.raw([...pdf417Symbol(new TextEncoder().encode(data), layout)])
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
