// What tells this machine from another one, so that a copied journal is noticed. The machine's id itself is nobody's
// business: only a hash of it is kept (systemd's machine-id(5) asks for that).
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'

/** Written by the installer of the system, and the same for its whole life. */
const LINUX_FILES: readonly string[] = ['/etc/machine-id', '/var/lib/dbus/machine-id']
/** The tools below answer in milliseconds. */
const TOOL_TIMEOUT_MS = 10_000

/**
 * 16 hex digits.
 * @param given takes the place of the system's own id
 * @throws CashdeskError `disk.failed` where the system should have an id and does not give it
 */
export async function machineName(given?: string): Promise<string> {
  const name = given === undefined ? await systemName() : `given:${given}`
  return createHash('sha256').update(`cashdesk-journal ${name}`).digest('hex').slice(0, 16)
}

async function systemName(): Promise<string> {
  switch (process.platform) {
    case 'win32':
      return `windows:${await windowsGuid()}`
    case 'darwin':
      return `mac:${await macUuid()}`
    default:
      return unixName()
  }
}

async function unixName(): Promise<string> {
  for (const file of LINUX_FILES) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (/^[0-9a-f]{32}\s*$/.test(text)) return `linux:${text.trim()}`
  }
  return `host:${hostname()}`
}

async function windowsGuid(): Promise<string> {
  const tool = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'reg.exe')
  const key = 'HKLM\\SOFTWARE\\Microsoft\\Cryptography'
  const said = await output(tool, ['query', key, '/v', 'MachineGuid', '/reg:64'])
  return found(/MachineGuid\s+REG_SZ\s+(\S+)/.exec(said), 'MachineGuid')
}

async function macUuid(): Promise<string> {
  const said = await output('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'])
  return found(/"IOPlatformUUID" = "([^"]+)"/.exec(said), 'IOPlatformUUID')
}

/** No second-best name here: one that differs from time to time would make the till stop for nothing. */
function found(match: RegExpExecArray | null, what: string): string {
  const value = match?.[1]
  if (value !== undefined) return value
  throw new CashdeskError('disk.failed', { call: 'identity', reason: `no ${what}` })
}

function output(tool: string, args: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    execFile(tool, [...args], { timeout: TOOL_TIMEOUT_MS, windowsHide: true }, (error, stdout) =>
      resolve(error === null ? stdout : ''),
    )
  })
}
