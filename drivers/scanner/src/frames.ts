// How a scanner's bytes are framed, as a table: terminators, limits, what can and cannot be part of a code, and the
// AIM identifiers that name a symbology (ISO/IEC 15424).

/** A code ends at any of these when no suffix is configured; CR LF is one ending, because an empty code is none. */
export const TERMINATORS: ReadonlySet<number> = new Set([0x0d, 0x0a])

/** Silence that ends a frame; scanners send a code in one burst, at 9600 baud one character a millisecond. */
export const DEFAULT_TIMEOUT_MS = 200

/** No symbol holds more than QR Code 40-L, 7089 digits; beyond this the terminator setting is wrong. */
export const MAX_CODE_BYTES = 7200

/** `]`, a letter for the symbology, a modifier. */
export const AIM_IDENTIFIER: RegExp = /^\][A-Za-z][0-9A-Za-z]/

/** The longest prefix or suffix a scanner can be set to. */
export const MAX_AFFIX_BYTES = 16

/**
 * Bytes that no code holds, so that they are noise on the line: controls except EOT, TAB and FS…US (EOT, GS and RS
 * frame ISO/IEC 15434 data, GS is FNC1), DEL, and two bytes that occur in no UTF-8 text. CR and LF count as noise only
 * where they are neither terminators nor, behind a configured suffix, part of the data.
 */
export function isNoise(byte: number): boolean {
  if (byte < 0x20) return !(byte === 0x04 || byte === 0x09 || byte === 0x0a || byte === 0x0d || byte >= 0x1c)
  return byte === 0x7f || byte >= 0xfe
}

/** Controls that a byte of Latin-1 text cannot be; in UTF-8 the same bytes continue a character. */
export function isLatinControl(byte: number): boolean {
  return byte >= 0x80 && byte <= 0x9f
}
