// Registers from the outside: started before they are needed, told what to do, listened to until they are killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Order, Said } from './protocol.ts'

/** How a process ended. */
interface Gone {
  readonly signal: NodeJS.Signals | null
  readonly exitCode: number | null
}

/** Lines of complaint that are kept of one process. */
const MAX_STDERR = 20_000

export class RegisterProcess {
  readonly bornEpochMs: number = epochMs()
  readonly ready: Promise<void>
  readonly gone: Promise<Gone>
  /** Hears what it says; replaced by whoever has it in hand. */
  hear: (said: Said) => void = () => undefined
  stderr = ''
  isReady = false
  readonly #process: ChildProcess

  constructor(program: string) {
    const child = spawn(process.execPath, [program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    this.#process = child
    child.stdin.on('error', () => undefined)
    child.stderr.on('data', bytes => {
      if (this.stderr.length < MAX_STDERR) this.stderr += String(bytes)
    })
    let isReady: () => void = () => undefined
    this.ready = new Promise(resolve => {
      isReady = resolve
    })
    // Boundary: the other end is started together with this one, and speaks the types of protocol.ts.
    createInterface({ input: child.stdout }).on('line', line => {
      const said = JSON.parse(line) as Said
      if (said.said === 'ready') {
        this.isReady = true
        isReady()
      } else this.hear(said)
    })
    this.gone = new Promise(resolve =>
      // `close` comes after the last line was read.
      child.once('close', (exitCode, signal) => {
        isReady()
        resolve({ exitCode, signal })
      }),
    )
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  tell(order: Order): void {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

/** Keeps a few registers ready that wait for their orders: starting Node is most of a restart. */
export class Spares {
  readonly #program: string
  readonly #waiting: RegisterProcess[] = []

  constructor(program: string, count: number) {
    this.#program = program
    for (let index = 0; index < count; index += 1) this.#waiting.push(new RegisterProcess(program))
  }

  async take(): Promise<RegisterProcess> {
    const next = this.#waiting.shift() ?? new RegisterProcess(this.#program)
    this.#waiting.push(new RegisterProcess(this.#program))
    await next.ready
    return next
  }

  /** Started only when it is needed, as a register in a shop is. */
  cold(): RegisterProcess {
    return new RegisterProcess(this.#program)
  }

  async close(): Promise<void> {
    for (const process of this.#waiting) process.kill()
    await Promise.all(this.#waiting.map(process => process.gone))
  }
}

export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}
