// Payment terminals: both sides' codecs and the register's sessions.

import { readBmps, ZVT_FRAMING } from '../../drivers/terminal/dist/apdu.js'
import { authorisation } from '../../drivers/terminal/dist/commands.js'
import { readIntermediate, readPrintBlock, readPrintLine } from '../../drivers/terminal/dist/print.js'
import { readQuestion } from '../../drivers/terminal/dist/questions.js'
import { COUNT_START, placeAnswer, placeCommand } from '../../drivers/terminal/dist/sequence.js'
import { encodeMessage, SerialLine } from '../../drivers/terminal/dist/serial-line.js'
import { step } from '../../drivers/terminal/dist/session.js'
import { idleSession } from '../../drivers/terminal/dist/speech.js'
import {
  readAbort,
  readEnquiry,
  readRegistration,
  readStatus,
  readTime,
} from '../../drivers/terminal/dist/status.js'
import { ApduReader, readFields, readTlv } from '../../hardware-sim/dist/terminal/codec.js'
import { cutFrames } from '../../packages/kernel/dist/index.js'
import { apdu as anyApdu } from './grammar.mjs'
import { bytesOf } from './inputs.mjs'

const NOW = 1_795_291_200_000
const LIMITS = { t3Ms: 5000, t4Ms: 180_000, approvalMs: 3000, questionMs: 60_000, wholeMs: 1_800_000 }
const NONE = new Uint8Array(0)

/** A status information as a terminal sends it, its length counted here. */
function apdu(control, data) {
  const body = bytesOf(data)
  const length = body.length < 255 ? [body.length] : [255, body.length & 255, body.length >> 8]
  return Uint8Array.from([...bytesOf(control), ...length, ...body])
}

const STATUS = '2700 04000000001999 490978 0b000152 0c170816 0d1121 870153 88000153 2952000001'
const APPROVED = apdu('040f', STATUS)
const GOOD = [
  apdu('8000', ''),
  apdu('849c', ''),
  apdu('040f', STATUS),
  apdu('040f', `${STATUS} 060b 1f7301051f1f04000152ff`),
  apdu('040f', '276c 3cf1f54e4f54204f4b'),
  apdu('040f', `${STATUS} 22f1f06725ffffffffffff 8a05`),
  apdu('04ff', '0a 01 0611 2409 070748 414c4c4f2121'.replace('0611', '060f')),
  apdu('06d1', '00 48616c6c6f'),
  apdu('06d3', '0613 1f070101 250d 0703414243 070444454647 0900'),
  apdu('060f', '4909 7829 52000001'),
  apdu('060f', ''),
  apdu('061e', '6c'),
  apdu('040f', 'ff'.repeat(300)),
]

/** What the driver reads out of an APDU, by what it takes it for. */
const READERS = [
  data =>
    readPrintLine(data, 'admin', 'cp437').lines.length + readPrintBlock(data, 'admin', 'cp437').lines.length,
  (data, control) => {
    readQuestion(control, data, 'cp437')
    readIntermediate(data, 'cp437')
    readAbort(data, 'cp437')
    return 0
  },
  data => {
    readEnquiry(data, 'cp437')
    readRegistration(data)
    readTime(data)
    placeAnswer(COUNT_START, data)
    placeCommand(COUNT_START, data)
    return readBmps(data).fields.length
  },
]

/** Its fields and results always, and the rest of the readers in turn, whatever the control field says. */
function readAll({ control, data }) {
  const other = READERS[(control + data.length) % READERS.length]
  return 1 + readStatus(data, NOW, 'cp437').unknownBmps.length + other(data, control)
}

/** The register's side of TCP: bytes to APDUs to facts. Bare APDUs have no start sign: only a new connection helps. */
function stream() {
  let pending = NONE
  const take = bytes => {
    const cut = cutFrames(ZVT_FRAMING, pending, bytes)
    pending = cut.pending
    return cut.frames.reduce((sum, frame) => sum + (frame === 'not-zvt' ? 1 : readAll(frame)), 0)
  }
  return {
    take,
    rest: () => {
      pending = NONE
    },
    proves: () => {
      const { frames } = cutFrames(ZVT_FRAMING, pending, APPROVED)
      return frames.length === 1 && readStatus(frames[0].data, NOW, 'cp437').facts.amountMinor === 1999
    },
    holds: () => pending.length,
  }
}

