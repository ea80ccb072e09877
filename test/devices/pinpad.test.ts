// The PIN pad whole: the real driver, the simulated pad with keys of its own, and the host's key store that reads what
// comes of it. In virtual time on the simulated network, over TCP, and on a real pseudo terminal.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  PINPAD_PROGRAM,
  SimClock,
  SimNetwork,
  SimRandom,
  type SimulatedPinpad,
  type SimulatedPinpadOptions,
  simulatedPinpad,
  startPinpadSim,
} from '@cashdesk/hardware-sim'
import { type KeyStore, memoryKeyStore } from '@cashdesk/host'
import type { DevicePorts, OperationId, Outcome, PinBlock, Pinpad, PinRequest } from '@cashdesk/kernel'
import { type PinpadOptions, serialPinpad, tcpPinpad } from '@cashdesk/pinpad'
import { afterEach, describe, expect, test } from 'vitest'

const ACCOUNT = '6034714625981538'
const OP = '018f0000-0000-7000-8000-000000000001' as OperationId
const DUKPT: PinRequest = { op: OP, account: ACCOUNT, key: { scheme: 'dukpt' } }
const TDES_BDK = '0123456789ABCDEFFEDCBA9876543210'
const AES_BDK = 'FEDCBA9876543210F1F1F1F1F1F1F1F1'

const keyStore = (): KeyStore =>
  memoryKeyStore({
    bdks: [
      { ksnPrefix: 'FFFF98', cipher: 'tdes', key: TDES_BDK },
      { ksnPrefix: '12345678', cipher: 'aes', key: AES_BDK },
    ],
    // The simulated pad's slot 0.
    masterKeys: {
      tdes: { cipher: 'tdes', key: TDES_BDK },
      aes: { cipher: 'aes', key: AES_BDK },
    },
  })

interface Bench {
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly sim: SimulatedPinpad
  readonly pad: Pinpad
  readonly logged: string[]
  passing<T>(work: Promise<T>): Promise<T>
}

const open: Pinpad[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(pad => pad.close()))
})

async function bench(
  simulated: Partial<SimulatedPinpadOptions> = {},
  options: PinpadOptions = {},
  seed = 1,
): Promise<Bench> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed })
  const sim = simulatedPinpad({ clock, fill: length => new SimRandom(seed).bytes(length), ...simulated })
  const pad = serialPinpad({ transport: network.transport('pinpad', sim.peer), ...options })
  const logged: string[] = []
  const ports: DevicePorts = {
    clock,
    random: new SimRandom(seed),
    log: (...line) => void logged.push(JSON.stringify(line)),
    healthChanged: ({ state }) => void logged.push(state),
  }
  await pad.open(ports)
  await clock.settle(3_000)
  return { clock, network, sim, pad, logged, passing: passingOn(clock) }
}

/** Lets virtual time pass until `work` is done. */
function passingOn(clock: SimClock): Bench['passing'] {
  return async work => {
    let over = false
    const ended = work.finally(() => {
      over = true
    })
    ended.catch(() => undefined)
    const untilMs = clock.monotonicMs() + 3_600_000
    while (!over && clock.monotonicMs() < untilMs) await clock.settle(clock.untilNextMs() ?? 0)
    if (!over) throw new TypeError('it did not end in time')
    return await ended
  }
}

/** Starts an entry and waits until the pad asks. */
async function asked(
  { pad, clock, sim }: Bench,
  request: PinRequest = DUKPT,
): Promise<{ end: Promise<Outcome<PinBlock>> }> {
  const end = pad.enterPin(request)
  for (let wait = 0; wait < 2_000 && !sim.state().entering; wait += 1) await clock.settle(10)
  expect(sim.state().entering).toBe(true)
  return { end }
}

const entered = (outcome: Outcome<PinBlock>): PinBlock => {
  if (outcome.outcome !== 'done') throw new TypeError(outcome.error.code)
  return outcome.data
}
const codeOf = (outcome: Outcome<unknown>): string =>
  outcome.outcome === 'done' ? 'done' : `${outcome.outcome} ${outcome.error.code}`

