// What the end of a repeated receipt says about the terminal's book.
import { describe, expect, it } from 'vitest'
import { ACK, APPROVED, COMPLETED, frame, Talk } from '../test/talk.ts'
import { repeatReceipt } from './commands.ts'
import { shownBy } from './look.ts'

function after(...frames: readonly string[]): unknown {
  const { end } = new Talk(repeatReceipt('000000')).says(...frames)
  return end && shownBy(end)
}

describe('a repeated receipt', () => {
  it('shows a transaction, whether it succeeded or failed', () => {
    expect(after(ACK, APPROVED, COMPLETED)).toMatchObject({ shows: 'transaction', report: { resultCode: 0 } })
    const failed = frame('040f', '276c 0b000152')
    for (const end of [COMPLETED, '061e016c'])
      expect(after(ACK, failed, end)).toMatchObject({ shows: 'transaction', report: { resultCode: 0x6c } })
  })

  it('shows nothing when the terminal knows the command and says that it is not possible', () => {
    expect(after(ACK, '061e0183')).toEqual({ shows: 'nothing' })
    expect(after(ACK, frame('040f', '2783'), '061e0183')).toEqual({ shows: 'nothing' })
  })

  it('proves nothing when the terminal does not take the command, or ends without a word', () => {
    expect(after('848300')).toEqual({ shows: 'silence' })
    expect(after(ACK, COMPLETED)).toEqual({ shows: 'silence' })
  })

  it('was refused for another reason when the code says one', () => {
    expect(after(ACK, '061e01ff')).toEqual({ shows: 'refusal', code: 0xff })
    expect(after('846b00')).toEqual({ shows: 'refusal', code: 0x6b })
  })
})
