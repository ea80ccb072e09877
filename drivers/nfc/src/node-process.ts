// Starts the reader process and ends it, in bounded time whatever it does.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ParentMessage } from './messages.ts'
import { VERSION } from './messages.ts'

export interface ReaderProcess {
  tell(message: ParentMessage): void
  kill(): void
  /** Asks it to end, and kills it if it does not. Resolves when it is gone. */
  end(): Promise<void>
}

export interface ProcessListener {
  message(raw: unknown): void
  /** Told once, also when it could not be started. */
  exited(reason: string): void
}

const END_MS = 1000
/** Of what it says when it breaks: enough for the line that names the reason. */
const MAX_COMPLAINT = 2000

/** Where the compiled process lies, seen from the sources and from what is published. */
const CHILD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/node-child.js' : './node-child.js', import.meta.url),
)

export interface ProcessOptions {
  /** Packages to try, in this order. */
  readonly bindings: readonly string[]
  /** Where pcscd listens, if not where it always does. */
  readonly socket: string | undefined
  /** What is in the name of the readers that are meant; all if it is empty. */
  readonly reader: string
}

export function startReaderProcess(
  { bindings, socket, reader }: ProcessOptions,
  listener: ProcessListener,
): ReaderProcess {
  const env = socket === undefined ? process.env : { ...process.env, PCSCLITE_CSOCK_NAME: socket }
  // Its input is ours alone; what it prints may be anything, and is only used to say why it broke.
  const child = fork(CHILD, [bindings.join(','), reader], {
    execArgv: [],
    env,
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT)
  })
  const gone = new Promise<void>(resolve => {
    const over = (reason: string): void => {
      resolve()
      listener.exited(reason)
    }
    child.once('error', error => over(error.message))
    child.once('exit', (code, signal) => over(endOf(code, signal, complaint)))
  })
  child.on('message', raw => listener.message(raw))
  return {
    tell: message => {
      if (child.connected) child.send({ v: VERSION, ...message }, () => undefined)
    },
    kill: () => void child.kill('SIGKILL'),
    end: () => ending(child, gone),
  }
}

async function ending(child: ChildProcess, gone: Promise<void>): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  if (child.connected) child.send({ v: VERSION, type: 'stop' }, () => undefined)
  else child.kill('SIGKILL')
  await gone
  clearTimeout(timer)
}

function endOf(code: number | null, signal: string | null, complaint: string): string {
  const why = complaint
    .split('\n')
    .map(line => line.trim())
    .find(line => /Error|error|cannot|failed/.test(line))
  const how = signal === null ? `it ended with code ${code}` : `it ended by ${signal}`
  return why === undefined ? how : `${how}: ${why.slice(0, 200)}`
}
