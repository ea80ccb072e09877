// NDEF messages of MIFARE Classic, ISO 15693 and FeliCa, as conversations with simulated cards; and all readers of tags under seeded
// nonsense.
import {
  classic,
  felica,
  isoDep,
  type SimulatedCard,
  type TagRecord,
  tag,
  vicinity,
} from '@cashdesk/hardware-sim'
import { fromHex } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { readAtr } from './atr.ts'
import { directoryCheck } from './classic-tag.ts'
import { type Reading, readCard } from './reading.ts'

type Answer = (command: Uint8Array) => Uint8Array

function read(
  card: SimulatedCard,
  answer: Answer = command => card.answer(command),
): Reading & { readonly commands: number } {
  card.power()
  const talk = readCard(readAtr(card.atr), { ndef: true, applications: [] })
  let step = talk.next()
  let commands = 0
  while (step.done !== true) {
    commands += 1
    if (commands > 2000) throw new Error('the reading does not end')
    step = talk.next(answer(step.value))
  }
  return { ...step.value, commands }
}

const NDEF: readonly TagRecord[] = [{ uri: 'https://a.example/k/1' }, { text: 'forty two' }]
const TOLD = [
  { kind: 'uri', uri: 'https://a.example/k/1' },
  { kind: 'text', text: 'forty two', language: 'en' },
]
const text = (length: number): { ndef: TagRecord[]; told: object[] } => {
  const said = 'abcdefgh'.repeat(Math.ceil(length / 8)).slice(0, length)
  return { ndef: [{ text: said }], told: [{ kind: 'text', text: said, language: 'en' }] }
}
const FAILED = Uint8Array.of(0x63, 0x00)

describe('a MIFARE Classic', () => {
  it.each(['1k', '4k'] as const)('(%s) tells its message and its number', size => {
    expect(read(classic({ size, uid: 'a1b2c3d4', ndef: NDEF }))).toMatchObject({
      uid: { hex: 'A1B2C3D4', origin: 'shared' },
      ndef: TOLD,
      capabilities: ['uid', 'ndef', 'keys'],
    })
  })

  it.each([
    ['1k', 700],
    ['4k', 720],
    ['4k', 1500],
    ['4k', 3300],
  ] as const)('(%s) tells %d bytes over many sectors, and over both directories', (size, length) => {
    const { ndef, told } = text(length)
    expect(read(classic({ size, uid: 'a1b2c3d4', ndef })).ndef).toEqual(told)
  })

  it('with a directory that names no message, or with other keys, has none, and that is no trouble', () => {
    const other = read(classic({ uid: 'a1b2c3d4' }))
    expect(other.ndef).toBeUndefined()
    expect(other.trouble).toBeUndefined()
    const [check, empty] = [directoryCheck(new Uint8Array(31)), '00'.repeat(15)]
    const card = classic({
      uid: 'a1b2c3d4',
      key: 'a0a1a2a3a4a5',
      blocks: { 1: `${check.toString(16).padStart(2, '0')}${empty}`, 3: `${'00'.repeat(9)}c1` },
    })
    expect(read(card)).toMatchObject({ capabilities: ['uid', 'keys'] })
    expect(read(card).trouble).toBeUndefined()
  })

  it('with a directory whose check is wrong, or a sector that does not open, says so', () => {
    const card = classic({ uid: 'a1b2c3d4', ndef: text(200).ndef })
    const bent: Answer = command => {
      const answer = card.answer(command)
      if (command[1] === 0xb0 && command[3] === 1) answer[5] = (answer[5] ?? 0) ^ 1
      return answer
    }
    expect(read(card, bent).trouble?.detail).toEqual({ reason: 'the check of the directory is wrong' })
    const closed: Answer = command =>
      command[1] === 0x86 && command[7] === 12 ? FAILED : card.answer(command)
    expect(read(card, closed).trouble?.detail).toEqual({ reason: 'sector 3 does not open' })
  })

  it.each([
    // The example of AN10787 ch. 3.7, and sums that another program made.
    ['01 01 08 01 08 01 08 00 00 00 00 00 00 04 00 03 10 03 10 02 10 02 10 00 00 00 00 00 00 11 30', 0x89],
    ['5D 0A A9 C6 2A E2 BD 2D F1 CD B2 6C E1 9D F6 89 38 DA 1D 91 C6 76 32 CA C6 48 4A A4 75 B7 46', 0x05],
    ['3A 83 0D E7 B0 FF 77 66 B3 ED 0F E5 D2 55 55 34 13 8A 7A B0 5E 5E 6A BD E3 FD F3 BA A3 05 85', 0x3b],
  ])('the check of %s is %i', (bytes, check) => {
    expect(directoryCheck(fromHex(bytes.replaceAll(' ', '')))).toBe(check)
  })
})

