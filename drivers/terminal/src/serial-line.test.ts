// The serial protocol byte by byte: framing, acknowledgement, repeats, duplicates and what noise does.
import { fromHex, hex } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { message } from '../test/node-serial-box.ts'
import { encodeMessage, type LineEffect, type LineInput, SerialLine } from './serial-line.ts'

class Talk {
  readonly line: SerialLine = new SerialLine({ t1Ms: 200, t2Ms: 5000 })
  effects: LineEffect[] = []

  put(input: LineInput): this {
    this.effects.push(...this.line.take(input))
    return this
  }

  send(apdu: string): this {
    return this.put({ in: 'send', apdu: fromHex(apdu) })
  }

  hears(...bytes: readonly string[]): this {
    for (const piece of bytes) this.put({ in: 'bytes', bytes: fromHex(piece) })
    return this
  }

  tick(timer: 't1' | 't2'): this {
    return this.put({ in: 'tick', timer })
  }

  /** Everything written and delivered since the last look, in order; what failed. */
  took(): string[] {
    const took = this.effects.flatMap(effect => {
      if (effect.do === 'write') return [hex(effect.bytes)]
      if (effect.do === 'deliver') return [`> ${hex(effect.apdu)}`]
      return effect.do === 'fail' ? [`failed: ${effect.why}`] : []
    })
    this.effects = []
    return took
  }
}

const PAY = '06010a04000000001000490978'
const FF = '04ff010a'
const OK = '800000'

describe('a message', () => {
  test('is framed, its 10 doubled, its check of the bytes before that, low byte first', () => {
    // By hand: CRC-16/KERMIT of 80 00 00 03 is 0xd8d1.
    expect(hex(encodeMessage(fromHex('060f00')))).toBe(message('060f00'))
    expect(message('06d10100')).toMatch(/^100206d101001003....$/)
    expect(hex(encodeMessage(fromHex(PAY)))).toBe(message(PAY))
    expect(message(PAY)).toContain('0000000010100049')
  })

  test('is acknowledged before it is handed up', () => {
    expect(new Talk().hears(message(FF)).took()).toEqual(['06', `> ${FF}`])
  })

  test('may come byte by byte, or several in one piece', () => {
    const talk = new Talk()
    for (const byte of message(PAY).match(/../g) ?? []) talk.hears(byte)
    expect(talk.took()).toEqual(['06', `> ${PAY}`])
    const both = new Talk().hears(message(OK) + message(FF))
    expect(both.took()).toEqual(['06', `> ${OK}`, '06', `> ${FF}`])
  })

  test('with a wrong check, or that holds no whole APDU, is asked for again', () => {
    const wrong = message(FF).slice(0, -2) + (message(FF).endsWith('00') ? '01' : '00')
    expect(new Talk().hears(wrong).took()).toEqual(['15'])
    for (const apdu of ['04ff020a', '04ff010a00', '', '99ff00'])
      expect(new Talk().hears(message(apdu)).took(), apdu).toEqual(['15'])
  })

  test('of the greatest length is read, and no longer one', () => {
    const longest = `06d3ffffff${'10'.repeat(65_535)}`
    expect(new Talk().hears(message(longest)).took()).toEqual(['06', `> ${longest}`])
    const talk = new Talk().hears(`1002${'11'.repeat(70_000)}`)
    expect(talk.took()).toEqual([])
    expect(talk.tick('t1').took()).toEqual(['15'])
    expect(talk.hears(message(FF)).took()).toEqual(['06', `> ${FF}`])
  })
})

