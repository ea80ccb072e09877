// Reservations, signatures, questions, mirrored numbers and service commands, against a scripted terminal on TCP.
import type { PaymentFacts, Terminal, TerminalAnswer, TerminalQuestion } from '@cashdesk/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import {
  ACK,
  accepting,
  closeAll,
  expected,
  FACTS,
  goodPayment,
  OP,
  ORDER,
  Peer,
  type Script,
  STATUS,
  shows,
  start,
} from '../test/node-peer.ts'
import { ascii, frame, tlv } from '../test/talk.ts'

afterEach(closeAll)

const completing: Script = async talk => {
  talk.say(ACK, '060f00')
}
/** The status of a payment that is signed: the same with `06 05 2F 04 1F10 01 01`. */
const SIGNED = STATUS.replace('040f23', '040f2b') + '06062f041f10 0101'.replace(' ', '')
const reversed: Script = async talk => {
  talk.say(ACK, `${STATUS.replace('0b000152', '0b000153').replace('040f23', '040f27')}37000152`)
  if ((await talk.hear()) !== ACK) return talk.say('061e016c')
  talk.say('060f00')
}
const signedPayment: Script = async talk => {
  talk.say(ACK, SIGNED)
  if ((await talk.hear()) !== ACK) return talk.say('061e016c')
  talk.say('060f00')
}
const asking =
  (answer: () => Promise<TerminalAnswer>, asked: TerminalQuestion[] = []) =>
  async (question: TerminalQuestion): Promise<TerminalAnswer> => {
    asked.push(question)
    return answer()
  }

describe('a signature', () => {
  async function pay(
    onQuestion: ((question: TerminalQuestion) => Promise<TerminalAnswer>) | undefined,
    options: Parameters<typeof start>[1] = {},
    reversal: Script = reversed,
  ): Promise<{ outcome: Awaited<ReturnType<Terminal['pay']>>; peer: Peer; terminal: Terminal }> {
    const peer = new Peer()
    peer.scripts.set('0601', signedPayment).set('0630', reversal)
    const { terminal } = await start(peer, options)
    const outcome = await terminal.pay(ORDER, { ...accepting, ...(onQuestion && { onQuestion }) })
    return { outcome, peer, terminal }
  }

  test('that a person confirms makes the payment done', async () => {
    const asked: TerminalQuestion[] = []
    const { outcome, peer } = await pay(asking(async () => ({ answer: 'yes' }), asked))
    expect(outcome).toMatchObject({ outcome: 'done', data: { amountMinor: 1999, signature: 'confirmed' } })
    expect(asked).toMatchObject([{ kind: 'signature', facts: { trace: '000152', signature: 'required' } }])
    expect(peer.count('0630')).toBe(0)
  })

  test.each([
    ['a no', async () => ({ answer: 'no' }) as const],
    ['an answer that is none', async () => ({ answer: 'choose', id: 'yes' }) as const],
    ['a screen that fails', async () => Promise.reject(new Error('no screen'))],
    ['nobody', () => new Promise<TerminalAnswer>(() => undefined)],
  ])('that meets %s is taken back', async (_who, answer) => {
    const { outcome, peer } = await pay(asking(answer), { timeouts: { questionMs: 50 } })
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'terminal.signature' } })
    expect(peer.heard.find(frame => frame.startsWith('0630'))).toBe(
      '063010135790 870153 04000000001999490978'.replace(/ /g, ''),
    )
  })

  test('that nobody could ask about is rejected before it is booked', async () => {
    const { outcome, peer } = await pay(undefined)
    expect(outcome).toMatchObject({ outcome: 'unknown', error: { code: 'terminal.rejected-approval' } })
    expect(peer.heard).toContain('846c00')
    expect(peer.count('0630')).toBe(0)
  })

  test.each([
    ['refuses to take it back', shows('061e01b5')],
    ['is lost on it', (async talk => talk.drop()) as Script],
  ])('that is not good stays unknown when the terminal %s', async (_how, reversal) => {
    const no = asking(async () => ({ answer: 'no' }))
    const { outcome, terminal } = await pay(no, {}, reversal)
    expect(outcome).toMatchObject({ outcome: 'unknown', error: { code: 'terminal.signature-not-reversed' } })
    expect(await terminal.reserve?.(ORDER, accepting)).toMatchObject({ error: { code: 'terminal.blocked' } })
  })

  test('that nobody confirmed before the till went down is for a person', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(SIGNED, '060f00'))
    const { terminal } = await start(peer)
    const approved: PaymentFacts = { ...FACTS, signature: 'required' }
    expect(await terminal.query({ ...expected, approved })).toMatchObject({
      outcome: 'unknown',
      error: { code: 'terminal.cannot-tell' },
    })
  })

  test('is the shop’s own business where it says so', async () => {
    const { outcome } = await pay(undefined, { signature: 'on-paper' })
    expect(outcome).toMatchObject({ outcome: 'done', data: { signature: 'required' } })
  })
})

