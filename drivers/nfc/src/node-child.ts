// The reader process: the only place where a PC/SC package is loaded. It tells the till of readers and cards, hands
// commands over, and ends with the till, with the service, or when it hangs.
import { Worker } from 'node:worker_threads'
import { fromHex, hex } from '@cashdesk/kernel'
import {
  BEAT_MS,
  type BindingName,
  type ChildMessage,
  readParentMessage,
  SILENCE_MS,
  VERSION,
} from './messages.ts'
import { type Binding, type BindingListener, reasonOf, type Transmit } from './node-binding.ts'

const LOADERS: { readonly [name in BindingName]: () => Promise<Binding> } = {
  'nfc-pcsc': async () => (await import('./node-nfc-pcsc.ts')).loadNfcPcsc(),
  'pcsc-mini': async () => (await import('./node-pcsc-mini.ts')).loadPcscMini(),
}

/** The addons' threads may be anywhere: nothing is waited for, the system closes what was open. */
function end(): never {
  process.kill(process.pid, 'SIGKILL')
  process.exit(1)
}

function say(message: ChildMessage): void {
  if (process.connected) process.send?.({ v: VERSION, ...message }, undefined, undefined, () => undefined)
}

/** Resolves when the till has been told, or cannot be. */
function sayLast(message: ChildMessage): Promise<void> {
  return new Promise(resolve => {
    if (!process.connected || process.send === undefined) resolve()
    else process.send({ v: VERSION, ...message }, undefined, undefined, () => resolve())
  })
}

/**
 * An addon that waits for a service stops this whole process, so that it would not even notice the till's end:
 * a thread of its own looks whether the main one still turns.
 */
function watchdog(): void {
  const turns = new Int32Array(new SharedArrayBuffer(4))
  setInterval(() => Atomics.add(turns, 0, 1), BEAT_MS / 2)
  const look = `const { workerData: turns } = require('node:worker_threads')
    let last = -1
    setInterval(() => {
      const now = Atomics.load(turns, 0)
      if (now === last) process.kill(process.pid, 'SIGKILL')
      last = now
    }, ${SILENCE_MS})`
  new Worker(look, { eval: true, workerData: turns })
}

async function load(names: readonly string[]): Promise<Binding | readonly string[]> {
  const reasons: string[] = []
  for (const name of names) {
    const loader = name === 'nfc-pcsc' || name === 'pcsc-mini' ? LOADERS[name] : undefined
    try {
      if (loader !== undefined) return await loader()
    } catch (thrown) {
      reasons.push(`${name}: ${reasonOf(thrown).split('\n')[0]}`)
    }
  }
  return reasons
}

/** Cards that are there, by number, and how each is spoken to. */
const cards = new Map<number, Transmit>()
const onReader = new Map<string, number>()
let lastCard = 0

const listener: BindingListener = {
  service: (up, reason) => say({ type: 'service', up, ...(reason === undefined ? {} : { reason }) }),
  reader: reader => say({ type: 'reader', reader }),
  readerGone: reader => say({ type: 'reader-gone', reader }),
  card: (reader, atr, transmit) => {
    lastCard += 1
    cards.set(lastCard, transmit)
    onReader.set(reader, lastCard)
    say({ type: 'card', reader, card: lastCard, atr: hex(atr) })
  },
  cardGone: reader => {
    const card = onReader.get(reader)
    if (card === undefined) return
    cards.delete(card)
    onReader.delete(reader)
    say({ type: 'card-gone', reader, card })
  },
  mute: (reader, reason) => say({ type: 'mute', reader, reason }),
  claimed: reader => say({ type: 'claimed', reader }),
}

async function transmit(id: number, card: number, apdu: string): Promise<void> {
  const toCard = cards.get(card)
  if (toCard === undefined) {
    say({ type: 'no-answer', id, sent: false, reason: 'the card is gone' })
    return
  }
  const result = await toCard(fromHex(apdu))
  if ('answer' in result) say({ type: 'answer', id, apdu: hex(result.answer) })
  else say({ type: 'no-answer', id, sent: result.sent, reason: result.reason })
}

process.on('disconnect', end)
process.on('message', raw => {
  const message = readParentMessage(raw)
  if (message?.type === 'transmit') void transmit(message.id, message.card, message.apdu)
  else if (message?.type === 'stop') end()
})
watchdog()
setInterval(() => say({ type: 'beat' }), BEAT_MS)

const binding = await load((process.argv[2] ?? '').split(','))
if ('run' in binding) {
  say({ type: 'hello', binding: binding.name, pid: process.pid })
  const part = (process.argv[3] ?? '').toLowerCase()
  const reason = await binding.run(listener, name => name.toLowerCase().includes(part))
  await sayLast({ type: 'service', up: false, reason })
} else await sayLast({ type: 'unavailable', reasons: binding })
end()
