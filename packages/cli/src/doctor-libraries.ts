// The packages with native code that some devices need. Each is loaded in a process of its own: one that cannot be loaded
// here may end the process that tries. Where the system's own files do not tell which devices there are, they are asked.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Library {
  readonly name: string
  /** What it is needed for. */
  readonly use: string
  /** The workspace that has it as an optional dependency, whose place in node_modules counts. */
  readonly owner: string
  readonly install: string
  /** What its native code needs that npm does not bring, by `process.platform`. */
  readonly needs?: { readonly [platform: string]: string }
  /** Where it is of any use, by `process.platform`; everywhere if absent. */
  readonly platforms?: readonly string[]
}

export interface LibraryState {
  readonly name: string
  readonly state: 'loaded' | 'missing' | 'cannot load'
  readonly version?: string
  readonly reason?: string
  /** What it lists, where it was asked to. */
  readonly listed?: readonly unknown[]
}

export const LIBRARIES: readonly Library[] = [
  {
    name: 'serialport',
    use: 'devices on serial lines (RS-232, USB CDC)',
    owner: '@cashdesk/transport',
    install: 'npm install serialport@13',
  },
  {
    name: 'usb',
    use: 'printers on USB without a driver of the system',
    owner: '@cashdesk/transport',
    install: 'npm install usb@3.1.0',
  },
  {
    name: 'koffi',
    use: 'printers that only the print spooler reaches',
    owner: '@cashdesk/transport',
    install: 'npm install koffi@3.3.4',
    platforms: ['win32'],
  },
  {
    name: 'node-hid',
    use: 'scanners in HID POS mode',
    owner: '@cashdesk/scanner',
    install: 'npm install node-hid@3.4.0',
  },
  {
    name: 'nfc-pcsc',
    use: 'NFC and chip card readers',
    owner: '@cashdesk/nfc',
    install: 'npm install nfc-pcsc@0.8.1',
    needs: {
      linux: 'it is compiled: sudo apt install build-essential python3 libpcsclite-dev',
      win32: 'it is compiled: Visual Studio Build Tools with C++',
      darwin: 'it is compiled: xcode-select --install',
    },
  },
  {
    name: 'pcsc-mini',
    use: 'NFC and chip card readers where nfc-pcsc cannot be built',
    owner: '@cashdesk/nfc',
    install: 'npm install pcsc-mini@0.1.3',
    needs: { linux: 'sudo apt install libpcsclite1' },
  },
]

/** Loading native code takes milliseconds; a disk that has just woken up takes seconds. */
const LOAD_LIMIT_MS = 15_000
/** A list of ports is short. */
const MOST_OUTPUT = 1_000_000

/** How each package lists what it sees. On Linux /sys tells more, and `serialport` would need udevadm. */
const LISTING: { readonly [name: string]: string } = {
  serialport: 'await m.SerialPort.list()',
  'node-hid': '(m.default ?? m).devices()',
  // Without the service there is no list; the package is there all the same.
  koffi: 'await (await import(owner)).spooledPrinters().catch(() => undefined)',
}

/** `list`: also ask it which devices it sees. */
export function tryLibrary({ name, owner }: Library, list: boolean): Promise<LibraryState> {
  const place = whereIs(name, owner)
  if (place === undefined) return Promise.resolve({ name, state: 'missing' })
  const listing = list ? (LISTING[name] ?? 'undefined') : 'undefined'
  const script = `const m = await import(${JSON.stringify(place.main)})
const owner = ${JSON.stringify(ownerPlace(owner) ?? '')}
process.stdout.write(JSON.stringify({ listed: ${listing} }))
process.exit(0)`
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), LOAD_LIMIT_MS)
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out = (out + part).slice(0, MOST_OUTPUT)
    })
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      err = (err + part).slice(-MOST_OUTPUT)
    })
    child.on('error', error => {
      err += error.message
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const version = place.version === undefined ? {} : { version: place.version }
      if (code === 0) resolve({ name, state: 'loaded', ...version, ...listedIn(out) })
      else resolve({ name, state: 'cannot load', ...version, reason: reasonOf(err, code, signal) })
    })
  })
}

function whereIs(name: string, owner: string): { main: string; version?: string } | undefined {
  for (const from of [ownerPlace(owner), import.meta.url]) {
    if (from === undefined) continue
    const require = createRequire(from)
    try {
      const main = require.resolve(name)
      return { main: pathToFileURL(main).href, ...versionAbove(main, name) }
    } catch {
      // Another place may have it.
    }
  }
  return undefined
}

/** Not every package lets its package.json be required. */
function versionAbove(main: string, name: string): { version?: string } {
  const end = main.lastIndexOf(join('node_modules', ...name.split('/')))
  if (end < 0) return {}
  try {
    const folder = join(main.slice(0, end), 'node_modules', ...name.split('/'))
    const { version } = Object(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
    return typeof version === 'string' ? { version } : {}
  } catch {
    return {}
  }
}

function ownerPlace(owner: string): string | undefined {
  try {
    return import.meta.resolve(owner)
  } catch {
    return undefined
  }
}

function listedIn(out: string): Pick<LibraryState, 'listed'> {
  try {
    const { listed } = Object(JSON.parse(out))
    return Array.isArray(listed) ? { listed } : {}
  } catch {
    return {}
  }
}

/** The sentence of what was thrown; the rest of a stack says nothing to a shop. */
function reasonOf(err: string, code: number | null, signal: string | null): string {
  const line = err.split('\n').find(each => /^\w*Error\b.*: /.test(each))
  if (line !== undefined) return line.slice(0, 300)
  if (signal === 'SIGKILL')
    return `it did not load within ${LOAD_LIMIT_MS / 1000} s; look again when this machine has less to do`
  return signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`
}
