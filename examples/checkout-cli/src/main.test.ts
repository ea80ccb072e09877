// The example register as a stranger starts it: in processes of its own, without a terminal, judged by its one line of
// JSON and its exit code. `npm run test:full` plays every accident in every order; these are the ones that count most.
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Report } from './report.ts'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function run(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, out, err }))
  })
}

/** Runs the script to a good end. */
async function sell(...args: readonly string[]): Promise<Report> {
  const { code, out, err } = await run('--auto', '--json', ...args)
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  expect(out.trim().split('\n')).toHaveLength(1)
  return JSON.parse(out) as Report
}

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-example-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

const sold = {
  sale: { state: 'closed', totalMinor: 4148, currency: 'EUR' },
  host: { card: 'active' },
  tasks: [],
}
const committed = [{ plugin: 'activation', state: 'committed' }]

describe.concurrent('the example register', () => {
  it('sells two articles and a card; of a folder that nobody named, only the receipt remains', async () => {
    const report = await sell()
    expect(report).toMatchObject({ ...sold, claims: committed, recovered: [], killed: false })
    expect(report.lines.map(line => line.totalMinor)).toEqual([849, 1299, 2000])
    expect(report.payments).toMatchObject([{ kind: 'card', state: 'done', amountMinor: 4148 }])
    expect(report.terminal.entries).toMatchObject([{ kind: 'payment', state: 'booked', amountMinor: 4148 }])
    expect(report.receipt.text).toContain('TOTAL EUR')
    const png = report.receipt.png ?? ''
    expect((await readFile(png)).subarray(1, 4).toString()).toBe('PNG')
    const folder = dirname(dirname(png))
    expect(await readdir(folder)).toEqual(['receipts'])
    await rm(folder, { recursive: true, force: true })
  })

  it('host down at commit: closed with "activation follows", and the next run delivers it', async () => {
    await inFolder(async dir => {
      const first = await sell('--dir', dir, '--fault', 'host-down-at-commit')
      expect(first).toMatchObject({ sale: { state: 'closed' }, host: { card: 'reserved' } })
      expect(first.receipt.text).toMatch(/activation follows/i)
      const second = await sell('--dir', dir)
      expect(second).toMatchObject({ ...sold, claims: committed })
      expect(second.recovered).toMatchObject([{ sale: first.sale.id, state: 'closed', claims: committed }])
    })
  })

  it('payment booked and its answer lost: found at the terminal, charged once', async () => {
    const report = await sell('--fault', 'payment-answer-lost-booked')
    expect(report).toMatchObject({ ...sold, payments: [{ kind: 'card', state: 'done' }] })
    expect(report.terminal.chargedMinor).toBe(4148)
    expect(report.terminal.entries).toHaveLength(1)
  })

  it('killed after the payment: the next run finishes that sale by itself', async () => {
    await inFolder(async dir => {
      const first = await sell('--dir', dir, '--fault', 'kill-after-payment')
      expect(first).toMatchObject({ killed: true, sale: { state: 'settling' }, host: { card: 'reserved' } })
      expect(first.terminal.chargedMinor).toBe(4148)
      const second = await sell('--dir', dir)
      expect(second).toMatchObject({ ...sold, terminal: { chargedMinor: 4148 } })
      expect(second.recovered).toMatchObject([{ sale: first.sale.id, state: 'closed', claims: committed }])
    })
  })

  it('killed after the payment, in a folder that will be gone: recovered at once', async () => {
    const report = await sell('--fault', 'kill-after-payment')
    expect(report).toMatchObject({ ...sold, killed: false, terminal: { chargedMinor: 4148 } })
    expect(report.recovered).toMatchObject([{ sale: report.sale.id, state: 'closed', claims: committed }])
    expect(report.receipt.text).toContain(report.sale.id)
  })

  it('killed before the acknowledgement: the terminal reversed, nothing is charged, no card is active', async () => {
    await inFolder(async dir => {
      const first = await sell('--dir', dir, '--fault', 'kill-before-ack')
      expect(first).toMatchObject({
        killed: true,
        payments: [{ state: 'approved' }],
        host: { card: 'reserved' },
      })
      expect(first.terminal).toMatchObject({ chargedMinor: 0, entries: [{ state: 'reversed' }] })
      const second = await sell('--dir', dir)
      expect(second).toMatchObject({ ...sold, terminal: { chargedMinor: 4148 } })
      expect(second.recovered).toMatchObject([
        { sale: first.sale.id, state: 'cancelled', claims: [{ plugin: 'activation', state: 'released' }] },
      ])
    })
  })
}, 60_000)

describe.concurrent('what it is asked', () => {
  it('must make sense: an unknown accident or option is exit code 2, and the accidents are listed', async () => {
    const unknown = await run('--auto', '--fault', 'earthquake')
    expect(unknown).toMatchObject({ code: 2, out: '' })
    expect(unknown.err).toContain('kill-before-ack')
    expect((await run('--nonsense')).code).toBe(2)
  })

  it('may be help, or the list of accidents', async () => {
    const [help, list] = await Promise.all([run('--help'), run('--fault', 'list')])
    expect([help.code, list.code]).toEqual([0, 0])
    for (const option of ['--auto', '--json', '--dir', '--fault']) expect(help.out).toContain(option)
    expect(list.out.trim().split('\n')).toHaveLength(10)
  })
})
