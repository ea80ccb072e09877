// Reading a PIN block (ISO 9564-1) with its key: decrypt, take the account off, and look whether what is left is a PIN
// field. Ciphers are OpenSSL's through node:crypto.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { PinBlockFormat } from '@cashdesk/kernel'

export type Cipher = 'tdes' | 'aes'

/** OpenSSL 3 has no single DES; EDE under one key twice is the same. */
function machine(cipher: Cipher, key: Buffer): { readonly name: string; readonly key: Buffer } {
  if (cipher === 'aes') return { name: `aes-${key.length * 8}-ecb`, key }
  if (key.length === 24) return { name: 'des-ede3', key }
  return { name: 'des-ede', key: key.length === 8 ? Buffer.concat([key, key]) : key }
}

/** Whole blocks, each by itself (ECB). */
export function encipher(cipher: Cipher, key: Buffer, blocks: Buffer): Buffer {
  const { name, key: full } = machine(cipher, key)
  const forth = createCipheriv(name, full, null)
  forth.setAutoPadding(false)
  return Buffer.concat([forth.update(blocks), forth.final()])
}

function decipher(cipher: Cipher, key: Buffer, blocks: Buffer): Buffer {
  const { name, key: full } = machine(cipher, key)
  const back = createDecipheriv(name, full, null)
  back.setAutoPadding(false)
  return Buffer.concat([back.update(blocks), back.final()])
}

export function xor(left: Buffer, right: Buffer): Buffer {
  const result = Buffer.alloc(left.length)
  for (let at = 0; at < left.length; at += 1) result[at] = (left[at] ?? 0) ^ (right[at] ?? 0)
  return result
}

/**
 * The PIN in a block; undefined where key, account or format does not fit. The block's length must be the format's.
 * ISO 9564-1: format 0 fills with F, format 3 with anything above 9, format 4 with A and eight random bytes.
 */
export function pinIn(
  format: PinBlockFormat,
  block: Buffer,
  key: Buffer,
  account: string,
): string | undefined {
  const field = format === 'iso-4' ? longField(block, key, account) : shortField(block, key, account)
  const shape = {
    'iso-0': /^0([4-9a-c])([0-9]*)(f*)$/,
    'iso-3': /^3([4-9a-c])([0-9]*)([a-f]*)$/,
    'iso-4': /^4([4-9a-c])([0-9]*)(a*)$/,
  }[format]
  const [, length = '', pin = ''] = shape.exec(field.toString('hex').slice(0, 16)) ?? []
  return pin !== '' && pin.length === Number.parseInt(length, 16) ? pin : undefined
}

/** The twelve digits before the check digit, right-aligned in eight bytes. */
function shortField(block: Buffer, key: Buffer, account: string): Buffer {
  const digits = account.slice(0, -1).padStart(12, '0').slice(-12)
  return xor(decipher('tdes', key, block), Buffer.from(`0000${digits}`, 'hex'))
}

/** All digits, twelve at least, behind the number of those beyond twelve. */
function longField(block: Buffer, key: Buffer, account: string): Buffer {
  const digits = account.padStart(12, '0')
  const panField = Buffer.from(`${(digits.length - 12).toString()}${digits}`.padEnd(32, '0'), 'hex')
  return decipher('aes', key, xor(decipher('aes', key, block), panField))
}
