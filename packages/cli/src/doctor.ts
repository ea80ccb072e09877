// `cashdesk doctor`: what this machine has for a checkout, what is missing and what to do about it. Changes nothing; with
// a configuration it also asks that till's devices whether they are there.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { reachDevices } from './connect.ts'
import { serialFinding, spoolerFindings, usbFindings, wayOut } from './doctor-found.ts'
import { LIBRARIES, type Library, type LibraryState, tryLibrary } from './doctor-libraries.ts'
import { type FoundDevice, linuxDevices } from './doctor-linux.ts'
import { type CardService, cardService, nodeIsTooOld, syncSpeed } from './doctor-machine.ts'
import { reasonOf } from './file-error.ts'
import { inspectFile } from './inspect.ts'
import { said } from './problems.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'

export interface DoctorOptions {
  readonly json?: boolean
  /** The configuration of a till: its place and its devices are looked at too. */
  readonly config?: string
}

/** `wrong` makes the command end with 1; a `note` says what could be had. */
export interface Finding {
  readonly area:
    | 'node'
    | 'disk'
    | 'library'
    | 'serial'
    | 'hid'
    | 'usb'
    | 'spooler'
    | 'cards'
    | 'config'
    | 'device'
  readonly name: string
  readonly verdict: 'ok' | 'note' | 'wrong'
  readonly said: string
  /** What to do. */
  readonly next?: string
  readonly facts?: { readonly [name: string]: string | number }
}

/** The answer of `cashdesk doctor --json`. */
export interface DoctorReport {
  readonly ok: boolean
  readonly platform: string
  readonly findings: readonly Finding[]
}

/** Where it looks; a test has its own places. */
export interface Machine {
  readonly platform: string
  /** What `/sys`, `/dev` and `/etc` lie under. */
  readonly root: string
  readonly nodeVersion: string
  readonly cardService: (platform: string) => Promise<CardService>
  readonly cardReaders: () => Promise<Finding>
  readonly tryLibrary: (library: Library, list: boolean) => Promise<LibraryState>
}

const HERE: Machine = {
  platform: process.platform,
  root: '/',
  nodeVersion: process.version,
  cardService,
  cardReaders: async () => {
    const { cardReaders } = await import('./doctor-readers.ts')
    return await cardReaders(process.env['PCSCLITE_CSOCK_NAME'])
  },
  tryLibrary,
}

export async function doctor(io: Io, options: DoctorOptions, machine: Machine = HERE): Promise<ExitCode> {
  const report = await examine(options, machine)
  if (options.json) sayJson(io, report)
  else for (const line of lines(report)) sayLine(io, line)
  return report.ok ? EXIT.ok : EXIT.wrong
}

async function examine({ config }: DoctorOptions, machine: Machine): Promise<DoctorReport> {
  const libraries = await Promise.all(
    LIBRARIES.filter(({ platforms }) => platforms?.includes(machine.platform) ?? true).map(async library => {
      const state = await machine.tryLibrary(library, machine.platform !== 'linux')
      return { library, state }
    }),
  )
  const found = machine.platform === 'linux' ? linuxDevices(machine.root) : []
  const findings: Finding[] = [
    nodeFinding(machine.nodeVersion),
    ...libraries.map(({ library, state }) => libraryFinding(library, state, machine.platform)),
    ...serialFinding(
      found,
      libraries.map(({ state }) => state),
      machine.platform,
    ),
    ...usbFindings(
      found,
      libraries.map(({ state }) => state),
      machine.platform,
    ),
    ...spoolerFindings(libraries.map(({ state }) => state)),
    ...(await cardFindings(
      machine,
      libraries.some(({ library, state }) => library.owner === '@cashdesk/nfc' && state.state === 'loaded'),
    )),
    ...(config === undefined ? [await diskFinding('.')] : await tillFindings(config, found)),
  ]
  return { ok: !findings.some(({ verdict }) => verdict === 'wrong'), platform: machine.platform, findings }
}

function nodeFinding(version: string): Finding {
  if (!nodeIsTooOld(version)) return { area: 'node', name: version, verdict: 'ok', said: 'is supported' }
  return {
    area: 'node',
    name: version,
    verdict: 'wrong',
    said: 'is too old',
    next: 'Install Node 20.19 or newer: https://nodejs.org',
  }
}

function libraryFinding(
  { name, use, install, needs }: Library,
  state: LibraryState,
  platform: string,
): Finding {
  const version = state.version === undefined ? '' : ` ${state.version}`
  if (state.state === 'loaded') {
    return { area: 'library', name: `${name}${version}`, verdict: 'ok', said: `is there, for ${use}` }
  }
  const before = needs?.[platform]
  const next = `${before === undefined ? '' : `${before}; then `}${install}`
  if (state.state === 'missing') {
    return { area: 'library', name, verdict: 'note', said: `is not installed; it is for ${use}`, next }
  }
  const why = `is installed but cannot be loaded (${state.reason ?? 'it does not say why'}); it is for ${use}`
  return { area: 'library', name: `${name}${version}`, verdict: 'note', said: why, next }
}

