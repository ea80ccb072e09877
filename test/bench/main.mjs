// Runs a benchmark by name: `npm run bench -- till`. What is measured is always beside its physical limit in the same
// run, and only the ratio is worth quoting: absolute figures drift from machine to machine and hour to hour.
import { parseArgs } from 'node:util'
import { till } from './till.mjs'

const BENCHES = {
  till: { run: till, text: 'last byte of a scan → reservation on the wire; complete durable sales a second' },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '400' },
    help: { type: 'boolean', default: false },
  },
})

const [name] = positionals
const bench = Object.hasOwn(BENCHES, name ?? '') ? BENCHES[name] : undefined
const rounds = Number(values.rounds)
if (values.help || !bench || !Number.isInteger(rounds) || rounds < 10) {
  const list = Object.entries(BENCHES).map(([each, { text }]) => `  ${each.padEnd(12)}${text}`)
  process.stderr.write(
    `Usage: npm run bench -- NAME [--rounds N] [--json]\n\n${list.join('\n')}\n\n--rounds is a whole number from 10; 400 if absent.\n`,
  )
  process.exitCode = values.help ? 0 : 2
} else {
  const result = await bench.run({ rounds, progress: line => process.stderr.write(`${line}\n`) })
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else
    for (const [key, value] of Object.entries(result))
      process.stdout.write(`${key.padEnd(28)}${JSON.stringify(value)}\n`)
}
