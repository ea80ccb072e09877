// The terminal in the process that tests it: nothing real is waited for, and things happen at exact moments.
import type { Connection } from '@cashdesk/kernel'
import { beforeEach, describe, expect, it } from 'vitest'
import { SimClock, SimNetwork } from '../world/index.ts'
import { type SimulatedTerminal, type SimulatedTerminalOptions, simulatedTerminal } from './in-process.ts'
import type { TerminalPoint } from './talk.ts'

/** Config 82: the terminal's print lines go to the register. */
const REGISTER_LINES = '06000600000082 0978'
const REGISTER_SILENT = '06000600000000 0978'
const PAY_1999 = '06010a 04000000001999 490978'

let clock: SimClock
let network: SimNetwork

beforeEach(() => {
  clock = new SimClock()
  network = new SimNetwork({ clock, seed: 3 })
})

/** A register that acknowledges everything it is sent, unless told not to. */
class Register {
  readonly heard: string[] = []
  ended = ''
  acknowledges = true
  #connection: Connection | undefined
  #held: Buffer = Buffer.alloc(0)

  /** @throws CashdeskError when nobody is there */
  async connect(terminal: SimulatedTerminal): Promise<void> {
    const opening = network.transport('terminal', terminal.peer).open({
      data: bytes => this.#arrived(bytes),
      closed: cause => {
        this.ended = String(cause?.detail?.['reason'] ?? 'own')
      },
    })
    opening.catch(() => undefined)
    await clock.settle(100)
    this.#connection = await opening
  }

  async say(hex: string, passMs = 60_000): Promise<void> {
    this.write(hex)
    await clock.settle(passMs)
  }

  write(hex: string): void {
    void this.#connection?.write(Buffer.from(hex.replaceAll(' ', ''), 'hex')).catch(() => undefined)
  }

  #arrived(bytes: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, bytes])
    while (this.#held.length >= 3 && this.#held.length >= 3 + this.#held.readUInt8(2)) {
      const end = 3 + this.#held.readUInt8(2)
      const control = this.#held.subarray(0, 2).toString('hex')
      this.heard.push(control)
      this.#held = this.#held.subarray(end)
      if (this.acknowledges && !control.startsWith('80') && !control.startsWith('84')) this.write('800000')
    }
  }
}

async function registered(
  options: Partial<SimulatedTerminalOptions> = {},
  registration = REGISTER_SILENT,
): Promise<{ terminal: SimulatedTerminal; register: Register }> {
  const terminal = simulatedTerminal({ clock, ...options })
  const register = new Register()
  await register.connect(terminal)
  await register.say(registration)
  register.heard.length = 0
  return { terminal, register }
}

const states = (terminal: SimulatedTerminal): string[] =>
  terminal.books.map(({ kind, state, amountMinor }) => `${kind} ${amountMinor} ${state}`)

