// Questions of the terminal: only an answer that fits is given, and everything else is no.
import { describe, expect, test } from 'vitest'
import { ACK, ascii, frame, REJECT, Talk, tlv } from '../test/talk.ts'
import { authorisation } from './commands.ts'

const AMOUNT = { minor: 1999, currency: '0978' }
/** "Alter?" with "ab 18" (01) and "nein" (02), for the cashier. */
const item = (text: string, id: string): string => tlv('2c', tlv('07', ascii(text)), tlv('19', id))
const AGE = frame(
  '040e',
  tlv('06', tlv('2b', tlv('07', ascii('Alter?')), tlv('18', '01'), item('ab 18', '01'), item('nein', '02'))),
)
/** "Rechnung" as a number. */
const INVOICE = frame(
  '040d',
  tlv('06', tlv('32', tlv('24', tlv('07', ascii('Rechnung'))), tlv('1f38', '01'))),
)

const running = (): Talk => {
  const talk = new Talk(authorisation(AMOUNT)).says(ACK)
  talk.sent()
  return talk
}

function asked(talk: Talk, question: string): Parameters<Talk['put']>[0] & { in: 'answered' } {
  talk.says(question)
  const [effect] = talk.all('question')
  if (!effect) throw new Error('nothing was asked')
  return { in: 'answered', question: effect.question, answer: { answer: 'no' } }
}

describe('a menu', () => {
  test('is put to the register with its texts, and held until it is answered', () => {
    const talk = running()
    expect(asked(talk, AGE).question).toEqual({
      kind: 'choice',
      text: 'Alter?',
      choices: [
        { id: '01', text: 'ab 18' },
        { id: '02', text: 'nein' },
      ],
      forCustomer: false,
    })
    expect(talk.sent()).toEqual([])
    expect(talk.says('04ff010a').sent()).toEqual([])
  })

  test('is answered with what was chosen', () => {
    const talk = running()
    talk.put({ ...asked(talk, AGE), answer: { answer: 'choose', id: '02' } })
    expect(talk.sent()).toEqual(['8000050603190102'])
  })

  test.each([
    ['no', { answer: 'no' }],
    ['yes, which chooses nothing', { answer: 'yes' }],
    ['a choice that is not among them', { answer: 'choose', id: '03' }],
    ['a text', { answer: 'type', text: '01' }],
  ] as const)('gets a no for %s', (_what, answer) => {
    const talk = running()
    talk.put({ ...asked(talk, AGE), answer })
    expect(talk.sent()).toEqual([REJECT])
  })

  test('gets a no when nobody answers in time, and a later answer is not sent', () => {
    const talk = running()
    const late = asked(talk, AGE)
    expect(talk.put({ in: 'tick', timer: 'question' }).sent()).toEqual([REJECT])
    expect(talk.put({ ...late, answer: { answer: 'choose', id: '01' } }).sent()).toEqual([])
  })

  test('gets a no and then the abort when the payment is cancelled meanwhile', () => {
    const talk = running()
    asked(talk, AGE)
    expect(talk.put({ in: 'abort' }).sent()).toEqual([REJECT, '06b000'])
  })

  test('without a choice, or that cannot be read, is not possible', () => {
    expect(running().says(frame('040e', '0604 2b02 0700')).sent()).toEqual(['848300'])
    expect(running().says('040e00').sent()).toEqual(['848300'])
  })
})

describe('an input', () => {
  test('is answered with what was typed, if it has the form', () => {
    const talk = running()
    const question = asked(talk, INVOICE)
    expect(question.question).toEqual({ kind: 'input', text: 'Rechnung', input: 'number' })
    talk.put({ ...question, answer: { answer: 'type', text: '4711' } })
    expect(talk.sent()).toEqual(['80000b060932071f3a0434373131'])
  })

  test.each(['', '47a', '1'.repeat(128)])('gets a no for %j', text => {
    const talk = running()
    talk.put({ ...asked(talk, INVOICE), answer: { answer: 'type', text } })
    expect(talk.sent()).toEqual([REJECT])
  })
})

test('outside a dialogue nothing is asked', () => {
  const talk = new Talk().says(AGE)
  expect(talk.sent()).toEqual(['848300'])
  expect(talk.all('question')).toEqual([])
})
