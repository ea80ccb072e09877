// A serial device file for a simulator: a pseudo terminal, made by socat or python3 where one of them is installed,
// whose other end is connected to the simulator's TCP port. It comes back when the helper or the line was lost.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, lstatSync, readlinkSync, unlinkSync } from 'node:fs'
import { dirname, resolve as resolvePath } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { isFolder } from '../folder.ts'
import { isHeld } from './pty-holder.ts'

/** How long the helper may take until the device file is there. */
const READY_LIMIT_MS = 5_000
/** How long it may take to end before it is killed. */
const END_LIMIT_MS = 1_500
/** Between attempts to bring a lost device file back: doubled up to the longest, for as long as the simulator runs. */
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** Kept of what a helper said when it failed. */
const MAX_SAID = 300

/**
 * Opens a pseudo terminal in raw mode, links PATH to it, and copies bytes between it and 127.0.0.1:PORT. Whatever ends
 * it, a signal, the line or the simulator (whose end of standard input then closes), it takes the link away.
 */
const PYTHON = `
import os, pty, select, signal, socket, sys, tty
path, port = sys.argv[1][len('link='):], int(sys.argv[2])
for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(ending, lambda *_: sys.exit(0))
line = socket.create_connection(('127.0.0.1', port))
master, slave = pty.openpty()
tty.setraw(slave)
name = os.ttyname(slave)
os.set_blocking(master, False)
os.symlink(name, path)
unread = b''
try:
    while True:
        # Nobody may read for long: then nothing more is taken from the line.
        ready, free, _ = select.select([master, 0] + ([] if unread else [line]), [master] if unread else [], [])
        if 0 in ready and not os.read(0, 1): break
        if line in ready:
            unread = line.recv(4096)
            if not unread: break
        if master in free: unread = unread[os.write(master, unread):]
        if master in ready: line.sendall(os.read(master, 4096))
except OSError:
    pass
finally:
    if os.path.islink(path) and os.readlink(path) == name: os.unlink(path)
`

export interface Pty {
  readonly path: string
  /** What people should know about how it was opened. */
  readonly notes: readonly string[]
  /** Takes the device file away. Resolves in bounded time. */
  close(): Promise<void>
}

/**
 * Makes the device file `path` whose bytes come from the TCP `port` of this machine. A link that an earlier simulator
 * left is replaced. Where the line breaks or the helper dies, the file is made again, with growing pauses.
 * @throws CashdeskError `sim.usage` for a path that cannot be had, `sim.missing-program` without socat and python3
 */
export async function openPty(path: string, port: number): Promise<Pty> {
  const link = resolvePath(path)
  if (process.platform === 'win32') throw refused(link, 'Windows has no pseudo terminals: use TCP')
  const notes = freed(link) ? [`replaced the link ${link}: the simulator that made it is gone`] : []
  const keeper = new Keeper(link, port)
  await keeper.open()
  return { path: link, notes, close: () => keeper.close() }
}

