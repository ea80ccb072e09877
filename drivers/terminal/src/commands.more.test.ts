// The frames of reservation, service and clock, and what a transaction carries for resynchronisation.
import { hex } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import {
  authorisation,
  bookTotal,
  diagnosis,
  endOfDay,
  initialisation,
  partialReversal,
  registration,
  reprint,
  reservation,
  reservationReversal,
  setTime,
  statusEnquiry,
} from './commands.ts'
import { numberTag } from './sequence.ts'

const AMOUNT = { minor: 1999, currency: '0978' }
const OF = { receipt: '153', trace: '152', authorisation: 'A1B2C3' }
const AMOUNT_HEX = '04000000001999490978'

describe('a reservation', () => {
  test('is made, booked and given back by its receipt number, trace and authorisation', () => {
    expect(hex(reservation(AMOUNT).frame)).toBe(`06220a${AMOUNT_HEX}`)
    const of = '8701530b0001523b4131423243330000'
    expect(hex(bookTotal(OF, AMOUNT).frame)).toBe(`06241a${of}${AMOUNT_HEX}`)
    expect(hex(partialReversal(OF, AMOUNT).frame)).toBe(`06231a${of}${AMOUNT_HEX}`)
    expect(hex(reservationReversal(OF, AMOUNT).frame)).toBe(`06250d870153${AMOUNT_HEX}`)
  })

  test('leaves out a trace or an authorisation that does not fit its field', () => {
    const odd = { receipt: '1', trace: '12345678', authorisation: 'ABCDEFGHI' }
    expect(hex(bookTotal(odd, AMOUNT).frame)).toBe(`06240d870001${AMOUNT_HEX}`)
  })
})

test('service commands', () => {
  expect(hex(reprint('123456').frame)).toBe('062003123456')
  expect(hex(diagnosis().frame)).toBe('067000')
  expect(hex(initialisation('123456').frame)).toBe('069303123456')
  expect(hex(setTime('123456', '261122', '041559').frame)).toBe('06910b123456aa2611220c041559')
})

test('the number to mirror stands in the container; none known is an empty one, never a zero', () => {
  expect(hex(authorisation(AMOUNT, { mirror: Uint8Array.of(0x01, 0x53) }).frame)).toBe(
    `060111${AMOUNT_HEX}06051f1f020153`,
  )
  expect(hex(authorisation(AMOUNT, { mirror: new Uint8Array(0) }).frame)).toBe(
    `06010f${AMOUNT_HEX}06031f1f00`,
  )
  expect(hex(endOfDay('123456', { mirror: Uint8Array.of(7) }).frame)).toBe('06500912345606041f1f0107')
})

test('that a part may be approved stands in front of the number to mirror', () => {
  const none = new Uint8Array(0)
  expect(hex(authorisation(AMOUNT, { partial: true, mirror: none }).frame)).toBe(
    `060113${AMOUNT_HEX}06071f7001011f1f00`,
  )
  expect(hex(authorisation(AMOUNT, { partial: false }).frame)).toBe(`06010a${AMOUNT_HEX}`)
})

test('a counted command carries its number behind what stands in its container already', () => {
  expect(hex(authorisation(AMOUNT).frameWith(numberTag(1)))).toBe(`060112${AMOUNT_HEX}06061f7303000001`)
  expect(hex(authorisation(AMOUNT, { mirror: Uint8Array.of(7) }).frameWith(numberTag(12)))).toBe(
    `060116${AMOUNT_HEX}060a1f1f01071f7303000012`,
  )
  // 05 01 takes a container behind a password only.
  expect(hex(statusEnquiry('123456').frameWith(numberTag(3)))).toBe('05010b12345606061f7303000003')
  expect(hex(statusEnquiry('123456').frame)).toBe('050100')
})

test('questions and counting are offered in the registration', () => {
  const settings = { password: '123456', currency: '0978', printsReceipts: true }
  expect(hex(registration({ ...settings, questions: true, messageSequence: true }).frame)).toBe(
    '06001c1234569e09780614260c0a0206d30a02040d0a02040e1f7303000000',
  )
})
