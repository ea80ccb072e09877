// Whoever looks at a signature may be called off: then the answer is no, and the payment is taken back.
import type { TerminalQuestion } from '@cashdesk/kernel'
import { afterEach, expect, it } from 'vitest'
import { ACK, closeAll, ORDER, Peer, STATUS, start } from '../test/node-peer.ts'

afterEach(closeAll)

it('a cashier who cancels while the signature is looked at takes the payment back at once', async () => {
  const peer = new Peer()
  const wanted = `${STATUS.slice(6)}06041f100101`
  const signed = `040f${(wanted.length / 2).toString(16)}${wanted}`
  peer.scripts.set('0601', async talk => {
    talk.say(ACK, signed)
    await talk.hear()
    talk.say('060f00')
  })
  peer.scripts.set('0630', async talk => {
    talk.say(ACK, STATUS.replace('0b000152', '0b000153'))
    await talk.hear()
    talk.say('060f00')
  })
  const { terminal } = await start(peer)
  const asked: TerminalQuestion['kind'][] = []
  const stop = new AbortController()
  const outcome = await terminal.pay(ORDER, {
    onApproval: async () => 'accept',
    onQuestion: question => {
      asked.push(question.kind)
      stop.abort()
      // The person never answers; without the signal the driver would wait a minute for it.
      return new Promise(() => undefined)
    },
    signal: stop.signal,
  })
  expect(asked).toEqual(['signature'])
  expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'terminal.signature' } })
  expect(peer.count('0630')).toBe(1)
})
