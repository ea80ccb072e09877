// What a scanner in keyboard mode types: key positions with Shift and Ctrl, at its own pace, for the keyboard country
// it is set to. Own tables; times in ms.
import { CashdeskError } from '@cashdesk/kernel'

export interface TypedKey {
  readonly code: string
  readonly shift: boolean
  readonly ctrl: boolean
  readonly at: number
}

export interface Typing {
  /** Default `us`. */
  readonly country?: 'us' | 'de'
  /** When the first key goes down. Default 0. */
  readonly from?: number
  /** From key to key; default 12. */
  readonly intervalMs?: number
  /** Default `Enter`. */
  readonly ending?: 'Enter' | 'Tab' | 'none'
  /** Extra time before the key at this index. */
  readonly pause?: { readonly before: number; readonly ms: number }
  /** The scanner's driver swallows FNC1. Default false. */
  readonly losesFnc1?: boolean
}

/** Character → key, with a leading `+` for Shift. */
const US: readonly (readonly [string, string])[] = [
  [' ', 'Space'],
  ['!', '+Digit1'],
  ['"', '+Quote'],
  ['#', '+Digit3'],
  ['$', '+Digit4'],
  ['%', '+Digit5'],
  ['&', '+Digit7'],
  ["'", 'Quote'],
  ['(', '+Digit9'],
  [')', '+Digit0'],
  ['*', '+Digit8'],
  ['+', '+Equal'],
  [',', 'Comma'],
  ['-', 'Minus'],
  ['.', 'Period'],
  ['/', 'Slash'],
  [':', '+Semicolon'],
  [';', 'Semicolon'],
  ['<', '+Comma'],
  ['=', 'Equal'],
  ['>', '+Period'],
  ['?', '+Slash'],
  ['@', '+Digit2'],
  ['[', 'BracketLeft'],
  [']', 'BracketRight'],
  ['^', '+Digit6'],
  ['_', '+Minus'],
]

const DE: readonly (readonly [string, string])[] = [
  [' ', 'Space'],
  ['!', '+Digit1'],
  ['"', '+Digit2'],
  ['%', '+Digit5'],
  ['&', '+Digit6'],
  ['/', '+Digit7'],
  ['(', '+Digit8'],
  [')', '+Digit9'],
  ['=', '+Digit0'],
  ['?', '+Minus'],
  ['*', '+BracketRight'],
  ['+', 'BracketRight'],
  ['#', 'Backslash'],
  ["'", '+Backslash'],
  [',', 'Comma'],
  [';', '+Comma'],
  ['.', 'Period'],
  [':', '+Period'],
  ['-', 'Slash'],
  ['_', '+Slash'],
  ['<', 'IntlBackslash'],
  ['>', '+IntlBackslash'],
  ['z', 'KeyY'],
  ['Z', '+KeyY'],
  ['y', 'KeyZ'],
  ['Y', '+KeyZ'],
]

/** The keys of one code; `<GS>` stands for FNC1, which is typed as Ctrl+]. @throws CashdeskError `sim.usage` */
export function typedKeys(code: string, typing: Typing = {}): readonly TypedKey[] {
  const { country = 'us', from = 0, intervalMs = 12, ending = 'Enter', pause, losesFnc1 = false } = typing
  const table = new Map(country === 'us' ? US : DE)
  const text = code.replaceAll('<GS>', losesFnc1 ? '' : '\x1d')
  const named = [...text].map(character => keyOf(character, table))
  if (ending !== 'none') named.push(ending)
  return named.map((name, index) => {
    const late = pause !== undefined && index >= pause.before ? pause.ms : 0
    const at = from + index * intervalMs + late
    return { code: name.replace(/^[+^]/, ''), shift: name.startsWith('+'), ctrl: name.startsWith('^'), at }
  })
}

function keyOf(character: string, table: ReadonlyMap<string, string>): string {
  if (character === '\x1d') return '^BracketRight'
  const special = table.get(character)
  if (special !== undefined) return special
  if (/\d/.test(character)) return `Digit${character}`
  if (/[a-z]/.test(character)) return `Key${character.toUpperCase()}`
  if (/[A-Z]/.test(character)) return `+Key${character}`
  throw new CashdeskError('sim.usage', { reason: 'no key for this character', character })
}
