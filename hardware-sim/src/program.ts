// The shell that every simulator runs in as a process of its own: options in, one line of JSON out when it is ready,
// and then its accidents are switched by keys, over HTTP and by scripts, from one table.
import type { Server } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Writable } from 'node:stream'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { CashdeskError, type Json } from '@cashdesk/kernel'
import { controlServer } from './control.ts'
import { listenToKeys, type TypedLines, type Typing } from './keys.ts'
import { wholeNumber } from './options.ts'
import { linesOf, playScript, readScript, SCRIPT_COMMANDS, type Stage } from './script.ts'
import { type SimAccident, Switches } from './switches.ts'

/** A simulator at work. */
export interface RunningSim {
  readonly sim: string
  /** Where it can be reached: a TCP port by number, a file or a pseudo terminal by path. */
  readonly ports: { readonly [name: string]: number | string }
  /** Its books and its behaviour, as plain JSON. */
  state(): Json | Promise<Json>
  /** Switches an accident on. @throws CashdeskError `sim.usage` for an unknown name or malformed arguments */
  accident(name: string, args: { readonly [name: string]: Json }): Json | Promise<Json>
  /** The names of the accidents that are on now; without it, the shell remembers what it switched. */
  active?(): readonly string[]
  /** What people should know about how it started. */
  readonly notes?: readonly string[]
  /** What lines typed at a terminal mean to it; without it, single keys switch its accidents. */
  readonly typed?: TypedLines
  /** Releases everything. Resolves in bounded time; harmless when called twice. */
  close(): Promise<void>
}

export interface SimOption {
  /** Written without its dashes. */
  readonly flag: string
  readonly text: string
  readonly default?: string
  /** It takes no value: `start` gets `yes` where it is given. */
  readonly bare?: true
}

/** A simulator that can be started by name. */
export interface SimProgram {
  readonly name: string
  readonly summary: string
  readonly options: readonly SimOption[]
  readonly accidents: readonly SimAccident[]
  /** Gets every option with its default filled in. @throws CashdeskError `sim.usage`, `sim.port-in-use` */
  start(options: { readonly [flag: string]: string }): Promise<RunningSim>
}

/** SIGHUP comes when the terminal's window is closed. */
const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** How long after the end a signal that comes once more is part of it. */
const SECOND_SIGNAL_MS = 400
type EndSignal = (typeof END_SIGNALS)[number]

/** What the shell needs of a process; `process` fits. */
export interface ProgramIo {
  readonly stdin: Typing
  readonly stdout: Writable
  readonly stderr: Writable
  on(signal: EndSignal, listener: () => void): unknown
  off(signal: EndSignal, listener: () => void): unknown
}

/**
 * `NAME --flag value …`: starts that simulator and its control server (see `control.ts`), prints
 * `{"sim","ports","control"}` as one line on stdout, and resolves with the exit code when it was told to end: 0 after
 * SIGTERM, SIGINT, SIGHUP, `/close`, the key q or (with `--with-parent`) the end of stdin, 1 when a script could not be
 * played to its end, 2 when it was asked for something it does not have, 3 when it could not start. Everything for
 * people goes to stderr, but for the help that was asked for.
 */
export async function runProgram(
  programs: readonly SimProgram[],
  argv: readonly string[],
  io: ProgramIo = process,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name.startsWith('-')) {
    const isAsked = name === '--help' || name === '-h'
    const out = isAsked ? io.stdout : io.stderr
    out.write(isAsked && rest.includes('--json') ? asJson(programs.map(described)) : overview(programs))
    return isAsked ? 0 : 2
  }
  try {
    const program = programs.find(candidate => candidate.name === name)
    if (program === undefined) throw new CashdeskError('sim.usage', { simulator: name.slice(0, 40) })
    const call = parseFlags(program, rest)
    if (call.help) {
      io.stdout.write(call.json ? asJson(described(program)) : manual(program))
      return 0
    }
    return await serve(program, call, io)
  } catch (thrown) {
    io.stderr.write(`${thrown instanceof CashdeskError ? thrown.message : String(thrown)}\n`)
    return thrown instanceof CashdeskError && thrown.code === 'sim.usage' ? 2 : 3
  }
}

