// What the driver finds out afterwards, and its other orders, over real TCP.
import { afterEach, describe, expect, it } from 'vitest'
import {
  ACK,
  accepting,
  BEFORE,
  closeAll,
  expected,
  FACTS,
  goodPayment,
  OLDER,
  OP,
  ORDER,
  Peer,
  STATUS,
  shows,
  start,
} from '../test/node-peer.ts'

afterEach(closeAll)

describe('a query', () => {
  it('finds the payment booked', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.query({ ...expected, approved: FACTS, before: BEFORE })).toEqual({
      outcome: 'done',
      data: FACTS,
    })
    expect(peer.heard).toContain('0620051357900303')
  })

  it('is for a person as long as nobody said what the terminal shows after a reversal', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer, { profile: {} })
    expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({
      outcome: 'unknown',
      error: { code: 'terminal.cannot-tell' },
    })
  })

  it('finds an older transaction, and so that ours was not booked', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(OLDER, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.query({ ...expected, approved: FACTS, before: BEFORE })).toMatchObject({
      outcome: 'refused',
      error: { code: 'terminal.not-booked' },
    })
  })

  it.each([
    ['with nothing', '060f00'],
    ['with its software alone', '060f08f0f0f5312e322e33'],
  ])('asks a terminal that ends the enquiry %s for its last transaction all the same', async (_how, end) => {
    const peer = new Peer()
    peer.scripts.set('0501', talk => talk.say(ACK, end))
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({ outcome: 'done' })
  })

  it('waits until nothing is under way any more', async () => {
    const peer = new Peer()
    const states = ['9c', 'dc', '00']
    peer.scripts.set('0501', talk => talk.say(ACK, `060f01${states.shift() ?? '00'}`))
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({ outcome: 'done' })
    expect(peer.count('0501')).toBe(3)
    expect(peer.count('0620')).toBe(1)
  })

  it.each(['9c', 'a0'])(
    'looks again when the terminal answers that it is busy (%s), in whatever way',
    async busy => {
      const peer = new Peer()
      const says = [
        `040f0227${busy}060f00`,
        `040f0227${busy}061e01${busy}`,
        `061e01${busy}`,
        `${STATUS}060f00`,
      ]
      peer.scripts.set('0620', talk => shows(says.shift() ?? '')(talk))
      const { terminal } = await start(peer)
      expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({ outcome: 'done' })
      expect(peer.count('0620')).toBe(4)
    },
  )

  it('reconnects as often as it must, and gives up in bounded time as unknown', async () => {
    const peer = new Peer()
    let tries = 0
    peer.scripts.set('0620', talk => {
      tries += 1
      if (tries < 3) talk.drop()
      else talk.say(ACK, STATUS, '060f00')
    })
    const { terminal } = await start(peer)
    expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({ outcome: 'done' })
    await peer.stop()
    expect(await terminal.query({ ...expected, approved: FACTS })).toMatchObject({
      outcome: 'unknown',
      error: { code: 'terminal.no-answer' },
    })
  })
})

describe('other orders', () => {
  it('reverse by receipt number, and refund', async () => {
    const peer = new Peer()
    peer.scripts.set('0630', goodPayment)
    peer.scripts.set('0631', goodPayment)
    const { terminal } = await start(peer)
    expect(await terminal.reverse(ORDER, FACTS, accepting)).toMatchObject({ outcome: 'done' })
    expect(await terminal.refund(ORDER, accepting)).toMatchObject({ outcome: 'done' })
    expect(peer.heard).toContain('063010135790870153' + '04000000001999490978')
    expect(peer.heard).toContain('06310d135790' + '04000000001999490978')
    peer.scripts.set('0630', talk => talk.say(ACK, '061e01b4'))
    expect(await terminal.reverse(ORDER, FACTS, accepting)).toEqual({ outcome: 'done', data: FACTS })
  })

  it('settle the day with the terminal’s totals', async () => {
    const peer = new Peer()
    const totals = `60f0f5f3 0001 0042 02000000003000 ${'00000000000000'.repeat(3)} 01000000000999 ${'00000000000000'.repeat(2)}`
    const data = `2700 04000000003999 490978 ${totals}`.replace(/ /g, '')
    const status = `040f${(data.length / 2).toString(16)}${data}`
    peer.scripts.set('0650', shows(status, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.endOfDay(OP, accepting)).toEqual({
      outcome: 'done',
      data: {
        totalMinor: 3999,
        currency: 'EUR',
        counts: { girocard: 2, visa: 1 },
        facts: { girocardMinor: 3000, visaMinor: 999, firstReceipt: '0001', lastReceipt: '0042' },
      },
    })
    peer.scripts.set('0650', shows('060f00'))
    expect(await terminal.endOfDay(OP, accepting)).toMatchObject({ outcome: 'unknown' })
    peer.scripts.set('0650', shows('061e0177'))
    expect(await terminal.endOfDay(OP, accepting)).toMatchObject({ outcome: 'refused' })
  })

  it('read the last transaction, or that there is none', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer)
    expect(await terminal.last()).toEqual({ outcome: 'done', data: FACTS })
    peer.scripts.set('0620', shows('061e0183'))
    expect(await terminal.last()).toEqual({ outcome: 'done', data: null })
  })
})
