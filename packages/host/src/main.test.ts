// The host as a program: started, killed, started again. It runs as it is built, in processes of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import seed from '../seed.json' with { type: 'json' }

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MAIN = join(ROOT, 'packages/host/dist/main.js')
const USERS = JSON.stringify([{ user: 'acme', pass: 'never-shown', cspid: '1' }])
const SERIAL = seed.cards[0]?.serial ?? ''

const readyShape = z.strictObject({ host: z.url(), store: z.string() })
let folder: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-host-'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  spawnSync(process.execPath, [tsc, '-b', 'packages/host'], { cwd: ROOT })
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Program {
  readonly child: ChildProcess
  /** Everything written so far. */
  readonly out: () => string
  readonly said: () => string
  readonly ended: Promise<number | null>
  /** The address it serves at. */
  readonly ready: Promise<string>
}

function run(args: readonly string[], env: { readonly [name: string]: string } = {}): Program {
  const { DATABASE_URL: _, ...inherited } = process.env
  const environment = { ...inherited, CASHDESK_HOST_USERS: USERS, CASHDESK_HOST_ADMIN_TOKEN: 'token', ...env }
  const child = spawn(process.execPath, [MAIN, ...args], { env: environment })
  running.add(child)
  let out = ''
  let said = ''
  child.stderr.setEncoding('utf8').on('data', chunk => {
    said += chunk
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', chunk => {
      out += chunk
      if (out.endsWith('\n') && out.startsWith('{')) resolve(readyShape.parse(JSON.parse(out)).host)
    })
    ended.then(code => reject(new TypeError(`ended with ${code} before it was ready: ${said}`)))
  })
  ready.catch(() => undefined)
  return { child, out: () => out, said: () => said, ended, ready }
}

function reserve(url: string, id: string, serial = SERIAL): Promise<Response> {
  const prodid = seed.cards.find(card => card.serial === serial)?.prodid
  const query = `user=acme&pass=never-shown&cspid=1&action=1&serial=${serial}&prodid=${prodid}&serviceid=1&version=1`
  return fetch(`${url}/contentcard/contentcard.php?${query}`, { headers: { 'idempotency-key': id } })
}

describe('the program', () => {
  it('says on stdout only where it is, logs no password, and ends with its parent', async () => {
    const program = run(['--port', '0', '--store', 'memory', '--with-parent', '--log', 'trace'])
    const url = await program.ready
    expect((await reserve(url, randomUUID())).status).toBe(200)
    program.child.stdin?.end()
    expect(await program.ended).toBe(0)
    expect(program.out()).toBe(`${JSON.stringify({ host: url, store: 'memory' })}\n`)
    expect(program.said()).toContain('contentcard.php')
    expect(program.said()).not.toContain('never-shown')
    expect(program.said()).toContain('NOT DURABLE')
  })

  it.skipIf(process.platform === 'win32')('ends cleanly on SIGTERM', async () => {
    const program = run(['--port', '0', '--store', 'memory'])
    await program.ready
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  it('keeps a snapshot across SIGKILL, and lets no second host have it', async () => {
    const args = ['--port', '0', '--store', 'memory', '--snapshot', join(folder, 'books.json')]
    const first = run(args)
    const id = randomUUID()
    expect((await reserve(await first.ready, id)).status).toBe(200)
    const second = run(args)
    expect(await second.ended).toBe(2)
    expect(second.said()).toContain('host.in-use')
    first.child.kill('SIGKILL')
    await first.ended
    const again = run(args)
    expect(await (await reserve(await again.ready, id)).json()).toMatchObject({ original: true })
    again.child.kill('SIGKILL')
  })

  it('ends with 2 and a code when it cannot start', async () => {
    const first = run(['--port', '0', '--store', 'memory'])
    const { port } = new URL(await first.ready)
    const closed = 'postgres://nobody:hidden-word@127.0.0.1:1/none'
    const attempts = [
      [run(['--store', 'memory', '--port', port]), 'host.port-in-use'],
      [run(['--nonsense']), 'config.invalid'],
      [run([], { DATABASE_URL: closed }), 'host.database'],
    ] as const
    for (const [program, code] of attempts) {
      expect(await program.ended).toBe(2)
      expect(program.said()).toContain(code)
      expect(program.said()).not.toContain('hidden-word')
      expect(program.out()).toBe('')
    }
    first.child.kill('SIGKILL')
  })

  it('explains itself', async () => {
    const program = run(['--help'])
    expect(await program.ended).toBe(0)
    expect(program.out()).toContain('--with-parent')
  })
})
