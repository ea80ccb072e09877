// The driver over real TCP, against a small scripted terminal that shares no code with it.
import { CashdeskError, type PaymentFacts, type PaymentHooks, type PaymentOrder } from '@cashdesk/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ACK,
  accepting,
  closeAll,
  expected,
  FACTS,
  goodPayment,
  logged,
  ORDER,
  Peer,
  type Script,
  STATUS,
  shows,
  start,
} from '../test/node-peer.ts'
import { type ZvtOptions, zvtTerminal } from './index.ts'

afterEach(closeAll)

describe('a payment over TCP', () => {
  it('registers once, asks the till, acknowledges and is done', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal, states } = await start(peer)
    const messages: string[] = []
    const approvals: PaymentFacts[] = []
    const hooks: PaymentHooks = {
      onApproval: async facts => {
        approvals.push(facts)
        // Registration and its completion, the payment and its first state: the approval has no answer yet.
        expect(peer.heard.map(frame => frame.slice(0, 4))).toEqual(['0600', '8000', '0601', '8000'])
        return 'accept'
      },
      onMessage: message => messages.push(message),
    }
    expect(await terminal.pay(ORDER, hooks)).toEqual({ outcome: 'done', data: FACTS })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(approvals).toEqual([FACTS])
    expect(messages).toEqual(['Insert card'])
    expect(peer.count('0600')).toBe(1)
    expect(states).toEqual(['opening', 'busy', 'ready', 'busy', 'ready'])
    expect(terminal.health()).toMatchObject({ state: 'ready', facts: { terminalId: '52000001' } })
  })

  it('prints what the terminal wants on paper before it acknowledges', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', async talk => {
      talk.say(ACK, STATUS)
      await talk.hear()
      talk.say('06d1024041')
      if ((await talk.hear()) === ACK) talk.say('060f00')
      else talk.say('061e01cc')
    })
    const { terminal } = await start(peer)
    const lines: string[] = []
    const onPrint: PaymentHooks['onPrint'] = async printed =>
      void lines.push(...printed.map(line => line.text))
    expect(await terminal.pay(ORDER, { ...accepting, onPrint })).toMatchObject({ outcome: 'done' })
    expect(lines).toEqual(['A'])
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({
      outcome: 'unknown',
      error: { code: 'terminal.aborted-after-approval' },
    })
  })

  it('is rejected when the till rejects, throws, or nobody listens', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal } = await start(peer)
    const nobody: PaymentHooks = JSON.parse('{}')
    const throwing: PaymentHooks = {
      onApproval: () => {
        throw new Error('no disk')
      },
    }
    for (const hooks of [{ onApproval: async () => 'reject' as const }, throwing, nobody]) {
      expect(await terminal.pay(ORDER, hooks)).toMatchObject({
        outcome: 'unknown',
        error: { code: 'terminal.rejected-approval' },
      })
      terminal.settle?.(ORDER.op)
    }
    expect(peer.heard.filter(frame => frame === '846c00')).toHaveLength(3)
  })

  it('makes a slow journal’s terminal wait, and asks the till only once', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', async talk => {
      talk.say(ACK)
      do talk.say(STATUS)
      while ((await talk.hear()) === '849c00')
      talk.say('060f00')
    })
    const { terminal } = await start(peer, { timeouts: { approvalMs: 10 } })
    let asked = 0
    const onApproval: PaymentHooks['onApproval'] = async () => {
      asked += 1
      await new Promise(resolve => setTimeout(resolve, 60))
      return 'accept'
    }
    expect(await terminal.pay(ORDER, { onApproval })).toMatchObject({ outcome: 'done' })
    expect(asked).toBe(1)
    expect(peer.count('849c')).toBeGreaterThan(0)
  })

  it('can be aborted, and the terminal has the last word', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', async talk => {
      talk.say(ACK, '04ff010a')
      await talk.hear()
      if ((await talk.hear()) === '06b000') talk.say(ACK, '061e016c')
    })
    const { terminal } = await start(peer)
    const stop = new AbortController()
    const hooks: PaymentHooks = { ...accepting, signal: stop.signal, onMessage: () => stop.abort() }
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({
      outcome: 'refused',
      error: { code: 'terminal.refused', detail: { resultCode: '6C' } },
    })
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ error: { code: 'tender.cancelled' } })
    expect(peer.count('0601')).toBe(1)
  })
})