/**
 * Listens on `port` (0 = any free one) and resolves with the port it got.
 * @throws CashdeskError `sim.port-in-use`; `sim.usage` for a host that is none of this machine's
 */
export function listenOn(server: NetServer | Server, port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void =>
      reject(
        PORT_REFUSED.has(codeOf(error) ?? '')
          ? new CashdeskError('sim.port-in-use', { host, port, reason: reasonOf(error) }, { cause: error })
          : new CashdeskError(
              'sim.usage',
              { option: 'host', host, reason: reasonOf(error) },
              { cause: error },
            ),
      )
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

interface Call {
  readonly help: boolean
  /** Nothing for people: the help as JSON, and stderr for errors alone. */
  readonly json: boolean
  readonly withParent: boolean
  readonly control: number
  /** The lines of `--script FILE`, or `-` for standard input. */
  readonly script: readonly string[] | '-' | undefined
  readonly options: { readonly [flag: string]: string }
}

function parseFlags(program: SimProgram, args: readonly string[]): Call {
  const flags: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
    'with-parent': { type: 'boolean' },
    control: { type: 'string' },
    script: { type: 'string' },
  }
  for (const option of program.options) {
    flags[option.flag] = { type: option.bare === true ? 'boolean' : 'string' }
  }
  try {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false })
    const options: { [flag: string]: string } = {}
    for (const option of program.options) {
      const value = values[option.flag]
      if (typeof value === 'string') options[option.flag] = value
      else if (value === true) options[option.flag] = 'yes'
      else if (option.default !== undefined) options[option.flag] = option.default
    }
    const control = typeof values['control'] === 'string' ? values['control'] : '0'
    return {
      help: values['help'] === true,
      json: values['json'] === true,
      withParent: values['with-parent'] === true,
      control: wholeNumber({ control }, 'control', 65_535),
      script: values['help'] === true ? undefined : scriptOf(values['script'], program),
      options,
    }
  } catch (thrown) {
    if (thrown instanceof CashdeskError) throw thrown
    throw new CashdeskError('sim.usage', {
      reason: thrown instanceof Error ? thrown.message : String(thrown),
    })
  }
}

function scriptOf(value: unknown, program: SimProgram): Call['script'] {
  if (typeof value !== 'string') return undefined
  return value === '-' ? '-' : readScript(value, program.accidents)
}

async function serve(program: SimProgram, call: Call, io: ProgramIo): Promise<number> {
  let finish: (code: number) => void = () => {}
  let over = false
  const ended = new Promise<number>(resolve => {
    finish = code => {
      over = true
      resolve(code)
    }
  })
  let hungUp = false
  const end = (signal?: unknown): void => {
    hungUp ||= signal === 'SIGHUP' && io.stdin.isTTY === true
    finish(0)
  }
  // Before anything is opened: whoever ends us while we start is heard, too.
  for (const signal of END_SIGNALS) io.on(signal, end)
  if (call.withParent) {
    io.stdin.on('end', end).on('close', end).on('error', end)
    if (call.script !== '-') io.stdin.resume()
  }
  const sim = await program.start(call.options)
  const switches = new Switches(program.accidents, sim)
  const state = (): Json | Promise<Json> => sim.state()
  const control = controlServer({ sim: sim.sim, ports: sim.ports, switches, state, end })
  let stopKeys: () => void = () => {}
  try {
    const port = await listenOn(control, call.control)
    const ready = { sim: sim.sim, ports: sim.ports, control: `http://127.0.0.1:${port}` }
    io.stdout.write(`${JSON.stringify(ready)}\n`)
    if (!call.json) for (const note of sim.notes ?? []) io.stderr.write(`${note}\n`)
    if (!call.json) io.stderr.write(`${program.name} is ready: ${program.summary}\n`)
    const stage = { switches, table: program.accidents, state, end, over: () => over }
    if (io.stdin.isTTY === true && !call.json && !call.withParent && call.script !== '-') {
      const say = (line: string): void => void io.stderr.write(`${line}\n`)
      stopKeys = listenToKeys(io.stdin, { ...stage, say }, sim.typed)
    }
    if (call.script !== undefined) void runScript(call.script, stage, io, finish)
    return await ended
  } finally {
    over = true
    stopKeys()
    if (call.withParent || call.script === '-') io.stdin.destroy()
    control.close()
    control.closeAllConnections()
    await sim.close()
    // The terminal is gone: Node would put its settings back, fail and abort. So it ends as whoever has no handler.
    if (hungUp) {
      io.off('SIGHUP', end)
      process.kill(process.pid, 'SIGHUP')
    }
    // Not yet: npx and `timeout` send the same signal twice, and the second must not cut the end short.
    setTimeout(() => {
      for (const signal of END_SIGNALS) io.off(signal, end)
    }, SECOND_SIGNAL_MS).unref()
  }
}

