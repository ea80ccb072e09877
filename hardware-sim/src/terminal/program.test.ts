// The simulated terminal as a program: options, control server, books on disk.
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { type ProgramIo, runProgram } from '../program.ts'
import { PROGRAMS } from '../programs.ts'
import { BareRegister } from './bare-register.ts'

class TestIo extends EventEmitter implements ProgramIo {
  readonly stdin: PassThrough = new PassThrough()
  readonly stdout: PassThrough = new PassThrough()
  readonly stderr: PassThrough = new PassThrough()
}

const folder = mkdtempSync(join(tmpdir(), 'terminal-program-'))
const running: { readonly io: TestIo; readonly code: Promise<number> }[] = []
afterEach(async () => {
  for (const { io, code } of running.splice(0)) {
    io.emit('SIGTERM')
    await code
  }
  rmSync(folder, { recursive: true, force: true })
})

async function start(
  ...args: string[]
): Promise<{ port: number; control: string; io: TestIo; code: Promise<number> }> {
  const io = new TestIo()
  const code = runProgram(PROGRAMS, ['terminal', '--speed', '0', ...args], io)
  running.push({ io, code })
  const [line] = await once(io.stdout, 'data')
  const ready = JSON.parse(String(line))
  return { port: ready.ports.tcp, control: ready.control, io, code }
}

async function pay(port: number): Promise<string | undefined> {
  const register = await BareRegister.at(port)
  await register.acknowledgeAll('06 00 06 00 00 00 00 09 78')
  const received = await register.acknowledgeAll('06 01 0a 04 00 00 00 00 19 99 49 09 78')
  register.socket.destroy()
  return received.at(-1)
}

describe('the terminal program', () => {
  it('takes payments, plays accidents told over HTTP, and keeps its books in --dir', async () => {
    const first = await start('--dir', folder)
    expect(await pay(first.port)).toBe('060f00')
    const told = await fetch(`${first.control}/accident`, {
      method: 'POST',
      body: JSON.stringify({ name: 'lose-link-after-status', mode: 'always' }),
    })
    expect(await told.json()).toMatchObject({ name: 'lose-link-after-status', mode: 'always' })
    expect(await pay(first.port)).toBe('gone')
    await fetch(`${first.control}/close`, { method: 'POST' })
    expect(await first.code).toBe(0)

    const second = await start('--dir', folder, '--behaviour', 'decline')
    expect(await pay(second.port)).toBe('061e0105')
    const state = await (await fetch(`${second.control}/state`)).json()
    expect(state).toMatchObject({
      books: [{ state: 'booked' }, { state: 'reversed' }, { state: 'declined' }],
      totals: { totalMinor: 1999, payments: 1 },
    })
  })

  it.each([
    ['--speed', '-1'],
    ['--speed', ''],
    ['--answer-ms', 'soon'],
    ['--repeat-shows', 'nothing'],
    ['--card', 'diamond'],
    ['--password', '12345'],
    ['--behaviour', 'meteor'],
  ])('refuses %s %s', async (flag, value) => {
    const io = new TestIo()
    expect(await runProgram(PROGRAMS, ['terminal', `${flag}=${value}`], io)).toBe(2)
    expect(String(io.stderr.read())).toMatch(/^sim\.usage: /)
  })
})
