// The simulated PIN pad behind its line: it shows texts, takes keys, encrypts, and answers until it is acknowledged.
// Connections, time and chance are handed in. What is typed is never told, logged or kept.

import type { Stop } from '@cashdesk/kernel'
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import type { Fill } from './block.ts'
import { Ear, type Heard, spoken } from './codec.ts'
import { KeyBox, type KeyOptions } from './keybox.ts'
import { type EntryRequest, readEntry } from './requests.ts'
import { numberOf, Spoilings, textOf } from './spoilings.ts'
import { type Complaint, HABITS, type Habits, LINE, type Vendor } from './tables.ts'

export interface PadOptions extends KeyOptions {
  /** Default `verifone`. */
  readonly vendor?: Vendor
  /** How long a customer may take; default 60000. */
  readonly entryMs?: number
  /** How long an answer waits for its acknowledgement before it is sent again; default 3000. */
  readonly ackMs?: number
  /** A PIN that a customer in a hurry types whenever asked, and then enter. For demonstrations and tests. */
  readonly pin?: string
  /** Called with what the pad shows whenever that changes: its text, and a star for each digit. */
  readonly onDisplay?: (shown: string) => void
}

export type PadState = {
  readonly plugged: boolean
  readonly connected: boolean
  readonly vendor: Vendor
  readonly scheme: string
  readonly cipher: string
  readonly display: string
  readonly entering: boolean
  /** A star for each digit. */
  readonly typed: string
  /** The counter of the next key; null without DUKPT. */
  readonly counter: number | null
  readonly tampered: boolean
  readonly entries: number
  readonly answers: number
  readonly packetsHeard: number
  readonly brokenHeard: number
  readonly on: readonly string[]
}

/** What makes the line reachable, and takes it away. */
export interface Cable {
  plug(): Promise<void>
  unplug(): Promise<void>
}

/** A packet goes out this often. */
const ATTEMPTS = 3
const WELCOME = 'WELCOME'

interface Entry {
  readonly request: EntryRequest
  digits: string
  readonly stop: Stop
}

export class Pad {
  readonly #options: PadOptions
  readonly #habits: Habits
  readonly #timing: Timing
  readonly #cable: Cable
  readonly #keys: KeyBox
  readonly #spoilings = new Spoilings()
  #byteMs = 0
  #sendingUntilMs = 0
  #plugged = false
  #wire: Wire | undefined
  #ear = new Ear()
  #display = WELCOME
  #shown = WELCOME
  #pinPrompt = false
  #entry: Entry | undefined
  #answer: { readonly text: string; attempts: number; stop: Stop } | undefined
  #naks = 0
  #tampered = false
  readonly #counts = { entries: 0, answers: 0, packetsHeard: 0, brokenHeard: 0 }

  /** @throws CashdeskError `sim.usage` */
  constructor(options: PadOptions, timing: Timing, cable: Cable, fill: Fill) {
    if (options.pin !== undefined && !/^\d{4,12}$/.test(options.pin)) {
      throw new CashdeskError('sim.usage', { option: 'pin' })
    }
    this.#options = options
    this.#habits = HABITS[options.vendor ?? 'verifone']
    this.#timing = timing
    this.#cable = cable
    this.#keys = new KeyBox(options, fill)
  }

