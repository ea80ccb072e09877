// What the witnesses say after a trial: the host about its cards, the terminal's books, the paper, and the purse log.
// The till's own verdict is not among them; what it showed to people is, because it must not change its mind.
import { readFile } from 'node:fs/promises'
import type { BookEntry } from '@cashdesk/hardware-sim'
import type { PurseEntry } from './protocol.ts'

export interface CardHistory {
  readonly serial: string
  readonly state: string
  readonly history: readonly { readonly event: string; readonly operation: string }[]
}

export interface Evidence {
  readonly scenario: string
  readonly purse: readonly PurseEntry[]
  /** Every card the trial could have touched. */
  readonly cards: readonly CardHistory[]
  /** What the terminal wrote into its books during the trial. */
  readonly books: readonly BookEntry[]
  /** Sheets that came out of the printer during the trial. */
  readonly paper: readonly string[]
}

/** Where a third process finds the witnesses of one trial. */
export interface Witnesses {
  readonly scenario: string
  readonly purse: readonly PurseEntry[]
  readonly serials: readonly string[]
  readonly hostUrl: string
  readonly adminToken: string
  readonly booksFile: string
  /** Trace number of the terminal's last transaction before the trial. */
  readonly afterTrace: number
  readonly paper: readonly string[]
}

export async function gather(witnesses: Witnesses): Promise<Evidence> {
  const { scenario, purse, paper } = witnesses
  const cards = await Promise.all(witnesses.serials.map(serial => cardOf(witnesses, serial)))
  return { scenario, purse, paper, cards, books: await booksOf(witnesses) }
}

async function cardOf({ hostUrl, adminToken }: Witnesses, serial: string): Promise<CardHistory> {
  const headers = { authorization: `Bearer ${adminToken}` }
  const response = await fetch(`${hostUrl}/api/cards/${serial}`, { headers })
  // Boundary: the host's documented answer.
  const { state, history } = (await response.json()) as CardHistory
  return { serial, state, history }
}

async function booksOf({ booksFile, afterTrace }: Witnesses): Promise<readonly BookEntry[]> {
  try {
    // Boundary: the books of the simulated terminal, as it keeps them.
    const { entries } = JSON.parse(await readFile(booksFile, 'utf8')) as { entries: readonly BookEntry[] }
    return entries.filter(({ trace }) => trace > afterTrace)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw thrown
  }
}