describe('a PIN typed at a pad', () => {
  test.each([
    ['verifone', 'tdes', 'iso-0'],
    ['verifone', 'tdes', 'iso-3'],
    ['verifone', 'aes', 'iso-4'],
    ['uic', 'tdes', 'iso-0'],
    ['uic', 'aes', 'iso-4'],
  ] as const)('under DUKPT reaches the host alone: %s, %s, %s', async (vendor, cipher, format) => {
    const short = format === 'iso-4' ? 'iso-0' : format
    const shop = await bench({ vendor, cipher, format: short }, { profile: vendor, blockFormat: short })
    const keys = keyStore()
    const reference = await keys.reference(ACCOUNT, '73912')
    for (const [typed, verdict] of [
      ['73912', 'right'],
      ['73913', 'wrong'],
      ['7391C73912', 'right'],
    ] as const) {
      const { end } = await asked(shop)
      shop.sim.press(`${typed}E`)
      const block = entered(await shop.passing(end))
      expect(block).toMatchObject({ format })
      expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe(verdict)
      expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe('replayed')
    }
    expect(shop.pad.health()).toMatchObject({ state: 'ready', counts: { entries: 3, blocks: 3, strays: 0 } })
  })

  test.each([
    ['verifone', 'tdes'],
    ['uic', 'tdes'],
    ['verifone', 'aes'],
  ] as const)("under the host's working key says how many digits it has: %s, %s", async (vendor, cipher) => {
    const shop = await bench({ vendor, cipher, scheme: 'master-session' }, { profile: vendor })
    const keys = keyStore()
    const working = await keys.workingKey(cipher)
    const reference = await keys.reference(ACCOUNT, '123456')
    const { end } = await asked(shop, {
      ...DUKPT,
      key: { scheme: 'master-session', workingKey: working?.cryptogram ?? '', masterKey: 0 },
    })
    shop.sim.press('123456E')
    const block = entered(await shop.passing(end))
    expect(block).toMatchObject({ digits: 6 })
    const submitted = { account: ACCOUNT, block, workingKeyId: working?.id ?? '' }
    expect(await keys.verify(submitted, reference)).toBe('right')
  })

  test('is held to its limits, under the prompt and the amount that the till names', async () => {
    const shop = await bench()
    const request = {
      prompt: 'GIFT CARD PIN',
      minDigits: 6,
      maxDigits: 6,
      amount: { amountMinor: 1_250, currency: 'EUR' },
    }
    const { end } = await asked(shop, { ...DUKPT, ...request })
    expect(shop.sim.state().display).toBe('GIFT CARD PIN\nEUR 12.50')
    shop.sim.press('1234E')
    expect(shop.sim.state()).toMatchObject({ entering: true, typed: '****' })
    shop.sim.press('567890E')
    const block = entered(await shop.passing(end))
    const keys = keyStore()
    const reference = await keys.reference(ACCOUNT, '123456')
    expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe('right')
    expect(shop.sim.state().display).toBe('PLEASE WAIT')
  })

  test('agrees with the host over many keys, PINs and accounts', async () => {
    const random = new SimRandom(20)
    for (const [cipher, counter] of [
      ['tdes', 1],
      ['tdes', 0x0ff000],
      ['aes', 1],
      ['aes', 0xfff0_0000],
    ] as const) {
      const shop = await bench({ cipher, counter })
      const keys = keyStore()
      for (let round = 0; round < 60; round += 1) {
        const [length = 0, size = 0] = random.bytes(2)
        const digits = [...random.bytes(32)].map(byte => byte % 10).join('')
        const pin = digits.slice(0, 4 + (length % 9))
        const account = digits.slice(12, 12 + 8 + (size % 12))
        const { end } = await asked(shop, { ...DUKPT, account })
        shop.sim.press(`${pin}E`)
        const block = entered(await shop.passing(end))
        expect(await keys.enrol({ account, block })).toBe(await keys.reference(account, pin))
      }
    }
  })

  test('never stands in a log, nor does its block, nor more of the account than four digits', async () => {
    const shop = await bench()
    const { end } = await asked(shop)
    shop.sim.press('482915E')
    const block = entered(await shop.passing(end))
    await shop.passing(shop.pad.enterPin({ ...DUKPT, account: 'x' }))
    const said = [...shop.logged, JSON.stringify(shop.pad.health()), JSON.stringify(shop.sim.state())].join(
      '\n',
    )
    expect(said).toContain('…1538')
    for (const secret of ['482915', block.blockHex, block.ksnHex ?? '-', ACCOUNT, ACCOUNT.slice(0, 6)]) {
      expect(said).not.toContain(secret)
    }
  })
})