describe('an order that cannot be', () => {
  it('is refused before a byte is sent', async () => {
    const peer = new Peer()
    const { terminal } = await start(peer)
    const cases: readonly [Partial<PaymentOrder>, string][] = [
      [{ amountMinor: 1_000_000_000_000 }, 'terminal.amount'],
      [{ amountMinor: 0 }, 'value.amount'],
      [{ amountMinor: -5 }, 'value.amount'],
      [{ amountMinor: 1.5 }, 'value.amount'],
      [{ currency: 'CHF' }, 'value.currency'],
    ]
    for (const [change, code] of cases)
      expect(await terminal.pay({ ...ORDER, ...change }, accepting)).toMatchObject({
        outcome: 'refused',
        error: { code },
      })
    expect(await terminal.reverse(ORDER, { amountMinor: 1, currency: 'EUR' }, accepting)).toMatchObject({
      error: { code: 'value.malformed' },
    })
    expect(peer.count('0601') + peer.count('0630')).toBe(0)
  })

  it('is refused while another one runs; a query then is unknown, never a refusal', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal } = await start(peer)
    const first = terminal.pay(ORDER, accepting)
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({
      outcome: 'refused',
      error: { code: 'terminal.busy' },
    })
    expect(await terminal.query(expected)).toMatchObject({ outcome: 'unknown' })
    expect(await first).toMatchObject({ outcome: 'done' })
    expect(peer.count('0601')).toBe(1)
  })

  it('is refused as absent when nothing could be opened', async () => {
    const peer = new Peer()
    const { terminal } = await start(peer)
    await peer.stop()
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({
      outcome: 'refused',
      error: { code: 'terminal.absent' },
    })
    expect(terminal.health()).toMatchObject({ state: 'absent', trouble: { code: 'terminal.absent' } })
  })

  it('needs no order for a terminal that was at something else when it was asked to register', async () => {
    const peer = new Peer()
    const answers = ['849c00', '849c00', `${ACK}060f00`]
    peer.scripts.set('0600', talk => talk.say(answers.shift() ?? ''))
    const { terminal, states } = await start(peer, { timeouts: { retryMs: 5 } })
    while (terminal.health().state !== 'ready') await new Promise(resolve => setTimeout(resolve, 2))
    expect(states).toEqual(['opening', 'absent', 'ready'])
    expect(peer.count('0600')).toBe(3)
    await terminal.close()
  })

  it('is refused when the terminal refuses the registration', async () => {
    const peer = new Peer()
    peer.scripts.set('0600', talk => talk.say('841e016f'))
    const { terminal } = await start(peer)
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'refused' })
    expect(peer.count('0601')).toBe(0)
  })
})

describe('a link that breaks', () => {
  const breaks: readonly [string, Script, string][] = [
    ['before the answer', talk => talk.drop(), 'terminal.link-lost'],
    ['without an answer', () => undefined, 'terminal.no-answer'],
    [
      'before the approval',
      talk => {
        talk.say(ACK)
        setTimeout(talk.drop, 10)
      },
      'terminal.link-lost',
    ],
    [
      'after our acknowledgement',
      async talk => {
        talk.say(ACK, STATUS)
        await talk.hear()
        talk.drop()
      },
      'terminal.link-lost',
    ],
    ['with nonsense', talk => talk.say(ACK, '48545450'), 'terminal.malformed'],
  ]

  for (const [when, script, code] of breaks)
    it(`${when} leaves the payment unknown, and the terminal comes back`, async () => {
      const peer = new Peer()
      peer.scripts.set('0601', script)
      const { terminal } = await start(peer)
      expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'unknown', error: { code } })
      peer.scripts.set('0601', goodPayment)
      peer.scripts.set('0620', shows(STATUS, '060f00'))
      expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({ outcome: 'done' })
      expect(peer.connections).toBe(2)
      expect(peer.count('0600')).toBe(2)
    })
})

describe('the driver', () => {
  it('tries a link that was silent for long before it speaks of money', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal } = await start(peer, { timeouts: { staleMs: 20 } })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(peer.count('0501')).toBe(0)
    await new Promise(resolve => setTimeout(resolve, 40))
    const answer = peer.scripts.get('0501')
    peer.scripts.set('0501', talk => {
      if (answer) peer.scripts.set('0501', answer)
      talk.drop()
    })
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(peer.count('0501')).toBe(1)
    expect(peer.connections).toBe(2)
  })

  it('logs off and closes in bounded time, and opens again', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', goodPayment)
    const { terminal, states } = await start(peer)
    await terminal.pay(ORDER, accepting)
    await terminal.close()
    expect(peer.heard.at(-1)).toBe('060200')
    expect(states.at(-1)).toBe('closed')
    expect(await terminal.pay(ORDER, accepting)).toMatchObject({ error: { code: 'terminal.absent' } })
    expect(await terminal.query(expected)).toMatchObject({ outcome: 'unknown' })
  })

  it('ends a running order as unknown when it is closed', async () => {
    const peer = new Peer()
    peer.scripts.set('0601', talk => talk.say(ACK))
    const { terminal } = await start(peer)
    const paying = terminal.pay(ORDER, accepting)
    while (peer.count('0601') === 0) await new Promise(resolve => setTimeout(resolve, 5))
    await terminal.close()
    expect(await paying).toMatchObject({ outcome: 'unknown', error: { code: 'terminal.link-lost' } })
    expect(peer.count('0602')).toBe(0)
  })

  it('checks its options, and lets the password out nowhere', async () => {
    const codeOf = (options: ZvtOptions): string => {
      try {
        zvtTerminal(options)
        return 'nothing thrown'
      } catch (thrown) {
        return thrown instanceof CashdeskError
          ? `${thrown.code} ${JSON.stringify(thrown.detail)}`
          : String(thrown)
      }
    }
    expect(codeOf({})).toContain('config.invalid')
    expect(codeOf({ host: 'x', password: '97531' })).toBe('config.invalid {"field":"terminal.password"}')
    expect(codeOf({ host: 'x', currency: 'XXX' })).toContain('value.currency')
    expect(codeOf({ host: 'x', timeouts: { t3Ms: 0 } })).toContain('t3Ms')
    expect(codeOf({ host: 'x', registrationConfig: { configByte: 256 } })).toContain('configByte')
    expect(logged.length).toBeGreaterThan(0)
    expect(logged.join('\n')).not.toContain('135790')
  })
})
