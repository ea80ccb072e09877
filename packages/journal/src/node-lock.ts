// One process per journal: a lock that the operating system gives back however the holder dies, made from what Node
// has without native code. A file with a process number in it is no lock: numbers are used again.
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { CashdeskError, type DiskLock } from '@cashdesk/kernel'

export interface FolderPlace {
  /** Absolute, in the system's own notation. */
  readonly path: string
  readonly device: string
  readonly inode: string
}

/** Bytes of `sun_path` behind the leading zero (unix(7)). */
const ABSTRACT_NAME_BYTES = 107
/** `UV_FS_O_EXLOCK` on Windows: opened with no sharing at all, so a second opener gets EBUSY. */
const WINDOWS_EXCLUSIVE = 0x10000000
/** `O_EXLOCK` of the BSDs and macOS: an flock taken in the same call; with O_NONBLOCK a second opener gets EAGAIN. */
const BSD_EXCLUSIVE = 0x20
const BSD: readonly string[] = ['darwin', 'freebsd', 'openbsd', 'netbsd']

/** File system types of statfs(2) on Linux that are, or may be, shared with other machines. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x73757245, 'coda'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'afs'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x564c, 'ncp'],
])

/**
 * @throws CashdeskError `journal.in-use`; `disk.failed` with reason `no lock` on a system that has none that can be
 * trusted
 */
export function lockFolder(place: FolderPlace): Promise<DiskLock> {
  const { platform } = process
  if (platform === 'linux' || platform === 'android') return lockBySocket(place)
  if (platform === 'win32') return lockByFile(place, WINDOWS_EXCLUSIVE)
  if (BSD.includes(platform)) return lockByFile(place, BSD_EXCLUSIVE | fs.constants.O_NONBLOCK)
  throw new CashdeskError('disk.failed', { call: 'lock', file: place.path, reason: 'no lock', platform })
}

/**
 * Where it can be told: by the type of the file system on Linux, by the real path (a mapped drive shows its
 * `\\server\share`) on Windows. Not on macOS.
 * @throws CashdeskError `disk.network-volume`
 */
export async function refuseNetworkVolume(path: string): Promise<void> {
  if (process.platform === 'win32') {
    const real = fs.realpathSync.native(path)
    if (/^\\\\(?![.?]\\)/.test(real) || /^\\\\\?\\UNC\\/i.test(real)) {
      throw new CashdeskError('disk.network-volume', { folder: path, type: 'unc' })
    }
    return
  }
  if (process.platform !== 'linux') return
  const type = NETWORK_TYPES.get((await fs.promises.statfs(path)).type >>> 0)
  if (type !== undefined) throw new CashdeskError('disk.network-volume', { folder: path, type })
}

/**
 * A socket in Linux' abstract namespace, named by the folder's device and inode: bound by one process at a time, gone
 * with it. The namespace belongs to the network namespace, so two containers do not see each other's; they differ in
 * their machine's name, and the second finds the journal `restored`.
 */
function lockBySocket(place: FolderPlace): Promise<DiskLock> {
  // Filled to the full length: some releases of Node pad the name with zeros, others do not.
  const name = `cashdesk-journal-${place.device}:${place.inode}`.padEnd(ABSTRACT_NAME_BYTES, '-')
  const server = createServer(socket => socket.destroy())
  server.unref()
  return new Promise((held, refused) => {
    server.once('error', error => {
      const inUse = 'code' in error && error.code === 'EADDRINUSE'
      refused(inUse ? new CashdeskError('journal.in-use', { folder: place.path }) : error)
    })
    server.listen(`\0${name}`, () => {
      held({ release: () => new Promise(released => server.close(() => released())) })
    })
  })
}

/** A file that the system opens for one process only. It stays; what locks is that it is open. */
async function lockByFile(place: FolderPlace, exclusive: number): Promise<DiskLock> {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | exclusive
  return new Promise((held, refused) => {
    fs.open(join(place.path, 'lock'), flags, 0o600, (error, handle) => {
      if (error !== null) {
        const inUse = error.code === 'EBUSY' || error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK'
        refused(inUse ? new CashdeskError('journal.in-use', { folder: place.path }) : error)
        return
      }
      let open = true
      held({
        release: async () => {
          if (open) fs.closeSync(handle)
          open = false
        },
      })
    })
  })
}
