// How a session says things: commands and answers with their numbers where both sides count them, timers, and a state
// that is replaced, never changed. What to say is the session's own business.
import { writeTlv } from '@cashdesk/kernel'
import { type Apdu, encodeApdu, readBmps } from './apdu.ts'
import type { Charset } from './charset.ts'
import type { MoneySeen, SessionEffect, SessionState, TimerName } from './dialogue.ts'
import { BMP, CONTROL } from './frames.ts'
import { COUNT_START, countOurs, numberTag, placeCommand } from './sequence.ts'

/** Before the terminal said anything about money. */
export const NOTHING_SEEN: MoneySeen = {
  approval: 'none',
  acknowledged: false,
  unreadable: false,
  contradicted: false,
  unprinted: false,
}

export function idleSession(charset: Charset): SessionState {
  return {
    phase: 'idle',
    at: 0,
    t4Ms: 0,
    pending: new Uint8Array(0),
    queue: [],
    abort: 'none',
    repeats: 0,
    paper: 'admin',
    seen: NOTHING_SEEN,
    charset,
  }
}

/** The work of one step so far: the state, and the effects in order. */
export class Speech {
  state: SessionState
  readonly effects: SessionEffect[] = []

  constructor(state: SessionState) {
    this.state = state
  }

  /** A command of ours, with its number where messages are counted. */
  protected order(frame: Uint8Array, frameWith: (tlv: Uint8Array) => Uint8Array): void {
    const count = this.state.count && countOurs(this.state.count)
    if (count) this.set({ count })
    this.effects.push({ do: 'send', bytes: count ? frameWith(numberTag(count.ours)) : frame })
  }

  protected counting(on: boolean): void {
    const { count: _, ...rest } = this.state
    this.state = on ? { ...rest, count: COUNT_START } : rest
  }

  /** Where messages are counted: a command that came before gets the answer that it got; a gap is remembered. */
  protected isRepeat({ control, data }: Apdu): boolean {
    if (!this.state.count) return false
    const [standing, count] = placeCommand(this.state.count, data)
    this.set({ count })
    if (standing === 'missed') this.see({ contradicted: true })
    // An approval is repeated when we asked for it: the session knows what to say.
    if (standing !== 'again' || control === CONTROL.status) return false
    if (count.reply) this.effects.push({ do: 'send', bytes: count.reply })
    return count.reply !== undefined
  }

  protected reply(reply: readonly number[], container?: Uint8Array): void {
    const { count } = this.state
    // The number stands alone or behind the answer, in one container (PA00P015 ch. 5.1).
    const inside = container === undefined ? [] : (readBmps(container).fields[0]?.value ?? [])
    const number = count?.answers
    const data = number === undefined ? container : writeTlv(BMP.tlv, inside, numberTag(number))
    const bytes = data ? encodeApdu(reply, data) : encodeApdu(reply)
    if (count && number !== undefined) this.set({ count: { ...count, reply: bytes } })
    this.effects.push({ do: 'send', bytes })
  }

  protected payDebt(): void {
    const { owes, question: _, ...rest } = this.state
    this.state = rest
    if (owes === 'approval' || owes === 'question') this.timer(owes)
  }

  protected timer(timer: TimerName, afterMs?: number): void {
    this.effects.push(afterMs === undefined ? { do: 'timer', timer } : { do: 'timer', timer, afterMs })
  }

  protected set(change: Partial<SessionState>): void {
    this.state = { ...this.state, ...change }
  }

  protected see(change: Partial<MoneySeen>): void {
    this.set({ seen: { ...this.state.seen, ...change } })
  }
}
