// Text as terminals write it: code page 437 by default, the old seven-bit set with German letters, or what was
// negotiated with tag 14 in the registration (PA00P015 ch. 9.4).
import { maskCardNumbers } from '@cashdesk/kernel'

/** Parts of ISO 8859 that Node can read. */
type Iso = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15

/** `7-bit`: ASCII with German letters in the places of brackets and braces. */
export type Charset = 'cp437' | '7-bit' | 'utf-8' | `iso-8859-${Iso}`

/** What tag 14 calls it; the seven-bit set cannot be negotiated. */
export const CHARSET_CODES: { readonly [charset in Charset]?: number } = {
  cp437: 0xff,
  'utf-8': 0xfe,
  'iso-8859-1': 0x01,
  'iso-8859-2': 0x02,
  'iso-8859-3': 0x03,
  'iso-8859-4': 0x04,
  'iso-8859-5': 0x05,
  'iso-8859-6': 0x06,
  'iso-8859-7': 0x07,
  'iso-8859-8': 0x08,
  'iso-8859-9': 0x09,
  'iso-8859-10': 0x0a,
  'iso-8859-13': 0x0d,
  'iso-8859-14': 0x0e,
  'iso-8859-15': 0x0f,
}

/** Code page 437 from 0x80 on. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'

const SEVEN_BIT: { readonly [byte: number]: string } = {
  0x5b: 'Ä',
  0x5c: 'Ö',
  0x5d: 'Ü',
  0x7b: 'ä',
  0x7c: 'ö',
  0x7d: 'ü',
  0x7e: 'ß',
}

/**
 * Decodes text; control characters but line ends become blanks, and what has no character becomes U+FFFD. A card number
 * in it is masked: texts are printed, shown, kept and reported.
 */
export function decodeText(bytes: Uint8Array, charset: Charset): string {
  return maskCardNumbers(decoded(bytes, charset).replace(/[^\n\P{Cc}]/gu, ' '))
}

function decoded(bytes: Uint8Array, charset: Charset): string {
  switch (charset) {
    case 'cp437':
      return single(bytes, byte =>
        byte < 0x80 ? String.fromCharCode(byte) : (CP437[byte - 0x80] ?? '\ufffd'),
      )
    case '7-bit':
      return single(bytes, byte => SEVEN_BIT[byte] ?? (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd'))
    case 'iso-8859-1':
      return single(bytes, byte => String.fromCharCode(byte))
    default:
      return new TextDecoder(charset).decode(bytes)
  }
}

function single(bytes: Uint8Array, character: (byte: number) => string): string {
  let text = ''
  for (const byte of bytes) text += character(byte)
  return text
}
