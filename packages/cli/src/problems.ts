// What is wrong with a configuration, in sentences: one for each mistake, with its path, and what was probably meant.
// A sentence never repeats a value, which may be a secret that was written where it should have been named.
import type { ErrorCode } from '@cashdesk/kernel'
import { z } from 'zod'
import type { Path, Place } from './document.ts'

export interface Problem extends Partial<Place> {
  /** Where it is not in the configuration itself: the file of the articles. */
  readonly file?: string
  /** `plugins[0].password`; empty for the whole document. */
  readonly path: string
  readonly message: string
  readonly code: ErrorCode
}

/** `plugins[0].password`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** `4:3 printer.prot is unknown; did you mean "port"?` */
export function said({ file, path, message, line, column }: Problem): string {
  const place = line === undefined ? '' : `${line}:${column} `
  return `${file === undefined ? '' : `${file}:`}${place}${path === '' ? 'the document' : path} ${message}`
}

/** In the order of the document. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const line = (problem: Problem): number =>
    problem.file === undefined ? (problem.line ?? 0) : Number.MAX_SAFE_INTEGER
  return problems.toSorted((one, other) => line(one) - line(other) || (one.column ?? 0) - (other.column ?? 0))
}

export interface Finding {
  readonly path: Path
  readonly message: string
}

/** Every mistake of `value` against `shape`. */
export function findings(shape: z.ZodType, value: unknown): readonly Finding[] {
  const result = shape.safeParse(value, { error: sentence })
  return result.success ? [] : result.error.issues.flatMap(issue => flatten(issue, []))
}

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

function flatten(issue: Issue, above: Path): readonly Finding[] {
  const path = [...above, ...issue.path.map(step => (typeof step === 'number' ? step : String(step)))]
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return branchMeant(issue.errors).flatMap(inner => flatten(inner, path))
  if (issue.code === 'unrecognized_keys') {
    const sentences = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      message: sentences[index] ?? 'is unknown',
    }))
  }
  return [{ path, message: issue.message }]
}

const WRONG_TYPE: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'custom'])

/** Of several shapes, the one that the value was probably meant to have: of the right type, with the fewest mistakes. */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const wrongType = (issues: readonly Issue[]): boolean =>
    issues.some(({ code, path }) => path.length === 0 && WRONG_TYPE.has(code))
  const ranked = [...branches].sort(
    (one, other) => Number(wrongType(one)) - Number(wrongType(other)) || one.length - other.length,
  )
  const [best = []] = ranked
  if (!wrongType(best)) return best
  const all = [...new Set(ranked.map(issues => issues[0]?.message ?? ''))]
  const [first] = best
  // A question stands last.
  const message = all
    .toSorted((one, other) => Number(one.endsWith('?')) - Number(other.endsWith('?')))
    .join(', or ')
  return first ? [{ ...first, message }] : []
}

// ── sentences ───────────────────────────────────────────────────────────────────────────────────────────

const KINDS: { readonly [expected: string]: string } = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list [ … ]',
}

function sentence(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : oneOf(issue.values, issue.input)
    case 'invalid_union': {
      if (!('discriminator' in issue) || !('options' in issue)) return undefined
      return discriminated(String(issue.discriminator), issue.options, issue.input)
    }
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey(key, keysOf(issue.inst))).join('\n')
    case 'too_small':
      if (issue.minimum === 1 && issue.origin !== 'number' && issue.origin !== 'int') return 'is empty'
      return `must be ${bound(issue.origin, 'at least', Number(issue.minimum))}`
    case 'too_big':
      return `must be ${bound(issue.origin, 'at most', Number(issue.maximum))}`
    default:
      return undefined
  }
}

function bound(origin: string, which: 'at least' | 'at most', limit: number): string {
  const unit = origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : ''
  return `${which} ${limit}${unit}`
}

function oneOf(values: readonly unknown[], input: unknown): string {
  const names = values.map(value => JSON.stringify(value)).join(', ')
  const meant = typeof input === 'string' ? nearest(input, values.map(String)) : undefined
  return `must be ${values.length > 1 ? 'one of ' : ''}${names}${hint(meant)}`
}

function discriminated(name: string, options: unknown, input: unknown): string {
  const given: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined
  const values = Array.isArray(options) ? options : []
  const text = oneOf(values, given)
  return given === undefined ? `is missing: ${text}` : text
}

function unknownKey(key: string, known: readonly string[]): string {
  return `is unknown${hint(nearest(key, known))}`
}

function hint(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean "${meant}"?`
}

function keysOf(shape: unknown): readonly string[] {
  return shape instanceof z.ZodObject ? Object.keys(shape.shape) : []
}

// ── did you mean ────────────────────────────────────────────────────────────────────────────────────────

/** The known word that `word` was probably meant to be: a third of its letters may be wrong, two swapped count as one. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3))
  const ranked = known
    .map(candidate => ({ candidate, wrong: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ wrong }) => wrong <= most)
    .sort((one, other) => one.wrong - other.wrong)
  return ranked[0]?.candidate
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= from.length; row += 1) {
    const above = rows[row - 1] ?? []
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
        swapped && row > 1 && column > 1 ? (rows[row - 2]?.[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    rows.push(current)
  }
  return rows[from.length]?.[to.length] ?? 0
}
