// A running simulator at a person's terminal: one key plays an accident or ends it, a colon begins a whole command.
// Where the program itself takes what is typed (a scanner's codes), a line with a colon in front is the command.
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { playLine, SCRIPT_COMMANDS, type Stage } from './script.ts'
import type { SimAccident } from './switches.ts'

/** Standard input, which may be a terminal. */
export interface Typing extends Readable {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

/** What a program does with a line that was typed and is no command; answers what to say about it. */
export interface TypedLines {
  /** What a line means, for the help: `a code: scans it`. */
  readonly text: string
  line(line: string): string | Promise<string>
}

/** A longer command is no command of ours. */
const MAX_COMMAND = 400
const CTRL_C = '\x03'
const CTRL_D = '\x04'

/** Listens until the returned function is called. `stage.say` writes for the person. */
export function listenToKeys(input: Typing, stage: Stage, typed?: TypedLines): () => void {
  stage.say(keyHelp(stage.table, typed))
  return typed === undefined ? singleKeys(input, stage) : wholeLines(input, stage, typed)
}

/** The short help: each key with the accident it plays. */
function keyHelp(table: readonly SimAccident[], typed?: TypedLines): string {
  const colon = typed === undefined ? '' : ':'
  const keys = table
    .filter(line => line.key !== undefined)
    .map(line => `${colon}${line.key} ${line.name}${line.off === undefined ? '' : '±'}`)
  const rest = [
    ...(table.some(line => line.off) ? ['± until pressed again'] : []),
    `${colon}? help`,
    `${colon}q quit`,
    ':NAME … a whole command',
  ]
  const whole = typed === undefined ? [] : [typed.text]
  return wrapped([...whole, ...keys, ...rest], 100)
}

function longHelp(table: readonly SimAccident[]): string {
  const switches = table.map(line => `  ${(line.key ?? ' ').padEnd(3)}${line.name.padEnd(26)}${line.text}`)
  const commands = SCRIPT_COMMANDS.map(([form, text]) => `  :${form.padEnd(36)}${text}`)
  return `Accidents\n${switches.join('\n')}\nCommands\n${commands.join('\n')}`
}

function singleKeys(input: Typing, stage: Stage): () => void {
  let command: string | undefined
  input.setRawMode?.(true)
  const press = (key: string): void => {
    if (key === CTRL_C || key === CTRL_D) return stage.end()
    if (command === undefined) {
      if (key === ':') command = ''
      else void onKey(key, stage)
      return
    }
    if (key === '\r' || key === '\n') {
      const line = command
      command = undefined
      void onCommand(line, stage)
    } else if (key === '\x1b') command = undefined
    else if (key === '\x7f' || key === '\b') command = command.slice(0, -1)
    else if (key >= ' ' && command.length < MAX_COMMAND) command += key
    stage.say(command === undefined ? '' : `:${command}`)
  }
  const hear = (bytes: Buffer): void => {
    for (const key of bytes.toString('utf8')) press(key)
  }
  input.on('data', hear)
  return () => {
    input.off('data', hear)
    input.setRawMode?.(false)
    input.pause()
  }
}

function wholeLines(input: Typing, stage: Stage, typed: TypedLines): () => void {
  const lines = createInterface({ input, terminal: false })
  lines.on('line', text => {
    const line = text.trim()
    if (line === '') return
    const key = /^:(\S)$/.exec(line)?.[1]
    if (key !== undefined) void onKey(key, stage)
    else if (line.startsWith(':')) void onCommand(line.slice(1), stage)
    else void said(stage, async () => await typed.line(line))
  })
  return () => lines.close()
}

async function onKey(key: string, stage: Stage): Promise<void> {
  if (key === 'q') return stage.end()
  if (key === '?') return stage.say(longHelp(stage.table))
  const line = stage.switches.byKey(key)
  if (line === undefined) return
  await said(stage, async () => {
    const became = await stage.switches.toggle(line.name)
    return line.hidden === true ? '*' : `${line.name}: ${became}`
  })
}

async function onCommand(text: string, stage: Stage): Promise<void> {
  await said(stage, async () => {
    await playLine(text, stage)
    return `${text.trim()}: done`
  })
}

async function said(stage: Stage, act: () => Promise<string>): Promise<void> {
  try {
    stage.say(await act())
  } catch (thrown) {
    stage.say(thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function wrapped(words: readonly string[], width: number): string {
  const lines: string[] = ['']
  for (const word of words) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + word.length + 3 <= width) lines[lines.length - 1] = `${line} · ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}
