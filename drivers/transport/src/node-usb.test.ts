// A USB printer through the published WebUSB interface: the device is handed in, because none is plugged in where this
// runs. What a real one adds (drivers, rights, timing) is not seen here.
import { CashdeskError, type TransportListener } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { type UsbPrinterDevice, usbTransport, usbTransportFrom } from './index.ts'

const PRINTER = {
  configurationValue: 1,
  interfaces: [
    { interfaceNumber: 0, alternates: [{ alternateSetting: 0, interfaceClass: 3, endpoints: [] }] },
    {
      interfaceNumber: 1,
      alternates: [
        {
          alternateSetting: 0,
          interfaceClass: 7,
          endpoints: [
            { endpointNumber: 2, direction: 'out', type: 'bulk' },
            { endpointNumber: 1, direction: 'in', type: 'bulk' },
          ],
        },
      ],
    },
  ],
} as const

/** A printer that WebUSB would show: it keeps what it is sent and answers what the test says. */
class Printer implements UsbPrinterDevice {
  readonly vendorId: number = 0x04b8
  readonly productId: number = 0x0e15
  readonly serialNumber: string = 'A1'
  configuration: typeof PRINTER | null = null
  readonly configurations = [PRINTER]
  readonly calls: string[] = []
  readonly paper: number[] = []
  readonly answers: (Uint8Array | Error)[] = []
  takes: (bytes: Uint8Array) => number | 'stall' | Promise<never> = bytes => bytes.length
  claimedByOthers = false
  readonly #asking: ((how: Error) => void)[] = []