/** Holds one helper at a time. */
class Keeper {
  readonly #link: string
  readonly #port: number
  #helper: ChildProcess | undefined
  #target: string | undefined
  #pauseMs = SHORTEST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** Ends what must not outlive this process, however it ends. */
  readonly #last = (): void => {
    this.#helper?.kill('SIGTERM')
    this.#unlink()
  }

  constructor(link: string, port: number) {
    this.#link = link
    this.#port = port
  }

  async open(): Promise<void> {
    const makers: readonly (readonly [string, readonly string[]])[] = [
      ['socat', [`PTY,raw,echo=0,link=${this.#link}`, `TCP:127.0.0.1:${this.#port}`]],
      ['python3', ['-c', PYTHON, `link=${this.#link}`, String(this.#port)]],
    ]
    const said: string[] = []
    for (const [command, args] of makers) {
      const reason = await this.#tried(command, args)
      if (reason === undefined) return
      if (reason !== 'ENOENT') said.push(`${command}: ${reason}`)
    }
    if (said.length > 0) throw refused(this.#link, said.join('; '))
    throw new CashdeskError('sim.missing-program', { option: 'pty', install: 'socat or python3' })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    process.off('exit', this.#last)
    const helper = this.#helper
    this.#helper = undefined
    if (helper !== undefined) await ended(helper)
    this.#unlink()
  }

  /** Undefined when the device file is there; else why not. */
  async #tried(command: string, args: readonly string[]): Promise<string | undefined> {
    if (lstatSync(this.#link, { throwIfNoEntry: false }) !== undefined) return 'the file exists'
    // In a group of its own: what is sent to the simulator's group ends the simulator, and that ends the helper.
    const helper = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
    const made = await targetOf(helper, this.#link)
    if (made.target === undefined || this.#closed) {
      await ended(helper)
      return made.reason ?? 'closed'
    }
    this.#helper = helper
    this.#target = made.target
    this.#pauseMs = SHORTEST_PAUSE_MS
    process.off('exit', this.#last).on('exit', this.#last)
    if (isOver(helper)) this.#lost(helper)
    else helper.once('exit', () => this.#lost(helper))
    return undefined
  }

  /** The line broke, or the helper was killed: until it is back there is no device file. */
  #lost(helper: ChildProcess): void {
    if (this.#helper !== helper) return
    this.#helper = undefined
    this.#unlink()
    this.#later()
  }

  #later(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.open().catch(() => this.#later()), this.#pauseMs)
    // A simulator that has nothing else left to do may end.
    this.#timer.unref()
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  /** A helper that was killed cannot do it. Somebody else's link stays. */
  #unlink(): void {
    const target = this.#target
    this.#target = undefined
    try {
      if (target !== undefined && readlinkSync(this.#link) === target) unlinkSync(this.#link)
    } catch {
      // The helper was quicker.
    }
  }
}

/**
 * Makes sure that nothing is in the way; answers whether a stale link was.
 * @throws CashdeskError `sim.usage`
 */
function freed(link: string): boolean {
  const folder = dirname(link)
  if (!isFolder(folder)) throw refused(link, 'there is no such folder')
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    const there = lstatSync(link, { throwIfNoEntry: false })
    if (there === undefined) return false
    const isOurs = there.isSymbolicLink() && /^\/dev\/(pts\/|tty)\w+$/.test(readlinkSync(link))
    if (!isOurs) throw refused(link, 'the file exists')
    if (existsSync(link) && isHeld(link)) throw refused(link, 'another simulator holds it')
    unlinkSync(link)
    return true
  } catch (thrown) {
    if (thrown instanceof CashdeskError) throw thrown
    throw refused(link, thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function refused(link: string, reason: string): CashdeskError {
  return new CashdeskError('sim.usage', { option: 'pty', reason, file: link })
}

interface Made {
  readonly target?: string
  readonly reason?: string
}

/** Where the link leads once the helper made it; why there is none, if it ended before or its time was up. */
async function targetOf(helper: ChildProcess, link: string): Promise<Made> {
  let reason: string | undefined
  let said = ''
  helper.stderr?.on('data', text => {
    said = (said + String(text)).slice(-MAX_SAID)
  })
  // It may be gone before it reads.
  helper.stdin?.on('error', () => undefined)
  helper.once('error', error => {
    reason = 'code' in error ? String(error.code) : error.message
  })
  helper.once('close', code => {
    reason ??= said.trim().split('\n').at(-1) || `it ended with ${code}`
  })
  const waitedUntil = Date.now() + READY_LIMIT_MS
  while (reason === undefined && Date.now() < waitedUntil) {
    if (existsSync(link)) return madeAt(link)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return { reason: reason ?? 'it made no device file in time' }
}

function madeAt(link: string): Made {
  try {
    return { target: readlinkSync(link) }
  } catch (thrown) {
    return { reason: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

function isOver(helper: ChildProcess): boolean {
  return helper.pid === undefined || helper.exitCode !== null || helper.signalCode !== null
}

function ended(helper: ChildProcess): Promise<void> {
  if (isOver(helper)) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(() => helper.kill('SIGKILL'), END_LIMIT_MS)
    helper.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    helper.kill('SIGTERM')
  })
}
