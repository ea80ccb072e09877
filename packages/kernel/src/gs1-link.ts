// GS1 Digital Link URIs (GS1 Digital Link 1.4): a primary key and its qualifiers in the path, further identifiers in
// the query. Compressed links and identifiers spelt as words (`/gtin/`) are not read: they are only text.
import { ElementCollector, type ParsedElements } from './gs1-elements.ts'
import { type ApplicationIdentifier, identifierAt } from './gs1-identifiers.ts'

/** One identifier and its value as the link spells it. */
interface Part {
  readonly identifier: ApplicationIdentifier
  readonly encoded: string
  readonly at: number
  readonly valueAt: number
}

/** `https://id.gs1.org/01/09506000134352/21/ABC?17=261231`. Undefined for an address that is none of GS1. */
export function digitalLink(data: string): ParsedElements | undefined {
  const [, before = '', path = '', mark = '', query = ''] =
    /^(https?:\/\/[^/?#]+)([^?#]*)(\??)([^#]*)/i.exec(data) ?? []
  if (before === '') return undefined
  const keyed = keyedPath(path, before.length)
  if (keyed === undefined) return undefined
  const found = new ElementCollector()
  for (const part of keyed) if (!take(found, part)) return found.result
  for (const part of parameters(query, before.length + path.length + mark.length)) {
    // Older links carry qualifiers in the query: they mean the same there.
    if (!part.identifier.inQuery) found.note(part.identifier.ai, 'belongs into the path', part.at)
    if (!take(found, part)) return found.result
  }
  return found.result
}

/** The last primary key of the path with the qualifiers behind it, if the path ends with them. */
function keyedPath(path: string, offset: number): readonly Part[] | undefined {
  const segments = [...path.matchAll(/[^/]+/g)].map(match => ({ text: match[0], at: offset + match.index }))
  for (let at = segments.length - 2; at >= 0; at -= 2) {
    const [name, value] = [segments[at], segments[at + 1]]
    const identifier = name === undefined ? undefined : identifierAt(name.text)
    if (name === undefined || value === undefined || identifier?.key === undefined) continue
    if (identifier.ai !== name.text || !looksRight(identifier, value.text)) continue
    const parts = qualifiers(identifier.key, segments.slice(at + 2))
    if (parts === undefined) return undefined
    return [{ identifier, encoded: value.text, at: name.at, valueAt: value.at }, ...parts]
  }
  return undefined
}

/** Undefined if one of them does not belong to the key, or not in this order. */
function qualifiers(
  lists: readonly (readonly string[])[],
  segments: readonly { readonly text: string; readonly at: number }[],
): readonly Part[] | undefined {
  const parts: Part[] = []
  for (let at = 0; at + 1 < segments.length; at += 2) {
    const [name, value] = [segments[at], segments[at + 1]]
    const identifier = name === undefined ? undefined : identifierAt(name.text)
    if (name === undefined || value === undefined || identifier?.ai !== name.text) return undefined
    parts.push({ identifier, encoded: value.text, at: name.at, valueAt: value.at })
  }
  const named = parts.map(part => part.identifier.ai)
  const inOrder = (list: readonly string[]): boolean => {
    const places = named.map(ai => list.indexOf(ai))
    return places.every((place, index) => place > (places[index - 1] ?? -1))
  }
  return lists.some(inOrder) ? parts : undefined
}

/** Is this the value of a key, and not just another path? A GTIN may have lost its leading zeros. */
function looksRight(identifier: ApplicationIdentifier, encoded: string): boolean {
  const value = percentDecoded(encoded)
  return value !== undefined && identifier.pattern.test(padded(identifier.ai, value))
}

function parameters(query: string, offset: number): readonly Part[] {
  return [...query.matchAll(/([^&;=]+)=([^&;]*)/g)].flatMap(match => {
    const [, name = '', encoded = ''] = match
    const identifier = identifierAt(name)
    // Other parameters are the web site's own business.
    if (identifier?.ai !== name || identifier.name === undefined) return []
    const at = offset + match.index
    return [{ identifier, encoded, at, valueAt: at + name.length + 1 }]
  })
}

function take(found: ElementCollector, { identifier, encoded, at, valueAt }: Part): boolean {
  const value = percentDecoded(encoded)
  if (value === undefined) return found.refuse(identifier.ai, 'malformed link', valueAt)
  return found.take(identifier, padded(identifier.ai, value), at, valueAt)
}

function padded(ai: string, value: string): string {
  return ai === '01' && /^(\d{8}|\d{12,13})$/.test(value) ? value.padStart(14, '0') : value
}

function percentDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
