// Dialogues of the session, written by hand in hexadecimal.
import type { PaymentFacts } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { ACK, APPROVED, COMPLETED, DECLINED, EUR, frame, REJECT, Talk, WAIT } from '../test/talk.ts'
import { authorisation, registration, repeatReceipt, reversal } from './commands.ts'
import { moneyOutcome } from './outcome.ts'

const pay = (): Talk => new Talk(authorisation({ minor: 1999, currency: EUR }))
const paying = (): Talk => {
  const talk = pay().says(ACK)
  talk.sent()
  return talk
}

describe('a payment', () => {
  it('is done when it was approved, kept by the till, acknowledged and completed', () => {
    const talk = paying().says(APPROVED)
    expect(talk.sent()).toEqual([])
    expect(talk.all('ask')).toHaveLength(1)
    talk.accept()
    expect(talk.sent()).toEqual([ACK])
    talk.says(COMPLETED)
    expect(talk.sent()).toEqual([ACK])
    expect(talk.outcome).toBe('done')
    const outcome = talk.end && moneyOutcome(talk.end)
    expect(outcome).toEqual({
      outcome: 'done',
      data: {
        amountMinor: 1999,
        currency: 'EUR',
        trace: '000152',
        receipt: '0153',
        turnover: '000153',
        terminalId: '52000001',
        terminalTime: '2026-11-21T17:08:16',
      } satisfies PaymentFacts,
    })
  })

  it('never has a positive answer to an approval before the till accepted it', () => {
    const talk = paying().says(APPROVED).put({ in: 'tick', timer: 'dialogue' })
    expect(talk.sent()).toEqual([])
    expect(talk.outcome).toBe('unknown terminal.no-answer')
  })

  it.each([COMPLETED, '061e016c'])(
    'is not done when the terminal went on (%s) before the till said yes',
    ended => {
      const apart = paying().says(APPROVED, ended).accept()
      const atOnce = paying()
        .says(APPROVED + ended)
        .accept()
      for (const talk of [apart, atOnce]) expect(talk.outcome).toBe('unknown terminal.aborted-after-approval')
    },
  )

  it('takes the amount from the status information, not from the order', () => {
    const part = new Talk(authorisation({ minor: 1999, currency: EUR }, { partial: true })).says(ACK)
    const talk = part.says(frame('040f', '2700 04000000000500 490978')).accept().says(COMPLETED)
    expect(talk.end && moneyOutcome(talk.end)).toMatchObject({ data: { amountMinor: 500 } })
  })

  it('is done even if the completion carries an error code: that does not undo it', () => {
    expect(paying().says(APPROVED).accept().says('060f02276c').outcome).toBe('done')
  })

  it('is refused with the result code when the host declines', () => {
    const talk = paying().says(DECLINED, '061e0105')
    expect(talk.sent()).toEqual([ACK, ACK])
    expect(talk.all('ask')).toHaveLength(0)
    expect(talk.outcome).toBe('refused terminal.refused')
    expect(talk.end && moneyOutcome(talk.end)).toMatchObject({ error: { detail: { resultCode: '05' } } })
  })

  it('is refused when the terminal aborts before any approval, or does not take the command', () => {
    expect(paying().says('061e016c').outcome).toBe('refused terminal.refused')
    expect(pay().says('848300').outcome).toBe('refused terminal.refused')
    expect(pay().says('849c00').outcome).toBe('refused terminal.busy')
    expect(pay().says('840000').outcome).toBe('still running')
  })

  it('is unknown when the terminal completes without ever saying what it did', () => {
    expect(paying().says(COMPLETED).outcome).toBe('unknown terminal.malformed')
  })

  it('is unknown when the terminal aborts after it approved', () => {
    expect(paying().says(APPROVED).accept().says('061e016c').outcome).toBe(
      'unknown terminal.aborted-after-approval',
    )
    const contradicted = paying().says(APPROVED).accept().says('040f02276c', COMPLETED)
    expect(contradicted.outcome).toBe('unknown terminal.aborted-after-approval')
  })

  it('goes on after a wrong PIN', () => {
    const talk = paying().says('040f022737', APPROVED).accept().says(COMPLETED)
    expect(talk.outcome).toBe('done')
  })

  it('does not begin with what the terminal says before it took the command: that is of another one', () => {
    const talk = pay().says(APPROVED)
    expect(talk.sent().at(-1)).toBe(REJECT)
    expect(talk.all('ask')).toEqual([])
    expect(talk.says('061e016c').outcome).toBe('still running')
    expect(talk.says(ACK, APPROVED).accept().says(COMPLETED).outcome).toBe('done')
  })

  it('whose slip was not kept is not done by its completion', () => {
    const talk = paying().says(APPROVED).accept().says('06d1024041').put({ in: 'printed', kept: false })
    expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.aborted-after-approval')
    const before = paying().says('06d1024041').put({ in: 'printed', kept: false }).says(APPROVED)
    expect(before.accept().says(COMPLETED).outcome).toBe('done')
  })

  it('that ended while our abort was on its way leaves no answer to the next order', () => {
    const crossed = paying().put({ in: 'abort' }).says('061e016c')
    expect(crossed.all('drop')).toEqual([{ do: 'drop', why: 'no-answer' }])
    const answered = paying().put({ in: 'abort' }).says(ACK, '061e016c')
    expect(answered.all('drop')).toEqual([])
  })
})

