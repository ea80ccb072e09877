// Is there a smart-card service to speak to, and is it still there? Asked before nfc-pcsc is started, which would stop
// its whole process until there is one; watched beside it, because a service that ends at the wrong moment ends its
// thread without a word.
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Where pcscd listens: the variable is pcsc-lite's own. */
const SOCKETS = ['/run/pcscd/pcscd.comm', '/var/run/pcscd/pcscd.comm'] as const

const LOOK_MS = 500
const CONNECT_MS = 2000

/** A line to the service on which nothing is ever said: it breaks when the service ends. */
export interface Service {
  /** Resolves with what broke it; never on Windows and macOS, whose services are the system's own. */
  readonly gone: Promise<string>
  close(): void
}

/**
 * Resolves when pcscd takes a connection, and calls `absent` once if it does not at first. On Windows and macOS the
 * system starts its service by itself: nothing to wait for.
 */
export async function serviceThere(absent: (reason: string) => void): Promise<Service> {
  if (process.platform === 'win32' || process.platform === 'darwin')
    return { gone: new Promise(() => undefined), close: () => undefined }
  let told = false
  for (;;) {
    const socket = process.env['PCSCLITE_CSOCK_NAME'] ?? SOCKETS.find(path => existsSync(path)) ?? SOCKETS[0]
    const service = await lineTo(socket)
    if (typeof service !== 'string') return service
    if (!told) absent(service)
    told = true
    await pause(LOOK_MS)
  }
}

/** Why nobody answers at `path`, if nobody does. */
function lineTo(path: string): Promise<Service | string> {
  return new Promise(resolve => {
    const socket = connect(path)
    const end = (reason: string): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(CONNECT_MS, () => end(`${path} does not answer`))
    socket.on('error', error => end(error.message))
    socket.on('connect', () => {
      socket.setTimeout(0).resume()
      const gone = new Promise<string>(broken => {
        socket.on('close', () => broken('the smart-card service closed its connections'))
      })
      resolve({ gone, close: () => socket.destroy() })
    })
  })
}
