// `cashdesk decode pinpad`: a capture of the line to a PIN pad, signal by signal and packet by packet, both directions.
// What a capture should not have kept is not repeated: accounts show four digits, blocks and working keys their length.
import { CashdeskError } from '@cashdesk/kernel'
import { FRAMING, type PadProfile, readAnswer, UIC, VERIFONE } from '@cashdesk/pinpad'
import type { Decoded, DecodeField, DecodeOptions, DecodeProblem, Decoder } from './decode.ts'

export const decoder: Decoder = {
  name: 'pinpad',
  summary: 'the packets of a PIN pad (VeriFone family), both directions',
  takes: 'hex',
  example: '06 0237313003 35',
  options: [{ flags: '--profile <name>', description: 'whose error letters: verifone (default) or uic' }],
  decode({ bytes }, options) {
    const profile = profileOf(options)
    const fields: DecodeField[] = []
    const problems: DecodeProblem[] = []
    let at = 0
    while (at < bytes.length) {
      const seen = FRAMING.next(bytes.subarray(at))
      const used = seen.cut === 'more' ? bytes.length - at : seen.used
      if (seen.cut === 'frame') {
        const { frame } = seen
        if (frame.kind === 'packet') {
          fields.push(packet(frame, at, used, profile, problems))
          if (!frame.intact)
            problems.push({ offset: at + frame.text.length + 2, length: 1, what: 'wrong check' })
        } else
          fields.push({ offset: at, length: 1, name: frame.kind.toUpperCase(), value: SIGNALS[frame.kind] })
      } else {
        const what = seen.cut === 'more' ? 'a packet that is cut off' : 'no signal and no packet'
        problems.push({ offset: at, length: used, what })
      }
      at += used
    }
    return { kind: `PIN pad line, ${profile.name}`, fields, problems } satisfies Decoded
  },
}

const SIGNALS = { ack: 'taken', nak: 'again', eot: 'session ended or cancelled' } as const

/** What the first characters say, for packets without fields of interest. */
const PLAIN: readonly (readonly [string, string])[] = [
  ['11', 'connection test'],
  ['06', 'serial number'],
  ['08', 'select a master key'],
  ['72', 'cancel'],
  ['Z2', 'show a text'],
  ['Z3', 'show lines'],
]

interface Packet {
  readonly admin: boolean
  readonly text: string
}

function packet(
  { admin, text }: Packet,
  at: number,
  length: number,
  profile: PadProfile,
  problems: DecodeProblem[],
): DecodeField {
  const start = at + 1
  const whole = { offset: at, length }
  if (!admin && /^Z6[02]\./.test(text)) {
    const fields = requestFields(text, start)
    if (fields === undefined)
      problems.push({ offset: start, length: text.length, what: 'no request for a PIN' })
    return { ...whole, name: text.slice(0, 3), value: 'enter a PIN', ...(fields && { fields }) }
  }
  if (!admin && text.startsWith('70')) {
    const fields = amountFields(text, start)
    if (fields === undefined)
      problems.push({ offset: start, length: text.length, what: 'no request for a PIN' })
    return { ...whole, name: '70', value: 'enter a PIN under an amount', ...(fields && { fields }) }
  }
  if (!admin && /^7[13]/.test(text)) return { ...whole, ...answer(text, start, profile, problems) }
  const known = PLAIN.find(([type]) => text.startsWith(type))
  // What is not known may hold an account or a key.
  const value =
    known === undefined
      ? `not known, ${text.length - 2} characters, not shown`
      : [known[1], shown(text.slice(2))].join(' ').trim()
  return { ...whole, name: text.slice(0, 2), value, meaning: admin ? 'administrative' : 'packet' }
}

