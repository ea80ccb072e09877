// The shell that every simulator runs in as a process of its own: options in, one line of JSON out when it is ready,
// a small control server on the loopback where its state is read and accidents are switched on.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { CashdeskError, type Json, report, reportOf } from '@cashdesk/kernel'

/** A simulator at work. */
export interface RunningSim {
  readonly sim: string
  /** Where it can be reached: a TCP port by number, a file or a pseudo terminal by path. */
  readonly ports: { readonly [name: string]: number | string }
  /** Its books and its behaviour, as plain JSON. */
  state(): Json | Promise<Json>
  /** Switches an accident on. @throws CashdeskError `sim.usage` for an unknown name or malformed arguments */
  accident(name: string, args: { readonly [name: string]: Json }): Json | Promise<Json>
  /** Releases everything. Resolves in bounded time; harmless when called twice. */
  close(): Promise<void>
}

/** A simulator that can be started by name. */
export interface SimProgram {
  readonly name: string
  readonly summary: string
  /** `flag` is written without its dashes. */
  readonly options: readonly { readonly flag: string; readonly text: string; readonly default?: string }[]
  readonly accidents: readonly { readonly name: string; readonly text: string }[]
  /** Gets every option with its default filled in. @throws CashdeskError `sim.usage`, `sim.port-in-use`, `disk.failed` */
  start(options: { readonly [flag: string]: string }): Promise<RunningSim>
}

/** What the shell needs of a process; `process` fits. */
export interface ProgramIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown
}

/** A control request is a few names and numbers: more than this is no request of ours. */
const MAX_BODY_BYTES = 64 * 1024

/**
 * `NAME --flag value …`: starts that simulator and its control server (`GET /state`, `POST /accident` with
 * `{name, ...args}`, `POST /close`), prints `{"sim","ports","control"}` as one line on stdout, and resolves with the
 * exit code when it was told to end: 0 after SIGTERM, SIGINT, `/close` or (with `--with-parent`) the end of stdin,
 * 2 when it was asked for something it does not have, 3 when it could not start. Everything for people goes to stderr.
 */
export async function runProgram(
  programs: readonly SimProgram[],
  argv: readonly string[],
  io: ProgramIo = process,
): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name.startsWith('-')) {
    io.stderr.write(overview(programs))
    return name === '--help' || name === '-h' ? 0 : 2
  }
  try {
    const program = programs.find(candidate => candidate.name === name)
    if (program === undefined) throw new CashdeskError('sim.usage', { simulator: name.slice(0, 40) })
    const call = parseFlags(program, rest)
    if (call.help) {
      io.stderr.write(manual(program))
      return 0
    }
    await serve(program, call, io)
    return 0
  } catch (thrown) {
    io.stderr.write(`${thrown instanceof CashdeskError ? thrown.message : String(thrown)}\n`)
    return thrown instanceof CashdeskError && thrown.code === 'sim.usage' ? 2 : 3
  }
}

/**
 * Listens on `port` (0 = any free one) and resolves with the port it got.
 * @throws CashdeskError `sim.port-in-use`
 */