describe('a question during a payment', () => {
  const AGE = frame('040e', tlv('06', tlv('2b', tlv('2c', tlv('07', ascii('ab 18')), tlv('19', '01')))))
  const payment =
    (heard: string[]): Script =>
    async talk => {
      talk.say(ACK, AGE)
      const answer = await talk.hear()
      heard.push(answer)
      if (!answer.startsWith('8000')) return talk.say('061e016c')
      talk.say(STATUS)
      await talk.hear()
      talk.say('060f00')
    }

  test('goes to the register and back', async () => {
    const peer = new Peer()
    const heard: string[] = []
    peer.scripts.set('0601', payment(heard))
    const { terminal } = await start(peer, { registrationConfig: { questions: true } })
    const onQuestion = asking(async () => ({ answer: 'choose', id: '01' }))
    expect(await terminal.pay(ORDER, { ...accepting, onQuestion })).toMatchObject({ outcome: 'done' })
    expect(heard).toEqual(['8000050603190101'])
    expect(peer.heard[0]).toContain('0a02040e')
  })

  test('is a no where nobody answers', async () => {
    const peer = new Peer()
    const heard: string[] = []
    peer.scripts.set('0601', payment(heard))
    const { terminal } = await start(peer)
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'refused' })
    expect(heard).toEqual(['846c00'])
  })
})

test('an approval of a part is done with that part, and asked for only where the till goes on with it', async () => {
  const peer = new Peer()
  peer.scripts.set('0601', async talk => {
    talk.say(ACK, STATUS.replace('1999', '1200'))
    await talk.hear()
    talk.say('060f00')
  })
  const { terminal } = await start(peer, { partialApproval: true })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done', data: { amountMinor: 1200 } })
  expect(peer.heard.find(heard => heard.startsWith('0601'))).toMatch(/06041f700101$/)
})

