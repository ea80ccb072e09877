// Requests and answers as text, with the examples of the vendors' manuals.
import type { OperationId, PinRequest } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { entryText, isAnswer, readAnswer, showText } from './packets.ts'
import { UIC, VERIFONE } from './profiles.ts'

const request: PinRequest = {
  op: '018f0000-0000-7000-8000-000000000001' as OperationId,
  account: '4012345678909',
  key: { scheme: 'dukpt' },
}
const workingKey = '0123456789abcdef'
const session = { scheme: 'master-session', workingKey } as const

describe('a request for a PIN', () => {
  test('is Z60 where nothing is special', () => {
    expect(entryText(request, VERIFONE)).toBe('Z60.4012345678909\u001cDUKPT ENCRYPTION')
    expect(entryText({ ...request, key: session }, VERIFONE)).toBe('Z60.4012345678909\u001c0123456789ABCDEF')
  })

  test('is Z62 with limits and prompts where it is', () => {
    expect(entryText({ ...request, prompt: 'CARD PIN', minDigits: 6, maxDigits: 8 }, VERIFONE)).toBe(
      'Z62.4012345678909\u001cDUKPT ENCRYPTION0608NCARD PIN\u001cCARD PIN\u001cPLEASE WAIT',
    )
    expect(entryText({ ...request, amount: { amountMinor: 1999, currency: 'EUR' } }, VERIFONE)).toContain(
      '0412NENTER PIN\u001cEUR 19.99\u001c',
    )
  })

  test('names a prompt of the pad where the pad shows no other', () => {
    expect(entryText(request, UIC)).toBe('Z62.4012345678909\u001c0412NENTER PIN')
    expect(entryText({ ...request, key: session, prompt: 'GIFT CARD PIN' }, UIC)).toBe(
      'Z62.4012345678909\u001c0123456789ABCDEF0412NGIFT CARD PIN',
    )
  })

  test('is 70 where the pad shows an amount by itself, in its currency alone', () => {
    const amount = { amountMinor: 1999, currency: 'USD' }
    expect(entryText({ ...request, amount }, UIC)).toBe('704012345678909\u001cD19.99')
    expect(entryText({ ...request, key: session, amount }, UIC)).toBe(
      '70.4012345678909\u001c0123456789ABCDEF19.99',
    )
    for (const other of [
      { amount: { ...amount, currency: 'EUR' } },
      { amount: { ...amount, amountMinor: 100_000_00 } },
      { amount, prompt: 'GIFT CARD PIN' },
      { amount, maxDigits: 6 },
    ])
      expect(entryText({ ...request, ...other }, UIC)).toMatch(/^Z62/)
    expect(entryText({ ...request, amount }, VERIFONE)).toContain('USD 19.99')
  })

  test('never has its account or key in what it says is wrong', () => {
    for (const part of [{ account: '12345678X' }, { key: { ...session, workingKey: '0123456789abcdeg' } }]) {
      expect(() => entryText({ ...request, ...part }, VERIFONE)).toThrow(
        expect.objectContaining({
          code: 'pinpad.request',
          message: expect.not.stringMatching(/12345678|abcdeg/),
        }),
      )
    }
  })
})

