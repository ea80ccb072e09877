// `cashdesk check FILE`: every mistake of a configuration at once, or what the till would be. Nothing is opened and
// nothing is changed, unless `--connect` asks the devices whether they are there.
import type { ErrorReport } from '@cashdesk/kernel'
import { type DeviceAnswer, reachDevices } from './connect.ts'
import { type Inspection, inspectFile, type SecretUse } from './inspect.ts'
import { lookAtPlace, type PlaceReport } from './place.ts'
import { type Problem, said } from './problems.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'

export interface CheckOptions {
  readonly json?: boolean
  /** Opens the devices and says which answer. */
  readonly connect?: boolean
}

/** The answer of `cashdesk check --json`. */
export interface CheckReport {
  readonly file: string
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly till?: TillSummary
}

export interface TillSummary {
  readonly lane: string
  readonly currency: string
  readonly locale: string
  readonly place: PlaceReport
  readonly devices: readonly DeviceAnswer[]
  readonly plugins: readonly { readonly name: string; readonly version: string; readonly claims: string }[]
  readonly articles?: number
  readonly secrets: readonly SecretUse[]
}

/** @throws CashdeskError `config.unreadable` */
export async function check(io: Io, file: string, options: CheckOptions): Promise<ExitCode> {
  const report = await checkFile(file, options)
  if (options.json) sayJson(io, report)
  else for (const line of lines(report)) sayLine(io, line)
  return report.ok ? EXIT.ok : EXIT.wrong
}

async function checkFile(file: string, { connect }: CheckOptions): Promise<CheckReport> {
  const inspection = await inspectFile(file)
  const till = await summary(inspection, connect === true)
  if (!till) return { file, ok: false, problems: inspection.problems }
  const problems = [
    ...(till.place.trouble ? [problemOf('dir', till.place.trouble)] : []),
    ...till.devices.flatMap(({ path, trouble }) => (trouble ? [problemOf(path, trouble)] : [])),
  ]
  return { file, ok: problems.length === 0, problems, till }
}

async function summary(inspection: Inspection, connect: boolean): Promise<TillSummary | undefined> {
  const { config, options, plugins = [], articles, secrets } = inspection
  if (!config || !options) return undefined
  return {
    lane: config.lane,
    currency: config.currency,
    locale: config.locale ?? 'en-GB',
    place: await lookAtPlace(options.dir),
    devices: await reachDevices(options, connect),
    plugins: plugins.map(({ name, version, participant }) => ({ name, version, claims: participant.claims })),
    ...(articles === undefined ? {} : { articles }),
    secrets,
  }
}

function problemOf(path: string, { code, message, next, detail }: ErrorReport): Problem {
  const reason = detail?.['reason'] === undefined ? '' : ` (${String(detail['reason'])})`
  return { path, code, message: `${code}${reason}: ${message} ${next}` }
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

function lines({ file, problems, till }: CheckReport): readonly string[] {
  const count = problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`
  const verdict = problems.length === 0 ? `${file}: in order` : `${file}: ${count}`
  const wrong = problems.map(problem => `  ${said(problem)}`)
  return [verdict, ...wrong, ...(till ? tillLines(till) : [])]
}

function tillLines(till: TillSummary): readonly string[] {
  const { place, devices, plugins, secrets, articles } = till
  const { journal } = place
  const written = journal ? `${journal.records} records in ${journal.segments} segments` : 'none yet'
  const torn = journal?.tear === true ? ', with an unfinished end that the next start cuts off' : ''
  const named = secrets.map(({ path, reference }) => `${path} from ${reference}`)
  return [
    '',
    `lane      ${till.lane}, ${till.currency}, ${till.locale}`,
    `dir       ${place.dir}, ${place.exists ? '' : 'will be made, '}${place.writable ? 'writable' : 'NOT WRITABLE'}`,
    `journal   ${place.trouble && !journal ? 'not read' : `${written}${torn}`}`,
    ...devices.map(({ family, name, answer }) => `${family.padEnd(9)} ${name}${answer ? `: ${answer}` : ''}`),
    ...plugins.map(({ name, version, claims }) => `plugin    ${name} ${version}, claims: ${claims}`),
    `articles  ${articles ?? 'from the register'}`,
    `secrets   ${named.length === 0 ? 'none' : named.join(', ')}`,
  ]
}
