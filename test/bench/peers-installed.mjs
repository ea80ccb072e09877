// The queues that we compare ourselves with live in a folder of their own, outside the workspaces, with their own lock
// file: nobody who installs or tests this project gets them. Their SQLite is compiled where it comes ready for no Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('./peers', import.meta.url))

/** Loads one of them. */
export const peer = name => import(createRequire(join(FOLDER, 'package.json')).resolve(name))

/** Why they cannot be measured, in words for whoever asked for it; undefined once they are there. */
export function installPeers(progress) {
  if (installed()) return undefined
  progress('Installing plainjob, liteque and better-sqlite3 (once; compiling takes a minute) …')
  const npm = process.env.npm_execpath
  const [command, ...before] = npm ? [process.execPath, npm] : ['npm']
  const args = [...before, 'ci', '--no-fund', '--no-audit', '--loglevel=error']
  const { status } = spawnSync(command, args, { cwd: FOLDER, stdio: ['ignore', 2, 2], shell: !npm })
  if (status === 0 && installed()) return undefined
  return 'plainjob and liteque could not be installed: it takes a connection to the npm registry and, where better-sqlite3 is not ready-made for this Node, a C++ compiler. The figures beside them are absent.'
}

/** As the lock file names them, and loadable: a copy of another Node's would not be. */
function installed() {
  const names = Object.entries(JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')).dependencies)
  const there = names.every(([name, version]) => {
    const path = join(FOLDER, 'node_modules', name, 'package.json')
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === version
  })
  if (!there) return false
  const check = `new (require(${JSON.stringify(join(FOLDER, 'node_modules', 'better-sqlite3'))}))(':memory:').close()`
  return spawnSync(process.execPath, ['-e', check], { stdio: 'ignore' }).status === 0
}
