// `cashdesk decode zvt`: what a payment terminal and a register said to each other, from a capture of TCP or of the
// serial line. Passwords, tracks, PINs and keys are left out, card numbers show four digits.
import { explainZvt } from '@cashdesk/terminal'
import type { Decoder } from './decode.ts'

export const decoder: Decoder = {
  name: 'zvt',
  summary: 'ZVT of a payment terminal: APDUs as on TCP, or a serial line with its checks',
  takes: 'hex',
  example: '04 0F 06 27 00 0B 00 01 52',
  decode: ({ bytes }) => explainZvt(bytes),
}
