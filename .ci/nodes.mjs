// `npm run test:nodes`: the tests and the example register on the other versions of Node that we support, one
// line each. The binaries come from the npm packages node-<system>-<cpu>, kept outside the lock file.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { complaint, ledger, ROOT, run, runNode } from './steps.mjs'
import { readReport } from './vitest-report.mjs'

const MAJORS = ['20', '22', '24', '26']
const running = process.versions.node.split('.')[0]
const system = { win32: 'win', darwin: 'darwin', linux: 'linux' }[process.platform] ?? process.platform
const name = `node-${system}-${process.arch}`
const cache = join(ROOT, 'node_modules', '.cache', 'cashdesk-nodes')
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const example = join(ROOT, 'examples', 'checkout-cli', 'dist', 'main.js')

/** What npm tells its scripts must not reach the npm that installs elsewhere. */
const withoutNpm = Object.fromEntries(
  Object.keys(process.env)
    .filter(key => /^npm_/i.test(key))
    .map(key => [key, undefined]),
)

/** The path of a Node of this major version; throws what npm said when there is none. */
async function install(major) {
  const folder = join(cache, major)
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--loglevel=error',
    `${name}@${major}`,
  ]
  const result = await runNode(process.env.npm_execpath, args, { cwd: folder, env: withoutNpm })
  if (result.code !== 0 || !existsSync(binary))
    throw new Error(complaint(result) ?? `${name} holds no ${binary}`)
  return binary
}

/**
 * Runs the tests on `binary`; resolves to a line for people, throws what failed. The oldest (which `npm test` runs on) and
 * the newest run all of them; those in between the ones of every package, without those of the house.
 */
async function test(binary, major) {
  const outputFile = join(cache, major, 'report.json')
  rmSync(outputFile, { force: true })
  const between = major === MAJORS[0] || major === MAJORS.at(-1) ? [] : ['--project', '!house']
  const args = [vitest, 'run', '--reporter=json', `--outputFile=${outputFile}`, ...between]
  const result = await run(binary, args, { timeoutMs: 480_000 })
  const { passed, failed, complaints } = readReport(outputFile)
  if (result.code !== 0 || failed > 0) {
    throw new Error(
      `${failed} of ${passed + failed} tests failed\n${complaints.join('\n') || complaint(result)}`,
    )
  }
  return `${passed} tests passed`
}

async function sell(binary) {
  const result = await run(binary, [example, '--auto', '--json'], { timeoutMs: 120_000 })
  const last = result.out.trim().split('\n').at(-1) ?? ''
  if (result.code !== 0 || JSON.parse(last).sale.state !== 'closed')
    throw new Error(complaint(result) ?? last)
}

if (!process.env.npm_execpath) {
  process.stderr.write('Please run this through npm: npm run test:nodes.\n')
  process.exit(1)
}
const steps = ledger()
for (const major of MAJORS.filter(version => version !== running)) {
  await steps.step(`Node ${major}`, async () => {
    try {
      const binary = await install(major)
      const version = (await run(binary, ['--version'])).out.trim()
      const tests = await test(binary, major)
      await sell(binary)
      process.stdout.write(`  ${version}: ${tests}, and the example register sold\n`)
      return undefined
    } catch (error) {
      return error.message
    }
  })
}
process.exitCode = steps.failed.length > 0 ? 1 : 0