describe('an approval that the till does not accept', () => {
  it('is rejected, and the outcome is unknown until queried', () => {
    const talk = paying().says(APPROVED).put({ in: 'verdict', verdict: 'reject' })
    expect(talk.sent()).toEqual([REJECT])
    talk.says('040f02276c', '061e016c')
    expect(talk.outcome).toBe('unknown terminal.rejected-approval')
  })

  it('stays rejected when the terminal repeats it', () => {
    const talk = paying().says(APPROVED).put({ in: 'verdict', verdict: 'reject' }).says(APPROVED)
    expect(talk.sent()).toEqual([REJECT, REJECT])
    expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.rejected-approval')
  })
})

describe('a till that takes long to keep an approval', () => {
  it('makes the terminal wait after 3 s, and the repeat is the same payment', () => {
    const talk = paying().says(APPROVED)
    expect(talk.all('timer')).toContainEqual({ do: 'timer', timer: 'approval', afterMs: 3000 })
    talk.put({ in: 'tick', timer: 'approval' })
    expect(talk.sent()).toEqual([WAIT])
    talk.says(APPROVED).put({ in: 'tick', timer: 'approval' })
    expect(talk.sent()).toEqual([WAIT])
    talk.says(APPROVED).accept()
    expect(talk.sent()).toEqual([ACK])
    expect(talk.all('ask')).toHaveLength(1)
    expect(talk.says(COMPLETED).outcome).toBe('done')
  })

  it('answers the repeat with a verdict that came in between', () => {
    const talk = paying().says(APPROVED).put({ in: 'tick', timer: 'approval' }).accept()
    expect(talk.sent()).toEqual([WAIT])
    talk.says(APPROVED)
    expect(talk.sent()).toEqual([ACK])
    expect(talk.says(COMPLETED).outcome).toBe('done')
  })

  it('is not done when the terminal completes before it heard the verdict', () => {
    const talk = paying().says(APPROVED).put({ in: 'tick', timer: 'approval' }).accept().says(COMPLETED)
    expect(talk.outcome).toBe('unknown terminal.aborted-after-approval')
  })

  it('loses the approval after too many repeats', () => {
    const talk = paying()
    for (let repeat = 0; repeat <= 20; repeat += 1) talk.says(APPROVED).put({ in: 'tick', timer: 'approval' })
    const sent = talk.sent()
    expect(sent.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => WAIT))
    expect(sent.slice(20)).toEqual([REJECT])
    expect(talk.accept().says(COMPLETED).outcome).toBe('unknown terminal.rejected-approval')
  })

  it('acknowledges a repeat after acceptance without asking again', () => {
    const talk = paying().says(APPROVED).accept().says(APPROVED)
    expect(talk.sent()).toEqual([ACK, ACK])
    expect(talk.all('ask')).toHaveLength(1)
    expect(talk.says(COMPLETED).outcome).toBe('done')
  })

  it('does not take another amount or another trace for a repeat', () => {
    const other = APPROVED.replace('1999', '2999')
    const talk = paying().says(APPROVED).accept().says(other)
    expect(talk.sent()).toEqual([ACK, REJECT])
    expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.aborted-after-approval')
    const traced = paying().says(APPROVED).accept().says(APPROVED.replace('0b000152', '0b000153'))
    expect(traced.sent()).toEqual([ACK, REJECT])
  })
})

