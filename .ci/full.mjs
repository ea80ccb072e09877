// The full run: what a newcomer does first (npm test, npm start), then every longer tier. It goes on after a
// failure and ends with one line, `N passed, N failed`, which counts single tests and the steps beside them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from './postgres.mjs'
import { complaint, ledger, ROOT, run } from './steps.mjs'
import { readReport } from './vitest-report.mjs'

const reports = mkdtempSync(join(tmpdir(), 'cashdesk-reports-'))
const everything = process.env.CASHDESK_REQUIRE === 'all'
const steps = ledger()
const tests = { passed: 0, failed: 0 }
const minutes = count => count * 60_000
const npm = (args, options) => run('npm', args, options)

/** A tier of tests. Where everything is required, a skipped test is a failed one. */
async function tier(title, script, options) {
  await steps.step(title, async () => {
    const outputFile = join(reports, `${script.replaceAll(':', '-')}.json`)
    const args = ['run', script, '--', '--reporter=json', `--outputFile=${outputFile}`]
    const result = await npm(script === 'test' ? args.slice(1) : args, options)
    const { passed, failed, skipped, complaints, skippedTitles } = readReport(outputFile)
    const missing = everything ? skipped : 0
    tests.passed += passed
    tests.failed += failed + missing
    process.stdout.write(`  ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
    if (complaints.length > 0) return complaints.join('\n')
    if (missing > 0) return `skipped, and nothing may be:\n${skippedTitles.join('\n')}`
    return complaint(result) ?? (failed > 0 ? 'the tests left no report' : undefined)
  })
}

/** One sale, as the README promises it: the last line on stdout is JSON and says that the sale is closed. */
async function firstSale() {
  const result = await npm(['start', '--silent', '--', '--auto', '--json'], { timeoutMs: minutes(2) })
  if (result.code !== 0) return complaint(result)
  const said = JSON.parse(result.out.trim().split('\n').at(-1) ?? '')
  const right = said.sale?.state === 'closed' && said.host?.card === 'active' && said.tasks?.length === 0
  return right ? undefined : JSON.stringify(said, undefined, 2)
}

/** A command of the proof: it ends well or says what was broken, and its figures are shown. */
async function proof(title, command, timeoutMs, figures) {
  await steps.step(`npm run ${command.join(' ')} (${title})`, async () => {
    const args = command.includes('--') ? command : [...command, '--']
    const result = await npm(['run', '--silent', ...args, '--json'], { timeoutMs })
    const said = lastJson(result.out)
    for (const line of said ? figures(said) : []) process.stdout.write(`  ${line}\n`)
    return complaint(result)
  })
}

/** Reports are the last thing on stdout: one line, or one indented document. */
function lastJson(out) {
  const start = out.startsWith('{') ? 0 : out.lastIndexOf('\n{') + 1
  try {
    return JSON.parse(out.slice(start))
  } catch {
    return undefined
  }
}

mkdirSync(join(ROOT, 'node_modules'), { recursive: true })
if (everything) {
  // npm leaves an optional package out whose addon it could not build: what it takes may have come since.
  await steps.step('the packages for card readers', async () => {
    const built = () =>
      ['nfc-pcsc', 'pcsc-mini'].every(
        name => spawnSync(process.execPath, ['-e', `require('${name}')`], { cwd: ROOT }).status === 0,
      )
    if (!built()) await npm(['ci', '--no-fund', '--no-audit', '--loglevel=error'], { timeoutMs: minutes(6) })
    return built() ? undefined : 'nfc-pcsc or pcsc-mini cannot be loaded'
  })
}
let database
await steps.step('a PostgreSQL server to test against', async () => {
  database = await startPostgres()
  return undefined
})
const env = database ? { CASHDESK_TEST_DATABASE_URL: database.url } : {}
await tier('npm test', 'test', { timeoutMs: minutes(9), env })
await steps.step('npm start -- --auto --json', firstSale)
await steps.step('npm run check', async () =>
  complaint(await npm(['run', 'check'], { timeoutMs: minutes(4) })),
)
await tier('npm run test:full', 'test:full', { timeoutMs: minutes(8) })
await steps.step('npm run test:nodes', async () => {
  const { code } = await npm(['run', 'test:nodes'], { timeoutMs: minutes(12), show: true })
  return code === 0 ? undefined : 'see above'
})
await database?.stop()

// The proof: what is promised about money is tried to be broken. Each of them ends with 1 where something is.
await proof('simulated days', ['simulate', '--', '--ci'], minutes(30), said => [
  `${said.seeds} seeds, ${said.points} crash and fault points, ${said.violations?.length ?? '?'} violations`,
])
await proof('real kills', ['crash', '--', '--kills', '2000'], minutes(13), said => [
  `${said.kills} kills, ${said.violations?.length ?? '?'} violations`,
  `${said.doubleStarts?.oneWinner} of ${said.doubleStarts?.rounds} double starts with one winner`,
])
await proof('losses of power', ['power', '--', '--cuts', '200'], minutes(6), said => [
  `${said.cuts} cuts, ${said.acknowledged} acknowledged, ${said.lost} lost`,
])
await proof('decoders', ['fuzz', '--', '--each', '200000'], minutes(12), said => [
  `${said.inputs} inputs for ${Object.keys(said.targets ?? {}).length} decoders in ${said.seconds} s, ${(said.findings?.length ?? 0) + (said.more ?? 0)} findings`,
  ...(said.findings ?? []).map(
    ({ target, what, smallest, repeat }) => `${target}: ${what} ${smallest ?? repeat}`,
  ),
])
// It measures and has no bar: it fails only where it does not run. Packages beside ours need a registry.
await proof('drivers', ['bench', '--', 'drivers', '--quick'], minutes(6), said => [
  ...Object.entries(said.figures ?? {}).map(([name, { value, unit }]) => `${name}: ${value} ${unit}`),
  ...(said.notes ?? []).filter(note => note.includes('could not be installed')),
])
await proof('a backlog of 10,000 commits', ['bench', '--', 'backlog'], minutes(6), () => [])
await proof('mutants', ['mutants'], minutes(16), said => [
  `${said.findings?.filter(each => each.caught).length ?? '?'} of ${said.findings?.length ?? '?'} caught`,
])
await steps.step('npm run test:windows', async () => {
  const { code } = await npm(['run', 'test:windows'], { timeoutMs: minutes(8), show: true })
  return code === 0 ? undefined : 'see above'
})
rmSync(reports, { recursive: true, force: true })

const failed = tests.failed + steps.failed.length
if (failed > 0)
  process.stdout.write(`\nNot in order:\n${steps.failed.map(title => `- ${title}`).join('\n')}\n`)
process.exitCode = failed > 0 ? 1 : 0
process.stdout.write(`${tests.passed + steps.passed} passed, ${failed} failed\n`)
