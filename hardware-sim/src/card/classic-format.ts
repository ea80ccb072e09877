// How a MIFARE Classic is written as an NFC tag: a directory in sector 0 (and 16 where one is not enough), the message in the
// sectors behind it, each opened by a key that everybody knows. After NXP AN10787 and AN1305.
import { CashdeskError } from '@cashdesk/kernel'

const DIRECTORY_KEY = 'a0a1a2a3a4a5'
const MESSAGE_KEY = 'd3f7d3f7d3f7'
const ACCESS = [0x78, 0x77, 0x88]

interface Sector {
  readonly number: number
  /** Where its data are in the memory, and how many bytes. */
  readonly at: number
  readonly room: number
}

/** Writes directory and message. Answers key A of each sector it used. @throws CashdeskError `sim.usage` */
export function formatClassic(memory: Buffer, message: Uint8Array): ReadonlyMap<number, string> {
  const head = message.length < 255 ? [message.length] : [0xff, message.length >> 8, message.length & 0xff]
  const area = Buffer.from([0x03, ...head, ...message, 0xfe])
  const all = sectorsOf(memory).filter(({ number }) => number !== 0 && number !== 16)
  const used: Sector[] = []
  let written = 0
  for (const sector of all) {
    if (written >= area.length) break
    area.copy(memory, sector.at, written, written + sector.room)
    written += sector.room
    used.push(sector)
  }
  if (written < area.length) throw new CashdeskError('sim.usage', { bytes: area.length, fits: written })
  const second = used.some(({ number }) => number > 16)
  directory(memory, 16, 32, 1, used)
  memory[3 * 16 + 9] = second ? 0xc2 : 0xc1
  if (second) directory(memory, 64 * 16, 48, 17, used)
  for (const { at, room } of sectorsOf(memory)) memory.set(ACCESS, at + room + 6)
  return new Map([
    [0, DIRECTORY_KEY],
    ...(second ? [[16, DIRECTORY_KEY] as const] : []),
    ...used.map(({ number }) => [number, MESSAGE_KEY] as const),
  ])
}

/** Check, publisher, and two bytes for each sector from `first` on. */
function directory(memory: Buffer, at: number, length: number, first: number, used: readonly Sector[]): void {
  for (const { number } of used) {
    const place = 2 + (number - first) * 2
    if (place >= 2 && place < length) memory.set([0x03, 0xe1], at + place)
  }
  let check = 0xc7
  for (const byte of memory.subarray(at + 1, at + length)) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const carry = ((check >> 7) & 1) !== ((byte >> bit) & 1)
      check = ((check << 1) & 0xff) ^ (carry ? 0x1d : 0)
    }
  }
  memory[at] = check
}

/** 32 sectors of three blocks of data and one of keys, then 8 with fifteen. */
function sectorsOf(memory: Buffer): readonly Sector[] {
  const sectors: Sector[] = []
  for (let block = 0; block * 16 < memory.length; ) {
    const blocks = block < 128 ? 4 : 16
    sectors.push({ number: sectors.length, at: block * 16, room: (blocks - 1) * 16 })
    block += blocks
  }
  return sectors
}
