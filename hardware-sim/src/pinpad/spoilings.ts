// What spoils the simulated pad's line, and for how many packets or answers more.
import { CashdeskError, type Json } from '@cashdesk/kernel'

type Args = { readonly [name: string]: Json }
type Spoiling = 'bad-lrc' | 'nak' | 'silence' | 'repeat' | 'cut' | 'half' | 'noise'

const SPOILINGS: readonly Spoiling[] = ['bad-lrc', 'nak', 'silence', 'repeat', 'cut', 'half', 'noise']
/** More than any accident needs. */
const MOST_TIMES = 1_000_000

export class Spoilings {
  readonly #left = new Map<Spoiling, number>()

  /** Those that will strike. */
  get on(): readonly string[] {
    return [...this.#left.keys()]
  }

  /** Sets how often `name` strikes, `{times}`; false where it is no spoiling. @throws CashdeskError `sim.usage` */
  set(name: string, args: Args): boolean {
    const spoiling = SPOILINGS.find(known => known === name)
    if (spoiling === undefined) return false
    const times = numberOf(args, 'times', 1, MOST_TIMES)
    if (times === 0) this.#left.delete(spoiling)
    else this.#left.set(spoiling, times)
    return true
  }

  /** Whether it strikes now; once less from then on. */
  strikes(name: Spoiling): boolean {
    const left = this.#left.get(name) ?? 0
    if (left <= 1) this.#left.delete(name)
    else this.#left.set(name, left - 1)
    return left > 0
  }

  clear(): void {
    this.#left.clear()
  }
}

/** @throws CashdeskError `sim.usage` */
export function textOf(args: Args, name: string): string {
  const value = args[name]
  if (typeof value === 'string') return value
  throw new CashdeskError('sim.usage', { argument: name })
}

/** @throws CashdeskError `sim.usage` */
export function numberOf(args: Args, name: string, otherwise: number, max: number): number {
  const value = args[name] ?? otherwise
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max) return value
  throw new CashdeskError('sim.usage', { argument: name, max })
}
