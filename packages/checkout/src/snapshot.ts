// A lane as plain JSON and back: for snapshots, which spare a till the folding of its whole journal at every start.
// Whatever fields a lane has are taken, so that none can be forgotten here.
import { emptyLane, type Lane } from './lane.ts'

/**
 * Grows whenever `evolve` would make another lane of recorded events, or a lane has other fields: then snapshots of
 * before are left aside and made anew from the journal. A test holds it against recorded journals.
 */
export const EVOLVE_VERSION = 3

/** Entries of one part: with the largest baskets it stays below what a record of the journal may have. */
const ENTRIES_PER_PART = 16

/** All of it is copied at the call (references only), and made into parts as they are asked for. */
export function laneParts(lane: Lane): Iterable<unknown> {
  const fields = Object.entries(lane).map(([field, value]: [string, unknown]) => ({
    field,
    // What is live is also among the sales: their names are enough.
    value: field === 'live' ? [...lane.live.keys()] : value instanceof Map ? [...value] : value,
    list: value instanceof Map,
  }))
  return parts(fields)
}

interface Field {
  readonly field: string
  readonly value: unknown
  readonly list: boolean
}

function* parts(fields: readonly Field[]): Generator<unknown, void, undefined> {
  for (const { field, value, list } of fields) {
    if (!list || !Array.isArray(value)) {
      yield { field, value }
      continue
    }
    for (let start = 0; start < value.length; start += ENTRIES_PER_PART) {
      yield { field, entries: value.slice(start, start + ENTRIES_PER_PART) }
    }
  }
}

/**
 * Makes a lane what it was when the parts were taken; of no parts at all, an empty one. Its maps stay the same
 * objects. The lane is changed only if all parts are understood.
 * @throws TypeError where one is not
 */
export function restoreLane(lane: Lane, from: Iterable<unknown>): void {
  const fields = new Map<string, unknown>(Object.entries(emptyLane()))
  const live: unknown[] = []
  for (const part of from) {
    if (!isPart(part) || !fields.has(part.field)) throw new TypeError('no part of a lane')
    const { field, entries } = part
    const map = fields.get(field)
    if (!(map instanceof Map)) fields.set(field, part.value)
    else if (entries === undefined) throw new TypeError(`${field} is a list`)
    else if (field === 'live') live.push(...entries)
    else for (const [key, value] of entries.filter(isPair)) map.set(key, value)
  }
  const [all, sales] = [fields.get('live'), fields.get('sales')]
  for (const id of live) {
    if (!(sales instanceof Map && all instanceof Map && sales.has(id))) throw new TypeError('no such sale')
    all.set(id, sales.get(id))
  }
  fill(lane, fields)
}

function fill(lane: Lane, fields: ReadonlyMap<string, unknown>): void {
  const plain: { [field: string]: unknown } = {}
  const maps = new Map<string, unknown>(Object.entries(lane))
  for (const [field, value] of fields) {
    const map = maps.get(field)
    if (!(map instanceof Map && value instanceof Map)) {
      plain[field] = value
      continue
    }
    map.clear()
    for (const [key, each] of value) map.set(key, each)
  }
  Object.assign(lane, plain)
}

function isPart(
  part: unknown,
): part is { readonly field: string; readonly value?: unknown; readonly entries?: readonly unknown[] } {
  if (typeof part !== 'object' || part === null || !('field' in part)) return false
  return typeof part.field === 'string' && (!('entries' in part) || Array.isArray(part.entries))
}

function isPair(entry: unknown): entry is [unknown, unknown] {
  return Array.isArray(entry) && entry.length === 2
}
