// One process per directory, held until released or until the process dies, however it dies. Without native code:
// an abstract Unix socket on Linux, an exclusive open on Windows and macOS. A lock file with a process id fools everybody.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'

export interface DirectoryLock {
  release(): Promise<void>
}

/** Share mode 0 in CreateFile: libuv's UV_FS_O_EXLOCK on Windows. */
const WINDOWS_EXCLUSIVE = 0x10000000
/** O_EXLOCK of macOS and the BSDs. */
const BSD_EXCLUSIVE = 0x20

/** @throws CashdeskError `host.in-use` when another process holds it, `host.database` when it cannot be made */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  try {
    await mkdir(directory, { recursive: true })
    return process.platform === 'linux' ? await lockBySocket(directory) : await lockByFile(directory)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    if (code === 'EADDRINUSE' || code === 'EBUSY' || code === 'EAGAIN')
      throw new CashdeskError('host.in-use', { directory }, { cause: thrown })
    throw new CashdeskError('host.database', { directory, reason: String(thrown) }, { cause: thrown })
  }
}

/** The kernel frees an abstract socket's name with its last holder; device and inode name the directory itself. */
async function lockBySocket(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = await stat(directory, { bigint: true })
  const server = createServer(socket => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: `\0cashdesk-host:${dev}:${ino}` }, resolve)
  })
  server.unref()
  return { release: () => new Promise(resolve => server.close(() => resolve())) }
}

async function lockByFile(directory: string): Promise<DirectoryLock> {
  const exclusive =
    process.platform === 'win32' ? WINDOWS_EXCLUSIVE : BSD_EXCLUSIVE | (constants.O_NONBLOCK ?? 0)
  const handle: FileHandle = await open(
    join(directory, 'host.lock'),
    constants.O_RDWR | constants.O_CREAT | exclusive,
  )
  return { release: () => handle.close() }
}
