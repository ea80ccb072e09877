// Element strings of GS1: a text taken apart into identifiers and values, each with its place, and what is wrong with
// them. A symbol that cannot have been read as it was printed is refused; one that was printed wrongly is told.
import type { ErrorReport } from './errors.ts'
import { report } from './errors.ts'
import { type ApplicationIdentifier, identifierAt } from './gs1-identifiers.ts'
import { valueProblem } from './gs1-values.ts'

/** One application identifier and its value, as the symbol carried it. */
export interface Gs1Element {
  readonly ai: string
  readonly value: string
}

/**
 * Something that GS1 forbids and that changes neither article nor serial: a date that does not exist, an identifier
 * without the one it belongs to, two that contradict each other. What the symbol lacks may stand on another one.
 */
export interface Gs1Problem {
  readonly ai: string
  readonly what: string
}

/** An element and its place in the text. */
export interface PlacedElement extends Gs1Element {
  /** Where the identifier begins, in characters. */
  readonly at: number
  readonly valueAt: number
  /** What the identifier is, in a few words; absent if GS1 has not assigned it. */
  readonly name?: string
  readonly decimals?: number
}

export interface ParsedElements {
  /** Those before the error, if there is one. */
  readonly elements: readonly PlacedElement[]
  readonly problems: readonly (Gs1Problem & { readonly at: number })[]
  /** Why it cannot be trusted, and where. */
  readonly error?: ErrorReport
  readonly errorAt?: number
}

/** FNC1 as scanners send it. */
export const GS = '\u001d'

/**
 * The elements of a text: of an element string as scanners send it, or in the form that people read (`(01)…(21)…`).
 * Never throws. An unbracketed text may begin with FNC1.
 */
export function gs1Elements(text: string): ParsedElements {
  return text.startsWith('(') ? bracketed(text) : elementString(text)
}

/** Collects elements; the first refusal ends it. */
export class ElementCollector {
  readonly #elements: PlacedElement[] = []
  readonly #problems: (Gs1Problem & { readonly at: number })[] = []
  #refusal: { readonly error: ErrorReport; readonly errorAt: number } | undefined

  /** Takes one element; false if it cannot be trusted. */
  take(identifier: ApplicationIdentifier, value: string, at: number, valueAt: number): boolean {
    const { ai, pattern, checks, name, decimals } = identifier
    const match = pattern.exec(value)
    if (match === null) return this.refuse(ai, 'malformed value', valueAt)
    const trouble = valueProblem(match.slice(1), checks)
    if (trouble?.misread === true) {
      if (ai !== '01' && ai !== '02') return this.refuse(ai, trouble.what, valueAt)
      this.#refusal = { error: report('value.gtin', { code: value }), errorAt: valueAt }
      return false
    }
    const earlier = this.#elements.find(element => element.ai === ai)
    if (earlier !== undefined) return earlier.value === value || this.refuse(ai, 'said twice', at)
    if (trouble !== undefined) this.note(ai, trouble.what, valueAt)
    this.#elements.push({
      ai,
      value,
      at,
      valueAt,
      ...(name === undefined ? {} : { name }),
      ...(decimals === undefined ? {} : { decimals }),
    })
    return true
  }

  note(ai: string, what: string, at: number): void {
    this.#problems.push({ ai, what, at })
  }

  refuse(ai: string, reason: string, errorAt: number): false {
    this.#refusal = { error: report('scan.unreadable', { ai, reason }), errorAt }
    return false
  }

  get result(): ParsedElements {
    const elements = this.#elements
    if (this.#refusal !== undefined) return { elements, problems: this.#problems, ...this.#refusal }
    return { elements, problems: [...this.#problems, ...companionProblems(elements)] }
  }
}

/** Takes an element string apart: fixed lengths end by themselves, variable ones at FNC1 or the end. */
function elementString(data: string): ParsedElements {
  const found = new ElementCollector()
  let at = 0
  for (;;) {
    while (data[at] === GS) at += 1
    if (at >= data.length) break
    const identifier = identifierAt(data.slice(at, at + 4))
    if (identifier === undefined) {
      found.refuse(data.slice(at, at + 4), 'unknown identifier', at)
      break
    }
    const { ai, fixed } = identifier
    const valueAt = at + ai.length
    const separator = data.indexOf(GS, valueAt)
    const end = separator < 0 ? data.length : separator
    const stop = fixed === undefined ? end : Math.min(end, valueAt + fixed)
    if (!found.take(identifier, data.slice(valueAt, stop), at, valueAt)) break
    at = stop
  }
  return notEmpty(found)
}

/** `(01)04006381333931(21)ABC`: as printed under the bars, and as people type it. */
function bracketed(data: string): ParsedElements {
  const found = new ElementCollector()
  const parts = /\((\d{2,4})\)((?:(?!\(\d{2,4}\)).)*)/gsy
  for (let at = 0; at < data.length; at = parts.lastIndex) {
    const [, ai = '', value = ''] = parts.exec(data) ?? []
    const identifier = identifierAt(ai)
    if (ai === '' || identifier?.ai !== ai) {
      found.refuse(ai, 'unknown identifier', at)
      break
    }
    if (!found.take(identifier, value, at, at + ai.length + 2)) break
  }
  return notEmpty(found)
}

function notEmpty(found: ElementCollector): ParsedElements {
  if (found.result.elements.length === 0 && found.result.error === undefined) found.refuse('', 'empty', 0)
  return found.result
}

/** Whether an identifier is one of a pattern such as `310n`. */
function fits(ai: string, pattern: string): boolean {
  return ai.length === pattern.length && [...pattern].every((digit, at) => digit === 'n' || digit === ai[at])
}

function companionProblems(
  elements: readonly PlacedElement[],
): readonly (Gs1Problem & { readonly at: number })[] {
  return elements.flatMap(({ ai, at }) => {
    const { needs = [], excludes = [] } = identifierAt(ai) ?? {}
    const others = elements.filter(other => other.ai !== ai)
    const there = (pattern: string): boolean => others.some(other => fits(other.ai, pattern))
    const against = others.filter(other => excludes.some(pattern => fits(other.ai, pattern)))
    const family = others.find(
      other => ai.length === 4 && isMeasure(ai) && other.ai.startsWith(ai.slice(0, 3)),
    )
    const lonely = needs.length > 0 && !needs.some(group => group.every(there))
    return [
      ...(lonely ? [{ ai, what: `needs ${needs.map(group => group.join('+')).join(' or ')}`, at }] : []),
      ...against.map(other => ({ ai, what: `contradicts ${other.ai}`, at })),
      ...(family === undefined ? [] : [{ ai, what: `contradicts ${family.ai}`, at }]),
    ]
  })
}

/** One measure is said once, whatever its decimal places. */
function isMeasure(ai: string): boolean {
  return /^3[1-6]/.test(ai)
}
