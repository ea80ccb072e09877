// What a pad answered before is known when it comes again, and nothing of it can be read from what is kept.
import { inspect } from 'node:util'
import type { OperationId, PinBlock, PinRequest } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { EarlierAnswers } from './earlier.ts'

const SECRET = '000102030405060708090a0b0c0d0e0f'
const workingKey = '0123456789abcdeffedcba9876543210'
const request: PinRequest = {
  op: '018f0000-0000-7000-8000-000000000001' as OperationId,
  account: '4012345678909',
  key: { scheme: 'master-session', workingKey },
}
const other = { ...request, account: '4012345678917' }
const block: PinBlock = { format: 'iso-0', blockHex: '1B9C1845EB993A7A' }
const under = (ksnHex: string): PinBlock => ({ ...block, ksnHex })
const codeOf = (earlier: EarlierAnswers, block: PinBlock, asked: PinRequest): string =>
  earlier.contradiction(block, asked)?.code ?? 'fits'

describe('under master and session keys', () => {
  test('a block that was made for another account, or under another key, is stale', () => {
    const earlier = new EarlierAnswers(SECRET)
    expect(codeOf(earlier, block, request)).toBe('fits')
    earlier.keep(block, request)
    expect(codeOf(earlier, block, other)).toBe('pinpad.stale')
    const key = { scheme: 'master-session', workingKey: workingKey.replace('0', '8') } as const
    expect(codeOf(earlier, block, { ...request, key })).toBe('pinpad.stale')
    // The same PIN for the same account under the same key has the same block.
    expect(codeOf(earlier, block, request)).toBe('fits')
    expect(codeOf(earlier, { ...block, blockHex: '1B9C1845EB993A7B' }, other)).toBe('fits')
  })

  test('format 4 is told apart by both its halves', () => {
    const earlier = new EarlierAnswers(SECRET)
    const long = (last: string): PinBlock => ({ format: 'iso-4', blockHex: `${'0'.repeat(31)}${last}` })
    earlier.keep(long('1'), request)
    expect(codeOf(earlier, long('1'), other)).toBe('pinpad.stale')
    expect(codeOf(earlier, long('2'), other)).toBe('fits')
  })
})

describe('under DUKPT', () => {
  test.each([
    ['FFFF9876543210E00004', 'pinpad.key-reused'],
    ['FFFF9876543210E00003', 'pinpad.key-reused'],
    ['FFFF9876543210E00005', 'fits'],
    // Another pad, or another key set of the same.
    ['FFFF9876543230E00001', 'fits'],
    ['123456789012345600000001', 'fits'],
  ])('behind key 4, %s %s', (ksn, code) => {
    const earlier = new EarlierAnswers(SECRET)
    earlier.keep(under('FFFF9876543210E00004'), request)
    expect(codeOf(earlier, under(ksn), other)).toBe(code)
  })

  test('AES keys are counted by their last 32 bits', () => {
    const earlier = new EarlierAnswers(SECRET)
    earlier.keep(under('123456789012345680000000'), request)
    expect(codeOf(earlier, under('123456789012345680000000'), request)).toBe('pinpad.key-reused')
    expect(codeOf(earlier, under('1234567890123456FFFFFFFF'), request)).toBe('fits')
  })

  test('a block that came too late uses its key up', () => {
    const earlier = new EarlierAnswers(SECRET)
    earlier.keep(under('FFFF9876543210E00007'), request)
    earlier.keep(under('FFFF9876543210E00002'), request)
    expect(codeOf(earlier, under('FFFF9876543210E00007'), request)).toBe('pinpad.key-reused')
  })
})

test('what is kept is bounded', () => {
  const earlier = new EarlierAnswers(SECRET)
  for (let count = 0; count < 1_000; count += 1) {
    const digits = count.toString(16).padStart(4, '0')
    earlier.keep({ ...block, blockHex: digits.repeat(4) }, request)
    earlier.keep(under(`FFFF${digits}543210E00001`), request)
  }
  expect(codeOf(earlier, { ...block, blockHex: '0000'.repeat(4) }, other)).toBe('fits')
  expect(codeOf(earlier, { ...block, blockHex: '03e7'.repeat(4) }, other)).toBe('pinpad.stale')
  expect(inspect(earlier, { depth: 9, showHidden: true })).not.toContain('4012345678909')
})
