// The virtual card from the reader's side: a reader of our own that speaks vpcd's frames over a real socket.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type CardSim, startCardSim } from './card.ts'
import { classic, isoDep, phone, type SimulatedCard, tag } from './cards.ts'
import { ndefMessage } from './ndef.ts'
import { CARD_PROGRAM } from './program.ts'

/** vpcd, as far as it matters: one card at a time, frames with a length of two bytes in front. */
class Reader {
  readonly server: Server
  readonly #frames: Buffer[] = []
  #socket: Socket | undefined
  #pending = Buffer.alloc(0)
  #wake: (() => void)[] = []

  constructor() {
    this.server = createServer(socket => {
      this.#socket = socket
      this.#pending = Buffer.alloc(0)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#socket = undefined
        this.#stir()
      })
      socket.on('data', bytes => {
        this.#pending = Buffer.concat([this.#pending, bytes])
        while (this.#pending.length >= 2 && this.#pending.length >= 2 + this.#pending.readUInt16BE(0)) {
          const end = 2 + this.#pending.readUInt16BE(0)
          this.#frames.push(this.#pending.subarray(2, end))
          this.#pending = this.#pending.subarray(end)
        }
        this.#stir()
      })
      this.#stir()
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve))
    const { port } = this.server.address() as AddressInfo
    return port
  }

  get present(): boolean {
    return this.#socket !== undefined
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>(resolve => this.#wake.push(resolve))
  }

  send(hex: string): void {
    const data = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    this.#socket?.write(Buffer.concat([Buffer.from([data.length >> 8, data.length & 0xff]), data]))
  }

  /** The answer, or nothing if the card left. */
  async ask(hex: string): Promise<string | undefined> {
    this.send(hex)
    await this.until(() => this.#frames.length > 0 || !this.present)
    return this.#frames.shift()?.toString('hex')
  }

  #stir(): void {
    for (const resolve of this.#wake.splice(0)) resolve()
  }
}

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function laid(card: SimulatedCard): Promise<{ readonly reader: Reader; readonly sim: CardSim }> {
  const reader = new Reader()
  const port = await reader.listen()
  open.push(() => new Promise(resolve => void reader.server.close(() => resolve())))
  const sim = await startCardSim({ card, port })
  open.push(() => sim.close())
  await sim.insert()
  await reader.until(() => reader.present)
  return { reader, sim }
}

const TAG = (): SimulatedCard => tag({ uid: '04a1b2c3d4e580', ndef: [{ text: 'hi' }] })

describe('a card on a virtual reader', () => {
  it('tells its answer to reset, and answers commands', async () => {
    const { reader } = await laid(TAG())
    reader.send('01')
    expect(await reader.ask('04')).toBe('3b8f8001804f0ca0000003060300030000000068')
    expect(await reader.ask('FFCA000000')).toBe('04a1b2c3d4e5809000')
    expect(await reader.ask('FFB0000310')).toBe('e11012000103a00c340309d1010554029000')
  })

  it('takes frames that arrive in pieces, and several at once', async () => {
    const { reader } = await laid(TAG())
    reader.send('01')
    reader.send('FFCA000000')
    expect(await reader.ask('04')).toBe('04a1b2c3d4e5809000')
  })

  it('goes when it is taken away, and comes when it is laid down', async () => {
    const { reader, sim } = await laid(TAG())
    await sim.remove()
    await reader.until(() => !reader.present)
    expect(sim.state()).toMatchObject({ inserted: false, connected: false, accidents: ['remove'] })
    await sim.insert()
    await reader.until(() => reader.present)
    expect(sim.state()).toMatchObject({ inserted: true, connected: true, insertions: 2 })
  })

  it('leaves in the middle of a command, if that was wished', async () => {
    const { reader, sim } = await laid(TAG())
    await sim.accident('remove-in-command', { commands: 2 })
    expect(await reader.ask('FFCA000000')).toBe('04a1b2c3d4e5809000')
    expect(await reader.ask('FFCA000000')).toBeUndefined()
  })

  it('answers late, with noise, with a status word only, or not at all', async () => {
    const { reader, sim } = await laid(TAG())
    await sim.accident('status', { sw: '6F00' })
    expect(await reader.ask('FFCA000000')).toBe('6f00')
    await sim.accident('status', { sw: '' })
    await sim.accident('garbage')
    expect(await reader.ask('FFCA000000')).not.toBe('04a1b2c3d4e5809000')
    await sim.accident('garbage', { on: false })
    await sim.accident('slow', { ms: 30 })
    expect(await reader.ask('FFCA000000')).toBe('04a1b2c3d4e5809000')
    await sim.accident('silent')
    reader.send('FFCA000000')
    expect(await reader.ask('04')).toBe('3b8f8001804f0ca0000003060300030000000068')
    expect(sim.active()).toEqual(['slow', 'silent'])
  })

  it('knows no other accident, and no other values for these', async () => {
    const { sim } = await laid(TAG())
    await expect(sim.accident('burn')).rejects.toThrowError('sim.usage')
    await expect(sim.accident('slow', { ms: -1 })).rejects.toThrowError('sim.usage')
    await expect(sim.accident('status', { sw: 'xyz' })).rejects.toThrowError('sim.usage')
  })
})

describe('the cards', () => {
  const say = (card: SimulatedCard, command: string): string =>
    Buffer.from(card.answer(Buffer.from(command, 'hex'))).toString('hex')

  it('of Type 2 wrap behind their last page, and are written page by page', () => {
    const card = TAG()
    expect(say(card, 'FFB0002C08')).toBe('0000000004a1b29f9000')
    expect(say(card, 'FFB0002D04')).toBe('6300')
    expect(say(card, 'FFD600080401020304')).toBe('9000')
    expect(say(card, 'FFB0000804')).toBe('010203049000')
    expect(say(card, 'FFD600020401020304')).toBe('6300')
    expect(say(card, 'FFB0000420')).toBe('6c10')
  })

  it('of Type 4 select, read in the pieces they grant, and forget when the power goes', () => {
    const card = isoDep({ uid: '04112233445566', ndef: [{ uri: 'https://a.example' }], readBytes: 4 })
    expect(say(card, '00B0000002')).toBe('6986')
    expect(say(card, '00A4040007D276000085010100')).toBe('9000')
    expect(say(card, '00A4000C02E104')).toBe('9000')
    expect(say(card, '00B00000FF')).toBe('000ed1019000')
    card.power()
    expect(say(card, '00B0000002')).toBe('6986')
  })

  it('of MIFARE Classic open with their key only, and never show it', () => {
    const card = classic({ uid: 'a1b2c3d4', key: 'c0ffeec0ffee', blocks: { 1: 'ff'.repeat(16) } })
    expect(say(card, 'FFB0000110')).toBe('6982')
    expect(say(card, 'FF82000006C0FFEEC0FFEE')).toBe('9000')
    expect(say(card, 'FF860000050100016000')).toBe('9000')
    expect(say(card, 'FFB0000110')).toBe(`${'ff'.repeat(16)}9000`)
    expect(say(card, 'FF860000050100016100')).toBe('6300')
    expect(JSON.stringify(card.view())).not.toContain('c0ffee')
  })

  it('that are phones have a new number for every tap', () => {
    let next = 0
    const card = phone({ random: length => new Uint8Array(length).fill(++next) })
    const first = say(card, 'FFCA000000')
    card.power()
    expect(say(card, 'FFCA000000')).not.toBe(first)
    expect(first.startsWith('08')).toBe(true)
    expect(say(card, '00A4040007D276000085010100')).toBe('6a82')
  })

  it('are refused a number or a message that does not fit them', () => {
    expect(() => tag({ uid: 'a1b2c3d4' })).toThrowError('sim.usage')
    expect(() =>
      tag({ kind: 'ultralight', uid: '04a1b2c3d4e580', ndef: [{ text: 'x'.repeat(80) }] }),
    ).toThrowError('sim.usage')
  })

  it('say messages in short and long records', () => {
    expect(Buffer.from(ndefMessage([{ uri: 'tel:112' }])).toString('hex')).toBe(
      'd1010455053131 32'.replace(' ', ''),
    )
    expect([...ndefMessage([{ text: 'x'.repeat(300) }]).subarray(0, 7)]).toEqual([
      0xc1, 1, 0, 0, 1, 0x2f, 0x54,
    ])
    expect(Buffer.from(ndefMessage([])).toString('hex')).toBe('d00000')
  })
})

describe('the program', () => {
  it.each([
    { kind: 'ntag215', ndef: 'https://a.example', uid: '04a1b2c3d4e580' },
    { kind: 'iso-dep', ndef: 'hello' },
    { kind: 'phone' },
    { kind: 'classic-4k', uid: 'a1b2c3d4' },
  ])('starts a $kind without a reader, and ends', async options => {
    const sim = await CARD_PROGRAM.start({ host: '127.0.0.1', port: '1', service: 'system', ...options })
    expect(await sim.state()).toMatchObject({ kind: options.kind, inserted: true, connected: false })
    expect(sim.notes?.join()).toContain('no virtual reader at 127.0.0.1:1 yet')
    await sim.close()
    await sim.close()
  })

  it.each([
    { kind: 'credit' },
    { kind: 'phone', ndef: 'hello' },
    { kind: 'ntag213', uid: 'zz' },
    { port: '99999' },
  ])('refuses %j', async options => {
    const all = { host: '127.0.0.1', port: '1', service: 'system', kind: 'ntag213', ...options }
    await expect(CARD_PROGRAM.start(all)).rejects.toThrowError('sim.usage')
  })

  it('offers no accident that it does not have', async () => {
    const sim = await CARD_PROGRAM.start({ kind: 'ntag213', host: '127.0.0.1', port: '1', service: 'system' })
    for (const { name, preset, off } of CARD_PROGRAM.accidents) {
      await sim.accident(name, preset ?? {})
      if (off !== undefined) await sim.accident(off.name, off.args ?? {})
    }
    await sim.close()
  })
})
