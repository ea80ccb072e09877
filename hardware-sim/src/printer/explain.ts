// A printer's bytes explained: every command with its offset, its name and its parameters, and what would come out.
import { characterOf } from './codepages.ts'
import { commandName } from './command-names.ts'
import { Engine } from './engine.ts'
import type { Problem } from './operations.ts'
import type { PrintedCode } from './paper.ts'
import { type Command, CommandParser } from './parser.ts'

export interface ExplainedPart {
  readonly at: number
  readonly length: number
  readonly name: string
  readonly value: string | number
}

export interface ExplainedCommand {
  readonly at: number
  readonly length: number
  /** `ESC @`, `LF`, `text`. */
  readonly code: string
  /** `initialise`; empty for what is no command. */
  readonly name: string
  /** The characters of a run of text, under the code page that holds there. */
  readonly text?: string
  readonly parts: readonly ExplainedPart[]
}

export interface Explained {
  readonly commands: readonly ExplainedCommand[]
  /** Set when there were more than `COMMANDS_LIMIT`: where the explanation ends. */
  readonly endsAt?: number
  /** Commands that the printer does not know, lacks or refuses; the first 200 of `problemCount`. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
  /** A last command whose data is missing. */
  readonly brokenOff?: { readonly at: number; readonly length: number }
  /** The first `SHEETS_LIMIT` pieces of paper. */
  readonly sheets: readonly {
    readonly text: string
    readonly codes: readonly PrintedCode[]
    readonly end: 'full' | 'partial' | 'torn'
    readonly png?: Uint8Array
  }[]
}

/** Bounds what an endless stream of commands takes: a receipt has some hundred. */
const COMMANDS_LIMIT = 100_000
/** With a picture a piece of paper takes up to some megabytes while it is drawn, and some ten kilobytes as PNG. */
const SHEETS_LIMIT = 100

/** `paperDots`: 576 (80 mm) or 384 (58 mm). `pictures`: also draw what comes out. */
export function explainEscPos(
  bytes: Uint8Array,
  { paperDots = 576, pictures = false }: { readonly paperDots?: number; readonly pictures?: boolean } = {},
): Explained {
  const sheets: Explained['sheets'][number][] = []
  const engine = new Engine({
    paperDots,
    pictures,
    pin3WhenOpen: 'high',
    serial: 'SIM0001',
    send: () => undefined,
    sheet: ({ text, codes, png }, end) => {
      if (sheets.length < SHEETS_LIMIT) sheets.push({ text, codes, end, ...(pictures ? { png: png() } : {}) })
    },
    kicked: () => undefined,
    after: (_, wake) => wake(),
  })
  engine.receive(bytes)
  engine.tear()
  return { ...explained(bytes), problems: engine.problems, problemCount: engine.problemCount, sheets }
}

function explained(bytes: Uint8Array): Pick<Explained, 'commands' | 'endsAt' | 'brokenOff'> {
  const parser = new CommandParser()
  parser.push(bytes)
  const commands: ExplainedCommand[] = []
  let [page, national, end] = [0, 0, 0]
  let run: { at: number; text: string } | undefined
  const endRun = (): void => {
    if (run === undefined) return
    const { at, text } = run
    commands.push({ at, length: text.length, code: 'text', name: 'text', text, parts: [] })
    run = undefined
  }
  for (let command = parser.next(); command !== undefined; command = parser.next()) {
    if (commands.length >= COMMANDS_LIMIT) return { commands, endsAt: command.at }
    const { code, args, at } = command
    end = at + lengthOf(command)
    if (code === 'text') {
      run ??= { at, text: '' }
      run.text += characterOf(args[0] ?? 0x20, page, national)
      continue
    }
    endRun()
    if (code === 'ESC @') [page, national] = [0, 0]
    if (code === 'ESC t') page = args[0] ?? 0
    if (code === 'ESC R') national = args[0] ?? 0
    commands.push(explainedCommand(command))
  }
  endRun()
  const left = bytes.length - end
  return left > 0 ? { commands, brokenOff: { at: end, length: left } } : { commands }
}

function explainedCommand(command: Command): ExplainedCommand {
  const { at, code, args, known } = command
  const named = known ? commandName(code) : undefined
  const length = lengthOf(command)
  const parts: ExplainedPart[] = []
  let offset = length - args.length
  let place = 0
  for (const part of named?.parts ?? []) {
    const [name = '', size] = part.split(':')
    const bytes = size === '2' ? 2 : 1
    if (place + bytes > args.length) break
    const [low = 0, high = 0] = args.subarray(place, place + bytes)
    const value = name === 'group' ? String.fromCharCode(low) : bytes === 2 ? low + 256 * high : low
    parts.push({ at: at + offset, length: bytes, name, value })
    place += bytes
    offset += bytes
  }
  const rest = args.subarray(place)
  if (rest.length > 0) parts.push({ at: at + offset, length: rest.length, name: 'data', value: shown(rest) })
  return { at, length, code, name: named?.name ?? '', parts }
}

/** A control is one byte long, a command two and its data. */
function lengthOf({ code, args }: Command): number {
  if (code === 'text') return 1
  return (/^(DLE|ESC|FS|GS) /.test(code) ? 2 : 1) + args.length
}

/** Data that is text, as text; else how much it is. */
function shown(bytes: Uint8Array): string {
  const printable = bytes.every(byte => byte >= 0x20 && byte < 0x7f)
  return printable && bytes.length <= 200 ? String.fromCharCode(...bytes) : `${bytes.length} bytes`
}
