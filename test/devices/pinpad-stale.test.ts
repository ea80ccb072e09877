// An answer belongs to the entry that was asked last, or to none: late and repeated ones, a line that is cut at every byte, and a
// pad whose keys stand still. Each block is read by the host for the account it was asked for.
import { SimClock, SimNetwork, SimRandom, simulatedPinpad } from '@cashdesk/hardware-sim'
import type { DevicePorts, Pinpad, PinRequest, Transport } from '@cashdesk/kernel'
import { serialPinpad } from '@cashdesk/pinpad'
import { describe, expect, test } from 'vitest'
import { ACCOUNT, asked, bench, codeOf, DUKPT, entered, keyStore, passingOn } from './pinpad-bench.ts'

const OTHER = '4012345678909'
const KEY = { scheme: 'master-session', workingKey: '0123456789ABCDEF' } as const
const FIRST = '71.004010123456789ABCDEF'
const SECOND = '71.00401FEDCBA9876543210'

const packet = (text: string): number[] => {
  const body = [...Buffer.from(text, 'latin1'), 0x03]
  return [0x02, ...body, body.reduce((sum, byte) => sum ^ byte, 0)]
}

/** A pad by the byte: what it says to each request is written down beforehand. */
async function scripted(answers: readonly (string | readonly string[])[]): Promise<{
  readonly pad: Pinpad
  readonly clock: SimClock
  readonly heard: string[]
}> {
  const clock = new SimClock()
  const heard: string[] = []
  const left = [...answers]
  const network = new SimNetwork({ clock, seed: 1 })
  const transport = network.transport('pinpad', till => ({
    data: bytes => {
      const say = (...answer: number[]): void => till.data(Uint8Array.from(answer))
      const type = String.fromCharCode(...bytes.subarray(1, 3))
      if (bytes.length === 1) return
      heard.push(type)
      if (type === 'Z6') say(6, ...[left.shift() ?? ''].flat().flatMap(packet))
      else say(6, 4)
    },
    closed: () => undefined,
  }))
  const pad = serialPinpad({ transport })
  await pad.open(portsOn(clock))
  await clock.settle(3_000)
  return { pad, clock, heard }
}

const portsOn = (clock: SimClock): DevicePorts => ({
  clock,
  random: new SimRandom(1),
  log: () => undefined,
  healthChanged: () => undefined,
})

test('an entry that runs as the driver closes is ended at the pad, too', async () => {
  const { pad, clock, heard } = await scripted([[]])
  const end = pad.enterPin({ ...DUKPT, key: KEY })
  await clock.settle(3_000)
  expect(heard.at(-1)).toBe('Z6')
  await passingOn(clock)(pad.close())
  expect(codeOf(await end)).toBe('unknown pinpad.link-lost')
  expect(heard.at(-1)).toBe('72')
})

test('a block that comes twice at once is one answer', async () => {
  const { pad, clock } = await scripted([FIRST, SECOND].map(text => [text, text]))
  const passing = passingOn(clock)
  for (const account of [ACCOUNT, OTHER])
    expect(codeOf(await passing(pad.enterPin({ ...DUKPT, account, key: KEY })))).toBe('done')
})

describe('a pad that answers with something old', () => {
  test('is not believed, and is told to stop asking; the next entry is a new one', async () => {
    const { pad, clock, heard } = await scripted([FIRST, FIRST, SECOND])
    const enter = (account: string): Promise<string> =>
      passingOn(clock)(pad.enterPin({ ...DUKPT, account, key: KEY })).then(codeOf)
    expect(await enter(ACCOUNT)).toBe('done')
    heard.length = 0
    expect(await enter(OTHER)).toBe('refused pinpad.stale')
    expect(heard).toEqual(['72', 'Z6', '72'])
    expect(await enter(OTHER)).toBe('done')
    expect(pad.health().counts).toMatchObject({ entries: 3, blocks: 2 })
  })

  test.each([
    ['stands still', '9876543210E00002'],
    ['goes back', '9876543210E00001'],
  ])('is refused where its key number %s', async (_how, ksn) => {
    const block = '1B9C1845EB993A7A'
    const { pad, clock } = await scripted([
      `73.000009876543210E00002${block}`,
      `73.00000${ksn}${block.replace('1', '2')}`,
      `73.000009876543210E00003${block}`,
    ])
    const codes: string[] = []
    for (const account of [ACCOUNT, OTHER, ACCOUNT])
      codes.push(codeOf(await passingOn(clock)(pad.enterPin({ ...DUKPT, account }))))
    expect(codes).toEqual(['done', 'refused pinpad.key-reused', 'done'])
  })

  test('is known over a closing and opening of the driver', async () => {
    const { pad, clock } = await scripted([FIRST, FIRST])
    const passing = passingOn(clock)
    expect(codeOf(await passing(pad.enterPin({ ...DUKPT, key: KEY })))).toBe('done')
    await passing(pad.close())
    await pad.open(portsOn(clock))
    const outcome = await passing(pad.enterPin({ ...DUKPT, account: OTHER, key: KEY }))
    expect(codeOf(outcome)).toBe('refused pinpad.stale')
  })
})

