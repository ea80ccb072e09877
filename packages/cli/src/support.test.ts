// `cashdesk support`: what helps is in the bundle; what is nobody's business is not, byte for byte.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { DEVELOPMENT_USER } from '@cashdesk/host'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CARD,
  GIFT_CARD,
  openShop,
  PASSWORD,
  PEN,
  ringUp,
  SECOND,
  type Shop,
  sell,
  until,
} from '../test/shop.ts'
import { Redaction } from './redaction.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

/** Reads a ZIP by its local headers, independently of what wrote it. */
function unzip(bytes: Buffer): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  let at = 0
  while (bytes.readUInt32LE(at) === 0x04034b50) {
    const packed = bytes.readUInt32LE(at + 18)
    const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
    const name = bytes.toString('utf8', at + 30, at + 30 + bytes.readUInt16LE(at + 26))
    files.set(name, inflateRawSync(bytes.subarray(start, start + packed)).toString('utf8'))
    at = start + packed
  }
  return files
}

async function bundle(...rest: string[]): Promise<{ raw: Buffer; files: ReadonlyMap<string, string> }> {
  const out = join(shop.folder, 'support.zip')
  const said = await shop.cashdesk('support', shop.dir, '--out', out, ...rest)
  expect(said, said.err).toMatchObject({ code: 0 })
  const raw = await readFile(out)
  return { raw, files: unzip(raw) }
}

const REASON = 'Frau Beispiel wollte es nicht mehr'

/** A day with everything in it that must not leave the shop. */
async function day(): Promise<void> {
  const till = await shop.till()
  await sell(till, 'R-1', CARD)
  await shop.accident('refuse', 2)
  await sell(till, 'R-2', SECOND)
  const task = await until(() => till.tasks()[0]?.id)
  const gone = await ringUp(till, 'R-3')
  await gone.cancel(REASON)
  const owned = await till.sale({ id: 'R-4', owner: 'register', operator: 'Bert Probe' })
  await owned.add({ line: '1', article: PEN })
  await owned.total()
  const { revision, totals } = owned.view()
  await owned.paid({ revision, totalMinor: totals.totalMinor, reference: 'CARD-SLIP-998877' })
  await owned.finish()
  await till.scan('SECRET-MEMBER-4242')
  await till.resolve({ task, action: 'settled', operator: 'Carla Muster', reason: REASON })
  await till.close()
}

