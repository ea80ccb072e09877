// Commands as bytes, held against the drawings of the specification.
import { hex } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { authorisation, endOfDay, logOff, registration, repeatReceipt, reversal } from './commands.ts'

const EUR = '0978'

describe('the commands', () => {
  it('are written as the specification draws them', () => {
    expect(hex(authorisation({ minor: 1999, currency: EUR }).frame)).toBe('06010a04000000001999490978')
    expect(hex(reversal('123456', { receipt: '153' }, { minor: 1999, currency: EUR }).frame)).toBe(
      '063010123456870153' + '04000000001999490978',
    )
    expect(hex(repeatReceipt('123456').frame)).toBe('0620051234560303')
    expect(hex(endOfDay('123456').frame)).toBe('065003123456')
    expect(hex(logOff().frame)).toBe('060200')
  })

  it('register with printing, the currency and the list of permitted commands', () => {
    const settings = { password: '123456', currency: EUR, printsReceipts: true }
    expect(hex(registration(settings).frame)).toBe('06000e1234569e0978060626040a0206d3')
    expect(hex(registration({ ...settings, printsReceipts: false }).frame)).toContain('12345618')
  })

  it('ask for a character set, a line width and a service byte only when told to', () => {
    const { frame } = registration({
      password: '000000',
      currency: EUR,
      printsReceipts: true,
      charset: 'utf-8',
      lineWidth: 42,
      serviceByte: 1,
    })
    expect(hex(frame)).toBe(
      '060016' + '000000' + '9e0978' + '0301' + '060c' + '120142' + '1401fe' + '26040a0206d3',
    )
  })
})
