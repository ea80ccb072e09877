// Device files of simulators: what earlier ones left, what is in the way, and that none outlives its simulator.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { constants as constantsOfSystem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPty } from './pty.ts'
import { type ScannerSim, startScannerSim } from './scanner.ts'

let folder = ''
let link = ''
let undo: (() => unknown)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cashdesk-pty-'))
  link = join(folder, 'tty')
})
afterEach(async () => {
  for (const step of undo.reverse()) await step()
  undo = []
  rmSync(folder, { recursive: true, force: true })
})

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 20))

async function until(met: () => boolean): Promise<void> {
  while (!met()) await pause()
}

async function scanner(): Promise<ScannerSim> {
  const sim = await startScannerSim()
  undo.push(() => sim.close())
  return sim
}

/** Answers its notes. */
async function plugged(sim: ScannerSim): Promise<readonly string[]> {
  const pty = await openPty(link, sim.port)
  undo.push(() => pty.close())
  await until(() => sim.state().connected === 1)
  return pty.notes
}

async function scanned(sim: ScannerSim): Promise<string> {
  const line = await open(link, constants.O_RDONLY | constants.O_NOCTTY)
  await sim.scan('4006381333931')
  const { buffer, bytesRead } = await line.read(Buffer.alloc(64), 0, 64, null)
  await line.close()
  return buffer.subarray(0, bytesRead).toString()
}

/** The processes that were told to make the link. */
const helpers = (): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(id => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(`link=${link}`)
      } catch {
        return false
      }
    })
    .map(Number)

const hasPython = (): boolean => spawnSync('python3', ['-c', 'import pty']).status === 0

const isPossible = await possible()
async function possible(): Promise<boolean> {
  const there = mkdtempSync(join(tmpdir(), 'cashdesk-pty-'))
  const sim = await startScannerSim()
  try {
    const pty = await openPty(join(there, 'tty'), sim.port)
    await pty.close()
    return process.platform === 'linux'
  } catch {
    return false
  } finally {
    await sim.close()
    rmSync(there, { recursive: true, force: true })
  }
}

describe.runIf(process.platform !== 'win32')('a path that cannot be had', () => {
  test('is refused with what is wrong with it', async () => {
    await expect(openPty(join(folder, 'x', 'y', 'tty'), 1)).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { option: 'pty', reason: 'there is no such folder' },
    })
    writeFileSync(link, 'mine')
    await expect(openPty(link, 1)).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { reason: 'the file exists' },
    })
    expect(readFileSync(link, 'utf8')).toBe('mine')
    rmSync(link)
    symlinkSync(folder, link)
    await expect(openPty(link, 1)).rejects.toMatchObject({ detail: { reason: 'the file exists' } })
  })
})

describe.runIf(isPossible)('a device file', () => {
  test('that an earlier simulator left is replaced, and that is said', async () => {
    symlinkSync('/dev/pts/987654', link)
    const sim = await scanner()
    expect(await plugged(sim)).toEqual([expect.stringContaining(link)])
    expect(await scanned(sim)).toBe('4006381333931\r')
  })

  test('whose number somebody else got meanwhile is replaced, too', async () => {
    const sim = await scanner()
    const other = await openPty(join(folder, 'other'), sim.port)
    undo.push(() => other.close())
    symlinkSync(readlinkSync(other.path), link)
    const pty = await openPty(link, sim.port)
    undo.push(() => pty.close())
    expect(pty.notes).toHaveLength(1)
    expect(readlinkSync(link)).not.toBe(readlinkSync(other.path))
  })

  test('where no link can be made is refused with what the helper said', async () => {
    const sim = await scanner()
    await expect(openPty('/proc/cashdesk-tty', sim.port)).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { option: 'pty', reason: expect.stringContaining('/proc/cashdesk-tty') },
    })
  })

  test('of a simulator that runs is left to it', async () => {
    const sim = await scanner()
    await plugged(sim)
    await expect(openPty(link, sim.port)).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { reason: 'another simulator holds it' },
    })
    expect(await scanned(sim)).toBe('4006381333931\r')
  })

  test('goes with the line, and comes back with it', async () => {
    const sim = await scanner()
    await plugged(sim)
    await sim.accident('unplug')
    await until(() => lstatSync(link, { throwIfNoEntry: false }) === undefined)
    await sim.accident('plug')
    await until(() => existsSync(link) && sim.state().connected === 1)
    expect(await scanned(sim)).toBe('4006381333931\r')
  })

  test('comes back when its helper was killed', async () => {
    const sim = await scanner()
    await plugged(sim)
    const killed = helpers()
    expect(killed).toHaveLength(1)
    for (const id of killed) process.kill(id, 'SIGKILL')
    await until(() => helpers().some(id => !killed.includes(id)) && existsSync(link))
    await until(() => sim.state().connected === 1)
    expect(await scanned(sim)).toBe('4006381333931\r')
  })

  // Built by `tsc -b`: a process of its own has no sources to run from.
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  test.runIf(existsSync(main)).each([
    ['terminal', 'SIGTERM', 'once'],
    ['scanner', 'SIGTERM', 'twice'],
    ['printer', 'SIGINT', 'once'],
    ['pinpad', 'SIGHUP', 'once'],
    ['pinpad', 'SIGTERM', 'twice'],
    ['pinpad', 'SIGKILL', 'once'],
  ] as const)(
    'of sim %s is gone after %s to its group %s, and nothing runs on',
    async (name, signal, times) => {
      const child = spawn(process.execPath, [main, name, '--pty', link], {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      })
      undo.push(() => child.kill('SIGKILL'))
      await once(child.stdout, 'data')
      expect(lstatSync(link).isSymbolicLink()).toBe(true)
      const over = once(child, 'exit')
      process.kill(-(child.pid ?? 0), signal)
      // As `timeout` and npx do: the group, and the child once more, which may find Node taking itself down and deaf.
      if (times === 'twice') child.kill(signal)
      const ends =
        signal === 'SIGKILL' ? [[null, signal]] : [[0, null], ...(times === 'twice' ? [[null, signal]] : [])]
      expect(ends).toContainEqual(await over)
      await until(() => helpers().length === 0)
      expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined()
    },
  )

  test.runIf(existsSync(main) && hasPython())('is gone when the terminal’s window is closed', async () => {
    // Starts it at a terminal, waits for the link, closes the terminal; answers the signal that it ended by.
    const window = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
said = b''
while b'is ready' not in said: said += os.read(terminal, 4096)
time.sleep(0.2)
os.close(terminal)
print(os.waitpid(pid, 0)[1])`
    const child = spawn('python3', ['-c', window, process.execPath, main, 'pinpad', '--pty', link])
    undo.push(() => child.kill('SIGKILL'))
    const [status] = await once(child.stdout, 'data')
    expect(Number(status)).toBe(constantsOfSystem.signals.SIGHUP)
    expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined()
  })

  test('that nobody reads from ends all the same', async () => {
    const sim = await scanner()
    await plugged(sim)
    const line = await open(link, constants.O_RDONLY | constants.O_NOCTTY)
    await sim.accident('flood', { bytes: 100_000 })
    await until(() => sim.state().connected === 1)
    await line.close()
    await undo.pop()?.()
    expect(helpers()).toEqual([])
  })
})
