// What the till and its reader process say to each other. Plain JSON with a version: the two are one release, but a
// process that another one started is a boundary all the same, and what comes over it is read as such.
import { MAX_APDU_BYTES } from './frames.ts'

export const VERSION = 1

/** How a reader is spoken to. */
export type BindingName = 'nfc-pcsc' | 'pcsc-mini'

/** From the reader process. Bytes are hexadecimal; `card` counts up within one process. */
export type ChildMessage =
  /** A package was loaded; the service is looked for. */
  | { readonly type: 'hello'; readonly binding: BindingName; readonly pid: number }
  /** No package could be loaded: nothing more will come. */
  | { readonly type: 'unavailable'; readonly reasons: readonly string[] }
  | { readonly type: 'service'; readonly up: boolean; readonly reason?: string }
  | { readonly type: 'reader'; readonly reader: string }
  | { readonly type: 'reader-gone'; readonly reader: string }
  | { readonly type: 'card'; readonly reader: string; readonly card: number; readonly atr: string }
  | { readonly type: 'card-gone'; readonly reader: string; readonly card: number }
  /** Something is there that cannot be connected to. */
  | { readonly type: 'mute'; readonly reader: string; readonly reason: string }
  /** Another program has the card that is there. */
  | { readonly type: 'claimed'; readonly reader: string }
  | { readonly type: 'answer'; readonly id: number; readonly apdu: string }
  /** No answer: the command may have arrived at the card, unless `sent` is false. */
  | { readonly type: 'no-answer'; readonly id: number; readonly sent: boolean; readonly reason: string }
  /** It lives. */
  | { readonly type: 'beat' }

/** To the reader process. `apdu` may hold a key: neither side ever writes it down. */
export type ParentMessage =
  | { readonly type: 'transmit'; readonly id: number; readonly card: number; readonly apdu: string }
  | { readonly type: 'stop' }

/** The process beats this often, and is taken for hanging when it was silent for `SILENCE_MS`. */
export const BEAT_MS = 1000
export const SILENCE_MS = 6000

/** Names and reasons are cut to this many characters. */
const MAX_TEXT = 256
const MAX_REASONS = 4

type Raw = { readonly [field: string]: unknown }

/** What came from the reader process; undefined if it is none of the above. */
export function readChildMessage(raw: unknown): ChildMessage | undefined {
  if (!isRaw(raw) || raw['v'] !== VERSION) return undefined
  const reader = textIn(raw, 'reader')
  const card = countIn(raw, 'card')
  const id = countIn(raw, 'id')
  const reason = textIn(raw, 'reason') ?? ''
  switch (raw['type']) {
    case 'beat':
      return { type: 'beat' }
    case 'hello': {
      const { binding } = raw
      const pid = countIn(raw, 'pid') ?? 0
      return binding === 'nfc-pcsc' || binding === 'pcsc-mini' ? { type: 'hello', binding, pid } : undefined
    }
    case 'unavailable':
      return { type: 'unavailable', reasons: reasonsIn(raw) }
    case 'service':
      return typeof raw['up'] === 'boolean' ? { type: 'service', up: raw['up'], reason } : undefined
    case 'reader':
      return reader === undefined ? undefined : { type: 'reader', reader }
    case 'reader-gone':
      return reader === undefined ? undefined : { type: 'reader-gone', reader }
    case 'card': {
      const atr = hexIn(raw, 'atr')
      if (reader === undefined || card === undefined || atr === undefined) return undefined
      return { type: 'card', reader, card, atr }
    }
    case 'card-gone':
      return reader === undefined || card === undefined ? undefined : { type: 'card-gone', reader, card }
    case 'mute':
      return reader === undefined ? undefined : { type: 'mute', reader, reason }
    case 'claimed':
      return reader === undefined ? undefined : { type: 'claimed', reader }
    case 'answer': {
      const apdu = hexIn(raw, 'apdu')
      return id === undefined || apdu === undefined ? undefined : { type: 'answer', id, apdu }
    }
    case 'no-answer':
      return id === undefined ? undefined : { type: 'no-answer', id, sent: raw['sent'] !== false, reason }
    default:
      return undefined
  }
}

/** What came from the till; undefined if it is none of the above. */
export function readParentMessage(raw: unknown): ParentMessage | undefined {
  if (!isRaw(raw) || raw['v'] !== VERSION) return undefined
  if (raw['type'] === 'stop') return { type: 'stop' }
  if (raw['type'] !== 'transmit') return undefined
  const id = countIn(raw, 'id')
  const card = countIn(raw, 'card')
  const apdu = hexIn(raw, 'apdu')
  return id === undefined || card === undefined || apdu === undefined
    ? undefined
    : { type: 'transmit', id, card, apdu }
}

// Boundary parsers: what arrived is an object of unknown fields.
function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textIn(raw: Raw, field: string): string | undefined {
  const value = raw[field]
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined
}

function countIn(raw: Raw, field: string): number | undefined {
  const value = raw[field]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function hexIn(raw: Raw, field: string): string | undefined {
  const value = raw[field]
  const fits = typeof value === 'string' && value.length <= MAX_APDU_BYTES * 2 && value.length % 2 === 0
  return fits && /^[0-9a-fA-F]*$/.test(value) ? value : undefined
}

function reasonsIn(raw: Raw): readonly string[] {
  const { reasons } = raw
  if (!Array.isArray(reasons)) return []
  return reasons.slice(0, MAX_REASONS).map(reason => String(reason).slice(0, MAX_TEXT))
}