describe('a reservation', () => {
  test('is made, booked in part, and given back', async () => {
    const peer = new Peer()
    for (const command of ['0622', '0623', '0624', '0625']) peer.scripts.set(command, goodPayment)
    const { terminal } = await start(peer)
    const reserved = await terminal.reserve?.(ORDER, accepting)
    expect(reserved).toMatchObject({ outcome: 'done', data: { receipt: '0153' } })
    const part = { ...ORDER, amountMinor: 1200 }
    const status = STATUS.replace('1999', '1200')
    peer.scripts.set('0624', async talk => {
      talk.say(ACK, status)
      await talk.hear()
      talk.say('060f00')
    })
    expect(await terminal.book?.(part, FACTS, accepting)).toMatchObject({
      outcome: 'done',
      data: { amountMinor: 1200 },
    })
    await terminal.release?.(part, FACTS, accepting)
    await terminal.release?.(ORDER, FACTS, accepting)
    expect(['0622', '0624', '0623', '0625'].map(command => peer.count(command))).toEqual([1, 1, 1, 1])
  })

  test('without a receipt number is not booked', async () => {
    const { terminal } = await start(new Peer())
    const { receipt: _, ...nameless } = FACTS
    expect(await terminal.book?.(ORDER, nameless, accepting)).toMatchObject({
      error: { code: 'value.malformed' },
    })
  })

  test('whose link breaks is unknown, and what would hide it is refused', async () => {
    const peer = new Peer()
    peer.scripts.set('0622', talk => talk.drop())
    const { terminal } = await start(peer)
    expect(await terminal.reserve?.(ORDER, accepting)).toMatchObject({ outcome: 'unknown' })
    for (const order of [
      terminal.book?.(ORDER, FACTS, accepting),
      terminal.reprint?.(OP, {}),
      terminal.diagnose?.(OP, {}),
      terminal.initialise?.(OP, {}),
      terminal.setTime?.(OP, '2026-11-22T04:15:59'),
      terminal.logOff?.(),
    ])
      expect(await order).toMatchObject({ outcome: 'refused', error: { code: 'terminal.blocked' } })
    expect(await terminal.status?.()).toMatchObject({ outcome: 'done', data: { state: 'ready' } })
  })
})

describe('the number to mirror', () => {
  const told = (number: string): string => `${STATUS.replace('040f23', '040f2a')}06051f1f02${number}`
  const payment =
    (number: string): Script =>
    async talk => {
      talk.say(ACK, told(number))
      await talk.hear()
      talk.say('060f00')
    }
  const mirrored = (peer: Peer): readonly (string | undefined)[] =>
    peer.heard.filter(frame => frame.startsWith('0601')).map(frame => /1f1f(.*)$/.exec(frame)?.[1])

  test('is not sent unless the profile says so', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', payment('0153'))
    const { terminal } = await start(peer)
    await terminal.pay(ORDER, accepting)
    await terminal.pay(ORDER, accepting)
    expect(mirrored(peer)).toEqual([undefined, undefined])
  })

  test('is none at first, then the last resolved transaction’s, and none again after one that is not', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', payment('0153'))
    const { terminal } = await start(peer, {
      profile: { afterAutoReversal: 'reversal', mirrorsReceipt: true },
    })
    await terminal.pay(ORDER, accepting)
    peer.scripts.set('0601', talk => talk.drop())
    await terminal.pay(ORDER, accepting)
    peer.scripts.set('0601', payment('0155'))
    peer.scripts.set('0620', shows(told('0155'), '060f00'))
    await terminal.query({ ...expected, approved: FACTS })
    await terminal.pay(ORDER, accepting)
    await terminal.pay(ORDER, accepting)
    expect(mirrored(peer)).toEqual(['00', '020153', '00', '020155'])
  })
})

describe('a stale number to mirror would cancel a good payment, so none is sent', () => {
  const profile = { afterAutoReversal: 'reversal', mirrorsReceipt: true } as const
  const told = (number: string): string => `${STATUS.replace('040f23', '040f2a')}06051f1f02${number}`
  const last = (peer: Peer): string | undefined =>
    /1f1f(.*)$/.exec(peer.heard.findLast(frame => frame.startsWith('0601')) ?? '')?.[1]
  const payment: Script = async talk => {
    talk.say(ACK, told('0153'))
    await talk.hear()
    talk.say('060f00')
  }

  test('after a payment that told its number and was lost, and that a person decided', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', async talk => {
      talk.say(ACK, told('0153'))
      await talk.hear()
      talk.drop()
    })
    const { terminal } = await start(peer, { profile })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'unknown' })
    terminal.settle?.(OP)
    await terminal.pay(ORDER, accepting)
    expect(last(peer)).toBe('00')
  })

  test('after a question about an attempt that this process did not make', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', payment)
    peer.scripts.set('0620', shows(told('0155'), '060f00'))
    const { terminal } = await start(peer, { profile })
    await terminal.pay(ORDER, accepting)
    await terminal.query({ ...expected, approved: FACTS })
    await terminal.pay(ORDER, accepting)
    expect(last(peer)).toBe('00')
  })
})

