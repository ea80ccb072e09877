// The supervision of the reader process, in every order of messages, ends and ticks.
import { isoDep, type SimulatedCard, tag } from '@cashdesk/hardware-sim'
import { hex } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { type ChildMessage, SILENCE_MS, VERSION } from './messages.ts'
import { NfcSession, type SessionEvent, type Step } from './session.ts'

const ANSWER_MS = 5000
const READER = 'Reader 00'

/** A session, what it ordered, and a reader process that answers as it is told. */
class Bench {
  readonly session: NfcSession = new NfcSession({ ndef: true, applications: [], answerMs: ANSWER_MS })
  now = 1000
  child = 0
  readonly events: SessionEvent[] = []
  /** Commands that wait for an answer. */
  readonly asked: { readonly id: number; readonly card: number; readonly apdu: string }[] = []
  readonly killed: number[] = []

  take({ events, orders }: Step): void {
    this.events.push(...events)
    for (const order of orders) {
      if (order.order === 'start') this.child = order.child
      else if (order.order === 'kill') this.killed.push(order.child)
      else if (order.message.type === 'transmit') this.asked.push(order.message)
    }
  }

  say(...messages: readonly ChildMessage[]): void {
    for (const message of messages) this.raw({ v: VERSION, ...message })
  }

  raw(message: unknown, child = this.child): void {
    this.take(this.session.message(child, message, this.now))
  }

  /** Lets time pass the way a clock does: waking at the time that was asked for. */
  pass(ms: number): void {
    const until = this.now + ms
    for (let guard = 0; guard < 1000; guard += 1) {
      const { wakeMs } = this.session
      if (wakeMs === undefined || wakeMs > until) break
      this.now = Math.max(this.now, wakeMs)
      this.take(this.session.tick(this.now))
    }
    this.now = until
  }

  start(): this {
    this.take(this.session.open(this.now))
    this.say(
      { type: 'hello', binding: 'nfc-pcsc', pid: 42 },
      { type: 'service', up: true },
      { type: 'reader', reader: READER },
    )
    return this
  }

  lay(card: SimulatedCard, number = 1): void {
    card.power()
    this.say({ type: 'card', reader: READER, card: number, atr: hex(card.atr) })
  }

  /** Answers everything that is asked as `card` does. */
  serve(card: SimulatedCard): void {
    for (let next = this.asked.shift(); next !== undefined; next = this.asked.shift()) {
      this.say({ type: 'answer', id: next.id, apdu: hex(card.answer(Buffer.from(next.apdu, 'hex'))) })
    }
  }

  kinds(): readonly string[] {
    return this.events.map(event => (event.event === 'discard' ? event.error.code : event.event))
  }

  exchange(id: number, apdus: readonly string[], card?: string): void {
    this.take(
      this.session.exchange(
        id,
        apdus.map(apdu => Buffer.from(apdu, 'hex')),
        card,
        this.now,
      ),
    )
  }

  outcome(id: number): unknown {
    return this.events.find(event => event.event === 'exchanged' && event.id === id)
  }
}

const CARD = (): SimulatedCard => tag({ uid: '04a1b2c3d4e580', ndef: [{ text: 'hi' }] })
const bench = (): Bench => new Bench().start()

/** A bench with a card that was read. */
function tapped(card: SimulatedCard = CARD()): Bench {
  const it = bench()
  it.lay(card)
  it.serve(card)
  return it
}

describe('the state of a reader', () => {
  it('is told by what the process says', () => {
    const it = new Bench()
    expect(it.session.state).toBe('closed')
    it.take(it.session.open(it.now))
    expect(it.session.state).toBe('opening')
    it.say({ type: 'service', up: false, reason: 'nobody listens' })
    expect([it.session.state, it.session.trouble?.code]).toEqual(['absent', 'nfc.no-service'])
    it.say({ type: 'service', up: true })
    expect([it.session.state, it.session.trouble?.code]).toEqual(['absent', 'nfc.no-reader'])
    it.say({ type: 'reader', reader: READER })
    expect([it.session.state, it.session.trouble]).toEqual(['ready', undefined])
    it.say({ type: 'reader-gone', reader: READER })
    expect([it.session.state, it.session.trouble?.code]).toEqual(['absent', 'nfc.no-reader'])
  })

  it('is failed where no package is installed, which says what to install, and is not tried again', () => {
    const it = new Bench()
    it.take(it.session.open(it.now))
    it.say({ type: 'unavailable', reasons: ['nfc-pcsc: not found'] })
    expect(it.session.state).toBe('failed')
    expect(String(it.session.trouble?.detail?.['install'])).toContain('nfc-pcsc')
    it.take(it.session.exited(it.child, 'ended', it.now))
    it.pass(100_000)
    expect(it.session.counts['starts']).toBe(1)
  })
})

