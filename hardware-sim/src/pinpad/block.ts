// How the simulated PIN pad turns digits into a PIN block (ISO 9564-1) and encrypts it. The host reads these blocks
// with code of its own.
import { createCipheriv } from 'node:crypto'

export type BlockFormat = 'iso-0' | 'iso-3' | 'iso-4'

/** Unguessable bytes, for the fill of formats 3 and 4. */
export type Fill = (length: number) => Uint8Array

/** One or more blocks under a key, each by itself. DES keys of 8, 16 or 24 bytes, AES keys of 16, 24 or 32. */
export function encrypt(cipher: 'tdes' | 'aes', key: Buffer, data: Buffer): Buffer {
  // OpenSSL 3 has no single DES: three passes under the same key are one.
  const long = cipher === 'tdes' && key.length === 8 ? Buffer.concat([key, key]) : key
  const name = cipher === 'aes' ? `aes-${long.length * 8}-ecb` : long.length === 24 ? 'des-ede3' : 'des-ede'
  const machine = createCipheriv(name, long, null).setAutoPadding(false)
  return Buffer.concat([machine.update(data), machine.final()])
}

/** The block in clear; format 4 has two fields, of which this is the first. */
function pinField(format: BlockFormat, pin: string, fill: Fill): Buffer {
  const head = `${format.at(-1)}${pin.length.toString(16)}${pin}`
  if (format === 'iso-4') {
    return Buffer.concat([Buffer.from(head.padEnd(16, 'a'), 'hex'), fill(8)])
  }
  const nibbles = [...fill(16)].map(byte => (10 + (byte % 6)).toString(16)).join('')
  const tail = format === 'iso-0' ? 'f'.repeat(16) : nibbles
  return Buffer.from(`${head}${tail}`.slice(0, 16), 'hex')
}

/** Formats 0 and 3: the last twelve digits before the check digit. Format 4: all digits, and how many exceed twelve. */
function accountField(format: BlockFormat, account: string): Buffer {
  if (format !== 'iso-4') return Buffer.from(account.slice(0, -1).slice(-12).padStart(16, '0'), 'hex')
  const digits = account.padStart(12, '0')
  return Buffer.from(`${digits.length - 12}${digits}`.padEnd(32, '0'), 'hex')
}

const mixed = (one: Buffer, other: Buffer): Buffer =>
  Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)))

/** The encrypted block, in hexadecimal. */
export function pinBlock(format: BlockFormat, key: Buffer, pin: string, account: string, fill: Fill): string {
  const secret = pinField(format, pin, fill)
  const number = accountField(format, account)
  const block =
    format === 'iso-4'
      ? encrypt('aes', key, mixed(encrypt('aes', key, secret), number))
      : encrypt('tdes', key, mixed(secret, number))
  return block.toString('hex').toUpperCase()
}
