// The simulated terminal from outside: bytes written by hand over real TCP, and its books afterwards.
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister, OK } from './bare-register.ts'
import {
  books,
  PAY_1999,
  REGISTER,
  REGISTER_LINES,
  REGISTER_SILENT,
  registered,
  STATUS_1999,
  switchOff,
  terminal,
  until,
} from './test-kit.ts'

/** Config 82 with 06 D3 permitted, in UTF-8 and 40 columns wide. */
const REGISTER_BLOCKS = '06 00 14 00 00 00 82 09 78 06 0c 26 04 0a 02 06 d3 14 01 fe 12 01 40'

afterEach(switchOff)

describe('the dialogue', () => {
  it('registers a register, sending TLV only to one that sent some', async () => {
    const sim = await terminal()
    const plain = await BareRegister.at(sim.port)
    expect(await plain.acknowledgeAll(REGISTER)).toEqual(['800000', '060f0a19002952500041490978'])
    expect(await plain.acknowledgeAll('06 00 04 00 00 00 08')).toEqual(['800000', '060f0719002952500041'])
    expect(await plain.acknowledgeAll(REGISTER_BLOCKS)).toEqual([
      '800000',
      '060f1819002952500041490978060c1201401401fe26040a0206d3',
    ])
    // Tags 12 and 14 are echoed only to a register that sent them, and only if they can be kept.
    expect((await plain.acknowledgeAll('06 00 0a 00 00 00 82 09 78 06 02 26 00')).at(-1)).toBe(
      '060f1219002952500041490978060626040a0206d3',
    )
    expect((await plain.acknowledgeAll('06 00 0e 00 00 00 82 09 78 06 06 14 01 05 12 01 99')).at(-1)).toBe(
      '060f1219002952500041490978060626040a0206d3',
    )
    await until(() => sim.state().dialogue === null)
    expect(sim.state()).toMatchObject({ connected: true, registered: true })
  })

  it('authorises, waits for every answer, and books on the positive answer to 04 0F', async () => {
    const sim = await terminal()
    const register = await registered(sim)
    expect(await register.say(PAY_1999, 2)).toEqual(['800000', '04ff010a'])
    expect(sim.state().dialogue).toBe('authorisation')
    expect(await register.say(OK)).toEqual(['04ff0101'])
    expect(await register.say(OK)).toEqual(['04ff0104'])
    expect(books(sim)).toEqual([])
    expect(await register.say(OK)).toEqual([STATUS_1999])
    expect(books(sim)).toEqual(['payment 1999 authorised'])
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
    register.write(OK)
    await until(() => sim.state().dialogue === null)
    expect(sim.state().books[0]).toMatchObject({
      trace: 1,
      receipt: 1,
      turnover: 1,
      time: '2026-11-21T12:34:56',
      card: { name: 'girocard', maskedPan: '672590*********1234' },
      authorisation: '100001',
    })
    expect(sim.state().totals).toMatchObject({ totalMinor: 1999, payments: 1, refunds: 0 })
  })

  it('names the currency to a register that named it at registration or in the command, and to no other', async () => {
    const sim = await terminal()
    const register = await registered(sim, '06 00 04 00 00 00 00')
    const [, named] = await register.acknowledgeAll(PAY_1999)
    expect(named?.slice(24, 30)).toBe('490978')
    const [, unnamed] = await register.acknowledgeAll('06 01 07 04 00 00 00 00 19 99')
    expect(unnamed?.slice(24, 26)).toBe('0b')
  })

  it('takes 84 00 for a positive answer, too', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    expect(await register.say('84 00 00')).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('understands a register whose bytes come one by one', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    await register.trickle(REGISTER)
    expect([await register.read(), await register.read()]).toEqual(['800000', '060f0a19002952500041490978'])
    await register.trickle(OK)
    await register.trickle(PAY_1999)
    expect(await register.read()).toBe('800000')
    for (const status of ['04ff010a', '04ff0101', '04ff0104', STATUS_1999, '060f00']) {
      expect(await register.read()).toBe(status)
      await register.trickle(OK)
    }
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('understands an answer and the next command in one packet', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    await register.say(REGISTER, 2)
    expect(await register.say(OK + PAY_1999, 2)).toEqual(['800000', '04ff010a'])
    await register.say(OK)
    await register.say(OK)
    await register.say(OK)
    await register.say(OK)
    expect(await register.say(`${OK} 05 01 00`, 2)).toEqual([
      '800000',
      `060f14f0f1f6${Buffer.from('CASHDESK-SIM 1.0').toString('hex')}00`,
    ])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('does not take an answer that is older than its question for one', async () => {
    const sim = await terminal({ answerMs: 60 })
    const register = await registered(sim, REGISTER_SILENT)
    const [accepted, status, second] = await register.say(PAY_1999 + OK + OK, 3)
    expect([accepted, status, second]).toEqual(['800000', STATUS_1999, '040f02276c'])
    expect(books(sim)).toEqual(['payment 1999 reversed'])
  })

  it('reads and writes extended lengths, the low byte first', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    const long = await register.say('06 00 ff 06 00 00 00 00 82 09 78', 2)
    expect(long[0]).toBe('800000')
    register.write(OK)
    await register.acknowledgeAll(REGISTER_BLOCKS)
    const paid = await register.acknowledgeAll(PAY_1999)
    const blocks = paid.filter(message => message.startsWith('06d3'))
    expect(blocks).toHaveLength(2)
    for (const block of blocks) {
      const bytes = Buffer.from(block, 'hex')
      expect(bytes[2]).toBe(0xff)
      expect(bytes.readUInt16LE(3)).toBe(bytes.length - 5)
      expect(block.slice(10, 14)).toBe('0682')
    }
  })

  it('prints line by line: two receipts, each closed by its last line', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_LINES)
    const paid = await register.acknowledgeAll(PAY_1999)
    const lines = paid.filter(message => message.startsWith('06d1'))
    expect(paid.indexOf(lines[0] ?? '')).toBe(2)
    expect(paid.at(-1)).toBe('060f00')
    const closing = lines.filter(line => Number.parseInt(line.slice(6, 8), 16) > 0x80)
    expect(closing).toHaveLength(2)
    expect(lines.at(-1)).toBe(closing.at(-1))
    // HÄNDLERBELEG centred, in code page 437.
    expect(lines[0]).toBe('06d10d40488e4e444c455242454c4547')
    const text = lines.map(line => Buffer.from(line.slice(8), 'hex').toString('latin1')).join('\n')
    expect(text).toContain('Betrag EUR         19,99')
    expect(text).toContain('672590*********1234')
  })

  it('prints in blocks with the agreed characters and width, if the register permits 06 D3', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_BLOCKS)
    const blocks = (await register.acknowledgeAll(PAY_1999)).filter(message => message.startsWith('06d3'))
    // Receipt types 1 and 2, each at the head of its container.
    expect(blocks.map(block => block.includes('1f070101'))).toEqual([true, false])
    expect(blocks.map(block => block.includes('1f070102'))).toEqual([false, true])
    const merchant = Buffer.from(blocks[0] ?? '', 'hex').toString('utf8')
    expect(merchant).toContain('HÄNDLERBELEG')
    expect(merchant).toContain(`Betrag EUR${' '.repeat(25)}19,99`)
    expect(blocks[1]?.endsWith('0901c0')).toBe(true)
  })

  it('books only when every print line was acknowledged', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_LINES)
    await register.say(PAY_1999, 2)
    let line = await register.say(OK)
    while (line[0]?.startsWith('06d1')) {
      expect(books(sim)).toEqual(['payment 1999 authorised'])
      line = await register.say(OK)
    }
    expect(line).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('reverses when the register cannot print', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_LINES)
    await register.say(PAY_1999, 2)
    await register.say(OK)
    expect(await register.say('84 cc 00')).toEqual(['061e01cc'])
    expect(books(sim)).toEqual(['payment 1999 reversed'])
    expect(sim.state().books[0]?.why).toBe('the register answered print command 1 with 84 CC')
  })
})

