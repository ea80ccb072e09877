// A session with its effects, and the frames of a payment, for dialogues written by hand in hexadecimal.
import { fromHex, hex } from '@cashdesk/kernel'
import type { Command } from '../src/commands.ts'
import type { DialogueEnd, SessionEffect, SessionInput, SessionState } from '../src/dialogue.ts'
import { moneyOutcome } from '../src/outcome.ts'
import { step } from '../src/session.ts'
import { idleSession } from '../src/speech.ts'

const LIMITS = { t3Ms: 5000, t4Ms: 180_000, approvalMs: 3000, questionMs: 60_000, wholeMs: 1_800_000 }
/** 2026-11-21T20:00:00Z */
const NOW = 1_795_291_200_000
export const EUR = '0978'

export const ACK = '800000'
export const WAIT = '849c00'
export const REJECT = '846c00'
/** A frame with a one-byte length, counted here and not by the code under test. */
export const frame = (control: string, data: string): string => {
  const digits = data.replace(/ /g, '')
  return control + (digits.length / 2).toString(16).padStart(2, '0') + digits
}
/** A data object with a one-byte length, counted here. */
export const tlv = (tag: string, ...content: readonly string[]): string => frame(tag, content.join(''))
/** A text in hexadecimal. */
export const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
/** 19.99 EUR, trace 000152, 17:08:16 on 21 November, receipt 0153, turnover 000153. */
export const APPROVED = frame(
  '040f',
  '2700 04000000001999 490978 0b000152 0c170816 0d1121 870153 88000153 2952000001',
)
export const DECLINED = frame('040f', '2705 2952000001')
export const COMPLETED = '060f00'

/** A session with its effects, for hand-written dialogues. */
export class Talk {
  state: SessionState = idleSession('cp437')
  effects: SessionEffect[] = []

  constructor(command?: Command) {
    if (command) this.put({ in: 'start', command, at: NOW, limits: LIMITS })
  }

  put(input: SessionInput): this {
    const { state, effects } = step(this.state, input)
    this.state = state
    this.effects.push(...effects)
    return this
  }

  /** The terminal says this. */
  says(...frames: readonly string[]): this {
    for (const frame of frames) this.put({ in: 'bytes', bytes: fromHex(frame) })
    return this
  }

  accept(): this {
    return this.put({ in: 'verdict', verdict: 'accept' })
  }

  /** What we sent since the last look. */
  sent(): readonly string[] {
    const sent = this.effects.flatMap(effect => (effect.do === 'send' ? [hex(effect.bytes)] : []))
    this.effects = this.effects.filter(effect => effect.do !== 'send')
    return sent
  }

  all<Do extends SessionEffect['do']>(kind: Do): readonly Extract<SessionEffect, { do: Do }>[] {
    return this.effects.filter((effect): effect is Extract<SessionEffect, { do: Do }> => effect.do === kind)
  }

  get end(): DialogueEnd | undefined {
    return this.all('end')[0]?.end
  }

  get outcome(): string {
    const { end } = this
    if (!end) return 'still running'
    const outcome = moneyOutcome(end)
    return outcome.outcome === 'done' ? 'done' : `${outcome.outcome} ${outcome.error.code}`
  }
}
