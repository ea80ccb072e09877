// One till has a HID device at a time. Linux and Windows hand its reports to every program that opened it, so that one scan
// would ring up in two tills; macOS opens it for one program alone.
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

/** Gives the device back. */
export type Release = () => Promise<void>

const NOT_NEEDED: Release = () => Promise.resolve()

/**
 * Undefined while another till has the device at `path` for `use`: one that scans and reads stripes has two uses. What is
 * taken is a name that the system takes back when the process ends, however it ends: an abstract socket on Linux, a pipe on
 * Windows. Another program that reads the device is not noticed.
 */
export function claimHid(path: string, use: string): Promise<Release | undefined> {
  const name = nameOf(path, use)
  if (name === undefined) return Promise.resolve(NOT_NEEDED)
  return new Promise(resolve => {
    const server = createServer(caller => caller.destroy())
    server.unref()
    server.on('error', error =>
      resolve('code' in error && error.code === 'EADDRINUSE' ? undefined : NOT_NEEDED),
    )
    server.listen(name, () => resolve(() => new Promise(done => server.close(() => done()))))
  })
}

function nameOf(path: string, use: string): string | undefined {
  const name = `cashdesk-hid-${createHash('sha256').update(`${use} ${path}`).digest('hex').slice(0, 32)}`
  if (process.platform === 'win32') return path.startsWith('\\\\') ? `\\\\.\\pipe\\${name}` : undefined
  return process.platform === 'linux' && path.startsWith('/') ? `\0${name}` : undefined
}
