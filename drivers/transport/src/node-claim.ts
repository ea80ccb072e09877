// Who else has the device? A device is claimed by opening it: the system's own lock refuses a second program, and dies with
// the first. Here that refusal is told from other failures, and where the system says so, by whom.
import { readFile, stat } from 'node:fs/promises'
import { CashdeskError } from '@cashdesk/kernel'
import { reasonOf } from './attempt.ts'

/**
 * `transport.claimed` if `error` says that another program has the device at `path`, else `error` as it is.
 * `detail.holder` names that program on Linux, as far as this user may know: `python3 (1234)`.
 */
export async function claimedOr(error: unknown, name: string, path: string): Promise<unknown> {
  const reason = error instanceof Error ? `${reasonOf(error)} ${error.message}` : String(error)
  if (!isClaimed(reason)) return error
  const holder = await holderOf(path)
  const detail = { name, reason: reasonOf(error), ...(holder === undefined ? {} : { holder }) }
  return new CashdeskError('transport.claimed', detail, { cause: error })
}

/**
 * POSIX: the lock that `serialport` takes (flock), or EBUSY where somebody has the line for himself (TIOCEXCL) or a class
 * driver takes one program at a time. Windows opens a COM port for one program only, and says "Access denied".
 */
function isClaimed(reason: string): boolean {
  return /cannot lock port|\bEBUSY\b|resource busy|access denied/i.test(reason)
}

/** `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 4711 00:18:5 0 EOF`, the file as major:minor:inode. */
async function holderOf(path: string): Promise<string | undefined> {
  try {
    const { ino } = await stat(path)
    const locks = await readFile('/proc/locks', 'utf8')
    const line = locks.split('\n').find(each => each.includes(' FLOCK ') && each.includes(`:${ino} `))
    const pid = line?.trim().split(/\s+/)[4]
    if (pid === undefined) return undefined
    const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')
    return `${command.trim()} (${pid})`
  } catch {
    return undefined
  }
}
