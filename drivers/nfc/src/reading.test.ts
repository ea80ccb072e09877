// The reading of a card as a conversation, with simulated cards on the other side and no reader between.
import { classic, isoDep, phone, type SimulatedCard, tag } from '@cashdesk/hardware-sim'
import { concatBytes, fromHex, hex } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { readAtr } from './atr.ts'
import { dataOf, isGood, readStorage, selectApplication, WALLETS, writeStorage } from './frames.ts'
import { openBlock } from './mifare.ts'
import { type Reading, type ReadingPlan, readCard } from './reading.ts'
import { findMessage } from './type2.ts'

const PLAN: ReadingPlan = { ndef: true, applications: [] }
type Answer = (command: Uint8Array) => Uint8Array

/** Reads `card` and counts the commands it takes. */
function read(
  card: SimulatedCard,
  plan: ReadingPlan = PLAN,
  answer: Answer = command => card.answer(command),
): Reading & { readonly commands: number } {
  card.power()
  const talk = readCard(readAtr(card.atr), plan)
  let step = talk.next()
  let commands = 0
  while (step.done !== true) {
    commands += 1
    if (commands > 2000) throw new Error('the reading does not end')
    step = talk.next(answer(step.value))
  }
  return { ...step.value, commands }
}

const LONG = 'x'.repeat(700)

describe('a Type 2 tag', () => {
  it.each(['ultralight', 'ntag213', 'ntag215', 'ntag216'] as const)('%s tells its message', kind => {
    const reading = read(tag({ kind, uid: '04a1b2c3d4e580', ndef: [{ uri: 'https://a.example/1' }] }))
    expect(reading).toMatchObject({
      uid: { hex: '04A1B2C3D4E580', origin: 'fixed' },
      ndef: [{ kind: 'uri', uri: 'https://a.example/1' }],
      capabilities: ['uid', 'ndef', 'memory'],
    })
    expect(reading.trouble).toBeUndefined()
  })

  it('tells a long message, whose length takes three bytes', () => {
    const card = tag({ kind: 'ntag216', uid: '04a1b2c3d4e580', ndef: [{ text: LONG }] })
    expect(read(card).ndef).toEqual([{ kind: 'text', text: LONG, language: 'en' }])
  })

  it('is read page by page where the reader gives no more at a time', () => {
    const card = tag({ uid: '04a1b2c3d4e580', ndef: [{ text: 'short' }] })
    const strict: Answer = command =>
      command[1] === 0xb0 && command[4] !== 4 ? Uint8Array.of(0x67, 0x00) : card.answer(command)
    expect(read(card, PLAN, strict).ndef).toEqual([{ kind: 'text', text: 'short', language: 'en' }])
  })

  it('that was never formatted has no message, and that is no trouble', () => {
    const reading = read(tag({ uid: '04a1b2c3d4e580' }))
    expect(reading.ndef).toBeUndefined()
    expect(reading.trouble).toBeUndefined()
  })

  it('whose message is damaged says so, and still tells its number', () => {
    const reading = read(tag({ uid: '04a1b2c3d4e580', raw: fromHex('D101FF5504') }))
    expect(reading.uid?.hex).toBe('04A1B2C3D4E580')
    expect(reading.trouble?.code).toBe('nfc.unreadable')
  })

  it('that stops answering in the middle is damaged, not endless', () => {
    const card = tag({ kind: 'ntag216', uid: '04a1b2c3d4e580', ndef: [{ text: LONG }] })
    const broken: Answer = command =>
      (command[3] ?? 0) > 20 ? Uint8Array.of(0x63, 0x00) : card.answer(command)
    expect(read(card, PLAN, broken).trouble?.code).toBe('nfc.unreadable')
  })

  it('can be written', () => {
    const card = tag({ uid: '04a1b2c3d4e580' })
    expect(isGood(card.answer(writeStorage(10, fromHex('01020304'))))).toBe(true)
    expect(hex(dataOf(card.answer(readStorage(10, 4))))).toBe('01020304')
  })
})

describe('the memory of a Type 2 tag', () => {
  it('is read no further than the message needs', () => {
    expect(findMessage(fromHex('0103A00C34'), 144)).toEqual({ found: 'more', bytes: 6 })
    expect(findMessage(fromHex('00000305D1'), 144)).toEqual({ found: 'more', bytes: 9 })
    expect(findMessage(fromHex('03FF01'), 872)).toEqual({ found: 'more', bytes: 4 })
  })

  it.each([
    ['an end without a message', 'FE', 48, 'nothing'],
    ['nothing but padding', '00'.repeat(48), 48, 'nothing'],
    ['a block longer than the memory', '03FE', 48, 'damage'],
    ['a block that begins at the last byte', `${'00'.repeat(47)}03`, 48, 'damage'],
  ])('%s', (_what, area, size, found) => {
    expect(findMessage(fromHex(area), size).found).toBe(found)
  })
})

describe('a Type 4 tag', () => {
  it('tells its message in as many pieces as it grants', () => {
    const card = isoDep({ uid: '04112233445566', ndef: [{ text: LONG }], readBytes: 30 })
    expect(read(card).ndef).toEqual([{ kind: 'text', text: LONG, language: 'en' }])
  })

  it('without the application has no message', () => {
    const reading = read(isoDep({ uid: '04112233445566' }))
    expect(reading.ndef).toBeUndefined()
    expect(reading.capabilities).toEqual(['uid', 'applications'])
  })

  it('whose message claims to be longer than its file is damaged', () => {
    expect(read(isoDep({ uid: '04112233445566', raw: fromHex('FFFFD1') })).trouble?.code).toBe(
      'nfc.unreadable',
    )
  })

  it('that answers every reading with nothing does not keep us', () => {
    const card = isoDep({ uid: '04112233445566', ndef: [{ text: LONG }] })
    const empty: Answer = command => {
      const offset = (command[2] ?? 0) * 256 + (command[3] ?? 0)
      return command[1] === 0xb0 && offset >= 2 ? Uint8Array.of(0x90, 0x00) : card.answer(command)
    }
    expect(read(card, PLAN, empty).trouble?.code).toBe('nfc.unreadable')
  })
})

