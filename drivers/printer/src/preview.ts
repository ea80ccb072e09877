// The paper as text, without a printer: the lines as they would be printed, codes and pictures in brackets.
import { type ErrorReport, type ReceiptDocument, unreachable } from '@cashdesk/kernel'
import { charsetOf, forPaper } from './charset.ts'
import { cleaned, type EncodeOptions, encodeReceipt, replacementIn, type Unprintable } from './encode.ts'
import { layOut, type PaperItem, ROOM } from './layout.ts'
import type { PrinterProfile } from './profile.ts'

export type Preview = { readonly text: string } | { readonly error: ErrorReport }

/** What `encodeReceipt` would refuse is refused here with the same error: a preview shows nothing that cannot be printed. */
export function previewReceipt(
  document: ReceiptDocument,
  profile: PrinterProfile,
  options: EncodeOptions = {},
): Preview {
  const encoded = encodeReceipt(document, profile, options)
  if ('error' in encoded) return encoded
  const banner = options.copy === true ? `*** ${options.copyText ?? 'COPY'} ***` : undefined
  const blocks = document.blocks.map(block => cleaned(block, forPaper))
  const items = layOut({ ...document, blocks }, profile.columns, banner)
  const lines = items.flatMap(item => linesOf(item, profile.columns))
  return { text: `${lines.map(asPrinted(profile, options.unprintable)).join('\n')}\n` }
}

/** With `?` where the printer prints one; what is drawn stands there as it is. No control character reaches a terminal. */
function asPrinted(profile: PrinterProfile, unprintable: Unprintable = 'report'): (line: string) => string {
  const charset = charsetOf(profile)
  const isShown = (character: string): boolean => unprintable === 'image' || charset.has(character)
  const replacement = replacementIn(charset, unprintable)
  return line =>
    Array.from(line, character => (isShown(character) ? character : replacement))
      .join('')
      .replace(/\p{Cc}/gu, ' ')
}

function linesOf(item: PaperItem, columns: number): readonly string[] {
  switch (item.item) {
    case 'line': {
      const text = item.text.replaceAll(ROOM, '')
      return [item.size === 2 ? large(text) : text]
    }
    case 'feed':
      return Array.from({ length: item.lines }, () => '')
    case 'qr':
      return [centred(`[QR ${item.data}]`, columns)]
    case 'barcode':
      return [centred(`[${item.symbology} ${item.data}]`, columns)]
    case 'pdf417':
      return [centred(`[PDF417 ${item.data}]`, columns)]
    case 'image':
      return [centred('[picture]', columns)]
    default:
      return unreachable(item, 'paper item')
  }
}

/** Large letters take two columns: each run of words begins, or behind a gap ends, where it does on paper. */
function large(text: string): string {
  let shown = ''
  for (const run of text.matchAll(/( *)(\S+(?: \S+)*)/g)) {
    const [all, gap = '', words = ''] = run
    const start = run.index === 0 ? 2 * gap.length : 2 * (run.index + all.length) - words.length
    shown = shown.padEnd(start) + words
  }
  return shown
}

function centred(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, Math.floor((columns - text.length) / 2))) + text
}
