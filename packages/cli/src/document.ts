// A JSON document read for its mistakes: every one of them, each with its line and column, and keys that are given twice.
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'

export type Path = readonly (string | number)[]

export interface Place {
  /** Both from 1. */
  readonly line: number
  readonly column: number
}

interface Mistake {
  readonly path: Path
  readonly message: string
  readonly place?: Place
}

export interface Document {
  readonly value: unknown
  /** Where the value at `path` stands; where it is missing, what should hold it. */
  place(path: Path): Place | undefined
  readonly mistakes: readonly Mistake[]
}

/** No configuration is nested deeper; what reads it calls itself once per level. */
const MAX_DEPTH = 100

/** Reads strict JSON; a byte order mark is forgiven, because editors put it there unasked. */
export function readDocument(text: string): Document {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text
  const starts = [0, ...Array.from(json.matchAll(/\n/g), ({ index }) => index + 1)]
  const placeAt = (offset: number): Place => placeIn(starts, offset)
  const deep = tooDeepAt(json)
  if (deep !== undefined) {
    const message = `is nested more than ${MAX_DEPTH} deep`
    return {
      value: undefined,
      place: () => undefined,
      mistakes: [{ path: [], message, place: placeAt(deep) }],
    }
  }
  const errors: ParseError[] = []
  const root = parseTree(json, errors, { allowTrailingComma: false, disallowComments: true })
  // Where one thing is not there, the reader may say so in two ways.
  const first = errors.filter(({ offset }, index) => errors[index - 1]?.offset !== offset)
  const syntax = first.map(({ error, offset }) => ({
    path: [],
    message: `is no JSON here: ${words(printParseErrorCode(error))}`,
    place: placeAt(offset),
  }))
  const twice = syntax.length > 0 || !root ? [] : [...repeatedKeys(root, [])]
  return {
    value: root && syntax.length === 0 ? getNodeValue(root) : undefined,
    place: path => {
      for (let length = path.length; root && length >= 0; length -= 1) {
        const node = findNodeAtLocation(root, path.slice(0, length))
        if (node) return placeAt(node.parent?.type === 'property' ? node.parent.offset : node.offset)
      }
      return undefined
    },
    mistakes: [...syntax, ...twice.map(({ offset, ...mistake }) => ({ ...mistake, place: placeAt(offset) }))],
  }
}

/** `starts`: where each line begins. Found by halving: a document may have thousands of mistakes, each with its place. */
function placeIn(starts: readonly number[], offset: number): Place {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}

/** Where it is nested too deep, if it is. Brackets in texts do not count. */
function tooDeepAt(json: string): number | undefined {
  let depth = 0
  let inText = false
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index]
    if (character === '"' || character === '\n') inText = character === '"' && !inText
    else if (inText && character === '\\') index += 1
    else if (!inText && (character === '[' || character === '{')) depth += 1
    else if (!inText && (character === ']' || character === '}')) depth -= 1
    if (depth > MAX_DEPTH) return index
  }
  return undefined
}

/** `CommaExpected` → `comma expected`. */
function words(name: string): string {
  return name.replace(/(?!^)[A-Z]/g, letter => ` ${letter}`).toLowerCase()
}

/** JSON.parse would take the last one without a word. */
function* repeatedKeys(node: Node, path: Path): Generator<Mistake & { readonly offset: number }> {
  const seen = new Set<string>()
  for (const [index, child] of (node.children ?? []).entries()) {
    const [key, value] = child.type === 'property' ? (child.children ?? []) : []
    const name = key === undefined ? index : String(key.value)
    if (typeof name === 'string') {
      if (seen.has(name)) yield { path: [...path, name], message: 'is given twice', offset: child.offset }
      seen.add(name)
    }
    const inside = child.type === 'property' ? value : child
    if (inside) yield* repeatedKeys(inside, [...path, name])
  }
}
