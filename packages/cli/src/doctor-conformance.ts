// `cashdesk doctor --config till.json --conformance`: the checks of the device contract on a shop's own devices. Nothing is
// printed without `--print`, nothing is paid without `--pay`, and nobody is asked to pull a plug without `--unplug`.
import { randomBytes } from 'node:crypto'
import type {
  Clock,
  DeviceHealth,
  DevicePorts,
  OperationId,
  PaymentHooks,
  Printer,
  Scanner,
  Terminal,
} from '@cashdesk/kernel'
import { CashdeskError, newId, text } from '@cashdesk/kernel'
import type { TillOptions } from '@cashdesk/sdk'
import { type Check, conformance, type Subject } from './conformance.ts'
import { inspectFile } from './inspect.ts'
import { said } from './problems.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'

export interface ConformanceOptions {
  readonly json?: boolean
  readonly config: string
  /** Prints a short slip at each check that needs the printer's work: up to ten. */
  readonly print?: boolean
  /** Pays this amount once, in minor units, and reverses it at once. */
  readonly pay?: string
  /** Asks a person to scan one code, and to pull and plug each device. */
  readonly unplug?: boolean
  readonly scan?: boolean
  /** How long a device may take to become ready, ms; 20000 if absent. */
  readonly readyMs?: number
}

interface Tried {
  readonly family: string
  readonly name: string
  readonly checks: readonly Check[]
}

/** How long a person may take to scan, pull or plug something. */
const PERSON_MS = 60_000
const LOOK_MS = 20

/** @throws CashdeskError `config.unreadable`, `config.invalid`, `cli.usage` */
export async function conformanceOf(io: Io, options: ConformanceOptions): Promise<ExitCode> {
  const payMinor = amountOf(options.pay)
  const first = await devicesOf(options.config)
  const second = await devicesOf(options.config)
  const tried: Tried[] = []
  const tell = (line: string): void => void io.stderr.write(`${line}\n`)
  for (const [index, subject] of subjectsOf(first, second, { ...options, payMinor, tell }).entries()) {
    const { family, name } = subject.device.health()
    tell(`${family} ${name}: the device contract …`)
    const checks = await conformance(subject, ({ name: rule, result, problem }) =>
      tell(`  ${MARK[result]} ${rule}${problem === undefined ? '' : `: ${problem}`}`),
    )
    tried[index] = { family, name, checks }
  }
  const ok = tried.every(({ checks }) => checks.every(({ result }) => result !== 'broken'))
  if (options.json) sayJson(io, { ok, devices: tried })
  else for (const line of lines(tried)) sayLine(io, line)
  return ok ? EXIT.ok : EXIT.wrong
}

const MARK = { kept: '✓', broken: '✗', skipped: '·' } as const

function lines(tried: readonly Tried[]): readonly string[] {
  if (tried.length === 0) return ['The configuration names no device.']
  return tried.map(({ family, name, checks }) => {
    const count = (result: Check['result']): number => checks.filter(each => each.result === result).length
    return `${family} ${name}: ${count('kept')} kept, ${count('broken')} broken, ${count('skipped')} skipped`
  })
}

function amountOf(pay: string | undefined): number | undefined {
  if (pay === undefined) return undefined
  const amount = Number(pay)
  if (/^[1-9]\d*$/.test(pay) && Number.isSafeInteger(amount)) return amount
  throw new CashdeskError('cli.usage', { reason: `--pay wants minor units, a whole number from 1: ${pay}` })
}

interface Devices {
  readonly options: TillOptions
  /** Lines of which the system lets only one program have one: there a second driver is tried. */
  readonly serial: ReadonlySet<string>
}

async function devicesOf(file: string): Promise<Devices> {
  const { options, config, problems } = await inspectFile(file)
  if (!options || !config) throw new CashdeskError('config.invalid', { file, problems: problems.map(said) })
  const kinds = { scanner: [config.scanner].flat(), terminal: [config.terminal], printer: [config.printer] }
  const serial = Object.entries(kinds).flatMap(([family, list]) =>
    list.flatMap((one, at) => (one?.kind === 'serial' ? [`${family} ${at}`] : [])),
  )
  return { options, serial: new Set(serial) }
}

interface Wishes {
  readonly print?: boolean
  readonly payMinor: number | undefined
  readonly unplug?: boolean
  readonly scan?: boolean
  readonly readyMs?: number
  readonly tell: (line: string) => void
}

function subjectsOf(first: Devices, second: Devices, wishes: Wishes): readonly Subject[] {
  const { terminal, printer } = first.options
  const scanners = [first.options.scanner ?? []].flat()
  const others = [second.options.scanner ?? []].flat()
  return [
    ...scanners.map((scanner, at) => {
      const other = second.serial.has(`scanner ${at}`) ? others[at] : undefined
      return scannerSubject(scanner, other, wishes)
    }),
    ...(terminal ? [terminalSubject(terminal, first.options.currency, wishes)] : []),
    ...(printer
      ? [printerSubject(printer, second.serial.has('printer 0') ? second.options.printer : undefined, wishes)]
      : []),
  ]
}