describe('a terminal in virtual time', () => {
  it('takes as long as a real one, on its own clock alone', async () => {
    const { terminal, register } = await registered()
    await register.say(PAY_1999, 290)
    expect(states(terminal)).toEqual([])
    await register.say('', 60_000)
    expect(states(terminal)).toEqual(['payment 1999 booked'])
    expect(register.heard).toEqual(['8000', '040f', '060f'])
    expect(clock.pending).toBe(0)
  })

  it('reverses by itself when the answer does not come, after its time limit and not before', async () => {
    const { terminal, register } = await registered({ answerMs: 20_000 })
    register.acknowledges = false
    await register.say(PAY_1999, 20_000)
    expect(states(terminal)).toEqual(['payment 1999 authorised'])
    await register.say('', 1_000)
    expect(states(terminal)).toEqual(['payment 1999 reversed'])
  })

  it('says what is in the books, whose card it was, and takes another customer’s card', async () => {
    const { terminal, register } = await registered()
    await register.say(PAY_1999)
    terminal.present('visa')
    await register.say(PAY_1999)
    expect(terminal.books.map(entry => [entry.card.name, entry.trace, entry.receipt])).toEqual([
      ['girocard', 1, 1],
      [terminal.books[1]?.card.name, 2, 2],
    ])
    expect(terminal.books[1]?.card.name).not.toBe('girocard')
    expect(terminal.state().totals.totalMinor).toBe(3_998)
    // Wherever this machine stands.
    expect(terminal.books[0]?.time).toMatch(/^2026-01-05T08:01:/)
  })

  it('refuses connections for as long as it was told', async () => {
    const { terminal } = await registered()
    terminal.accident('refuse-connections', { ms: 5_000 })
    terminal.cutLink()
    const next = new Register()
    await expect(next.connect(terminal)).rejects.toMatchObject({ code: 'transport.unreachable' })
    await clock.settle(5_000)
    await next.connect(terminal)
    await next.say(REGISTER_SILENT)
    expect(next.heard).toEqual(['8000', '060f'])
  })

  it('lets a second register wait for a moment, and turns it away when the first one stays', async () => {
    const { terminal } = await registered()
    const second = new Register()
    await second.connect(terminal)
    await second.say(REGISTER_SILENT, 100)
    expect([second.heard, second.ended]).toEqual([[], ''])
    await clock.settle(1_000)
    expect(second.ended).toBe('ended')
    const third = new Register()
    await third.connect(terminal)
    await third.say(REGISTER_SILENT, 50)
    terminal.cutLink()
    await clock.settle(1_000)
    expect(third.heard).toEqual(['8000', '060f'])
  })
})

describe('at an exact moment', () => {
  const POINTS: TerminalPoint[] = [
    'authorised',
    'status-sent',
    'status-answered',
    'print-sent',
    'print-answered',
  ]

  it('every step of a payment is told, in order', async () => {
    const seen: string[] = []
    const { register } = await registered({ onPoint: (point, kind) => seen.push(`${kind} ${point}`) })
    seen.length = 0
    await register.say(PAY_1999)
    expect(seen).toEqual(
      ['authorised', 'status-sent', 'status-answered', 'booked', 'completion-sent'].map(
        point => `authorisation ${point}`,
      ),
    )
  })

  it.each(POINTS)('a link that is cut when it has %s leaves the payment reversed', async point => {
    const { terminal, register } = await registered(
      { onPoint: reached => reached === point && terminal.cutLink() },
      REGISTER_LINES,
    )
    await register.say(PAY_1999)
    expect(states(terminal)).toEqual(['payment 1999 reversed'])
    // What was sent before the cut still arrives.
    expect(register.heard.includes('040f')).toBe(point !== 'authorised')
    expect(register.heard).not.toContain('060f')
    expect(register.ended).toBe('ended')
  })

  it('a link that is cut when it has booked leaves the payment booked', async () => {
    const { terminal, register } = await registered({
      onPoint: reached => reached === 'booked' && terminal.cutLink(),
    })
    await register.say(PAY_1999)
    expect(states(terminal)).toEqual(['payment 1999 booked'])
    expect(register.heard).toEqual(['8000', '040f'])
  })

  it.each([...POINTS, 'booked', 'completion-sent'] satisfies TerminalPoint[])(
    'a power cut when it has %s keeps the books, and nothing that nobody acknowledged',
    async point => {
      const { terminal, register } = await registered(
        {
          reversalMs: 1_000,
          onPoint: (reached, kind) =>
            reached === point && kind === 'authorisation' && terminal.powerCycle(3_000),
        },
        REGISTER_LINES,
      )
      await register.say(PAY_1999, 2_000)
      const booked = point === 'booked' || point === 'completion-sent'
      expect(states(terminal)).toEqual([`payment 1999 ${booked ? 'booked' : 'reversed'}`])
      if (!booked) expect(terminal.books[0]?.why).toContain('restarted')
      const next = new Register()
      await expect(next.connect(terminal)).rejects.toMatchObject({ code: 'transport.unreachable' })
      await clock.settle(3_000)
      await next.connect(terminal)
      await next.say(PAY_1999)
      expect(next.heard).toEqual(['846b'])
      await next.say(REGISTER_SILENT)
      expect(terminal.state()).toMatchObject({ registered: true, dialogue: null })
    },
  )
})
