// Makes a failing day smaller: turns off accidents and parts of the plan, as many at once as possible, as long as the
// same promise is still broken.
import { playDay } from './day.ts'

/** Days that a search plays at most. */
const MOST_DAYS = 120

export interface Shrunk {
  readonly off: readonly string[]
  /** Accidents that are left. */
  readonly left: readonly string[]
  readonly days: number
}

/** The smallest day found that still breaks `invariant`. */
export async function shrink(
  seed: number,
  invariant: string,
  given: readonly string[] = [],
): Promise<Shrunk> {
  const off = new Set(given)
  let days = 0
  let struck: readonly string[] = []
  const fails = async (without: ReadonlySet<string>): Promise<boolean> => {
    days += 1
    const report = await playDay(seed, { off: without })
    if (!report.violations.some(each => each.invariant === invariant)) return false
    struck = report.struck.map(({ key }) => key)
    return true
  }
  if (!(await fails(off))) return { off: [...off], left: [], days }
  for (const part of partsOf()) {
    if (days < MOST_DAYS && (await fails(new Set([...off, part])))) off.add(part)
  }
  // Halves, quarters, eighths …: of the accidents that are left, whatever is not needed goes.
  for (let size = Math.ceil(struck.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < struck.length && days < MOST_DAYS; ) {
      const some = struck.slice(at, at + size)
      const before = struck.length
      if (await fails(new Set([...off, ...some]))) {
        for (const key of some) off.add(key)
        if (struck.length >= before) at += size
      } else at += size
    }
  }
  await fails(off)
  return { off: [...off], left: struck, days }
}

/** Customers, last ones first: what comes after a failure is never needed. */
function partsOf(): readonly string[] {
  return [7, 6, 5, 4, 3, 2, 1].map(number => `customer ${number}`)
}
