// What is cut: a bare journal, and a till that sells. Each remembers what was acknowledged and says what of it is lost.
import { join } from 'node:path'
import type { SaleView } from '@cashdesk/sdk'
import type { RunningHost } from './host.ts'
import type { Said, Subject } from './lives.ts'
import { Promises, unsettled } from './promises.ts'
import type { Answered } from './selling.ts'
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
  readonly longestLife = 400
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

  died(life: number, how: string): void {
    this.findings.wrong.push(`life ${life} ended by itself: ${how}`)
  }
}

export class TillSubject implements Subject {
  readonly longestLife = 40
  readonly findings: Findings = { acknowledged: 0, lost: 0, wrong: [] }
  readonly #root: string
  readonly #host: string
  readonly #promises = new Promises()
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
      case 'end':
        this.#end = line
        return
      case 'failed':
        this.findings.lost += this.#fresh.size
        this.findings.wrong.push(`the till failed: ${JSON.stringify(line)}`)
        return
      default:
        this.findings.acknowledged += 1
        this.#fresh.add(this.#promises.take(line as unknown as Answered))
    }
  }

  ended(line: Said): boolean {
    return line.said === 'end'
  }

  died(life: number, how: string): void {
    this.findings.wrong.push(`life ${life} ended by itself: ${how}`)
  }

  #compare(ids: Iterable<string>, views: readonly SaleView[]): void {
    const broken = this.#promises.broken(ids, views)
    this.findings.lost += broken.length
    this.findings.wrong.push(...broken)
  }

  /** After the last life: every promise of every life, and the books of both sides. */
  async settle(host: RunningHost): Promise<void> {
    const { wrong } = this.findings
    if (this.#end === undefined) {
      wrong.push('the last life did not come to its end')
      return
    }
    const sales = this.#end['sales'] as readonly SaleView[]
    this.#compare(this.#promises.sales, sales)
    if (this.#end['idle'] !== true) wrong.push('the outbox is not empty')
    if (this.#end['tasks'] !== 0)
      wrong.push(`${String(this.#end['tasks'])} tasks, and nothing went wrong but the power`)
    for (const id of this.#end['unfinished'] as readonly string[]) wrong.push(`${id} is stuck`)
    for (const sale of sales) wrong.push(...(await unsettled(sale, host)))
  }
}