describe('an entry without a PIN', () => {
  test('is refused when the customer cancels, when time runs out and when the till stops it', async () => {
    const shop = await bench({ entryMs: 30_000 })
    const first = await asked(shop)
    shop.sim.press('12X')
    expect(codeOf(await shop.passing(first.end))).toBe('refused pinpad.cancelled')
    const second = await asked(shop)
    shop.sim.press('12')
    expect(codeOf(await shop.passing(second.end))).toBe('refused pinpad.cancelled')
    const third = await asked(shop)
    await shop.pad.cancel()
    expect(codeOf(await shop.passing(third.end))).toBe('refused pinpad.stopped')
    const stop = new AbortController()
    const fourth = shop.pad.enterPin(DUKPT, { signal: stop.signal })
    await shop.clock.settle(1_000)
    stop.abort()
    expect(codeOf(await shop.passing(fourth))).toBe('refused pinpad.stopped')
    expect(shop.sim.state()).toMatchObject({ entering: false, typed: '' })
    const last = await asked(shop)
    shop.sim.press('1234E')
    expect(codeOf(await shop.passing(last.end))).toBe('done')
  })

  test('is one at a time', async () => {
    const shop = await bench()
    const first = await asked(shop)
    expect(shop.pad.health().state).toBe('busy')
    expect(codeOf(await shop.pad.enterPin(DUKPT))).toBe('refused pinpad.busy')
    expect(codeOf(await shop.pad.show('HELLO'))).toBe('refused pinpad.busy')
    shop.sim.press('1234E')
    expect(codeOf(await shop.passing(first.end))).toBe('done')
  })

  test('is refused before anything is sent where the request is none', async () => {
    const shop = await bench()
    const heard = shop.sim.state().packetsHeard
    const wrong: readonly Partial<PinRequest>[] = [
      { account: '1234567' },
      { account: '12345678901234567890' },
      { account: '12345678\u001c' },
      { minDigits: 3 },
      { maxDigits: 13 },
      { minDigits: 8, maxDigits: 6 },
      { prompt: 'A PROMPT OF MORE THAN SIXTEEN' },
      { prompt: 'PIN\u0003' },
      { prompt: '' },
      { prompt: 'ONE\nTWO\nTHREE' },
      { key: { scheme: 'master-session', workingKey: '0123' } },
      { key: { scheme: 'master-session', workingKey: '0123456789ABCDEF', masterKey: 10 } },
    ]
    for (const part of wrong)
      expect(codeOf(await shop.pad.enterPin({ ...DUKPT, ...part }))).toBe('refused pinpad.request')
    expect(shop.sim.state().packetsHeard).toBe(heard)
  })

  test('is refused in the words of its vendor: no key, a strange prompt, a wrong working key', async () => {
    const uic = await bench({ vendor: 'uic' }, { profile: 'uic' })
    const strange = uic.pad.enterPin({ ...DUKPT, prompt: 'YOUR PASSWORD' })
    expect(codeOf(await uic.passing(strange))).toBe('refused pinpad.cancelled')
    for (const vendor of ['verifone', 'uic'] as const) {
      const session = await bench({ vendor, scheme: 'master-session', masterKeys: {} }, { profile: vendor })
      const key = { scheme: 'master-session', workingKey: TDES_BDK } as const
      const refusal = await session.passing(session.pad.enterPin({ ...DUKPT, key }))
      expect(codeOf(refusal)).toBe('refused pinpad.no-key')
      expect(refusal).toMatchObject({ error: { outcome: 'none' } })
    }
    const tdes = await bench({ scheme: 'master-session', cipher: 'aes' })
    const single = { scheme: 'master-session', workingKey: '0123456789ABCDEF' } as const
    expect(codeOf(await tdes.passing(tdes.pad.enterPin({ ...DUKPT, key: single })))).toBe(
      'refused pinpad.working-key',
    )
  })

  test('is refused by a pad that somebody opened', async () => {
    const shop = await bench()
    const during = await asked(shop)
    await shop.sim.accident('tamper')
    expect(codeOf(await shop.passing(during.end))).toBe('refused pinpad.cancelled')
    expect(codeOf(await shop.passing(shop.pad.enterPin(DUKPT)))).toBe('refused pinpad.no-key')
  })

  test('is refused when the pad has used its last key', async () => {
    const shop = await bench({ counter: 0x1ff800 })
    const { end } = await asked(shop)
    shop.sim.press('1234E')
    expect(entered(await shop.passing(end)).ksnHex).toBe('FFFF9876543210FFF800')
    const after = await asked(shop)
    shop.sim.press('1234E')
    expect(codeOf(await shop.passing(after.end))).toBe('refused pinpad.used-up')
  })

  test('is refused when the pad uses a key twice', async () => {
    const shop = await bench()
    const first = await asked(shop)
    shop.sim.press('1234E')
    await shop.passing(first.end)
    await shop.sim.accident('wrong-ksn')
    const second = await asked(shop)
    shop.sim.press('1234E')
    expect(codeOf(await shop.passing(second.end))).toBe('refused pinpad.key-reused')
  })
})

