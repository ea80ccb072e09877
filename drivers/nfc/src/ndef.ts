// NDEF messages as records that a till can use (NFC Forum: NDEF 1.0, RTD Text, URI and Smart Poster). Whatever the
// bytes are, the answer is bounded: what is read before a mistake is kept, and the mistake is said.
import { hex, type NdefRecord } from '@cashdesk/kernel'

export interface NdefMessage {
  readonly records: readonly NdefRecord[]
  /** Where and why reading ended before its time. */
  readonly problem?: { readonly offset: number; readonly what: string }
}

/** More records than any tag of a shop holds; a larger message is read up to here. */
const MAX_RECORDS = 64

/** Smart posters hold messages; posters in posters do not exist. */
const MAX_DEPTH = 1

/** What a URI record's first byte stands for (RTD URI 1.0, table 3). */
const URI_PREFIXES: readonly string[] = [
  '',
  'http://www.',
  'https://www.',
  'http://',
  'https://',
  'tel:',
  'mailto:',
  'ftp://anonymous:anonymous@',
  'ftp://ftp.',
  'ftps://',
  'sftp://',
  'smb://',
  'nfs://',
  'ftp://',
  'dav://',
  'news:',
  'telnet://',
  'imap:',
  'rtsp://',
  'urn:',
  'pop:',
  'sip:',
  'sips:',
  'tftp:',
  'btspp://',
  'btl2cap://',
  'btgoep://',
  'tcpobex://',
  'irdaobex://',
  'file://',
  'urn:epc:id:',
  'urn:epc:tag:',
  'urn:epc:pat:',
  'urn:epc:raw:',
  'urn:epc:',
  'urn:nfc:',
]

/** The record's header byte (NDEF 1.0 ch. 3.2). */
const MESSAGE_BEGIN = 0x80
const MESSAGE_END = 0x40
const CHUNKED = 0x20
const SHORT = 0x10
const HAS_ID = 0x08
const TNF_MASK = 0x07

/** What a record's type is the name of (NDEF 1.0 table 1). */
const TNF = {
  empty: 0,
  wellKnown: 1,
  mime: 2,
  absoluteUri: 3,
  external: 4,
  unknown: 5,
  unchanged: 6,
} as const

interface RawRecord {
  readonly offset: number
  readonly flags: number
  readonly type: Uint8Array
  readonly payload: Uint8Array
  readonly next: number
}

/** Reads a message. Never throws. */
export function readNdef(bytes: Uint8Array): NdefMessage {
  return readMessage(bytes, 0)
}

function readMessage(bytes: Uint8Array, depth: number): NdefMessage {
  const records: NdefRecord[] = []
  const broken = (offset: number, what: string): NdefMessage => ({ records, problem: { offset, what } })
  if (bytes.length === 0) return { records }
  let at = 0
  let chunks: RawRecord[] = []
  for (let count = 0; ; count += 1) {
    if (count >= MAX_RECORDS) return broken(at, `more than ${MAX_RECORDS} records`)
    const raw = rawRecord(bytes, at)
    if (typeof raw === 'string') return broken(at, raw)
    if (count === 0 && (raw.flags & MESSAGE_BEGIN) === 0) return broken(0, 'the first record does not say so')
    if (count > 0 && (raw.flags & MESSAGE_BEGIN) !== 0) return broken(at, 'a second first record')
    const continues = (raw.flags & TNF_MASK) === TNF.unchanged
    if (continues !== chunks.length > 0)
      return broken(at, 'a chunk that continues nothing, or does not continue')
    chunks.push(raw)
    at = raw.next
    if ((raw.flags & CHUNKED) !== 0) {
      if ((raw.flags & MESSAGE_END) !== 0) return broken(raw.offset, 'the message ends in mid-record')
      continue
    }
    const record = meaningOf(chunks, depth)
    chunks = []
    if (typeof record === 'string') return broken(raw.offset, record)
    if (record !== undefined) records.push(record)
    if ((raw.flags & MESSAGE_END) !== 0) {
      return at < bytes.length ? broken(at, `${bytes.length - at} bytes behind the last record`) : { records }
    }
  }
}