describe('what was sent', () => {
  test('is repeated after NAK or silence, twice and no more', () => {
    const pay = message(PAY)
    const talk = new Talk().send(PAY).hears('15')
    expect(talk.took()).toEqual([pay, pay])
    expect(talk.tick('t2').took()).toEqual([pay])
    expect(talk.tick('t2').took()).toEqual(['failed: not-acknowledged'])
    expect(talk.send(OK).hears(message(FF)).took()).toEqual([])
  })

  test('is not repeated after an ACK, whatever comes later', () => {
    expect(new Talk().send(PAY).hears('06').tick('t2').hears('15').took()).toEqual([message(PAY)])
  })

  test('is not repeated when the answer comes and its ACK was lost: a second order would be one too many', () => {
    const talk = new Talk().send(PAY).hears(message(OK))
    expect(talk.tick('t2').took()).toEqual([message(PAY), '06', `> ${OK}`])
  })

  test('waits for the acknowledgement of the message before it', () => {
    const talk = new Talk().send(PAY).send('06b000')
    expect(talk.took()).toEqual([message(PAY)])
    expect(talk.hears('06').took()).toEqual([message('06b000')])
  })

  test('waits until the other side has ended its sentence', () => {
    const bytes = message(FF)
    const talk = new Talk().hears(bytes.slice(0, 8)).send('06b000')
    expect(talk.took()).toEqual([])
    expect(talk.hears(bytes.slice(8)).took()).toEqual(['06', `> ${FF}`, message('06b000')])
  })

  test('is not piled up without end', () => {
    const talk = new Talk()
    for (let count = 0; count < 18; count += 1) talk.send(PAY)
    expect(talk.took()).toEqual([message(PAY), 'failed: too-many-waiting'])
  })
})

describe('a repeat of the other side', () => {
  test('is acknowledged and not handed up twice', () => {
    expect(new Talk().hears(message(FF), message(FF)).took()).toEqual(['06', `> ${FF}`, '06'])
  })

  test('says nothing about what we are sending', () => {
    const talk = new Talk().hears(message(FF)).send(OK).hears(message(FF))
    expect(talk.took()).toEqual(['06', `> ${FF}`, message(OK), '06'])
    expect(talk.tick('t2').took()).toEqual([message(OK)])
  })

  test('of the end before is not the answer to our next order, nor its acknowledgement', () => {
    const end = '061e016c'
    const talk = new Talk().hears(message(end)).send(OK).hears('06').send(PAY)
    talk.took()
    expect(talk.hears(message(end)).took()).toEqual(['06'])
    expect(talk.tick('t2').took()).toEqual([message(PAY)])
    expect(talk.hears('06', message(end)).took()).toEqual(['06', `> ${end}`])
  })

  test('is a new message when something of ours got through in between', () => {
    const talk = new Talk().hears(message(FF)).send(OK).hears('06', message(FF))
    expect(talk.took()).toEqual(['06', `> ${FF}`, message(OK), '06', `> ${FF}`])
  })
})

describe('noise', () => {
  test('in front of a message does not cost it', () => {
    expect(new Talk().hears(`ffee1000aa${message(FF)}`).took()).toEqual(['06', `> ${FF}`])
  })

  test('that looks like an ACK inside something unreadable is none', () => {
    const talk = new Talk().send(PAY).hears('ff060615')
    expect(talk.took()).toEqual([message(PAY)])
    expect(talk.tick('t1').hears('06').tick('t2').took()).toEqual([])
  })

  test('after which the line falls silent is answered with NAK, if it can have been a message', () => {
    expect(new Talk().hears('ffee').tick('t1').took()).toEqual([])
    expect(
      new Talk()
        .hears(`00${message(FF).slice(2)}`)
        .tick('t1')
        .took(),
    ).toEqual(['15'])
  })

  test('in place of the rest of a message is answered with NAK after T1', () => {
    const talk = new Talk().hears(message(FF).slice(0, 10))
    expect(talk.tick('t1').took()).toEqual(['15'])
    expect(talk.hears(message(FF)).took()).toEqual(['06', `> ${FF}`])
  })

  test('that cut a message off does not cost the next one', () => {
    expect(new Talk().hears(message(FF).slice(0, 10) + message(OK)).took()).toEqual(['06', `> ${OK}`])
  })

  test('three times in a row is a transmission error', () => {
    const cut = message(FF).slice(0, 10)
    const talk = new Talk().hears(cut).tick('t1').hears(cut).tick('t1').hears(cut).tick('t1')
    expect(talk.took()).toEqual(['15', '15', '15', 'failed: not-readable'])
  })

  test('of any kind is counted and never stops a good message', () => {
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((seed / 2_147_483_648) * below)
    }
    for (let round = 0; round < 300; round += 1) {
      const junk = Array.from({ length: random(40) }, () => random(256).toString(16).padStart(2, '0')).join(
        '',
      )
      const talk = new Talk().hears(junk).tick('t1')
      talk.took()
      expect(talk.hears(message(FF)).took(), junk).toEqual(['06', `> ${FF}`])
    }
  })
})
