// NDEF messages as a tag holds them, put together from what they should say (NFC Forum: NDEF 1.0, RTD Text and URI).

export interface TagText {
  readonly text: string
  /** Default `en`. */
  readonly language?: string
}

export interface TagUri {
  readonly uri: string
}

export interface TagMime {
  readonly mime: string
  readonly data: Uint8Array
}

export interface TagExternal {
  /** `example.com:loyalty` */
  readonly external: string
  readonly data: Uint8Array
}

export type TagRecord = TagText | TagUri | TagMime | TagExternal

/** Beginnings that cost one byte; the longest that fits is used. */
const ABBREVIATED: readonly (readonly [code: number, prefix: string])[] = [
  [2, 'https://www.'],
  [1, 'http://www.'],
  [4, 'https://'],
  [3, 'http://'],
  [6, 'mailto:'],
  [5, 'tel:'],
]

/** A message of these records, in order. */
export function ndefMessage(records: readonly TagRecord[]): Uint8Array {
  if (records.length === 0) return Uint8Array.of(0xd0, 0x00, 0x00)
  return Buffer.concat(
    records.map((record, index) => {
      const { tnf, type, payload } = partsOf(record)
      const short = payload.length < 256
      const first = index === 0 ? 0x80 : 0
      const last = index === records.length - 1 ? 0x40 : 0
      const length = short
        ? [payload.length]
        : [payload.length >>> 24, payload.length >>> 16, payload.length >>> 8, payload.length]
      const head = [first + last + (short ? 0x10 : 0) + tnf, type.length, ...length]
      return Buffer.concat([Buffer.from(head), type, payload])
    }),
  )
}

interface Parts {
  readonly tnf: number
  readonly type: Buffer
  readonly payload: Buffer
}

function partsOf(record: TagRecord): Parts {
  if ('text' in record) {
    const language = Buffer.from(record.language ?? 'en', 'latin1')
    const payload = Buffer.concat([
      Buffer.from([language.length]),
      language,
      Buffer.from(record.text, 'utf8'),
    ])
    return { tnf: 1, type: Buffer.from('T'), payload }
  }
  if ('uri' in record) {
    const [code, prefix] = ABBREVIATED.find(([, beginning]) => record.uri.startsWith(beginning)) ?? [0, '']
    const rest = Buffer.from(record.uri.slice(prefix.length), 'utf8')
    return { tnf: 1, type: Buffer.from('U'), payload: Buffer.concat([Buffer.from([code]), rest]) }
  }
  if ('mime' in record) {
    return { tnf: 2, type: Buffer.from(record.mime, 'latin1'), payload: Buffer.from(record.data) }
  }
  return { tnf: 4, type: Buffer.from(record.external, 'latin1'), payload: Buffer.from(record.data) }
}
