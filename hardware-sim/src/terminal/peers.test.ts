// What other projects' registers send, byte by byte. wirelane/ecrterm (Python, October 2024) and bezahl-online/zvt (Go,
// 2021) ran against this terminal, the first over a pseudo terminal, too; Portalum.Zvt (C#) and
// kaplanerkan/kotlin-zvt-library (Kotlin) could not run here: theirs are the commands as their sources build them.
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister } from './bare-register.ts'
import { frame, SerialReader } from './serial.ts'
import { books, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

/** Each command, and how the dialogue ends. It asks for everything at registration but sends no currency there. */
const DAY: readonly (readonly [command: string, last: string])[] = [
  ['060004000000be', '060f0719002952500041'],
  ['050103000000', `060f14f0f1f6${Buffer.from('CASHDESK-SIM 1.0').toString('hex')}00`],
  // An empty TLV container behind the amount.
  ['06010c040000000019994909780600', '060f00'],
  ['065003000000', '060f00'],
  ['067000', '060f00'],
  ['069303000000', '060f00'],
  // BMP 01: ten seconds for the answer to 04 0F.
  ['06220e04000000005000490978010a0600', '060f00'],
  // Its container in the payment told the terminal that it takes some.
  ['06230387ffff', '061e0cb88700020606230408020002'],
  ['06240f870002040000000030004909780600', '060f00'],
  ['06220e04000000005000490978010a0600', '060f00'],
  ['06230f870004040000000010004909780600', '060f00'],
]

const BOOKED = [
  'payment 1999 booked',
  'reservation 5000 reversed',
  'payment 3000 booked',
  'reservation 5000 reversed',
  'payment 4000 booked',
]

describe('the commands of ecrterm', () => {
  it('are carried out over TCP', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    for (const [command, last] of DAY) expect((await register.acknowledgeAll(command)).at(-1)).toBe(last)
    expect(await register.say('060200')).toEqual(['800000'])
    expect(books(sim)).toEqual(BOOKED)
    expect(sim.state().totals).toMatchObject({ totalMinor: 7000, payments: 2 })
  })

  it('are carried out over a serial line, frame by frame as it acknowledges them', async () => {
    const sim = await terminal({ serial: {} })
    const socket = connect(sim.port, '127.0.0.1').setNoDelay(true)
    const reader = new SerialReader()
    let lasts: string[] = []
    let next = 0
    const order = (): void => void socket.write(frame(Buffer.from(DAY[next]?.[0] ?? '060200', 'hex')))
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject).on('connect', order)
      socket.on('data', bytes => {
        for (const heard of reader.push(bytes)) {
          if (heard.kind !== 'frame') continue
          socket.write(Buffer.from([0x06]))
          const hex = heard.apdu.toString('hex')
          if (hex === '800000') {
            if (next === DAY.length) resolve()
            continue
          }
          socket.write(frame(Buffer.from('800000', 'hex')))
          if (!/^06(0f|1e)/.test(hex)) continue
          lasts = [...lasts, hex]
          next += 1
          order()
        }
      })
    })
    socket.destroy()
    expect(lasts).toEqual(DAY.map(([, last]) => last))
    expect(books(sim)).toEqual(BOOKED)
    expect(sim.state().line).toMatchObject({ bad: 0, duplicates: 0, repeated: 0, noise: 0 })
  })
})

/** A register, the commands in its order, and how each dialogue ends; `=` begins an answer that is all there is. */
const OTHERS: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    'bezahl-online/zvt (Go)',
    '123456',
    [
      ['0600101234563e0978030306062604 0a0206d3', '060f1219002952500041490978060626040a0206d3'],
      ['06010704000000001999', '060f00'],
      ['06e016f1f0f9477574656e20546167f2f0f74b617373652031', '=800000'],
      // Bit 04 of the service byte: it reads the terminal's clock from tag 34.
      ['0501051234560307', '060f1200060f340d1f0e04202611211f0f03123456'],
      ['0650 03123456', '060f00'],
      ['06b000', '=800000'],
    ],
  ],
  [
    'Portalum.Zvt (C#)',
    '000000',
    [
      ['060010000000be097803000606 26040a0206d3', '060f1219002952500041490978060626040a0206d3'],
      ['06010704000000001999', '060f00'],
      // Goods that take their time: at most 60 times 84 9C.
      ['06010904000000001999023c', '060f00'],
      ['063006000000870001', '060f00'],
      ['06310a00000004000000000500', '060f00'],
      ['061003000000', '060f00'],
      ['062003000000', '060f00'],
      ['067000', '060f00'],
      ['061a00', '060f00'],
      ['067900', '060f00'],
      ['050100', `060f14f0f1f6${Buffer.from('CASHDESK-SIM 1.0').toString('hex')}00`],
      ['081000', '=848300'],
      ['065003000000', '060f00'],
      ['06b000', '=800000'],
    ],
  ],
  [
    'kotlin-zvt-library (Kotlin)',
    '000000',
    [
      // Its list of permitted commands is bare pairs, where tag 26 wants tags 0A.
      [
        '060018000000be09780300060e260c040f04ff060f061e06d106d3',
        '060f1219002952500041490978060626040a0206d3',
      ],
      ['06010a04000000001250490978', '060f00'],
      ['06220a04000000005000490978', '060f00'],
      ['06241787000204000000003000 0b000002 3b3130303030320000', '060f00'],
      ['06220a04000000005000490978', '060f00'],
      ['06250a870004 04000000005000', '060f00'],
      ['062003000000', '060f00'],
      // A reversal of nothing in particular.
      ['063003000000', '=849a00'],
      ['065003000000', '060f00'],
    ],
  ],
]

describe('the commands of', () => {
  it.each(OTHERS)('%s are carried out', async (_, password, day) => {
    const sim = await terminal({ password })
    const register = await BareRegister.at(sim.port)
    for (const [spaced, last] of day) {
      const command = spaced.replaceAll(' ', '')
      const whole = last.replaceAll(' ', '')
      const received = last.startsWith('=')
        ? `=${(await register.say(command))[0]}`
        : (await register.acknowledgeAll(command)).at(-1)
      expect(`${command} ${received}`).toBe(`${command} ${whole}`)
    }
    expect(await register.say('060200')).toEqual(['800000'])
    expect(sim.state().totals.totalMinor).toBe(0)
    expect(sim.state().books.some(entry => entry.state === 'booked')).toBe(true)
  })
})
