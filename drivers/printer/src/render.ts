// From laid-out lines to ESC/POS or Star bytes, with the encoder that knows the commands.
import ReceiptPrinterEncoder from '@point-of-sale/receipt-printer-encoder'
import type { Charset } from './charset.ts'
import { ASK_END, automaticStatus, pdf417Symbol } from './frames.ts'
import type { PaperItem } from './layout.ts'
import { type Dots, imageData } from './picture.ts'
import type { PrinterProfile } from './profile.ts'
import { asLatin, barWidth, pdf417Layout, qrModule } from './symbols.ts'

/** What is printed one below the other: every picture is dots by now. */
export type RenderItem =
  | Exclude<PaperItem, { item: 'image' }>
  | { readonly item: 'picture'; readonly dots: Dots; readonly align: 'left' | 'center' | 'right' }

export interface Rendering {
  readonly charset: Charset
  readonly missing: ReadonlySet<string>
  readonly replaceWith: string
  /** The items before which the printer is asked. */
  readonly checkpoints: ReadonlySet<number>
}

/** From the reset to the cut. */
export function rendered(
  items: readonly RenderItem[],
  profile: PrinterProfile,
  rendering: Rendering,
): Uint8Array {
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
  for (const [index, item] of items.entries()) {
    if (rendering.checkpoints.has(index)) encoder.raw([...ASK_END])
    put(encoder, item, profile, rendering)
  }
  if (profile.cutter === 'none') encoder.newline(profile.feedBeforeCut)
  else encoder.cut(profile.cutter)
  return encoder.encode()
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
      encoder.align(item.align).image(imageData(item.dots), {
        algorithm: 'threshold',
        mode: profile.images === 'column' ? 'column' : 'raster',
      })
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
