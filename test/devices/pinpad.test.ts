// The PIN pad whole: the real driver, the simulated pad with keys of its own, and the host's key store that reads what
// comes of it; in virtual time.
import { SimClock, SimNetwork, SimRandom } from '@cashdesk/hardware-sim'
import type { PinRequest } from '@cashdesk/kernel'
import { serialPinpad } from '@cashdesk/pinpad'
import { describe, expect, test } from 'vitest'
import {
  ACCOUNT,
  asked,
  bench,
  codeOf,
  DUKPT,
  entered,
  keyStore,
  passingOn,
  TDES_BDK,
} from './pinpad-bench.ts'

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

  test('stands under an amount on a pad that shows one by itself, in its currency', async () => {
    for (const scheme of ['dukpt', 'master-session'] as const) {
      const shop = await bench({ vendor: 'uic', scheme }, { profile: 'uic' })
      const keys = keyStore()
      const working = await keys.workingKey('tdes')
      const key: PinRequest['key'] =
        scheme === 'dukpt' ? { scheme } : { scheme, workingKey: working?.cryptogram ?? '', masterKey: 0 }
      const amount = { amountMinor: 1_250, currency: 'USD' }
      const { end } = await asked(shop, { ...DUKPT, key, amount })
      expect(shop.sim.state().display).toBe('TOTAL AMOUNT\n$12.50\nENTER PIN')
      shop.sim.press('4321E')
      const submitted = {
        account: ACCOUNT,
        block: entered(await shop.passing(end)),
        workingKeyId: working?.id ?? '',
      }
      expect(await keys.verify(submitted, await keys.reference(ACCOUNT, '4321'))).toBe('right')
    }
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
