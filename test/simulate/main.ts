// `npm run simulate`: whole days at a simulated lane, one per seed, shared out among the machine's cores.
import { parseArguments, USAGE } from './arguments.ts'
import { type Failure, runSeeds } from './crowd.ts'
import { replayOf, sentences, summary } from './report.ts'
import { shrink } from './shrink.ts'

const parsed = parseArguments(process.argv.slice(2))
if (parsed === 'help') process.stdout.write(USAGE)
else if (typeof parsed === 'string') {
  process.stderr.write(`${parsed}\n\n${USAGE}`)
  process.exitCode = 2
} else if (parsed.mutant !== undefined) {
  const { runMutant } = await import('./mutant.ts')
  process.exitCode = await runMutant(parsed.mutant, process.argv.slice(2))
} else {
  const began = performance.now()
  const total = await runSeeds(parsed)
  const result = summary(total, parsed, (performance.now() - began) / 1000)
  const [worst] = total.failures
  if (worst && parsed.shrink) await tellSmallest(worst)
  if (parsed.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
  else process.stdout.write(sentences(result, total, parsed))
  process.exitCode = result.violations.length > 0 || (parsed.least && result.missing.length > 0) ? 1 : 0
}

/** The first failure made smaller, for a person to read. */
async function tellSmallest({ seed, violations }: Failure): Promise<void> {
  const [first] = violations
  if (!first) return
  process.stderr.write(`seed ${seed} breaks ${first.invariant}; looking for the smallest such day …\n`)
  const { off, left, days } = await shrink(seed, first.invariant)
  process.stderr.write(`after ${days} days: ${left.length} accidents are left: ${left.join(', ')}\n`)
  process.stderr.write(`${replayOf(seed, off)}\n`)
}