describe('a card', () => {
  it('is read, told, and its end is told', () => {
    const it = tapped()
    it.say({ type: 'card-gone', reader: READER, card: 1 })
    expect(it.kinds()).toEqual(['tap', 'removed'])
    expect(it.events[0]).toMatchObject({ tap: { card: '1.1', ndef: [{ text: 'hi' }], reader: READER } })
    expect(it.events[1]).toMatchObject({ card: '1.1' })
  })

  it('that is taken away while it is read is one discard, and no tap', () => {
    const it = bench()
    it.lay(CARD())
    it.say({ type: 'card-gone', reader: READER, card: 1 })
    expect(it.kinds()).toEqual(['nfc.removed-early'])
  })

  it('that breaks off while it is read is given up, and its end is not told', () => {
    const it = bench()
    it.lay(CARD())
    it.say({ type: 'no-answer', id: it.asked.shift()?.id ?? 0, sent: true, reason: 'no' })
    it.say({ type: 'card-gone', reader: READER, card: 1 })
    expect(it.kinds()).toEqual(['nfc.mute'])
  })

  it('that broke off and comes anew is another one: what was meant for the first is refused', () => {
    const card = CARD()
    const it = tapped(card)
    it.exchange(1, ['FFCA000000'], '1.1')
    it.say({ type: 'card-gone', reader: READER, card: 1 })
    it.lay(card, 2)
    it.serve(card)
    expect(it.outcome(1)).toMatchObject({ outcome: { outcome: 'unknown' } })
    it.exchange(2, ['FFCA000000'], '1.1')
    expect(it.outcome(2)).toMatchObject({ outcome: { outcome: 'refused' } })
    it.exchange(3, ['FFCA000000'], '1.2')
    it.serve(card)
    expect(it.outcome(3)).toMatchObject({ outcome: { outcome: 'done' } })
  })

  it('replaces the one before, whose end nobody told', () => {
    const it = tapped()
    const next = isoDep({ uid: '04112233445566' })
    it.lay(next, 2)
    it.serve(next)
    expect(it.kinds()).toEqual(['tap', 'removed', 'tap'])
  })

  it('that goes on for ever is left, and told with what is known of it', () => {
    const it = bench()
    const honest = isoDep({ uid: '04112233445566', ndef: [{ text: 'x'.repeat(3000) }] })
    const drip = (command: Uint8Array): boolean =>
      command[1] === 0xb0 && (command[2] !== 0 || (command[3] ?? 0) > 1)
    const card = {
      ...honest,
      answer: (command: Uint8Array) =>
        drip(command) ? Uint8Array.of(0, 0x90, 0x00) : honest.answer(command),
    }
    it.lay(card)
    it.serve(card)
    expect(it.kinds()).toEqual(['tap'])
    expect(it.asked.length).toBeLessThan(600)
  })
})

