// A key store in the memory of the host: for development and tests, and the pattern for one on a security module.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CashdeskError } from '@cashdesk/kernel'
import type { KeyStore, PinReference, PinVerdict, SubmittedPin, WorkingKey } from './keys.ts'
import { type Cipher, encipher, pinIn } from './keys-blocks.ts'
import { aesPinKey, serialOf, tdesPinKey } from './keys-derivation.ts'

export interface MemoryKeys {
  /** Base derivation keys by the beginning of the KSNs that belong to them; the longest that fits counts. */
  readonly bdks?: readonly { readonly ksnPrefix: string; readonly cipher: Cipher; readonly key: string }[]
  /** Master keys by pad. */
  readonly masterKeys?: {
    readonly [pad: string]: { readonly cipher: Cipher; readonly key: string }
  }
  /** What references are made with: 32 bytes or more, hexadecimal. Without it they are lost with the process. */
  readonly referenceKey?: string
}

/** Counters that may still arrive behind the highest one of their pad, because tills wait for each other's calls. */
const REPLAY_WINDOW = 64
/** Pads whose counters are remembered; more belong into a database. */
const MAX_PADS = 100_000
/** Working keys of one pad that are still good: the present one, and those that a sale may have begun with. */
const KEYS_PER_PAD = 4

/** @throws CashdeskError `config.invalid` for a key of a wrong length, never with its value */
export function memoryKeyStore(keys: MemoryKeys): KeyStore {
  return new MemoryKeyStore(keys)
}

interface OpenKey {
  readonly key: Buffer
  readonly cipher: Cipher
  /** Marks the key as used; false where it was before. */
  readonly use: () => boolean
}

class MemoryKeyStore implements KeyStore {
  readonly #bdks: readonly { readonly prefix: string; readonly cipher: Cipher; readonly key: Buffer }[]
  readonly #masters: ReadonlyMap<string, { readonly cipher: Cipher; readonly key: Buffer }>
  readonly #referenceKey: Buffer
  readonly #working = new Map<
    string,
    { readonly pad: string; readonly cipher: Cipher; readonly key: Buffer }
  >()
  /** By device: the counters used, the highest last; at most `REPLAY_WINDOW` of them. */
  readonly #used = new Map<string, number[]>()

  constructor({ bdks = [], masterKeys = {}, referenceKey }: MemoryKeys) {
    this.#bdks = bdks
      .map(({ ksnPrefix, cipher, key }, at) => ({
        prefix: ksnPrefix.toUpperCase(),
        cipher,
        key: keyOf(key, cipher === 'aes' ? [16, 32] : [16], `bdks.${at}.key`),
      }))
      .sort((one, other) => other.prefix.length - one.prefix.length)
    const masters = Object.entries(masterKeys).map(([pad, { cipher, key }]) => {
      const lengths = cipher === 'aes' ? [16, 32] : [8, 16, 24]
      return [pad, { cipher, key: keyOf(key, lengths, `masterKeys.${pad}.key`) }] as const
    })
    this.#masters = new Map(masters)
    this.#referenceKey =
      referenceKey === undefined ? randomBytes(32) : keyOf(referenceKey, undefined, 'referenceKey')
  }

