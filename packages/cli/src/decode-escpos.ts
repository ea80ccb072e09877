// `cashdesk decode escpos`: the bytes of a receipt, command by command, and the paper that they make.

import { writeFile } from 'node:fs/promises'
import { type Explained, type ExplainedCommand, explainEscPos } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import type { Decoded, DecodeField, DecodeOptions, DecodeProblem, Decoder } from './decode.ts'
import { fileError } from './file-error.ts'

/** Of a longer capture the beginning is decoded: it is hundreds of receipts. */
const MOST_BYTES = 4 * 1024 * 1024

export const decoder: Decoder = {
  name: 'escpos',
  summary: 'a receipt’s ESC/POS commands, and the paper they make',
  takes: 'bytes',
  example: 'receipt.bin --png receipt.png',
  options: [
    { flags: '--text', description: 'the text of the paper instead of the commands' },
    { flags: '--png <file>', description: 'draw the paper; more than one piece: file-2.png, …' },
    { flags: '--paper <mm>', description: 'width of the paper: 80 (default) or 58' },
  ],
  async decode({ bytes }, options) {
    const png = options['png']
    const explained = explainEscPos(bytes.subarray(0, MOST_BYTES), {
      paperDots: paperDots(options),
      pictures: typeof png === 'string',
    })
    const problems = problemsOf(explained)
    if (bytes.length > MOST_BYTES) {
      problems.push({ offset: MOST_BYTES, length: bytes.length - MOST_BYTES, what: 'too long: not decoded' })
    }
    const notes = typeof png === 'string' ? await drawn(explained, png) : []
    return {
      kind: `ESC/POS, ${explained.sheets.length} on paper`,
      fields: explained.commands.map(command => fieldOf(command, bytes)),
      problems,
      ...(options['text'] === true ? { text: textOf(explained) } : {}),
      ...(notes.length > 0 ? { notes } : {}),
    } satisfies Decoded
  },
}

function paperDots(options: DecodeOptions): number {
  const paper = options['paper'] ?? '80'
  if (paper !== '80' && paper !== '58') {
    throw new CashdeskError('cli.usage', { reason: '--paper is 80 or 58' })
  }
  return paper === '80' ? 576 : 384
}

function fieldOf({ at, length, code, name, text, parts }: ExplainedCommand, bytes: Uint8Array): DecodeField {
  const hex = Buffer.from(bytes.subarray(at, at + length)).toString('hex')
  if (text !== undefined) return { offset: at, length, name: 'text', value: text }
  const fields = parts.map(part => ({
    offset: part.at,
    length: part.length,
    name: part.name,
    value: part.value,
  }))
  return {
    offset: at,
    length,
    name: code,
    value: name === '' ? 'not a command' : name,
    hex,
    ...(fields.length > 0 ? { fields } : {}),
  }
}

/** What this simulator lacks is no mistake of the bytes; what no printer knows, or refuses, is. */
function problemsOf({ problems, problemCount, brokenOff, endsAt }: Explained): DecodeProblem[] {
  const found: DecodeProblem[] = problems
    .filter(({ kind }) => kind !== 'unsupported')
    .map(({ at, command, why }) => ({ offset: at, what: `${command}: ${why}` }))
  const last = problems.at(-1)
  if (problemCount > problems.length && last !== undefined) {
    found.push({ offset: last.at, what: `and ${problemCount - problems.length} more` })
  }
  if (brokenOff !== undefined) {
    found.push({ offset: brokenOff.at, length: brokenOff.length, what: 'the command breaks off' })
  }
  if (endsAt !== undefined) found.push({ offset: endsAt, what: 'too many commands: not explained from here' })
  return found
}

function textOf({ sheets }: Explained): string {
  const cut = { full: 'cut', partial: 'cut', torn: 'not cut' }
  return sheets.map(({ text, end }) => `${text}\n${`- - - ${cut[end]} `.padEnd(48, '- ')}`).join('\n')
}

/** @throws CashdeskError `cli.file` where a file cannot be written */
async function drawn({ sheets }: Explained, file: string): Promise<readonly string[]> {
  const notes: string[] = []
  for (const [index, { png }] of sheets.entries()) {
    if (png === undefined) continue
    const name = index === 0 ? file : file.replace(/(\.png)?$/i, `-${index + 1}.png`)
    await writeFile(name, png).catch((cause: unknown) => {
      throw fileError(name.slice(0, 200), cause)
    })
    notes.push(`written: ${name}`)
  }
  return notes
}
