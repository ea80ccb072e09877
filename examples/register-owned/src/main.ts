// Plays the register that owns its payments: starts it, kills it between its own payment and `paid`, starts it again,
// and asks the host what became of the card.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DEVELOPMENT_ADMIN_TOKEN, DEVELOPMENT_USER, type Host, startHost } from '@cashdesk/host'
import { CashdeskError } from '@cashdesk/kernel'

const REGISTER = fileURLToPath(import.meta.resolve('@cashdesk/example-register-owned/register'))
/** One of the cards that the host is seeded with. */
const SERIAL = '6034714625981538'

const json = process.argv.includes('--json')
const story = json ? process.stderr : process.stdout
const say = (line: string): void => void story.write(`${line}\n`)

const dir = await mkdtemp(join(tmpdir(), 'cashdesk-owned-'))
const host = await startHost({ store: { kind: 'memory' } })
try {
  process.exitCode = await play(host)
} finally {
  await host.close()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
}

async function play({ url }: Host): Promise<number> {
  say('The register rings up coffee and a ContentCard, and takes the money itself.')
  await runRegister('sell', url, 'kill')
  const before = await cardState(url)
  say(
    `It wrote the payment into its own books, and was killed (SIGKILL) before it told Cashdesk. Card: ${before}`,
  )
  say('It starts again. Cashdesk asks it what became of the sale; its books say: paid.')
  const end = await runRegister('recover', url, 'wait')
  const after = await cardState(url)
  say(`Cashdesk finished the sale by itself. Card: ${after}`)
  if (json) process.stdout.write(`${JSON.stringify({ ...end, host: { before, card: after } })}\n`)
  return after === 'active' ? 0 : 1
}

/** Its first line of JSON. The process is gone when this resolves: killed as soon as it has spoken, or by itself. */
async function runRegister(task: 'sell' | 'recover', url: string, then: 'kill' | 'wait'): Promise<object> {
  const { user, pass } = DEVELOPMENT_USER
  const child = spawn(process.execPath, [REGISTER, task, dir, url, SERIAL], {
    env: { ...process.env, CONTENTCARD_USER: user, CONTENTCARD_PASS: pass },
    stdio: ['ignore', 'pipe', 'inherit'],
    windowsHide: true,
  })
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  for await (const line of createInterface({ input: child.stdout })) {
    if (then === 'kill') child.kill('SIGKILL')
    await gone
    // Boundary: the program beside this one.
    return JSON.parse(line) as object
  }
  throw new CashdeskError('register.closed', { task })
}

async function cardState(url: string): Promise<string> {
  const response = await fetch(`${url}/api/cards/${SERIAL}`, {
    headers: { authorization: `Bearer ${DEVELOPMENT_ADMIN_TOKEN}` },
  })
  // Boundary: the host's documented answer.
  return ((await response.json()) as { state: string }).state
}