describe('the register’s word on a payment', () => {
  it('reverses on any 84 other than 00, 9C and 9D', async () => {
    for (const code of ['01', '6c', '83', 'ff']) {
      const sim = await terminal()
      const register = await registered(sim, REGISTER_SILENT)
      await register.say(PAY_1999, 2)
      expect(await register.say(`84 ${code} 00`)).toEqual(['061e016c'])
      expect(books(sim)).toEqual(['payment 1999 reversed'])
    }
  })

  it('asks again after 84 9C, for the same payment', async () => {
    const sim = await terminal({ repeatMs: 5 })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    expect(await register.say('84 9c 00')).toEqual([STATUS_1999])
    expect(await register.say('84 9c 00')).toEqual([STATUS_1999])
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('reverses when asked for time more often than the register itself allowed', async () => {
    const sim = await terminal({ repeatMs: 0 })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say('06 01 0c 04 00 00 00 00 19 99 49 09 78 02 01', 2)
    expect(await register.say('84 9c 00')).toEqual([STATUS_1999])
    expect(await register.say('84 9c 00')).toEqual(['040f02276c'])
    expect(await register.say(OK)).toEqual(['061e016c'])
    expect(books(sim)).toEqual(['payment 1999 reversed'])
  })

  it('books the price of what was issued after 84 9D, and reverses when that is more than was approved', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    expect(await register.say('84 9d 07 04 00 00 00 00 05 00')).toEqual(['060f00'])
    register.write(OK)
    await register.say(PAY_1999, 2)
    expect(await register.say('84 9d 07 04 00 00 00 00 20 00')).toEqual(['061e016c'])
    expect(books(sim)).toEqual(['payment 500 booked', 'payment 1999 reversed'])
  })

  it('reverses by itself when no word comes in time', async () => {
    const sim = await terminal({ answerMs: 20 })
    const register = await registered(sim, REGISTER_SILENT)
    expect(await register.say(PAY_1999, 3)).toEqual(['800000', STATUS_1999, '040f02276c'])
    expect(await register.say(OK)).toEqual(['061e016c'])
    expect(sim.state().books[0]).toMatchObject({
      state: 'reversed',
      why: 'the register did not answer the status in time',
    })
  })

  it('reverses at once when the link breaks before the word, and stays booked when it breaks after', async () => {
    const sim = await terminal()
    const before = await registered(sim, REGISTER_SILENT)
    await before.say(PAY_1999, 2)
    before.socket.destroy()
    await until(() => sim.state().dialogue === null)
    expect(books(sim)).toEqual(['payment 1999 reversed'])

    const after = await registered(sim, REGISTER_SILENT)
    await after.say(PAY_1999, 2)
    after.socket.end(Buffer.from('800000', 'hex'))
    await until(() => sim.state().dialogue === null)
    expect(books(sim)).toEqual(['payment 1999 reversed', 'payment 1999 booked'])
  })

  it('is not undone by an error in 06 0F', async () => {
    const sim = await terminal({ t3Ms: 20 })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(await register.read()).toBe('gone')
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })
})

describe('abort', () => {
  it('is obeyed while the customer looks for the card', async () => {
    const sim = await terminal({ behaviour: { name: 'card-wait', ms: 60_000 } })
    const register = await registered(sim)
    await register.say(PAY_1999, 2)
    register.write(OK)
    await until(() => sim.state().dialogue === 'authorisation')
    expect(await register.say('06 b0 00', 2)).toEqual(['800000', '040f09276c04000000001999'])
    expect(await register.say(OK)).toEqual(['061e016c'])
    expect(books(sim)).toEqual([])
  })

  it('comes too late once the host was asked', async () => {
    const sim = await terminal()
    const register = await registered(sim)
    await register.say(PAY_1999, 2)
    await register.say(OK)
    await register.say(OK)
    expect(await register.say('06 b0 00')).toEqual(['848300'])
    expect(await register.say(OK)).toEqual([STATUS_1999])
    expect(await register.say('06 b0 00')).toEqual(['848300'])
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('has nothing to stop, and says so positively, while the register is master', async () => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.say('06 b0 00')).toEqual(['800000'])
  })
})
