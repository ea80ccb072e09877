// An answer to reset explained: every byte has its line, every mistake its offset.
import { describe, expect, it } from 'vitest'
import type { Decoded } from './decode.ts'
import { decoder } from './decode-atr.ts'

const decode = async (text: string): Promise<Decoded> =>
  decoder.decode({ bytes: Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex')), text }, {})

describe('cashdesk decode pcsc', () => {
  it('names the card and explains every byte', async () => {
    const decoded = await decode(decoder.example)
    expect(decoded.kind).toBe('answer to reset, MIFARE Classic 1K')
    expect(decoded.problems).toEqual([])
    expect(decoded.fields.map(({ name }) => name)).toEqual([
      'TS',
      'T0',
      'TD1',
      'TD2',
      'category',
      'application',
      'RID',
      'standard',
      'card name',
      'reserved',
      'TCK',
    ])
    expect(decoded.fields.at(8)).toMatchObject({ offset: 13, length: 2, value: '0001' })
  })

  it('knows a phone', async () => {
    expect((await decode('3B 80 80 01 01')).notes).toContain('technology: iso-dep')
  })

  it('says where it is wrong, and what would be right', async () => {
    const { problems } = await decode('3B 80 80 01 02')
    expect(problems).toEqual([{ offset: 4, what: 'the check byte is wrong: 01 would be right' }])
  })

  it('takes anything that is no answer to reset, and says so', async () => {
    for (const text of ['00', 'FF'.repeat(40), '3B']) expect((await decode(text)).problems).not.toEqual([])
  })
})
