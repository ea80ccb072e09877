// Magnetic stripe tracks as a reader sends them (ISO/IEC 7811 coding, ISO/IEC 7813 content): sentinels, longitudinal
// check, and which cards are payment cards. A payment card's track never leaves this file: only its masked number does.
import { isGtin } from '@cashdesk/kernel'

/** One track without its sentinels and its check character. */
export interface Track {
  readonly number: 1 | 2 | 3
  readonly data: string
  /** Where its start sentinel stands in the text. */
  readonly at: number
  readonly lrc: 'right' | 'absent'
}

export interface Tracks {
  readonly tracks: readonly Track[]
  /** What cannot be read, and where. */
  readonly problems: readonly { readonly at: number; readonly what: string }[]
}

/** What a swipe says. */
export type Swipe =
  | { readonly kind: 'card'; readonly tracks: readonly Track[] }
  | { readonly kind: 'payment'; readonly maskedPan: string }
  | { readonly kind: 'unreadable' }

export interface StripeOptions {
  /** First digits of the shop's own cards, which are handed on though they look like payment cards. Default none. */
  readonly ownCards?: readonly string[]
}

/** Characters between the sentinels at most (ISO/IEC 7811: 79, 40 and 107 with sentinels and check character). */
const TRACKS: { readonly [sentinel: string]: { readonly number: 1 | 2 | 3; readonly most: number } } = {
  '%': { number: 1, most: 76 },
  ';': { number: 2, most: 104 },
  '+': { number: 3, most: 104 },
}

/** Does a text look like tracks, whatever device it came from? Or hold the number and expiry of a card? */
export function isTracks(text: string): boolean {
  return (
    /^[%;+]([^?]*\?|B?[\d ]{12})/.test(text) ||
    /(?<!\d)\d{12,19}(=\d{4}|\^[^^]{0,26}\^\d{4})/.test(text) ||
    (/(?<!\d)\d{12,19}D\d{7}/.test(text) && !isElementString(text))
  )
}

/** Behind an article's number a serial may begin with `D`: no card's separator, if no card's number stands before it. */
function isElementString(text: string): boolean {
  const aim = /^\](?:C1|e[0-2]|d2|Q3|J1)/.exec(text)?.[0] ?? ''
  const data = text.slice(aim.length)
  const article = /^\W?01(\d{14})(?:10|21)/.exec(data)?.[1] ?? ''
  return (aim !== '' || isGtin(article)) && panOf(data, [], () => false) === undefined
}

/**
 * Takes tracks apart. A second track that begins with `;` is track 3. Checks the longitudinal check character where
 * there is one behind the end sentinel.
 */
export function readTracks(text: string): Tracks {
  const tracks: Track[] = []
  const problems: { at: number; what: string }[] = []
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    const track = TRACKS[character]
    const end = text.indexOf('?', at)
    if (character === '\r' || character === '\n') at += 1
    else if (track === undefined) {
      problems.push({ at, what: 'no start sentinel' })
      at = nextStart(text, at + 1)
    } else if (end < 0) {
      problems.push({ at, what: 'no end sentinel' })
      at = text.length
    } else {
      const number = character === ';' && tracks.some(other => other.number === 2) ? 3 : track.number
      const data = text.slice(at + 1, end)
      const lrc = checkCharacter(text.slice(at, end + 1), text.slice(end + 1, end + 3), number)
      const what =
        contentProblem(data, number, track.most) ?? (lrc === 'wrong' ? 'wrong check character' : undefined)
      if (what === undefined && lrc !== 'wrong') tracks.push({ number, data, at, lrc })
      else problems.push({ at, what: what ?? '' })
      at = end + (lrc === 'absent' ? 1 : 2)
    }
  }
  return { tracks, problems }
}

