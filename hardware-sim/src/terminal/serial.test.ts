// The terminal on a serial line: frames written by hand, what is acknowledged, repeated and given up, and what each
// accident of the line does to the money.
import { constants, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checksum, frame, SerialReader } from './serial.ts'
import type { TerminalSim, TerminalSimOptions } from './terminal.ts'
import { books, PAY_1999, REGISTER_SILENT, switchOff, terminal, until } from './test-kit.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
  await switchOff()
})

/** A register that acknowledges nothing by itself. */
class SerialRegister {
  readonly #write: (bytes: Buffer) => void
  #bytes: number[] = []

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  heard(bytes: Uint8Array): void {
    this.#bytes.push(...bytes)
  }

  raw(hex: string): void {
    this.#write(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  }

  apdu(hex: string): void {
    this.#write(frame(Buffer.from(hex.replaceAll(' ', ''), 'hex')))
  }

  /** The next that many bytes. */
  async bytes(count: number): Promise<string> {
    await until(() => this.#bytes.length >= count)
    return Buffer.from(this.#bytes.splice(0, count)).toString('hex')
  }

  async quiet(): Promise<boolean> {
    await new Promise(resolve => setTimeout(resolve, 30))
    return this.#bytes.length === 0
  }

  /** One frame with this message in it. */
  async hears(hex: string): Promise<void> {
    const bytes = frame(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    expect(await this.bytes(bytes.length)).toBe(bytes.toString('hex'))
  }

  /** Sends, and hears the ACK. */
  async says(hex: string): Promise<void> {
    this.apdu(hex)
    expect(await this.bytes(1)).toBe('06')
  }

  /** Hears a frame and acknowledges it. */
  async takes(hex: string): Promise<void> {
    await this.hears(hex)
    this.raw('06')
  }

  async register(): Promise<void> {
    await this.says(REGISTER_SILENT)
    await this.takes('80 00 00')
    await this.takes('06 0f 0a 19 00 29 52 50 00 41 49 09 78')
    await this.says('80 00 00')
  }

  /** A payment up to the question on which the money depends. */
  async status(): Promise<Buffer> {
    await this.says(PAY_1999)
    await this.takes('80 00 00')
    const status = Buffer.from(await this.bytes(STATUS_FRAME), 'hex')
    const heard = new SerialReader().push(status)
    expect(heard).toMatchObject([{ kind: 'frame' }])
    return status
  }
}

/** 04 0F of PAY_1999 has no byte 10 in it. */
const STATUS_FRAME = 3 + 92 + 6

async function serial(
  options: TerminalSimOptions = {},
): Promise<{ sim: TerminalSim; register: SerialRegister; socket: Socket }> {
  const sim = await terminal({ serial: { t1Ms: 20 }, ...options })
  const socket = connect(sim.port, '127.0.0.1')
  undo.push(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.setNoDelay(true)
  const register = new SerialRegister(bytes => socket.write(bytes))
  socket.on('data', bytes => register.heard(bytes))
  return { sim, register, socket }
}

describe('a frame', () => {
  it('is sealed by the checksum that terminals use', () => {
    expect(checksum(Buffer.from('123456789')).toString(16)).toBe('2189')
    // The same bytes as an independent client (ecrterm) sends.
    expect(frame(Buffer.from('800000', 'hex')).toString('hex')).toBe('10028000001003f51f')
    expect(frame(Buffer.from('06d10310100a', 'hex')).toString('hex')).toBe('100206d103101010100a1003368d')
  })

  it('doubles every DLE, and its checksum covers each of them once', () => {
    const apdu = Buffer.from('06d10310100a', 'hex')
    const sent = frame(apdu).toString('hex')
    expect(sent.slice(0, -4)).toBe('100206d103101010100a1003')
    expect(new SerialReader().push(frame(apdu))).toEqual([{ kind: 'frame', apdu }])
  })

  it('is found whatever stands in front of it, and one without its end gives way to the next', () => {
    const apdu = Buffer.from('800000', 'hex')
    const noisy = Buffer.concat([Buffer.from('ff1011aa', 'hex'), Buffer.from('100206aa', 'hex'), frame(apdu)])
    const kinds = new SerialReader().push(noisy).map(heard => heard.kind)
    expect(kinds).toEqual(['noise', 'noise', 'noise', 'frame'])
  })

  it('that holds less or more than one message is none', () => {
    for (const hex of ['80', '0601', '80000000', '06010a04', 'ff0601', '0601ff0100']) {
      expect(new SerialReader().push(frame(Buffer.from(hex, 'hex')))).toEqual([
        { kind: 'bad', why: 'length' },
      ])
    }
  })
})

describe('the serial line', () => {
  it('carries a payment, every frame acknowledged', async () => {
    const { sim, register } = await serial()
    await register.register()
    await register.status()
    register.raw('06')
    await register.says('80 00 00')
    await register.takes('06 0f 00')
    await register.says('80 00 00')
    expect(books(sim)).toEqual(['payment 1999 booked'])
    expect(sim.state().line).toMatchObject({ frames: 5, sent: 5, repeated: 0, bad: 0, noise: 0 })
    expect(sim.state()).toMatchObject({ connected: true, registered: true })
  })

  it('asks again with NAK for a wrong checksum, a broken form and a frame that stops', async () => {
    const { sim, register } = await serial()
    register.raw('10 02 06 00 10 03 00 00')
    expect(await register.bytes(1)).toBe('15')
    register.raw('10 02 06 10 06')
    expect(await register.bytes(1)).toBe('15')
    register.raw('10 02 06 00')
    expect(await register.bytes(1)).toBe('15')
    expect(sim.state().line).toMatchObject({ bad: 3, frames: 0 })
    await register.register()
  })

  it('repeats after NAK and after silence, twice, and then the register is gone: the payment is reversed', async () => {
    const { sim, register } = await serial({ serial: { t2Ms: 400 } })
    await register.register()
    const status = (await register.status()).toString('hex')
    register.raw('15')
    expect(await register.bytes(STATUS_FRAME)).toBe(status)
    expect(await register.bytes(STATUS_FRAME)).toBe(status)
    await until(() => sim.state().dialogue === null)
    expect(books(sim)).toEqual(['payment 1999 reversed'])
    expect(sim.state().line).toMatchObject({ repeated: 2, givenUp: 1 })
    // The line itself is as good as before.
    await register.register()
  })

  it('keeps nothing for the next call that the last one left unacknowledged', async () => {
    const { register } = await serial()
    await register.register()
    await register.says('06 02 00')
    await register.hears('80 00 00')
    await register.register()
  })

  it('takes a repeated answer once: the register that did not hear our ACK has not answered twice', async () => {
    const { sim, register } = await serial()
    await register.register()
    await register.says(PAY_1999)
    await register.takes('80 00 00')
    const status = (await register.bytes(STATUS_FRAME)).toString()
    register.raw('06')
    sim.accident('line-lost-ack')
    register.apdu('84 9c 00')
    expect(await register.quiet()).toBe(true)
    await register.says('84 9c 00')
    expect(sim.state().line).toMatchObject({ duplicates: 1 })
    expect(books(sim)).toEqual(['payment 1999 authorised'])
    expect(status).toHaveLength(2 * STATUS_FRAME)
  })

  it('takes an answer for an ACK that got lost', async () => {
    const { sim, register } = await serial()
    await register.register()
    await register.status()
    register.apdu('80 00 00')
    expect(await register.bytes(1)).toBe('06')
    await register.takes('06 0f 00')
    await register.says('80 00 00')
    expect(sim.state().line).toMatchObject({ repeated: 0 })
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('does not acknowledge an answer to a question that it gave up', async () => {
    const { sim, register } = await serial()
    await register.register()
    sim.accident('lose-link-after-status')
    await register.status()
    register.raw('06')
    await until(() => sim.state().dialogue === null)
    register.apdu('80 00 00')
    expect(await register.quiet()).toBe(true)
    expect(books(sim)).toEqual(['payment 1999 reversed'])
    await register.register()
  })

  it('is silent while nobody can connect', async () => {
    const { sim, register } = await serial()
    sim.accident('refuse-connections')
    register.apdu(REGISTER_SILENT)
    expect(await register.quiet()).toBe(true)
    sim.accident('approve')
    await register.register()
  })

  it('that breaks before the answer reverses the payment', async () => {
    const { sim, register, socket } = await serial()
    await register.register()
    await register.status()
    register.raw('06')
    socket.destroy()
    await until(() => sim.state().dialogue === null)
    expect(books(sim)).toEqual(['payment 1999 reversed'])
  })
})

describe('accidents of the line', () => {
  it('NAK so often as is wished', async () => {
    const { sim, register } = await serial()
    sim.accident('line-nak', { times: 2 })
    expect(sim.active?.()).toContain('line-nak')
    for (const sign of ['15', '15', '06']) {
      register.apdu(REGISTER_SILENT)
      expect(await register.bytes(1)).toBe(sign)
    }
    expect(sim.active?.()).toEqual(['approve'])
  })

  it('a wrong checksum, a lost byte: the repeat is right', async () => {
    const { sim, register } = await serial()
    const whole = frame(Buffer.from('800000', 'hex'))
    sim.accident('line-crc')
    await register.says(REGISTER_SILENT)
    const wrong = await register.bytes(whole.length)
    expect(wrong.slice(0, -2)).toBe(whole.toString('hex').slice(0, -2))
    expect(wrong).not.toBe(whole.toString('hex'))
    sim.accident('line-lost-byte')
    register.raw('15')
    expect(
      new SerialReader().push(Buffer.from(await register.bytes(whole.length - 1), 'hex')),
    ).not.toMatchObject([{ kind: 'frame' }])
    register.raw('15')
    await register.takes('80 00 00')
  })

  it('noise before a frame, and bytes that come one by one', async () => {
    const { sim, register } = await serial()
    sim.accident('line-noise', { bytes: 5 })
    sim.accident('line-split')
    await register.says(REGISTER_SILENT)
    const noise = Buffer.from(await register.bytes(5), 'hex')
    expect([...noise].every(byte => byte >= 0x80)).toBe(true)
    await register.takes('80 00 00')
    sim.accident('line-split', { off: true })
    expect(sim.active?.()).toEqual(['approve'])
  })

  it('need a serial line', async () => {
    const sim = await terminal()
    expect(() => sim.accident('line-nak')).toThrow(/sim\.usage/)
    const { sim: line } = await serial()
    expect(() => line.accident('line-meteor')).toThrow(/sim\.usage/)
    expect(() => line.accident('line-nak', { times: -1 })).toThrow(/sim\.usage/)
  })
})

describe('a pseudo terminal', () => {
  it('is the terminal’s serial port, and stays when the register closes and opens it again', async ({
    skip,
  }) => {
    const folder = mkdtempSync(join(tmpdir(), 'cashdesk-terminal-'))
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'tty')
    const sim = await terminal({ pty: path }).catch((thrown: unknown) => String(thrown))
    if (typeof sim === 'string') {
      expect(sim).toMatch(/sim\.missing-program/)
      skip(sim)
      return
    }
    expect(sim.ports).toEqual({ pty: path })
    for (let round = 0; round < 2; round += 1) {
      const line = await open(path, constants.O_RDWR | constants.O_NOCTTY)
      await line.write(frame(Buffer.from(REGISTER_SILENT.replaceAll(' ', ''), 'hex')))
      const expected = Buffer.concat([Buffer.from('06', 'hex'), frame(Buffer.from('800000', 'hex'))])
      const heard: number[] = []
      while (heard.length < expected.length) {
        const { buffer, bytesRead } = await line.read(Buffer.alloc(64), 0, 64, null)
        heard.push(...buffer.subarray(0, bytesRead))
      }
      expect(Buffer.from(heard).toString('hex')).toBe(expected.toString('hex'))
      await line.write(Buffer.from('06', 'hex'))
      const completion = frame(Buffer.from('060f0a19002952500041490978', 'hex'))
      const { buffer, bytesRead } = await line.read(Buffer.alloc(64), 0, 64, null)
      expect(buffer.subarray(0, bytesRead).toString('hex')).toBe(completion.toString('hex'))
      await line.write(Buffer.concat([Buffer.from('06', 'hex'), frame(Buffer.from('800000', 'hex'))]))
      const { buffer: last } = await line.read(Buffer.alloc(64), 0, 64, null)
      expect(last[0]).toBe(0x06)
      await line.close()
    }
  })
})