describe('a phone', () => {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(0x5a)

  it('tells a number that is made up: nobody is known by it', () => {
    const reading = read(phone({ random }))
    expect(reading.uid).toEqual({ hex: '085A5A5A', origin: 'random' })
    expect(reading.trouble?.code).toBe('nfc.nothing-readable')
  })

  it('that offers a wallet pass says so, and its absence is told as clearly', () => {
    const plan: ReadingPlan = { ndef: true, applications: WALLETS }
    const pass = phone({ random, applications: { A000000476D0000111: '6f00' } })
    expect(read(pass, plan).applications).toEqual({ 'apple-vas': false, 'google-smart-tap': true })
    expect(read(pass, plan).trouble).toBeUndefined()
    expect(read(phone({ random }), plan).trouble?.code).toBe('nfc.nothing-readable')
  })

  it.each([
    // An iPhone's answer by its form, and an Android phone's as its developers publish it.
    ['6F1A5008 4170706C65506179 9F210201009F24040A0B0C0D9F230400400000', true],
    ['6F12500A416E64726F6964506179C0020001 61024F00', false],
    ['6F8112500A416E64726F6964506179C0020001 61024F00', false],
    ['6F0A50084170706C65506179', true],
    ['6F06500441707069', false],
    ['', false],
    ['6F', false],
    ['6F0250FF', false],
  ])('tells whose passes stand behind OSE.VAS.01 by their label: %s', (answer, apple) => {
    const card = phone({ random, applications: { '4F53452E5641532E3031': answer.replaceAll(' ', '') } })
    const plan: ReadingPlan = { ndef: true, applications: WALLETS }
    expect(read(card, plan).applications['apple-vas']).toBe(apple)
  })

  it('has an application of our own where we brought it there', () => {
    const card = phone({ random, applications: { F0010203040506: 'c0ffee' } })
    expect(hex(card.answer(selectApplication('F0010203040506')))).toBe('c0ffee9000')
  })
})

describe('a contact card', () => {
  const plan: ReadingPlan = { ndef: true, applications: [['loyalty', 'F0010203040506']] }
  const found = (answer: string): boolean | undefined => {
    const talk = readCard(readAtr(fromHex('3B6500002063CB6600')), plan)
    let step = talk.next()
    while (step.done !== true) step = talk.next(fromHex(answer))
    return step.value.applications['loyalty']
  }

  it('under T=0 has an application whose answer waits to be fetched', () => {
    expect(found('611C')).toBe(true)
    for (const none of ['6A82', '6D00', '6C10', '61']) expect(found(none)).toBe(false)
  })
})

describe('a MIFARE Classic', () => {
  const key = fromHex('a0a1a2a3a4a5')
  const card = classic({ uid: 'a1b2c3d4', key: hex(key), blocks: { 4: '00112233445566778899aabbccddeeff' } })

  it('tells its number, of which there may be a second one', () => {
    expect(read(card)).toMatchObject({
      uid: { hex: 'A1B2C3D4', origin: 'shared' },
      capabilities: ['uid', 'keys'],
    })
  })

  it('opens to its key, and to no other', () => {
    const last = (commands: readonly Uint8Array[]): string =>
      hex(commands.map(command => card.answer(command)).at(-1) ?? new Uint8Array(0))
    card.power()
    expect(last([readStorage(4, 16)])).toBe('6982')
    expect(last([...openBlock(4, { type: 'A', key: fromHex('ffffffffffff') }), readStorage(4, 16)])).toBe(
      '6982',
    )
    expect(last([...openBlock(4, { type: 'A', key }), readStorage(4, 16)])).toBe(
      '00112233445566778899aabbccddeeff9000',
    )
    expect(last([readStorage(8, 16)])).toBe('6982')
  })

  it('is not asked for a block it cannot have, nor with half a key; the key is in no message', () => {
    expect(() => openBlock(256, { type: 'A', key })).toThrowError('config.invalid')
    expect(() => openBlock(4, { type: 'A', key: fromHex('c0ffee') })).toThrowError(/^((?!c0ffee).)*$/s)
  })
})

describe('a card that answers nonsense', () => {
  it.each(['', '00', '9000', '6F00', '009000', `${'ab'.repeat(30)}9000`])(
    '(%s) is read to an end',
    answer => {
      const cards = [
        tag({ uid: '04a1b2c3d4e580' }),
        isoDep({ uid: '04112233445566' }),
        classic({ uid: 'a1b2c3d4' }),
      ]
      for (const card of cards) {
        const reading = read(card, { ndef: true, applications: WALLETS }, () => fromHex(answer))
        expect(reading.commands).toBeLessThan(200)
        expect(reading.uid).toBeUndefined()
      }
    },
  )

  it('is told as unreadable where a UID of no possible length comes', () => {
    const odd = concatBytes(fromHex('010203'), [0x90, 0x00])
    expect(read(classic({ uid: 'a1b2c3d4' }), PLAN, () => odd).trouble?.code).toBe('nfc.nothing-readable')
  })
})