/** What the cards of a text are. Problems with one track do not cost the others. */
export function readSwipe(text: string, { ownCards = [] }: StripeOptions = {}): Swipe {
  const { tracks, problems } = readTracks(text)
  // Every number is looked at: beside one of the shop's own a payment card's may stand.
  const pan = panOf(text, tracks, number =>
    ownCards.some(prefix => prefix !== '' && number.startsWith(prefix)),
  )
  if (pan !== undefined) return { kind: 'payment', maskedPan: maskedPan(pan) }
  // Half a card could be half a payment card.
  if (tracks.length === 0 || problems.some(({ what }) => what === 'no start sentinel'))
    return { kind: 'unreadable' }
  return { kind: 'card', tracks }
}

/** First six and last four digits, as PCI DSS 3.4 allows to show them. */
export function maskedPan(pan: string): string {
  return `${pan.slice(0, 6)}${'*'.repeat(Math.max(0, pan.length - 10))}${pan.slice(-4)}`
}

/**
 * The card number, if this is a payment card's: by the number ranges of the schemes, and the Luhn digit or the fields
 * behind the number. Looked for in broken tracks too, which are as secret as whole ones.
 */
function panOf(text: string, tracks: readonly Track[], isOwn: (pan: string) => boolean): string | undefined {
  const bank = tracks.some(({ number, data }) => {
    const pan = number === 1 ? /^B(\d{12,19})\^/.exec(data)?.[1] : undefined
    return pan !== undefined && !isOwn(pan)
  })
  for (const [, digits = '', behind = ''] of text.matchAll(
    // What stands behind a number is looked at, not taken: there may be another number in it.
    /(?<!\d)(\d(?: ?\d){11,18})(?!\d)(?=([=^D]?[^?]{0,40}))/g,
  )) {
    const pan = digits.replaceAll(' ', '')
    if (isOwn(pan)) continue
    const fielded =
      /^=\d{2}(0[1-9]|1[0-2])\d{3}/.test(behind) || /^\^[^^]*\^\d{2}(0[1-9]|1[0-2])/.test(behind)
    if (bank || (SCHEMES.test(pan) && (fielded || luhn(pan)))) return pan
  }
  return undefined
}

/** Number ranges of payment schemes by first digits and length (ISO/IEC 7812), wide rather than narrow. */
const SCHEMES =
  /^(1\d{14}|220[0-4]\d{12,15}|2[2-7]\d{14}|3[0-9]\d{12,17}|[456]\d{11,18}|81\d{14,17}|9792\d{12})$/

function luhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - at)) * (at % 2 === 1 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

function contentProblem(data: string, number: 1 | 2 | 3, most: number): string | undefined {
  if (data === 'E') return 'the reader could not read it'
  if (data === '') return 'empty'
  if (data.length > most) return 'too long'
  // Track 1 holds 64 characters from space to underscore, the others digits and a few separators.
  return (number === 1 ? /^[ -_]+$/ : /^[0-?]+$/).test(data) ? undefined : 'characters that no track holds'
}

/**
 * Whether `behind` begins with the check character of `track`: each bit of it makes the number of ones in its column
 * even, sentinels included. A start sentinel may be one by accident; then what stands behind it decides.
 */
function checkCharacter(track: string, behind: string, number: 1 | 2 | 3): 'right' | 'absent' | 'wrong' {
  const base = number === 1 ? 0x20 : 0x30
  // Tracks 2 and 3 are coded alike; `+` is how readers write track 3's sentinel, which on the card is that of track 2.
  const coded = number === 1 ? track : `;${track.slice(1)}`
  let sum = 0
  for (const character of coded) sum ^= character.charCodeAt(0) - base
  const expected = String.fromCharCode(base + (sum & (number === 1 ? 0x3f : 0x0f)))
  const [next = '', after = ''] = behind
  const ends = (character: string): boolean => character === '' || /[%;+\r\n]/.test(character)
  if (next === expected) return /[%;+]/.test(next) && !ends(after) ? 'absent' : 'right'
  return ends(next) ? 'absent' : 'wrong'
}

function nextStart(text: string, from: number): number {
  const at = text.slice(from).search(/[%;+]/)
  return at < 0 ? text.length : from + at
}