  async open(): Promise<void> {
    this.calls.push('open')
  }
  async close(): Promise<void> {
    this.calls.push('close')
    for (const cancel of this.#asking.splice(0)) cancel(new TypeError('transfer cancelled'))
  }
  async selectConfiguration(value: number): Promise<void> {
    this.calls.push(`configuration ${value}`)
  }
  async claimInterface(number: number): Promise<void> {
    if (this.claimedByOthers) throw new TypeError('interface is busy')
    this.calls.push(`claim ${number}`)
  }
  async releaseInterface(number: number): Promise<void> {
    this.calls.push(`release ${number}`)
  }
  async clearHalt(): Promise<void> {
    this.calls.push('clear')
  }
  async transferIn(): Promise<{ data?: DataView; status: string }> {
    const next = this.answers.shift()
    if (next instanceof Error) throw next
    if (next) return { data: new DataView(next.buffer), status: 'ok' }
    return new Promise((_, reject) => this.#asking.push(reject))
  }
  async transferOut(endpoint: number, data: Uint8Array): Promise<{ bytesWritten: number; status: string }> {
    this.calls.push(`out ${endpoint} ${data.length}`)
    const taken = await this.takes(data)
    if (taken === 'stall') return { bytesWritten: 0, status: 'stall' }
    this.paper.push(...data.slice(0, taken))
    return { bytesWritten: taken, status: 'ok' }
  }
}

function hearing(): TransportListener & { heard: number[]; ended: Promise<CashdeskError | undefined> } {
  const heard: number[] = []
  let tell: (cause: CashdeskError | undefined) => void = () => undefined
  const ended = new Promise<CashdeskError | undefined>(resolve => {
    tell = resolve
  })
  return { heard, ended, data: bytes => void heard.push(...bytes), closed: cause => tell(cause) }
}

const plugged = (...devices: Printer[]): (() => Promise<{ usb: { getDevices(): Promise<Printer[]> } }>) => {
  const usb = { getDevices: async () => devices }
  return async () => ({ usb })
}

describe('a USB printer', () => {
  test('is claimed at its printer interface, takes bytes at the bulk endpoint, and is given back', async () => {
    const device = new Printer()
    const listener = hearing()
    const connection = await usbTransportFrom(plugged(device), { vendorId: 0x04b8 }).open(listener)
    await connection.write(Uint8Array.of(0x1b, 0x40))
    await connection.close()
    await connection.close()
    expect(device.calls).toEqual(['open', 'configuration 1', 'claim 1', 'out 2 2', 'release 1', 'close'])
    expect(device.paper).toEqual([0x1b, 0x40])
    expect(await listener.ended).toBeUndefined()
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'transport.closed' })
  })

  test('is heard, also after questions that ran out of time and a halted endpoint', async () => {
    const device = new Printer()
    device.answers.push(Uint8Array.of(0x16), new Error('transfer timed out'), Uint8Array.of(0x12, 0x12))
    const listener = hearing()
    const connection = await usbTransportFrom(plugged(device)).open(listener)
    while (listener.heard.length < 3) await new Promise(resolve => setTimeout(resolve, 5))
    expect(listener.heard).toEqual([0x16, 0x12, 0x12])
    await connection.close()
  })

  test('gets a long job in pieces, one after the other, and what a piece left over again', async () => {
    const device = new Printer()
    device.takes = bytes => Math.min(bytes.length, 10_000)
    const connection = await usbTransportFrom(plugged(device)).open(hearing())
    const job = Uint8Array.from({ length: 40_000 }, (_, at) => at & 0xff)
    await Promise.all([connection.write(job), connection.write(Uint8Array.of(7))])
    expect(device.paper).toEqual([...job, 7])
    await connection.close()
  })

  test('that is pulled out in mid-job is lost, and nothing is sent again', async () => {
    const device = new Printer()
    device.takes = () => Promise.reject(new TypeError('device disconnected'))
    const listener = hearing()
    const connection = await usbTransportFrom(plugged(device)).open(listener)
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'transport.closed' })
    expect((await listener.ended)?.code).toBe('transport.closed')
    expect(device.calls.filter(call => call.startsWith('out'))).toHaveLength(1)
  })

  test('that stalls is lost too', async () => {
    const device = new Printer()
    device.takes = () => 'stall'
    const connection = await usbTransportFrom(plugged(device)).open(hearing())
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: 'transport.closed',
      detail: { reason: 'stalled' },
    })
  })

  test('that answers no question any more is lost after some, and not asked for ever', async () => {
    const device = new Printer()
    device.answers.push(...Array.from({ length: 50 }, () => new Error('no device')))
    const listener = hearing()
    await usbTransportFrom(plugged(device)).open(listener)
    expect((await listener.ended)?.code).toBe('transport.closed')
    expect(device.answers.length).toBeGreaterThan(40)
  })

  test('whose write never ends does not keep close from ending', async () => {
    const device = new Printer()
    device.takes = () => new Promise<never>(() => undefined)
    const connection = await usbTransportFrom(plugged(device)).open(hearing())
    const stuck = connection.write(Uint8Array.of(1))
    const refused = expect(stuck).rejects.toMatchObject({ code: 'transport.closed' })
    await connection.close()
    await refused
  })

  test('that another program has is claimed, and is not kept open', async () => {
    const device = new Printer()
    device.claimedByOthers = true
    await expect(usbTransportFrom(plugged(device)).open(hearing())).rejects.toMatchObject({
      code: 'transport.claimed',
      detail: { reason: 'interface is busy' },
    })
    expect(device.calls.at(-1)).toBe('close')
  })

  test('is chosen by its ids and its serial number', async () => {
    const other = new Printer()
    Object.defineProperty(other, 'serialNumber', { value: 'B2' })
    const wanted = usbTransportFrom(plugged(new Printer(), other), { serialNumber: 'B2' })
    await (await wanted.open(hearing())).close()
    expect(other.calls).toContain('claim 1')
    await expect(
      usbTransportFrom(plugged(other), { vendorId: 0x0519 }).open(hearing()),
    ).rejects.toMatchObject({
      code: 'transport.unreachable',
    })
    expect(() => usbTransport({ productId: 70_000 })).toThrow('config.invalid')
  })

  test('without the package says what to install; with it and without USB says so', async () => {
    const name = 'usb-that-nobody-installed'
    await expect(usbTransportFrom(() => import(name)).open(hearing())).rejects.toMatchObject({
      code: 'transport.missing-module',
      detail: { install: 'npm install usb@3.1.0' },
    })
    const thrown = await usbTransport({ vendorId: 1, productId: 1 })
      .open(hearing())
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(thrown).toBeInstanceOf(CashdeskError)
    expect(String(thrown)).toMatch(/transport\.(unreachable|missing-module)/)
  })
})
