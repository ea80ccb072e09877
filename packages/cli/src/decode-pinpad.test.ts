// A capture of the line to a PIN pad, explained with exact offsets and without its secrets.
import { concatBytes, hex } from '@cashdesk/kernel'
import { packetBytes } from '@cashdesk/pinpad'
import { describe, expect, test } from 'vitest'
import type { Decoded } from './decode.ts'
import { decoder } from './decode-pinpad.ts'

const ACK = [6]
const RUNS = Number(process.env['FUZZ'] ?? 2_000)
async function decoded(
  parts: readonly (Uint8Array | readonly number[])[],
  options: { readonly profile?: string } = {},
): Promise<Decoded> {
  const bytes = concatBytes(...parts)
  return await decoder.decode({ bytes, text: hex(bytes) }, options)
}

describe('a capture of a PIN entry', () => {
  test('is explained in both directions', async () => {
    const request = 'Z62.4012345678909\u001cDUKPT ENCRYPTION0412NCARD PIN\u001cEUR 5\u001cWAIT'
    const { fields, problems } = await decoded([
      packetBytes('11', true),
      ACK,
      [4],
      packetBytes(request),
      ACK,
      packetBytes('73.000009876543210E000011B9C1845EB993A7A'),
    ])
    expect(problems).toEqual([])
    expect(fields.map(({ offset, name, value }) => [offset, name, value])).toEqual([
      [0, '11', 'connection test'],
      [5, 'ACK', 'taken'],
      [6, 'EOT', 'session ended or cancelled'],
      [7, 'Z62', 'enter a PIN'],
      [68, 'ACK', 'taken'],
      [69, '73', 'a PIN under DUKPT'],
    ])
    expect(fields[3]?.fields?.map(({ offset, name, value }) => [offset, name, value])).toEqual([
      [12, 'account', '…8909'],
      [26, 'key', 'DUKPT ENCRYPTION'],
      [42, 'fewest digits', '04'],
      [44, 'most digits', '12'],
      [46, 'empty allowed', 'no'],
      [47, 'prompt', 'CARD PIN'],
      [56, 'prompt', 'EUR 5'],
      [62, 'prompt', 'WAIT'],
    ])
    expect(fields[5]?.fields).toMatchObject([
      { offset: 78, length: 16, name: 'KSN', value: 'FFFF9876543210E00001' },
      { offset: 94, length: 16, name: 'PIN block' },
    ])
  })

  test('explains a request under an amount, and shows of a packet that it does not know its length alone', async () => {
    const { fields, problems } = await decoded([
      packetBytes('704012345678909\u001cD19.99'),
      packetBytes('70.4012345678909\u001c0123456789ABCDEF19.99'),
      packetBytes('7801234567890\u001cC19.99'),
    ])
    expect(problems).toEqual([])
    expect(
      fields.map(each => each.fields?.map(({ offset, value }) => [offset, value]) ?? each.value),
    ).toEqual([
      [
        [3, '…8909'],
        [17, 'D'],
        [18, '19.99'],
      ],
      [
        [29, '…8909'],
        [43, 'working key, 16 digits, not shown'],
        [59, '19.99'],
      ],
      'not known, 18 characters, not shown',
    ])
    expect((await decoded([packetBytes('7040123456789\u001c19.99')])).problems).toHaveLength(1)
  })

  test('shows neither account, nor working key, nor block', async () => {
    const said = JSON.stringify(
      await decoded([
        packetBytes('Z60.4012345678909\u001c0123456789ABCDEF'),
        packetBytes('71.00401FEDCBA9876543210'),
      ]),
    )
    expect(said).not.toMatch(/401234567|0123456789ABCDEF|FEDCBA9876543210/)
    expect(said).toContain('…8909')
  })

  test('reads an error letter in the words of the vendor', async () => {
    expect((await decoded([packetBytes('716')])).fields[0]).toMatchObject({
      value: 'error 6',
      meaning: 'pinpad.no-key (master/session), pinpad.used-up (DUKPT)',
    })
    const uic = await decoded([packetBytes('71F'), packetBytes('7109876543210E000011B9C1845EB993A7A')], {
      profile: 'uic',
    })
    expect(uic.fields).toMatchObject([
      { meaning: 'pinpad.refused (master/session), pinpad.used-up (DUKPT)' },
      { value: 'a PIN under DUKPT' },
    ])
    await expect(decoded([], { profile: 'acme' })).rejects.toMatchObject({ code: 'cli.usage' })
  })

  test('keeps blocks, keys and accounts to itself in whatever packet they came to stand', async () => {
    const block = '11B9C1845EB993A7'
    const texts = [`72${block}`, `Z2${block}`, `06${block}`, 'Z24012345678909123', `99${block}`]
    for (const text of texts) {
      const said = JSON.stringify(await decoded([packetBytes(text), packetBytes(text, true)]))
      expect(said).not.toContain(block)
      expect(said).not.toContain('4012345678909123')
    }
  })

  test('says at which byte it is wrong', async () => {
    const spoilt = packetBytes('71A').with(-1, 0)
    const { problems } = await decoded([
      [0x41, 0x42],
      spoilt,
      packetBytes('Z60.12\u001c'),
      packetBytes('73.1'),
      [2, 0x37],
    ])
    expect(problems).toEqual([
      { offset: 0, length: 2, what: 'no signal and no packet' },
      { offset: 7, length: 1, what: 'wrong check' },
      { offset: 9, length: 7, what: 'no request for a PIN' },
      { offset: 19, length: 4, what: 'no answer of this family' },
      { offset: 25, length: 2, what: 'a packet that is cut off' },
    ])
  })

  test('of any bytes at all is explained to its last byte, each once', async () => {
    const good = [
      'Z62.4012345678909\u001cDUKPT ENCRYPTION0412NPIN',
      '73.000009876543210E000011B9C1845EB993A7A',
      '71A',
    ]
    let state = 9
    const pick = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % below
    }
    for (let run = 0; run < RUNS; run += 1) {
      const bytes = concatBytes(
        Uint8Array.from({ length: pick(20) }, () => pick(256)),
        packetBytes(good[pick(3)] ?? '').map(byte => (pick(30) === 0 ? byte ^ (1 << pick(8)) : byte)),
        packetBytes(good[pick(3)] ?? '').subarray(0, pick(30)),
      )
      const { fields, problems } = await decoded([bytes])
      const skipped = problems.filter(({ what }) => /cut off|no signal/.test(what))
      const covered = [...fields, ...skipped].reduce((sum, { length = 0 }) => sum + length, 0)
      expect(covered).toBe(bytes.length)
    }
  })
})
