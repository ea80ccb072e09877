// Message sequence numbers (PA00P015 ch. 5), byte by byte after the chapter's own examples.
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister } from './bare-register.ts'
import { books, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

/** Config 9E as in the chapter's example, without the bits that make it print. */
const REGISTER = '06 00 14 00 00 00 08 09 78 06 0c 26 04 0a 02 06 d3 1f 73 03 00 00 00'
const number = (value: string): string => `06061f7303${value}`
const OK = (value: string): string => `800008${number(value)}`
const PAY = (value: string): string => `060112 04000000000100 490978 ${number(value)}`

async function numberedRegister(): Promise<{
  sim: Awaited<ReturnType<typeof terminal>>
  register: BareRegister
}> {
  const sim = await terminal({ repeatMs: 0 })
  const register = await BareRegister.at(sim.port)
  const [, completion] = await register.acknowledgeAll(REGISTER)
  expect(completion).toBe('060f1819002952500041490978060c26040a0206d31f7303000000')
  return { sim, register }
}

describe('message sequence numbers', () => {
  it('are not used by a register that does not ask for them', async () => {
    const sim = await terminal()
    const register = await BareRegister.at(sim.port)
    const asked = '06 00 0e 00 00 00 08 09 78 06 06 26 04 0a 02 06 d3'
    expect((await register.acknowledgeAll(asked)).at(-1)).toBe('060f1219002952500041490978060626040a0206d3')
    expect(await register.say('06 01 12 04 00 00 00 00 01 00 49 09 78 06 06 1f 73 03 00 00 01', 2)).toEqual([
      '800000',
      '04ff010a',
    ])
  })

  it('go up with every message, and every answer has that of its question', async () => {
    const { sim, register } = await numberedRegister()
    expect(await register.say(PAY('000001'), 2)).toEqual([OK('000001'), `04ff090a${number('000002')}`])
    expect(await register.say(OK('000002'))).toEqual([`04ff0901${number('000003')}`])
    expect(await register.say(OK('000003'))).toEqual([`04ff0904${number('000004')}`])
    const [status = ''] = await register.say(OK('000004'))
    expect(status.endsWith(number('000005'))).toBe(true)
    expect(await register.say(OK('000005'))).toEqual([`060f08${number('000006')}`])
    expect(books(sim)).toEqual(['payment 100 booked'])
    register.write(OK('000006'))
    expect(await register.say(`05010b 000000 ${number('000007')}`)).toEqual([OK('000007')])
    expect((await register.read()).endsWith(`00${number('000008')}`)).toBe(true)
  })

  it('make an answer to an older question none: the payment waits for its own', async () => {
    const { sim, register } = await numberedRegister()
    await register.say(PAY('000001'), 2)
    for (const value of ['000002', '000003', '000004']) await register.say(OK(value))
    register.write(OK('000004'))
    expect(await register.say(`849c08${number('000005')}`)).not.toEqual([`060f08${number('000006')}`])
    expect(books(sim)).toEqual(['payment 100 authorised'])
    expect(await register.say(OK('000006'))).toEqual([`060f08${number('000007')}`])
    expect(books(sim)).toEqual(['payment 100 booked'])
  })

  it('make a command that comes once more no second one: its answer is repeated', async () => {
    const { sim, register } = await numberedRegister()
    await register.say(PAY('000001'), 2)
    expect(await register.say(PAY('000001'))).toEqual([OK('000001')])
    const wrong = `060412 04000000000100 490978 ${number('000009')}`
    expect(await register.say(wrong)).toEqual([`84a008${number('000009')}`])
    expect(await register.say(wrong)).toEqual([`84a008${number('000009')}`])
    expect(sim.state().dialogue).toBe('authorisation')
  })

  it('stand beside what else is in the container', async () => {
    const { register } = await numberedRegister()
    const mirrors = '060112 04000000000100 06 09 1f7303000001 1f1f00'
    await register.say(mirrors, 2)
    for (const value of ['000002', '000003']) await register.say(OK(value))
    const [status = ''] = await register.say(OK('000004'))
    expect(status.endsWith('060b1f1f0200011f7303000005')).toBe(true)
  })
})
