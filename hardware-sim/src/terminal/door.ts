// The terminal's TCP port: listens while the terminal lets itself be called.
import { createServer, type Server, type Socket } from 'node:net'
import { listenOn } from '../program.ts'

export class Door {
  port = 0
  readonly #host: string | undefined
  readonly #called: (socket: Socket) => void
  #server: Server | undefined
  #closed = false

  constructor(host: string | undefined, called: (socket: Socket) => void) {
    this.#host = host
    this.#called = called
  }

  /** @throws CashdeskError `sim.port-in-use` */
  async open(port: number): Promise<void> {
    if (this.#closed || this.#server !== undefined) return
    const server = createServer(this.#called)
    this.#server = server
    try {
      this.port = await listenOn(server, port, this.#host)
    } catch (thrown) {
      this.#server = undefined
      throw thrown
    }
    server.on('error', () => {})
    // Closed or shut while the port was being opened.
    if (this.#server !== server) server.close()
  }

  /** The port is ours by all likelihood; who took it meanwhile makes the terminal stay away, which is no crash. */
  async reopen(): Promise<void> {
    await this.open(this.port).catch(() => {})
  }

  shut(): void {
    this.#server?.close()
    this.#server = undefined
  }

  close(): void {
    this.#closed = true
    this.shut()
  }
}
