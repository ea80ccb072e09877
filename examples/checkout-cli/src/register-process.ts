// The register's process from the outside: asks it, follows what it says, and can kill it for real.
import { CashdeskError, type ErrorReport } from '@cashdesk/kernel'
import type { SaleView } from '@cashdesk/sdk'
import { type Program, startProgram } from './program.ts'
import type { Answer, CallName, Given, RegisterEvent, Reply } from './protocol.ts'
import type { Addresses } from './shop.ts'

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: CashdeskError) => void
}

type Listener = (event: RegisterEvent) => void

export class RegisterProcess {
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<Listener>()
  /** Who waits for it to say something, and has to be told that it never will. */
  readonly #mourners = new Set<() => void>()
  readonly #views = new Map<string, SaleView>()
  #program: Program | undefined
  #lastId = 0
  #records = 0

  private constructor() {}

  /** Starts the register on the journal in `dir`; what was in flight there is resumed at once. */
  static async start(dir: string, addresses: Addresses): Promise<RegisterProcess> {
    const register = new RegisterProcess()
    const { host, terminalPort, printerPort, scannerPort } = addresses
    const program = await startProgram({
      name: 'register',
      module: import.meta.resolve('@cashdesk/example-checkout-cli/register'),
      args: [
        ...['--dir', dir, '--host', host, '--terminal', String(terminalPort)],
        ...['--printer', String(printerPort), '--scanner', String(scannerPort)],
      ],
      // The host's development user; a real register finds its own in its environment.
      env: { CONTENTCARD_USER: 'demo', CONTENTCARD_PASS: 'demo-pass' },
      onLine: line => register.#heard(line),
    })
    register.#program = program
    void program.gone.then(() => register.#died())
    return register
  }

  /** @throws CashdeskError with the register's own code, `register.closed` when it died before it answered */
  call<Name extends CallName>(call: Name, given: Given<Name>): Promise<Answer<Name>> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      // Boundary: a call's answer is what protocol.ts says about that call.
      this.#waiting.set(id, { resolve: answer => resolve(answer as Answer<Name>), reject })
      this.#program?.process.stdin.write(`${JSON.stringify({ id, call, given })}\n`)
    })
  }

  /** What it last said about a sale. Survives the register: what it said was durable. */
  view(sale: string): SaleView | undefined {
    return this.#views.get(sale)
  }

  /** How many records its journal had when it last spoke. */
  get records(): number {
    return this.#records
  }

  on(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Waits until `look` finds something; looks again whenever the register says something.
   * @throws CashdeskError `transport.timeout` naming what was waited for, `register.closed` when it died first
   */
  until<Found>(what: string, timeoutMs: number, look: () => Found | undefined): Promise<Found> {
    const found = look()
    if (found !== undefined) return Promise.resolve(found)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        stop()
        this.#mourners.delete(dead)
      }
      const fail = (error: CashdeskError): void => {
        end()
        reject(error)
      }
      const dead = (): void => fail(new CashdeskError('register.closed', { waitedFor: what }))
      const stop = this.on(() => {
        const now = look()
        if (now === undefined) return
        end()
        resolve(now)
      })
      const timer = setTimeout(
        () => fail(new CashdeskError('transport.timeout', { waitedFor: what, timeoutMs })),
        timeoutMs,
      )
      this.#mourners.add(dead)
    })
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#program?.kill()
  }

  /** In good order: what is in flight is resumed next time. */
  async stop(): Promise<void> {
    await this.#program?.stop()
  }

  #heard(line: string): void {
    // Boundary: the other end is started together with this one, and speaks the types of protocol.ts.
    const reply = JSON.parse(line) as Reply
    if ('event' in reply) this.#tell(reply)
    else {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiting?.reject(errorOf(reply.error))
      else waiting?.resolve(reply.answer)
    }
  }

  #tell(event: RegisterEvent): void {
    if (event.event === 'changed') {
      this.#views.set(event.sale, event.view)
      this.#records = Math.max(this.#records, event.records)
    }
    for (const listener of [...this.#listeners]) listener(event)
  }

  #died(): void {
    for (const { reject } of this.#waiting.values()) reject(new CashdeskError('register.closed'))
    this.#waiting.clear()
    for (const dead of [...this.#mourners]) dead()
  }
}

function errorOf({ code, detail }: ErrorReport): CashdeskError {
  return new CashdeskError(code, detail)
}
