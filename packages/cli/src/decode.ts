// `cashdesk decode NAME INPUT`: bytes from a capture or a log, explained field by field with exact offsets. What each
// decoder knows lives in its own module; here are the shape they all answer in, the reading of input, and the printing.

import { readFile } from 'node:fs/promises'
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import { Command } from 'commander'
import { fileError } from './file-error.ts'
import { EXIT, type ExitCode, sayAll, sayJson } from './say.ts'

/** One field of what was decoded. Offsets and lengths count bytes of the input (characters where it is text). */
export interface DecodeField {
  readonly offset: number
  readonly length: number
  /** The specification's name of it: `BMP 04 amount`, `AI 01 GTIN`. */
  readonly name: string
  /** As a person reads it; never a full card number or track. */
  readonly value: string | number
  /** The bytes, lower case, where they say more than the value. */
  readonly hex?: string
  /** What the value means: `authorised`, `check digit correct`. */
  readonly meaning?: string
  readonly fields?: readonly DecodeField[]
}

/** Something that is not as its specification says. Any of them makes the command end with 1. */
export interface DecodeProblem {
  readonly offset: number
  readonly length?: number
  readonly what: string
}

export interface Decoded {
  /** What it is: `ZVT APDU 06 01`, `GS1 element string`. */
  readonly kind: string
  readonly fields: readonly DecodeField[]
  /** Empty if it is well formed. */
  readonly problems: readonly DecodeProblem[]
  /** Shown to people instead of the fields, where an option asked for it: the text of a receipt. */
  readonly text?: string
  /** Said to people behind everything else: `written: receipt.png`. */
  readonly notes?: readonly string[]
}

export interface DecodeInput {
  readonly bytes: Uint8Array
  /** The input as it was given; what came from a file, as UTF-8. */
  readonly text: string
  /** The file it was read from; absent if it stood on the command line or came from stdin. */
  readonly file?: string
}

interface DecoderOption {
  /** As commander writes it: `--png <file>`, `--text`. */
  readonly flags: string
  readonly description: string
}

/** What was given for the decoder's own options, by camel-cased name. */
export type DecodeOptions = { readonly [name: string]: string | boolean | undefined }

export interface Decoder {
  readonly name: string
  /** One line for the list of decoders. */
  readonly summary: string
  /**
   * `hex`: hex on the command line, or a file (of hex, or raw bytes) · `bytes`: the same, but a file is taken as it is
   * · `text`: the words on the command line, or with `--file` the text of a file.
   */
  readonly takes: 'hex' | 'bytes' | 'text'
  /** What stands behind `cashdesk decode NAME` in the help. */
  readonly example: string
  readonly options?: readonly DecoderOption[]
  decode(input: DecodeInput, options: DecodeOptions): Decoded | Promise<Decoded>
}

/** Loaded only when they are chosen. */
const DECODERS: { readonly [name: string]: () => Promise<{ readonly decoder: Decoder }> } = {
  escpos: () => import('./decode-escpos.ts'),
  gs1: () => import('./decode-gs1.ts'),
  pcsc: () => import('./decode-atr.ts'),
  pinpad: () => import('./decode-pinpad.ts'),
  track: () => import('./decode-track.ts'),
  zvt: () => import('./decode-zvt.ts'),
}

/** The most that is read; a capture of a whole day of a terminal is smaller. */
const MOST_BYTES = 64 * 1024 * 1024

/**
 * Answers 1 if the input is malformed.
 * @param words what stands behind `decode` on the command line
 * @throws CashdeskError `cli.usage`, `cli.file`
 */
export async function decode(io: ProgramIo, words: readonly string[]): Promise<ExitCode> {
  return decodeWith(io, words, DECODERS)
}

/** As `decode`, with these decoders. */
export async function decodeWith(
  io: ProgramIo,
  words: readonly string[],
  decoders: typeof DECODERS,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const command = quiet(new Command('cashdesk decode'), io)
    .description('bytes explained field by field; the exit code is 1 if they are malformed')
    .addHelpText('after', '\nOptions and an example of one: cashdesk decode NAME --help')
  const chosen = words[0]
  const known = chosen !== undefined && Object.hasOwn(decoders, chosen)
  for (const [name, load] of Object.entries(decoders)) {
    if (known && name !== chosen) continue
    const { decoder } = await load()
    command.addCommand(
      commandOf(decoder, io, async (input, options) => {
        const decoded = notEmpty(input, await decoder.decode(input, options))
        if (options['json'] === true) sayJson(io, decoded)
        else await sayAll(io, explained(decoded))
        code = decoded.problems.length > 0 ? EXIT.wrong : EXIT.ok
      }),
    )
  }
  if (chosen !== undefined && !known && !chosen.startsWith('-') && chosen !== 'help') {
    const reason = `no decoder is called '${withoutNumbers(chosen.slice(0, 40))}'; there are ${Object.keys(decoders).join(', ')}`
    throw new CashdeskError('cli.usage', { reason })
  }
  await command.parseAsync([...words], { from: 'user' })
  return code
}

