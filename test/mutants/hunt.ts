// Runs the unmodified commands on copies, with and without a mutant, and judges how they ended. A command that ends
// for any other reason than a broken invariant has found nothing.
import { runNode } from './child.ts'
import { type Copy, makeCopy } from './copy.ts'
import type { CommandName, Mutant } from './patch.ts'

export interface HuntOptions {
  /** Per command: how many seeds or kills it may use, and how long it may take in ms. */
  readonly amounts: { readonly [command in CommandName]: number }
  readonly limitMs: number
  /** Copies that work side by side. */
  readonly jobs: number
  /** Instead of the command that each mutant names. */
  readonly with?: CommandName
  readonly tell: (line: string) => void
}

/** How one run of a command ended. */
type Ending =
  | { readonly end: 'quiet'; readonly tried: number }
  | {
      readonly end: 'violation'
      readonly invariant: string
      readonly message: string
      readonly seed?: number
      readonly tried: number
    }
  | { readonly end: 'broke'; readonly why: string }

interface Finding {
  readonly mutant: string
  readonly bug: string
  readonly with: CommandName
  readonly caught: boolean
  readonly invariant?: string
  readonly message?: string
  /** The seed or kill that found it, and how many were tried. */
  readonly seed?: number
  readonly tried?: number
  /** Why it is not caught, if the run did not simply stay quiet. */
  readonly why?: string
  readonly seconds: number
}

export interface Hunt {
  /** The unmutated copy: `passed`, or what was wrong with it, per command. */
  readonly control: { readonly [command: string]: string }
  readonly findings: readonly Finding[]
  readonly seconds: number
}

/** How each command is told its amount. One worker each: the copies already share the processors. The same choices every time. */
const FLAGS: { readonly [command in CommandName]: (amount: number) => readonly string[] } = {
  simulate: amount => ['--seeds', String(amount), '--jobs', '1'],
  crash: amount => ['--kills', String(amount), '--seed', '1'],
}

/** @throws Error when a copy cannot be made or built */
export async function hunt(mutants: readonly Mutant[], options: HuntOptions): Promise<Hunt> {
  const startedMs = performance.now()
  const commands = [...new Set(mutants.map(mutant => options.with ?? mutant.with))]
  const copies = Array.from({ length: Math.min(options.jobs, mutants.length) }, () => makeCopy())
  try {
    options.tell(`Building ${copies.length} ${copies.length === 1 ? 'copy' : 'copies'} …`)
    await Promise.all(copies.map(copy => copy.build()))
    let control: Hunt['control'] = {}
    const waiting = [...mutants]
    const findings: Finding[] = []
    const work = async (copy: Copy): Promise<void> => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const finding = await tried(copy, mutant, options)
        findings.push(finding)
        options.tell(lineOf(finding))
      }
    }
    const [first, ...others] = copies
    const controlThenWork = async (): Promise<void> => {
      control = await controlled(first, commands, options)
      if (!isSound(control)) waiting.length = 0
      else if (first) await work(first)
    }
    await Promise.all([controlThenWork(), ...others.map(work)])
    findings.sort((one, other) => (one.mutant < other.mutant ? -1 : 1))
    return { control, findings, seconds: secondsSince(startedMs) }
  } finally {
    for (const copy of copies) copy.remove()
  }
}

export function isSound(control: Hunt['control']): boolean {
  return Object.values(control).every(each => each === 'passed')
}

/** A command that finds something in sound code proves nothing about a mutant. */
async function controlled(
  copy: Copy | undefined,
  commands: readonly CommandName[],
  options: HuntOptions,
): Promise<{ readonly [command: string]: string }> {
  const control: Record<string, string> = {}
  for (const command of copy ? commands : []) {
    const ending = copy && (await run(copy, command, options))
    control[command] =
      ending?.end === 'quiet'
        ? 'passed'
        : ending?.end === 'violation'
          ? `${ending.invariant} at ${ending.seed ?? '?'}: ${ending.message}`
          : (ending?.why ?? '')
    options.tell(`control  ${command}: ${control[command]}`)
  }
  return control
}

async function tried(copy: Copy, mutant: Mutant, options: HuntOptions): Promise<Finding> {
  const startedMs = performance.now()
  const command = options.with ?? mutant.with
  const about = { mutant: mutant.name, bug: mutant.bug, with: command }
  try {
    await copy.put(mutant)
    const ending = await run(copy, command, options)
    const seconds = secondsSince(startedMs)
    if (ending.end === 'broke') return { ...about, caught: false, why: ending.why, seconds }
    if (ending.end === 'quiet') return { ...about, caught: false, tried: ending.tried, seconds }
    const { end: _, ...violation } = ending
    return { ...about, caught: true, ...violation, seconds }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return { ...about, caught: false, why, seconds: secondsSince(startedMs) }
  } finally {
    copy.revert()
  }
}

async function run(copy: Copy, command: CommandName, options: HuntOptions): Promise<Ending> {
  const amount = options.amounts[command]
  const args = [copy.program(command), ...FLAGS[command](amount), '--stop-at-first', '--json']
  const { code, out, err, timedOut } = await runNode(args, copy.root, options.limitMs)
  if (timedOut) return { end: 'broke', why: `not finished after ${options.limitMs / 1000} s` }
  return judged(code, out, err, amount)
}

/** Only exit code 1 together with a named invariant is a violation. */
export function judged(code: number | undefined, out: string, err: string, amount: number): Ending {
  const broke = (why: string): Ending => ({ end: 'broke', why: `${why}\n${err.slice(-2_000)}`.trimEnd() })
  const report = reportIn(out)
  if (!report) return broke(`exit code ${code ?? 'none'} and no report`)
  const tried = numberIn(report['seeds']) ?? numberIn(report['kills']) ?? amount
  const violations = Array.isArray(report['violations']) ? report['violations'] : undefined
  if (!violations) return broke('a report without violations')
  const [first] = violations
  if (code === 0 && first === undefined) return { end: 'quiet', tried }
  if (code !== 1 || first === undefined)
    return broke(`exit code ${code ?? 'none'}, ${violations.length} violations`)
  const { invariant, message, seed, kill } = Object(first)
  if (typeof invariant !== 'string' || invariant === '') return broke('a violation that names no invariant')
  const at = numberIn(seed) ?? numberIn(kill)
  const said = String(message ?? '').slice(0, 400)
  return { end: 'violation', invariant, message: said, tried, ...(at === undefined ? {} : { seed: at }) }
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The last line that is a JSON object, or the whole. */
function reportIn(out: string): { readonly [field: string]: unknown } | undefined {
  for (const text of [out, out.trimEnd().split('\n').at(-1) ?? '']) {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value))
    } catch {}
  }
  return undefined
}

function lineOf(finding: Finding): string {
  const { mutant, caught, with: command, invariant, seed, tried: count, why, seconds } = finding
  const end = caught
    ? `${invariant} at ${seed ?? '?'}, ${count} tried`
    : (why?.split('\n')[0] ?? `NOT CAUGHT, ${count} tried`)
  return `${caught ? '✓' : '✗'} ${mutant}  ${command}: ${end} (${seconds} s)`
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 100) / 10
}
