// What is cut: a bare journal, and a till that sells. Each remembers what was acknowledged and says what of it is lost.
import { join } from 'node:path'
import type { SaleView } from '@cashdesk/sdk'
import { type Basket, basketOf, totalOf } from './basket.ts'
import type { RunningHost } from './host.ts'
import type { Said, Subject } from './lives.ts'
import { POWER_FOLDER } from './shadow.ts'

/** What a subject found out. */
export interface Findings {
  /** Promises made: records, or answers of the till. */
  acknowledged: number
  lost: number
  /** Whatever else must not be, in words. */
  readonly wrong: string[]
}

const SCRIPTS = join(POWER_FOLDER, 'dist')

export class JournalSubject implements Subject {
  readonly findings: Findings = { acknowledged: 0, lost: 0, wrong: [] }
  readonly #root: string
  readonly #seed: number
  #kept = 0

  constructor(root: string, seed: number) {
    this.#root = root
    this.#seed = seed
  }

  args(life: number): readonly string[] {
    return [join(SCRIPTS, 'writer.js'), this.#root, String(this.#seed * 10_000 + life)]
  }

  hear(line: Said): void {
    const records = Number(line['records'])
    const { findings } = this
    switch (line.said) {
      case 'kept':
        this.#kept = records
        findings.acknowledged += 1
        return
      case 'open':
        if (records < this.#kept) findings.lost += this.#kept - records
        if (line['wrong'] !== '') findings.wrong.push(String(line['wrong']))
        if (line['restored'] === true) findings.wrong.push('the journal takes itself for a copy')
        // What was read is relied on: it must be there after the next cut, too.
        this.#kept = records
        return
      default:
        findings.lost += this.#kept
        this.#kept = 0
        findings.wrong.push(`could not open: ${JSON.stringify(line)}`)
    }
  }

  ended(line: Said): boolean {
    return line.said === 'open'
  }
}

/** What the till said about one sale. */
interface Promised {
  readonly lines: Set<string>
  paidMinor?: number
  end?: 'closed' | 'cancelled'
}

export class TillSubject implements Subject {
  readonly findings: Findings = { acknowledged: 0, lost: 0, wrong: [] }
  readonly #root: string
  readonly #host: string
  readonly #promised: Map<string, Promised> = new Map()
  /** Sales about which something was said since the last opening. */
  #fresh: Set<string> = new Set()
  #end: Said | undefined

  constructor(root: string, host: string) {
    this.#root = root
    this.#host = host
  }

  args(life: number, isLast: boolean): readonly string[] {
    const asked = JSON.stringify([...this.#fresh])
    const script = join(SCRIPTS, 'register.js')
    return [script, this.#root, this.#host, String(life), asked, ...(isLast ? ['last'] : [])]
  }

  hear(line: Said): void {
    switch (line.said) {
      case 'open': {
        if (line['restored'] === true) this.findings.wrong.push('the journal takes itself for a copy')
        this.#compare(this.#fresh, line['sales'] as readonly SaleView[])
        this.#fresh = new Set()
        return
      }
      case 'giving':
        return
      case 'end':
        this.#end = line
        return
      case 'failed':
        this.findings.lost += this.#fresh.size
        this.findings.wrong.push(`the till failed: ${JSON.stringify(line)}`)
        return
      default:
        this.#promise(line)
    }
  }

  ended(line: Said): boolean {
    return line.said === 'end'
  }

  #promise(line: Said): void {
    const id = String(line['sale'])
    const promised = this.#promised.get(id) ?? { lines: new Set() }
    this.#promised.set(id, promised)
    this.#fresh.add(id)
    this.findings.acknowledged += 1
    if (line.said === 'added') promised.lines.add(String(line['line']))
    if (line.said === 'paid') promised.paidMinor = Number(line['amountMinor'])
    if (line.said === 'closed' || line.said === 'cancelled') promised.end = line.said
  }

  #compare(ids: Iterable<string>, views: readonly SaleView[]): void {
    const found = new Map(views.map(view => [view.id, view]))
    for (const id of ids) {
      const promised = this.#promised.get(id)
      if (promised === undefined) continue
      const missing = missingIn(found.get(id), promised)
      this.findings.lost += missing.length
      if (missing.length > 0) this.findings.wrong.push(`${id}: ${missing.join(', ')}`)
    }
  }

  /** After the last life: every promise of every life, and the books of both sides. */
  async settle(host: RunningHost): Promise<void> {
    const { wrong } = this.findings
    if (this.#end === undefined) {
      wrong.push('the last life did not come to its end')
      return
    }
    const sales = this.#end['sales'] as readonly SaleView[]
    this.#compare(this.#promised.keys(), sales)
    if (this.#end['idle'] !== true) wrong.push('the outbox is not empty')
    if (this.#end['tasks'] !== 0)
      wrong.push(`${String(this.#end['tasks'])} tasks, and nothing went wrong but the power`)
    for (const id of this.#end['unfinished'] as readonly string[]) wrong.push(`${id} is stuck`)
    for (const sale of sales) wrong.push(...(await unsettled(sale, host)))
  }
}

/** What was promised and is not there. */
function missingIn(view: SaleView | undefined, { lines, paidMinor, end }: Promised): readonly string[] {
  if (view === undefined) return ['the sale']
  const missing = [...lines].filter(
    line => !view.lines.some(({ id, state }) => id === line && state === 'active'),
  )
  const paid = view.payments.find(({ id, state }) => id === 'cash' && state === 'done')
  if (paidMinor !== undefined && paid?.amountMinor !== paidMinor) missing.push('its payment')
  if (end === 'closed' && view.state !== 'closed') missing.push('its end')
  if (end === 'cancelled' && !['cancelling', 'cancelled'].includes(view.state))
    missing.push('its cancellation')
  return missing
}

/** What till, cash and host do not agree upon. */
async function unsettled(view: SaleView, host: RunningHost): Promise<readonly string[]> {
  const wrong: string[] = []
  const [, life = '', number = ''] = /^L(\d+)-(\d+)$/.exec(view.id) ?? []
  const basket: Basket = basketOf(Number(life), Number(number))
  const paidMinor = view.payments
    .filter(({ state }) => state === 'done')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  const dueMinor = view.state === 'closed' ? totalOf(basket) : 0
  if (view.state !== (basket.cancelled ? 'cancelled' : 'closed')) wrong.push(`${view.id} is ${view.state}`)
  if (paidMinor !== dueMinor) wrong.push(`${view.id}: paid ${paidMinor} for ${dueMinor}`)
  if (basket.serial === undefined) return wrong
  const card = await host.card(basket.serial)
  const active = view.state === 'closed' ? 1 : 0
  if (card.activations !== active) wrong.push(`${view.id}: its card was activated ${card.activations} times`)
  if ((card.state === 'active') !== (active === 1)) wrong.push(`${view.id}: its card is ${card.state}`)
  return wrong
}
