// The books on disk: read and checked as a whole, written whole, never half.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { makeFolder } from '../folder.ts'
import type { BookEntry } from './book-entry.ts'

export interface StoredBooks {
  readonly version: 1
  readonly nextTrace: number
  readonly nextReceipt: number
  readonly nextTurnover: number
  readonly entries: readonly BookEntry[]
  /** What is left on the cards that are paid in, by number. */
  readonly credits?: { readonly [maskedPan: string]: number }
}

/** Undefined where there is none yet. @throws CashdeskError `sim.books` */
export function readBooks(file: string): StoredBooks | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw unusable(file, thrown)
  }
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch (thrown) {
    throw unusable(file, thrown)
  }
  if (!isStored(stored)) throw unusable(file, 'not the books of a simulated terminal')
  return stored
}

/**
 * Written beside, synced, renamed: a crash leaves the old books or the new ones, never half of either.
 * @throws CashdeskError `sim.books`
 */
export function writeBooks(file: string, stored: StoredBooks): void {
  try {
    makeFolder(dirname(file))
    const beside = `${file}.new`
    const handle = openSync(beside, 'w')
    try {
      writeFileSync(handle, `${JSON.stringify(stored, null, 1)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (thrown) {
    throw unusable(file, thrown)
  }
}

function unusable(file: string, reason: unknown): CashdeskError {
  return new CashdeskError(
    'sim.books',
    { file, reason: reason instanceof Error ? reason.message : String(reason) },
    { cause: reason },
  )
}

function isStored(value: unknown): value is StoredBooks {
  if (typeof value !== 'object' || value === null) return false
  const books = value as { readonly [name: string]: unknown }
  const counters = [books['nextTrace'], books['nextReceipt'], books['nextTurnover']]
  return (
    books['version'] === 1 &&
    counters.every(counter => Number.isSafeInteger(counter) && Number(counter) > 0) &&
    Array.isArray(books['entries']) &&
    books['entries'].every(isEntry)
  )
}

function isEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const entry = value as { readonly [name: string]: unknown }
  return (
    ['payment', 'refund', 'reversal', 'reservation', 'tip', 'top-up'].includes(String(entry['kind'])) &&
    ['authorised', 'booked', 'reversed', 'declined'].includes(String(entry['state'])) &&
    Number.isSafeInteger(entry['amountMinor']) &&
    Number.isSafeInteger(entry['trace'])
  )
}
