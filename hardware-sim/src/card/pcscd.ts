// A smart-card service of one's own: the real pcscd with the virtual reader vpcd, on a socket and a port that nobody
// else uses, without touching the one the system may run. Linux only.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'

export interface Pcscd {
  /** Put it into `PCSCLITE_CSOCK_NAME` of whoever shall use this service. */
  readonly socket: string
  /** Where virtual cards connect; the second slot is one higher. */
  readonly port: number
  /** Resolves when it serves. Harmless while it runs. */
  start(): Promise<void>
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Ends it and removes what it left. */
  close(): Promise<void>
}

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'
const PROGRAMS = ['/usr/sbin/pcscd', '/usr/local/sbin/pcscd', '/sbin/pcscd', '/usr/bin/pcscd'] as const
const READY_MS = 20_000
const PORT_ATTEMPTS = 20

/** What is not installed of what a virtual reader needs; undefined if all is there. */
export function missingForPcscd(): string | undefined {
  if (process.platform !== 'linux') return 'a virtual card reader needs Linux'
  if (PROGRAMS.some(path => existsSync(path)) && existsSync(DRIVER)) return undefined
  return 'a virtual card reader needs pcscd and vpcd: apt install pcscd vsmartcard-vpcd'
}

/** @throws CashdeskError `sim.missing-program` */
export async function startPcscd(): Promise<Pcscd> {
  const missing = missingForPcscd()
  if (missing !== undefined) throw new CashdeskError('sim.missing-program', { install: missing })
  const folder = await mkdtemp(join(tmpdir(), 'cashdesk-pcscd-'))
  const port = await freePair()
  const hexPort = `0x${port.toString(16)}`
  await mkdir(join(folder, 'readers'))
  await writeFile(
    join(folder, 'readers', 'vpcd'),
    `FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:${hexPort}\nLIBPATH ${DRIVER}\nCHANNELID ${hexPort}\n`,
  )
  const service = new OwnPcscd(folder, port)
  try {
    await service.start()
  } catch (thrown) {
    await service.close()
    throw thrown
  }
  return service
}

class OwnPcscd implements Pcscd {
  readonly socket: string
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
    this.socket = join(folder, 'pcscd.comm')
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) return
    // pcscd takes a socket that is handed over as systemd does it: as descriptor 3, with two variables, of which one
    // names the process itself.
    const server = await listening(join(this.#folder, 'fresh'))
    const program = PROGRAMS.find(path => existsSync(path)) ?? PROGRAMS[0]
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@"',
        program,
        '--foreground',
        '--info',
        '--config',
        join(this.#folder, 'readers'),
      ],
      { stdio: ['ignore', 'pipe', 'pipe', descriptorOf(server)] },
    )
    this.#process = child
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined
    })
    await served(child)
    // Our own end of the socket must not take connections, and closing it removes the name it was opened under.
    await rename(join(this.#folder, 'fresh'), this.socket)
    await new Promise<void>(resolve => server.close(() => resolve()))
  }

  async kill(): Promise<void> {
    await ended(this.#process, 'SIGKILL')
  }

  async close(): Promise<void> {
    await ended(this.#process, 'SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function listening(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', error => reject(new CashdeskError('sim.port-in-use', { reason: error.message })))
    server.listen(path, () => resolve(server))
  })
}

/** The descriptor behind a listening server, which Node keeps to itself. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  if (typeof fd !== 'number') throw new CashdeskError('sim.missing-program', { reason: 'no descriptor' })
  return fd
}

/** Resolves when it says that it is ready. */
function served(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (reason: string): void =>
      reject(new CashdeskError('sim.missing-program', { program: 'pcscd', reason, said: said.slice(-300) }))
    const timer = setTimeout(() => fail('it did not become ready'), READY_MS)
    const hear = (bytes: Buffer): void => {
      said = (said + bytes.toString('utf8')).slice(-4000)
      if (!said.includes('daemon ready')) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', error => fail(error.message))
    child.once('exit', code => {
      clearTimeout(timer)
      fail(`it ended with code ${code}`)
    })
  })
}

function ended(child: ChildProcess | undefined, signal: 'SIGKILL'): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

/** A port of which the next one is free, too. */
async function freePair(): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const first = await bound(0)
    const second = first === undefined ? undefined : await bound(first.port + 1)
    const found = first !== undefined && second !== undefined ? first.port : undefined
    await Promise.all([first?.free(), second?.free()])
    if (found !== undefined) return found
  }
  throw new CashdeskError('sim.port-in-use', { reason: 'no two ports in a row' })
}

function bound(port: number): Promise<{ readonly port: number; free(): Promise<void> } | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, () => {
      const address = server.address()
      const got = typeof address === 'object' && address !== null ? address.port : port
      resolve({ port: got, free: () => new Promise(freed => server.close(() => freed())) })
    })
  })
}