describe('a line that is spoilt', () => {
  test.each([
    ['bad-lrc', { times: 2 }],
    ['noise', { times: 1 }],
    ['repeat', { times: 1 }],
    ['half', { times: 1 }],
    ['slow', { ms: 8 }],
  ] as const)('still brings the block: %s', async (accident, args) => {
    const shop = await bench()
    const keys = keyStore()
    const reference = await keys.reference(ACCOUNT, '1234')
    for (let round = 0; round < 3; round += 1) {
      const { end } = await asked(shop)
      await shop.sim.accident(accident, args)
      shop.sim.press('1234E')
      const block = entered(await shop.passing(end))
      expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe('right')
    }
  })

  test('is overcome when the pad refuses or misses a packet', async () => {
    for (const accident of ['nak', 'silence']) {
      const shop = await bench()
      await shop.sim.accident(accident, { times: 2 })
      const { end } = await asked(shop)
      shop.sim.press('1234E')
      expect(codeOf(await shop.passing(end))).toBe('done')
      expect(shop.pad.health().counts).toMatchObject({ repeats: 2 })
    }
  })

  test('ends an entry that can come to nothing, and the next one is asked anew', async () => {
    const cases = [
      ['bad-lrc', 'unknown pinpad.malformed'],
      ['nak', 'refused pinpad.refused'],
      ['silence', 'unknown pinpad.no-answer'],
    ] as const
    for (const [accident, code] of cases) {
      const shop = await bench()
      const early = accident === 'bad-lrc' ? await asked(shop) : undefined
      await shop.sim.accident(accident, { times: 1_000 })
      const end = early?.end ?? shop.pad.enterPin(DUKPT)
      shop.sim.press('1234E')
      expect(codeOf(await shop.passing(end))).toBe(code)
      await shop.sim.accident('recover')
      await shop.clock.settle(20_000)
      const { end: next } = await asked(shop)
      shop.sim.press('1234E')
      expect(codeOf(await shop.passing(next))).toBe('done')
    }
  })

  test('never hands the block of an entry to the next one', async () => {
    const shop = await bench({ scheme: 'master-session' })
    const keys = keyStore()
    const working = await keys.workingKey('tdes')
    const key = { scheme: 'master-session', workingKey: working?.cryptogram ?? '' } as const
    const first = await asked(shop, { ...DUKPT, key })
    // The pad's answer breaks off, and would come again in three seconds: the till does not wait for that.
    await shop.sim.accident('half', { times: 2 })
    shop.sim.press('1111E')
    await shop.pad.cancel()
    expect(codeOf(await shop.passing(first.end))).not.toBe('done')
    const second = await asked(shop, { ...DUKPT, account: '4012345678909', key })
    await shop.clock.settle(10_000)
    shop.sim.press('2222E')
    const block = entered(await shop.passing(second.end))
    const submitted = { account: '4012345678909', block, workingKeyId: working?.id ?? '' }
    expect(await keys.enrol(submitted)).toBe(await keys.reference('4012345678909', '2222'))
  })

  test('that breaks in the answer loses the PIN, says so, and comes back', async () => {
    const shop = await bench()
    const { end } = await asked(shop)
    await shop.sim.accident('cut')
    shop.sim.press('1234E')
    const lost = await shop.passing(end)
    expect(codeOf(lost)).toBe('unknown pinpad.link-lost')
    expect(lost).toMatchObject({ error: { outcome: 'none', retry: 'new' } })
    const { end: again } = await asked(shop)
    shop.sim.press('1234E')
    expect(codeOf(await shop.passing(again))).toBe('done')
  })

  test('may be pulled at any instant, and is found again', async () => {
    for (let afterMs = 0; afterMs < 60; afterMs += 3) {
      const shop = await bench({ pin: '1234' }, {}, afterMs + 1)
      const end = shop.pad.enterPin(DUKPT)
      shop.clock.after(afterMs, () => void shop.sim.accident('unplug'))
      expect(codeOf(await shop.passing(end))).toMatch(/^(done|(refused|unknown) pinpad\.(link-lost|absent))$/)
      await shop.clock.settle(1_000)
      expect(codeOf(await shop.passing(shop.pad.enterPin(DUKPT)))).toBe('refused pinpad.absent')
      await shop.sim.accident('plug')
      await shop.clock.settle(20_000)
      expect(codeOf(await shop.passing(shop.pad.enterPin(DUKPT)))).toBe('done')
    }
  })

  test('cut, split, joined and delayed by chance never brings a wrong block', async () => {
    let blocks = 0
    for (let seed = 1; seed <= 40; seed += 1) {
      const shop = await bench({ pin: '4711' }, {}, seed)
      const keys = keyStore()
      const reference = await keys.reference(ACCOUNT, '4711')
      shop.network.set({ chunkDelayed: 0.1, chunkSplit: 0.3, chunksJoined: 0.2, streamCut: 0.03 })
      for (let round = 0; round < 5; round += 1) {
        const outcome = await shop.passing(shop.pad.enterPin(DUKPT))
        if (outcome.outcome === 'done') {
          blocks += 1
          expect(await keys.verify({ account: ACCOUNT, block: outcome.data }, reference)).toBe('right')
        } else expect(outcome.error).toMatchObject({ outcome: 'none' })
      }
      shop.network.heal()
      await shop.clock.settle(60_000)
      expect(codeOf(await shop.passing(shop.pad.enterPin(DUKPT)))).toBe('done')
      await shop.pad.close()
    }
    expect(blocks).toBeGreaterThan(100)
  })
})