  async workingKey(pad: string): Promise<WorkingKey | undefined> {
    const master = this.#masters.get(pad)
    if (master === undefined) return undefined
    const mine = [...this.#working].filter(([, held]) => held.pad === pad)
    if (mine.length >= KEYS_PER_PAD) this.#working.delete(mine[0]?.[0] ?? '')
    const id = randomBytes(16).toString('hex')
    const { cipher } = master
    const key = cipher === 'aes' ? randomBytes(16) : withOddParity(randomBytes(16))
    this.#working.set(id, { pad, cipher, key })
    return { id, cryptogram: encipher(cipher, master.key, key).toString('hex').toUpperCase() }
  }

  async reference(account: string, pin: string): Promise<PinReference> {
    if (!/^\d{8,19}$/.test(account)) throw new CashdeskError('value.malformed', { field: 'account' })
    if (!/^\d{4,12}$/.test(pin)) throw new CashdeskError('value.malformed', { field: 'pin' })
    return createHmac('sha256', this.#referenceKey).update(`${account}:${pin}`).digest('hex')
  }

  async enrol(submitted: SubmittedPin): Promise<PinReference | Exclude<PinVerdict, 'right' | 'wrong'>> {
    const read = this.#read(submitted)
    return 'verdict' in read ? read.verdict : await this.reference(submitted.account, read.pin)
  }

  async verify(submitted: SubmittedPin, reference: PinReference): Promise<PinVerdict> {
    const read = this.#read(submitted)
    if ('verdict' in read) return read.verdict
    const mine = Buffer.from(await this.reference(submitted.account, read.pin), 'hex')
    const kept = Buffer.from(reference, 'hex')
    return kept.length === mine.length && timingSafeEqual(mine, kept) ? 'right' : 'wrong'
  }

  #read(
    submitted: SubmittedPin,
  ): { readonly pin: string } | { readonly verdict: Exclude<PinVerdict, 'right' | 'wrong'> } {
    const { account, block } = submitted
    const open = this.#open(submitted)
    if (open === undefined) return { verdict: 'unknown-key' }
    const long = block.format === 'iso-4'
    const fits = long === (open.cipher === 'aes') && block.blockHex.length === (long ? 32 : 16)
    if (!fits || !/^[0-9A-Fa-f]+$/.test(block.blockHex) || !/^\d{8,19}$/.test(account)) {
      return { verdict: 'unreadable' }
    }
    const pin = pinIn(block.format, Buffer.from(block.blockHex, 'hex'), open.key, account)
    if (pin === undefined) return { verdict: 'unreadable' }
    // Only a block that could be read uses its key up: nobody can push a pad's counter forward with noise.
    return open.use() ? { pin } : { verdict: 'replayed' }
  }

  #open({ block: { ksnHex }, workingKeyId }: SubmittedPin): OpenKey | undefined {
    if (ksnHex === undefined) {
      const held = workingKeyId === undefined ? undefined : this.#working.get(workingKeyId)
      return held && { key: held.key, cipher: held.cipher, use: () => true }
    }
    const ksn = ksnHex.toUpperCase()
    const serial = serialOf(ksn)
    const bdk = this.#bdks.find(({ prefix }) => ksn.startsWith(prefix))
    if (serial === undefined || bdk === undefined || (ksn.length === 24) !== (bdk.cipher === 'aes'))
      return undefined
    if (!this.#used.has(serial.device) && this.#used.size >= MAX_PADS) return undefined
    const key = bdk.cipher === 'aes' ? aesPinKey(bdk.key, ksn) : tdesPinKey(bdk.key, ksn)
    return { key, cipher: bdk.cipher, use: () => this.#use(serial.device, serial.counter) }
  }

  /** False for a counter that was used, or lies so far behind that nobody remembers. */
  #use(device: string, counter: number): boolean {
    const used = this.#used.get(device) ?? []
    const oldest = used[0]
    if (used.includes(counter)) return false
    if (used.length >= REPLAY_WINDOW && oldest !== undefined && counter < oldest) return false
    used.push(counter)
    used.sort((one, other) => one - other)
    if (used.length > REPLAY_WINDOW) used.shift()
    this.#used.set(device, used)
    return true
  }
}

/** @throws CashdeskError `config.invalid` that names the key and says nothing of it */
function keyOf(hex: string, lengths: readonly number[] | undefined, field: string): Buffer {
  const bytes = Buffer.from(hex, 'hex')
  const whole = bytes.length * 2 === hex.length
  if (whole && (lengths === undefined ? bytes.length >= 32 : lengths.includes(bytes.length))) return bytes
  throw new CashdeskError('config.invalid', { field })
}

/** DES keys have an odd number of ones in each byte; some pads refuse others. */
function withOddParity(key: Buffer): Buffer {
  return Buffer.from(
    key.map(byte => {
      const ones = (byte >> 1).toString(2).replaceAll('0', '').length
      return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0)
    }),
  )
}
