// What a till may ask the simulated PIN pad, read from the text of a packet.
import { type Complaint, type Habits, LINE, PIN_DIGITS } from './tables.ts'

export interface EntryRequest {
  readonly account: string
  /** In hexadecimal, encrypted; master and session keys only. */
  readonly workingKey?: string
  readonly min: number
  readonly max: number
  readonly prompts: readonly string[]
  readonly waitText?: string
  /** Shown above the pad's own prompt. */
  readonly amount?: string
}

const FIELD = String.fromCharCode(LINE.field)

/** Reads `Z60.…` or `Z62.…`; a complaint where a field is wrong, undefined where it is no such request at all. */
export function readEntry(
  text: string,
  scheme: 'dukpt' | 'master-session',
  habits: Habits,
): EntryRequest | Complaint | undefined {
  if (habits.amountSign !== undefined && text.startsWith('70')) return amountEntry(text, scheme)
  const [, kind, rest = ''] = /^(Z60|Z62)\.(.*)$/s.exec(text) ?? []
  if (kind === undefined) return undefined
  const [account = '', ...fields] = rest.split(FIELD)
  if (!/^\d{8,19}$/.test(account)) return 'account'
  const head = fields[0] ?? ''
  const keyPart = keyPartOf(head, scheme, habits, kind === 'Z62')
  if (keyPart === undefined) return 'working-key'
  const key = scheme === 'master-session' ? { workingKey: keyPart } : {}
  if (kind === 'Z60') return { account, ...key, ...PIN_DIGITS, prompts: [] }
  const [, least, most, empty, first = ''] =
    /^(\d\d)(\d\d)([YN])(.*)$/s.exec(head.slice(keyPart.length)) ?? []
  const [min, max] = [Number(least), Number(most)]
  const fits = min >= PIN_DIGITS.min && max <= PIN_DIGITS.max && min <= max
  if (empty !== 'N' || !fits || first === '') return 'limits'
  const [second, wait] = fields.slice(1)
  const prompts = [first, ...(second === undefined || second === '' || second === first ? [] : [second])]
  return { account, ...key, min, max, prompts, ...(wait === undefined ? {} : { waitText: wait }) }
}

/** `70.account|key amount`, and under DUKPT `70account|D amount` (UIC, pp. 202 and 252). */
function amountEntry(text: string, scheme: 'dukpt' | 'master-session'): EntryRequest | Complaint {
  const derived = scheme === 'dukpt'
  const [account = '', head = ''] = text.slice(derived ? 2 : 3).split(FIELD)
  if (!/^\d{8,19}$/.test(account)) return 'account'
  const shape = derived ? /^()[CD](.*)$/ : /^([0-9A-F]{32}(?=[\d.]{4,8}$)|[0-9A-F]{16})(.*)$/
  const [whole, key = '', amount = ''] = shape.exec(head) ?? []
  if (whole === undefined) return 'working-key'
  if (!/^[\d.]{4,8}$/.test(amount)) return 'limits'
  return { account, ...(derived ? {} : { workingKey: key }), ...PIN_DIGITS, prompts: [], amount }
}

/** The key at the head of the field: hexadecimal, or what says DUKPT; undefined where it is neither. */
function keyPartOf(
  head: string,
  scheme: 'dukpt' | 'master-session',
  { dukptField }: Habits,
  followed: boolean,
): string | undefined {
  if (scheme === 'dukpt') return head.startsWith(dukptField ?? '') ? (dukptField ?? '') : undefined
  if (!followed) return /^[0-9A-F]*$/.test(head) ? head : undefined
  // Behind the key stand four digits and a letter, so the longest key that leaves them is meant.
  return [64, 32, 16]
    .map(length => head.slice(0, length))
    .find(key => /^[0-9A-F]+$/.test(key) && /^\d{4}[YN]/.test(head.slice(key.length)))
}
