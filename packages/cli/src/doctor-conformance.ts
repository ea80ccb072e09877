// `cashdesk doctor --config till.json --conformance`: the checks of the device contract on a shop's own devices. Nothing is
// printed without `--print`, nothing is paid without `--pay`, and nobody is asked to pull a plug without `--unplug`.
import { CashdeskError } from '@cashdesk/kernel'
import type { TillOptions } from '@cashdesk/sdk'
import { type Check, conformance, type Subject } from './conformance.ts'
import {
  nfcSubject,
  pinpadSubject,
  printerSubject,
  scannerSubject,
  terminalSubject,
  type Wishes,
} from './conformance-subjects.ts'
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
  /** Asks a person to pull and plug each device. */
  readonly unplug?: boolean
  /** Asks a person to scan one code. */
  readonly scan?: boolean
  /** Asks a person to hold a card to each reader. */
  readonly tap?: boolean
  /** Asks a person to type four digits at the PIN pad. */
  readonly pin?: boolean
  /** How long a device may take to become ready, ms; 20000 if absent. */
  readonly readyMs?: number
}

interface Tried {
  readonly family: string
  readonly name: string
  readonly checks: readonly Check[]
}

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
  const kinds = {
    scanner: [config.scanner].flat(),
    terminal: [config.terminal],
    printer: [config.printer],
    pinpad: [config.pinpad],
  }
  const serial = Object.entries(kinds).flatMap(([family, list]) =>
    list.flatMap((one, at) => (one?.kind === 'serial' ? [`${family} ${at}`] : [])),
  )
  return { options, serial: new Set(serial) }
}

function subjectsOf(first: Devices, second: Devices, wishes: Wishes): readonly Subject[] {
  const { terminal, printer, pinpad } = first.options
  const scanners = [first.options.scanner ?? []].flat()
  const others = [second.options.scanner ?? []].flat()
  const other = <D>(name: string, device: D): D | undefined => (second.serial.has(name) ? device : undefined)
  return [
    ...scanners.map((scanner, at) => scannerSubject(scanner, other(`scanner ${at}`, others[at]), wishes)),
    ...(terminal ? [terminalSubject(terminal, first.options.currency, wishes)] : []),
    ...(printer ? [printerSubject(printer, other('printer 0', second.options.printer), wishes)] : []),
    ...[first.options.nfc ?? []].flat().map(reader => nfcSubject(reader, wishes)),
    ...(pinpad ? [pinpadSubject(pinpad, other('pinpad 0', second.options.pinpad), wishes)] : []),
  ]
}
