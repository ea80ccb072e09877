// A ZIP file from a few texts (PKWARE APPNOTE 6.3: local headers, central directory, deflate), for what is sent to a
// support line: every desktop opens it. Small by design; far below the limits that would need ZIP64.
import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  /** With `/` between folders. */
  readonly name: string
  readonly text: string
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
/** 2.0: deflate. */
const VERSION = 20
/** Names are UTF-8. */
const UTF8 = 0x0800
const DEFLATE = 8
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22

/** @param at the time that every entry bears, in this machine's time zone */
export function zip(entries: readonly ZipEntry[], at: Date): Uint8Array {
  const bodies: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, text } of entries) {
    const path = Buffer.from(name, 'utf8')
    const plain = Buffer.from(text, 'utf8')
    const packed = deflateRawSync(plain)
    const about = Buffer.alloc(26)
    about.writeUInt16LE(VERSION, 0)
    about.writeUInt16LE(UTF8, 2)
    about.writeUInt16LE(DEFLATE, 4)
    about.writeUInt16LE(dosTime(at), 6)
    about.writeUInt16LE(dosDate(at), 8)
    about.writeUInt32LE(crc32(plain), 10)
    about.writeUInt32LE(packed.length, 14)
    about.writeUInt32LE(plain.length, 18)
    about.writeUInt16LE(path.length, 22)
    const local = Buffer.alloc(LOCAL_BYTES)
    local.writeUInt32LE(LOCAL, 0)
    about.copy(local, 4)
    const central = Buffer.alloc(CENTRAL_BYTES)
    central.writeUInt32LE(CENTRAL, 0)
    central.writeUInt16LE(VERSION, 4)
    about.copy(central, 6)
    central.writeUInt32LE(offset, 42)
    bodies.push(local, path, packed)
    directory.push(central, path)
    offset += local.length + path.length + packed.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(END, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, index, end])
}

function dosTime(at: Date): number {
  return (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1)
}

function dosDate(at: Date): number {
  return (Math.max(0, at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate()
}
