// The memory of a Type 2 tag (NTAG, MIFARE Ultralight): where its NDEF message lies, found by walking the blocks of
// tag, length and value that begin at page 4 (NFC Forum, Type 2 Tag 1.2 ch. 2.3).

/** A page is 4 bytes; the first three hold the UID and locks, the fourth the capability container. */
export const PAGE_BYTES = 4
export const CONTAINER_PAGE = 3
export const DATA_PAGE = 4

const NDEF_MAGIC = 0xe1
const TLV = { nothing: 0x00, lockControl: 0x01, memoryControl: 0x02, ndef: 0x03, terminator: 0xfe } as const

/** Bytes of the data area by the capability container; undefined where the tag is not made for NDEF. */
export function dataAreaBytes(container: Uint8Array): number | undefined {
  const [magic, version = 0, size = 0] = container
  if (magic !== NDEF_MAGIC || version >> 4 !== 1) return undefined
  return size * 8
}

/** What walking the data area so far has found. `more`: how many bytes of it must be known to go on. */
export type Found =
  | { readonly found: 'message'; readonly bytes: Uint8Array }
  | { readonly found: 'more'; readonly bytes: number }
  | { readonly found: 'nothing' }
  | { readonly found: 'damage'; readonly offset: number; readonly what: string }

/** Looks for the NDEF message in `area`, the first bytes of a data area of `size` bytes. Never throws. */
export function findMessage(area: Uint8Array, size: number): Found {
  let at = 0
  while (at < size) {
    const tag = area[at]
    if (tag === undefined) return { found: 'more', bytes: at + 1 }
    if (tag === TLV.nothing) {
      at += 1
      continue
    }
    if (tag === TLV.terminator) return { found: 'nothing' }
    const short = area[at + 1]
    const long = short === 0xff
    const valueAt = at + (long ? 4 : 2)
    if (valueAt > size)
      return { found: 'damage', offset: at, what: 'a block begins at the end of the memory' }
    if (short === undefined || (long && area.length < valueAt)) return { found: 'more', bytes: valueAt }
    const length = long ? (area[at + 2] ?? 0) * 256 + (area[at + 3] ?? 0) : short
    const end = valueAt + length
    if (end > size) return { found: 'damage', offset: at, what: 'a block is longer than the memory' }
    if (tag === TLV.ndef) {
      if (area.length < end) return { found: 'more', bytes: end }
      return { found: 'message', bytes: area.slice(valueAt, end) }
    }
    at = end
  }
  return { found: 'nothing' }
}