export function listenOn(server: NetServer | Server, port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void =>
      reject(
        new CashdeskError(
          'sim.port-in-use',
          { host, port, reason: codeOf(error) ?? error.message },
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

/** A whole number from an option's text. @throws CashdeskError `sim.usage` */
export function wholeNumber(options: { readonly [flag: string]: string }, flag: string, max: number): number {
  const text = options[flag] ?? ''
  if (!/^\d{1,10}$/.test(text) || Number(text) > max) {
    throw new CashdeskError('sim.usage', { option: flag, value: text.slice(0, 40), max })
  }
  return Number(text)
}

interface Call {
  readonly help: boolean
  readonly withParent: boolean
  readonly control: number
  readonly options: { readonly [flag: string]: string }
}

function parseFlags(program: SimProgram, args: readonly string[]): Call {
  const flags: NonNullable<ParseArgsConfig['options']> = {
    help: { type: 'boolean', short: 'h' },
    'with-parent': { type: 'boolean' },
    control: { type: 'string' },
  }
  for (const option of program.options) flags[option.flag] = { type: 'string' }
  try {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false })
    const options: { [flag: string]: string } = {}
    for (const option of program.options) {
      const value = values[option.flag]
      if (typeof value === 'string') options[option.flag] = value
      else if (option.default !== undefined) options[option.flag] = option.default
    }
    const control = typeof values['control'] === 'string' ? values['control'] : '0'
    return {
      help: values['help'] === true,
      withParent: values['with-parent'] === true,
      control: wholeNumber({ control }, 'control', 65_535),
      options,
    }
  } catch (thrown) {
    if (thrown instanceof CashdeskError) throw thrown
    throw new CashdeskError('sim.usage', {
      reason: thrown instanceof Error ? thrown.message : String(thrown),
    })
  }
}

async function serve(program: SimProgram, call: Call, io: ProgramIo): Promise<void> {
  let end: () => void = () => {}
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  // Before anything is opened: whoever ends us while we start is heard, too.
  io.on('SIGTERM', end)
  io.on('SIGINT', end)
  if (call.withParent) {
    io.stdin.on('end', end).on('close', end).on('error', end)
    io.stdin.resume()
  }
  const sim = await program.start(call.options)
  const control = createServer((request, response) => {
    void answer(program, sim, end, request, response)
  })
  try {
    const port = await listenOn(control, call.control)
    const ready = { sim: sim.sim, ports: sim.ports, control: `http://127.0.0.1:${port}` }
    io.stdout.write(`${JSON.stringify(ready)}\n`)
    io.stderr.write(`${program.name} is ready: ${program.summary}\n`)
    await ended
  } finally {
    io.off('SIGTERM', end)
    io.off('SIGINT', end)
    if (call.withParent) io.stdin.destroy()
    control.close()
    control.closeAllConnections()
    await sim.close()
  }
}

async function answer(
  program: SimProgram,
  sim: RunningSim,
  end: () => void,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (status: number, body: Json): Promise<void> =>
    new Promise(resolve => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
      response.end(`${JSON.stringify(body)}\n`, resolve)
    })
  try {
    // A web page in a browser on this machine must not be able to play accidents.
    if (request.headers.origin !== undefined)
      throw new CashdeskError('sim.usage', { reason: 'from a browser' })
    const route = `${request.method} ${request.url}`
    if (route === 'GET /state') await say(200, await sim.state())
    else if (route === 'POST /accident')
      await say(200, await playAccident(program, sim, await bodyOf(request)))
    else if (route === 'POST /close') {
      await say(200, { closed: true })
      end()
    } else await say(404, { error: { ...report('sim.usage', { route: route.slice(0, 80) }) } })
  } catch (thrown) {
    const error = reportOf(thrown, 'sim.usage')
    await say(400, { error: { ...error } })
  }
}

async function playAccident(program: SimProgram, sim: RunningSim, body: string): Promise<Json> {
  let wish: unknown
  try {
    wish = JSON.parse(body)
  } catch {
    throw new CashdeskError('sim.usage', { reason: 'the body is not JSON' })
  }
  if (!isRecord(wish) || typeof wish['name'] !== 'string') {
    throw new CashdeskError('sim.usage', { reason: 'the body has no "name"' })
  }
  const { name, ...args } = wish
  if (!program.accidents.some(known => known.name === name)) {
    throw new CashdeskError('sim.usage', {
      accident: String(name).slice(0, 40),
      known: program.accidents.map(known => known.name),
    })
  }
  return await sim.accident(String(name), args)
}

// Boundary parser: what JSON.parse returned for an object is a record of JSON.
function isRecord(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BODY_BYTES) throw new CashdeskError('sim.usage', { reason: 'the body is too long' })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function overview(programs: readonly SimProgram[]): string {
  const lines = programs.map(program => `  ${program.name.padEnd(12)}${program.summary}`)
  return `Simulated devices. Usage: NAME [--flag value …], NAME --help\n${lines.join('\n')}\n`
}

function manual(program: SimProgram): string {
  const shared = [
    { flag: 'control', text: 'port of the control server on 127.0.0.1 (0 = any)', default: '0' },
    { flag: 'with-parent', text: 'end when stdin ends, that is with the parent process' },
  ]
  const options = [...program.options, ...shared].map(option => {
    const preset = 'default' in option && option.default !== undefined ? ` [${option.default}]` : ''
    return `  --${option.flag.padEnd(20)}${option.text}${preset}`
  })
  const accidents = program.accidents.map(accident => `  ${accident.name.padEnd(26)}${accident.text}`)
  return `${program.name}: ${program.summary}\n\nOptions\n${options.join('\n')}\n\nAccidents\n${accidents.join('\n')}\n`
}