describe('a pad that is there', () => {
  test('shows texts', async () => {
    const shop = await bench()
    expect(codeOf(await shop.passing(shop.pad.show('THANK YOU')))).toBe('done')
    expect(shop.sim.state().display).toBe('THANK YOU')
    expect(codeOf(await shop.passing(shop.pad.show('TOTAL\nEUR 12.50')))).toBe('done')
    expect(shop.sim.state().display).toBe('TOTAL\nEUR 12.50')
    expect(codeOf(await shop.pad.show('Grüße'))).toBe('refused pinpad.request')
  })

  test('is told from a line on which nobody answers', async () => {
    const clock = new SimClock()
    const network = new SimNetwork({ clock, seed: 3 })
    const silent = { data: () => undefined, closed: () => undefined }
    const pad = serialPinpad({ transport: network.transport('pinpad', () => silent) })
    open.push(pad)
    const states: string[] = []
    const log = (): void => undefined
    await pad.open({
      clock,
      random: new SimRandom(1),
      log,
      healthChanged: ({ state }) => void states.push(state),
    })
    await clock.settle(60_000)
    expect(pad.health()).toMatchObject({ state: 'absent', trouble: { code: 'pinpad.absent' } })
    expect(codeOf(await passingOn(clock)(pad.enterPin(DUKPT)))).toBe('refused pinpad.absent')
    await passingOn(clock)(pad.close())
    expect(states).toEqual(['opening', 'absent', 'closed'])
  })
})