describe('a status information that is hard to read', () => {
  it('is answered although it holds an unknown BMP, in front, inside or behind', () => {
    for (const data of [
      '2700 04000000001999 490978 99aabb',
      '2700 99aabb 04000000001999 490978',
      '99aabb 2700 04000000001999 490978',
    ]) {
      const talk = paying().says(frame('040f', data))
      expect(talk.all('ask').map(ask => ask.facts.amountMinor)).toEqual([1999])
      talk.accept().says(COMPLETED)
      expect(talk.outcome).toBe('done')
      expect(talk.all('note')).toContainEqual({ do: 'note', facts: { unknownBmps: '99' } })
    }
  })

  it('is never acknowledged when its result cannot be read: the till would not know of it', () => {
    for (const data of [
      '',
      '04000000001999',
      '992705',
      '99aabb2700 04000000002999',
      '3cf9f9f927',
      '2700 0400',
      '2700 99',
    ]) {
      const talk = paying().says(frame('040f', data))
      expect(talk.sent()).toEqual([REJECT])
      expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.malformed')
    }
  })

  it('is rejected where no payment is under way', () => {
    expect(new Talk().says(APPROVED).sent()).toEqual([REJECT])
    const registering = new Talk(registration({ password: '000000', currency: EUR, printsReceipts: true }))
    registering.says(ACK)
    registering.sent()
    expect(registering.says(APPROVED).sent()).toEqual([REJECT])
  })

  it('is only read, and acknowledged, when it repeats the last transaction', () => {
    const talk = new Talk(repeatReceipt('000000')).says(ACK, APPROVED, COMPLETED)
    expect(talk.sent().slice(1)).toEqual([ACK, ACK])
    expect(talk.all('ask')).toHaveLength(0)
    expect(talk.end?.seen.last?.facts.trace).toBe('000152')
  })
})

describe('a reversal', () => {
  it('is done when the payment was reversed before', () => {
    const original = { amountMinor: 1999, currency: 'EUR', receipt: '0153' }
    for (const frames of [
      ['84b400'],
      [ACK, '061e01b4'],
      [ACK, '040f0227b4', '061e01b4'],
      [ACK, '040f0227b4', COMPLETED],
    ]) {
      const talk = new Talk(reversal('000000', { receipt: '0153' }, { minor: 1999, currency: EUR })).says(
        ...frames,
      )
      expect(talk.end && moneyOutcome(talk.end, original)).toEqual({ outcome: 'done', data: original })
    }
  })
})

describe('an abort', () => {
  it('is sent once, and "too late" changes nothing', () => {
    const talk = paying().put({ in: 'abort' }).put({ in: 'abort' })
    expect(talk.sent()).toEqual(['06b000'])
    talk.says('848300', APPROVED).accept().says(COMPLETED)
    expect(talk.outcome).toBe('done')
  })

  it('that nobody answers proves nothing', () => {
    expect(paying().put({ in: 'abort' }).says('04ff0104', APPROVED).accept().says(COMPLETED).outcome).toBe(
      'done',
    )
  })

  it('ends refused when the terminal aborts', () => {
    expect(paying().put({ in: 'abort' }).says(ACK, '040f02276c', '061e016c').outcome).toBe(
      'refused terminal.refused',
    )
  })

  it('waits for the answer to the command, and for an answer that we owe', () => {
    const early = pay().put({ in: 'abort' })
    expect(early.sent()).toEqual(['06010a04000000001999490978'])
    expect(early.says(ACK).sent()).toEqual(['06b000'])
    const printing = paying().says('06d1024041').put({ in: 'abort' })
    expect(printing.sent()).toEqual([])
    expect(printing.put({ in: 'printed', kept: true }).sent()).toEqual([ACK, '06b000'])
  })

  it('comes too late after an approval: then the till’s verdict counts', () => {
    const talk = paying().says(APPROVED).put({ in: 'abort' }).accept().says(COMPLETED)
    expect(talk.sent()).toEqual([ACK, ACK])
    expect(talk.outcome).toBe('done')
  })
})

