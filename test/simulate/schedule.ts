// What a seed decides. Every decision is drawn for itself, from the seed, the place where it is asked for and how often
// it was asked there before: one of them can be turned off, and the others stay as they were.

/** Accidents by kind: how probable one is each time its place is passed, in a seed where the kind is on. */
const TABLE = {
  // The machine.
  'crash-before': 0.01,
  'crash-within': 0.012,
  'crash-after': 0.012,
  'crash-in-recovery': 0.014,
  'crash-at-time': 0.25,
  'crash-at-booking': 0.06,
  'disk-error': 0.001,
  'clock-step-back': 0.06,
  'clock-step-forward': 0.05,
  // Requests.
  'request-not-sent': 0.04,
  'request-lost': 0.04,
  'request-late': 0.05,
  'request-duplicated': 0.06,
  'answer-lost': 0.06,
  'answer-late': 0.05,
  'answer-cut': 0.03,
  'answer-garbled': 0.04,
  'server-error-before-work': 0.04,
  'server-error-after-work': 0.04,
  'outage-short': 0.12,
  'outage-of-days': 0.04,
  // Other people.
  'card-taken-by-another': 0.5,
  'provider-refuses': 0.03,
  // The terminal.
  'link-cut-before-040F': 0.1,
  'link-cut-after-040F': 0.1,
  'link-cut-between-prints': 0.1,
  'link-cut-after-ack': 0.1,
  'terminal-declines': 0.05,
  'terminal-partial': 0.05,
  'terminal-slow': 0.04,
  'terminal-silent': 0.04,
  'terminal-garbles': 0.05,
  'terminal-overstates': 0.05,
  'terminal-unplugged': 0.06,
  'customer-aborts': 0.04,
  'stream-cut': 0.01,
  'stream-refused': 0.05,
  'stream-delayed': 0.04,
  // The PIN pad.
  'pin-cancelled': 0.1,
  'pin-forgotten': 0.08,
  // Paper and scanner.
  'paper-out': 0.06,
  'printer-unplugged': 0.06,
  'printer-cover': 0.04,
  'scanner-unplugged': 0.03,
  // The cashier.
  'repeats-command': 0.05,
  'double-scan': 0.04,
  'scan-while-paying': 0.08,
  'cancels-while-paying': 0.06,
  'aborts-payment': 0.06,
  'reopens-total': 0.06,
  'voids-line': 0.08,
  'changes-mind': 0.08,
  'cancels-sale': 0.08,
  dawdles: 0.1,
  'prints-again': 0.1,
  'wrong-card': 0.03,
  'impatient-after-crash': 0.3,
  'register-dies': 0.3,
} as const

export type AccidentKind = keyof typeof TABLE
export const ACCIDENTS: { readonly [kind in AccidentKind]: number } = TABLE

/** Those by which a process ends. */
export const CRASHES: readonly AccidentKind[] = [
  'crash-before',
  'crash-within',
  'crash-after',
  'crash-in-recovery',
  'crash-at-time',
  'crash-at-booking',
  'register-dies',
]

/** One accident that was really played. */
export interface Strike {
  /** `kind@place#n`: what turns it off. */
  readonly key: string
  readonly kind: AccidentKind
  readonly place: string
}

/** Some seeds would go on for ever: a day has this many accidents at most. */
const MOST_STRIKES = 160

interface Place {
  readonly hash: number
  passed: number
}

/** Whoever tries again gets through in the end: what strikes every single time never lets a day end. */
const MOST_OFTEN = 0.7

export class Schedule {
  readonly seed: number
  /** Nothing strikes any more: the world heals. */
  calm = false
  readonly struck: Strike[] = []
  readonly #off: ReadonlySet<string>
  readonly #base: number
  readonly #places: Map<string, Place> = new Map()
  readonly #intensity: Map<AccidentKind, number> = new Map()

  /** @param off keys of strikes, or whole kinds, that are turned off */
  constructor(seed: number, off: ReadonlySet<string> = new Set()) {
    this.seed = seed
    this.#off = off
    this.#base = mixed(hashOf(`seed ${seed}`))
    // Not every kind in every seed: what is rare must also be met alone, and what is dense, together.
    const dense = 0.5 + 1.3 * this.fraction('how dense')
    for (const kind of Object.keys(ACCIDENTS) as AccidentKind[]) {
      const drawn = this.fraction(`how often ${kind}`)
      this.#intensity.set(
        kind,
        off.has('*') || off.has(kind) || drawn < 0.3 ? 0 : drawn < 0.8 ? dense : 2.5 * dense,
      )
    }
  }

  /** How often a kind strikes in this seed, as a factor. */
  intensity(kind: AccidentKind): number {
    return this.#intensity.get(kind) ?? 0
  }

  /** Whether an accident happens here and now. `factor`: how much more probable it is here than elsewhere. */
  strikes(kind: AccidentKind, place: string, factor = 1): boolean {
    const drawn = this.#draw(`${kind}@${place}`)
    if (this.struck.length >= MOST_STRIKES) return false
    const limit = Math.min(MOST_OFTEN, ACCIDENTS[kind] * (this.#intensity.get(kind) ?? 0) * factor)
    if (this.calm || drawn.fraction >= limit) return false
    const key = `${kind}@${place}#${drawn.passed}`
    if (this.#off.has(key)) return false
    this.struck.push({ key, kind, place })
    return true
  }

  /** A part of the day's plan is left out. */
  isOff(key: string): boolean {
    return this.#off.has(key)
  }

  /** A number in [0, 1). */
  fraction(place: string): number {
    return this.#draw(place).fraction
  }

  /** An integer from 0 to `count` − 1. */
  below(place: string, count: number): number {
    return Math.floor(this.fraction(place) * count)
  }

  between(place: string, low: number, high: number): number {
    return low + this.below(place, high - low + 1)
  }

  chance(place: string, probability: number): boolean {
    return this.fraction(place) < probability
  }

  pick<Item>(place: string, items: readonly [Item, ...Item[]]): Item {
    return items[this.below(place, items.length)] ?? items[0]
  }

  #draw(place: string): { readonly fraction: number; readonly passed: number } {
    let known = this.#places.get(place)
    if (known === undefined) {
      known = { hash: hashOf(place), passed: 0 }
      this.#places.set(place, known)
    }
    known.passed += 1
    const word = mixed(mixed(this.#base ^ known.hash) + Math.imul(known.passed, 0x9e3779b9))
    return { fraction: (word >>> 0) / 2 ** 32, passed: known.passed }
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash | 0
}

/** The finaliser of splitmix32. */
function mixed(seed: number): number {
  let word = (seed + 0x9e3779b9) | 0
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return (word ^ (word >>> 15)) | 0
}
