// One child process with a time limit: what it said, and how it ended.
import { spawn } from 'node:child_process'

/** What a child may say before its beginning is dropped: a report of violations is far shorter. */
const MAX_OUTPUT = 4_000_000

export interface Ended {
  /** Undefined: it was killed, or could not be started. */
  readonly code: number | undefined
  readonly out: string
  readonly err: string
  readonly timedOut: boolean
}

/** Runs a script of Node's. Never throws; a child that takes longer than `timeoutMs` is killed. */
export function runNode(args: readonly string[], cwd: string, timeoutMs: number): Promise<Ended> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    const end = (code: number | undefined): void => {
      clearTimeout(timer)
      resolve({ code, ...said, timedOut })
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out = (said.out + text).slice(-MAX_OUTPUT)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err = (said.err + text).slice(-MAX_OUTPUT)
    })
    child.on('error', error => {
      said.err += error.message
      end(undefined)
    })
    child.on('close', code => end(code ?? undefined))
  })
}
