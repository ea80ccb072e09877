// What is taken out of a journal or configuration before it leaves the shop. Texts are kept only under names that are
// known to be harmless; whatever a later release adds is taken out until it is named here. What was taken out is then
// looked for in everything else.
import { createHmac, randomBytes } from 'node:crypto'

/** Names, states, codes and texts of our own. Texts under other names are taken out. */
const KEPT: ReadonlySet<string> = new Set(
  (
    'type sale line claim tender payment op task prompt amountMinor about of original id kind state to outcome via next action by on plugin ' +
    'at actions operation operations class queue wire method servers code locus retry message currency lane locale shift name group ' +
    'hash status owner onUnknown claims after notPaidBy reserve file dir folder paidBy row version platform arch release ' +
    'node cashdesk timeZone identity host profile parity suffix aim charset reservationServers activationServers ' +
    'serviceid $schema what how problems delivers'
  ).split(' '),
)

/** What a terminal reports about a payment. Whatever else stands among facts came from a provider, about a customer. */
const PAYMENT_FACTS: ReadonlySet<string> = new Set(
  'currency trace receipt turnover terminalId terminalTime maskedPan cardName'.split(' '),
)

/** Scanned, typed, or given by a provider to one customer: the last four characters tell support enough. */
const SHORTENED: ReadonlySet<string> = new Set([
  'serial',
  'item',
  'value',
  'text',
  'reference',
  'authorisation',
  'items',
])

/** Objects in which everything is of one customer. */
const SHORTENED_INSIDE = 'subject'
/** Objects in which only some names are harmless. */
const FACTS: ReadonlySet<string> = new Set(['facts', 'approved', 'data', 'before'])

/** Left out as a whole, whatever is inside: papers, and what is sent to others. */
const DROPPED: ReadonlySet<string> = new Set([
  'document',
  'fiscal',
  'sealed',
  'read',
  'body',
  'headers',
  'payload',
  'header',
])
const CREDENTIALS: ReadonlySet<string> = new Set(['user', 'password', 'cspid'])

/** What persons wrote in their own words, where a reason of the machine has the same name. */
const PERSONS_WORDS: ReadonlySet<string> = new Set([
  'task.resolve',
  'task.resolved',
  'sale.cancel',
  'sale.cancelling',
])

/** The least length of what is looked for elsewhere: shorter ones occur by chance. */
const LEAST = 4
/** From here on also inside of words. */
const UNMISTAKABLE = 8
/** A card number has 12 to 19 digits (ISO/IEC 7812). */
const CARD_NUMBER = /\b\d{12,19}\b/g
const TOKEN = /[\p{L}\p{N}._-]{4,}/gu
const MOST_TEXT = 300

export class Redaction {
  readonly #salt = randomBytes(16)
  /** Words, each with what stands for it. */
  readonly #words: Map<string, string> = new Map()
  /** What is looked for inside of words too. */
  readonly #phrases: Map<string, string> = new Map()
  /** By what it was: how often it was taken out. */
  readonly counts: Map<string, number> = new Map()

  /** A value that must not be found anywhere, such as a secret that the configuration names. */
  forbid(value: string, instead = '[secret]'): void {
    if (value.length >= UNMISTAKABLE || !isWord(value)) this.#phrases.set(value, instead)
    else if (value.length >= LEAST) this.#words.set(value, instead)
  }

  /** Answers plain JSON of the same shape, without what is nobody's business. */
  clean<Value>(value: Value): Value {
    // Texts become texts, numbers of customers among facts too: the shape is kept.
    return this.#cleaned(value, '', { inside: '', type: undefined }) as Value
  }

  /** Takes out what was taken out elsewhere, and comes up once more where nobody expected it. */
  sweep(text: string): string {
    let swept = text.replace(TOKEN, word => this.#words.get(word) ?? word)
    const phrases = [...this.#phrases].sort(([one], [other]) => other.length - one.length)
    for (const [phrase, instead] of phrases) {
      const escaped = JSON.stringify(phrase).slice(1, -1)
      for (const form of new Set([phrase, escaped, encodeURIComponent(phrase)]))
        swept = swept.replaceAll(form, instead)
    }
    return swept
  }

  #cleaned(value: unknown, name: string, place: Place): unknown {
    if (typeof value === 'string') return this.#text(value, name, place)
    if (typeof value === 'number' && place.inside === SHORTENED_INSIDE)
      return this.#shortened(String(value), name)
    if (Array.isArray(value)) return value.map(each => this.#cleaned(each, name, place))
    if (typeof value !== 'object' || value === null) return value
    const type: unknown = 'type' in value ? value.type : undefined
    const inside = name === SHORTENED_INSIDE || name === 'detail' || FACTS.has(name) ? name : ''
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.#entry(each, key, { inside, type })]),
    )
  }

  #entry(value: unknown, name: string, place: Place): unknown {
    if (DROPPED.has(name)) {
      this.#count(name)
      return '[taken out]'
    }
    if (CREDENTIALS.has(name) && typeof value === 'string') {
      this.#count('credentials')
      this.forbid(value)
      return '[taken out]'
    }
    // Where a secret comes from is worth knowing; one that was written there is not.
    if (name === 'secret') return /^(env|file):./.test(String(value)) ? value : '[taken out]'
    return this.#cleaned(value, name, place)
  }

  #text(value: string, name: string, { inside, type }: Place): string {
    if (name === 'operator') return this.#hashed(value)
    if (inside === SHORTENED_INSIDE) return this.#shortened(value, name)
    if (name === 'reason' && PERSONS_WORDS.has(String(type))) return this.#taken('words of persons', value)
    if (name === 'path') return harmless(value.replace(/\?.*$/, '?…'))
    // A number of an article, not of a card.
    if (name === 'gtin') return value.slice(0, MOST_TEXT)
    if (FACTS.has(inside)) {
      if (PAYMENT_FACTS.has(name)) return harmless(value)
      return name === 'authorisation'
        ? this.#shortened(value, name)
        : this.#taken('facts of providers', value)
    }
    if (inside === 'detail' || KEPT.has(name)) return harmless(value)
    return SHORTENED.has(name) ? this.#shortened(value, name) : this.#taken('texts', value)
  }

  #hashed(value: string): string {
    // The till itself settles what resolves itself.
    if (value === 'till') return value
    this.#count('names of operators')
    const short = createHmac('sha256', this.#salt).update(value).digest('hex').slice(0, 6)
    this.forbid(value, `operator-${short}`)
    return `operator-${short}`
  }

  #shortened(value: string, name: string): string {
    this.#count(`${name}, all but the last four characters`)
    const instead = value.length > LEAST ? `…${value.slice(-LEAST)}` : '…'
    if (value.length > LEAST) this.forbid(value, instead)
    return instead
  }

  #taken(what: string, value: string): string {
    this.#count(what)
    return `[${value.length} characters]`
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
}

interface Place {
  /** The object it stands in, where that matters. */
  readonly inside: string
  /** Of that object. */
  readonly type: unknown
}

function isWord(value: string): boolean {
  return value.match(TOKEN)?.[0] === value
}

/** Without a card's number, an account in an address, or a query; and not without end. */
function harmless(value: string): string {
  return value
    .slice(0, MOST_TEXT)
    .replace(/\/\/[^@/\s]*@/, '//…@')
    .replace(/^(https?:[^?]*)\?.*$/, '$1?…')
    .replace(CARD_NUMBER, digits => `…${digits.slice(-4)}`)
}