/** A step that failed ends the simulator: what comes after it would test something else. */
async function runScript(
  script: readonly string[] | '-',
  stage: Omit<Stage, 'say'>,
  io: ProgramIo,
  finish: (code: number) => void,
): Promise<void> {
  const say = (line: string): void => void io.stdout.write(`${line}\n`)
  try {
    await playScript(script === '-' ? linesOf(io.stdin) : script, { ...stage, say })
  } catch (thrown) {
    if (stage.over()) return
    io.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
    finish(1)
  }
}

/** Somebody listens there, or ports that low are not for everybody; anything else is the host's. */
const PORT_REFUSED: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'])

function reasonOf(error: Error): string {
  return codeOf(error) ?? error.message
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function overview(programs: readonly SimProgram[]): string {
  const lines = programs.map(program => `  ${program.name.padEnd(12)}${program.summary}`)
  return `Simulated devices. Usage: NAME [--flag value …], NAME --help\n${lines.join('\n')}\n`
}

/** What every program takes beside its own options. */
const SHARED: readonly SimOption[] = [
  { flag: 'control', text: 'port of the HTTP control on 127.0.0.1 (0 = any)', default: '0' },
  { flag: 'script', text: 'file with commands, one a line; - reads them from stdin' },
  { flag: 'with-parent', text: 'end when stdin ends, that is with the parent process', bare: true },
  {
    flag: 'json',
    text: 'nothing for people: no keys, stderr for errors alone, the help as JSON',
    bare: true,
  },
]

/** The manual for a program to read. */
function described(program: SimProgram): Json {
  const { name, summary } = program
  return {
    name,
    summary,
    options: [...program.options, ...SHARED].map(({ flag, text, default: preset, bare }) => ({
      flag,
      text,
      default: preset ?? null,
      takesValue: bare !== true,
    })),
    accidents: program.accidents.map(({ name: own, text, key, value, off }) => ({
      name: own,
      text,
      key: key ?? null,
      value: value === undefined ? null : `${value.name}: ${value.type}`,
      stays: off !== undefined,
    })),
    commands: SCRIPT_COMMANDS.map(([form, text]) => ({ form, text })),
  }
}

function asJson(value: Json): string {
  return `${JSON.stringify(value)}\n`
}

function manual(program: SimProgram): string {
  const options = [...program.options, ...SHARED].map(option => {
    const preset = option.default === undefined ? '' : ` [${option.default}]`
    return `  --${option.flag.padEnd(20)}${option.text}${preset}`
  })
  const accidents = program.accidents.map(
    accident => `  ${(accident.key ?? '').padEnd(3)}${accident.name.padEnd(26)}${accident.text}`,
  )
  const commands = SCRIPT_COMMANDS.map(([form, text]) => `  ${form.padEnd(36)}${text}`)
  return [
    `${program.name}: ${program.summary}`,
    `Options\n${options.join('\n')}`,
    `Accidents, with the key that plays each at a terminal\n${accidents.join('\n')}`,
    `Lines of a script, and what is typed behind a colon\n${commands.join('\n')}`,
    `HTTP control
  GET /                             state, and the accidents with their switches, as JSON
  POST /fault/NAME                  body: on (or none), off, a value, or JSON {"on": true, "ARG": …}
  GET /state, POST /accident {"name", …}, POST /close\n`,
  ].join('\n\n')
}