const CARD_SERVICE: { readonly [state in CardService]: { readonly [platform: string]: string } } = {
  runs: {},
  stopped: {
    linux: 'Start it: sudo systemctl enable --now pcscd.socket',
    win32: 'Windows starts it when a reader is plugged in; otherwise: sc start SCardSvr',
  },
  missing: {
    linux: 'Install it: sudo apt install pcscd (Debian, Ubuntu), sudo dnf install pcsc-lite (Fedora)',
    win32: 'It belongs to Windows: switch the service "Smart Card" on',
  },
  unknown: { linux: 'Look at: systemctl status pcscd.socket' },
}

/** The service, and its readers where it runs and there is a package to ask it with. */
async function cardFindings(machine: Machine, canAsk: boolean): Promise<readonly Finding[]> {
  const service = await machine.cardService(machine.platform)
  const finding = cardsFinding(service, machine.platform)
  return service === 'runs' && canAsk ? [finding, await machine.cardReaders()] : [finding]
}

function cardsFinding(state: CardService, platform: string): Finding {
  const about = { area: 'cards', name: 'PC/SC service' } as const
  if (state === 'runs') return { ...about, verdict: 'ok', said: 'runs' }
  const next = CARD_SERVICE[state][platform]
  const how =
    state === 'missing' ? 'is not installed' : state === 'stopped' ? 'does not run' : 'does not answer'
  const word = `${how}; readers of chip cards and NFC need it, nothing else does`
  return { ...about, verdict: 'note', said: word, ...(next === undefined ? {} : { next }) }
}

/** A sale needs a few syncs: from here on a cashier feels them. */
const SLOW_SYNC_MS = 25
/** No disk that keeps what it says is quicker; memory is. */
const IMPOSSIBLE_SYNC_MS = 0.005

async function diskFinding(dir: string): Promise<Finding> {
  let folder = resolve(dir)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const speed = await syncSpeed(folder)
    const about = { area: 'disk', name: folder, facts: { ...speed } } as const
    const figure = `makes a record durable in ${speed.medianMs} ms (median), ${speed.worstMs} ms at worst`
    if (speed.medianMs > SLOW_SYNC_MS) {
      return { ...about, verdict: 'note', said: figure, next: 'Put the journal on a solid-state disk.' }
    }
    if (speed.medianMs < IMPOSSIBLE_SYNC_MS) {
      const next = 'Is it memory (tmpfs), or a disk that does not wait? What it acknowledges may be lost.'
      return { ...about, verdict: 'note', said: figure, next }
    }
    return { ...about, verdict: 'ok', said: figure }
  } catch (thrown) {
    const reason = reasonOf(thrown)
    const next = 'Give this user the right to write there, or name another place.'
    return { area: 'disk', name: folder, verdict: 'wrong', said: `cannot be written (${reason})`, next }
  }
}

/** @throws CashdeskError `config.unreadable` */
async function tillFindings(file: string, found: readonly FoundDevice[]): Promise<readonly Finding[]> {
  const { options, problems } = await inspectFile(file)
  if (options === undefined) {
    const word = problems.map(said).join('; ')
    const next = `cashdesk check ${file} shows every mistake with its place.`
    return [{ area: 'config', name: file, verdict: 'wrong', said: word, next }]
  }
  const devices = await reachDevices(options, true)
  return [
    { area: 'config', name: file, verdict: 'ok', said: 'is in order' },
    await diskFinding(options.dir),
    ...devices.map(({ family, name, trouble, facts }): Finding => {
      const about = { area: 'device', name: `${family} ${name}` } as const
      if (trouble === undefined) {
        const told = Object.entries(facts ?? {}).map(([key, value]) => [key, String(value)] as const)
        return { ...about, verdict: 'ok', said: 'answers', facts: Object.fromEntries(told) }
      }
      const given = trouble.detail?.['holder'] ?? trouble.detail?.['reason']
      const why = given === undefined ? '' : String(given)
      const reason = why === '' ? '' : ` (${why})`
      return {
        ...about,
        verdict: 'wrong',
        said: `${trouble.code}${reason}: ${trouble.message}`,
        next: wayOut(why, found) ?? trouble.next,
      }
    }),
  ]
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

const MARK = { ok: '✓', note: '·', wrong: '✗' } as const

function lines({ ok, findings }: DoctorReport): readonly string[] {
  const rows = findings.flatMap(({ area, name, verdict, said: word, next }) => [
    `${MARK[verdict]} ${area.padEnd(8)} ${name}: ${word}`,
    ...(next === undefined ? [] : [`             → ${next}`]),
  ])
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length
  const end = ok ? 'Nothing is wrong.' : `${wrong} of these must be put right.`
  return [...rows, '', end]
}