describe('an exchange', () => {
  it('goes to the card that is there, command by command', () => {
    const card = CARD()
    const it = tapped(card)
    it.exchange(7, ['FFCA000000', 'FFB0000404'])
    expect(it.asked).toHaveLength(1)
    it.serve(card)
    expect(it.outcome(7)).toMatchObject({
      outcome: { outcome: 'done', data: [{ length: 9 }, { length: 6 }] },
    })
  })

  it('ends behind a status word that is not good', () => {
    const card = CARD()
    const it = tapped(card)
    it.exchange(7, ['FFB000FF04', 'FFD600040401020304'])
    it.serve(card)
    expect(it.outcome(7)).toMatchObject({ outcome: { outcome: 'done', data: [Uint8Array.of(0x63, 0)] } })
  })

  it('without a card, or for another card, is refused and sends nothing', () => {
    const none = bench()
    none.exchange(1, ['FFCA000000'])
    expect(none.outcome(1)).toMatchObject({ outcome: { outcome: 'refused', error: { code: 'nfc.no-card' } } })
    const other = tapped()
    other.exchange(2, ['FFCA000000'], '1.9')
    expect(other.outcome(2)).toMatchObject({ outcome: { outcome: 'refused' } })
    expect([...none.asked, ...other.asked]).toEqual([])
  })

  it('that got no answer is unknown: the card may have done it', () => {
    const it = tapped()
    it.exchange(7, ['FFD600040401020304'])
    it.say({ type: 'no-answer', id: it.asked.shift()?.id ?? 0, sent: true, reason: 'removed' })
    expect(it.outcome(7)).toMatchObject({ outcome: { outcome: 'unknown', error: { code: 'nfc.no-answer' } } })
  })

  it('whose answer has no status word got none: that is what pcscd makes of a card taken away', () => {
    const it = tapped()
    it.exchange(7, ['FFD600040401020304'])
    it.say({ type: 'answer', id: it.asked.shift()?.id ?? 0, apdu: '' })
    expect(it.outcome(7)).toMatchObject({ outcome: { outcome: 'unknown', error: { code: 'nfc.no-answer' } } })
  })

  it('whose card left before the first command is refused; after one it is unknown', () => {
    const first = tapped()
    first.exchange(1, ['FFCA000000'])
    first.say({ type: 'no-answer', id: first.asked.shift()?.id ?? 0, sent: false, reason: 'gone' })
    expect(first.outcome(1)).toMatchObject({ outcome: { outcome: 'refused' } })
    const second = tapped()
    second.exchange(2, ['FFCA000000', 'FFCA000000'])
    second.say({ type: 'answer', id: second.asked.shift()?.id ?? 0, apdu: '9000' })
    second.say({ type: 'no-answer', id: second.asked.shift()?.id ?? 0, sent: false, reason: 'gone' })
    expect(second.outcome(2)).toMatchObject({ outcome: { outcome: 'unknown' } })
  })

  it('in mid-command when the card leaves is unknown, and those that waited are refused', () => {
    const it = tapped()
    it.exchange(1, ['FFCA000000'])
    it.exchange(2, ['FFCA000000'])
    it.say({ type: 'card-gone', reader: READER, card: 1 })
    expect(it.outcome(1)).toMatchObject({ outcome: { outcome: 'unknown' } })
    expect(it.outcome(2)).toMatchObject({ outcome: { outcome: 'refused' } })
    expect(it.kinds().at(-1)).toBe('removed')
  })

  it('waits its turn, and too many of them are refused as busy', () => {
    const card = CARD()
    const it = tapped(card)
    for (let id = 1; id <= 12; id += 1) it.exchange(id, ['FFCA000000'])
    expect(it.asked).toHaveLength(1)
    it.serve(card)
    const outcomes = it.events.flatMap(event => (event.event === 'exchanged' ? [event.outcome.outcome] : []))
    expect(outcomes.filter(outcome => outcome === 'done')).toHaveLength(9)
    expect(outcomes.filter(outcome => outcome === 'refused')).toHaveLength(3)
  })

  it('of no commands is done at once', () => {
    const it = tapped()
    it.exchange(7, [])
    expect(it.outcome(7)).toMatchObject({ outcome: { outcome: 'done', data: [] } })
  })

  it('that hangs is unknown after the time limit, and the process is replaced', () => {
    const it = tapped()
    it.exchange(7, ['FFD600040401020304'])
    for (let second = 0; second < 6; second += 1) {
      it.pass(1000)
      it.say({ type: 'beat' })
    }
    expect(it.outcome(7)).toMatchObject({ outcome: { outcome: 'unknown' } })
    expect(it.killed).toEqual([1])
  })
})

