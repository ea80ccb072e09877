// What may happen at the simulated terminal: each accident's name, its arguments, and which dialogue it strikes.
// Accidents live here and nowhere else in the house: the till and its drivers do not know the word.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import { type AccidentName, TERMINAL_ACCIDENTS } from './accident-table.ts'
import { FOREIGN, type ForeignName } from './cards.ts'

/**
 * The dialogues that an accident can be aimed at; `money` is authorisation, reservation and its booking, refund,
 * reversal, tip and the paying in of a card.
 */
const DIALOGUES = [
  'authorisation',
  'reservation',
  'booking',
  'refund',
  'reversal',
  'registration',
  'end-of-day',
  'repeat-receipt',
  'status-enquiry',
  'diagnosis',
  'initialisation',
  'tip',
  'top-up',
  'reprint',
  'totals',
  'set-clock',
  'configuration',
  'self-test',
  'read-card',
  'balance',
  'reset',
] as const
export type DialogueKind = (typeof DIALOGUES)[number]

/** An accident that is switched on. */
export type Accident = {
  readonly name: AccidentName
  /** `once` strikes the next dialogue it fits, then all is well again. */
  readonly mode: 'once' | 'always'
  readonly at: DialogueKind | 'money' | 'any'
  readonly code: number
  readonly amountMinor: number
  readonly ms: number
  readonly refuseMs: number
  readonly times: number
  readonly when: 'command' | 'status' | 'completion'
  readonly what: 'fields' | 'frame'
  readonly currency: ForeignName
  readonly choice: 'accept' | 'decline'
}

/** No accident takes longer than this: a test that waits for one must end. */
const MAX_MS = 600_000
const MAX_AMOUNT = 999_999_999_999

/**
 * @param args `mode`, `at` and the accident's own arguments
 * @throws CashdeskError `sim.usage`
 */
export function accidentOf(name: string, args: { readonly [name: string]: Json }): Accident {
  const known = TERMINAL_ACCIDENTS.find(accident => accident.name === name)
  if (known === undefined) throw new CashdeskError('sim.usage', { accident: name.slice(0, 40) })
  for (const argument of Object.keys(args)) {
    if (!ARGUMENTS.has(argument)) throw new CashdeskError('sim.usage', { argument: argument.slice(0, 40) })
  }
  if (name === 'partial' && args['amountMinor'] === undefined) {
    throw new CashdeskError('sim.usage', { argument: 'amountMinor', reason: 'missing' })
  }
  return {
    name: known.name,
    mode: oneOf(args, 'mode', ['once', 'always'], name === 'approve' ? 'always' : 'once'),
    at: oneOf(args, 'at', [...DIALOGUES, 'money', 'any'], 'money'),
    code: whole(args, 'code', 5, 0xff),
    amountMinor: whole(args, 'amountMinor', name === 'tip' ? 100 : 0, MAX_AMOUNT),
    ms: whole(args, 'ms', 0, MAX_MS),
    refuseMs: whole(args, 'refuseMs', 0, MAX_MS),
    times: whole(args, 'times', 1, 10),
    when: oneOf(args, 'when', ['command', 'status', 'completion'], 'command'),
    what: oneOf(args, 'what', ['fields', 'frame'], 'fields'),
    currency: oneOf(args, 'currency', CURRENCIES, 'USD'),
    choice: oneOf(args, 'choice', ['accept', 'decline'], 'accept'),
  }
}

/** What happens at once, whatever the terminal is doing. */
export type Moment =
  | { readonly name: 'card'; readonly card: string }
  | { readonly name: 'age'; readonly years: number }
  | { readonly name: 'cut-link' }
  | { readonly name: 'power-cycle'; readonly offMs: number }
  | { readonly name: 'needs'; readonly what: Need | 'nothing' }

/** What a terminal may want before anything else. */
export type Need = 'end-of-day' | 'diagnosis' | 'initialisation' | 'clock'

const MAX_AGE = 99

/** Undefined for a behaviour, which lasts until its dialogue comes. @throws CashdeskError `sim.usage` */
export function momentOf(name: string, args: { readonly [name: string]: Json }): Moment | undefined {
  const only = (known: string | undefined): void => {
    const other = Object.keys(args).find(argument => argument !== known)
    if (other !== undefined) throw new CashdeskError('sim.usage', { argument: other.slice(0, 40) })
  }
  switch (name) {
    case 'card':
      only('card')
      return { name, card: String(args['card'] ?? 'girocard') }
    case 'age':
      only('years')
      return { name, years: whole(args, 'years', 30, MAX_AGE) }
    case 'cut-link':
      only(undefined)
      return { name }
    case 'power-cycle':
      only('offMs')
      return { name, offMs: whole(args, 'offMs', 0, MAX_MS) }
    case 'needs':
      only('what')
      return { name, what: oneOf(args, 'what', NEEDS, 'end-of-day') }
    default:
      return undefined
  }
}

const NEEDS = ['end-of-day', 'diagnosis', 'initialisation', 'clock', 'nothing'] as const

/** The behaviour that is switched on, and its use by one dialogue after the other. */
export class Behaviour {
  #accident: Accident = accidentOf('approve', {})

  get accident(): Accident {
    return this.#accident
  }

  set(accident: Accident): void {
    this.#accident = accident
  }

  /** What strikes this dialogue, if anything. `prints`: whether there will be paper to lose the link between. */
  take(kind: DialogueKind, prints: boolean): Accident | undefined {
    const accident = this.#accident
    if (!this.fits(accident, kind, prints)) return undefined
    if (accident.mode === 'once') this.#accident = accidentOf('approve', {})
    return accident
  }

  /** Whether it strikes such a dialogue. */
  fits(accident: Accident, kind: DialogueKind, prints: boolean): boolean {
    if (accident.name === 'approve' || accident.name === 'refuse-connections') return false
    if (accident.name === 'lose-link-between-prints' && !prints) return false
    return accident.at === 'any' || accident.at === kind || (accident.at === 'money' && MONEY.has(kind))
  }

  /** It struck a dialogue that already ran. */
  struck(accident: Accident): void {
    if (accident === this.#accident && accident.mode === 'once') this.#accident = accidentOf('approve', {})
  }
}

const MONEY: ReadonlySet<DialogueKind> = new Set([
  'authorisation',
  'reservation',
  'booking',
  'refund',
  'reversal',
  'tip',
  'top-up',
])

const ARGUMENTS = new Set([
  'mode',
  'at',
  'code',
  'amountMinor',
  'ms',
  'refuseMs',
  'times',
  'when',
  'what',
  'currency',
  'choice',
])
const CURRENCIES: readonly ForeignName[] = Object.values(FOREIGN).map(({ name }) => name)

function whole(args: { readonly [name: string]: Json }, name: string, preset: number, max: number): number {
  const value = args[name]
  if (value === undefined) return preset
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max) return value
  throw new CashdeskError('sim.usage', { argument: name, value: String(value).slice(0, 40), max })
}

function oneOf<const Choice extends string>(
  args: { readonly [name: string]: Json },
  name: string,
  choices: readonly Choice[],
  preset: Choice,
): Choice {
  const value = args[name]
  if (value === undefined) return preset
  const choice = choices.find(candidate => candidate === value)
  if (choice === undefined) throw new CashdeskError('sim.usage', { argument: name, choices })
  return choice
}