  state(): PadState {
    return {
      plugged: this.#plugged,
      connected: this.#wire !== undefined,
      vendor: this.#options.vendor ?? 'verifone',
      scheme: this.#keys.scheme,
      cipher: this.#keys.cipher,
      display: this.#display,
      entering: this.#entry !== undefined,
      typed: '*'.repeat(this.#entry?.digits.length ?? 0),
      counter: this.#keys.counter ?? null,
      tampered: this.#tampered,
      ...this.#counts,
      on: this.active(),
    }
  }

  /** The accidents that are on. */
  active(): readonly string[] {
    return [
      ...this.#spoilings.on,
      ...(this.#byteMs > 0 ? ['slow'] : []),
      ...(this.#tampered ? ['tamper'] : []),
      ...(this.#plugged ? [] : ['unplug']),
    ]
  }

  // ── the customer ────────────────────────────────────────────────────────────────────────────────────

  /** Digits, `E` enter, `C` clear, `X` cancel. @throws CashdeskError `sim.usage` */
  press(keys: string): void {
    if (!/^[0-9ECX]{0,40}$/.test(keys)) throw new CashdeskError('sim.usage', { argument: 'keys' })
    for (const key of keys) this.#key(key)
    this.#showIt()
  }

  #showIt(): void {
    const shown = `${this.#display} ${'*'.repeat(this.#entry?.digits.length ?? 0)}`.trimEnd()
    if (shown === this.#shown) return
    this.#shown = shown
    this.#options.onDisplay?.(shown)
  }

  #key(key: string): void {
    const entry = this.#entry
    if (entry === undefined) return
    if (key === 'X') this.#endEntry('CANCELLED', true)
    else if (key === 'C') entry.digits = ''
    else if (key === 'E') {
      if (entry.digits.length >= entry.request.min) this.#entered(entry)
    } else if (entry.digits.length < entry.request.max) entry.digits += key
  }

  #entered({ request, digits }: Entry): void {
    this.#endEntry(request.waitText ?? 'PROCESSING', false)
    const encrypted = this.#keys.encrypt(digits, request.account, request.workingKey)
    if (typeof encrypted === 'string') this.#complain(encrypted)
    else if (encrypted.ksn === undefined) {
      this.#say(`71.0${String(digits.length).padStart(2, '0')}01${encrypted.block}`)
    } else this.#say(`${this.#habits.dukptAnswer}${encrypted.ksn.replace(/^F+/, '')}${encrypted.block}`)
  }

  #endEntry(display: string, tell: boolean): void {
    this.#entry?.stop()
    if (this.#entry !== undefined) this.#entry.digits = ''
    this.#entry = undefined
    this.#display = display
    this.#showIt()
    if (tell) this.#signal(LINE.over)
  }

  // ── the line ────────────────────────────────────────────────────────────────────────────────────────

  /** A till connects; false when nobody is there for it, or another till is. */
  called(wire: Wire): boolean {
    if (!this.#plugged || this.#wire !== undefined) return false
    this.#wire = wire
    this.#ear = new Ear()
    wire.listen({
      data: bytes => {
        for (const heard of this.#ear.hear(bytes)) this.#heard(heard)
        this.#showIt()
      },
      ended: () => {
        if (this.#wire === wire) this.#wire = undefined
      },
    })
    return true
  }

  async plug(): Promise<void> {
    if (this.#plugged) return
    await this.#cable.plug()
    this.#plugged = true
  }

  /** The power is gone with the cable, and what was typed with it. */
  async unplug(): Promise<void> {
    if (!this.#plugged) return
    this.#plugged = false
    this.#answer?.stop()
    this.#answer = undefined
    this.#endEntry(WELCOME, false)
    const wire = this.#wire
    this.#wire = undefined
    wire?.reset()
    await this.#cable.unplug()
  }

  #heard(heard: Heard): void {
    if (heard.what === 'packet' || heard.what === 'broken-packet') {
      if (this.#spoilings.strikes('silence')) return
      if (heard.what === 'broken-packet' || this.#spoilings.strikes('nak')) return this.#refuse()
      this.#naks = 0
      this.#counts.packetsHeard += 1
      this.#signal(LINE.taken)
      this.#obey(heard.text, heard.admin)
    } else if (heard.what === 'again') this.#sayAgain()
    else {
      // An acknowledgement, or the till gave up: either way the answer is through.
      this.#answer?.stop()
      this.#answer = undefined
    }
  }

  #refuse(): void {
    this.#counts.brokenHeard += 1
    this.#naks += 1
    this.#signal(this.#naks > ATTEMPTS ? LINE.over : LINE.again)
  }

  #obey(text: string, admin: boolean): void {
    if (admin) {
      if (/^08\d$/.test(text)) this.#keys.select(text.slice(2))
      return this.#signal(LINE.over)
    }
    // Whatever a till asks for now, it no longer waits for what it did not acknowledge.
    this.#answer?.stop()
    this.#answer = undefined
    if (text === '72') return this.#endEntry(WELCOME, true)
    if (/^Z[23]/.test(text)) return this.#show(text)
    const request = readEntry(text, this.#keys.scheme, this.#habits)
    if (request === undefined) return this.#signal(LINE.over)
    const complaint = typeof request === 'string' ? request : this.#keys.complaint(request.workingKey)
    if (complaint !== undefined) this.#complain(complaint)
    else if (typeof request !== 'string') this.#ask(request)
  }

  #show(text: string): void {
    const shown = text.slice(text.startsWith('Z3') ? 3 : 2)
    this.#pinPrompt = shown.charCodeAt(0) === LINE.pinPrompt
    const lines = shown.split(String.fromCharCode(LINE.field))
    this.#display = lines.map(line => [...line].filter(letter => letter >= ' ').join('')).join('\n')
  }

  #ask(request: EntryRequest): void {
    const { ownPrompts, amountSign = '' } = this.#habits
    // A pad with prompts of its own takes no other text for a PIN, so that no till can ask for one in disguise.
    const honest =
      request.prompts.length === 0
        ? this.#pinPrompt || request.amount !== undefined
        : request.prompts.every(prompt => ownPrompts?.includes(prompt))
    if (ownPrompts !== undefined && !honest) return this.#signal(LINE.over)
    this.#entry?.stop()
    this.#counts.entries += 1
    if (request.prompts.length > 0) this.#display = request.prompts.join('\n')
    if (request.amount !== undefined)
      this.#display = `TOTAL AMOUNT\n${amountSign}${request.amount}\nENTER PIN`
    const stop = this.#timing.clock.after(this.#options.entryMs ?? 60_000, () =>
      this.#endEntry('TIME OUT', true),
    )
    this.#entry = { request, digits: '', stop }
    const { pin } = this.#options
    if (pin !== undefined) this.#timing.turn(() => this.press(`${pin}E`))
  }

  #complain(complaint: Complaint): void {
    const { session, dukpt } = this.#habits.letters
    this.#say(`71${(this.#keys.scheme === 'dukpt' ? dukpt : session)[complaint]}`)
  }

  /** Sends an answer, and again until it is acknowledged. */
  #say(text: string): void {
    this.#answer?.stop()
    this.#counts.answers += 1
    this.#answer = { text, attempts: 0, stop: () => undefined }
    this.#sayAgain()
    if (this.#spoilings.strikes('repeat')) this.#write(spoken(text))
  }

  #sayAgain(): void {
    const answer = this.#answer
    if (answer === undefined) return
    answer.stop()
    if (answer.attempts >= ATTEMPTS) {
      this.#answer = undefined
      return this.#signal(LINE.over)
    }
    answer.attempts += 1
    answer.stop = this.#timing.clock.after(this.#options.ackMs ?? 3000, () => this.#sayAgain())
    this.#writeAnswer(spoken(answer.text, false, this.#spoilings.strikes('bad-lrc')))
  }

  #writeAnswer(bytes: Uint8Array): void {
    if (this.#spoilings.strikes('noise')) this.#write(Uint8Array.of(0x00, 0xff, 0x41, 0x80, 0x37))
    if (this.#spoilings.strikes('half')) return this.#write(bytes.subarray(0, Math.ceil(bytes.length / 2)))
    if (!this.#spoilings.strikes('cut')) return this.#write(bytes)
    const wire = this.#wire
    this.#wire = undefined
    wire?.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => wire.reset())
  }

  #signal(byte: number): void {
    this.#write(Uint8Array.of(byte))
  }

  /** At once, or a byte at a time where the line is slow. */
  #write(bytes: Uint8Array): void {
    const wire = this.#wire
    if (wire === undefined) return
    const { clock } = this.#timing
    const nowMs = clock.monotonicMs()
    if (this.#byteMs === 0 && this.#sendingUntilMs <= nowMs) return wire.write(bytes)
    for (const byte of bytes) {
      this.#sendingUntilMs = Math.max(this.#sendingUntilMs, nowMs) + this.#byteMs
      clock.after(this.#sendingUntilMs - nowMs, () => wire.write(Uint8Array.of(byte)))
    }
  }

  // ── accidents ───────────────────────────────────────────────────────────────────────────────────────

  /** @throws CashdeskError `sim.usage` */
  async accident(name: string, args: { readonly [name: string]: Json }): Promise<void> {
    if (this.#spoilings.set(name, args)) return
    if (name === 'press' || name.startsWith('key-')) this.press(textOf(args, 'keys'))
    else if (name === 'slow') this.#byteMs = numberOf(args, 'ms', 50, 10_000)
    else if (name === 'wrong-ksn') this.#keys.reuseOnce()
    else if (name === 'tamper') this.#tamper()
    else if (name === 'unplug') await this.unplug()
    else if (name === 'plug') await this.plug()
    else if (name === 'recover') this.#recover()
    else throw new CashdeskError('sim.usage', { accident: name.slice(0, 40) })
  }

  #tamper(): void {
    this.#keys.erase()
    this.#tampered = true
    this.#endEntry('TAMPERED', this.#entry !== undefined)
  }

  #recover(): void {
    this.#spoilings.clear()
    this.#byteMs = 0
  }
}
