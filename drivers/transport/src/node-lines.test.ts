// Serial lines and file devices, against a pseudo terminal that Python opens for us where there is one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CashdeskError, Transport, TransportListener } from '@cashdesk/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { fileTransport, serialTransport } from './index.ts'
import { serialTransportFrom } from './node-serial.ts'

// Opens a raw pseudo terminal, prints its name, and turns every byte it gets into that byte plus one.
const ECHO = `
import os, pty, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while True:
    os.write(master, bytes((b + 1) % 256 for b in os.read(master, 4096)))
`
const canPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0
if (!canPty) console.log('no python3 with pty here: serial lines are tested without a device')

const children: ChildProcess[] = []
const folders: string[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function pseudoTerminal(): Promise<{ path: string; child: ChildProcess }> {
  const child = spawn('python3', ['-c', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const path = await new Promise<string>(resolve =>
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
  )
  return { path, child }
}

function hearing(): TransportListener & { read(count: number): Promise<number[]>; ended: Promise<unknown> } {
  const bytes: number[] = []
  let wake: () => void = () => undefined
  let tell: (cause: unknown) => void = () => undefined
  const ended = new Promise(resolve => {
    tell = resolve
  })
  return {
    ended,
    data: chunk => {
      bytes.push(...chunk)
      wake()
    },
    closed: (cause?: CashdeskError) => tell(cause?.code),
    async read(count) {
      while (bytes.length < count) await new Promise<void>(resolve => (wake = resolve))
      return bytes.splice(0, count)
    },
  }
}

async function reopens(transport: Transport): Promise<void> {
  for (const round of [1, 2]) {
    const listener = hearing()
    const connection = await transport.open(listener)
    await connection.write(Uint8Array.of(round, 0x0d, 0x11, 0x7f, 0xfe))
    expect(await listener.read(5)).toEqual([round + 1, 0x0e, 0x12, 0x80, 0xff])
    await connection.close()
    expect(await listener.ended).toBeUndefined()
  }
}

describe('a serial line', () => {
  test.runIf(canPty)('carries every byte both ways and can be opened again', async () => {
    const { path } = await pseudoTerminal()
    await reopens(serialTransport({ path, baudRate: 115_200 }))
  })

  test.runIf(canPty)('says when the device is pulled out', async () => {
    const { path, child } = await pseudoTerminal()
    const listener = hearing()
    await serialTransport({ path }).open(listener)
    child.kill('SIGKILL')
    expect(await listener.ended).toBe('transport.closed')
  })

  test.runIf(canPty)('says it however soon that is, and though another device has its name', async () => {
    for (let time = 0; time < 20; time += 1) {
      const { path, child } = await pseudoTerminal()
      const listener = hearing()
      await serialTransport({ path }).open(listener)
      child.kill('SIGKILL')
      // The next one gets its number, and so its name, as soon as the system has it back.
      await pseudoTerminal()
      expect(await listener.ended).toBe('transport.closed')
    }
  })

  test('that is not there is unreachable', async () => {
    const path = process.platform === 'win32' ? 'COM250' : '/dev/tty-not-there'
    await expect(serialTransport({ path }).open(hearing())).rejects.toMatchObject({
      code: 'transport.unreachable',
    })
  })

  test('without its package says what to install', async () => {
    const name = 'serialport-that-nobody-installed'
    const transport = serialTransportFrom(() => import(name), { path: 'COM3' })
    await expect(transport.open(hearing())).rejects.toMatchObject({
      code: 'transport.missing-module',
      detail: { install: 'npm install serialport@13' },
    })
  })
})

/** Holds the line's lock in another process, as every program that uses `serialport` does. */
const HOLD = `import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(fd, fcntl.LOCK_EX)
print('held', flush=True)
time.sleep(600)`

describe('a serial line that another program has', () => {
  test.runIf(canPty)('is refused with its holder, and claimed as soon as it is free', async () => {
    const { path } = await pseudoTerminal()
    const holder = spawn('python3', ['-c', HOLD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(holder)
    await new Promise(resolve => holder.stdout?.once('data', resolve))
    const claimed = await serialTransport({ path })
      .open(hearing())
      .catch((error: unknown) => error)
    expect(claimed).toMatchObject({ code: 'transport.claimed' })
    if (process.platform === 'linux')
      expect(claimed).toMatchObject({ detail: { holder: expect.stringContaining(`(${holder.pid})`) } })
    const gone = new Promise(resolve => holder.once('exit', resolve))
    holder.kill('SIGKILL')
    await gone
    await (await serialTransport({ path }).open(hearing())).close()
  })

  test.runIf(canPty)('is ours against a second opening of our own, until it is closed', async () => {
    const { path } = await pseudoTerminal()
    const first = await serialTransport({ path }).open(hearing())
    await expect(serialTransport({ path }).open(hearing())).rejects.toMatchObject({
      code: 'transport.claimed',
    })
    await first.close()
    await (await serialTransport({ path }).open(hearing())).close()
  })
})

describe('a file device', () => {
  test.runIf(canPty)('that can answer is heard, and can be opened again', async () => {
    const { path } = await pseudoTerminal()
    await reopens(fileTransport({ path }))
  })

  test.runIf(canPty)('that disappears is lost', async () => {
    const { path, child } = await pseudoTerminal()
    const listener = hearing()
    await fileTransport({ path }).open(listener)
    child.kill('SIGKILL')
    expect(await listener.ended).toBe('transport.closed')
  })

  test('that is a plain file gets every byte in order, and says nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-file-'))
    folders.push(folder)
    const path = join(folder, 'spool')
    await writeFile(path, '')
    const listener = hearing()
    const connection = await fileTransport({ path }).open(listener)
    await Promise.all([connection.write(Uint8Array.of(1, 2)), connection.write(Uint8Array.of(3))])
    await connection.close()
    expect(await listener.ended).toBeUndefined()
    expect([...(await readFile(path))]).toEqual([1, 2, 3])
    await expect(connection.write(Uint8Array.of(4))).rejects.toMatchObject({ code: 'transport.closed' })
  })

  test('that is not there is unreachable', async () => {
    await expect(fileTransport({ path: join(tmpdir(), 'no', 'lp0') }).open(hearing())).rejects.toMatchObject({
      code: 'transport.unreachable',
      detail: { reason: 'ENOENT' },
    })
  })
})
