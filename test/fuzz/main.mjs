// `npm run fuzz`: every decoder that reads what others sent is tried with bytes that are wrong. None may crash, hang, keep
// more than it may or lose the good frame that follows. A finding is made small, and can be repeated by one command.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { inputsOf, LIFE } from './inputs.mjs'
import { HEAP_MIB, inLanes, Trials } from './lanes.mjs'
import { line, progressTo, summary } from './said.mjs'
import { readWritten, shrunk, written } from './shrink.mjs'
import { TARGETS } from './targets.mjs'

const HELP = `npm run fuzz -- [options]

  --inputs N     how many in all, shared out by how quick each decoder is (default 100000)
  --each N       so many for each decoder instead: the long tier takes 1000000
  --seed S       another seed, other inputs (default 1)
  --only NAME    this decoder alone; may be repeated
  --at INDEX     with --only: repeats the life that this input belongs to, up to it
  --hex BYTES    with --only: these bytes; "," between pieces of an input, "/" between inputs
  --jobs N       side by side (default: the processors, at most 4)
  --json         the report on stdout
  --help         this text

Decoders: ${TARGETS.map(({ name }) => name).join(', ')}

Good frames and others made by their grammar, cut off, bit-flipped, shifted, spliced, joined and flooding; random bytes; all
of it cut anywhere. A decoder must not throw, hang, say more than its bound (its work in steps), hold more than its bound,
leave memory behind, or miss the good frame that follows. Heap of a worker: ${HEAP_MIB} MiB.
Exit code 0: nothing was found; 1: something was; 2: misuse.
`
/** Inputs that a worker is given at once: whole lives, and few enough that the last ones are shared out. */
const TASK_INPUTS = 100 * LIFE
/** Findings that are shown; a broken decoder has thousands. */
const MOST_FINDINGS = 20
/** Findings that are made small: the first of each kind of each decoder, and not for ever. */
const MOST_SHRUNK = 8

let asked
try {
  asked = askedFor(process.argv.slice(2))
} catch (thrown) {
  process.stderr.write(`${thrown.message}\n${HELP}`)
  process.exit(2)
}
if (asked.help) process.stdout.write(HELP)
else process.exitCode = await fuzz(asked)

function askedFor(args) {
  const { values } = parseArgs({
    args,
    options: {
      inputs: { type: 'string', default: '100000' },
      each: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
      at: { type: 'string' },
      hex: { type: 'string' },
      jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const whole = (flag, least) => {
    if (values[flag] === undefined) return undefined
    const value = Number(values[flag])
    if (!Number.isSafeInteger(value) || value < least)
      throw new Error(`--${flag} wants a whole number from ${least}`)
    return value
  }
  const unknown = values.only.find(name => !TARGETS.some(target => target.name === name))
  if (unknown !== undefined) throw new Error(`There is no decoder ${unknown}`)
  for (const flag of ['at', 'hex'])
    if (values[flag] !== undefined && values.only.length !== 1) throw new Error(`--${flag} needs one --only`)
  return {
    ...values,
    inputs: whole('inputs', 1),
    each: whole('each', 1),
    jobs: whole('jobs', 1),
    at: whole('at', 0),
    hex: values.hex === undefined ? undefined : readWritten(values.hex),
  }
}

async function fuzz(wanted) {
  const { seed, only, jobs, json } = wanted
  const chosen = TARGETS.map((target, number) => ({ ...target, number })).filter(
    ({ name }) => only.length === 0 || only.includes(name),
  )
  const started = performance.now()
  const results = []
  if (wanted.hex === undefined) {
    const tasks = tasksFor(chosen, wanted)
    const names = TARGETS.map(({ name }) => name)
    const progress = progressTo(process.stderr, tasks)
    await inLanes(tasks, names, seed, jobs, result => {
      results.push(result)
      progress(result, names[result.number])
    })
  } else results.push(await onlyThese(chosen[0], wanted.hex))
  const all = results.flatMap(each => each.findings)
  const findings = await small(all.slice(0, MOST_FINDINGS), chosen, seed)
  const report = {
    seed,
    inputs: results.reduce((sum, each) => sum + each.inputs, 0),
    seconds: Math.round((performance.now() - started) / 100) / 10,
    targets: Object.fromEntries(chosen.map(target => [target.name, line(target, results)])),
    findings,
    more: results.reduce((sum, each) => sum + each.more, 0) + all.length - findings.length,
  }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : summary(report))
  return findings.length === 0 ? 0 : 1
}

/** Target by target, so that what is compiled for one serves it to its end. */
function tasksFor(chosen, { inputs, each, at }) {
  const weights = chosen.reduce((sum, { weight }) => sum + weight, 0)
  return chosen.flatMap(({ number, weight }) => {
    if (at !== undefined) return [{ number, life: Math.floor(at / LIFE), count: (at % LIFE) + 1 }]
    const share = each ?? Math.max(1, Math.ceil((inputs * weight) / weights))
    return Array.from({ length: Math.ceil(share / TASK_INPUTS) }, (_, task) => ({
      number,
      life: (task * TASK_INPUTS) / LIFE,
      count: Math.min(TASK_INPUTS, share - task * TASK_INPUTS),
    }))
  })
}

async function onlyThese(target, inputs) {
  const trials = new Trials()
  const what = await trials.try(target.number, inputs)
  await trials.close()
  const hex = written(inputs).slice(0, 400)
  const finding = { target: target.name, index: 0, since: -1, kind: 'given', what, hex }
  const findings = what === undefined ? [] : [finding]
  return { number: target.number, inputs: inputs.length, ms: 0, slowestMs: 0, findings, more: 0 }
}

/** The findings with the command that repeats each, the first of a kind with the fewest bytes that do. */
async function small(findings, chosen, seed) {
  const trials = new Trials()
  const seen = new Set()
  const told = []
  for (const { since, ...finding } of findings) {
    const { target: name, index, what, kind } = finding
    const target = chosen.find(each => each.name === name)
    const again = `npm run fuzz -- --seed ${seed} --only ${name}`
    const sort = `${name} ${what.replace(/\d+/g, '')}`
    const first = !seen.has(sort) && seen.size < MOST_SHRUNK && since >= 0
    seen.add(sort)
    const inputAt = inputsOf(seed, target)
    const inputs = Array.from({ length: first ? index - since + 1 : 0 }, (_, at) => inputAt(since + at))
    const least = first ? await shrunk(inputs, what, them => trials.try(target.number, them)) : undefined
    const repeat =
      kind === 'memory' ? `${again} --each 300000` : kind === 'given' ? undefined : `${again} --at ${index}`
    const smallest = least && `npm run fuzz -- --only ${name} --hex ${written(least)}`
    told.push({ ...finding, ...(repeat && { repeat }), ...(smallest && { smallest }) })
  }
  await trials.close()
  return told
}
