// Data of GS1 symbols as a job sends it: parentheses, blanks and stars are for people or for the printer to complete, and
// what remains goes into the bars (rules: Epson's technical references, "GS1-128" and "GS1 DataBar").

/** `encoded`: what the encoder takes; `text` stands below the bars. */
export type Gs1Data = { readonly encoded: string; readonly text: string } | { readonly refused: string }

/** How the encoder writes the function characters, and its own sign. */
const FNC1 = '^FNC1'
const FNC3 = '^FNC3'
const CARET = '^^'

/** After a brace: what is encoded and what is read. */
const ESCAPED: { readonly [sign: string]: readonly [string, string] } = {
  '1': [FNC1, ' '],
  '3': [FNC3, ' '],
  '(': ['(', '('],
  ')': [')', ')'],
  '*': ['*', '*'],
  '{': ['{', '{'],
}

/**
 * GS1-128: FNC1 in front is the printer's; `( )` and blanks are read and not encoded; `*` becomes the check digit of the
 * digits since the identifier; `{1` and `{3` are function characters.
 */
export function gs1128Data(data: string): Gs1Data {
  let encoded = FNC1
  let text = ''
  let digits = ''
  for (let at = 0; at < data.length; at += 1) {
    const sign = data[at] ?? ''
    if (sign === '{') {
      at += 1
      const pair = ESCAPED[data[at] ?? '']
      if (pair === undefined) return { refused: `no sequence {${data[at] ?? ''} in a GS1-128` }
      encoded += pair[0]
      text += pair[1]
      digits = ''
    } else if (sign === '*') {
      if (digits === '') return { refused: 'a check digit of nothing' }
      const check = checkDigit(digits)
      encoded += check
      text += check
    } else if (sign === '(' || sign === ')' || sign === ' ') {
      digits = ''
      text += sign
    } else {
      const plain = sign >= ' ' && sign !== '\x7f' && sign < '\x80'
      if (sign >= '\x80') return { refused: 'data outside ASCII' }
      encoded += sign === '^' ? CARET : sign
      text += plain ? sign : ' '
      digits = /\d/.test(sign) ? digits + sign : ''
    }
  }
  return encoded === FNC1 ? { refused: 'not the data of a GS1-128' } : { encoded, text }
}

/** DataBar Omnidirectional, Truncated, Limited, Stacked: 13 digits; identifier and check digit are the printer's. */
export function dataBarData(data: string, limited: boolean): Gs1Data {
  const wanted = limited ? /^[01]\d{12}$/ : /^\d{13}$/
  if (!wanted.test(data)) return { refused: 'not the data of a GS1 DataBar' }
  const text = `(01)${data}${checkDigit(data)}`
  return { encoded: text, text }
}

/** DataBar Expanded: elements with their identifiers in parentheses; a `*` is passed over, `{1` ends an element. */
export function dataBarExpandedData(data: string): Gs1Data {
  let encoded = ''
  for (let at = 0; at < data.length; at += 1) {
    const sign = data[at] ?? ''
    if (sign === '*') continue
    if (sign !== '{') encoded += sign
    else {
      at += 1
      const after = data[at] ?? ''
      // The next identifier's parenthesis separates the elements.
      if (after === '{') encoded += '{'
      else if (after !== '1') return { refused: `no sequence {${after} in a GS1 DataBar` }
    }
  }
  // A single article number is known without them.
  if (/^01\d{14}$/.test(encoded)) encoded = `(01)${encoded.slice(2)}`
  if (!encoded.startsWith('(')) return { refused: 'identifiers without parentheses' }
  const gtin = /^\(01\)(\d{13})(\d)/.exec(encoded)
  if (gtin !== null && checkDigit(gtin[1] ?? '') !== gtin[2]) return { refused: 'a wrong check digit' }
  return { encoded, text: encoded }
}

/** Weights 3 and 1 from the right (GS1 General Specifications, 7.9). */
function checkDigit(digits: string): string {
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 ? 1 : 3), 0)
  return String((10 - (sum % 10)) % 10)
}
