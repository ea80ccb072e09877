// The pad's keys and blocks against the public test data of ANSI X9.24-1 (annex A.4) and X9.24-3 (annex B).
import { describe, expect, test } from 'vitest'
import { pinBlock } from './block.ts'
import { aesScheme, FutureKeys, tdesScheme } from './derivation.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const noFill = (length: number): Uint8Array => new Uint8Array(length)

const TDES_INITIAL = bytes('6AC292FAA1315B4D858AB3A3D7D5933A')
const tdes = (next?: number): FutureKeys =>
  new FutureKeys(tdesScheme('FFFF9876543210E00000'), TDES_INITIAL, next)
const AES_INITIAL = bytes('1273671EA26AC29AFA4D1084127652A1')
const aes = (next?: number): FutureKeys =>
  new FutureKeys(aesScheme('1234567890123456', 16), AES_INITIAL, next)

/** Counter, PIN key, block of PIN 1234 and account 4012345678909 in format 0. */
const ANNEX_A4: readonly (readonly [number, string, string])[] = [
  [0x00001, '042666B49184CF5C68DE9628D0397B36', '1B9C1845EB993A7A'],
  [0x00002, 'C46551CEF9FD244FAA9AD834130D3B38', '10A01C8D02C69107'],
  [0x00003, '0DF3D9422ACA561A47676D07AD6BAD05', '18DC07B94797B466'],
  [0x00004, '279C0F6AEED0BE9A2B2C733E1383AE6E', '0BC79509D5645DF7'],
  [0x00005, '5F8DC6D2C845C1DA508DDC048093B8C0', '5BC0AF22AD87B327'],
  [0x00008, '27F66D5244FF621EAA6F6120EDEB427F', '50E55547A5027551'],
  [0x0000f, '93DD5B956C4878B82E453AAEFD32A555', 'B170F6E7F7F2F64A'],
  [0x00010, '59598DCBD9BD943F94165CE453585FA8', 'D5D9638559EF53D6'],
  [0x00015, 'E161D1956A61F62DF37AFD7F9CC36965', '72105C22EBC791E6'],
  [0x10000, '2F9A0C0B46ECCBA1F8287A7A071AF54B', '19776D96D73AF1E2'],
  [0x80000, '87B9983D9D23047A8D199F5CA0C3DEEC', '1E0F453FD55FCE45'],
  [0xff800, 'F9CDFEBF4F5B1D61B3EC12454527E189', '33365F5CC6F23C35'],
  [0xff801, '5BEE92627E9782A3911BF619DF72CAC4', '3A86BF003F835C9D'],
  [0xff880, 'CA8225C587124D04B87F279C0BE297D8', '22E340D6ABB40981'],
  [0xffc00, 'F9430DF97508246EC77BE4EF4FDB9111', 'DEFC6F09F8927B71'],
  [0x100000, 'AA4D58DB653EC7B548C75F2F047DD24A', '73EC88AD0AC5830E'],
]

describe('a pad with triple DES keys', () => {
  test.each(ANNEX_A4)('has at counter %i the key and the block of annex A.4', (counter, key, block) => {
    const one = tdes(counter).take()
    expect(one?.key.toString('hex').toUpperCase()).toBe(key)
    expect(pinBlock('iso-0', one?.key ?? bytes(''), '1234', '4012345678909', noFill)).toBe(block)
  })

  test('makes the same keys one after the other as it makes when it starts later', () => {
    const pad = tdes()
    for (let entry = 0; entry < 2_100; entry += 1) {
      const { counter } = pad
      expect(pad.take()).toEqual(tdes(counter).take())
    }
    expect(pad.counter).toBeGreaterThan(2_100)
  })

  test('skips counters with more than ten ones, and stops at its last key', () => {
    const near = tdes(0x0007fe)
    expect([near.take()?.ksn, near.take()?.ksn, near.take()?.ksn]).toEqual([
      'FFFF9876543210E007FE',
      'FFFF9876543210E00800',
      'FFFF9876543210E00801',
    ])
    const last = tdes(0x1ff800)
    expect(last.take()?.ksn).toBe('FFFF9876543210FFF800')
    expect(last.take()).toBeUndefined()
  })
})

describe('a pad with AES keys', () => {
  test.each([
    [1, 'AF8CB133A78F8DC2D1359F18527593FB'],
    [2, 'D30BDC73EC9714B000BEC66BDB7B6D09'],
    [3, '7D69F01F3B45449F62C7816ECE723268'],
    [8, '4D9DF3FBEE3448FC3E676D04320A90F5'],
    [8_675_309, 'D1DDA386AA4A556AF0119FDCB5D132C6'],
  ])('has at counter %i the PIN key of annex B', (counter, key) => {
    expect(aes(counter).take()?.key.toString('hex').toUpperCase()).toBe(key)
  })

  test('has 256-bit keys from a 256-bit initial key', () => {
    const initial = bytes('CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F')
    const one = new FutureKeys(aesScheme('1234567890123456', 32), initial).take()
    expect(one?.key.toString('hex').toUpperCase()).toBe(
      '8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502',
    )
  })

  test('encrypts the format 4 blocks of the supplement', () => {
    const fill = (): Uint8Array => bytes('2F69ADDE2E9E7ACE')
    const pad = aes()
    const blocks = [1, 2].map(() =>
      pinBlock('iso-4', pad.take()?.key ?? bytes(''), '1234', '4111111111111111', fill),
    )
    expect(blocks).toEqual(['A912150391AB65A67E52883D81CE2D15', '52A00503BD34BA1383F6A7EE9FE2547F'])
  })

  test('skips counters with more than sixteen ones', () => {
    const near = aes(0x1fffe)
    expect([near.take()?.ksn, near.take()?.ksn]).toEqual([
      '12345678901234560001FFFE',
      '123456789012345600020000',
    ])
  })
})
