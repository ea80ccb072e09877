// The third process: it asks host, terminal and paper what became of a trial, and holds that against the purse log. On
// stdin it takes the witnesses of one trial a line; as `verifier.js DIR` it looks once more at kept evidence.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Evidence, gather, type Witnesses } from './evidence.ts'
import { type Violation, verify } from './verify.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Only where something is wrong. */
  readonly evidence?: Evidence
}

const [, , dir] = process.argv
if (dir === undefined) {
  // Ctrl-C is for the supervisor, who still has questions.
  process.on('SIGINT', () => undefined)
  createInterface({ input: process.stdin })
    // Boundary: the supervisor sends the type of evidence.ts.
    .on('line', line => void judge(JSON.parse(line) as Witnesses))
    .on('close', () => process.exit(0))
} else {
  // Boundary: written by the supervisor from the type of evidence.ts.
  const violations = verify(JSON.parse(readFileSync(join(dir, 'evidence.json'), 'utf8')) as Evidence)
  process.stdout.write(`${JSON.stringify({ violations }, null, 2)}\n`)
  process.exitCode = violations.length === 0 ? 0 : 1
}

async function judge(witnesses: Witnesses): Promise<void> {
  const evidence = await gather(witnesses)
  const violations = verify(evidence)
  const verdict: Verdict = violations.length === 0 ? { violations } : { violations, evidence }
  process.stdout.write(`${JSON.stringify(verdict)}\n`)
}
