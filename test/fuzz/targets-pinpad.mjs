// PIN pads: the till's session, what an answer says, and the simulated pad's own ear.
import { packetBytes } from '../../drivers/pinpad/dist/frames.js'
import { readAnswer } from '../../drivers/pinpad/dist/packets.js'
import { UIC, VERIFONE } from '../../drivers/pinpad/dist/profiles.js'
import { PadSession } from '../../drivers/pinpad/dist/session.js'
import { Ear } from '../../hardware-sim/dist/pinpad/codec.js'
import { padPacket, padText } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

const TIMES = { ackMs: 3_000, settleMs: 300, entryMs: 300_000 }
const BLOCK = '71.00401A1B2C3D4E5F60718'
const ANSWERS = [BLOCK, '714', '73.00000FFFF9876543210E00001A1B2C3D4E5F60718', '71.000', '7101', '73']
const GOOD = [
  ...ANSWERS.map(text => packetBytes(text)),
  packetBytes('11', true),
  bytesOf('06'),
  bytesOf('15'),
  bytesOf('04'),
]

function session() {
  let nowMs = 0
  let pad = new PadSession(TIMES)
  const steps = [{ bytes: packetBytes('Z60.4111111111111111'), until: 'answer' }]
  /** Whether an exchange runs: a second one is a mistake of the caller. */
  let running = false
  const noted = reaction => {
    if (reaction.end !== undefined) running = false
    return reaction
  }
  const start = () => {
    running = true
    return noted(pad.start(steps, nowMs)).send.length
  }
  return {
    take: bytes => {
      nowMs += 10
      const said = running ? 0 : start()
      const { send, end } = noted(pad.bytes(bytes, nowMs))
      return said + send.length + (end === undefined ? 0 : 1)
    },
    rest: () => {
      // Time passes until nothing is awaited: a bounded number of deadlines.
      for (let times = 0; pad.deadlineMs !== undefined && times < 20; times += 1) {
        nowMs = Math.max(nowMs, pad.deadlineMs)
        noted(pad.tick(nowMs))
      }
      if (pad.deadlineMs !== undefined) throw new Error('it never comes to rest')
      running = false
    },
    proves: () => {
      // A fresh connection, as behind a pad that made no sense.
      pad = new PadSession(TIMES)
      start()
      const heard = ['06', '06'].map(hex => {
        const { end } = noted(pad.bytes(bytesOf(hex), nowMs))
        // Behind the cancel the line falls silent before anything is asked.
        if (pad.deadlineMs - nowMs <= TIMES.settleMs) {
          nowMs = pad.deadlineMs
          noted(pad.tick(nowMs))
        }
        return end
      })
      const { end } = noted(pad.bytes(packetBytes(BLOCK), nowMs))
      running = false
      pad = new PadSession(TIMES)
      return heard.every(each => each === undefined) && end?.how === 'answered' && end.text === BLOCK
    },
    holds: () => 0,
  }
}

function ear() {
  const heard = new Ear()
  return {
    take: bytes => heard.hear(bytes).length,
    rest: () => undefined,
    proves: () => {
      const reads = () =>
        heard.hear(packetBytes('11')).some(({ what, text }) => what === 'packet' && text === '11')
      // Behind a packet whose check never came the first byte is taken for it: NAK, and the till repeats.
      return reads() || reads()
    },
    holds: () => 0,
  }
}

const answers = () => ({
  take: bytes => {
    const text = new TextDecoder('latin1').decode(bytes)
    for (const profile of [VERIFONE, UIC])
      for (const scheme of ['dukpt', 'master-session']) readAnswer(text, scheme, profile, 'iso-0')
    return 1
  },
  rest: () => undefined,
  proves: () => readAnswer(BLOCK, 'master-session', VERIFONE, 'iso-0').kind === 'block',
  holds: () => 0,
})

export const targets = {
  'pinpad-session': {
    weight: 6,
    good: GOOD,
    make: padPacket,
    open: session,
    saysAtMost: bytes => 8 + 2 * bytes,
    holdsAtMost: 0,
  },
  'pinpad-answers': {
    pure: true,
    weight: 6,
    good: ANSWERS.map(asciiOf),
    make: padText,
    open: answers,
    saysAtMost: () => 1,
    holdsAtMost: 0,
  },
  'sim-pinpad': {
    weight: 6,
    good: GOOD,
    make: padPacket,
    open: ear,
    saysAtMost: bytes => 1 + bytes,
    holdsAtMost: 0,
  },
}
