// A Star printer and every accident of a job: what is called done is on the paper, whole and once.
import { SimClock, SimNetwork, type SimulatedStarPrinter, simulatedStarPrinter } from '@cashdesk/hardware-sim'
import {
  type Json,
  type OperationId,
  type Outcome,
  type PrinterStatus,
  pair,
  qr,
  type ReceiptBlock,
  text,
} from '@cashdesk/kernel'
import { type EscPosPrinter, printer as printerOn, star48Status } from '@cashdesk/printer'
import { describe, expect, it } from 'vitest'

const LINES = 12
const BLOCKS: readonly ReceiptBlock[] = [
  text('BEGIN 4711'),
  ...Array.from({ length: LINES - 2 }, (_, index) => pair(`Article ${index}`, `${index + 1},99`)),
  qr('https://example.org/receipts/4711'),
  { block: 'barcode', symbology: 'ean13', data: '4006381333931' },
  { block: 'pdf417', data: 'card 1' },
  text('END 4711', { bold: true, size: 2 }),
]

class Bench {
  readonly clock = new SimClock()
  readonly star: SimulatedStarPrinter
  readonly #network: SimNetwork
  driver: EscPosPrinter
  #opening: Promise<void> = Promise.resolve()

  constructor(options: { statusBytes?: number; withLength?: boolean } = {}) {
    this.#network = new SimNetwork({ clock: this.clock, seed: 3 })
    this.star = simulatedStarPrinter({ clock: this.clock, ...options })
    this.driver = this.#newDriver()
  }

