// The terminal's TCP port: one register at a time, and the accident that nobody can connect.
import { createServer, type Server, type Socket } from 'node:net'
import { listenOn } from '../program.ts'

export interface DoorEvents {
  /** A register is in; the next one gets in after `left`. */
  readonly entered: (socket: Socket) => void
  /** Sleeps, but no longer than the terminal is switched on. */
  readonly sleep: (ms: number) => Promise<void>
}

/** How long a second caller may wait for the first to hang up: a till that reconnects is faster than its FIN. */
const GRACE_MS = 300

export class Door {
  port = 0
  readonly #host: string | undefined
  readonly #events: DoorEvents
  #server: Server | undefined
  #occupied = false
  #caller: Socket | undefined
  #refusals = 0
  #closed = false

  constructor(host: string | undefined, events: DoorEvents) {
    this.#host = host
    this.#events = events
  }

  /** @throws CashdeskError `sim.port-in-use` */
  async open(port: number): Promise<void> {
    if (this.#closed || this.#server !== undefined) return
    const server = createServer(socket => this.#called(socket))
    this.#server = server
    try {
      this.port = await listenOn(server, port, this.#host)
    } catch (thrown) {
      this.#server = undefined
      throw thrown
    }
    server.on('error', () => {})
    // Closed or told to refuse while the port was being opened.
    if (this.#server !== server) server.close()
  }

  /** The port is ours by all likelihood; who took it meanwhile makes the terminal stay away, which is no crash. */
  async reopen(): Promise<void> {
    this.#refusals += 1
    await this.open(this.port).catch(() => {})
  }

  /** Nobody can connect, for `ms` or (0) until `reopen`; resolves true when the time ran out. Who is in stays in. */
  async refuse(ms: number): Promise<boolean> {
    this.#server?.close()
    this.#server = undefined
    this.#refusals += 1
    const refusal = this.#refusals
    if (ms === 0) return false
    await this.#events.sleep(ms)
    // Another refusal began meanwhile, and its own time counts.
    if (refusal !== this.#refusals) return false
    await this.reopen()
    return true
  }

  /** The register is gone. */
  left(): void {
    this.#occupied = false
    const caller = this.#caller
    this.#caller = undefined
    if (caller !== undefined && !this.#closed) this.#enter(caller)
  }

  close(): void {
    this.#closed = true
    this.#server?.close()
    this.#server = undefined
    this.#caller?.destroy()
    this.#caller = undefined
  }

  #called(socket: Socket): void {
    if (!this.#occupied) {
      this.#enter(socket)
      return
    }
    if (this.#caller !== undefined) {
      socket.destroy()
      return
    }
    socket.on('error', () => {})
    this.#caller = socket
    void this.#events.sleep(GRACE_MS).then(() => {
      if (this.#caller !== socket) return
      this.#caller = undefined
      socket.destroy()
    })
  }

  #enter(socket: Socket): void {
    this.#occupied = true
    this.#events.entered(socket)
  }
}
