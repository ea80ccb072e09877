// A keyboard-wedge scanner without its window: key presses and silences go in, scans and discards come out. Whether a
// scanner or a person types is told by the pace; behind a pause a code counts only if it proves that it is whole.
import { CashdeskError } from '@cashdesk/kernel'
import { isNoise, MAX_CODE_BYTES } from './frames.ts'
import { garbled, provesItself, type Reading, type ScanEvent, scanOf } from './text.ts'
import { ALT_GR, CONTROLS, ENDINGS, KEYBOARDS, type KeyboardCountry, MODIFIERS } from './wedge-keys.ts'

/** One press of a key, as a window's `keydown` tells it. */
export interface KeyPress {
  /** `KeyboardEvent.code`: `Digit1`, `Enter`. Empty where the system does not tell: then `key` counts. */
  readonly code: string
  readonly key?: string
  readonly shift: boolean
  readonly ctrl?: boolean
  readonly alt?: boolean
  /** The key is held down: no scanner does that. */
  readonly repeat?: boolean
  /** `event.timeStamp` in ms; only differences count. */
  readonly at: number
}

export interface WedgeOptions extends Reading {
  /** The keyboard country that the scanner is set to. Default `us`. */
  readonly keyboard?: KeyboardCountry
  /** The longest a scanner takes from one key to the next, in ms. Default 50: people need 60 and more. */
  readonly charMs?: number
  /** Silence that ends a code, in ms. Default 100. */
  readonly endMs?: number
  /** Shorter codes are taken for typing. Default 6. */
  readonly minLength?: number
  /** `key`: Enter or Tab ends a code, without one it was cut off. `silence`: nothing but a pause. Default `key`. */
  readonly suffix?: 'key' | 'silence'
  /** What the scanner types for FNC1 where it cannot type Ctrl+]: a key (`F8`), or a character. */
  readonly fnc1?: string
}

interface Typed {
  readonly text: string
  /** More than `charMs` lay before it. */
  readonly late: boolean
}

/**
 * Behind other keys a code must prove itself for this long: no scanner pauses longer inside a code, and a person who
 * typed has scanned by then.
 */
const QUIET_MS = 500
/** Of what was typed before a code: no number that proves itself is longer. */
const BEFORE_LIMIT = 14

/** Holds at most one code. */
export class WedgeSession {
  readonly #options: WedgeOptions
  readonly #charMs: number
  readonly #endMs: number
  readonly #minLength: number
  #typed: Typed[] = []
  #lastAt = 0
  /** Keys dropped since the code became too long. */
  #dropped = 0
  /** What was typed shortly before this code and did not end: it may be the first part of the same code. */
  #before = ''
  /** Digits typed while Alt is held down, which Windows takes for one character. */
  #altDigits = ''

  /** @throws CashdeskError `config.invalid` */
  constructor(options: WedgeOptions = {}) {
    const { charMs = 50, endMs = 100, minLength = 6 } = options
    for (const [field, value] of Object.entries({ charMs, endMs, minLength })) {
      if (!(value >= 1 && value <= 5000))
        throw new CashdeskError('config.invalid', { field, value: String(value) })
    }
    this.#options = options
    this.#charMs = charMs
    this.#endMs = endMs
    this.#minLength = minLength
  }

  get endMs(): number {
    return this.#endMs
  }

  get pending(): boolean {
    return this.#typed.length > 0 || this.#dropped > 0 || this.#altDigits !== ''
  }

