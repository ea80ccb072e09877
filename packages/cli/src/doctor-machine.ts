// What `cashdesk doctor` looks at beside devices: the version of Node, how quickly the disk below the journal makes
// something durable, and whether the service for smart card readers is there.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

/** The oldest Node that all packages are tested on. */
const OLDEST_NODE = [20, 19] as const

export function nodeIsTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
}

export interface DiskSpeed {
  /** Median of a 300-byte write and its fdatasync, ms. */
  readonly medianMs: number
  readonly worstMs: number
}

const SYNCS = 30
/** A record of a sale is about so long. */
const RECORD_BYTES = 300

/**
 * Writes and syncs some records in a file of its own in `folder`, and removes it again.
 * @throws what the file system says
 */
export async function syncSpeed(folder: string): Promise<DiskSpeed> {
  const own = await mkdtemp(join(folder, '.cashdesk-doctor-'))
  try {
    const file = await open(join(own, 'probe'), 'w')
    try {
      // As in the journal: the file has its size before, so that a sync needs to write no metadata.
      await file.write(new Uint8Array(SYNCS * RECORD_BYTES))
      await file.sync()
      const times: number[] = []
      for (let turn = 0; turn < SYNCS; turn += 1) {
        const started = performance.now()
        await file.write(new Uint8Array(RECORD_BYTES).fill(turn), 0, RECORD_BYTES, turn * RECORD_BYTES)
        await file.datasync()
        times.push(performance.now() - started)
      }
      times.sort((a, b) => a - b)
      const rounded = (ms: number | undefined): number => Math.round((ms ?? 0) * 1000) / 1000
      return { medianMs: rounded(times[SYNCS / 2]), worstMs: rounded(times.at(-1)) }
    } finally {
      await file.close()
    }
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

export type CardService = 'runs' | 'stopped' | 'missing' | 'unknown'

/** pcsc-lite's socket (`pcscd --help`); the variable is its own too. */
const PCSCD_SOCKET = '/run/pcscd/pcscd.comm'
const SERVICE_LIMIT_MS = 2_000

/** Is there a PC/SC service? macOS has one always; Windows starts its own when a reader is plugged in. */
export function cardService(
  platform: string,
  socket: string = process.env['PCSCLITE_CSOCK_NAME'] ?? PCSCD_SOCKET,
): Promise<CardService> {
  if (platform === 'linux') return socketAnswers(socket)
  if (platform === 'win32') return windowsService()
  return Promise.resolve(platform === 'darwin' ? 'runs' : 'unknown')
}

function socketAnswers(path: string): Promise<CardService> {
  if (!existsSync(path)) {
    const programs = ['/usr/sbin/pcscd', '/usr/bin/pcscd', '/usr/local/sbin/pcscd']
    return Promise.resolve(programs.some(each => existsSync(each)) ? 'stopped' : 'missing')
  }
  return new Promise(resolve => {
    const socket = connect(path)
    const settle = (answer: CardService): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(SERVICE_LIMIT_MS, () => settle('unknown'))
    socket.once('connect', () => settle('runs'))
    // Left behind by a service that is gone, or not ours to open.
    socket.once('error', error => settle('code' in error && error.code === 'EACCES' ? 'unknown' : 'stopped'))
  })
}

function windowsService(): Promise<CardService> {
  return new Promise(resolve => {
    const child = spawn(
      join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'sc.exe'),
      ['query', 'SCardSvr'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: SERVICE_LIMIT_MS,
      },
    )
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out = (out + part).slice(0, 10_000)
    })
    child.on('error', () => resolve('unknown'))
    child.on('close', code => resolve(code !== 0 ? 'missing' : /RUNNING/.test(out) ? 'runs' : 'stopped'))
  })
}
