// A register's process: opens the till, shows what it knows of the sales of earlier lives, ends what was left, and then
// sells for cash, prepaid cards among the goods, until it is killed. What the till acknowledged goes to stdout at once.
import { writeSync } from 'node:fs'
import { CashdeskError } from '@cashdesk/kernel'
import type { SaleView, Till } from '@cashdesk/sdk'
import { basketOf, MAX_SALES, saleName } from './basket.ts'
import { openRegister, sell } from './selling.ts'

/** A life that is only to say what it found is told so with this word. */
const LAST = 'last'
/** Until nothing is in flight at the end; commits that failed once wait seconds. */
const IDLE_MS = 30_000

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const [, , dir = '', host = '', lifeText = '1', asked = '[]', last = ''] = process.argv
const life = Number(lifeText)

function known(till: Till, id: string): SaleView | undefined {
  try {
    return till.find(id).view()
  } catch (error) {
    if (error instanceof CashdeskError && error.code === 'sale.unknown') return undefined
    throw error
  }
}

function shown(till: Till, ids: readonly string[]): readonly SaleView[] {
  return ids.flatMap(id => known(till, id) ?? [])
}

async function finish(till: Till): Promise<void> {
  const idle = await till.idle({ timeoutMs: IDLE_MS })
  const sales: SaleView[] = []
  for (let of = 1; of <= life; of += 1)
    for (let number = 0; number < MAX_SALES; number += 1) sales.push(...shown(till, [saleName(of, number)]))
  const unfinished = till.unfinished().map(({ id }) => id)
  say({ said: 'end', idle, tasks: till.tasks().length, unfinished, sales })
  await till.close()
}

try {
  const till = await openRegister({ dir, host })
  const { records, recovery } = till.journal
  const cut = recovery.cut !== undefined
  const sales = shown(till, JSON.parse(asked))
  say({ said: 'open', records, cut, restored: recovery.restored, sales })
  for (const { id } of till.unfinished()) {
    const [, of = '', number = ''] = /^L(\d+)-(\d+)$/.exec(id) ?? []
    await sell(till, basketOf(Number(of), Number(number)), say)
  }
  if (last === LAST) await finish(till)
  else {
    for (let number = 0; number < MAX_SALES; number += 1) await sell(till, basketOf(life, number), say)
    // Sold out before the power went: the supervisor was slow.
    setInterval(() => undefined, 60_000)
  }
} catch (error) {
  if (!(error instanceof CashdeskError)) throw error
  say({ said: 'failed', code: error.code, detail: error.detail ?? {} })
  process.exitCode = 1
}
