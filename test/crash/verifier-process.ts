// The verifier from the outside: one process of its own, asked after every trial.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Witnesses } from './evidence.ts'
import type { Verdict } from './verifier.ts'

const PROGRAM = fileURLToPath(new URL('./verifier.js', import.meta.url))

export class Verifier {
  readonly #process: ChildProcess
  readonly #waiting: ((verdict: Verdict) => void)[] = []

  constructor() {
    const child = spawn(process.execPath, [PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
      windowsHide: true,
    })
    this.#process = child
    createInterface({ input: child.stdout }).on('line', line => {
      // Boundary: the program beside this one.
      this.#waiting.shift()?.(JSON.parse(line) as Verdict)
    })
    child.once('close', () => {
      for (const answer of this.#waiting)
        answer({ violations: [{ invariant: 'I6', what: 'the verifier died' }] })
    })
  }

  /** One question at a time. */
  judge(witnesses: Witnesses): Promise<Verdict> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.#process.stdin?.write(`${JSON.stringify(witnesses)}\n`)
    })
  }

  close(): void {
    this.#process.stdin?.end()
  }
}
