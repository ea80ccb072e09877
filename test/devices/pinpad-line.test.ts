// The line to a PIN pad, spoilt, cut and pulled at any instant in virtual time; and real ones, TCP and a pseudo terminal.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PINPAD_PROGRAM, SimRandom, startPinpadSim } from '@cashdesk/hardware-sim'
import type { DevicePorts } from '@cashdesk/kernel'
import { serialPinpad, tcpPinpad } from '@cashdesk/pinpad'
import { describe, expect, test } from 'vitest'
import { ACCOUNT, asked, bench, codeOf, DUKPT, entered, keyStore } from './pinpad-bench.ts'

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
    const pad = tcpPinpad({
      host: '127.0.0.1',
      port: sim.port,
      timeouts: { openMs: 1_000, ackMs: 500, settleMs: 100 },
    })
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
    await pad.close()
    await sim.close()
  })

  const canPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0
  if (!canPty) console.log('no python3 with pty here: the pad is not tested on a serial line')

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