describe('messages are counted', () => {
  test('when the terminal echoes the offer, from 000001 and on', async () => {
    const peer = new Peer()
    peer.scripts.set('0600', talk => talk.say(ACK, '060f0d295200000106061f7303000000'))
    peer.scripts.set('0601', talk => talk.say('846c0806061f7303000001'))
    const { terminal } = await start(peer, { registrationConfig: { messageSequence: true } })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'refused' })
    expect(peer.heard.at(-1)).toMatch(/^0601.*1f7303000001$/)
  })

  test('from the beginning again after a new registration, which is not counted itself', async () => {
    const peer = new Peer()
    peer.scripts.set('0600', talk => talk.say(ACK, '060f0d295200000106061f7303000000'))
    peer.scripts.set('0601', talk => talk.say('846c00'))
    const { terminal } = await start(peer, { registrationConfig: { messageSequence: true } })
    for (let round = 0; round < 2; round += 1) {
      await terminal.pay(ORDER, accepting)
      expect(await terminal.logOff?.()).toMatchObject({ outcome: 'done' })
    }
    const numbers = (command: string): readonly (string | undefined)[] =>
      peer.heard
        .filter(heard => heard.startsWith(command))
        .map(heard => heard.split('1f7303').slice(1).join(' '))
    expect(numbers('0600')).toEqual(['000000', '000000'])
    expect(numbers('0601')).toEqual(['000001', '000001'])
    expect(numbers('0602')).toEqual(['000002', '000002'])
  })

  test('not when it does not', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal } = await start(peer, { registrationConfig: { messageSequence: true } })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(peer.heard[0]).toMatch(/1f7303000000$/)
    expect(peer.heard.slice(1).join(' ')).not.toContain('1f73')
  })
})

describe('service', () => {
  test('a diagnosis tells the time of the host', async () => {
    const peer = new Peer()
    peer.scripts.set('0670', shows('040108aa2611220c041559', '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.diagnose?.(OP, {})).toMatchObject({
      outcome: 'done',
      data: { time: '2026-11-22T04:15:59' },
    })
  })

  test('the last slip is printed again', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows('06d10300 4f4b'.replace(' ', ''), '060f00'))
    const { terminal } = await start(peer)
    const lines: string[] = []
    const onPrint = async (printed: readonly { text: string }[]): Promise<void> => {
      lines.push(...printed.map(({ text }) => text))
    }
    expect(await terminal.reprint?.(OP, { onPrint })).toMatchObject({ outcome: 'done' })
    expect(lines).toEqual(['OK'])
    expect(peer.heard.find(frame => frame.startsWith('0620'))).toBe('062003135790')
  })

  test('a terminal that refuses, or is lost, says so', async () => {
    const peer = new Peer()
    peer.scripts.set('0693', shows('061e019b')).set('0670', talk => talk.drop())
    const { terminal } = await start(peer)
    expect(await terminal.initialise?.(OP, {})).toMatchObject({ outcome: 'refused' })
    expect(await terminal.diagnose?.(OP, {})).toMatchObject({ outcome: 'unknown' })
  })

  test('its clock is set to a time that is one', async () => {
    const peer = new Peer()
    peer.scripts.set('0691', completing)
    const { terminal } = await start(peer)
    expect(await terminal.setTime?.(OP, '2026-13-22T04:15:59')).toMatchObject({ outcome: 'refused' })
    expect(await terminal.setTime?.(OP, '2026-11-22T04:15:59')).toMatchObject({ outcome: 'done' })
    expect(peer.heard.filter(frame => frame.startsWith('0691'))).toEqual(['06910b135790aa2611220c041559'])
  })

  test('after a log-off the next order registers anew', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal } = await start(peer)
    expect(await terminal.logOff?.()).toMatchObject({ outcome: 'done' })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(peer.count('0600')).toBe(2)
  })
})
