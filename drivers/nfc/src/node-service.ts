// Is there a smart-card service to speak to? Asked before nfc-pcsc is started, which would stop its whole process
// until there is one.
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Where pcscd listens: the variable is pcsc-lite's own. */
const SOCKETS = ['/run/pcscd/pcscd.comm', '/var/run/pcscd/pcscd.comm'] as const

const LOOK_MS = 500
const CONNECT_MS = 2000

/**
 * Resolves when pcscd takes a connection, and calls `absent` once if it does not at first. On Windows and macOS the
 * system starts its service by itself: nothing to wait for.
 */
export async function serviceThere(absent: (reason: string) => void): Promise<void> {
  if (process.platform === 'win32' || process.platform === 'darwin') return
  let told = false
  for (;;) {
    const socket = process.env['PCSCLITE_CSOCK_NAME'] ?? SOCKETS.find(path => existsSync(path)) ?? SOCKETS[0]
    const trouble = await refusal(socket)
    if (trouble === undefined) return
    if (!told) absent(trouble)
    told = true
    await pause(LOOK_MS)
  }
}

/** Why nobody answers at `path`; undefined if somebody does. */
function refusal(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(path)
    const end = (reason: string | undefined): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(CONNECT_MS, () => end(`${path} does not answer`))
    socket.on('connect', () => end(undefined))
    socket.on('error', error => end(error.message))
  })
}
