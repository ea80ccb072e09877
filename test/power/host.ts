// The provider of the prepaid cards: a real host in a process of its own, which no accident hits. Its books are the
// evidence.
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

interface CardBooks {
  readonly state: 'free' | 'reserved' | 'active' | 'voided'
  readonly expiresInMs?: number
  /** How often it was activated. */
  readonly activations: number
}

export interface RunningHost {
  readonly url: string
  card(serial: string): Promise<CardBooks>
  stop(): Promise<void>
}

const MAIN = fileURLToPath(import.meta.resolve('@cashdesk/host')).replace(/index\.(js|ts)$/, 'main.js')
const TOKEN = 'demo-admin'

export async function startHost(folder: string, seed: object): Promise<RunningHost> {
  const file = join(folder, 'seed.json')
  writeFileSync(file, JSON.stringify(seed))
  const main = MAIN.replace(/([/\\])src([/\\]main\.js)$/, '$1dist$2')
  const args = [main, '--store', 'memory', '--port', '0', '--seed', file, '--with-parent', '--log', 'error']
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', line => resolve(String(JSON.parse(line).host)))
    child.once('exit', code => reject(new TypeError(`the host ended with ${code}`)))
  })
  return { url, card: serial => card(url, serial), stop: () => stopped(child) }
}

async function card(url: string, serial: string): Promise<CardBooks> {
  const answer = await fetch(`${url}/api/cards/${serial}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  if (!answer.ok) throw new TypeError(`the host answers ${answer.status} about ${serial}`)
  const { state, expiresInMs, history } = (await answer.json()) as {
    state: CardBooks['state']
    expiresInMs?: number
    history: readonly { event: string }[]
  }
  const activations = history.filter(({ event }) => /^activat/.test(event)).length
  return { state, activations, ...(expiresInMs === undefined ? {} : { expiresInMs }) }
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.stdin?.end()
  await ended
}
