// A simulated device from the outside: what a person at it can see and do, over its control address.
import { CashdeskError } from '@cashdesk/kernel'

const TIMEOUT_MS = 10_000

export class Device<State> {
  readonly #control: string

  constructor(control: string) {
    this.#control = control
  }

  state(): Promise<State> {
    return this.#ask<State>('/state')
  }

  /** Something happens to it, or a person does something with it: `scan`, `paper-out`, `decline` … */
  async happens(name: string, details: { readonly [name: string]: string | number } = {}): Promise<void> {
    await this.#ask('/accident', { name, ...details })
  }

  async #ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#control}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (!response.ok) throw new CashdeskError('sim.usage', { path, said: text.slice(0, 300) })
    // Boundary: the simulators of this very release, whose states have published types.
    return JSON.parse(text) as Answer
  }
}