test('a block that comes after its entry was given up opens nothing to the next one', async () => {
  const shop = await bench({ scheme: 'master-session' })
  const keys = keyStore()
  const working = await keys.workingKey('tdes')
  const key = { scheme: 'master-session', workingKey: working?.cryptogram ?? '' } as const
  const first = await asked(shop, { ...DUKPT, key })
  // The pad neither hears the till's cancel nor is heard for a while; the customer goes on typing.
  await shop.sim.accident('silence', { times: 3 })
  await shop.pad.cancel()
  expect(codeOf(await shop.passing(first.end))).toBe('unknown pinpad.no-answer')
  shop.sim.press('1111E')
  const second = await asked(shop, { ...DUKPT, account: OTHER, key })
  expect(shop.pad.health().counts).toMatchObject({ strays: expect.any(Number) })
  shop.sim.press('2222E')
  const submitted = {
    account: OTHER,
    block: entered(await shop.passing(second.end)),
    workingKeyId: working?.id ?? '',
  }
  expect(await keys.enrol(submitted)).toBe(await keys.reference(OTHER, '2222'))
})

/** A line that ends behind so many bytes, counted both ways. */
function cutAfter(inner: Transport, bytes: { left: number }): Transport {
  return {
    name: inner.name,
    open: async (listener, options) => {
      const connection = await inner.open(
        {
          data: chunk => {
            for (const byte of chunk) {
              if (bytes.left === 0) return
              bytes.left -= 1
              listener.data(Uint8Array.of(byte))
              if (bytes.left === 0) void connection.close()
            }
          },
          closed: cause => listener.closed(cause),
        },
        options,
      )
      return {
        write: async chunk => {
          const part = chunk.subarray(0, bytes.left)
          bytes.left -= part.length
          if (part.length > 0) await connection.write(part)
          if (bytes.left === 0) await connection.close()
        },
        close: () => connection.close(),
      }
    },
  }
}

describe('a line that breaks', () => {
  test.each(['dukpt', 'master-session'] as const)(
    'behind any byte of an entry costs that entry alone: %s',
    async scheme => {
      const keys = keyStore()
      const working = await keys.workingKey('tdes')
      const key: PinRequest['key'] =
        scheme === 'dukpt' ? { scheme } : { scheme, workingKey: working?.cryptogram ?? '', masterKey: 0 }
      const found = new Set<string>()
      for (let cut = 1; cut < 400; cut += 1) {
        const clock = new SimClock()
        const passing = passingOn(clock)
        const network = new SimNetwork({ clock, seed: cut })
        const sim = simulatedPinpad({ clock, scheme, pin: '1234', fill: length => new Uint8Array(length) })
        const bytes = { left: Number.POSITIVE_INFINITY }
        const pad = serialPinpad({ transport: cutAfter(network.transport('pinpad', sim.peer), bytes) })
        await pad.open(portsOn(clock))
        await clock.settle(3_000)
        bytes.left = cut
        const first = await passing(pad.enterPin({ ...DUKPT, key }))
        found.add(codeOf(first))
        const over = bytes.left > 0
        bytes.left = Number.POSITIVE_INFINITY
        await clock.settle(30_000)
        const second = entered(await passing(pad.enterPin({ ...DUKPT, account: OTHER, key })))
        const submitted = {
          account: OTHER,
          block: second,
          ...(working === undefined ? {} : { workingKeyId: working.id }),
        }
        expect(await keys.verify(submitted, await keys.reference(OTHER, '1234'))).toMatch(
          /^(right|replayed)$/,
        )
        await passing(pad.close())
        if (over) break
      }
      expect([...found].sort()).toEqual(['done', 'unknown pinpad.link-lost'])
    },
  )
})
