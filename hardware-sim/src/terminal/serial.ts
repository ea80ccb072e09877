// The serial framing of ZVT as the terminal writes and reads it: DLE STX, the message with every DLE doubled, DLE ETX,
// and a checksum (PA00P016 ch. 3). Its own code, so that a mistake in the driver's cannot find its mirror image here.

export const SIGN = { stx: 0x02, etx: 0x03, ack: 0x06, dle: 0x10, nak: 0x15 } as const

/** What was found on the line. `noise` is what belongs to no frame. */
export type Heard =
  | { readonly kind: 'frame'; readonly apdu: Buffer }
  | { readonly kind: 'bad'; readonly why: 'checksum' | 'form' | 'length' }
  | { readonly kind: 'ack' | 'nak' | 'noise' }

/** The longest message: three bytes of header, two of extended length, 65,535 of data. */
const MAX_APDU = 65_540

/**
 * The checksum over `bytes`: CRC-16 with the reflected polynomial 8408 and a start of 0, low byte first on the line.
 * PA00P016 ch. 3.3 names another of the family; terminals use this one ("123456789" gives 2189).
 */
export function checksum(bytes: Iterable<number>): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1
  }
  return crc
}

/** A message as it goes over the line. The checksum covers the message as it was, and ETX. */
export function frame(apdu: Uint8Array): Buffer {
  const body: number[] = []
  for (const byte of apdu) {
    body.push(byte)
    if (byte === SIGN.dle) body.push(byte)
  }
  const crc = checksum([...apdu, SIGN.etx])
  return Buffer.from([SIGN.dle, SIGN.stx, ...body, SIGN.dle, SIGN.etx, crc & 0xff, crc >> 8])
}

type Place = 'outside' | 'dle' | 'inside' | 'inside-dle' | 'crc-low' | 'crc-high'

/** Cuts what arrives into frames and signs, however it was split. Holds at most one message. */
export class SerialReader {
  #place: Place = 'outside'
  #bytes: number[] = []
  #low = 0

  /** True in the middle of a frame: the time between two bytes counts. */
  get midway(): boolean {
    return this.#place !== 'outside'
  }

  /** The rest of this frame will not come. */
  drop(): void {
    this.#place = 'outside'
    this.#bytes = []
  }

  push(chunk: Uint8Array): Heard[] {
    const heard: Heard[] = []
    for (const byte of chunk) {
      const found = this.#take(byte)
      if (found !== undefined) heard.push(found)
    }
    return heard
  }

  #take(byte: number): Heard | undefined {
    switch (this.#place) {
      case 'outside':
        if (byte === SIGN.dle) this.#place = 'dle'
        else if (byte === SIGN.ack) return { kind: 'ack' }
        else if (byte === SIGN.nak) return { kind: 'nak' }
        else return { kind: 'noise' }
        return undefined
      case 'dle':
        if (byte === SIGN.stx) this.#begin()
        else if (byte !== SIGN.dle) return this.#fail({ kind: 'noise' })
        return undefined
      case 'inside':
        if (byte === SIGN.dle) this.#place = 'inside-dle'
        else return this.#keep(byte)
        return undefined
      case 'inside-dle':
        if (byte === SIGN.dle) return this.#keep(byte)
        if (byte === SIGN.etx) this.#place = 'crc-low'
        // Somebody began anew: what came before lost its end.
        else if (byte === SIGN.stx) this.#begin()
        else return this.#fail({ kind: 'bad', why: 'form' })
        return undefined
      case 'crc-low':
        this.#low = byte
        this.#place = 'crc-high'
        return undefined
      case 'crc-high':
        return this.#close(this.#low | (byte << 8))
      default:
        return this.#place satisfies never
    }
  }

  #begin(): void {
    this.#place = 'inside'
    this.#bytes = []
  }

  #keep(byte: number): Heard | undefined {
    this.#place = 'inside'
    if (this.#bytes.length >= MAX_APDU) return this.#fail({ kind: 'bad', why: 'length' })
    this.#bytes.push(byte)
    return undefined
  }

  #fail(heard: Heard): Heard {
    this.drop()
    return heard
  }

  #close(crc: number): Heard {
    const apdu = Buffer.from(this.#bytes)
    this.drop()
    if (checksum([...apdu, SIGN.etx]) !== crc) return { kind: 'bad', why: 'checksum' }
    // The length inside must be the length it has: a frame is one message, no more and no less.
    return holdsOneMessage(apdu) ? { kind: 'frame', apdu } : { kind: 'bad', why: 'length' }
  }
}

function holdsOneMessage(apdu: Buffer): boolean {
  if (apdu.length < 3) return false
  const short = apdu.readUInt8(2)
  if (short !== 0xff) return apdu.length === 3 + short
  return apdu.length >= 5 && apdu.length === 5 + apdu.readUInt16LE(3)
}
