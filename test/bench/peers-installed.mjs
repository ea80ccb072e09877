// What we compare ourselves with lives in folders of its own, outside the workspaces, with lock files of its own: nobody who
// installs or tests this project gets it. The queues' SQLite is compiled where it comes ready for no Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = name => fileURLToPath(new URL(`./${name}`, import.meta.url))
const QUEUES = folder('peers')
const DEVICES = folder('peers-devices')

/** Loads one of the queues. */
export const peer = name => import(createRequire(join(QUEUES, 'package.json')).resolve(name))

/** Loads one of those for devices. */
export const devicePeer = name =>
  import(pathToFileURL(createRequire(join(DEVICES, 'package.json')).resolve(name)).href)

/** Why they cannot be measured, in words for whoever asked for it; undefined once they are there. */
export function installPeers(progress) {
  const what = 'plainjob, liteque and better-sqlite3 (once; compiling takes a minute)'
  if (installed(QUEUES, sqliteLoads) || (install(QUEUES, what, progress) && installed(QUEUES, sqliteLoads)))
    return undefined
  return 'plainjob and liteque could not be installed: it takes a connection to the npm registry and, where better-sqlite3 is not ready-made for this Node, a C++ compiler. The figures beside them are absent.'
}

/** The same for the encoders of receipts and the reader of codes. */
export function installDevicePeers(progress) {
  const names = Object.keys(wanted(DEVICES))
  if (installed(DEVICES) || (install(DEVICES, `${names.join(', ')} (once)`, progress) && installed(DEVICES)))
    return undefined
  return `${names.join(', ')} could not be installed: it takes a connection to the npm registry. The figures beside them are absent.`
}

/** Compiling takes a minute; a registry that does not answer must not hold up what needs none. */
const INSTALL_MS = 5 * 60_000

function install(cwd, what, progress) {
  progress(`Installing ${what} …`)
  const npm = process.env.npm_execpath
  const [command, ...before] = npm ? [process.execPath, npm] : ['npm']
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=2000']
  const args = [...before, 'ci', '--no-fund', '--no-audit', '--loglevel=error', ...patience]
  return (
    spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2], shell: !npm, timeout: INSTALL_MS }).status === 0
  )
}

const wanted = place => JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')).dependencies

/** As the lock file names them, and loadable: a copy of another Node's would not be. */
function installed(place, loads = () => true) {
  const there = Object.entries(wanted(place)).every(([name, version]) => {
    const path = join(place, 'node_modules', name, 'package.json')
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === version
  })
  return there && loads()
}

function sqliteLoads() {
  const check = `new (require(${JSON.stringify(join(QUEUES, 'node_modules', 'better-sqlite3'))}))(':memory:').close()`
  return spawnSync(process.execPath, ['-e', check], { stdio: 'ignore' }).status === 0
}
