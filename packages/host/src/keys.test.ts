// The host's key store against public test data, and against what must never be: a key that works twice, a secret that
// can be read off.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { SubmittedPin } from './keys.ts'
import { encipher, pinIn } from './keys-blocks.ts'
import { aesPinKey, serialOf, tdesPinKey } from './keys-derivation.ts'
import { memoryKeyStore } from './keys-memory.ts'

const TDES_BDK = '0123456789ABCDEFFEDCBA9876543210'
const AES_BDK = 'FEDCBA9876543210F1F1F1F1F1F1F1F1'
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const shown = (key: Buffer): string => key.toString('hex').toUpperCase()

/** ANSI X9.24-1 annex A.4: end of the KSN, PIN key, block of PIN 1234 for account 4012345678909. */
const ANNEX_A4: readonly (readonly [string, string, string])[] = [
  ['E00001', '042666B49184CF5C68DE9628D0397B36', '1B9C1845EB993A7A'],
  ['E00006', '5E415CB0BAF9F0C3D0C14B63FB62FFBC', 'A16DF70AE36158D8'],
  ['E00007', '0C8F780B7C8B492FAE84A9EB2A6CE69F', '27711C16CB257F8E'],
  ['E00009', '27E31064FDC565968900E2057F658E81', '536CF7F678ACFC8D'],
  ['E0000A', '6CF2500A22507C83C776CEADC1E330EB', 'EDABBA23221833FE'],
  ['E0000E', 'A80046087F5B8FDB5AAD95E1842908B0', 'F17C9E1D72CD4950'],
  ['E00013', 'C3DF489FDF11534BF03DE97C27DC4CD0', '78649BD17D0DFA60'],
  ['E20000', 'DEFDE0EA1043B58D2FA013DE6C4B8F04', '83F14581B8946B2D'],
  ['E40000', '9F59E8536BDB056513C856FCCF9A0981', '96B3ADCBF9F5219C'],
  ['EFF802', '64CA2F8AB93F614F1620B00BF77C73FE', '3DB977D05C36DF3F'],
  ['EFF840', '0E3E221062CB5EFCA384602783A00405', '40870B0F8BA2011C'],
  ['EFFA00', '2B9E2CE7C27503C8E10B54D2989EA650', '849763B43E5F9CFF'],
  ['F00000', 'AA4D58DB653EC7B548C75F2F047DD24A', '73EC88AD0AC5830E'],
]

describe('the key of a transaction', () => {
  test.each(ANNEX_A4)('of KSN …%s is that of annex A.4, and opens its block', (end, key, block) => {
    const derived = tdesPinKey(bytes(TDES_BDK), `FFFF9876543210${end}`)
    expect(shown(derived)).toBe(key)
    expect(pinIn('iso-0', bytes(block), derived, '4012345678909')).toBe('1234')
  })

  test.each([
    ['00000001', 'AF8CB133A78F8DC2D1359F18527593FB'],
    ['00000002', 'D30BDC73EC9714B000BEC66BDB7B6D09'],
    ['00000008', '4D9DF3FBEE3448FC3E676D04320A90F5'],
    ['00845FED', 'D1DDA386AA4A556AF0119FDCB5D132C6'],
  ])('of AES counter %s is that of X9.24-3', (counter, key) => {
    expect(shown(aesPinKey(bytes(AES_BDK), `1234567890123456${counter}`))).toBe(key)
  })

  test('is as long as an AES key it comes from', () => {
    expect(shown(aesPinKey(bytes(AES_BDK + AES_BDK), '123456789012345600000001'))).toBe(
      '8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502',
    )
  })

  test('has a serial number whose counter a pad can reach', () => {
    expect(serialOf('FFFF9876543210E00001')).toEqual({ device: 'tdes 7fffcc3b2a19087', counter: 1 })
    expect(serialOf('123456789012345600845FED')).toEqual({
      device: 'aes 1234567890123456',
      counter: 8_675_309,
    })
    const impossible = [
      'FFFF9876543210E00000',
      'FFFF9876543210E007FF',
      '12345678901234560001FFFF',
      'FFFF',
      'G',
    ]
    expect(impossible.map(serialOf)).toEqual(impossible.map(() => undefined))
  })
})