// ── one subject for each family ─────────────────────────────────────────────────────────────────────────

function scannerSubject(scanner: Scanner, other: Scanner | undefined, wishes: Wishes): Subject {
  let scans = 0
  const open = (device: Scanner, changed: (health: DeviceHealth) => void): Promise<void> =>
    device.open({
      ...portsWith(changed),
      scanned: () => {
        scans += 1
      },
      discarded: () => undefined,
    })
  const works = once(async () => {
    const before = scans
    wishes.tell(`    Scan any code with ${scanner.name} now …`)
    return (await until(() => scans > before, PERSON_MS)) ? undefined : 'no code arrived'
  })
  return {
    ...base(scanner, wishes),
    open: changed => open(scanner, changed),
    ...(wishes.scan === true ? { works } : {}),
    ...(other === undefined ? {} : { second: { device: other, open: () => open(other, () => undefined) } }),
  }
}

function printerSubject(printer: Printer, other: Printer | undefined, wishes: Wishes): Subject {
  const works = async (): Promise<string | undefined> => {
    const blocks = [text('Cashdesk: test of the printer')]
    const job = {
      op: operation(),
      document: { kind: 'report', locale: 'en-GB', blocks },
      copy: false,
    } as const
    const outcome = wishes.print === true ? await printer.print(job) : await printer.status()
    return outcome.outcome === 'done' ? undefined : `is ${outcome.outcome} (${outcome.error.code})`
  }
  return {
    ...base(printer, wishes),
    open: changed => printer.open(portsWith(changed)),
    works,
    ...(other === undefined
      ? {}
      : { second: { device: other, open: () => other.open(portsWith(() => undefined)) } }),
  }
}

function terminalSubject(terminal: Terminal, currency: string, { payMinor, ...wishes }: Wishes): Subject {
  const works = once(async () => {
    if (payMinor === undefined) return undefined
    const order = { amountMinor: payMinor, currency }
    const hooks: PaymentHooks = { onApproval: async () => 'accept', onPrint: async () => undefined }
    wishes.tell(`    Pay ${payMinor} minor units (${currency}) at ${terminal.name} now …`)
    const paid = await terminal.pay({ op: operation(), ...order }, hooks)
    if (paid.outcome === 'unknown')
      return `what became of the payment is not known (${paid.error.code}): look at the terminal’s own slip, and reverse it there if it was booked`
    if (paid.outcome === 'refused') return `the payment is refused (${paid.error.code})`
    const back = await terminal.reverse({ op: operation(), ...order }, paid.data, hooks)
    if (back.outcome === 'done') return undefined
    const trace = paid.data.trace === undefined ? '' : `, trace ${paid.data.trace}`
    return `the payment was booked, and its reversal is ${back.outcome} (${back.error.code}): reverse it at the terminal${trace}`
  })
  return {
    ...base(terminal, { payMinor, ...wishes }),
    open: changed => terminal.open(portsWith(changed)),
    ...(payMinor === undefined ? {} : { works }),
  }
}

const CLOCK: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

// ── what they share ─────────────────────────────────────────────────────────────────────────────────────

function base(
  device: Scanner | Terminal | Printer,
  { unplug, readyMs, tell }: Wishes,
): Pick<Subject, 'device' | 'clock' | 'until' | 'cable' | 'readyMs'> {
  const waiting = async (state: 'absent' | 'ready', words: string): Promise<void> => {
    tell(`    ${words} ${device.family} ${device.name} now …`)
    await until(() => device.health().state === state, PERSON_MS)
  }
  const cable = {
    unplug: () => waiting('absent', 'Pull the plug of'),
    plug: () => waiting('ready', 'Plug in again'),
  }
  return {
    device,
    clock: CLOCK,
    until,
    ...(unplug === true ? { cable } : {}),
    ...(readyMs === undefined ? {} : { readyMs }),
  }
}

async function until(done: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs
  while (!done() && performance.now() < endMs) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  return done()
}

function portsWith(healthChanged: (health: DeviceHealth) => void): DevicePorts {
  return {
    clock: CLOCK,
    random: { bytes: length => randomBytes(length) },
    log: () => undefined,
    healthChanged,
  }
}

/** What costs a person's time or money is done at the first check that asks for it, and not again. */
function once(work: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let first = true
  return async () => {
    if (!first) return undefined
    first = false
    return await work()
  }
}

function operation(): OperationId {
  const nonce = randomBytes(16).toString('hex')
  // As the sdk names its own: what `newId` answers is an operation's id.
  return newId({ at: Date.now(), nonce }, 0) as OperationId
}
