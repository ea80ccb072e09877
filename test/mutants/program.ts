// The command line of the mutants: list them, prepare one for somebody else, or hunt them all.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { makeCopy, OPEN, PATCHES, presentCommands } from './copy.ts'
import { type Hunt, hunt, isSound } from './hunt.ts'
import { COMMANDS, type CommandName, type Mutant, mutantsIn } from './patch.ts'

const HELP = `npm run mutants -- [options]            hunts every mutant of test/mutants/patches
npm run mutants -- list [--json]        names them
npm run mutants -- prepare NAME         makes a built copy of the tree with that mutant in it and prints its path;
                                        whoever asked for it removes it

Each mutant is applied to a copy, and the unmodified simulate or crash command must break an invariant on it.

  --only NAME       this mutant alone; may be repeated
  --open            those of test/mutants/open instead, which no command finds yet: what the simulation lacks
  --with COMMAND    simulate or crash, instead of the one that each mutant names
  --seeds N         seeds a mutant may survive before it counts as not caught (default 400)
  --kills N         the same for crash (default 60)
  --limit SECONDS   of one run (default 300)
  --jobs N          copies side by side (default: the processors, at most 4)
  --json            the report on stdout
  --help            this text

Exit code 0: all caught, and the unmutated copy passes; 1: not; 2: misuse.
`

/** What a command line that cannot be understood is answered with. */
class Misuse extends Error {}

interface Asked {
  readonly what: 'hunt' | 'list' | 'prepare'
  readonly name: string | undefined
  readonly only: readonly string[]
  readonly open: boolean
  readonly with: CommandName | undefined
  readonly seeds: number
  readonly kills: number
  readonly limitMs: number
  readonly jobs: number
  readonly json: boolean
}

/** @returns the exit code */
export async function program(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return 0
  }
  try {
    const asked = askedFor(args)
    const all = mutantsIn(asked.open ? OPEN : PATCHES)
    if (asked.what === 'list') return list(all, asked.json)
    if (asked.what === 'prepare')
      return await prepare([...mutantsIn(PATCHES), ...mutantsIn(OPEN)], asked.name)
    return await huntAll(all, asked)
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
    return thrown instanceof Misuse ? 2 : 1
  }
}

function askedFor(args: readonly string[]): Asked {
  const { values, positionals } = parsed(args)
  const [what = 'hunt', name] = positionals
  if (what !== 'hunt' && what !== 'list' && what !== 'prepare')
    throw new Misuse(`Unknown: ${what}. See --help.`)
  const command = COMMANDS.find(each => each === values.with)
  if (values.with !== undefined && !command) throw new Misuse(`--with ${COMMANDS.join('|')}`)
  return {
    what,
    name,
    only: values.only ?? [],
    open: values.open ?? false,
    with: command,
    seeds: whole('--seeds', values.seeds, 400),
    kills: whole('--kills', values.kills, 60),
    limitMs: whole('--limit', values.limit, 300) * 1000,
    jobs: whole('--jobs', values.jobs, Math.min(4, availableParallelism())),
    json: values.json ?? false,
  }
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<typeof SHAPE>> {
  try {
    return parseArgs({ ...SHAPE, args: [...args] })
  } catch (thrown) {
    throw new Misuse(thrown instanceof Error ? thrown.message : String(thrown))
  }
}

const SHAPE = {
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true },
    with: { type: 'string' },
    seeds: { type: 'string' },
    kills: { type: 'string' },
    limit: { type: 'string' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
    open: { type: 'boolean' },
  },
} as const

function whole(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Misuse(`${flag} wants a whole number from 1, not ${text}`)
  return value
}

function named(all: readonly Mutant[], name: string | undefined): Mutant {
  const found = all.find(each => each.name === name)
  if (found) return found
  throw new Misuse(`No mutant ${name ?? ''}. There are:\n${all.map(each => `  ${each.name}`).join('\n')}`)
}

function list(all: readonly Mutant[], json: boolean): number {
  const rows = all.map(({ name, bug, with: command, edits }) => ({
    name,
    bug,
    with: command,
    files: [...new Set(edits.map(edit => edit.file))],
  }))
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else for (const { name, bug } of rows) process.stdout.write(`${name}\n    ${bug}\n`)
  return 0
}

async function prepare(all: readonly Mutant[], name: string | undefined): Promise<number> {
  const mutant = named(all, name)
  // Whoever started this process keeps the copy after it ended.
  const copy = makeCopy(process.ppid)
  try {
    await copy.put(mutant)
  } catch (thrown) {
    copy.remove()
    throw thrown
  }
  process.stdout.write(`${copy.root}\n`)
  return 0
}

async function huntAll(all: readonly Mutant[], asked: Asked): Promise<number> {
  const mutants = asked.only.length === 0 ? all : asked.only.map(name => named(all, name))
  const missing = new Set(mutants.map(mutant => asked.with ?? mutant.with))
  for (const command of presentCommands()) missing.delete(command)
  if (missing.size > 0) throw new Misuse(`There is no test/${[...missing].join(', test/')} to run.`)
  const result = await hunt(mutants, {
    amounts: { simulate: asked.seeds, crash: asked.kills },
    limitMs: asked.limitMs,
    jobs: asked.jobs,
    ...(asked.with ? { with: asked.with } : {}),
    tell: line => process.stderr.write(`${line}\n`),
  })
  const survivors = result.findings.filter(({ caught }) => !caught).map(({ mutant }) => mutant)
  const passed =
    isSound(result.control) && result.findings.length === mutants.length && survivors.length === 0
  if (asked.json) process.stdout.write(`${JSON.stringify({ passed, survivors, ...result })}\n`)
  else process.stdout.write(summary(result, mutants.length, survivors))
  return passed ? 0 : 1
}

function summary({ control, findings, seconds }: Hunt, count: number, survivors: readonly string[]): string {
  const wrong = Object.entries(control).filter(([, said]) => said !== 'passed')
  if (wrong.length > 0)
    return `The unmutated copy does not pass, so what was found on mutants proves nothing:\n${wrong.map(([command, said]) => `  ${command}: ${said}`).join('\n')}\n`
  const reasons = findings
    .filter(({ caught }) => !caught)
    .map(({ mutant, why }) => `  ${mutant}: ${why ?? 'not caught'}`)
  return [
    ...(survivors.length === 0 ? [] : ['Not caught:', ...reasons]),
    `${count - survivors.length} of ${count} mutants caught in ${seconds} s; the unmutated copy passes.`,
    '',
  ].join('\n')
}