describe('a PIN block', () => {
  const aesKey = bytes('AF8CB133A78F8DC2D1359F18527593FB')

  test('of format 4 is that of the supplement', () => {
    expect(pinIn('iso-4', bytes('A912150391AB65A67E52883D81CE2D15'), aesKey, '4111111111111111')).toBe('1234')
  })

  test('of format 4 that another implementation published is read', () => {
    const key = bytes('00112233445566778899AABBCCDDEEFF')
    expect(pinIn('iso-4', bytes('E4BE5B623AF7E006AC319E5B93544564'), key, '1234567890123456')).toBe('1234')
  })

  test('is not read with another key, for another account or as another format', () => {
    const block = bytes('A912150391AB65A67E52883D81CE2D15')
    expect(pinIn('iso-4', block, bytes(AES_BDK), '4111111111111111')).toBeUndefined()
    expect(pinIn('iso-4', block, aesKey, '4111111111111112')).toBeUndefined()
    const short = bytes('1B9C1845EB993A7A')
    const key = bytes('042666B49184CF5C68DE9628D0397B36')
    expect(pinIn('iso-3', short, key, '4012345678909')).toBeUndefined()
    expect(pinIn('iso-0', short, key, '4012345678919')).toBeUndefined()
  })

  test('is refused where a digit, the length or the fill is wrong', () => {
    const key = bytes(TDES_BDK)
    // Twelve zeros as the account: the field is the block.
    const made = (field: string): Buffer => encipher('tdes', key, bytes(field))
    const account = '0000000000000'
    expect(pinIn('iso-0', made('041234FFFFFFFFFF'), key, account)).toBe('1234')
    expect(pinIn('iso-0', made('0C123456789012FF'), key, account)).toBe('123456789012')
    for (const field of [
      '031234FFFFFFFFFF',
      '0412A4FFFFFFFFFF',
      '041234FFFFFFFFF0',
      '0D1234567890123F',
      '051234FFFFFFFFFF',
    ]) {
      expect(pinIn('iso-0', made(field), key, account)).toBeUndefined()
    }
    expect(pinIn('iso-3', made('341234ABCDEFABCD'), key, account)).toBe('1234')
  })
})

const ACCOUNT = '4012345678909'
const submitted = (ksnHex: string, blockHex: string, account = ACCOUNT): SubmittedPin => ({
  account,
  block: { format: 'iso-0', blockHex, ksnHex },
})
const store = (): ReturnType<typeof memoryKeyStore> =>
  memoryKeyStore({
    bdks: [
      { ksnPrefix: 'FFFF98', cipher: 'tdes', key: TDES_BDK },
      { ksnPrefix: '12345678', cipher: 'aes', key: AES_BDK },
    ],
    masterKeys: { 'pad 1': { cipher: 'tdes', key: TDES_BDK } },
  })

