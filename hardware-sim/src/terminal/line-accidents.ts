// What may happen on the terminal's serial line: frames that are not understood, signs that get lost, noise.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { SimAccident } from '../switches.ts'

const TIMES = { name: 'times', type: 'number' } as const

/** Off again where nothing of it is left. */
const counted = (name: string, key: string, text: string): SimAccident => ({
  name,
  text,
  key,
  value: TIMES,
  on: { times: 10_000 },
  off: { name, args: { times: 0 } },
})

/** They need `--pty` or `--serial-over-tcp`. */
export const LINE_ACCIDENTS: readonly SimAccident[] = [
  counted('line-nak', 'N', 'serial line: good frames are answered with NAK {times: 1}'),
  counted('line-crc', 'C', 'serial line: its frames leave with a wrong checksum {times: 1}'),
  counted('line-lost-ack', 'L', 'serial line: its ACK gets lost, the frame was taken {times: 1}'),
  counted('line-lost-byte', 'B', 'serial line: a byte of its frames gets lost {times: 1}'),
  {
    name: 'line-noise',
    text: 'serial line: noise before its next frame {bytes: 16}',
    key: 'O',
    value: { name: 'bytes', type: 'number' },
    off: { name: 'line-noise', args: { bytes: 0 } },
  },
  {
    name: 'line-split',
    text: 'serial line: one byte a packet, until {off: true}',
    key: 'S',
    off: { name: 'line-split', args: { off: true } },
  },
]

type Counted = 'line-nak' | 'line-crc' | 'line-lost-ack' | 'line-lost-byte'

/** The most that one accident spoils, in frames or bytes. */
const MAX_SPOILT = 10_000

/** What is switched on; it outlives one connection of a register. */
export class LineAccidents {
  readonly #left: { [name in Counted]: number } = {
    'line-nak': 0,
    'line-crc': 0,
    'line-lost-ack': 0,
    'line-lost-byte': 0,
  }
  #noise = 0
  #split = false

  get splits(): boolean {
    return this.#split
  }

  /** @throws CashdeskError `sim.usage` */
  play(name: string, args: { readonly [name: string]: Json }): void {
    switch (name) {
      case 'line-nak':
      case 'line-crc':
      case 'line-lost-ack':
      case 'line-lost-byte':
        this.#left[name] = count(args, 'times', 1)
        return
      case 'line-noise':
        this.#noise = count(args, 'bytes', 16)
        return
      case 'line-split':
        this.#split = args['off'] !== true
        return
      default:
        throw new CashdeskError('sim.usage', { accident: name.slice(0, 40) })
    }
  }

  active(): string[] {
    const on = Object.entries(this.#left).filter(([, left]) => left > 0)
    return [
      ...on.map(([name]) => name),
      ...(this.#noise > 0 ? ['line-noise'] : []),
      ...(this.#split ? ['line-split'] : []),
    ]
  }

  /** Whether it strikes now; then there is one less to come. */
  strikes(name: Counted): boolean {
    if (this.#left[name] === 0) return false
    this.#left[name] -= 1
    return true
  }

  /** A frame as it leaves. */
  spoil(bytes: Buffer): Buffer {
    let sent = bytes
    if (this.strikes('line-crc')) {
      sent = Buffer.from(sent)
      sent.writeUInt8(sent.readUInt8(sent.length - 1) ^ 0x5a, sent.length - 1)
    }
    if (this.strikes('line-lost-byte')) {
      const middle = sent.length >> 1
      sent = Buffer.concat([sent.subarray(0, middle), sent.subarray(middle + 1)])
    }
    if (this.#noise > 0) {
      // Neither ACK nor NAK nor DLE: noise that says those by chance is no noise but a lie.
      const noise = Array.from({ length: this.#noise }, (_, index) => 0x80 | ((index * 37) & 0x7f))
      this.#noise = 0
      sent = Buffer.concat([Buffer.from(noise), sent])
    }
    return sent
  }
}

function count(args: { readonly [name: string]: Json }, name: string, otherwise: number): number {
  const value = args[name] ?? otherwise
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_SPOILT)
    return value
  throw new CashdeskError('sim.usage', { argument: name, max: MAX_SPOILT })
}
