// What terminals say about payments, themselves and paper.
import { fromHex } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readIntermediate, readPrintBlock, readPrintLine } from './print.ts'
import {
  daysOf,
  maskPan,
  readAbort,
  readEnquiry,
  readRegistration,
  readStatus,
  wallClockMs,
} from './status.ts'

/** 2026-11-21T20:00:00Z */
const NOW = 1_795_291_200_000
const status = (data: string): ReturnType<typeof readStatus> => readStatus(fromHex(data), NOW, 'cp437')

describe('a status information', () => {
  it('yields everything about a card payment, and not the card number', () => {
    const report = status(
      '2700 040000000018 00 0b000153 0c192336 0d0416 170001 1970 22f1f0 eeeeeeeeeeeeeee4281f 2952000001' +
        '2a 313030303030303030202020202020 3b 3132333435360000 3cf0f0f4 54455854 490978 870153 88000153 8a2e' +
        '8bf0f84d41455354524f00 06 09 1f100100 1f36 020250',
    )
    expect(report).toMatchObject({
      resultCode: 0,
      text: 'TEXT',
      guessed: false,
      facts: {
        amountMinor: 1800,
        currency: 'EUR',
        trace: '000153',
        receipt: '0153',
        turnover: '000153',
        terminalId: '52000001',
        maskedPan: '***************4281',
        cardName: 'MAESTRO',
        terminalTime: '2026-04-16T19:23:36',
        authorisation: '123456',
        tipMinor: 250,
      },
    })
  })

  it('takes a long trace number from its container, and shows the fields of resynchronisation', () => {
    const report = status('2700 0b000000 0612 1f2b0400123456 1f1f020153 1f7303000007')
    expect(report.facts.trace).toBe('00123456')
    expect(report.mirroredReceipt).toBe('0153')
    expect(report.messageSequence).toBe('000007')
  })

  it('masks a card number that a terminal sent in full, and forgets tracks', () => {
    expect(maskPan(fromHex('4111111111111111'))).toBe('************1111')
    expect(maskPan(fromHex('411111111111111d2512'))).toBe('***********1111')
    expect(maskPan(fromHex('411111111111111f'))).toBe('***********1111')
    expect(maskPan(fromHex('eeeeeeeeeeeeeeee'))).toBe('*'.repeat(16))
    const report = JSON.stringify(status('2700 23f0f84111111111111111 22f0f84111111111111111'))
    expect(report).not.toMatch(/[0-9]{5,}/)
  })

  it('gives a date the last year in which it had come', () => {
    const time = (date: string, now: number): string | undefined =>
      readStatus(fromHex(`0c100000 0d${date}`), now, 'cp437').facts.terminalTime
    expect(time('1231', Date.UTC(2027, 0, 1))).toBe('2026-12-31T10:00:00')
    expect(time('0101', Date.UTC(2026, 11, 31))).toBe('2027-01-01T10:00:00')
    expect(time('1122', Date.UTC(2026, 10, 21))).toBe('2026-11-22T10:00:00')
    expect(time('1125', Date.UTC(2026, 10, 21))).toBe('2025-11-25T10:00:00')
    expect(time('0229', Date.UTC(2028, 2, 1))).toBe('2028-02-29T10:00:00')
    expect(status('0c246000 0d1121').facts.terminalTime).toBeUndefined()
    expect(status('0c100000 aa250102').facts.terminalTime).toBe('2025-01-02T10:00:00')
  })

  it('counts days like everybody else', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(Date.UTC(2200, 0, 1)), noInvalidDate: true }),
        date => {
          const [year, month, day] = date.toISOString().slice(0, 10).split('-').map(Number)
          expect(daysOf(year ?? 0, month ?? 0, day ?? 0)).toBe(Math.floor(date.getTime() / 86_400_000))
          expect(wallClockMs(date.toISOString().slice(0, 19))).toBe(Math.floor(date.getTime() / 1000) * 1000)
        },
      ),
    )
  })

  it('of random bytes never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => void readStatus(bytes, NOW, 'utf-8')))
  })
})

describe('a completion', () => {
  it('of a registration has BMPs, and echoes a character set it took', () => {
    const read = readRegistration(fromHex('1902 2952000001 490978 0605 27031401fe'))
    expect(read).toEqual({
      facts: { terminalId: '52000001', currency: 'EUR', needsInitialisation: false, needsDiagnosis: true },
      charsetCode: 0xfe,
    })
    expect(readRegistration(fromHex('')).charsetCode).toBeUndefined()
  })

  it('of a status enquiry has none', () => {
    expect(readEnquiry(fromHex('dc'))).toEqual({ state: 0xdc })
    expect(readEnquiry(fromHex('f0'))).toEqual({ state: 0xf0 })
    expect(readEnquiry(fromHex('f0f0f4 56312e32 9c'))).toEqual({ state: 0x9c, softwareVersion: 'V1.2' })
    expect(readEnquiry(fromHex('f0f0f4 5631')).state).toBeUndefined()
    expect(readEnquiry(fromHex('')).state).toBeUndefined()
  })

  it('that is an abort has a code, and perhaps the terminal’s own words', () => {
    expect(readAbort(fromHex('6c'), 'cp437')).toEqual({ code: 0x6c })
    expect(readAbort(fromHex('ff 0606 1f1703414243'), 'cp437')).toEqual({ code: 0xff, text: 'ABC' })
    expect(readAbort(fromHex(''), 'cp437')).toEqual({ code: 0xff })
  })
})

describe('paper', () => {
  it('has attributes, indents and line feeds', () => {
    const line = (data: string): unknown => readPrintLine(fromHex(data), 'customer', 'cp437')
    expect(line('0341')).toEqual({ lines: [{ receipt: 'customer', text: '   A' }], last: false })
    expect(line('7041')).toEqual({
      lines: [{ receipt: 'customer', text: 'A', align: 'center', doubleWidth: true, doubleHeight: true }],
      last: false,
    })
    expect(line('ff02')).toEqual({
      lines: [
        { receipt: 'customer', text: '' },
        { receipt: 'customer', text: '' },
      ],
      last: false,
    })
    expect(line('8142')).toMatchObject({ last: true })
    expect(line('8042')).toEqual({ lines: [{ receipt: 'customer', text: 'B' }], last: false })
    expect(line('ffff')).toMatchObject({ lines: { length: 32 } })
  })

  it('comes in blocks whose attribute holds until the next one', () => {
    const block = fromHex('06 1a 1f070102 2514 090140 070141 070142 090100 070143 0700 090181')
    const { lines, last } = readPrintBlock(block, 'admin', 'cp437')
    expect(lines).toEqual([
      { receipt: 'customer', text: 'A', align: 'center' },
      { receipt: 'customer', text: 'B', align: 'center' },
      { receipt: 'customer', text: 'C' },
      { receipt: 'customer', text: '' },
    ])
    expect(last).toBe(true)
  })

  it('of random bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        readPrintBlock(bytes, 'admin', 'cp437')
        readPrintLine(bytes, 'admin', 'utf-8')
        readIntermediate(bytes, 'utf-8')
      }),
    )
  })
})