  #newDriver(): EscPosPrinter {
    const transport = this.#network.transport('star', this.star.peer)
    const driver = printerOn({ transport, profile: star48Status })
    const random = { bytes: (length: number): Uint8Array => new Uint8Array(length) }
    this.#opening = driver.open({
      clock: this.clock,
      random,
      log: () => undefined,
      healthChanged: () => undefined,
    })
    return driver
  }

  /** Another till, which knows nothing of this one. */
  async restart(): Promise<void> {
    const closing = this.driver.close()
    await this.clock.settle(1_000)
    await closing
    this.driver = this.#newDriver()
  }

  async ended(outcome: Promise<Outcome<PrinterStatus>>): Promise<Outcome<PrinterStatus>> {
    let result: Outcome<PrinterStatus> | undefined
    void outcome.then(value => {
      result = value
    })
    for (let second = 0; second < 120 && result === undefined; second += 1) await this.clock.settle(1_000)
    if (result === undefined) throw new Error('no end')
    return result
  }

  kick(): Promise<Outcome<PrinterStatus>> {
    return this.ended(this.#opening.then(() => this.driver.kickDrawer()))
  }

  print(copy = false): Promise<Outcome<PrinterStatus>> {
    const document = { kind: 'sale', locale: 'en', blocks: BLOCKS } as const
    const job = { op: 'op-1' as OperationId, document, copy }
    return this.ended(this.#opening.then(() => this.driver.print(job)))
  }
}

const isWhole = (paper: string): boolean => /BEGIN 4711[\s\S]*Article 9[\s\S]*END 4711/.test(paper)
const originals = ({ star }: Bench): number =>
  [...star.papers, star.uncut].filter(paper => paper.includes('BEGIN 4711') && !paper.includes('COPY')).length

describe('a Star printer', () => {
  it('is done when its counter says so, job after job, round its 32 values', async () => {
    const bench = new Bench()
    for (let job = 1; job <= 40; job += 1) expect(await bench.print()).toMatchObject({ outcome: 'done' })
    expect(bench.star.papers.filter(isWhole)).toHaveLength(40)
    expect(bench.star.unknown).toEqual([])
    expect(bench.driver.health()).toMatchObject({ state: 'ready', counts: { jobs: 40, done: 40, noise: 0 } })
    expect(await bench.kick()).toMatchObject({ outcome: 'done' })
    expect(bench.star.pulses).toBe(1)
  })

  it.each([{ statusBytes: 8 }, { statusBytes: 15 }, { withLength: true }])(
    'is understood with %j',
    async options => {
      const bench = new Bench(options)
      expect(await bench.print()).toMatchObject({ outcome: 'done' })
    },
  )

  it('without a counter prints nothing, and says why', async () => {
    const bench = new Bench({ statusBytes: 7 })
    const outcome = await bench.print()
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'printer.error' } })
    expect(bench.star.papers).toEqual([])
  })

  it.each([
    ['paper-out', 'paper-in', 'printer.paper-out'],
    ['cover-open', 'cover-close', 'printer.cover-open'],
    ['cutter-error', 'cutter-freed', 'printer.error'],
  ])(
    'with %s refuses, and nothing was sent; the drawer stays shut, too',
    async (accident, repaired, code) => {
      const bench = new Bench()
      bench.star.accident(accident)
      expect(await bench.print()).toMatchObject({ outcome: 'refused', error: { code } })
      expect(await bench.kick()).toMatchObject({ outcome: 'refused' })
      bench.star.accident(repaired)
      expect(await bench.print()).toMatchObject({ outcome: 'done' })
      expect([originals(bench), bench.star.pulses]).toEqual([1, 0])
    },
  )

  it.each(Array.from({ length: LINES }, (_, index) => index + 1))(
    'whose paper ends at line %i is unknown',
    async line => {
      const bench = new Bench()
      expect(await bench.print()).toMatchObject({ outcome: 'done' })
      bench.star.accident('paper-out', { afterLines: line })
      expect(await bench.print()).toMatchObject({ outcome: 'unknown', error: { code: 'printer.paper-out' } })
      bench.star.accident('paper-in')
      expect(await bench.print(true)).toMatchObject({ outcome: 'done' })
      // What was stopped goes on when there is paper again.
      expect(bench.star.papers.filter(isWhole)).toHaveLength(3)
      expect(originals(bench)).toBe(2)
    },
  )

  it('that is switched off and on in the middle is never done with less than the whole', async () => {
    let unknowns = 0
    for (const afterLines of Array.from({ length: LINES + 3 }, (_, index) => index + 1)) {
      for (const offBytes of [0, 1, 7, 60, 300, 2000]) {
        const bench = new Bench()
        expect(await bench.print()).toMatchObject({ outcome: 'done' })
        const args: { [name: string]: Json } = { keepLine: true, afterLines, offBytes }
        bench.star.accident('power-cycle', args)
        const { outcome } = await bench.print()
        if (outcome === 'unknown') unknowns += 1
        else expect([...bench.star.papers, bench.star.uncut].filter(isWhole)).toHaveLength(2)
        const copy = await bench.print(true)
        if (copy.outcome === 'done')
          expect(bench.star.papers.some(paper => paper.includes('COPY') && isWhole(paper))).toBe(true)
        expect(originals(bench)).toBeLessThanOrEqual(2)
      }
    }
    expect(unknowns).toBeGreaterThan(60)
  })

  it('that still prints what another till left in it is not believed too early', async () => {
    const bench = new Bench()
    expect(await bench.print()).toMatchObject({ outcome: 'done' })
    bench.star.accident('slow', { msPerLine: 1_500 })
    expect(await bench.print()).toMatchObject({ outcome: 'unknown' })
    await bench.restart()
    expect(await bench.print()).toMatchObject({ outcome: 'refused', error: { code: 'printer.busy' } })
    await bench.clock.settle(60_000)
    bench.star.accident('slow', { msPerLine: 0 })
    expect(await bench.print(true)).toMatchObject({ outcome: 'done' })
    expect(bench.star.papers.filter(isWhole)).toHaveLength(3)
    expect(originals(bench)).toBe(2)
  })

  it('that has not looked at the job yet is not believed for what it counted before', async () => {
    const bench = new Bench()
    for (let jobs = 1; jobs <= 4; jobs += 1) {
      bench.star.accident('dawdle', { ms: jobs === 1 ? 0 : 1_500 })
      expect(await bench.print()).toMatchObject({ outcome: 'done' })
      expect(bench.star.papers.filter(isWhole)).toHaveLength(jobs)
    }
  })

  it('that says nothing, or whose link breaks, ends unknown', async () => {
    for (const accident of ['silent', 'lose-link']) {
      const bench = new Bench()
      expect(await bench.print()).toMatchObject({ outcome: 'done' })
      bench.star.accident('slow', { msPerLine: 300 })
      const printing = bench.print()
      await bench.clock.settle(1_000)
      bench.star.accident(accident)
      expect(await printing).toMatchObject({ outcome: 'unknown', error: { code: 'printer.no-answer' } })
    }
  })
})
