// A real PostgreSQL for one run of the tests: its own folder, its own port, gone afterwards.
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const DEBIAN = '/usr/lib/postgresql'
const START_MS = 30_000

/** The newest installed PostgreSQL's programs, or nothing. */
function programs() {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .sort((a, b) => Number(b) - Number(a))
        .map(version => join(DEBIAN, version, 'bin'))
    : []
  const folders = [...debian, ...(process.env.PATH ?? '').split(':')]
  return folders.find(folder => ['initdb', 'postgres'].every(name => existsSync(join(folder, name))))
}

/** PostgreSQL refuses to run as root: there it becomes its own user, or nobody. */
function account() {
  if (process.getuid?.() !== 0) return {}
  const id = (flag, user) =>
    Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout.trim() || Number.NaN)
  const user = ['postgres', 'nobody'].find(name => Number.isInteger(id('-u', name)))
  return user ? { uid: id('-u', user), gid: id('-g', user) } : {}
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** The server's own pid file says `ready` in its eighth line once it takes connections. */
const isReady = data => {
  const file = join(data, 'postmaster.pid')
  return existsSync(file) && readFileSync(file, 'utf8').split('\n')[7]?.trim() === 'ready'
}

/** Starts a server; resolves to `{ url, stop }`. Throws when there is none installed or it does not start. */
export async function startPostgres() {
  const bin = programs()
  if (!bin) throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql)')
  const folder = mkdtempSync(join(tmpdir(), 'cashdesk-postgres-'))
  const as = account()
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const data = join(folder, 'data')
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'cashdesk', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
    {
      ...as,
      cwd: folder,
      encoding: 'utf8',
    },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`)
  const port = await freePort()
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=100']
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', folder, ...settings], {
    ...as,
    cwd: folder,
    stdio: 'ignore',
  })
  const ended = new Promise(resolve => server.once('exit', resolve))
  const stop = async () => {
    server.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let waited = 0; waited < START_MS; waited += 100) {
    if (isReady(data)) return { url: `postgres://cashdesk@127.0.0.1:${port}/postgres`, stop }
    await sleep(100)
  }
  await stop()
  throw new Error(`PostgreSQL did not answer within ${START_MS / 1000} s`)
}
