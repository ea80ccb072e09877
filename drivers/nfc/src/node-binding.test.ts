// What is made of a reader's states, whichever package reports them: cards that come, go, are swapped between two
// looks, refuse the first connection and break off.
import { describe, expect, it } from 'vitest'
import { type BindingListener, ReaderWatch, type ReaderWire, type Transmit } from './node-binding.ts'

const EMPTY = 0x10
const PRESENT = 0x20
const MUTE = 0x200
const ATR = Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01)

/** A watched reader whose connections and commands fail as they are told. */
class Bench {
  readonly said: string[] = []
  readonly cards: Transmit[] = []
  /** How many of the next connections fail. */
  refuses = 0
  /** How often another till still has the reader. */
  taken = 0
  answer: () => Uint8Array = () => Uint8Array.of(0x90, 0x00)
  connected = 0
  readonly watch: ReaderWatch

  constructor() {
    const wire: ReaderWire = {
      claim: async () => {
        if (this.taken === 0) return true
        this.taken -= 1
        return false
      },
      connect: async () => {
        if (this.refuses > 0) {
          this.refuses -= 1
          throw new Error('no such card')
        }
        this.connected += 1
        return undefined
      },
      disconnect: async () => undefined,
      transmit: async () => this.answer(),
    }
    const say = (what: string) => (): void => void this.said.push(what)
    const listener: BindingListener = {
      service: say('service'),
      reader: say('reader'),
      readerGone: say('reader-gone'),
      card: (_reader, _atr, transmit) => {
        this.cards.push(transmit)
        this.said.push('card')
      },
      cardGone: say('gone'),
      mute: (_reader, reason) => void this.said.push(`mute: ${reason}`),
      claimed: say('claimed'),
    }
    this.watch = new ReaderWatch('R', wire, listener)
  }

  /** `counter`: how many times a card came or went, as PC/SC counts it. */
  state(bits: number, counter: number): void {
    this.watch.state(bits + counter * 0x10000, ATR)
  }

  async until(count: number): Promise<void> {
    while (this.said.length < count) await new Promise<void>(resolve => void setTimeout(resolve, 5))
  }

  async send(): Promise<unknown> {
    return this.cards.at(-1)?.(Uint8Array.of(0, 0, 0, 0))
  }
}

describe('a watched reader', () => {
  it('tells that a card came and went, once each, whatever else changes in its state', async () => {
    const it = new Bench()
    it.state(EMPTY, 0)
    it.state(PRESENT, 1)
    await it.until(1)
    it.state(PRESENT + 0x100, 1)
    it.state(EMPTY, 2)
    it.state(EMPTY, 2)
    expect(it.said).toEqual(['card', 'gone'])
  })

  it('notices by the counter that a card was swapped between two looks', async () => {
    const it = new Bench()
    it.state(PRESENT, 1)
    await it.until(1)
    it.state(PRESENT, 3)
    await it.until(3)
    expect(it.said).toEqual(['card', 'gone', 'card'])
  })

  it('connects again where the first attempts are refused, and says so where all are', async () => {
    const it = new Bench()
    it.refuses = 2
    it.state(PRESENT, 1)
    await it.until(1)
    it.state(EMPTY, 2)
    it.refuses = 9
    it.state(PRESENT, 3)
    await it.until(3)
    expect(it.said).toEqual(['card', 'gone', 'mute: no such card'])
  })

  it('says once that another till has the reader, and takes the card when that ends', async () => {
    const it = new Bench()
    it.taken = 3
    it.state(PRESENT, 1)
    await it.until(2)
    expect(it.said).toEqual(['claimed', 'card'])
    it.taken = 1_000
    it.state(EMPTY, 2)
    it.state(PRESENT, 3)
    it.state(EMPTY, 4)
    await new Promise<void>(resolve => void setTimeout(resolve, 400))
    const left = it.taken
    await new Promise<void>(resolve => void setTimeout(resolve, 400))
    expect(it.taken).toBe(left)
  })

  it('tells a card that does not answer to reset as mute, and connects to nothing', async () => {
    const it = new Bench()
    it.state(PRESENT + MUTE, 1)
    expect(it.said).toEqual(['mute: no answer to reset'])
    expect(it.connected).toBe(0)
  })

  it('gives no card to a command that was meant for the one before', async () => {
    const it = new Bench()
    it.state(PRESENT, 1)
    await it.until(1)
    const first = it.cards[0]
    it.state(PRESENT, 3)
    await it.until(3)
    expect(await first?.(Uint8Array.of(0, 0, 0, 0))).toMatchObject({ sent: false })
    expect(await it.send()).toMatchObject({ answer: { length: 2 } })
  })

  it('takes a card that broke off for gone, and for another one when it comes anew', async () => {
    const it = new Bench()
    it.state(PRESENT, 1)
    await it.until(1)
    it.answer = () => new Uint8Array(0)
    expect(await it.send()).toEqual({ sent: true, reason: 'an answer without a status word' })
    it.answer = () => Uint8Array.of(0x90, 0x00)
    await it.until(3)
    expect(it.said).toEqual(['card', 'gone', 'card'])
    expect(await it.send()).toMatchObject({ answer: { length: 2 } })
  })

  it('leaves a card that broke off and was taken away', async () => {
    const it = new Bench()
    it.state(PRESENT, 1)
    await it.until(1)
    it.answer = () => {
      throw new Error('removed')
    }
    await it.send()
    it.state(EMPTY, 2)
    await new Promise<void>(resolve => void setTimeout(resolve, 400))
    expect(it.said).toEqual(['card', 'gone'])
  })
})
