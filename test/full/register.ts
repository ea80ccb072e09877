// Starts the example register as a stranger would, without a terminal, and reads the one JSON line it ends with.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../examples/checkout-cli/dist/main.js', import.meta.url))

/** A sale takes seconds; an accident that is waited out takes the time limits it meets. */
const TIMEOUT_MS = 100_000

/** The JSON line of `npm start -- --auto --json`, as the README documents it. */
export interface Report {
  readonly sale: {
    readonly id: string
    readonly state: string
    readonly totalMinor: number
    readonly currency: string
  }
  readonly lines: readonly { readonly text: string; readonly totalMinor: number }[]
  readonly payments: readonly {
    readonly kind: string
    readonly state: string
    readonly amountMinor: number
  }[]
  readonly claims: readonly { readonly plugin: string; readonly serial?: string; readonly state: string }[]
  readonly receipt: { readonly png: string; readonly text: string }
  readonly host: { readonly card: string }
  readonly recovered: readonly {
    readonly sale: string
    readonly state: string
    readonly claims: readonly { readonly serial?: string; readonly state: string }[]
  }[]
  readonly tasks: readonly unknown[]
  readonly journal: { readonly dir: string; readonly records: number }
}

export interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Runs it to its end, whatever that is. */
export function run(args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, '--auto', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

/** Runs it to an end with exit code 0. @throws TypeError with everything it said, when it ends otherwise */
export async function sell(args: readonly string[]): Promise<Report> {
  const { code, out, err } = await run(args)
  const last = out.trim().split('\n').at(-1) ?? ''
  if (code !== 0 || !last.startsWith('{')) throw new TypeError(`exit code ${code}\n${out}\n${err}`)
  return JSON.parse(last) as Report
}

/** A folder for till, host and devices, gone after `work`. */
export async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-full-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Whether the file begins as every PNG does. */
export async function isPng(path: string): Promise<boolean> {
  const head = (await readFile(path)).subarray(0, 8)
  return head.equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
}
