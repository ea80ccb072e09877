// `cashdesk preview`: a receipt document as it would stand on paper, as text or as a picture, without a printer.

import { readFile, writeFile } from 'node:fs/promises'
import { explainEscPos } from '@cashdesk/hardware-sim'
import { CashdeskError, type ReceiptDocument } from '@cashdesk/kernel'
import {
  encodeReceipt,
  epson,
  epson32,
  epson48,
  type PrinterProfile,
  previewReceipt,
  star48,
} from '@cashdesk/printer'
import { z } from 'zod'
import { readDocument } from './document.ts'
import { fileError } from './file-error.ts'
import { complain, EXIT, type ExitCode, type Io, sayAll, sayJson, sayLine } from './say.ts'

export interface PreviewOptions {
  readonly png?: string
  readonly text?: boolean
  readonly profile?: string
  readonly copy?: boolean
  readonly json?: boolean
}

const PROFILES = { 'epson-48': epson48, epson, 'epson-32': epson32, 'star-48': star48 } as const

/** More of them nobody reads. */
const MAX_MISTAKES = 50

const align = z.enum(['left', 'center', 'right']).exactOptional()
const style = { bold: z.boolean().exactOptional(), size: z.literal([1, 2]).exactOptional() }
const column = z.strictObject({ width: z.number(), align })
const block = z.discriminatedUnion('block', [
  z.strictObject({ block: z.literal('text'), text: z.string(), align, ...style }),
  z.strictObject({ block: z.literal('pair'), label: z.string(), value: z.string(), ...style }),
  z.strictObject({
    block: z.literal('table'),
    columns: z.array(column),
    rows: z.array(z.array(z.string())),
  }),
  z.strictObject({ block: z.literal('rule') }),
  z.strictObject({ block: z.literal('feed'), lines: z.number() }),
  z.strictObject({ block: z.literal('qr'), data: z.string(), moduleSize: z.number().exactOptional() }),
  z.strictObject({
    block: z.literal('barcode'),
    symbology: z.enum(['ean13', 'ean8', 'code128']),
    data: z.string(),
  }),
  z.strictObject({ block: z.literal('pdf417'), data: z.string() }),
  z.strictObject({
    block: z.literal('image'),
    png: z.string(),
    align,
    widthDots: z.number().exactOptional(),
  }),
  z.strictObject({
    block: z.literal('fiscal'),
    lines: z.array(z.string()),
    qr: z.string().exactOptional(),
  }),
])
const document = z.strictObject({
  kind: z.enum(['sale', 'merchant', 'report']),
  locale: z.string(),
  blocks: z.array(block),
})

/** Answers 1 if the document is none, or holds what the printer cannot show. */
export async function preview(io: Io, file: string, options: PreviewOptions): Promise<ExitCode> {
  const profile = profileOf(options.profile ?? 'epson-48')
  const receipt = await readReceipt(file)
  const copy = options.copy === true
  const shown = previewReceipt(receipt, profile, { copy })
  if ('error' in shown) {
    complain(io, new CashdeskError(shown.error.code, shown.error.detail), options.json === true)
    return EXIT.wrong
  }
  if (options.png !== undefined) await draw(options.png, receipt, profile, copy)
  const png = options.png === undefined ? {} : { png: options.png }
  if (options.json === true) sayJson(io, { text: shown.text, ...png })
  else {
    if (options.text === true || options.png === undefined) await sayAll(io, shown.text)
    if (options.png !== undefined) sayLine(io, `written: ${options.png}`)
  }
  return EXIT.ok
}

function profileOf(name: string): PrinterProfile {
  const found = Object.values(PROFILES).find(profile => profile.name === name)
  if (found !== undefined) return found
  const known = Object.keys(PROFILES).join(', ')
  throw new CashdeskError('cli.usage', {
    reason: `no profile is called '${name.slice(0, 40)}'; there are ${known}`,
  })
}

/** @throws CashdeskError `cli.file` for a file that cannot be read, `config.invalid` for one that is no document */
async function readReceipt(file: string): Promise<ReceiptDocument> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError(file.slice(0, 200), cause)
  })
  const { value, mistakes, place } = readDocument(text)
  const parsed = document.safeParse(value)
  if (mistakes.length === 0 && parsed.success) return parsed.data
  const issues = parsed.success || mistakes.length > 0 ? [] : parsed.error.issues
  const found = [
    ...mistakes.slice(0, MAX_MISTAKES),
    ...issues.slice(0, MAX_MISTAKES).map(({ path, message }) => {
      const keys = path.filter(key => typeof key !== 'symbol')
      return { path: keys, message, place: place(keys) }
    }),
  ]
  throw new CashdeskError('config.invalid', {
    file,
    mistakes: found.map(({ path, message, place: at }) => {
      const where = at === undefined ? '' : `line ${at.line}: `
      return `${where}${path.length === 0 ? 'the document' : path.join('.')} ${message}`
    }),
  })
}

/**
 * As the simulated printer, which knows ESC/POS, puts it on its paper; for Star's commands it has no picture.
 * @throws CashdeskError `cli.file` where the file cannot be written, `cli.usage` where the profile has no picture
 */
async function draw(
  file: string,
  receipt: ReceiptDocument,
  profile: PrinterProfile,
  copy: boolean,
): Promise<void> {
  if ((profile.language ?? 'esc-pos') !== 'esc-pos') {
    throw new CashdeskError('cli.usage', {
      reason: `${profile.name} has no picture here: leave --png out, or take epson-48`,
    })
  }
  const encoded = encodeReceipt(receipt, profile, { copy })
  if ('error' in encoded) throw new CashdeskError(encoded.error.code, encoded.error.detail)
  const { sheets } = explainEscPos(encoded.bytes, { paperDots: profile.widthDots, pictures: true })
  await writeFile(file, sheets[0]?.png ?? new Uint8Array()).catch((cause: unknown) => {
    throw fileError(file.slice(0, 200), cause)
  })
}
