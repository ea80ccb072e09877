// A serial device file for the simulated scanner: a pseudo terminal, made by socat or python3 where one of them is
// installed, whose other end is connected to the scanner's TCP port.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'

/** How long the helper may take until the device file is there. */
const READY_LIMIT_MS = 5_000

/** Opens a pseudo terminal in raw mode, links PATH to it, and copies bytes between it and 127.0.0.1:PORT. */
const PYTHON = `
import os, pty, select, socket, sys, tty
path, port = sys.argv[1], int(sys.argv[2])
line = socket.create_connection(('127.0.0.1', port))
master, slave = pty.openpty()
tty.setraw(slave)
if os.path.islink(path): os.unlink(path)
os.symlink(os.ttyname(slave), path)
try:
    while True:
        ready, _, _ = select.select([line, master], [], [])
        if line in ready:
            data = line.recv(4096)
            if not data: break
            os.write(master, data)
        if master in ready:
            line.sendall(os.read(master, 4096))
finally:
    os.unlink(path)
`

export interface Pty {
  readonly path: string
  close(): Promise<void>
}

/**
 * Makes the device file `path` whose bytes come from the TCP `port` of this machine.
 * @throws CashdeskError `sim.usage` when neither socat nor python3 can make it
 */
export async function openPty(path: string, port: number): Promise<Pty> {
  const link = resolvePath(path)
  if (process.platform === 'win32') {
    throw new CashdeskError('sim.usage', {
      option: 'pty',
      reason: 'Windows has no pseudo terminals: use TCP',
    })
  }
  if (existsSync(link))
    throw new CashdeskError('sim.usage', { option: 'pty', reason: 'the file exists', file: link })
  const makers: readonly (readonly [string, readonly string[]])[] = [
    ['socat', [`PTY,raw,echo=0,link=${link}`, `TCP:127.0.0.1:${port}`]],
    ['python3', ['-c', PYTHON, link, String(port)]],
  ]
  for (const [command, args] of makers) {
    const child = spawn(command, args, { stdio: 'ignore' })
    if (await appears(child, link)) return { path: link, close: () => end(child) }
    await end(child)
  }
  throw new CashdeskError('sim.usage', { option: 'pty', reason: 'install socat or python3, or use TCP' })
}

/** Whether the helper made the device file before it ended or its time was up. */
async function appears(child: ChildProcess, link: string): Promise<boolean> {
  let ended = false
  const over = (): void => {
    ended = true
  }
  child.once('error', over).once('exit', over)
  const waitedUntil = Date.now() + READY_LIMIT_MS
  while (!ended && Date.now() < waitedUntil) {
    if (existsSync(link)) return true
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return false
}

function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGINT')
  })
}
