// `cashdesk support DIR`: one file for the support line. What is nobody's business is taken out, and a manifest says what
// is in it and what is not. Reads beside a running till, and from a damaged journal what is whole.

import { readdir, stat, writeFile } from 'node:fs/promises'
import { homedir, release } from 'node:os'
import { join, resolve } from 'node:path'
import { CashdeskError, type Step } from '@cashdesk/kernel'
import { nodeSecrets, resolveSecret } from '@cashdesk/sdk'
import { fileError, reasonOf } from './file-error.ts'
import { inspectFile } from './inspect.ts'
import { overviewLines, overviewOf, SaleCensus } from './overview.ts'
import { said } from './problems.ts'
import { type BeforeStep, type Reading, readableAt, readBook } from './reading.ts'
import { Redaction } from './redaction.ts'
import { EXIT, type ExitCode, type Io, sayJson, sayLine } from './say.ts'
import { wholeGiven } from './show.ts'
import { verified } from './verify.ts'
import { version } from './version.ts'
import { counted, dayOf, timeOf } from './words.ts'
import { type ZipEntry, zip } from './zip.ts'

export interface SupportOptions {
  readonly json?: boolean
  readonly config?: string
  readonly out?: string
  /** The most steps of the journal that go in, the newest. */
  readonly steps?: string
}

interface BundleFile extends ZipEntry {
  readonly what: string
}

const STEPS = 2_000
/** Sales that are listed. */
const LATEST = 50
const MOST_STEPS = 100_000

/** @throws CashdeskError `journal.absent`, `journal.not-ours`, `cli.usage`, `config.unreadable`, `disk.failed`, `cli.file` */
export async function supportBundle(io: Io, dir: string, options: SupportOptions): Promise<ExitCode> {
  const now = new Date()
  const steps = wholeGiven('--steps', options.steps, MOST_STEPS) ?? STEPS
  const redaction = new Redaction()
  const home = homedir()
  if (home.length > 1) redaction.forbid(home, '~')
  const latest: { readonly record: number; readonly step: Step }[] = []
  const census = new SaleCensus({ limit: LATEST })
  const keep: BeforeStep = (step, record) => {
    latest.push({ record, step })
    if (latest.length > steps) latest.shift()
  }
  const book = await readBook(dir, keep, census.ended)
  const config = options.config === undefined ? [] : await configFiles(options.config, redaction)
  const files = [
    ...config,
    ...(await tillFiles(book, census, redaction, now.getTime())),
    {
      name: 'steps.jsonl',
      what: `the last ${counted(latest.length, 'step')} of the journal, one a line`,
      text: latest
        .map(({ record, step }) => `${JSON.stringify(redaction.clean({ record, ...step }))}\n`)
        .join(''),
    },
  ]
  // Only now is everything known that must not be in any of them.
  const swept = files.map(({ text, ...file }) => ({ ...file, text: redaction.sweep(text) }))
  const entries = [manifest(swept, redaction, now), ...swept]
  const lane = book.lane.config?.lane.replace(/[^\w-]/g, '_') ?? 'till'
  const stamp = `${dayOf(now.getTime())}-${timeOf(now.getTime())}`.replaceAll(/[-:]/g, '')
  const file = resolve(options.out ?? `cashdesk-support-${lane}-${stamp}.zip`)
  await save(file, zip(entries, now))
  const takenOut = Object.fromEntries(redaction.counts)
  if (options.json) sayJson(io, { file, files: entries.map(({ name }) => name), takenOut })
  else for (const line of lines(file, entries, takenOut)) sayLine(io, line)
  return EXIT.ok
}

/** Never an existing file, and readable by nobody else. */
async function save(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx', mode: 0o600 })
  } catch (thrown) {
    if (reasonOf(thrown) === 'EEXIST')
      throw new CashdeskError('cli.usage', { reason: `${file} is there already` })
    throw fileError(file, thrown)
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** The configuration, its mistakes in sentences, and every secret made known to the redaction. */
async function configFiles(file: string, redaction: Redaction): Promise<readonly BundleFile[]> {
  const { problems, secrets, document } = await inspectFile(file)
  for (const { reference, found } of secrets) {
    if (found) redaction.forbid(resolveSecret({ secret: reference }, nodeSecrets))
  }
  const mistakes = { problems: problems.map(said), secrets }
  return [
    {
      name: 'config.json',
      what: 'the configuration, without credentials',
      text: json(redaction.clean(document)),
    },
    {
      name: 'config-problems.json',
      what: 'what `cashdesk check` says about it',
      // Sentences that never repeat a value, and names of secrets.
      text: json(mistakes),
    },
  ]
}

async function tillFiles(
  book: Reading,
  census: SaleCensus,
  redaction: Redaction,
  now: number,
): Promise<readonly BundleFile[]> {
  const { dir } = book
  const overview = redaction.clean(overviewOf(book, census))
  const clean = (value: unknown): string => json(redaction.clean(value))
  return [
    { name: 'system.json', what: 'versions and system', text: clean(systemFacts(now)) },
    { name: 'verify.json', what: 'whether the journal is whole', text: clean(await verified(dir)) },
    { name: 'files.json', what: 'names and sizes of the journal’s files', text: clean(await listing(dir)) },
    {
      name: 'overview.json',
      what: 'sales by state, what is pending and why, open tasks, the latest sales',
      text: json(overview),
    },
    {
      name: 'overview.txt',
      what: 'the same to be read',
      text: `${overviewLines(overview, now).join('\n')}\n`,
    },
  ]
}

function systemFacts(now: number): object {
  return {
    cashdesk: version(),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    release: release(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    madeAt: now,
  }
}

async function listing(dir: string): Promise<readonly object[]> {
  const folder = join(dir, readableAt(dir).folder)
  const names = (await readdir(folder)).sort()
  return Promise.all(
    names.map(async file => {
      const { size, mtimeMs } = await stat(join(folder, file))
      return { file, bytes: size, changedAt: Math.round(mtimeMs) }
    }),
  )
}

function manifest(files: readonly BundleFile[], redaction: Redaction, now: Date): BundleFile {
  const name = 'MANIFEST.txt'
  const longest = Math.max(...files.map(file => file.name.length))
  const taken = [...redaction.counts].map(([what, count]) => `  ${what}: ${count}`)
  const text = [
    `Cashdesk support bundle, made ${dayOf(now.getTime())} ${timeOf(now.getTime())} by cashdesk ${version()}.`,
    '',
    'In it:',
    ...files.map(
      file => `  ${file.name.padEnd(longest)}  ${file.what} (${Buffer.byteLength(file.text)} bytes)`,
    ),
    '',
    'Taken out, and how often:',
    ...(taken.length === 0 ? ['  nothing'] : taken),
    '',
    'Serials, codes and references keep their last four characters. An operator has the same made-up name',
    'everywhere in this bundle, and another one in the next. Card numbers are never in a journal as a whole.',
    'Passwords, keys and PINs are never in a journal at all. Names and prices of articles are kept.',
    '',
  ].join('\n')
  return { name, what: 'this page', text }
}

function lines(file: string, entries: readonly ZipEntry[], takenOut: object): readonly string[] {
  const taken = Object.entries(takenOut).map(([what, count]) => `  ${what}: ${count}`)
  return [
    `Written to ${file}: ${entries.map(({ name }) => name).join(', ')}.`,
    ...(taken.length === 0 ? ['There was nothing to take out.'] : ['Taken out:', ...taken]),
    'MANIFEST.txt inside says what it holds. Look through it before you send it.',
  ]
}
