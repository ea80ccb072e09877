// Answers to reset, as readers report them and as no reader should.
import { fromHex, type NfcTechnology } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { readAtr } from './atr.ts'

const storage = (name: string, check: string): string => `3B8F8001804F0CA000000306 03${name}00000000${check}`

describe('an answer to reset', () => {
  it.each<[string, NfcTechnology, string | undefined]>([
    [storage('0001', '6A'), 'mifare-classic', 'MIFARE Classic 1K'],
    [storage('0002', '69'), 'mifare-classic', 'MIFARE Classic 4K'],
    [storage('0003', '68'), 'type-2', 'MIFARE Ultralight or NTAG'],
    [storage('003A', '51'), 'type-2', 'MIFARE Ultralight C'],
    ['3B8F8001804F0CA00000030611003B0000000042', 'felica', 'FeliCa'],
    ['3B8F8001804F0CA0000003060B00140000000077', 'iso-15693', 'ICODE SLI'],
    ['3B8F8001804F0CA00000030603FFFF000000006B', 'other-storage', undefined],
    ['3B80800101', 'iso-dep', undefined],
    ['3B8180018080', 'iso-dep', undefined],
    ['3B8A80010031C173C8400000900090', 'iso-dep', undefined],
    ['3B6500002063CBA000', 'contact', undefined],
  ])('of %s says what the card is', (atr, technology, product) => {
    const read = readAtr(fromHex(atr))
    expect(read.technology).toBe(technology)
    expect(read.product).toBe(product)
    expect(read.problems).toEqual([])
    expect(read.contactless).toBe(technology !== 'contact')
  })

  it('is explained byte for byte, without a gap and without an overlap', () => {
    const atr = fromHex(storage('0001', '6A'))
    let at = 0
    for (const field of readAtr(atr).fields) {
      expect(field.offset).toBe(at)
      at += field.length
    }
    expect(at).toBe(atr.length)
  })

  it.each([
    ['', 0, 'at least'],
    ['3B', 1, 'at least'],
    ['018080', 0, 'TS'],
    ['3B808001', 4, 'TCK is missing'],
    ['3B80800102', 4, '01 would be right'],
    ['3B8080010101', 5, 'behind the end'],
    ['3B8F80010102', 6, '13 historical bytes missing'],
    ['3BF0', 2, 'TA1 is missing'],
    ['3B00FF', 2, 'no check byte'],
    [`3B8F8001${'00'.repeat(40)}`, 33, 'at most 33'],
  ])('%s is malformed, and it is said where', (atr, offset, word) => {
    const { problems } = readAtr(fromHex(atr))
    expect(problems.find(problem => problem.what.includes(word))?.offset).toBe(offset)
  })

  it('that is empty is no card that is known', () => {
    expect(readAtr(new Uint8Array(0)).technology).toBe('unknown')
  })
})
