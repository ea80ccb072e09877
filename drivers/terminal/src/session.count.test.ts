// Message sequence numbers (TLV 1F73): numbers given, answers matched, repeats answered as before, gaps remembered.
import { describe, expect, test } from 'vitest'
import { frame, Talk } from '../test/talk.ts'
import { authorisation } from './commands.ts'

const number = (of: number): string => `1f7303${String(of).padStart(6, '0')}`
const ack = (of: number): string => `8000080606${number(of)}`
const AMOUNT = { minor: 1999, currency: '0978' }
const APPROVED = (of: number): string =>
  frame('040f', `2700 04000000001999 490978 0b000152 0c170816 0d1121 870153 88000153 0606${number(of)}`)
const COMPLETED = (of: number): string => frame('060f', `0606${number(of)}`)

function counting(): Talk {
  return new Talk().put({ in: 'counting', on: true }).put({
    in: 'start',
    command: authorisation(AMOUNT),
    at: 1_795_291_200_000,
    limits: { t3Ms: 5000, t4Ms: 180_000, approvalMs: 3000, questionMs: 60_000, wholeMs: 1_800_000 },
  })
}

describe('where both sides count', () => {
  test('a payment is numbered from its command to its completion', () => {
    const talk = counting()
    expect(talk.sent()).toEqual([`06011204000000001999490978${`0606${number(1)}`}`])
    talk.says(ack(1), `04ff090017 0606${number(2)}`.replace(/ /g, '').replace('04ff090017', '04ff0a1703'))
    talk.says(APPROVED(3))
    expect(talk.sent()).toEqual([ack(2)])
    expect(talk.accept().sent()).toEqual([ack(3)])
    expect(talk.says(COMPLETED(4)).sent()).toEqual([ack(4)])
    expect(talk.outcome).toBe('done')
  })

  test('the answer to an older command is not the answer to this one', () => {
    const talk = counting()
    talk.says(`846c080606${number(999_999)}`)
    expect(talk.outcome).toBe('still running')
    talk.says(`846c080606${number(1)}`)
    expect(talk.outcome).toBe('refused terminal.refused')
  })

  test('a repeated message gets the answer that it got, and is not taken twice', () => {
    const talk = counting().says(ack(1))
    talk.sent()
    const line = frame('06d3', `060f 1f070101 25040702 4f4b ${number(2)}`.replace('060f', '0610'))
    talk.says(line).put({ in: 'printed', kept: true })
    expect(talk.sent()).toEqual([ack(2)])
    talk.says(line)
    expect(talk.sent()).toEqual([ack(2)])
    expect(talk.all('print')).toHaveLength(1)
  })

  test('a completion that is repeated after the end is answered as before', () => {
    const talk = counting().says(ack(1), APPROVED(2)).accept().says(COMPLETED(3))
    talk.sent()
    expect(talk.says(COMPLETED(3)).sent()).toEqual([ack(3)])
  })

  test('a gap makes an approval that was missed possible: what looks done is unknown', () => {
    const talk = counting().says(ack(1), APPROVED(2)).accept().says(COMPLETED(4))
    expect(talk.outcome).toBe('unknown terminal.aborted-after-approval')
    expect(counting().says(ack(1), frame('061e', `6c0606${number(3)}`)).outcome).toBe(
      'unknown terminal.malformed',
    )
  })

  test('a print line has no place for a number, is answered without one, and may have used one up', () => {
    const line = '06d1034048 41'.replace(' ', '')
    for (const after of [3, 4]) {
      const talk = counting().says(ack(1), `04ff0a0a000606${number(2)}`)
      talk.sent()
      talk.says(line).put({ in: 'printed', kept: true })
      expect(talk.sent()).toEqual(['800000'])
      talk
        .says(APPROVED(after))
        .accept()
        .says(COMPLETED(after + 1))
      expect(talk.outcome).toBe('done')
    }
  })

  test('999999 is followed by 000001', () => {
    const talk = counting()
    const { count } = talk.state
    talk.state = {
      ...talk.state,
      ...(count && { count: { ...count, last: 999_999, ours: 999_999, heard: 999_998 } }),
    }
    talk.says(ack(999_999), APPROVED(1)).accept().says(COMPLETED(2))
    expect(talk.outcome).toBe('done')
  })

  test('an abort that crosses a message of the terminal costs nothing', () => {
    const talk = counting().says(ack(1)).put({ in: 'abort' })
    expect(talk.sent().at(-1)).toBe(`06b0080606${number(2)}`)
    talk.says(`04ff0a0a000606${number(2)}`.replace('0a0a00', '0a0a00'), ack(2), APPROVED(3))
    talk.accept().says(COMPLETED(4))
    expect(talk.outcome).toBe('done')
  })
})

test('where nobody counts nothing is numbered', () => {
  const talk = new Talk(authorisation(AMOUNT)).says('800000', '04ff020a00')
  expect(talk.sent()).toEqual(['06010a04000000001999490978', '800000'])
})
