// What the till asks and what the pad answers, as text between STX and ETX: a request becomes packets, an answer
// becomes a block, an empty entry or an error.
import {
  CashdeskError,
  type ErrorReport,
  formatAmount,
  type PinBlock,
  type PinRequest,
  report,
} from '@cashdesk/kernel'
import { FS, PACKET, packetBytes, SUB } from './frames.ts'
import type { PadProfile } from './profiles.ts'

/** What a pad said to a request for a PIN. */
export type Answer =
  | { readonly kind: 'block'; readonly block: PinBlock }
  /** The customer pressed enter without a PIN. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'error'; readonly error: ErrorReport }
  | { readonly kind: 'malformed' }

/** ISO 9564-1: a PIN has 4 to 12 digits. */
const MIN_DIGITS = 4
const MAX_DIGITS = 12
/** One line of the smallest display. */
const LINE_CHARACTERS = 16
/** The longest text of one `Z2` (UIC). */
const TEXT_CHARACTERS = 64
/** The most lines of one `Z3` (UIC). */
const TEXT_LINES = 7

/** The indicator of packet `70` under DUKPT: money leaves the account. */
const DEBIT = 'D'

const PRINTABLE = /^[\x20-\x7e]*$/

/**
 * The request as packet text: `Z60` where the pad's own prompt and limits will do, `70` where these and an amount that the
 * pad knows to show will, else `Z62`.
 * @throws CashdeskError `pinpad.request` with `detail.field`, never with its value
 */
export function entryText(request: PinRequest, profile: PadProfile): string {
  const { account, key, minDigits = MIN_DIGITS, maxDigits = MAX_DIGITS } = request
  if (!/^[0-9]{8,19}$/.test(account)) throw wrong('account')
  if (!inRange(minDigits) || !inRange(maxDigits) || maxDigits < minDigits) throw wrong('minDigits')
  const prompts = promptsOf(request, profile)
  const keyField = keyFieldOf(key, profile)
  const limited = minDigits !== MIN_DIGITS || maxDigits !== MAX_DIGITS
  if (prompts.length === 0 && !limited && profile.prompts === 'free')
    return `${PACKET.enter}${account}${FS}${keyField}`
  const total = limited || prompts.length > 0 ? undefined : totalOf(request, profile)
  if (total !== undefined)
    return key.scheme === 'dukpt'
      ? `${PACKET.enterForAmount}${account}${FS}${DEBIT}${total}`
      : `${PACKET.enterForAmount}.${account}${FS}${keyField}${total}`
  const limits = `${twoDigits(minDigits)}${twoDigits(maxDigits)}N`
  const [first = profile.prompt, second] = prompts
  const texts =
    profile.waitText === undefined
      ? [first, ...(second === undefined ? [] : [second])]
      : [first, second ?? first, profile.waitText]
  return `${PACKET.enterWithPrompt}${account}${FS}${keyField}${limits}${texts.join(FS)}`
}

/** `08` and the number of a master key. @throws CashdeskError `pinpad.request` */
export function selectKeyBytes(masterKey: number): Uint8Array {
  if (!Number.isInteger(masterKey) || masterKey < 0 || masterKey > 9) throw wrong('key.masterKey')
  return packetBytes(`${PACKET.selectMasterKey}${masterKey}`, true)
}

/** One text as `Z2`, lines as `Z3`. @throws CashdeskError `pinpad.request` */
export function showText(text: string): string {
  const lines = text.split('\n')
  if (!lines.every(line => PRINTABLE.test(line)) || text === '') throw wrong('text')
  if (lines.length === 1) {
    if (text.length > TEXT_CHARACTERS) throw wrong('text')
    return `${PACKET.show}${SUB}${text}`
  }
  if (lines.length > TEXT_LINES || lines.some(line => line.length > LINE_CHARACTERS)) throw wrong('text')
  return `${PACKET.showLines}${lines.length}${lines.join(FS)}`
}

/** Is this text an answer to a request for a PIN, whatever it says? */
export function isAnswer(text: string): boolean {
  return text.startsWith(PACKET.block) || text.startsWith(PACKET.blockWithKsn)
}

