// What another project's register sends, byte by byte: the commands that wirelane/ecrterm (Python, October 2024) sent
// this terminal over TCP and over a pseudo terminal, in its order. It took every answer without an error.
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