  key(press: KeyPress): readonly ScanEvent[] {
    if (press.repeat === true) return []
    if (MODIFIERS.has(press.code)) return []
    const gap = press.at - this.#lastAt
    const events: ScanEvent[] = []
    // Time that steps back belongs to another window: nothing is joined across it.
    if (this.pending && (gap > this.#endMs || gap < 0)) events.push(...this.silence())
    if (gap > QUIET_MS || gap < 0) this.#before = ''
    const late = this.pending && gap > this.#charMs
    this.#lastAt = press.at
    if (ENDINGS.has(press.code) || (press.code === '' && press.key === 'Enter')) {
      events.push(...this.#end(late, true))
      this.#before = ''
      return events
    }
    if (press.alt === true && press.ctrl !== true && /^Numpad\d$/.test(press.code)) {
      this.#altDigits = (this.#altDigits + press.code.slice(-1)).slice(-5)
      return events
    }
    this.#flushAlt()
    this.#add({ text: this.#textOf(press), late })
    return events
  }

  /** Nothing was typed for `endMs`. */
  silence(): readonly ScanEvent[] {
    return this.pending ? this.#end(false, this.#options.suffix === 'silence') : []
  }

  lost(): readonly ScanEvent[] {
    return this.pending ? this.#end(false, false) : []
  }

  #add(typed: Typed): void {
    if (this.#dropped > 0 || this.#typed.length >= MAX_CODE_BYTES) {
      this.#dropped += this.#typed.length + 1
      this.#typed = []
    } else this.#typed.push(typed)
  }

  #flushAlt(): void {
    if (this.#altDigits === '') return
    this.#add({ text: String.fromCharCode(Number(this.#altDigits)), late: false })
    this.#altDigits = ''
  }

  /** The character of a key; NUL, which is noise, for one that has none. */
  #textOf(press: KeyPress): string {
    const { keyboard = 'us', fnc1 } = this.#options
    const { code, key, shift, ctrl = false, alt = false } = press
    if (fnc1 !== undefined && (fnc1 === code || fnc1 === key)) return '\u001d'
    const graphic = ctrl && alt ? ALT_GR[keyboard][code] : alt ? ALT_GR[keyboard][code] : undefined
    const plain = KEYBOARDS[keyboard][code]?.charAt(shift ? 1 : 0)
    const named = code === '' && key?.length === 1 ? key : undefined
    const typed = graphic ?? (ctrl ? CONTROLS[code] : (plain ?? named))
    if (typed === undefined || typed === '') return '\u0000'
    return typed === fnc1 ? '\u001d' : typed
  }

  #end(late: boolean, ended: boolean): readonly ScanEvent[] {
    this.#flushAlt()
    const [typed, dropped] = [this.#typed, this.#dropped]
    this.#typed = []
    this.#dropped = 0
    const before = this.#before
    this.#before = (before + typed.map(each => each.text).join('')).slice(-BEFORE_LIMIT)
    if (dropped > 0) return [{ kind: 'discard', code: 'scanner.too-long', bytes: dropped }]
    return this.#judge(typed, before, late, ended)
  }

  #judge(typed: readonly Typed[], before: string, late: boolean, ended: boolean): readonly ScanEvent[] {
    const text = typed.map(each => each.text).join('')
    const isBad = (each: Typed): boolean => isNoiseKey(each.text)
    const broken = Math.max(
      typed.findLastIndex(each => each.late),
      typed.findLastIndex(isBad) + 1,
      0,
    )
    const tail = typed
      .slice(broken)
      .map(each => each.text)
      .join('')
    if (!this.#wasScanned(typed)) return []
    if (!ended || (late && !provesItself(text))) {
      return [{ kind: 'discard', code: 'scanner.cut-off', bytes: typed.length }]
    }
    const doubtful = before !== '' && (!provesItself(text) || provesItself(before + text))
    if (broken === 0) return doubtful ? [garbled(typed.length)] : [scanOf(text, this.#options)]
    // A person's key and a scanner's pause look alike. If both readings prove themselves, neither is believed.
    const [wholeIsGood, tailIsGood] = [!typed.some(isBad) && provesItself(text), provesItself(tail)]
    if (wholeIsGood && !tailIsGood) return [scanOf(text, this.#options)]
    // What a person typed before does not cost the code behind it.
    if (tailIsGood && !wholeIsGood && tail.length >= this.#minLength) {
      return [garbled(broken), scanOf(tail, this.#options)]
    }
    return [garbled(typed.length)]
  }

  /** A run of keys that nobody types as fast: at least `minLength` of them. */
  #wasScanned(typed: readonly Typed[]): boolean {
    let run = 0
    for (const { late } of typed) {
      run = late ? 1 : run + 1
      if (run >= this.#minLength) return true
    }
    return false
  }
}

function isNoiseKey(text: string): boolean {
  const code = text.charCodeAt(0)
  return code < 0x80 && isNoise(code)
}