describe('cashdesk support', () => {
  it('holds no secret, no serial, no name and no word of a person, byte for byte', async () => {
    await day()
    const { raw, files } = await bundle('--config', shop.config)
    const all = [raw.toString('latin1'), ...files.values()].join('\n')
    const planted = [
      PASSWORD,
      CARD,
      SECOND,
      'Anna',
      'Muster',
      'Bert Probe',
      'Carla',
      REASON,
      'Beispiel',
      'SLIP-998877',
    ]
    for (const secret of [
      ...planted,
      'SECRET-MEMBER',
      `"${DEVELOPMENT_USER.user}"`,
      `"${DEVELOPMENT_USER.cspid}"`,
    ])
      expect(all.includes(secret), secret).toBe(false)
    expect(all).toContain(`…${CARD.slice(-4)}`)
  })

  it('shortens what is too short to be looked for everywhere, too', async () => {
    const till = await shop.till()
    const sale = await till.sale({ id: 'R-1' })
    await sale.add({ line: '1', article: GIFT_CARD })
    await shop.accident('hang', 1)
    await sale.answer(sale.view().prompts[0]?.id ?? '', 'Q7Z')
    const { files } = await bundle()
    expect(files.get('overview.txt')).toContain('activation: reservation of …')
    expect([...files.values()].join('')).not.toContain('Q7Z')
    await shop.calm()
    await till.close()
  })

  it('holds what helps: versions, verdict, what is pending, the steps, and a manifest of all that', async () => {
    await day()
    const { files } = await bundle('--config', shop.config)
    const names = [
      'MANIFEST.txt',
      'config.json',
      'config-problems.json',
      'system.json',
      'verify.json',
      'files.json',
      'overview.json',
      'overview.txt',
      'steps.jsonl',
    ]
    expect([...files.keys()]).toEqual(names)
    const manifest = files.get('MANIFEST.txt') ?? ''
    for (const name of names.slice(1)) expect(manifest).toContain(name)
    expect(manifest).toMatch(/names of operators: \d+/)
    expect(manifest).toMatch(/credentials: \d+/)
    expect(JSON.parse(files.get('verify.json') ?? '')).toMatchObject({ ok: true })
    expect(JSON.parse(files.get('overview.json') ?? '')).toMatchObject({ lane: '7', sales: { closed: 3 } })
    expect(JSON.parse(files.get('system.json') ?? '')).toMatchObject({ node: process.version })
    expect(JSON.parse(files.get('config.json') ?? '')).toMatchObject({
      plugins: [{ name: 'activation', user: '[taken out]', password: { secret: 'file:password' } }],
    })
    const steps = (files.get('steps.jsonl') ?? '')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(steps[0]).toMatchObject({ record: 1, input: { type: 'lane.started' } })
    const types = new Set(steps.flatMap(step => step.events).map(event => event.type))
    for (const type of ['sale.opened', 'claim.moved', 'op.settled', 'task.resolved', 'sale.closed'])
      expect(types).toContain(type)
    const opened = steps.flatMap(step => step.events).filter(event => event.type === 'sale.opened')
    // The same person has the same name everywhere, so that a story can still be followed.
    expect(opened[0].opened.operator).toMatch(/^operator-[0-9a-f]{6}$/)
    expect(opened[1].opened.operator).toBe(opened[0].opened.operator)
    expect(opened[3].opened.operator).not.toBe(opened[0].opened.operator)
    expect(GIFT_CARD.name.length).toBeGreaterThan(0)
    expect(files.get('steps.jsonl')).toContain(GIFT_CARD.name)
  })

  it('is limited to the newest steps, and never overwrites a file', async () => {
    await day()
    const { files } = await bundle('--steps', '5')
    expect((files.get('steps.jsonl') ?? '').trim().split('\n')).toHaveLength(5)
    expect(files.has('config.json')).toBe(false)
    const again = await shop.cashdesk('support', shop.dir, '--out', join(shop.folder, 'support.zip'))
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is there already') })
    const nowhere = await shop.cashdesk('support', shop.dir, '--out', join(shop.folder, 'no', 'support.zip'))
    expect(nowhere).toMatchObject({ code: 3, err: expect.stringMatching(/^cli\.file: .*No money moved/) })
  })

  it('is made of a configuration with mistakes and of a damaged journal too', async () => {
    await day()
    // A password where it should have been named.
    const document = JSON.parse(await readFile(shop.config, 'utf8'))
    document.plugins[0].password = 'written-in-clear'
    document.terminal = { kind: 'zvt', host: '10.0.0.7', password: 'also-in-clear' }
    await writeFile(shop.config, JSON.stringify(document))
    const folder = join(shop.dir, 'journal')
    const segment = join(folder, (await readdir(folder)).find(name => name.endsWith('.seg')) ?? '')
    const bytes = await readFile(segment)
    const at = bytes.indexOf('"R-3"')
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
    await writeFile(segment, bytes)
    const { files } = await bundle('--config', shop.config)
    const all = [...files.values()].join('\n')
    expect(all).not.toContain('in-clear')
    expect(JSON.parse(files.get('verify.json') ?? '')).toMatchObject({
      ok: false,
      error: { code: 'journal.damaged', detail: { file: expect.any(String), offset: expect.any(Number) } },
    })
    expect(files.get('config-problems.json')).toContain('a secret is named here')
  })

  it('says so where there is no till', async () => {
    const nowhere = join(shop.folder, 'nowhere')
    expect(await shop.cashdesk('support', nowhere)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^journal\.absent/),
    })
  })
})

describe('what is not known to be harmless', () => {
  it('is taken out: a name of a later release, facts of a provider, a card number, an account in an address', () => {
    const redaction = new Redaction()
    const cleaned = JSON.stringify(
      redaction.clean({
        type: 'later.event',
        nickname: 'Annchen',
        facts: { name: 'Anna Muster', maskedPan: '############1234', balanceMinor: 100 },
        error: { code: 'x', detail: { reason: 'card 4111111111111111 refused' } },
        servers: ['https://anna:geheim@shop.example/x?key=geheim'],
        call: { wire: 'http', path: '/a?pass={secret:password}&serial=SER-12345678', body: 'SER-12345678' },
      }),
    )
    for (const word of ['Annchen', 'Anna', '4111111111111111', 'geheim', '12345678'])
      expect(cleaned).not.toContain(word)
    expect(cleaned).toContain('############1234')
    expect(cleaned).toContain('"balanceMinor":100')
    expect(cleaned).toContain('…1111')
  })

  it('is found wherever it comes up once more', () => {
    const redaction = new Redaction()
    redaction.clean({ subject: { serial: 'SER-12345678' }, operator: 'Anna "A" Muster' })
    redaction.forbid('p&ss wörd')
    const swept = redaction.sweep(
      JSON.stringify({ a: 'x SER-12345678 y', b: 'by Anna "A" Muster', c: encodeURIComponent('p&ss wörd') }),
    )
    for (const word of ['SER-1234', 'Anna', encodeURIComponent('p&ss')]) expect(swept).not.toContain(word)
  })
})
