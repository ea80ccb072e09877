// The example register's program: what was asked for, who plays cashier and customer, and how it ended.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { Command, CommanderError } from 'commander'
import { type Accident, accidentNamed, endOf, listOfAccidents } from './accidents.ts'
import { runScripted } from './auto.ts'
import { runInteractive } from './interactive.ts'
import { problemsOf } from './report.ts'
import { writtenStory } from './story.ts'

const USAGE = 2
const WRONG = 1

interface Options {
  readonly auto?: true
  readonly json?: true
  readonly dir?: string
  readonly fault?: string
}

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const options = parse(argv)
  if (typeof options === 'number') return options
  const { fault, json = false } = options
  if (fault === 'list') {
    process.stdout.write(`${listOfAccidents()}\n`)
    return 0
  }
  const accident = fault === undefined ? undefined : accidentNamed(fault)
  if (fault !== undefined && !accident) {
    process.stderr.write(`There is no accident “${fault}”. These are known:\n${listOfAccidents()}\n`)
    return USAGE
  }
  const interactive = !options.auto && !json && process.stdin.isTTY && process.stdout.isTTY
  try {
    return await inFolder(options.dir, async (dir, kept) =>
      interactive ? await runInteractive(dir, accident) : await auto(dir, kept, json, accident),
    )
  } catch (thrown) {
    process.stderr.write(`${complaintOf(thrown)}\n`)
    return WRONG
  }
}

/** A program that could not start has said why by itself. */
function complaintOf(thrown: unknown): string {
  if (!(thrown instanceof CashdeskError)) return String(thrown)
  const { program, said } = thrown.detail ?? {}
  return said ? `${program} could not start. ${said}` : thrown.message
}

function parse(argv: readonly string[]): Options | number {
  const program = new Command('checkout-cli')
    .description('A register on simulated hardware: scan articles and a ContentCard, pay, see the receipt.')
    .option('--auto', 'ring up the scripted sale (always so without a terminal)')
    .option('--json', 'end with one line of JSON on stdout; everything for people goes to stderr')
    .option('--dir <DIR>', 'keep till, host and devices’ books in DIR between runs')
    .option('--fault <NAME>', 'play an accident; `list` lists them')
    .addHelpText('after', `\nAccidents:\n${listOfAccidents()}`)
    .allowExcessArguments(false)
    .exitOverride()
  try {
    return program.parse([...argv], { from: 'user' }).opts<Options>()
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE
    throw thrown
  }
}

async function auto(
  dir: string,
  kept: boolean,
  json: boolean,
  accident: Accident | undefined,
): Promise<number> {
  const story = writtenStory(json ? process.stderr : process.stdout)
  const report = await runScripted({ dir, kept, story, ...(accident ? { accident } : {}) })
  story.heading('How it ended')
  story.say(
    `Sale ${report.sale.id}: ${report.sale.state}${report.killed ? ' (the register was killed)' : ''}`,
  )
  story.say(`The host says: card ${report.host.serial} is ${report.host.card}`)
  story.say(`The terminal says: charged ${(report.terminal.chargedMinor / 100).toFixed(2)} EUR`)
  if (accident) {
    story.say(`What happened: ${accident.happens}.`)
    story.say(`What the till did: ${accident.till}`)
    story.say(`The end: ${endOf(accident, report.killed)}`)
  }
  const problems = problemsOf(report, accident)
  for (const problem of problems) story.say(`NOT TRUE: ${problem}`)
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  return problems.length === 0 ? 0 : WRONG
}

/** The folder that was named, or a fresh one of which only the receipts remain. */
async function inFolder(
  named: string | undefined,
  work: (dir: string, kept: boolean) => Promise<number>,
): Promise<number> {
  if (named !== undefined) return await work(resolve(named), true)
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-'))
  try {
    return await work(dir, false)
  } finally {
    for (const name of await readdir(dir))
      if (name !== 'receipts') await rm(join(dir, name), { recursive: true, force: true, maxRetries: 5 })
  }
}
