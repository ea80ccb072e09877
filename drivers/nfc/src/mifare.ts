// MIFARE Classic: a sector opens to whoever knows its key. The key is a secret: it is put into commands, and nowhere
// else.
import { CashdeskError } from '@cashdesk/kernel'
import { authenticate, loadKey } from './frames.ts'

export interface ClassicKey {
  readonly type: 'A' | 'B'
  /** Six bytes. */
  readonly key: Uint8Array
}

const KEY_BYTES = 6
/** Blocks of a MIFARE Classic 4K. */
const BLOCKS = 256

/**
 * The commands that open the sector of `block`, to be followed by `readStorage(block, 16)` or `writeStorage(block, …)`
 * in the same exchange. `slot`: which of the reader's places for keys is used, default 0.
 * @throws CashdeskError `config.invalid`, without the key
 */
export function openBlock(block: number, { type, key }: ClassicKey, slot = 0): readonly Uint8Array[] {
  if (key.length !== KEY_BYTES) throw new CashdeskError('config.invalid', { field: 'key' })
  if (!Number.isInteger(block) || block < 0 || block >= BLOCKS) {
    throw new CashdeskError('config.invalid', { field: 'block' })
  }
  return [loadKey(slot, key), authenticate(block, type, slot)]
}
