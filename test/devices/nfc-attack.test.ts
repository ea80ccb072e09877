// What a stranger would try on a real smart-card service: two tills at one reader, a reader process that is stopped or killed while
// a card is spoken to, cards that leave in every command, and storms of cards.
import { isoDep, startCardSim } from '@cashdesk/hardware-sim'
import { hex } from '@cashdesk/kernel'
import { readStorage, selectApplication } from '@cashdesk/nfc'
import { afterEach, describe, expect, it } from 'vitest'
import { card, ended, missing, PACKAGES, ready, serve, TAG, till } from './nfc-bench.ts'

afterEach(ended)

const LONG = [{ text: 'x'.repeat(700) }]
const TOLD = [{ kind: 'text', text: 'x'.repeat(700), language: 'en' }]
const type4 = (): ReturnType<typeof isoDep> => isoDep({ uid: '04112233445566', ndef: LONG })
/** Reads the capability file: whoever selects another file in between spoils it. */
const CAPABILITIES = [
  selectApplication('D2760000850101'),
  Uint8Array.of(0x00, 0xa4, 0x00, 0x0c, 0x02, 0xe1, 0x03),
  Uint8Array.of(0x00, 0xb0, 0x00, 0x00, 0x0f),
]

describe.each(PACKAGES)('through %s', (binding, reason) => {
  const test = it.skipIf((missing ?? reason) !== undefined)

  test('of two tills at one reader one has the card, undisturbed; the other is told, and has it when that ends', async () => {
    await serve()
    const tills = [await till({ binding, name: 'one' }), await till({ binding, name: 'two' })]
    for (const each of tills) await each.until(ready)
    const sim = await card(type4())
    const told = (): typeof tills => tills.filter(({ taps }) => taps.length > 0)
    await Promise.race(tills.map(each => each.until(({ taps }) => taps.length > 0)))
    const [first] = told()
    const second = tills.find(each => each !== first)
    if (first === undefined || second === undefined) throw new Error('nobody was told')
    expect(first.taps[0]?.ndef).toEqual(TOLD)
    for (let round = 0; round < 10; round += 1) {
      const outcome = await first.reader.exchange(CAPABILITIES)
      expect(outcome).toMatchObject({ outcome: 'done' })
      if (outcome.outcome === 'done')
        expect(hex(outcome.data[2] ?? new Uint8Array(0))).toMatch(/^000f20.*9000$/)
    }
    await second.until(({ discards }) => discards.length > 0)
    expect(second.discards.map(({ code }) => code)).toEqual(['nfc.claimed'])
    await first.reader.close()
    await second.until(({ taps }) => taps.length > 0)
    expect(second.taps[0]?.ndef).toEqual(TOLD)
    await sim.remove()
    await second.until(({ gone }) => gone.length === 1)
    expect(second.discards).toHaveLength(1)
  })

  test('two tills that each have a reader of their own leave the other alone; one without says that there is none', async () => {
    const pcscd = await serve()
    const names = ['00 00', 'virtual pcd 00 01', 'Virtual PCD 00 02']
    const [one, two, none] = await Promise.all(names.map(reader => till({ binding, reader })))
    if (one === undefined || two === undefined || none === undefined) throw new Error('no till')
    await Promise.all([one, two].map(each => each.until(ready)))
    await none.until(({ reader }) => reader.health().trouble?.code === 'nfc.no-reader')
    expect(two.health().facts['readers']).toBe('Virtual PCD 00 01')
    await card(TAG())
    const other = await startCardSim({ card: type4(), port: pcscd.port + 1 })
    await Promise.all([one, two].map(each => each.until(({ taps }) => taps.length === 1)))
    expect([one, two].map(({ taps }) => taps[0]?.technology)).toEqual(['type-2', 'iso-dep'])
    expect([one, two, none].flatMap(({ discards }) => discards)).toEqual([])
    await other.close()
  })

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'a reader process that gets %s in mid-exchange: nobody knows, and the till goes on',
    async signal => {
      await serve()
      const one = await till({ binding, answerMs: 500 })
      await one.until(ready)
      const sim = await card(TAG())
      await one.until(({ taps }) => taps.length === 1)
      await sim.accident('slow', { ms: 300 })
      const before = sim.state().commands
      const writing = one.reader.exchange([
        Uint8Array.of(0xff, 0xd6, 0, 10, 4, 1, 2, 3, 4),
        readStorage(10, 4),
      ])
      while (sim.state().commands === before) await new Promise(resolve => setTimeout(resolve, 2))
      process.kill(Number(one.health().facts['process']), signal)
      expect(await writing).toMatchObject({ outcome: 'unknown', error: { code: 'nfc.no-answer' } })
      await sim.accident('slow', { ms: 0 })
      await one.until(({ taps }) => taps.length >= 2)
      // It was done all the same: that is what "nobody knows" means.
      const read = await one.reader.exchange([readStorage(10, 4)])
      expect(read).toMatchObject({ outcome: 'done' })
      if (read.outcome === 'done') expect(hex(read.data[0] ?? new Uint8Array(0))).toBe('010203049000')
    },
  )

  test('a card that leaves in any command of an exchange: done, refused or unknown, and never an answer too many', async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const sim = await card(type4())
    for (let leaves = 1; leaves <= CAPABILITIES.length + 1; leaves += 1) {
      const taps = one.taps.length
      await sim.insert()
      await one.until(each => each.taps.length > taps)
      await sim.accident('remove-in-command', { commands: leaves })
      const outcome = await one.reader.exchange(CAPABILITIES)
      const whole = leaves > CAPABILITIES.length
      expect(outcome).toMatchObject(
        whole
          ? { outcome: 'done', data: { length: 3 } }
          : { outcome: 'unknown', error: { code: 'nfc.no-answer', detail: { answered: leaves - 1 } } },
      )
      await sim.accident('remove-in-command', { commands: 0 })
      await sim.remove()
      await one.until(({ gone }) => gone.length === one.taps.length)
    }
  })

  test('a storm of cards tells each once at most, none half, and the one behind it whole', async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const sim = await card(type4())
    for (let round = 0; round < 10; round += 1) {
      await new Promise(resolve => setTimeout(resolve, (round * 37) % 60))
      await sim.remove()
      await sim.insert()
    }
    // Cards that change places within milliseconds may look like one that stayed, to PC/SC itself on a busy machine. Nobody
    // holds a card to a reader for less than the next one.
    await sim.remove()
    await one.until(({ taps, gone }) => taps.length === gone.length && ready(one))
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const before = one.taps.length
    await sim.insert()
    await one.until(({ taps, gone }) => taps.length > before && taps.length > gone.length)
    for (const { ndef, trouble } of one.taps) {
      // A card that left while it was read has no tap; one that stayed has all of it.
      expect(trouble).toBeUndefined()
      expect(ndef).toEqual(TOLD)
    }
    expect(new Set(one.taps.map(tap => tap.card)).size).toBe(one.taps.length)
    expect(await one.reader.exchange(CAPABILITIES)).toMatchObject({ outcome: 'done' })
  })
})
