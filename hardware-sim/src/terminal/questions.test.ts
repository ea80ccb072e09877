// What the terminal asks the register with a picture, and what it asks for before it does anything else.
import { PNG } from 'pngjs'
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister, OK } from './bare-register.ts'
import { books, idle, PAY_1999, REGISTER_SILENT, registered, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

/** Tag 26 permits 06 D0. */
const REGISTER_SHOWS = '06 00 0e 00 00 00 00 09 78 06 06 26 04 0a 02 06 d0'
const YES = '80 00 05 06 03 19 01 00'
const NO = '80 00 05 06 03 19 01 01'

/** The picture in a message: the value of tag 1C, which stands last. */
function pictureIn(message: string): Buffer {
  const bytes = Buffer.from(message, 'hex')
  const png = bytes.indexOf(Buffer.from('89504e47', 'hex'))
  return bytes.subarray(png)
}

describe('a signature that was drawn on the terminal', () => {
  it('is shown to the cashier with two answers, and the payment goes on when it is right', async () => {
    const sim = await terminal({ behaviour: { name: 'ask-signature' } })
    const register = await registered(sim, REGISTER_SHOWS)
    const [, question = ''] = await register.say(PAY_1999, 2)
    // A message of more than 254 bytes; picture in PNG, not encoded, a minute to look at it, a headline.
    expect(question).toMatch(/^06d0ff....72037301f03cf1f1f9/)
    expect(question).toContain('160101170101180101')
    const { width, height } = PNG.sync.read(pictureIn(question))
    expect(width).toBeGreaterThan(height)
    const [status] = await register.say(YES)
    expect(status).toMatch(/^040f..2700/)
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it.each([
    ['says that it is not', NO],
    ['says nothing', '80 00 00'],
    ['cannot be shown it', '84 66 00'],
  ])('undoes the payment when the cashier %s', async (_, answer) => {
    const sim = await terminal({ behaviour: { name: 'ask-signature' } })
    const register = await registered(sim, REGISTER_SHOWS)
    await register.say(PAY_1999, 2)
    expect(await register.say(answer)).toEqual(['040f02276c'])
    expect(await register.say(OK)).toEqual(['061e016c'])
    expect(books(sim)).toEqual(['payment 1999 reversed'])
  })

  it('comes in parts from a terminal with short messages, each of which is acknowledged', async () => {
    const sim = await terminal({ behaviour: { name: 'ask-signature', times: 3 } })
    const register = await registered(sim, REGISTER_SHOWS)
    const [, first = ''] = await register.say(PAY_1999, 2)
    const [second = ''] = await register.say(OK)
    const [third = ''] = await register.say(OK)
    expect([first, second, third].map(part => /75(0[0-9])06/.exec(part)?.[1])).toEqual(['00', '01', '02'])
    expect(first).toMatch(/^06d0......?.?.?.?700000000172037301/)
    expect(first).toContain('7403')
    expect(second).not.toContain('7203')
    const size = Number.parseInt(/71(........)7403/.exec(first)?.[1] ?? '', 16)
    const pieces = [first, second, third].map(part => {
      const bytes = Buffer.from(part, 'hex')
      const at = bytes.indexOf(Buffer.from('7374696d6d74206e69636874190101', 'hex')) + 15
      const long = bytes.readUInt8(at + 1)
      return bytes.subarray(at + (long < 0x80 ? 2 : long === 0x81 ? 3 : 4))
    })
    const picture = Buffer.concat(pieces)
    expect(picture.length).toBe(size)
    expect(PNG.sync.read(picture).width).toBeGreaterThan(100)
    await register.say(YES)
    expect(await register.say(OK)).toEqual(['060f00'])
  })

  it('is not shown to a register that does not take such questions', async () => {
    const sim = await terminal({ behaviour: { name: 'ask-signature' } })
    const register = await registered(sim, REGISTER_SILENT)
    expect(await register.acknowledgeAll(PAY_1999)).toHaveLength(3)
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('undoes the payment when the link breaks meanwhile', async () => {
    const sim = await terminal({ behaviour: { name: 'ask-signature' } })
    const register = await registered(sim, REGISTER_SHOWS)
    await register.say(PAY_1999, 2)
    register.socket.destroy()
    await idle(sim)
    expect(books(sim)).toEqual(['payment 1999 reversed'])
  })
})

describe('a terminal that wants something first', () => {
  it.each([
    ['end-of-day', 'f0', '06 50 03 00 00 00'],
    ['diagnosis', 'c2', '06 70 00'],
    ['initialisation', '51', '06 93 03 00 00 00'],
    ['clock', '62', '06 91 0b 00 00 00 aa 27 02 28 0c 23 59 58'],
  ])('says so, takes no money before, and all is well after its %s', async (what, code, remedy) => {
    const sim = await terminal()
    sim.accident('needs', { what })
    expect(sim.state().needs).toBe(what)
    const register = await registered(sim, REGISTER_SILENT)
    const enquire = async (): Promise<string | undefined> =>
      (await register.acknowledgeAll('05 01 05 00 00 00 03 02')).at(-1)
    expect(await enquire()).toBe(`060f01${code}`)
    expect(await register.acknowledgeAll(PAY_1999)).toEqual(['800000', `061e01${code}`])
    expect(await register.acknowledgeAll('06 20 03 00 00 00')).toEqual(['800000', `061e01${code}`])
    expect((await register.acknowledgeAll(remedy)).at(-1)).toBe('060f00')
    expect(await enquire()).toBe('060f0100')
    expect((await register.acknowledgeAll(PAY_1999)).at(-1)).toBe('060f00')
  })

  it('tells a card that is in it, until 06 B0', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    await register.say('06 c0 00', 2)
    register.write(OK)
    await idle(sim)
    expect((await register.acknowledgeAll('05 01 05 00 00 00 03 02')).at(-1)).toBe('060f01dc')
    await register.say('06 b0 00')
    expect((await register.acknowledgeAll('05 01 05 00 00 00 03 02')).at(-1)).toBe('060f0100')
  })
})
