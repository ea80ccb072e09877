// The `cashdesk` command as a process of its own, as a stranger starts it, and a shop's worth of such processes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/cashdesk.mjs', import.meta.url))

/** Processes run what was built. */
export function build(): void {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  spawnSync(process.execPath, [tsc, '-b', 'packages/cli'], { cwd: ROOT })
}

export interface Running {
  readonly child: ChildProcess
  /** Its first line on stdout, as JSON. */
  readonly ready: Promise<Record<string, unknown>>
  readonly ended: Promise<Ended>
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env } })
  let out = ''
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    out += `${line}\n`
  })
  const ended = new Promise<Ended>(resolve => {
    child.on('close', code => resolve({ code, out, err }))
  })
  const first = new Promise<string>(resolve => lines.once('line', resolve))
  const early = ended.then(({ code }) =>
    Promise.reject(new TypeError(`ended with ${code} before it was ready\n${err}`)),
  )
  const ready = Promise.race([first.then(line => JSON.parse(line) as Record<string, unknown>), early])
  // Who does not wait for it does not mind.
  ready.catch(() => undefined)
  return { child, ready, ended }
}

/** Runs it to its end. */
export function cashdesk(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return start(args, env).ended
}

export async function stop(running: Running): Promise<number | null> {
  running.child.kill('SIGTERM')
  return (await running.ended).code
}
