// The link that keeps a connection open, on a hand-moved clock and a transport whose fate the test decides.
import { CashdeskError, type Clock, type Transport, type TransportListener } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { keepOpen, type Link } from './index.ts'

/** Time that passes only when the test says so. */
class HandClock implements Clock {
  nowMs = 0
  readonly delays: number[] = []
  #timers: { at: number; wake: () => void }[] = []
  now(): number {
    return this.nowMs
  }
  monotonicMs(): number {
    return this.nowMs
  }
  after(delayMs: number, wake: () => void): () => void {
    const timer = { at: this.nowMs + delayMs, wake }
    this.delays.push(delayMs)
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    for (const timer of this.#timers.filter(({ at }) => at <= this.nowMs)) {
      this.#timers = this.#timers.filter(other => other !== timer)
      timer.wake()
    }
    await settled()
  }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A device that is there or not, with at most one connection. */
class Device implements Transport {
  readonly name = 'a device'
  present = true
  missingModule = false
  overlap = false
  listener: TransportListener | undefined
  readonly got: number[] = []

  async open(
    listener: TransportListener,
  ): Promise<{ write(b: Uint8Array): Promise<void>; close(): Promise<void> }> {
    if (this.missingModule) throw new CashdeskError('transport.missing-module')
    if (!this.present) throw new CashdeskError('transport.unreachable')
    if (this.listener !== undefined) this.overlap = true
    this.listener = listener
    return {
      write: async bytes => void this.got.push(...bytes),
      close: async () => {
        await settled()
        if (this.listener === listener) this.listener = undefined
        listener.closed()
      },
    }
  }

  unplug(): void {
    const { listener } = this
    this.present = false
    this.listener = undefined
    listener?.closed(new CashdeskError('transport.closed'))
  }
}

function start(device: Device): { clock: HandClock; link: Link; told: string[] } {
  const clock = new HandClock()
  const told: string[] = []
  const link = keepOpen(
    device,
    {
      up: () => told.push('up'),
      down: error => told.push(error.code),
      data: bytes => told.push(`data ${[...bytes].join(' ')}`),
    },
    { clock, firstDelayMs: 100, maxDelayMs: 400 },
  )
  return { clock, link, told }
}

describe('a link', () => {
  test('opens at once, passes bytes, and opens again after a loss', async () => {
    const device = new Device()
    const { clock, link, told } = start(device)
    await settled()
    device.listener?.data(Uint8Array.of(7))
    await link.write(Uint8Array.of(1, 2))
    device.unplug()
    device.present = true
    await clock.pass(100)
    expect(told).toEqual(['up', 'data 7', 'transport.closed', 'up'])
    expect(device.got).toEqual([1, 2])
    expect(link.counts).toEqual({ connects: 2, vain: 0, losses: 1 })
  })

  test('waits twice as long after each vain attempt, up to its bound, and short again after a steady time', async () => {
    const device = new Device()
    device.present = false
    const { clock, told } = start(device)
    await settled()
    for (const ms of [100, 200, 400, 400]) await clock.pass(ms)
    expect(clock.delays).toEqual([100, 200, 400, 400, 400])
    device.present = true
    await clock.pass(400)
    expect(told.at(-1)).toBe('up')
    await clock.pass(60_000)
    device.unplug()
    expect(clock.delays.at(-1)).toBe(100)
  })

  test('a device that takes connections and drops them at once is not hammered', async () => {
    const device = new Device()
    const { clock } = start(device)
    await settled()
    for (const ms of [100, 200, 400]) {
      device.unplug()
      device.present = true
      await clock.pass(ms)
    }
    expect(clock.delays).toEqual([100, 200, 400])
  })

  test('somebody who waits for it makes it try at once, and hears why when it is in vain', async () => {
    const device = new Device()
    device.present = false
    const { clock, link } = start(device)
    await settled()
    device.present = true
    await link.whenUp(50)
    expect(link.isUp).toBe(true)
    device.unplug()
    const waiting = link.whenUp(50)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'transport.unreachable' })
    await settled()
    await clock.pass(50)
    await refused
  })

  test('gives up for good when trying again cannot help', async () => {
    const device = new Device()
    device.missingModule = true
    const { clock, link, told } = start(device)
    await settled()
    expect(link.state).toBe('failed')
    expect(told).toEqual(['transport.missing-module'])
    expect(clock.delays).toEqual([])
    await expect(link.whenUp(50)).rejects.toMatchObject({ code: 'transport.missing-module' })
  })

  test('a transport that tells of the end while it closes loses a dropped connection once', async () => {
    let opened = 0
    const clock = new HandClock()
    const transport: Transport = {
      name: 'at once',
      open: async listener => {
        opened += 1
        return { write: async () => undefined, close: async () => listener.closed() }
      },
    }
    const link = keepOpen(transport, { up() {}, down() {}, data() {} }, { clock, firstDelayMs: 100 })
    await settled()
    link.drop(new CashdeskError('transport.closed'))
    await link.whenUp(1000)
    await clock.pass(1000)
    expect(link.counts).toEqual({ connects: 2, vain: 0, losses: 1 })
    expect(opened).toBe(2)
  })

  test('a dropped connection is gone before the next one is opened, and its late bytes are not heard', async () => {
    const device = new Device()
    const { clock, link, told } = start(device)
    await settled()
    const old = device.listener
    link.drop(new CashdeskError('transport.closed'))
    old?.data(Uint8Array.of(9))
    await clock.pass(100)
    await settled()
    expect(told).toEqual(['up', 'transport.closed', 'up'])
    expect(device.overlap).toBe(false)
  })

  test('after close nothing is said, nothing is opened, and no timer is left', async () => {
    const device = new Device()
    const { clock, link, told } = start(device)
    await settled()
    await link.close()
    device.listener?.data(Uint8Array.of(1))
    await clock.pass(100_000)
    expect(told).toEqual(['up'])
    expect(device.listener).toBeUndefined()
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'transport.closed' })
    await expect(link.whenUp(1)).rejects.toMatchObject({ code: 'transport.closed' })
  })

  test('close during an attempt releases what that attempt opens', async () => {
    const device = new Device()
    const { link, told } = start(device)
    await link.close()
    await settled()
    expect(device.listener).toBeUndefined()
    expect(told).toEqual([])
  })
})