function commandOf(
  { name, summary, takes, example, options = [] }: Decoder,
  io: ProgramIo,
  run: (input: DecodeInput, options: DecodeOptions) => Promise<void>,
): Command {
  const command = quiet(new Command(name), io)
    .description(summary)
    .argument('[input...]', ARGUMENT[takes])
    .option('--file <file>', 'read it from that file')
    .option('--json', 'one line of JSON')
    .addHelpText('after', `\nExample:\n  cashdesk decode ${name} ${example}`)
  for (const { flags, description } of options) command.option(flags, description)
  return command.action(async (words: string[], given: DecodeOptions) => {
    const file = typeof given['file'] === 'string' ? given['file'] : undefined
    if (words.length === 0 && file === undefined) {
      throw new CashdeskError('cli.usage', {
        reason: `there is nothing to decode; see decode ${name} --help`,
      })
    }
    await run(await readInput(takes, words.join(' '), file, io), given)
  })
}

const ARGUMENT = {
  hex: 'hex, or a file of hex or raw bytes; - is stdin',
  bytes: 'a file of raw bytes, or hex; - is stdin',
  text: 'the text itself; - is stdin',
} as const

function quiet(command: Command, io: ProgramIo): Command {
  return command.exitOverride().configureOutput({
    writeOut: text => void io.stdout.write(text),
    writeErr: text => void (text.startsWith('Usage:') && io.stderr.write(text)),
    outputError: () => undefined,
  })
}

/** Nothing at all is nothing well formed: whoever piped it in lost it on the way. */
function notEmpty({ bytes }: DecodeInput, decoded: Decoded): Decoded {
  if (bytes.length > 0 || decoded.problems.length > 0) return decoded
  return { ...decoded, problems: [{ offset: 0, what: 'there is nothing: the input is empty' }] }
}

/** What was meant for another decoder may be a card number: an error must not repeat it. */
function withoutNumbers(words: string): string {
  return words.replace(/\d(?:[ -]?\d){11,}/g, digits => `${digits.slice(0, 6)}…${digits.slice(-4)}`)
}

// ── input ───────────────────────────────────────────────────────────────────────────────────────────────

async function readInput(
  takes: Decoder['takes'],
  words: string,
  given: string | undefined,
  io: ProgramIo,
): Promise<DecodeInput> {
  if (given === undefined && takes === 'text' && words !== '-') {
    return { bytes: new TextEncoder().encode(words), text: words }
  }
  const hex = given === undefined && words !== '-' ? bytesOfHex(words) : undefined
  if (hex) return { bytes: hex, text: words }
  const file = given ?? words
  const bytes =
    given === undefined && words === '-' ? await readStdin(io) : await readBytes(file, given !== undefined)
  const text = new TextDecoder().decode(bytes)
  const inner = takes === 'hex' ? bytesOfHex(text) : undefined
  const from = file === '-' ? {} : { file }
  // An editor ends a text with a line end that nobody meant.
  return { bytes: inner ?? bytes, text: takes === 'text' ? text.replace(/\r?\n$/, '') : text, ...from }
}

async function readStdin(io: ProgramIo): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of io.stdin) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) continue
    length += bytes.length
    if (length > MOST_BYTES) throw new CashdeskError('cli.usage', { reason: 'stdin gives more than 64 MiB' })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

async function readBytes(file: string, named: boolean): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const shown = withoutNumbers(file.slice(0, 200))
    if (named) throw fileError(shown, cause)
    const reason = `'${shown}' is neither hex nor a file that can be read`
    throw new CashdeskError('cli.usage', { reason }, { cause })
  })
  if (bytes.length > MOST_BYTES) {
    throw new CashdeskError('cli.usage', { reason: `${file} is larger than 64 MiB` })
  }
  return bytes
}

/** `06 0F 00`, `060f00`, `0x06,0x0f`, `06:0f:00` as bytes; undefined if it is no such thing. */
function bytesOfHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/0x/gi, '').replace(/[\s,:;-]/g, '')
  if (digits.length === 0 || digits.length % 2 === 1 || !/^[0-9a-f]+$/i.test(digits)) return undefined
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  )
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

function explained({ kind, fields, problems, text, notes = [] }: Decoded): string {
  const found = text === undefined ? fields.flatMap(field => lines(field, 0)) : [text]
  const wrong = problems.map(({ offset, length, what }) => `  at ${range(offset, length)}: ${what}`)
  const verdict =
    problems.length === 0
      ? 'well formed'
      : problems.length === 1
        ? 'malformed, 1 problem'
        : `malformed, ${problems.length} problems`
  return `${[`${kind}: ${verdict}`, ...wrong, ...found, ...notes].join('\n')}\n`
}

function lines(field: DecodeField, depth: number): readonly string[] {
  const { offset, length, name, value, hex, meaning, fields = [] } = field
  const at = `${String(offset).padStart(6)} +${String(length).padEnd(4)}`
  const said = [name, ...(value === '' ? [] : [value]), ...(meaning === undefined ? [] : [`(${meaning})`])]
  const bytes = hex === undefined || hex === '' ? '' : `  [${shortened(hex)}]`
  const line = `${at} ${'  '.repeat(depth)}${said.join('  ')}${bytes}`
  return [line, ...fields.flatMap(inner => lines(inner, depth + 1))]
}

function shortened(hex: string): string {
  return hex.length <= 64 ? hex : `${hex.slice(0, 56)}… ${hex.length / 2} bytes`
}

function range(offset: number, length: number | undefined): string {
  return length === undefined || length <= 1 ? String(offset) : `${offset}–${offset + length - 1}`
}