describe('an ISO 15693 tag', () => {
  it.each([
    ['in pieces', { blocks: 28 }],
    ['block by block', { blocks: 28, single: true }],
  ])('tells its message, %s', (_how, how) => {
    const card = vicinity({ uid: 'e004015012345678', ndef: NDEF, ...how })
    expect(read(card)).toMatchObject({ uid: { hex: 'E004015012345678', origin: 'fixed' }, ndef: TOLD })
  })

  it.each([
    [500, 256, false],
    [900, 512, false],
    [900, 512, true],
    [1_900, 600, false],
  ])(
    'tells %d bytes of %d blocks, with either form of container (one block at a time: %s)',
    (length, blocks, single) => {
      const { ndef, told } = text(length)
      expect(read(vicinity({ uid: 'e004015012345678', ndef, blocks, single })).ndef).toEqual(told)
    },
  )

  it('without a message, or behind a reader that reads none, has none; a damaged one says so', () => {
    expect(read(vicinity({ uid: 'e004015012345678' })).trouble).toBeUndefined()
    const card = vicinity({ uid: 'e004015012345678', ndef: NDEF })
    const mute: Answer = command => (command[1] === 0xb0 ? FAILED : card.answer(command))
    expect(read(card, mute)).toMatchObject({ capabilities: ['uid'] })
    expect(read(vicinity({ uid: 'e004015012345678', raw: fromHex('D101FF5504') })).trouble?.code).toBe(
      'nfc.unreadable',
    )
  })
})

describe('a FeliCa', () => {
  it('tells its message where the reader has a driver for it', () => {
    expect(read(felica({ uid: '0123456789abcdef', ndef: NDEF }))).toMatchObject({
      uid: { hex: '0123456789ABCDEF', origin: 'fixed' },
      ndef: TOLD,
    })
    const { ndef, told } = text(800)
    expect(read(felica({ uid: '0123456789abcdef', ndef })).ndef).toEqual(told)
  })

  it('has none where the reader has no driver, or the card no such service', () => {
    for (const card of [
      felica({ uid: '0123456789abcdef', ndef: NDEF, driver: false }),
      felica({ uid: '0123456789abcdef' }),
    ])
      expect(read(card)).toMatchObject({ capabilities: ['uid'] })
  })

  it.each([
    [0, 0x20, 'the attributes are of an unknown version'],
    [9, 0x0f, 'the message was left half written'],
    [11, 0x7f, 'the message is longer than its memory'],
  ])('whose attribute %d is %d says so', (place, value, reason) => {
    const card = felica({ uid: '0123456789abcdef', ndef: NDEF, bent: [place, value] })
    expect(read(card).trouble).toMatchObject({ code: 'nfc.unreadable', detail: { reason } })
  })
})

it('a message that takes too many readings is not read, and the card is told all the same', () => {
  for (const card of [
    vicinity({ uid: 'e004015012345678', ndef: text(9_000).ndef, blocks: 4_096 }),
    isoDep({ uid: '04112233445566', ndef: text(9_000).ndef, readBytes: 15 }),
  ]) {
    const reading = read(card)
    expect(reading.uid?.origin).toBe('fixed')
    expect(reading.trouble?.detail).toEqual({ reason: 'the message is too long for this reader' })
    expect(reading.commands).toBeLessThan(600)
  }
})

describe('whatever a card answers', () => {
  const RUNS = Number(process.env['FUZZ'] ?? 2_000)
  let state = 7
  const pick = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
  const cards = [
    tag({ uid: '04a1b2c3d4e580', ndef: NDEF }),
    isoDep({ uid: '04112233445566', ndef: text(300).ndef }),
    classic({ uid: 'a1b2c3d4', ndef: text(300).ndef }),
    classic({ size: '4k', uid: 'a1b2c3d4', ndef: text(1_500).ndef }),
    vicinity({ uid: 'e004015012345678', ndef: text(300).ndef, blocks: 128 }),
    felica({ uid: '0123456789abcdef', ndef: text(300).ndef }),
  ]

  it('the reading ends, throws nothing and stays bounded', () => {
    for (let run = 0; run < RUNS; run += 1) {
      const card = cards[pick(cards.length)]
      if (card === undefined) continue
      // One answer in so many is bent: a flipped bit, cut off, made up, or longer than was asked for.
      const often = 1 + pick(30)
      const reading = read(card, command => {
        const answer = Uint8Array.from(card.answer(command))
        if (pick(often) !== 0) return answer
        const kind = pick(4)
        if (kind === 0) return answer.slice(0, pick(answer.length + 1))
        if (kind === 1) return Uint8Array.from({ length: pick(40) }, () => pick(256))
        if (kind === 2) return Uint8Array.from([...answer.slice(0, -2), ...answer])
        const at = pick(answer.length)
        answer[at] = (answer[at] ?? 0) ^ (1 << pick(8))
        return answer
      })
      expect(reading.commands).toBeLessThanOrEqual(600)
    }
  })
})
