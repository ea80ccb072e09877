// Makes a fresh clone ready: installs what the lock file names when it is not there, then builds.
// Runs before `npm start` and `npm test`, so that nobody has to know about either step.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const quiet = process.argv.includes('--quiet')
const modifiedAt = path => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** Runs a node script with its output on stderr: stdout belongs to the command that follows. */
function run(what, script, args) {
  if (!quiet) process.stderr.write(`${what} …\n`)
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) {
    process.stderr.write(`${what} failed (exit code ${result.status ?? result.signal}).\n`)
    process.exit(1)
  }
}

const installed = join(root, 'node_modules', '.package-lock.json')
if (modifiedAt(installed) < modifiedAt(join(root, 'package-lock.json'))) {
  const npm = process.env.npm_execpath
  if (!npm) {
    process.stderr.write('Please run this through npm: npm start, or npm test.\n')
    process.exit(1)
  }
  run('Installing the packages (once)', npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'])
}
run('Building', join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ['-b'])
