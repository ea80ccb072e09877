// `npm run check`: everything that can be said about the house without running it, one line per step.
// It goes on after a failure, so that one run shows all of them.
import { complaint, ledger, runNode, tool } from './steps.mjs'

const STEPS = [
  ['format and lint (biome)', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']],
  ['types of the sources (tsc -b)', 'typescript/bin/tsc', ['-b']],
  ['types of the tests (tsc)', 'typescript/bin/tsc', ['-p', 'tsconfig.tests.json']],
  ['unused files, exports and dependencies (knip)', 'knip/bin/knip.js', ['--no-progress']],
  ['packages as published (publint)', '../.ci/publish-check.mjs', []],
  ['public surface of kernel and sdk (API Extractor)', '../.ci/api.mjs', []],
  ['house rules (test/tidy)', 'vitest/vitest.mjs', ['run', '--project', 'house', 'test/tidy']],
]

const steps = ledger()
for (const [title, script, args] of STEPS) {
  await steps.step(title, async () => complaint(await runNode(tool(script), args)))
}
if (steps.failed.length > 0) {
  process.stdout.write(`\nNot in order:\n${steps.failed.map(title => `- ${title}`).join('\n')}\n`)
  process.exitCode = 1
}
