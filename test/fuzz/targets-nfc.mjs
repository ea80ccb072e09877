// What the process that reads cards says to the till, and the till's supervision of it.
import { readChildMessage, readParentMessage } from '../../drivers/nfc/dist/messages.js'
import { NfcSession } from '../../drivers/nfc/dist/session.js'
import { asciiOf } from './inputs.mjs'

const SAID = [
  '{"v":1,"type":"hello","binding":"nfc-pcsc","pid":7}',
  '{"v":1,"type":"service","up":true}',
  '{"v":1,"type":"reader","reader":"R"}',
  '{"v":1,"type":"card","reader":"R","card":1,"atr":"3B80800101"}',
  '{"v":1,"type":"answer","id":1,"apdu":"04112233445566809000"}',
  '{"v":1,"type":"no-answer","id":2,"sent":true,"reason":"x"}',
  '{"v":1,"type":"card-gone","reader":"R","card":1}',
  '{"v":1,"type":"transmit","id":1,"card":1,"apdu":"FFCA000000"}',
].map(asciiOf)

/** A process that says what it likes, while time passes. */
function processes() {
  const session = new NfcSession({ ndef: true, applications: [], answerMs: 1000 })
  let child = 0
  let now = 0
  const follow = ({ orders, events }) => {
    for (const order of orders) if (order.order === 'start') child = order.child
    return orders.length + events.length
  }
  const say = text => {
    const raw = parsed(text)
    readParentMessage(raw)
    now += 7
    return follow(session.message(child, raw, now)) + follow(session.tick(now))
  }
  follow(session.open(now))
  return {
    take: bytes =>
      new TextDecoder('latin1')
        .decode(bytes)
        .split(/(?<=\})/)
        .map(say)
        .reduce((a, b) => a + b, 0),
    rest: () => {
      follow(session.close())
      follow(session.open(now))
    },
    proves: () => {
      for (const text of ['{"v":1,"type":"service","up":true}', '{"v":1,"type":"reader","reader":"R"}'])
        say(text)
      return session.state === 'ready' && readChildMessage({ v: 1, type: 'beat' }) !== undefined
    },
    holds: () => 0,
  }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const targets = {
  'nfc-process': {
    weight: 4,
    good: SAID,
    open: processes,
    saysAtMost: bytes => 20 + 40 * bytes,
    holdsAtMost: 0,
  },
}
