// No command goes unanswered, whatever is in it: good ones, spoilt ones and noise behind every control field, against
// the whole terminal. FUZZ sets how many are tried.
import { expect, it } from 'vitest'
import { realTiming, type Wire } from '../wire.ts'
import { writeApdu } from './codec.ts'
import { Terminal } from './core.ts'
import { COMMAND } from './tables.ts'

/** Each takes a whole dialogue, hence fewer than of the codecs' inputs. */
const ROUNDS = Number(process.env['FUZZ'] ?? 2_000) / 4
const DATA = [
  '',
  '000000',
  '000000be0978030006062604',
  '000000aa2702280c235958',
  '00000087000104000000000500490978',
  '04000000001999490978194806091f3606000000000100',
  '0400000000020087000149097806041f060102',
  '0a06041f6b0118',
  'f1f0f3616263f20f',
  '870001',
]

/** A register that acknowledges everything. */
function acknowledging(terminal: Terminal): { said: string[]; command: (bytes: Buffer) => void } {
  const said: string[] = []
  let hear: (bytes: Buffer) => void = () => {}
  let ended: () => void = () => {}
  const wire: Wire = {
    listen: listener => {
      hear = bytes => listener.data(bytes)
      ended = () => listener.ended()
    },
    write: (bytes, left) => {
      said.push(Buffer.from(bytes).toString('hex'))
      left?.()
      if (![0x80, 0x84].includes(bytes[0] ?? 0)) setImmediate(() => hear(Buffer.from('800000', 'hex')))
    },
    end: () => ended(),
    reset: () => ended(),
    pause: () => {},
    resume: () => {},
  }
  terminal.called(wire)
  return { said, command: bytes => hear(bytes) }
}

it('every command gets an 80 or an 84, and the terminal is ready for the next', async () => {
  let state = 7
  const pick = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const controls = [...Object.values(COMMAND), 0x0605, 0x0699, 0x0801, 0xffff]
  for (let round = 0; round < ROUNDS; round += 1) {
    const terminal = new Terminal({ speed: 0, t3Ms: 1_000 }, realTiming(), () => {})
    const register = acknowledging(terminal)
    if (pick(2) === 0) {
      register.command(Buffer.from('060006000000000978', 'hex'))
      while (terminal.state().dialogue !== null || register.said.length === 0) await turn()
    }
    const before = register.said.length
    const data = Buffer.from(DATA[pick(DATA.length)] ?? '', 'hex')
    if (data.length > 0 && pick(2) === 0) data.writeUInt8(pick(256), pick(data.length))
    const cut = pick(3) === 0 ? data.subarray(0, pick(data.length + 1)) : data
    const command = writeApdu(controls[pick(controls.length)] ?? 0, cut)
    register.command(command)
    for (let waited = 0; register.said.length === before && waited < 50; waited += 1) await turn()
    expect(`${command.toString('hex')} ${register.said[before]?.slice(0, 2)}`).toMatch(/ 8[04]$/)
    while (terminal.state().dialogue !== null) await turn()
    await terminal.close()
  }
})

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
