// The simulated card as a program: which card it is, where the virtual reader is, and what can go wrong with it.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CashdeskError } from '@cashdesk/kernel'
import { wholeNumber } from '../options.ts'
import type { RunningSim, SimProgram } from '../program.ts'
import { type CardSim, startCardSim } from './card.ts'
import { classic, isoDep, phone, type SimulatedCard, type TagKind, tag } from './cards.ts'
import type { TagRecord } from './ndef.ts'
import { startPcscd } from './pcscd.ts'
import { felica, vicinity } from './vicinity.ts'

const TAG_KINDS: readonly TagKind[] = ['ultralight', 'ntag213', 'ntag215', 'ntag216']
const KINDS = [...TAG_KINDS, 'classic-1k', 'classic-4k', 'iso-15693', 'felica', 'iso-dep', 'phone']

/** A reader on this machine answers within a few milliseconds. */
const READER_MS = 300

export const CARD_PROGRAM: SimProgram = {
  name: 'card',
  summary: 'an NFC card or phone on the virtual reader of pcscd (vpcd)',
  options: [
    { flag: 'kind', text: KINDS.join(', '), default: 'ntag213' },
    { flag: 'uid', text: 'its number in hexadecimal; one that fits if it is absent' },
    { flag: 'ndef', text: 'what it says: a URI (with ://) or a text' },
    { flag: 'host', text: 'where vpcd is', default: '127.0.0.1' },
    { flag: 'port', text: 'port of vpcd; 35964 is its second slot', default: '35963' },
    {
      flag: 'service',
      text: 'own: starts a pcscd of its own; its socket is in the first line',
      default: 'system',
    },
  ],
  accidents: [
    { name: 'remove', text: 'takes the card away', key: 'r', off: { name: 'insert' } },
    { name: 'insert', text: 'lays it down again', key: 'i' },
    { name: 'swap', text: 'takes it away and lays it down at once', key: 'x' },
    {
      name: 'remove-in-command',
      text: 'takes it away in the middle of a command, the {commands}th from now',
      key: 'c',
      value: { name: 'commands', type: 'number' },
      preset: { commands: 1 },
      off: { name: 'remove-in-command', args: { commands: 0 } },
    },
    {
      name: 'slow',
      text: 'answers each command {ms} late',
      key: 'l',
      value: { name: 'ms', type: 'number' },
      preset: { ms: 1000 },
      off: { name: 'slow', args: { ms: 0 } },
    },
    {
      name: 'silent',
      text: 'answers no command any more',
      key: 's',
      off: { name: 'silent', args: { on: false } },
    },
    {
      name: 'garbage',
      text: 'answers with noise',
      key: 'g',
      off: { name: 'garbage', args: { on: false } },
    },
    {
      name: 'status',
      text: 'answers nothing but the status word {sw}',
      key: 'w',
      value: { name: 'sw', type: 'text' },
      preset: { sw: '6F00' },
      off: { name: 'status', args: { sw: '' } },
    },
  ],
  start: async options => {
    const card = cardOf(options)
    const host = options['host'] ?? '127.0.0.1'
    if (options['service'] !== 'own') {
      const port = wholeNumber(options, 'port', 65_535)
      const sim = await startCardSim({ card, host, port })
      return { ...running(sim, sim.ports, () => sim.close()), notes: await noReader(sim, `${host}:${port}`) }
    }
    const service = await startPcscd()
    const sim = await startCardSim({ card, port: service.port })
    const close = async (): Promise<void> => {
      await sim.close()
      await service.close()
    }
    return running(sim, { vpcd: service.port, PCSCLITE_CSOCK_NAME: service.socket }, close)
  },
}

function running(sim: CardSim, ports: RunningSim['ports'], close: () => Promise<void>): RunningSim {
  return {
    sim: sim.sim,
    ports,
    state: () => sim.state(),
    accident: (name, args) => sim.accident(name, args),
    active: () => sim.active(),
    close,
  }
}

/** Whoever sees no tap should not look for the reason in the till. */
async function noReader(sim: CardSim, address: string): Promise<readonly string[]> {
  await Promise.race([sim.insert(), pause(READER_MS)])
  if (sim.state().connected) return []
  return [
    `no virtual reader at ${address} yet; it is looked for. It belongs to pcscd with vpcd; --service own starts one.`,
  ]
}

/** @throws CashdeskError `sim.usage` */
function cardOf(options: { readonly [flag: string]: string }): SimulatedCard {
  const kind = options['kind'] ?? 'ntag213'
  const { uid, ndef: said } = options
  const ndef: readonly TagRecord[] | undefined =
    said === undefined ? undefined : [said.includes('://') ? { uri: said } : { text: said }]
  const content = ndef === undefined ? {} : { ndef }
  const tagKind = TAG_KINDS.find(known => known === kind)
  if (tagKind !== undefined) return tag({ kind: tagKind, uid: uid ?? '04a1b2c3d4e580', ...content })
  if (kind === 'iso-dep') return isoDep({ uid: uid ?? '04a1b2c3d4e580', ...content })
  if (kind === 'classic-1k') return classic({ size: '1k', uid: uid ?? 'a1b2c3d4', ...content })
  if (kind === 'classic-4k') return classic({ size: '4k', uid: uid ?? 'a1b2c3d4', ...content })
  if (kind === 'iso-15693') return vicinity({ uid: uid ?? 'e004015012345678', ...content })
  if (kind === 'felica') return felica({ uid: uid ?? '0123456789abcdef', ...content })
  if (said !== undefined) throw new CashdeskError('sim.usage', { option: 'ndef', kind })
  if (kind === 'phone') return phone({ random: length => randomBytes(length) })
  throw new CashdeskError('sim.usage', { option: 'kind', value: kind.slice(0, 40), known: KINDS })
}
