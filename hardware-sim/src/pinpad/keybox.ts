// Where the simulated PIN pad holds its keys. They come in and never go out; tampering erases them.
import { createDecipheriv } from 'node:crypto'
import { CashdeskError } from '@cashdesk/kernel'
import { type BlockFormat, type Fill, pinBlock } from './block.ts'
import { aesScheme, FutureKeys, type OneKey, ones, tdesScheme } from './derivation.ts'
import type { Complaint } from './tables.ts'

export interface KeyOptions {
  /** How the pad's keys are made: `dukpt` (default) or `master-session`. */
  readonly scheme?: 'dukpt' | 'master-session'
  /** Default `tdes`. */
  readonly cipher?: 'tdes' | 'aes'
  /** The format of 8-byte blocks; AES blocks are format 4. Default `iso-0`. */
  readonly format?: 'iso-0' | 'iso-3'
  /** DUKPT: 32 hexadecimal digits (AES: 32 or 64). Default: the initial key of the public test data. */
  readonly initialKey?: string
  /** DUKPT: 20 digits for TDES, the 16 of the initial key's id for AES. Default: as in the public test data. */
  readonly serial?: string
  /** DUKPT: the counter of the first key. Default 1. */
  readonly counter?: number
  /** By slot 0 to 9: 16 or 32 digits for TDES, 32 or 64 for AES. Default: slot 0 holds the public test BDK. */
  readonly masterKeys?: { readonly [slot: string]: string }
}

/** Public test data of ANSI X9.24-1 (annex A) and X9.24-3 (annex B): keys that everybody knows, for tests alone. */
const TEST = {
  tdes: { initialKey: '6AC292FAA1315B4D858AB3A3D7D5933A', serial: 'FFFF9876543210E00000' },
  aes: { initialKey: '1273671EA26AC29AFA4D1084127652A1', serial: '1234567890123456' },
  masterKeys: {
    tdes: { 0: '0123456789ABCDEFFEDCBA9876543210' },
    aes: { 0: 'FEDCBA9876543210F1F1F1F1F1F1F1F1' },
  },
} as const

export interface Encrypted {
  readonly block: string
  /** DUKPT. */
  readonly ksn?: string
}

export class KeyBox {
  readonly scheme: 'dukpt' | 'master-session'
  readonly cipher: 'tdes' | 'aes'
  readonly #format: BlockFormat
  readonly #fill: Fill
  #future: FutureKeys | undefined
  #masterKeys: ReadonlyMap<string, Buffer>
  #last: OneKey | undefined
  #selected = '0'
  #reuse = false

  /** @throws CashdeskError `sim.usage` for keys that are none */
  constructor(options: KeyOptions, fill: Fill) {
    const { scheme = 'dukpt', cipher = 'tdes', format = 'iso-0' } = options
    this.scheme = scheme
    this.cipher = cipher
    this.#format = cipher === 'aes' ? 'iso-4' : format
    this.#fill = fill
    this.#future = scheme === 'dukpt' ? futureKeys(options, cipher) : undefined
    const slots = Object.entries(options.masterKeys ?? TEST.masterKeys[cipher])
    this.#masterKeys = new Map(slots.map(([slot, hex]) => [slot, keyOf(hex, cipher, `master key ${slot}`)]))
  }

  /** The counter of the next key; undefined without DUKPT, or without keys. */
  get counter(): number | undefined {
    return this.#future?.counter
  }

  get hasKeys(): boolean {
    return this.#future !== undefined || this.#masterKeys.size > 0
  }

  select(slot: string): void {
    this.#selected = slot
  }

  /** What speaks against a PIN for this working key; undefined: nothing. */
  complaint(workingKey: string | undefined): Complaint | undefined {
    if (this.scheme === 'dukpt') return this.#future === undefined ? 'no-key' : undefined
    const master = this.#masterKeys.get(this.#selected)
    if (master === undefined) return 'no-key'
    const sizes = this.cipher === 'aes' ? [32, 64] : [16, 32]
    const fits = workingKey !== undefined && sizes.includes(workingKey.length)
    return fits && /^[0-9A-F]+$/.test(workingKey) ? undefined : 'working-key'
  }

  encrypt(pin: string, account: string, workingKey: string | undefined): Encrypted | Complaint {
    if (this.scheme === 'master-session') {
      const key = this.#open(workingKey ?? '')
      return key === undefined ? 'no-key' : { block: pinBlock(this.#format, key, pin, account, this.#fill) }
    }
    const one = this.#reuse && this.#last !== undefined ? this.#last : this.#future?.take()
    this.#reuse = false
    this.#last = one
    if (one === undefined) return this.#future === undefined ? 'no-key' : 'used-up'
    return { block: pinBlock(this.#format, one.key, pin, account, this.#fill), ksn: one.ksn }
  }

  /** The next block is made with the key of the one before. */
  reuseOnce(): void {
    this.#reuse = true
  }

  erase(): void {
    this.#future = undefined
    this.#last = undefined
    this.#masterKeys = new Map()
  }

  /** A working key arrives encrypted under the selected master key. */
  #open(workingKey: string): Buffer | undefined {
    const master = this.#masterKeys.get(this.#selected)
    if (master === undefined) return undefined
    const long = this.cipher === 'tdes' && master.length === 8 ? Buffer.concat([master, master]) : master
    const name = this.cipher === 'aes' ? `aes-${long.length * 8}-ecb` : 'des-ede'
    const machine = createDecipheriv(name, long, null).setAutoPadding(false)
    return Buffer.concat([machine.update(Buffer.from(workingKey, 'hex')), machine.final()])
  }
}

function futureKeys(options: KeyOptions, cipher: 'tdes' | 'aes'): FutureKeys {
  const { initialKey = TEST[cipher].initialKey, serial = TEST[cipher].serial, counter = 1 } = options
  const key = keyOf(initialKey, cipher, 'initial key')
  if (key.length === 8) throw new CashdeskError('sim.usage', { key: 'initial key' })
  const digits = cipher === 'aes' ? 16 : 20
  if (!/^[0-9A-Fa-f]+$/.test(serial) || serial.length !== digits) {
    throw new CashdeskError('sim.usage', { option: 'serial', digits })
  }
  const scheme = cipher === 'aes' ? aesScheme(serial, key.length === 16 ? 16 : 32) : tdesScheme(serial)
  const possible = Number.isSafeInteger(counter) && counter >= 1 && counter < 2 ** scheme.bits
  if (!possible || ones(counter) > scheme.ones) {
    throw new CashdeskError('sim.usage', { option: 'counter', value: String(counter) })
  }
  return new FutureKeys(scheme, key, counter)
}

/** Never says what was wrong with a key but its name. */
function keyOf(hex: string, cipher: 'tdes' | 'aes', name: string): Buffer {
  const sizes = cipher === 'aes' ? [32, 64] : [16, 32]
  if (!/^[0-9A-Fa-f]*$/.test(hex) || !sizes.includes(hex.length)) {
    throw new CashdeskError('sim.usage', { key: name, digits: sizes.join(' or ') })
  }
  return Buffer.from(hex, 'hex')
}
