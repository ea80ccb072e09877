// Which application identifier a text begins with, and how its value is taken apart: by the table where it is known,
// by its first digits where it is not (GS1 General Specifications, ch. 3.2 and figure 7.8.5-2).
import { GS1_TABLE, type Gs1Row } from './gs1-table.ts'

export interface ApplicationIdentifier {
  readonly ai: string
  /** What it is, in a few words; absent for identifiers that GS1 has not assigned. */
  readonly name?: string
  /** Characters of a value that needs no separator behind it; absent for values that end at FNC1. */
  readonly fixed?: number
  /** One group for each component. */
  readonly pattern: RegExp
  /** The names of the checks of each component, see `gs1-values.ts`. */
  readonly checks: readonly string[]
  /** Decimal places of the number, for weights, measures and amounts. */
  readonly decimals?: number
  /** Alternatives, each a list of identifiers that must all be there. */
  readonly needs: readonly (readonly string[])[]
  readonly excludes: readonly string[]
  /** For primary keys of a Digital Link: its lists of qualifiers, each in order. */
  readonly key?: readonly (readonly string[])[]
  /** May it stand in the query of a Digital Link? */
  readonly inQuery: boolean
}

type Known = Omit<ApplicationIdentifier, 'ai' | 'decimals'> & { readonly most?: number }

/** Characters after which no separator stands, by the first two digits, without the identifier itself. */
const PREDEFINED: { readonly [firstTwo: string]: number } = {
  '00': 18,
  '01': 14,
  '02': 14,
  '03': 14,
  '04': 16,
  '11': 6,
  '12': 6,
  '13': 6,
  '14': 6,
  '15': 6,
  '16': 6,
  '17': 6,
  '18': 6,
  '19': 6,
  '20': 2,
  '31': 6,
  '32': 6,
  '33': 6,
  '34': 6,
  '35': 6,
  '36': 6,
  '41': 13,
}

/** The length of identifiers that the table does not name, so that the rest can still be read. */
const LENGTHS: readonly (readonly [begins: RegExp, length: number])[] = [
  [/^(0[0-4]|1[0-9]|2[0-2]|30|37|9\d)/, 2],
  [/^(2[345]|4[0-2]|71)/, 3],
  [/^(3[1-69]|43|7[02]|8[0-2])/, 4],
]

/** GS1 AI encodable character sets 82 and 39, and base64url. */
const SETS: { readonly [kind: string]: string } = {
  N: '\\d',
  X: '[!"%-?A-Z_a-z]',
  Y: '[#\\-/0-9A-Z]',
  Z: '[\\w=-]',
}

/** Longest value of an identifier that is not known. */
const UNKNOWN = patternOf('X..90')

const KNOWN: ReadonlyMap<string, Known> = new Map(GS1_TABLE.map(knownOf))

/** The identifier with which `text` begins, or undefined if none does. One that is only agreed in kind reads up to FNC1. */
export function identifierAt(text: string): ApplicationIdentifier | undefined {
  for (const length of [2, 3, 4]) {
    const ai = text.slice(0, length)
    if (ai.length < length || !/^\d+$/.test(ai)) return undefined
    const known = KNOWN.get(ai)
    if (known !== undefined) return { ai, ...known }
  }
  const [, family = '', last = ''] = /^(\d{3})(\d)/.exec(text) ?? []
  const measure = KNOWN.get(`${family}n`)
  if (measure?.most !== undefined && Number(last) <= measure.most) {
    const decimals = family.startsWith('3') ? { decimals: Number(last) } : {}
    return { ai: `${family}${last}`, ...measure, ...decimals }
  }
  return unassigned(text)
}

function unassigned(text: string): ApplicationIdentifier | undefined {
  const length = LENGTHS.find(([begins]) => begins.test(text))?.[1]
  const ai = length === undefined ? '' : text.slice(0, length)
  if (length === undefined || ai.length < length || !/^\d+$/.test(ai)) return undefined
  const fixed = PREDEFINED[ai.slice(0, 2)]
  const pattern = fixed === undefined ? UNKNOWN : patternOf(`N${fixed}`)
  const more = { checks: [], needs: [], excludes: [], inQuery: true }
  return { ai, pattern, ...more, ...(fixed === undefined ? {} : { fixed }) }
}

function knownOf([ai, format, name, more = {}]: Gs1Row): readonly [string, Known] {
  const [, family = ai, most] = /^(\d{3}n)(\d)$/.exec(ai) ?? []
  const fixed = PREDEFINED[ai.slice(0, 2)]
  const checks = format.split('+').map(part => /^[A-Z](?:\.\.)?\d+(.*?)\??$/.exec(part)?.[1] ?? '')
  const key = more.key === undefined ? undefined : more.key.length === 0 ? [[]] : more.key.map(words)
  return [
    family,
    {
      name,
      pattern: patternOf(format),
      checks,
      needs: words(more.needs ?? '').map(group => group.split('+')),
      excludes: words(more.excludes ?? ''),
      inQuery: more.link !== false,
      ...(key === undefined ? {} : { key }),
      ...(fixed === undefined ? {} : { fixed }),
      ...(most === undefined ? {} : { most: Number(most) }),
    },
  ]
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ')
}

function patternOf(format: string): RegExp {
  const parts = format.split('+').map(part => {
    const [, kind = '', upTo, count] = /^([NXYZ])(\.\.)?(\d+)/.exec(part) ?? []
    const group = `(${SETS[kind]}{${upTo === undefined ? count : `1,${count}`}})`
    return part.endsWith('?') ? `${group}?` : group
  })
  return new RegExp(`^${parts.join('')}$`)
}