describe('an answer', () => {
  test('under master and session keys has digits and block', () => {
    expect(readAnswer('71.004010123456789abcdef', 'master-session', VERIFONE, 'iso-3')).toEqual({
      kind: 'block',
      block: { format: 'iso-3', blockHex: '0123456789ABCDEF', digits: 4 },
    })
    expect(readAnswer('71.00001', 'master-session', UIC, 'iso-0')).toEqual({ kind: 'empty' })
  })

  test('under DUKPT has the KSN where its vendor puts it, without its leading Fs', () => {
    const block = { format: 'iso-0', blockHex: '1B9C1845EB993A7A', ksnHex: 'FFFF9876543210E00001' }
    const answers = [
      ['73.000009876543210E000011B9C1845EB993A7A', VERIFONE],
      ['73.00000FFFF9876543210E000011B9C1845EB993A7A', VERIFONE],
      ['7109876543210E000011B9C1845EB993A7A', UIC],
    ] as const
    for (const [text, profile] of answers) {
      expect(readAnswer(text, 'dukpt', profile, 'iso-0')).toEqual({ kind: 'block', block })
    }
    // The example of the MX800 guide: a KSN of 10 digits.
    expect(readAnswer('73.0000001234567890123456789123456', 'dukpt', VERIFONE, 'iso-0')).toMatchObject({
      block: { ksnHex: 'FFFFFFFFFF0123456789', blockHex: '0123456789123456' },
    })
  })

  test('of 16 bytes is format 4 with the KSN of AES', () => {
    const text = '73.00000123456789012345600000001A912150391AB65A67E52883D81CE2D15'
    expect(readAnswer(text, 'dukpt', VERIFONE, 'iso-0')).toEqual({
      kind: 'block',
      block: {
        format: 'iso-4',
        blockHex: 'A912150391AB65A67E52883D81CE2D15',
        ksnHex: '123456789012345600000001',
      },
    })
  })

  test('of an empty entry is no error', () => {
    expect(readAnswer('73.00000', 'dukpt', VERIFONE, 'iso-0')).toEqual({ kind: 'empty' })
    expect(readAnswer('710', 'dukpt', UIC, 'iso-0')).toEqual({ kind: 'empty' })
  })

  test.each([
    ['711', 'master-session', VERIFONE, 'pinpad.no-key'],
    ['712', 'master-session', VERIFONE, 'pinpad.working-key'],
    ['716', 'dukpt', VERIFONE, 'pinpad.used-up'],
    ['711', 'master-session', UIC, 'pinpad.working-key'],
    ['717', 'master-session', UIC, 'pinpad.too-fast'],
    ['719', 'master-session', UIC, 'pinpad.no-key'],
    ['71F', 'dukpt', UIC, 'pinpad.used-up'],
    ['71G', 'dukpt', UIC, 'pinpad.refused'],
  ] as const)('%s (%s) is read in the words of its vendor', (text, scheme, profile, code) => {
    expect(readAnswer(text, scheme, profile, 'iso-0')).toMatchObject({
      kind: 'error',
      error: { code, outcome: 'none', detail: { letter: text.slice(2) } },
    })
  })

  test('of another scheme, too short, too long or with other letters is malformed', () => {
    const derived = '73.000009876543210E000011B9C1845EB993A7A'
    expect(readAnswer(derived, 'master-session', VERIFONE, 'iso-0').kind).toBe('malformed')
    expect(readAnswer(derived, 'dukpt', UIC, 'iso-0').kind).toBe('malformed')
    for (const text of [
      '71.004010123456789ABCDEF',
      '71.00401',
      '71.003010123456789ABCDEF',
      '71.00401X123456789ABCDEF',
      '73.00000123456781B9C1845EB993A7A',
      '73.00000FFFFF9876543210E000011B9C1845EB993A7A',
      '71',
      '',
    ]) {
      expect(readAnswer(text, 'dukpt', VERIFONE, 'iso-0').kind).toBe('malformed')
    }
    expect(isAnswer('72')).toBe(false)
  })
})

describe('a text to be shown', () => {
  test('is Z2 for one line and Z3 for several', () => {
    expect(showText('THANK YOU')).toBe('Z2\u001aTHANK YOU')
    expect(showText('TOTAL\nEUR 1')).toBe('Z32TOTAL\u001cEUR 1')
  })

  test('is refused where a pad cannot show it', () => {
    for (const text of ['', 'ü', 'A\u0003', 'x'.repeat(65), `A\n${'x'.repeat(17)}`, '\n'.repeat(7)]) {
      expect(() => showText(text)).toThrow(expect.objectContaining({ code: 'pinpad.request' }))
    }
  })
})
