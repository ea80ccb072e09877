// The line between the shop and its host: it can be cut and mended, and it sees when which operation passes. What it
// sees is how fast a register that was just started takes up its work again.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { CashdeskError } from '@cashdesk/kernel'

/** A request of the exchange, as it passed. */
export interface Passing {
  readonly operation: string
  /** 1 reserve, 2 activate, 3 release, 4 status, 5 renew, 6 void. */
  readonly action: number
  readonly atEpochMs: number
}

/** Below the range from which systems give out ports by themselves, so that nobody takes it while the line is cut. */
const FIRST_PORT = 20_000
const PORTS = 10_000
const ATTEMPTS = 50
/** Requests that are remembered; more is a trial that never ends. */
const MAX_PASSED = 20_000

export class Line {
  readonly #host: { readonly hostname: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  readonly #listeners = new Set<(passing: Passing) => void>()
  #server: Server | undefined
  #passed: Passing[] = []
  #port = 0

  private constructor(hostUrl: string) {
    const { hostname, port } = new URL(hostUrl)
    this.#host = { hostname, port: Number(port) }
  }

  /** @throws CashdeskError `sim.port-in-use` */
  static async to(hostUrl: string): Promise<Line> {
    const line = new Line(hostUrl)
    for (let attempt = 1; ; attempt += 1) {
      try {
        await line.#listen(FIRST_PORT + Math.floor(Math.random() * PORTS))
        return line
      } catch (thrown) {
        if (attempt >= ATTEMPTS) throw new CashdeskError('sim.port-in-use', {}, { cause: thrown })
      }
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Everything that passed since the last `forget`. */
  get passed(): readonly Passing[] {
    return this.#passed
  }

  forget(): void {
    this.#passed = []
  }

  onPassing(listener: (passing: Passing) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Nobody answers any more: connections are refused. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async up(): Promise<void> {
    if (!this.#server) await this.#listen(this.#port)
  }

  #listen(port: number): Promise<void> {
    const server = createServer(socket => this.#connected(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        this.#server = server
        this.#port = port
        resolve()
      })
    })
  }

  #connected(till: Socket): void {
    const host = connect({ host: this.#host.hostname, port: this.#host.port, noDelay: true })
    till.setNoDelay(true)
    for (const [one, other] of [
      [till, host],
      [host, till],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    till.on('data', bytes => this.#read(bytes.toString('latin1')))
    till.pipe(host).pipe(till)
  }

  /** A request of the exchange is one small piece. */
  #read(text: string): void {
    const action = /[?&]action=(\d)/.exec(text)?.[1]
    const operation = /idempotency-key: *([0-9a-f-]{36})/i.exec(text)?.[1]
    if (action === undefined || operation === undefined) return
    const passing = {
      operation,
      action: Number(action),
      atEpochMs: performance.timeOrigin + performance.now(),
    }
    if (this.#passed.length < MAX_PASSED) this.#passed.push(passing)
    for (const listener of [...this.#listeners]) listener(passing)
  }
}