/** Reads an answer under the key scheme that was asked for; one of another scheme is malformed. */
export function readAnswer(
  text: string,
  scheme: PinRequest['key']['scheme'],
  profile: PadProfile,
  shortFormat: 'iso-0' | 'iso-3',
): Answer {
  const errors = profile.errors[scheme]
  // The UIC form of an empty entry is also its letter for a missing account, which was checked before it was sent.
  if (scheme === 'dukpt' && text === profile.dukptAnswer) return { kind: 'empty' }
  const letter = /^71([0-9A-Z])$/.exec(text)?.[1]
  if (letter !== undefined) {
    return { kind: 'error', error: report(errors[letter] ?? 'pinpad.refused', { letter }) }
  }
  return scheme === 'dukpt' ? readDerived(text, profile, shortFormat) : readMasterSession(text, shortFormat)
}

/** `71.0`, the number of digits, `01`, the block. */
function readMasterSession(text: string, shortFormat: 'iso-0' | 'iso-3'): Answer {
  const [whole, count = '', blockHex = ''] =
    /^71\.[0-9]([0-9]{2})01((?:[0-9A-Fa-f]{16}){0,2})$/.exec(text) ?? []
  if (whole === undefined) return { kind: 'malformed' }
  const digits = Number(count)
  if (digits === 0) return { kind: 'empty' }
  if (!inRange(digits) || blockHex === '') return { kind: 'malformed' }
  const format = blockHex.length === 32 ? 'iso-4' : shortFormat
  return { kind: 'block', block: { format, blockHex: blockHex.toUpperCase(), digits } }
}

/**
 * The KSN without its leading Fs (10 to 20 digits under TDES), then the block. No manual of the family describes AES:
 * the two sizes of ANSI X9.24-3, a KSN of 24 digits and a block of 32, cannot be taken for the others.
 */
function readDerived(text: string, profile: PadProfile, shortFormat: 'iso-0' | 'iso-3'): Answer {
  const rest = text.startsWith(profile.dukptAnswer) ? text.slice(profile.dukptAnswer.length) : ''
  const aes = rest.length > 36
  const blockDigits = aes ? 32 : 16
  const ksn = rest.slice(0, -blockDigits)
  const full = aes ? 24 : 20
  if (!/^[0-9A-Fa-f]+$/.test(rest) || ksn.length < 10 || ksn.length > full) return { kind: 'malformed' }
  return {
    kind: 'block',
    block: {
      format: aes ? 'iso-4' : shortFormat,
      blockHex: rest.slice(-blockDigits).toUpperCase(),
      ksnHex: ksn.toUpperCase().padStart(full, 'F'),
    },
  }
}

/** The lines to be shown: the prompt's, then the amount where the pad shows other texts than its own. */
function promptsOf({ prompt, amount }: PinRequest, profile: PadProfile): readonly string[] {
  const lines = prompt === undefined ? [] : prompt.split('\n')
  if (lines.some(line => line === '' || line.length > LINE_CHARACTERS || !PRINTABLE.test(line)))
    throw wrong('prompt')
  if (amount !== undefined && profile.prompts === 'free') {
    if (!Number.isSafeInteger(amount.amountMinor) || !/^[A-Z]{3}$/.test(amount.currency))
      throw wrong('amount')
    if (lines.length === 0) lines.push(profile.prompt)
    const shown = `${amount.currency} ${formatAmount(amount.amountMinor, amount.currency)}`
    if (shown.length > LINE_CHARACTERS) throw wrong('amount')
    lines.push(shown)
  }
  if (lines.length > 2) throw wrong('prompt')
  return lines
}

/** As packet `70` takes it: 4 to 8 characters with the decimal point; undefined where the pad would say something else. */
function totalOf({ amount }: PinRequest, { amountsIn }: PadProfile): string | undefined {
  if (amount === undefined || amount.currency !== amountsIn) return undefined
  if (!Number.isSafeInteger(amount.amountMinor) || amount.amountMinor < 0) throw wrong('amount')
  const total = formatAmount(amount.amountMinor, amount.currency)
  return /^[0-9]{1,5}\.[0-9]{2}$/.test(total) ? total : undefined
}

function keyFieldOf(key: PinRequest['key'], { dukptKeyField }: PadProfile): string {
  if (key.scheme === 'dukpt') return dukptKeyField === 'absent' ? '' : dukptKeyField
  if (!/^(?:[0-9A-Fa-f]{16}){1,3}$|^[0-9A-Fa-f]{64}$/.test(key.workingKey)) throw wrong('key.workingKey')
  return key.workingKey.toUpperCase()
}

function inRange(digits: number): boolean {
  return Number.isInteger(digits) && digits >= MIN_DIGITS && digits <= MAX_DIGITS
}

function twoDigits(count: number): string {
  return String(count).padStart(2, '0')
}

function wrong(field: string): CashdeskError {
  return new CashdeskError('pinpad.request', { field })
}