/** The record at `at`, or what is wrong with it. */
function rawRecord(bytes: Uint8Array, at: number): RawRecord | string {
  const flags = bytes[at]
  const typeLength = bytes[at + 1]
  if (flags === undefined || typeLength === undefined) return 'the message ends before its last record'
  const short = (flags & SHORT) !== 0
  const idAt = at + 2 + (short ? 1 : 4)
  const hasId = (flags & HAS_ID) !== 0
  const head = idAt + (hasId ? 1 : 0)
  if (head > bytes.length) return 'the record’s header is cut off'
  const payloadLength = bytes.subarray(at + 2, idAt).reduce((length, byte) => length * 256 + byte, 0)
  const idLength = hasId ? (bytes[idAt] ?? 0) : 0
  const payloadAt = head + typeLength + idLength
  const next = payloadAt + payloadLength
  if (next > bytes.length) return 'the record is longer than the message'
  return {
    offset: at,
    flags,
    type: bytes.subarray(head, head + typeLength),
    payload: bytes.subarray(payloadAt, next),
    next,
  }
}

/** The record that its chunks make; undefined for an empty one, a text for what is wrong with it. */
function meaningOf(chunks: readonly RawRecord[], depth: number): NdefRecord | string | undefined {
  const [first] = chunks
  if (first === undefined) return undefined
  const payload =
    chunks.length === 1 ? first.payload : Uint8Array.from(chunks.flatMap(chunk => [...chunk.payload]))
  const type = latin(first.type)
  const data = (): string => hex(payload).toUpperCase()
  switch (first.flags & TNF_MASK) {
    case TNF.empty:
      return undefined
    case TNF.wellKnown:
      return wellKnown(type, payload, depth)
    case TNF.mime:
      return { kind: 'mime', type, data: data() }
    case TNF.absoluteUri:
      return { kind: 'uri', uri: type }
    case TNF.external:
      return { kind: 'external', type, data: data() }
    case TNF.unknown:
      return { kind: 'other', type: '', data: data() }
    default:
      return 'a reserved kind of record'
  }
}

function wellKnown(type: string, payload: Uint8Array, depth: number): NdefRecord | string {
  if (type === 'T') return textRecord(payload)
  if (type === 'U') {
    const [code] = payload
    const prefix = code === undefined ? undefined : URI_PREFIXES[code]
    const rest = utf8(payload.subarray(1))
    if (code === undefined || rest === undefined) return 'the URI is no text'
    // Codes behind the table are to be read as "nothing before it" (RTD URI 1.0 ch. 3.2.2).
    return { kind: 'uri', uri: `${prefix ?? ''}${rest}` }
  }
  if (type === 'Sp' && depth < MAX_DEPTH) {
    const inner = readMessage(payload, depth + 1)
    return inner.problem === undefined
      ? { kind: 'smart-poster', records: inner.records }
      : `inside a smart poster: ${inner.problem.what}`
  }
  return { kind: 'other', type, data: hex(payload).toUpperCase() }
}

/** Status byte (bit 7: UTF-16, lower six: length of the language code), language, text. */
function textRecord(payload: Uint8Array): NdefRecord | string {
  const [status] = payload
  if (status === undefined) return 'the text is empty of everything'
  const languageLength = status & 0x3f
  if (1 + languageLength > payload.length) return 'the language is longer than the record'
  const language = latin(payload.subarray(1, 1 + languageLength))
  const body = payload.subarray(1 + languageLength)
  const text = (status & 0x80) === 0 ? utf8(body) : utf16(body)
  return text === undefined ? 'the text is in no known character set' : { kind: 'text', text, language }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Big-endian unless a byte order mark says otherwise (RTD Text 1.0 ch. 3.4). */
function utf16(bytes: Uint8Array): string | undefined {
  if (bytes.length % 2 !== 0) return undefined
  const little = bytes[0] === 0xff && bytes[1] === 0xfe
  const marked = little || (bytes[0] === 0xfe && bytes[1] === 0xff)
  let text = ''
  for (let at = marked ? 2 : 0; at < bytes.length; at += 2) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]]
    text += String.fromCharCode(little ? second * 256 + first : first * 256 + second)
  }
  return /\p{Surrogate}/u.test(text) ? undefined : text
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