function answer(
  text: string,
  start: number,
  profile: PadProfile,
  problems: DecodeProblem[],
): Pick<DecodeField, 'name' | 'value' | 'meaning' | 'fields'> {
  const name = text.slice(0, 2)
  const scheme = text.startsWith('71.') ? 'master-session' : 'dukpt'
  const vendor = text.startsWith('73') ? VERIFONE : text.length > 3 && scheme === 'dukpt' ? UIC : profile
  const read = readAnswer(text, scheme, vendor, 'iso-0')
  if (read.kind === 'malformed') {
    problems.push({ offset: start, length: text.length, what: 'no answer of this family' })
    return { name, value: 'an answer that cannot be read' }
  }
  if (read.kind === 'empty') return { name, value: 'no PIN entered' }
  if (read.kind === 'error') {
    const codes = [profile.errors['master-session'], profile.errors.dukpt].map(
      errors => errors[text.slice(2)],
    )
    const [session = 'pinpad.refused', dukpt = 'pinpad.refused'] = codes
    const meaning = session === dukpt ? session : `${session} (master/session), ${dukpt} (DUKPT)`
    return { name, value: `error ${text.slice(2)}`, meaning }
  }
  const { blockHex, ksnHex, digits, format } = read.block
  const blockAt = start + text.length - blockHex.length
  const block = {
    offset: blockAt,
    length: blockHex.length,
    name: 'PIN block',
    value: `${blockHex.length} digits, not shown`,
    meaning: format === 'iso-4' ? 'ISO 9564-1 format 4' : 'ISO 9564-1 format 0 or 3, as the pad is set',
  }
  if (ksnHex === undefined) {
    const count = { offset: start + 4, length: 2, name: 'digits', value: digits ?? 0 }
    return { name, value: 'a PIN under master and session keys', fields: [count, block] }
  }
  const ksnAt = start + vendor.dukptAnswer.length
  const ksn = { offset: ksnAt, length: blockAt - ksnAt, name: 'KSN', value: ksnHex }
  return { name, value: 'a PIN under DUKPT', fields: [ksn, block] }
}

const KEY_AND_LIMITS = /^(DUKPT ENCRYPTION|(?:[0-9A-F]{16}){1,4}(?=\d{4}[YN])|)(?:(\d\d)(\d\d)([YN])(.*))?$/

/** Account, key, limits and prompts of `Z60` and `Z62`; undefined where the text has not their form. */
function requestFields(text: string, start: number): readonly DecodeField[] | undefined {
  const [account = '', head = '', ...more] = text.slice(4).split('\u001c')
  const plain = text.startsWith('Z60')
  const key = plain ? [head, head] : KEY_AND_LIMITS.exec(head)
  if (!/^\d{8,19}$/.test(account) || key === null) return undefined
  const [, keyField = '', min, max, empty, first] = key
  let at = start + 4
  const fields: DecodeField[] = []
  const add = (name: string, raw: string, value: string): void => {
    if (raw !== '') fields.push({ offset: at, length: raw.length, name, value })
    at += raw.length
  }
  add('account', account, `…${account.slice(-4)}`)
  at += 1
  const derived = keyField === 'DUKPT ENCRYPTION'
  add('key', keyField, derived ? keyField : `working key, ${keyField.length} digits, not shown`)
  if (plain) return fields
  if (min === undefined || max === undefined || empty === undefined || first === undefined) return undefined
  add('fewest digits', min, min)
  add('most digits', max, max)
  add('empty allowed', empty, empty === 'Y' ? 'yes' : 'no')
  for (const prompt of [first, ...more]) {
    add('prompt', prompt, shown(prompt))
    at += 1
  }
  return fields
}

/** `70.account|key amount`, under DUKPT `70account|C or D, amount` (UIC); undefined where the text has not their form. */
function amountFields(text: string, start: number): readonly DecodeField[] | undefined {
  const [head = '', rest = '', ...more] = text.split('\u001c')
  const [, dot = '', account = ''] = /^70(\.?)(\d{8,19})$/.exec(head) ?? []
  const [, key = '', amount = ''] =
    /^([CD]|[0-9A-F]{32}(?=[\d.]{4,8}$)|[0-9A-F]{16})([\d.]{4,8})$/.exec(rest) ?? []
  if (account === '' || key === '' || more.length > 1 || (dot === '.') !== key.length > 1) return undefined
  const keyAt = start + 3 + dot.length + account.length
  const direction = key === 'D' ? 'debit' : 'credit'
  return [
    {
      offset: start + 2 + dot.length,
      length: account.length,
      name: 'account',
      value: `…${account.slice(-4)}`,
    },
    key.length > 1
      ? {
          offset: keyAt,
          length: key.length,
          name: 'key',
          value: `working key, ${key.length} digits, not shown`,
        }
      : { offset: keyAt, length: 1, name: 'indicator', value: key, meaning: direction },
    { offset: keyAt + key.length, length: amount.length, name: 'amount', value: amount },
  ]
}

/** What may be an account, a block or a key, in whatever packet it came to stand. */
const LONG = /[0-9A-F]{13,}/gi

/** Without its control characters, and without what is too long to be a text or a serial number. */
function shown(text: string): string {
  return [...text]
    .map(letter => (letter < ' ' ? ' ' : letter))
    .join('')
    .replace(LONG, digits => `(${digits.length} digits, not shown)`)
    .trim()
}

function profileOf(options: DecodeOptions): PadProfile {
  const name = options['profile'] ?? 'verifone'
  if (name === 'verifone') return VERIFONE
  if (name === 'uic') return UIC
  throw new CashdeskError('cli.usage', { reason: '--profile is verifone or uic' })
}