describe('paper and screen', () => {
  it('acknowledges print lines only when they are kept', () => {
    const talk = paying().says(frame('06d1', '40 48414c4c4f'))
    expect(talk.sent()).toEqual([])
    expect(talk.all('print')).toEqual([
      { do: 'print', lines: [{ receipt: 'merchant', text: 'HALLO', align: 'center' }] },
    ])
    expect(talk.put({ in: 'printed', kept: true }).sent()).toEqual([ACK])
  })

  it('says that there is no printer when nobody keeps them', () => {
    expect(paying().says('06d1024041').put({ in: 'printed', kept: false }).sent()).toEqual(['84cc00'])
  })

  it('goes from the merchant’s receipt to the customer’s after its last line', () => {
    const talk = paying()
    for (const line of ['06d1020041', '06d1028142', '06d1020043'])
      talk.says(line).put({ in: 'printed', kept: true })
    expect(talk.all('print').map(({ lines }) => lines[0]?.receipt)).toEqual([
      'merchant',
      'merchant',
      'customer',
    ])
  })

  it('holds back what comes behind a question until it is answered', () => {
    const talk = paying().says(`06d1024041 ${APPROVED}`)
    expect(talk.all('ask')).toHaveLength(0)
    talk.put({ in: 'printed', kept: true })
    expect(talk.all('ask')).toHaveLength(1)
    talk.accept().says(`06d1024041 ${COMPLETED}`)
    expect(talk.outcome).toBe('still running')
    expect(talk.put({ in: 'printed', kept: true }).outcome).toBe('done')
  })

  it('shows intermediate states, and lets them set the time limit', () => {
    const talk = paying().says(
      '04ff010a',
      '04ff020405',
      '04ff010e',
      frame('04ff', '0a 01 0608 2406 07044b617274'),
    )
    expect(talk.all('say').map(say => say.text)).toEqual([
      'Insert card',
      'Waiting for the host',
      'Please wait',
      'Kart',
    ])
    const t4 = talk
      .all('timer')
      .filter(timer => timer.timer === 'dialogue')
      .map(timer => timer.afterMs)
    expect(t4).toEqual([180_000, 180_000, 300_000, 300_000, 60_000])
  })

  it('acknowledges the time, and refuses politely what it does not know', () => {
    expect(paying().says('040108aa2611210c170000', '040e00', '06d800').sent()).toEqual([
      ACK,
      '848300',
      '848300',
    ])
  })
})

describe('the timers', () => {
  it('give up 5 s after a command, and close the socket', () => {
    const talk = pay()
    expect(talk.all('timer')).toContainEqual({ do: 'timer', timer: 'answer', afterMs: 5000 })
    talk.put({ in: 'tick', timer: 'answer' })
    expect(talk.outcome).toBe('unknown terminal.no-answer')
    expect(talk.all('drop')).toEqual([{ do: 'drop', why: 'no-answer' }])
  })

  it('do not fire for what was answered in time', () => {
    const talk = paying().put({ in: 'tick', timer: 'answer' }).put({ in: 'tick', timer: 'approval' })
    expect(talk.outcome).toBe('still running')
  })

  it('do not wait for ever for the rest of a frame', () => {
    const talk = paying().says('040f242700')
    expect(talk.all('timer')).toContainEqual({ do: 'timer', timer: 'frame', afterMs: 5000 })
    expect(talk.put({ in: 'tick', timer: 'frame' }).outcome).toBe('unknown terminal.malformed')
  })

  it('end a dialogue that never ends', () => {
    expect(paying().says('04ff010e').put({ in: 'tick', timer: 'whole' }).outcome).toBe(
      'unknown terminal.no-answer',
    )
  })
})
