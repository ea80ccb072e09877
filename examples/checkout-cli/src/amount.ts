// Amounts as people type and hand them over, in minor units.

/** Notes that customers have. */
const NOTE_MINOR = 1000
/** Whoever seems to hand over more than this many times the total has probably mistyped it. */
const LIKELY_AT_MOST_TIMES = 10

/** An amount as people write it, `20` or `20.50`, without any arithmetic on fractions; undefined when it is none. */
export function minorOf(text: string): number | undefined {
  const parts = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim())
  if (!parts) return undefined
  return Number(`${parts[1]}${(parts[2] ?? '').padEnd(2, '0')}`)
}

/** The least that a customer hands over in notes. */
export function inNotes(dueMinor: number): number {
  return Math.ceil(dueMinor / NOTE_MINOR) * NOTE_MINOR
}

/** Is `givenMinor` so much more than `dueMinor` that it is worth a question? */
export function looksMistyped(givenMinor: number, dueMinor: number): boolean {
  return givenMinor > dueMinor * LIKELY_AT_MOST_TIMES
}
