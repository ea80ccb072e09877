// Records journals for this folder: `node test/replay/main.mjs RELEASE` before a release, `node test/replay/main.mjs
// state` after EVOLVE_VERSION or OUTBOX_VERSION was raised. What a release recorded is never recorded again.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const USAGE = `Usage: node test/replay/main.mjs RELEASE | state

  RELEASE   records the lanes of test/replay/lanes.ts under test/replay/fixtures/RELEASE
  state     writes down again what the present code makes of every recorded journal;
            refused where that changed and neither EVOLVE_VERSION nor OUTBOX_VERSION did
`

const [what, ...rest] = process.argv.slice(2)
if (what === '--help') {
  process.stdout.write(USAGE)
} else if (what === undefined || rest.length > 0 || !/^[\w.-]+$/.test(what)) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--project', 'house', 'test/replay/record.test.ts'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, CASHDESK_RECORD: what } },
  )
  process.exitCode = status === 0 ? 0 : 1
}