/** A real clock, for real wires. */
const ports = (states: string[] = []): DevicePorts => ({
  clock: {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs, wake) => {
      const timer = setTimeout(wake, delayMs)
      return () => clearTimeout(timer)
    },
  },
  random: new SimRandom(1),
  log: () => undefined,
  healthChanged: ({ state }) => void states.push(state),
})

describe('over a real wire', () => {
  test('a pad on TCP is asked, pulled, plugged in and asked again', async () => {
    const sim = await startPinpadSim({ pin: '8642' })
    const pad = tcpPinpad({ host: '127.0.0.1', port: sim.port, timeouts: { ackMs: 500, settleMs: 100 } })
    open.push(pad)
    const keys = keyStore()
    const reference = await keys.reference(ACCOUNT, '8642')
    await pad.open(ports())
    for (let round = 0; round < 3; round += 1) {
      const block = entered(await pad.enterPin(DUKPT))
      expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe('right')
      await sim.accident('unplug')
      expect(codeOf(await pad.enterPin(DUKPT))).toMatch(/^(refused pinpad.absent|unknown pinpad.link-lost)$/)
      await sim.accident('plug')
    }
    await sim.close()
  })

  const canPty =
    process.platform !== 'win32' &&
    (spawnSync('python3', ['-c', 'import pty']).status === 0 || spawnSync('socat', ['-V']).status === 0)
  if (!canPty) console.log('neither socat nor python3 with pty here: the pad is not tested on a serial line')

  test.runIf(canPty)(
    'the program on a pseudo terminal is a pad on a serial line, driven by its script',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cashdesk-pinpad-'))
      const path = join(folder, 'pad')
      const sim = await PINPAD_PROGRAM.start({
        port: '0',
        host: '127.0.0.1',
        counter: '77',
        'entry-ms': '60000',
        pty: path,
      })
      const pad = serialPinpad({ path, baudRate: 19_200, timeouts: { ackMs: 500 } })
      try {
        await pad.open(ports())
        const end = pad.enterPin({ ...DUKPT, prompt: 'GIFT CARD PIN' })
        while (!JSON.stringify(await sim.state()).includes('"entering":true')) await new Promise(setImmediate)
        await sim.accident('press', { keys: '555' })
        await sim.accident('key-5', { keys: '5' })
        expect(await sim.state()).toMatchObject({ typed: '****', display: 'GIFT CARD PIN' })
        await sim.accident('key-enter', { keys: 'E' })
        const block = entered(await end)
        expect(block.ksnHex).toBe('FFFF9876543210E0004D')
        const keys = keyStore()
        const reference = await keys.reference(ACCOUNT, '5555')
        expect(await keys.verify({ account: ACCOUNT, block }, reference)).toBe('right')
      } finally {
        await pad.close()
        await sim.close()
        await rm(folder, { recursive: true, force: true })
      }
    },
  )
})