describe('the key store', () => {
  test('tells the right PIN from a wrong one', async () => {
    const keys = store()
    const right = await keys.reference(ACCOUNT, '1234')
    const wrong = await keys.reference(ACCOUNT, '1235')
    expect(await keys.verify(submitted('FFFF9876543210E00001', '1B9C1845EB993A7A'), right)).toBe('right')
    expect(await keys.verify(submitted('FFFF9876543210E00002', '10A01C8D02C69107'), wrong)).toBe('wrong')
    expect(await keys.verify(submitted('FFFF9876543210E00003', '18DC07B94797B466'), 'no reference')).toBe(
      'wrong',
    )
  })

  test('takes each key once, in any order within its window', async () => {
    const keys = store()
    const right = await keys.reference(ACCOUNT, '1234')
    const [one, two] = [
      submitted('FFFF9876543210E00001', '1B9C1845EB993A7A'),
      submitted('FFFF9876543210E00002', '10A01C8D02C69107'),
    ]
    expect(await keys.verify(two, right)).toBe('right')
    expect(await keys.verify(one, right)).toBe('right')
    expect(await keys.verify(one, right)).toBe('replayed')
    expect(await keys.enrol(two)).toBe('replayed')
  })

  test('takes none that lies behind its window', async () => {
    const keys = store()
    const bdk = bytes(TDES_BDK)
    const blockAt = (counter: number): SubmittedPin => {
      const ksn = `FFFF9876543210E${counter.toString(16).toUpperCase().padStart(5, '0')}`
      const field = encipher('tdes', tdesPinKey(bdk, ksn), bytes('041274EDCBA9876F'))
      return submitted(ksn, shown(field))
    }
    const right = await keys.reference(ACCOUNT, '1234')
    for (let counter = 2; counter <= 66; counter += 1)
      expect(await keys.verify(blockAt(counter), right)).toBe('right')
    expect(await keys.verify(blockAt(1), right)).toBe('replayed')
  })

  test('is not moved by a block that cannot be read', async () => {
    const keys = store()
    const right = await keys.reference(ACCOUNT, '1234')
    expect(await keys.verify(submitted('FFFF9876543210E00001', '0000000000000000'), right)).toBe('unreadable')
    expect(await keys.verify(submitted('FFFF9876543210E00001', '1B9C1845EB993A'), right)).toBe('unreadable')
    expect(await keys.verify(submitted('FFFF9876543210E00001', '1B9C1845EB993A7A'), right)).toBe('right')
  })

  test('knows no key that it does not have', async () => {
    const keys = store()
    const block = '1B9C1845EB993A7A'
    const unknown = ['EEEE9876543210E00001', 'FFFF9876543210E00000', '123456', '']
    for (const ksn of unknown) expect(await keys.enrol(submitted(ksn, block))).toBe('unknown-key')
    expect(await keys.enrol({ account: ACCOUNT, block: { format: 'iso-0', blockHex: block } })).toBe(
      'unknown-key',
    )
    expect(await keys.workingKey('pad 2')).toBeUndefined()
  })

  test('makes working keys that only the pad and itself can open, and forgets the oldest', async () => {
    const keys = store()
    const made = await Promise.all([1, 2, 3, 4, 5].map(() => keys.workingKey('pad 1')))
    expect(new Set(made.map(key => key?.cryptogram)).size).toBe(5)
    const use = (id = ''): Promise<string> =>
      keys.enrol({
        account: ACCOUNT,
        block: { format: 'iso-0', blockHex: '1B9C1845EB993A7A' },
        workingKeyId: id,
      })
    expect(await use(made[0]?.id)).toBe('unknown-key')
    expect(await use(made[4]?.id)).toBe('unreadable')
  })

  test('answers whatever is handed in with a verdict', async () => {
    const keys = store()
    const parts = [
      '',
      'G',
      '0',
      '4012345678909',
      'FFFF9876543210E00001',
      '123456789012345600000001',
      '1B9C1845EB993A7A',
    ]
    const long = 'A912150391AB65A67E52883D81CE2D15'
    for (const account of [...parts, '١٢٣٤٥٦٧٨'])
      for (const ksnHex of parts)
        for (const blockHex of [...parts, long])
          for (const format of ['iso-0', 'iso-3', 'iso-4'] as const) {
            const verdict = await keys.verify({ account, block: { format, blockHex, ksnHex } }, 'ab')
            expect(['wrong', 'unreadable', 'replayed', 'unknown-key']).toContain(verdict)
          }
  })

  test('shows no key, whoever looks at it or at its errors', async () => {
    const keys = store()
    const looks = [inspect(keys, { depth: 9, showHidden: true }), JSON.stringify(keys)].join()
    expect(looks).not.toMatch(/0123456789abcdef|01 23 45 67/i)
    expect(() => memoryKeyStore({ masterKeys: { x: { cipher: 'tdes', key: 'ABCDEF99' } } })).toThrow(
      expect.objectContaining({ code: 'config.invalid', message: expect.not.stringContaining('ABCDEF99') }),
    )
    await expect(keys.reference(ACCOUNT, '99X9')).rejects.toMatchObject({
      message: expect.not.stringContaining('99X9'),
    })
  })
})