/** A payment under way; the till answers whatever is asked. */
function dialogue() {
  let state = idleSession('cp437')
  let said = 0
  const put = input => {
    const turn = step(state, input)
    state = turn.state
    said += turn.effects.length
    return turn.effects
  }
  const start = () =>
    put({
      in: 'start',
      command: authorisation({ minor: 1999, currency: '0978' }),
      at: NOW,
      limits: LIMITS,
    })
  const answer = effects =>
    effects.flatMap(({ do: what, question }) => {
      if (what === 'ask') return answer(put({ in: 'verdict', verdict: 'accept' }))
      if (what === 'question') return answer(put({ in: 'answered', question, answer: { answer: 'yes' } }))
      if (what === 'print') return answer(put({ in: 'printed', kept: true }))
      return [what]
    })
  start()
  return {
    take: bytes => {
      said = 0
      answer(put({ in: 'bytes', bytes }))
      if (state.phase === 'idle') start()
      return said
    },
    rest: () => {
      for (const timer of ['frame', 'approval', 'question', 'dialogue', 'answer', 'whole'])
        put({ in: 'tick', timer })
      put({ in: 'closed' })
      state = { ...state, pending: NONE }
      start()
    },
    proves: () => {
      answer(put({ in: 'bytes', bytes: bytesOf('800000') }))
      const asked = put({ in: 'bytes', bytes: APPROVED }).some(({ do: what }) => what === 'ask')
      put({ in: 'verdict', verdict: 'accept' })
      const ended = put({ in: 'bytes', bytes: bytesOf('060f00') }).find(({ do: what }) => what === 'end')
      start()
      return asked && ended !== undefined
    },
    holds: () => state.pending.length + state.queue.reduce((sum, { data }) => sum + data.length, 0),
  }
}

/** DLE framing: noise is answered with NAK, and the next message is read. */
function serial() {
  const times = { t1Ms: 200, t2Ms: 5000 }
  let line = new SerialLine(times)
  return {
    take: bytes => line.take({ in: 'bytes', bytes }).length,
    rest: () => {
      for (const timer of ['t1', 't2', 't1']) line.take({ in: 'tick', timer })
    },
    proves: () => {
      // It gives up for good after too many unreadable messages; then there is a new connection.
      const message = encodeMessage(bytesOf('061e01aa'))
      const delivered = each => each.take({ in: 'bytes', bytes: message }).some(one => one.do === 'deliver')
      // A message that came before is acknowledged, and not delivered twice.
      line.take({ in: 'bytes', bytes: encodeMessage(bytesOf('060f00')) })
      if (delivered(line)) return true
      const ended = line.take({ in: 'send', apdu: bytesOf('060100') }).length === 0
      line = new SerialLine(times)
      return ended && delivered(line)
    },
    holds: () => 0,
  }
}

/** The simulator's own codec: a second reading of the same specification. */
function simulator() {
  let reader = new ApduReader()
  return {
    take: bytes => {
      const apdus = reader.push(Buffer.from(bytes))
      for (const { data } of apdus) {
        readFields(data)
        readTlv(data)
      }
      return apdus.length
    },
    rest: () => {
      reader = new ApduReader()
    },
    proves: () => reader.push(Buffer.from(APPROVED)).length === 1,
    holds: () => 0,
  }
}

const perByte = bytes => 8 + 8 * bytes
/** Every single byte may end a dialogue, with all its timers, and the next is begun here at once. */
const perPiece = bytes => 16 + 16 * bytes

export const targets = {
  'zvt-stream': {
    weight: 14,
    good: GOOD,
    make: anyApdu,
    open: stream,
    saysAtMost: perByte,
    holdsAtMost: 65_540,
  },
  'zvt-session': {
    weight: 8,
    good: GOOD,
    make: anyApdu,
    open: dialogue,
    saysAtMost: perPiece,
    holdsAtMost: 64 * 65_540,
  },
  'zvt-serial': {
    weight: 10,
    good: [...GOOD.map(each => encodeMessage(each)), bytesOf('06'), bytesOf('15')],
    make: chance => encodeMessage(anyApdu(chance)),
    open: serial,
    saysAtMost: perByte,
    holdsAtMost: 0,
  },
  'sim-zvt': { weight: 8, good: GOOD, make: anyApdu, open: simulator, saysAtMost: perByte, holdsAtMost: 0 },
}