describe('the reader process', () => {
  it('that ends is started again, after longer and longer pauses', () => {
    const it = new Bench()
    it.take(it.session.open(it.now))
    const starts: number[] = []
    for (let round = 0; round < 9; round += 1) {
      it.take(it.session.exited(it.child, 'it broke', it.now))
      const before = it.now
      const wakeMs = it.session.wakeMs ?? 0
      it.pass(wakeMs - before)
      starts.push(wakeMs - before)
    }
    expect(starts).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
    expect(it.session.trouble).toMatchObject({ code: 'nfc.reader-lost', detail: { reason: 'it broke' } })
  })

  it('that lived well is started again soon', () => {
    const it = new Bench()
    it.take(it.session.open(it.now))
    for (let round = 0; round < 5; round += 1) {
      it.take(it.session.exited(it.child, 'it broke', it.now))
      it.pass(20_000)
    }
    it.say({ type: 'beat' })
    it.take(it.session.exited(it.child, 'it broke', it.now + 5000))
    expect((it.session.wakeMs ?? 0) - it.now - 5000).toBe(250)
  })

  it('that is silent is killed, but not before what it said meanwhile could be heard', () => {
    const it = bench()
    it.now += SILENCE_MS + 10
    it.take(it.session.tick(it.now))
    expect(it.killed).toEqual([])
    it.say({ type: 'beat' })
    it.pass(SILENCE_MS - 10)
    expect(it.killed).toEqual([])
    it.pass(1000)
    expect(it.killed).toEqual([1])
  })

  it('takes its cards with it: told ones are removed, the one being read is discarded', () => {
    const told = tapped()
    told.take(told.session.exited(told.child, 'killed', told.now))
    expect(told.kinds()).toEqual(['tap', 'removed'])
    const unread = bench()
    unread.lay(CARD())
    unread.take(unread.session.exited(unread.child, 'killed', unread.now))
    expect(unread.kinds()).toEqual(['nfc.reader-lost'])
  })

  it('is not listened to after it was replaced', () => {
    const it = bench()
    const old = it.child
    it.take(it.session.exited(old, 'killed', it.now))
    it.pass(1000)
    it.raw({ v: VERSION, type: 'reader', reader: 'ghost' }, old)
    expect(it.session.facts['readers']).toBeUndefined()
    expect(it.session.counts['starts']).toBe(2)
  })

  it('that ended because the service did leaves that as the reason', () => {
    const it = bench()
    it.say({ type: 'service', up: false, reason: 'gone' })
    it.take(it.session.exited(it.child, 'it ended by SIGKILL', it.now))
    expect(it.session.trouble?.code).toBe('nfc.no-service')
    it.pass(300)
    it.say({ type: 'service', up: true }, { type: 'reader', reader: READER })
    expect(it.session.state).toBe('ready')
  })

  it('may say what it likes: what is no message is counted, and nothing else', () => {
    const it = bench()
    const before = it.session.state
    const nonsense = [
      null,
      7,
      'x',
      [],
      {},
      { v: 2, type: 'beat' },
      { v: VERSION, type: 'card', reader: READER, card: -1 },
    ]
    for (const raw of nonsense) it.raw(raw)
    it.raw({ v: VERSION, type: 'answer', id: 99, apdu: '9000' })
    it.raw({ v: VERSION, type: 'card', reader: 'unknown reader', card: 1, atr: '3B' })
    expect(it.session.counts['unreadable']).toBe(nonsense.length)
    expect(it.session.state).toBe(before)
    expect(it.events).toEqual([])
  })

  it('with more readers than PC/SC knows is heard on the first sixteen', () => {
    const it = bench()
    for (let reader = 0; reader < 40; reader += 1) it.say({ type: 'reader', reader: `R${reader}` })
    expect(String(it.session.facts['readers']).split(', ')).toHaveLength(16)
  })
})

describe('closing', () => {
  it('ends what is open, and wants no clock any more', () => {
    const it = tapped()
    it.exchange(1, ['FFCA000000'])
    it.take(it.session.close())
    expect(it.outcome(1)).toMatchObject({ outcome: { outcome: 'unknown' } })
    expect(it.session.state).toBe('closed')
    expect(it.session.wakeMs).toBeUndefined()
    it.raw({ v: VERSION, type: 'reader', reader: 'late' })
    expect(it.session.facts['readers']).toBeUndefined()
  })
})
