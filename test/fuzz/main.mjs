// `npm run fuzz`: every decoder that reads what others sent is tried with bytes that are wrong. None may crash, hang, keep
// more than it may or lose the good frame that follows. A finding can be repeated by its seed, target and number.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { LIFE, live } from './lane.mjs'
import { TARGETS } from './targets.mjs'

const HELP = `npm run fuzz -- [options]

  --inputs N     how many in all, shared out by how quick each decoder is (default 100000)
  --seed S       another seed, other inputs (default 1)
  --only NAME    this decoder alone; may be repeated
  --at INDEX     with --only: repeats the life that this input belongs to, up to it
  --jobs N       side by side (default: the processors, at most 4)
  --json         the report on stdout
  --help         this text

Decoders: ${TARGETS.map(({ name }) => name).join(', ')}

Random, truncated, bit-flipped, shifted, joined and flooding inputs, cut anywhere. A decoder must not throw, say more than
its bound (its work in steps), hold more than its bound, or miss the good frame that follows. Heap of a worker: ${256} MiB.
Exit code 0: nothing was found; 1: something was; 2: misuse.
`
/** A worker that needs more keeps what it was given. */
const HEAP_MIB = 256
/** An input is microseconds of work. One that has not ended by then never does, on the slowest machine. */
const HANG_MS = 30_000
const LOOK_MS = 1_000
/** Findings that are shown; a broken decoder has thousands. */
const MOST_FINDINGS = 20

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
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
      at: { type: 'string' },
      jobs: { type: 'string', default: String(Math.min(4, availableParallelism())) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const whole = (flag, least) => {
    const value = Number(values[flag])
    if (!Number.isSafeInteger(value) || value < least)
      throw new Error(`--${flag} wants a whole number from ${least}`)
    return value
  }
  const unknown = values.only.find(name => !TARGETS.some(target => target.name === name))
  if (unknown !== undefined) throw new Error(`There is no decoder ${unknown}`)
  if (values.at !== undefined && values.only.length !== 1) throw new Error('--at needs one --only')
  return {
    ...values,
    inputs: whole('inputs', 1),
    jobs: whole('jobs', 1),
    at: values.at === undefined ? undefined : whole('at', 0),
  }
}

async function fuzz({ inputs, seed, only, at, jobs, json }) {
  const chosen = TARGETS.map((target, number) => ({ ...target, number })).filter(
    ({ name }) => only.length === 0 || only.includes(name),
  )
  const started = performance.now()
  const results =
    at === undefined ? await inLanes(tasksFor(chosen, inputs), seed, jobs) : repeated(chosen[0], seed, at)
  const seconds = Math.round((performance.now() - started) / 100) / 10
  const findings = results.flatMap(each => each.findings)
  const more =
    results.reduce((sum, each) => sum + each.more, 0) + Math.max(0, findings.length - MOST_FINDINGS)
  const targets = Object.fromEntries(
    chosen.map(({ name, number }) => [
      name,
      results.filter(each => each.number === number).reduce((sum, each) => sum + each.inputs, 0),
    ]),
  )
  const done = results.reduce((sum, each) => sum + each.inputs, 0)
  const report = { seed, inputs: done, seconds, targets, findings: findings.slice(0, MOST_FINDINGS), more }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : summary(report))
  return findings.length === 0 ? 0 : 1
}

/** Lives for each target, the quick ones more. */
function tasksFor(chosen, inputs) {
  const all = chosen.reduce((sum, { weight }) => sum + weight, 0)
  return chosen.flatMap(({ number, weight }) => {
    const share = Math.max(1, Math.ceil((inputs * weight) / all))
    const lives = Math.ceil(share / LIFE)
    return Array.from({ length: lives }, (_, life) => ({
      number,
      life,
      count: Math.min(LIFE, share - life * LIFE),
    }))
  })
}

function repeated(target, seed, index) {
  const life = Math.floor(index / LIFE)
  return [{ number: target.number, ...live(target, seed, life, (index % LIFE) + 1) }]
}

/** Hands the tasks to workers; a worker that hangs or runs out of memory is a finding, and another takes its place. */
async function inLanes(tasks, seed, jobs) {
  const lanes = Math.max(1, Math.min(jobs, tasks.length))
  // For each lane its target and index, then how often it moved.
  const beats = new SharedArrayBuffer(lanes * 3 * 4)
  const seen = new Int32Array(beats)
  const results = []
  let next = 0
  const lane = number =>
    new Promise(resolve => {
      let task
      let beat = -1
      let stillSince = performance.now()
      const worker = new Worker(new URL('./lane.mjs', import.meta.url), {
        workerData: { beats, lane: number, lanes, seed },
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
      })
      const give = () => {
        task = tasks[next]
        next += 1
        stillSince = performance.now()
        if (task === undefined) void worker.terminate()
        else worker.postMessage(task)
      }
      const failed = what => {
        const target = TARGETS[task?.number ?? 0].name
        const finding = { target, index: seen[number * 2 + 1], kind: 'end of the worker', what, hex: '' }
        results.push({ number: task?.number, inputs: 0, findings: [finding], more: 0 })
        task = undefined
        void worker.terminate()
      }
      const watch = setInterval(() => {
        const now = Atomics.load(seen, lanes * 2 + number)
        if (now !== beat) stillSince = performance.now()
        else if (task && performance.now() - stillSince > HANG_MS)
          failed(`did not end within ${HANG_MS / 1000} s`)
        beat = now
      }, LOOK_MS)
      worker.on('message', result => {
        results.push({ number: task.number, ...result })
        give()
      })
      worker.on('error', error => failed(`ended its process: ${error.message}`))
      worker.on('exit', () => {
        clearInterval(watch)
        // After a failure the rest is still to be done.
        resolve(next < tasks.length ? lane(number) : undefined)
      })
      give()
    })
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return results
}

function summary({ seed, inputs, seconds, targets, findings, more }) {
  const rows = Object.entries(targets).map(
    ([name, count]) => `  ${name.padEnd(20)} ${String(count).padStart(9)}`,
  )
  const found = findings.map(
    ({ target, index, kind, what, hex }) =>
      `✗ ${target} (${kind}): ${what}\n    npm run fuzz -- --seed ${seed} --only ${target} --at ${index}\n    ${hex}`,
  )
  const end = findings.length === 0 ? 'nothing found' : `${findings.length + more} findings`
  return [...rows, ...found, `${inputs} inputs in ${seconds} s, seed ${seed}: ${end}`, ''].join('\n')
}
