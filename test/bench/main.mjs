// Runs a benchmark by name: `npm run bench -- till`. What is measured is always beside its physical limit in the same
// run, and only the ratio is worth quoting: absolute figures drift from machine to machine and hour to hour.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { serveRole } from './child.mjs'
import { table, Wrong } from './figures.mjs'

/** `rounds`: how many by default, how many with --quick, how few are allowed. */
const BENCHES = {
  till: {
    load: () => import('./till.mjs'),
    text: 'last byte of a scan → reservation on the wire; complete durable sales a second',
    rounds: { usual: 400, quick: 60, least: 10 },
  },
  journal: {
    load: () => import('./journal.mjs'),
    text: 'durable appends of one producer and of crowds, against the raw rate of synced writes',
    rounds: { usual: 60, quick: 10, least: 5 },
  },
  recovery: {
    load: () => import('./recovery.mjs'),
    text: 'the start with a million records, against reading them; the start from a snapshot',
    rounds: { usual: 5, quick: 2, least: 1 },
  },
  backlog: {
    load: () => import('./backlog.mjs'),
    text: 'queued commits drained to a host, against the bare HTTP client; sales made meanwhile',
    rounds: { usual: 1, quick: 1, least: 1 },
  },
  memory: {
    load: () => import('./memory.mjs'),
    text: 'resident set of an idle till, after a million scans, and of a thousand lanes',
    rounds: { usual: 5, quick: 1, least: 1 },
  },
  drivers: {
    load: () => import('./drivers.mjs'),
    text: 'APDUs, receipts and codes a second, beside npm packages for the same; installs those on first use',
    rounds: { usual: 60, quick: 5, least: 3 },
  },
}

/** What runs in a process of its own, see child.mjs. */
const ROLES = {
  world: () => import('./world-role.mjs'),
  memory: () => import('./memory-role.mjs'),
  queue: () => import('./queue-role.mjs'),
  recovery: () => import('./recovery-role.mjs'),
  provider: () => import('./provider-role.mjs'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    role: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.role !== undefined) serveRole(async options => (await ROLES[values.role]()).start(options))
else await main(positionals[0], values)

async function main(name, { json, quick, peers, rounds: given, help }) {
  const bench = Object.hasOwn(BENCHES, name ?? '') ? BENCHES[name] : undefined
  const rounds = Number(given ?? (quick ? bench?.rounds.quick : bench?.rounds.usual))
  if (help || !bench || !Number.isInteger(rounds) || rounds < bench.rounds.least) return usage(help)
  const progress = line => process.stderr.write(`${line}\n`)
  try {
    const { run } = await bench.load()
    const { figures, notes = [] } = await run({ rounds, quick, peers, progress })
    const cpus = availableParallelism()
    const result = { bench: name, node: process.version, cpus, rounds, quick, figures, notes }
    process.stdout.write(`${json ? JSON.stringify(result) : table(result)}\n`)
  } catch (thrown) {
    const message = thrown instanceof Wrong ? `WRONG: ${thrown.message}` : (thrown.stack ?? String(thrown))
    process.stderr.write(`The benchmark ${name} did not come to figures.\n${message}\n`)
    // Children that were not closed end with the process.
    process.exit(1)
  }
}

function usage(asked) {
  const list = Object.entries(BENCHES).map(
    ([name, { text, rounds }]) =>
      `  ${name.padEnd(10)}${text}\n${' '.repeat(12)}rounds: ${rounds.usual}, at least ${rounds.least}; quick: ${rounds.quick}`,
  )
  process.stderr.write(
    `Usage: npm run bench -- NAME [--rounds N] [--quick] [--peers] [--json]\n\n${list.join('\n')}\n
  --json     one line of JSON: every figure with its bar and whether it is met
  --quick    small and short: to see that it runs, not to quote
  --peers    journal only: beside the embedded queues people would use instead; installs them on first use
\nExit code 0: measured, whether the bars are met or not. 1: the benchmark failed, or what it measured did something
wrong (a duplicate, a loss). 2: misuse.\n`,
  )
  process.exitCode = asked ? 0 : 2
}
