// `cashdesk decode gs1`: an element string, its readable form, a Digital Link or a bare product code, identifier by identifier.
import { digitalLink, gs1Elements, isGtin, type ParsedElements } from '@cashdesk/kernel'
import type { Decoded, DecodeField, DecodeProblem, Decoder } from './decode.ts'

/** AIM identifiers stand before the data, and are no part of it. */
const AIM = /^\][A-Za-z][0-9A-Za-z]/

export const decoder: Decoder = {
  name: 'gs1',
  summary: 'a GS1 element string, Digital Link or product code; <GS> stands for FNC1',
  takes: 'text',
  example: "'(01)04012345123456(17)241231(10)ABC'",
  decode: ({ text }): Decoded => {
    const given = text.replaceAll('<GS>', '\u001d')
    const aim = AIM.exec(given)?.[0] ?? ''
    const data = given.slice(aim.length)
    const before = aim === '' ? [] : [{ offset: 0, length: aim.length, name: 'AIM identifier', value: aim }]
    if (/^(\d{8}|\d{12,14})$/.test(data)) return productCode(data, aim.length, before)
    if (!/^https?:/i.test(data)) {
      const asItStands: LengthOf = ({ value }) => value.length
      return { kind: 'GS1 element string', ...partsOf(gs1Elements(data), aim.length, before, asItStands) }
    }
    const link = digitalLink(data)
    const what = 'has no primary key of GS1 in its path'
    const none = { fields: before, problems: [{ offset: aim.length, length: data.length, what }] }
    // A link escapes characters and leaves leading zeros out: its value ends where its part of the address does.
    const toItsEnd: LengthOf = ({ valueAt }) => data.slice(valueAt).search(/[/?&;#]|$/)
    return { kind: 'GS1 Digital Link', ...(link ? partsOf(link, aim.length, before, toItsEnd) : none) }
  },
}

/** How many characters of the input a value takes. */
type LengthOf = (part: { readonly value: string; readonly valueAt: number }) => number

function productCode(data: string, offset: number, before: readonly DecodeField[]): Decoded {
  const right = isGtin(data)
  const meaning = right ? 'check digit correct' : 'check digit wrong'
  return {
    kind: `GTIN-${data.length}`,
    fields: [...before, { offset, length: data.length, name: 'GTIN', value: data, meaning }],
    problems: right
      ? []
      : [{ offset: offset + data.length - 1, length: 1, what: 'the check digit is wrong' }],
  }
}

function partsOf(
  { elements, problems, error, errorAt = 0 }: ParsedElements,
  offset: number,
  before: readonly DecodeField[],
  lengthOf: LengthOf,
): Pick<Decoded, 'fields' | 'problems'> {
  const fields = elements.map(({ ai, value, at, valueAt, name, decimals }) => ({
    offset: offset + at,
    length: valueAt - at + lengthOf({ value, valueAt }),
    name: `AI ${ai}`,
    value,
    ...(name === undefined ? {} : { meaning: decimals ? `${name}, ${decimals} decimals` : name }),
  }))
  const wrong: DecodeProblem[] = problems.map(({ ai, what, at }) => ({
    offset: offset + at,
    what: `AI ${ai} ${what}`,
  }))
  if (error !== undefined) {
    const why = Object.entries(error.detail ?? {}).map(([name, value]) => `${name}: ${String(value)}`)
    wrong.push({ offset: offset + errorAt, what: [error.message, ...why].join(' ') })
  }
  return { fields: [...before, ...fields], problems: wrong }
}
