// What the keys of a keyboard wedge stand for: a scanner types positions, and the country its keyboard is set to gives
// them their characters (values of `KeyboardEvent.code`, W3C UI Events KeyboardEvent code Values).

/** The keyboard country that the scanner is set to, which need not be the one of the computer. */
export type KeyboardCountry = 'us' | 'uk' | 'de' | 'fr'

/** Without and with Shift. */
type Keys = { readonly [code: string]: string }

const LETTERS: Keys = Object.fromEntries(
  [...'abcdefghijklmnopqrstuvwxyz'].map(letter => [
    `Key${letter.toUpperCase()}`,
    letter + letter.toUpperCase(),
  ]),
)
const DIGITS = [
  'Digit1',
  'Digit2',
  'Digit3',
  'Digit4',
  'Digit5',
  'Digit6',
  'Digit7',
  'Digit8',
  'Digit9',
  'Digit0',
]

/** Two rows of characters for the digit keys 1 to 0. */
const digits = (plain: string, shifted: string): Keys =>
  Object.fromEntries(DIGITS.map((code, at) => [code, plain.charAt(at) + shifted.charAt(at)]))

const NUMPAD: Keys = {
  ...Object.fromEntries([...'0123456789'].map(digit => [`Numpad${digit}`, digit + digit])),
  NumpadAdd: '++',
  NumpadSubtract: '--',
  NumpadMultiply: '**',
  NumpadDivide: '//',
  NumpadDecimal: '..',
}

const US: Keys = {
  ...LETTERS,
  ...NUMPAD,
  ...digits('1234567890', '!@#$%^&*()'),
  Space: '  ',
  Minus: '-_',
  Equal: '=+',
  BracketLeft: '[{',
  BracketRight: ']}',
  Backslash: '\\|',
  Semicolon: ';:',
  Quote: '\'"',
  Backquote: '`~',
  Comma: ',<',
  Period: '.>',
  Slash: '/?',
  IntlBackslash: '\\|',
}

export const KEYBOARDS: { readonly [country in KeyboardCountry]: Keys } = {
  us: US,
  uk: {
    ...US,
    ...digits('1234567890', '!"£$%^&*()'),
    Quote: "'@",
    Backslash: '#~',
    Backquote: '`¬',
  },
  de: {
    ...LETTERS,
    ...NUMPAD,
    ...digits('1234567890', '!"§$%&/()='),
    KeyY: 'zZ',
    KeyZ: 'yY',
    Space: '  ',
    Minus: 'ß?',
    BracketLeft: 'üÜ',
    BracketRight: '+*',
    Backslash: "#'",
    Semicolon: 'öÖ',
    Quote: 'äÄ',
    Comma: ',;',
    Period: '.:',
    Slash: '-_',
    IntlBackslash: '<>',
  },
  fr: {
    ...LETTERS,
    ...NUMPAD,
    ...digits('&é"\'(-è_çà', '1234567890'),
    KeyA: 'qQ',
    KeyQ: 'aA',
    KeyW: 'zZ',
    KeyZ: 'wW',
    Semicolon: 'mM',
    KeyM: ',?',
    Space: '  ',
    Minus: ')°',
    Equal: '=+',
    BracketRight: '$£',
    Backslash: '*µ',
    Quote: 'ù%',
    Comma: ';.',
    Period: ':/',
    Slash: '!§',
    IntlBackslash: '<>',
  },
}

/** Characters behind AltGr. */
export const ALT_GR: { readonly [country in KeyboardCountry]: { readonly [code: string]: string } } = {
  us: {},
  uk: { Digit4: '€' },
  de: {
    KeyQ: '@',
    KeyE: '€',
    Digit7: '{',
    Digit8: '[',
    Digit9: ']',
    Digit0: '}',
    Minus: '\\',
    BracketRight: '~',
    IntlBackslash: '|',
  },
  fr: {
    Digit2: '~',
    Digit3: '#',
    Digit4: '{',
    Digit5: '[',
    Digit6: '|',
    Digit7: '`',
    Digit8: '\\',
    Digit9: '^',
    Digit0: '@',
    Minus: ']',
    Equal: '}',
    KeyE: '€',
  },
}

/** Keys that only change others. */
export const MODIFIERS: ReadonlySet<string> = new Set([
  'ShiftLeft',
  'ShiftRight',
  'ControlLeft',
  'ControlRight',
  'AltLeft',
  'AltRight',
  'MetaLeft',
  'MetaRight',
  'CapsLock',
  'NumLock',
])

/** Keys that end a code. */
export const ENDINGS: ReadonlySet<string> = new Set(['Enter', 'NumpadEnter', 'Tab'])

/** Control characters as terminals type them: Ctrl and a key. FNC1 is Ctrl+]. */
export const CONTROLS: { readonly [code: string]: string } = {
  BracketRight: '\u001d',
  Backslash: '\u001c',
  Digit6: '\u001e',
  Minus: '\u001f',
  KeyD: '\u0004',
}
