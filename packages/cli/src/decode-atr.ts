// `cashdesk decode pcsc`: an answer to reset, byte for byte, and what a till can do with such a card.
import { hex } from '@cashdesk/kernel'
import { readAtr } from '@cashdesk/nfc'
import type { Decoded, Decoder } from './decode.ts'

const USE: { readonly [technology: string]: string } = {
  'mifare-classic': 'number at once; blocks with a key',
  'type-2': 'number, NDEF message, pages',
  'iso-dep': 'number (of a phone: made up), NDEF message, applications',
  felica: 'number',
  'iso-15693': 'number',
  'other-storage': 'number',
  contact: 'applications; it has no number of this kind',
  unknown: 'try its number and an NDEF message',
}

export const decoder: Decoder = {
  name: 'pcsc',
  summary: 'a card’s answer to reset (ATR), as PC/SC readers report it',
  takes: 'hex',
  example: '3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 01 00 00 00 00 6A',
  decode: ({ bytes }) => decodeAtr(bytes),
}

function decodeAtr(bytes: Uint8Array): Decoded {
  const { technology, product, fields, problems } = readAtr(bytes)
  return {
    kind: `answer to reset, ${product ?? technology}`,
    fields: fields.map(({ offset, length, name, meaning }) => ({
      offset,
      length,
      name,
      value: hex(bytes.subarray(offset, offset + length)).toUpperCase(),
      meaning,
    })),
    problems,
    notes: [`technology: ${technology}`, `for a till: ${USE[technology] ?? 'unknown'}`],
  }
}
