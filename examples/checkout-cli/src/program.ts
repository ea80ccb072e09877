// Another program of this shop, in a process of its own: started, found ready, ended in good order or killed.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CashdeskError, ERRORS, type ErrorCode } from '@cashdesk/kernel'

/** A program that is up. */
export interface Program {
  readonly name: string
  /** The line of JSON that it began with. */
  readonly ready: unknown
  readonly process: ChildProcessWithoutNullStreams
  /** Resolves when the process is gone, however it went. */
  readonly gone: Promise<void>
  /** Lets it end in good order; kills it when it does not within its time. */
  stop(): Promise<void>
  /** SIGKILL: it gets no chance to do or say anything more. */
  kill(): Promise<void>
}

export interface ProgramOptions {
  readonly name: string
  /** As `import.meta.resolve` answers it. */
  readonly module: string
  readonly args: readonly string[]
  readonly env?: { readonly [name: string]: string }
  /** Every line after the first. */
  readonly onLine?: (line: string) => void
}

/** A program that is not ready by then will not be. */
const START_TIMEOUT_MS = 30_000
/** The end of what it complained about, for the message when it cannot start. */
const COMPLAINT_LIMIT = 2_000
const STOP_TIMEOUT_MS = 5_000

/** @throws CashdeskError with the code that it complained of, `transport.unreachable` if none, when it does not start */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const child = spawn(process.execPath, [fileURLToPath(options.module), ...options.args], {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_LIMIT)
  })
  // A program that died takes no more orders; that is told by `gone`, not by a broken pipe.
  child.stdin.on('error', () => undefined)
  const gone = new Promise<void>(resolve => {
    child.once('close', () => resolve())
    child.once('error', error => {
      complaint += error.message
      resolve()
    })
  })
  const ready = await firstLine(child, gone, options)
  if (ready === undefined) {
    child.kill('SIGKILL')
    throw failureOf(options.name, complaint)
  }
  return {
    name: options.name,
    ready: JSON.parse(ready),
    process: child,
    gone,
    stop: async () => {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await gone
      clearTimeout(timer)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Every program of this house ends with a coded line when it cannot start. */
function failureOf(program: string, complaint: string): CashdeskError {
  const code = [...complaint.matchAll(/\b([a-z]+\.[a-z-]+): /g)].map(match => match[1]).find(isErrorCode)
  return new CashdeskError(code ?? 'transport.unreachable', { program, said: complaint.trim() })
}

function isErrorCode(text: string | undefined): text is ErrorCode {
  return text !== undefined && Object.hasOwn(ERRORS, text)
}

/** Undefined when it ended, or said nothing in time. */
function firstLine(
  child: ChildProcessWithoutNullStreams,
  gone: Promise<void>,
  { onLine }: ProgramOptions,
): Promise<string | undefined> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(undefined), START_TIMEOUT_MS)
    const settle = (line: string | undefined): void => {
      clearTimeout(timer)
      resolve(line)
    }
    let first = true
    createInterface({ input: child.stdout }).on('line', line => {
      if (first) settle(line)
      else onLine?.(line)
      first = false
    })
    void gone.then(() => settle(undefined))
  })
}
