// Is the customer old enough? Over real TCP, against a small scripted terminal that shares no code with the driver.
import type { TerminalAnswer, TerminalQuestion, TerminalServiceHooks } from '@cashdesk/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import { ACK, closeAll, goodPayment, OP, ORDER, Peer, type Script, shows, start } from '../test/node-peer.ts'

afterEach(closeAll)

const card = (result: string): Script => shows(`040f0606041f6c01${result}`)

async function asked(
  script: Script,
  answer?: () => Promise<TerminalAnswer>,
): Promise<{ outcome: unknown; questions: readonly TerminalQuestion[]; peer: Peer }> {
  const peer = new Peer()
  peer.scripts.set('06c0', script)
  peer.scripts.set('06b0', talk => talk.say(ACK))
  peer.scripts.set('0601', goodPayment)
  const { terminal } = await start(peer, { timeouts: { questionMs: 2_000 } })
  const questions: TerminalQuestion[] = []
  const hooks: TerminalServiceHooks = answer
    ? {
        onQuestion: async question => {
          questions.push(question)
          return await answer()
        },
      }
    : {}
  const outcome = await terminal.checkAge?.(OP, 18, hooks)
  expect(await terminal.pay(ORDER, { onApproval: async () => 'accept' })).toMatchObject({ outcome: 'done' })
  return { outcome, questions, peer }
}

describe('the age of a customer', () => {
  it.each([
    ['01', true],
    ['00', false],
  ])('is what the card says (%s)', async (result, reached) => {
    const { outcome, questions, peer } = await asked(card(result), async () => ({ answer: 'yes' }))
    expect(outcome).toEqual({ outcome: 'done', data: { reached, by: 'card' } })
    expect(questions).toEqual([])
    // Two seconds, chip, 18 years; the card is given back.
    expect(peer.heard).toContain('06c009021910' + '06041f6b0118')
    expect(peer.count('06b0')).toBe(1)
  })

  it.each([
    ['the card cannot tell', card('02')],
    ['the terminal cannot tell', card('03')],
    ['the terminal says nothing of it', shows('040f00')],
    ['the card cannot be read', shows('040f022764')],
    ['nobody inserts a card', shows('061e016c')],
    ['the terminal does not know the command', (talk => talk.say('848300')) as Script],
  ])('is a question of its own where %s, and only yes is yes', async (_why, script) => {
    const yes = await asked(script, async () => ({ answer: 'yes' }))
    expect(yes.outcome).toEqual({ outcome: 'done', data: { reached: true, by: 'person' } })
    expect(yes.questions).toMatchObject([{ kind: 'age', years: 18 }])
    const no = await asked(script, async () => ({ answer: 'choose', id: 'yes' }))
    expect(no.outcome).toEqual({ outcome: 'done', data: { reached: false, by: 'person' } })
    const failing = await asked(script, () => Promise.reject(new Error('no screen')))
    expect(failing.outcome).toEqual({ outcome: 'done', data: { reached: false, by: 'person' } })
  })

  it('is refused where nobody can be asked', async () => {
    expect((await asked(card('02'))).outcome).toMatchObject({ outcome: 'refused' })
    expect((await asked(shows('061e016c'))).outcome).toMatchObject({ outcome: 'refused' })
  })

  it.each([0, 100, 17.5, Number.NaN])('of %d years is not asked for', async years => {
    const peer = new Peer()
    const { terminal } = await start(peer)
    expect(await terminal.checkAge?.(OP, years, {})).toMatchObject({ error: { code: 'value.malformed' } })
    expect(peer.count('06c0')).toBe(0)
  })
})
