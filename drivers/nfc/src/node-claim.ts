// One till has a reader at a time. Two programs on one card get into each other's files: a command of the one changes what the
// next of the other reads. PC/SC's own exclusive mode is not used: pcscd 1.9.9 waits for ever on the lock of a card that left.
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

const claimed = new Set<string>()

/**
 * Whether this process has the reader now; asked for again while it has not. A name that the system takes back when the process
 * ends, however it ends: a pipe on Windows, an abstract socket on Linux. macOS has nothing of the kind: there it is always had.
 */
export async function claimReader(reader: string): Promise<boolean> {
  const path = nameOf(`${process.env['PCSCLITE_CSOCK_NAME'] ?? ''} ${reader}`)
  if (path === undefined || claimed.has(path)) return true
  const had = await new Promise<boolean>(resolve => {
    const server = createServer(caller => caller.destroy())
    server.unref()
    server.once('error', error => resolve(!('code' in error && error.code === 'EADDRINUSE')))
    server.listen(path, () => resolve(true))
  })
  if (had) claimed.add(path)
  return had
}

function nameOf(what: string): string | undefined {
  const name = `cashdesk-nfc-${createHash('sha256').update(what).digest('hex').slice(0, 32)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  return process.platform === 'linux' ? `\0${name}` : undefined
}
