// A configuration with its mistakes: all of them at once, each with its place, and never a secret among them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CashdeskError, gtin, readCode } from '@cashdesk/kernel'
import type { TillOptions } from '@cashdesk/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishedSchemas } from './config-shape.ts'
import { readConfig, tillOptionsFrom } from './index.ts'
import { inspectFile } from './inspect.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SECRET = 'hunter2-never-shown'

const GOOD = {
  dir: 'till-7',
  lane: '0412-07',
  currency: 'EUR',
  locale: 'de-DE',
  header: ['Acme', 'Hauptstr. 1'],
  scanner: { kind: 'serial', path: 'COM3', baudRate: 9600 },
  terminal: { kind: 'zvt', host: '127.0.0.1', port: 20007, password: { secret: 'env:ZVT_PASS' } },
  printer: { kind: 'tcp', host: '127.0.0.1', profile: 'epson-48', drawer: { pin: 5 } },
  plugins: [
    {
      name: 'activation',
      user: 'acme',
      password: { secret: 'file:cc.txt' },
      cspid: '4711',
      reservationServers: ['https://server1.example'],
      activationServers: ['https://server2.example'],
    },
  ],
  catalog: { file: 'articles.json' },
  commitBudgetMs: 2_000,
}

const ARTICLES = {
  articles: [
    { gtin: '4006381333931', name: 'Pen', priceMinor: 199, vat: 1900 },
    { gtin: '036000291452', name: 'Tissue', priceMinor: 99, vat: 700, facts: { prodid: '4967' } },
  ],
}

let folder = ''
const secrets = {
  env: (name: string): string | undefined => (name === 'ZVT_PASS' ? '123456' : undefined),
  file: (path: string): string | undefined => (path === join(folder, 'cc.txt') ? SECRET : undefined),
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-config-'))
  await writeFile(join(folder, 'articles.json'), JSON.stringify(ARTICLES))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function written(text: string): Promise<string> {
  const file = join(folder, 'till.json')
  await writeFile(file, text)
  return file
}

/** `path: message` of every mistake in GOOD with `changes` made to it; undefined takes a key away. */
async function mistakes(changes: object): Promise<string[]> {
  const file = await written(JSON.stringify({ ...GOOD, ...changes }))
  const { problems } = await inspectFile(file, { secrets })
  return problems.map(({ path, message }) => `${path}: ${message}`)
}

describe('a configuration without mistakes', () => {
  it('becomes the options of a till, with paths and secrets relative to the file', async () => {
    const options = await readConfig(await written(JSON.stringify(GOOD)), { secrets })
    expect(options).toMatchObject({
      dir: join(folder, 'till-7'),
      lane: '0412-07',
      currency: 'EUR',
      locale: 'de-DE',
      header: ['Acme', 'Hauptstr. 1'],
      commitBudgetMs: 2_000,
    })
    const [scanner] = [options.scanner ?? []].flat()
    expect([scanner?.name, options.terminal?.name, options.printer?.name]).toEqual([
      'serial COM3',
      'tcp 127.0.0.1:20007',
      'tcp 127.0.0.1:9100',
    ])
    expect(options.plugins?.map(({ name }) => name)).toEqual(['activation'])
  })

  it('finds articles however their number is written', async () => {
    const { catalog } = await readConfig(await written(JSON.stringify(GOOD)), { secrets })
    expect(await catalog?.(gtin('04006381333931'))).toMatchObject({ name: 'Pen', priceMinor: 199 })
    expect(await catalog?.(gtin('036000291452'))).toMatchObject({ facts: { prodid: '4967' } })
    expect(await catalog?.(gtin('96385074'))).toBeUndefined()
  })

  it('weighs: an article whose label tells a weight or a count costs that much of its price', async () => {
    const { catalog } = await readConfig(await written(JSON.stringify(GOOD)), { secrets })
    const number = gtin('4006381333931')
    const { priceMinor = 0 } = (await catalog?.(number)) ?? {}
    const priced = async (measure: 'weight' | 'count' | 'price', value: number, decimals: number) =>
      (await catalog?.(number, { measure, value, decimals }))?.priceMinor
    expect(await priced('weight', 1500, 3)).toBe(Math.round(priceMinor * 1.5))
    expect(await priced('count', 3, 0)).toBe(priceMinor * 3)
    expect(await priced('price', 1234, 2)).toBe(priceMinor)
  })

  it('may begin with a byte order mark, and may come from memory', async () => {
    await readConfig(await written(`\uFEFF${JSON.stringify(GOOD)}`), { secrets })
    const least = await tillOptionsFrom({ dir: 'x', lane: '1', currency: 'CHF' }, { folder })
    expect(least).toMatchObject({ dir: join(folder, 'x'), plugins: [] })
    expect(least.catalog).toBeUndefined()
  })

  it('takes several scanners', async () => {
    const scanner = [{ kind: 'tcp', host: 'a', port: 1 }, GOOD.scanner]
    expect(await mistakes({ scanner })).toEqual([])
  })
})

describe('devices', () => {
  const devicesOf = (document: object): Promise<TillOptions> =>
    tillOptionsFrom({ dir: 'till', lane: '7', currency: 'EUR', ...document })

  it('may be scanners in HID mode, a terminal on a serial line, a printer on USB, and card readers', async () => {
    const options = await devicesOf({
      scanner: [
        { kind: 'hid', name: 'desk', vendorId: 3118, layout: 'counted' },
        { kind: 'serial', path: 'COM4', cards: 'only', suffix: 'silence', ownCards: ['6034'] },
      ],
      terminal: { kind: 'zvt', serial: { path: 'COM2', baudRate: 9600 }, signature: 'on-paper' },
      printer: { kind: 'usb', vendorId: 1208, name: 'paper', profile: 'star-48' },
      nfc: { kind: 'pcsc', name: 'cards', wallets: true, applications: { loyalty: 'D2760000850101' } },
    })
    expect([options.scanner].flat().map(each => each?.name)).toEqual(['desk', 'serial COM4'])
    expect(options.terminal?.name).toContain('COM2')
    expect(options.printer?.name).toBe('paper')
    expect([options.nfc].flat().map(each => each?.name)).toEqual(['cards'])
  })

  it('may be a printer of the spooler of Windows', async () => {
    const { printer } = await devicesOf({
      printer: { kind: 'spooler', printer: 'RECEIPTS', profile: 'epson-48' },
    })
    expect(printer?.name).toBe('spooler RECEIPTS')
    await expect(devicesOf({ printer: { kind: 'spooler' } })).rejects.toThrow('printer')
  })

  it('may be a PIN pad, and a terminal that asks, counts and approves in part', async () => {
    const options = await devicesOf({
      pinpad: { kind: 'serial', path: 'COM6', profile: 'uic', name: 'pad' },
      terminal: {
        kind: 'zvt',
        host: 'h',
        partialApproval: true,
        registrationConfig: { questions: true, messageSequence: true },
        profile: { afterAutoReversal: 'reversal', mirrorsReceipt: true },
      },
    })
    expect(options.pinpad?.name).toBe('pad')
    expect(options.terminal).toBeDefined()
  })

  it('may read labels whose digits hold a price or a weight', async () => {
    const { restrictedCodes = [] } = await devicesOf({
      restrictedCodes: [
        { layout: '20IIIIIVPPPPC', decimals: 2 },
        { layout: '21IIIIIXWWWWC', decimals: 3, verifier: 'mod10' },
      ],
    })
    expect(readCode('2012345912342', undefined, { restricted: restrictedCodes })).toMatchObject({
      measure: 'price',
      value: 1234,
    })
  })

  it.each([
    [{ restrictedCodes: [{ layout: '20IIIIIVPPPPC' }] }, 'restrictedCodes[0].decimals'],
    [{ restrictedCodes: [{ layout: '20PPPPPPPPPPC', decimals: 2 }] }, 'restrictedCodes[0].layout'],
    [{ pinpad: { kind: 'tcp', host: 'h' } }, 'pinpad.port'],
    [{ terminal: { kind: 'zvt' } }, 'terminal'],
    [{ terminal: { kind: 'zvt', host: 'h', serial: { path: 'COM2' } } }, 'terminal'],
    [{ printer: { kind: 'usb', vendorId: 70_000 } }, 'printer.vendorId'],
    [{ nfc: { kind: 'pcsc', applications: { loyalty: 'none' } } }, 'nfc.applications'],
    [{ scanner: { kind: 'hid', layout: 'Uint8Array' } }, 'scanner.layout'],
  ])('are refused where they make no sense: %j', async (document, path) => {
    await expect(devicesOf(document)).rejects.toMatchObject({
      code: 'config.invalid',
      detail: { problems: [expect.stringContaining(path)] },
    })
  })
})

describe('a configuration with mistakes', () => {
  it('tells all of them at once, in their order, with line and column', async () => {
    const file = await written(`{
  "dir": "",
  "currency": "EURO",
  "lcoale": "de-DE",
  "header": "Acme",
  "scanner": [{ "kind": "tcp", "host": "a", "prot": 1 }, { "kind": "seriall" }],
  "printer": { "kind": "tcp", "port": 91000, "profile": "epson48" },
  "commitBudgetMs": 1.5
}`)
    const { problems, options } = await inspectFile(file, { secrets })
    expect(problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)).toEqual(
      [
        '1:1 lane is missing',
        '2:3 dir is empty',
        '3:3 currency is no ISO 4217 currency that is known here',
        '4:3 lcoale is unknown; did you mean "locale"?',
        '5:3 header must be a list [ … ]',
        '6:15 scanner[0].port is missing',
        '6:45 scanner[0].prot is unknown; did you mean "port"?',
        '6:60 scanner[1].kind must be one of "tcp", "serial", "hid"; did you mean "serial"?',
        '7:3 printer.host is missing',
        '7:31 printer.port must be at most 65535',
        '7:46 printer.profile must be one of "epson", "epson-48", "epson-32", "star-48"; did you mean "epson-48"?',
        '8:3 commitBudgetMs must be a whole number',
      ],
    )
    expect(options).toBeUndefined()
  })

  it('is refused with one coded error that holds every sentence', async () => {
    const file = await written(JSON.stringify({ dir: 'x', lane: 7 }))
    const refusal = await readConfig(file).catch((thrown: unknown) => thrown)
    expect(refusal).toBeInstanceOf(CashdeskError)
    expect(refusal).toMatchObject({
      code: 'config.invalid',
      detail: { file, problems: ['1:1 currency is missing', '1:12 lane must be a text in quotes'] },
    })
  })

  it.each([
    ['{"dir": "x",}', ['1:13 the document is no JSON here: property name expected']],
    ['{"dir": "x" "lane": "1"}', ['1:13 the document is no JSON here: comma expected']],
    ['{"dir": "x", // here\n "lane": "1"}', ['1:14 the document is no JSON here: invalid comment token']],
    ['', ['1:1 the document is no JSON here: value expected']],
    ['[]', ['1:1 the document must be an object { … }']],
    [`"${'['.repeat(101)}"`, ['1:1 the document must be an object { … }']],
    ['['.repeat(200_000), ['1:101 the document is nested more than 100 deep']],
    [`${'{"a":'.repeat(100_000)}1`, ['1:501 the document is nested more than 100 deep']],
    ['{"dir":"a\\u0000b","lane":"1","currency":"EUR"}', ['1:2 dir must hold no NUL']],
  ])('that is no configuration tells where: %.40s', async (text, expected) => {
    const { problems } = await inspectFile(await written(text))
    const told = problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path || 'the document'} ${message}`,
    )
    expect(told).toEqual(expected)
  })

  it('that gives a key twice is told, because the last one would win without a word', async () => {
    const text = JSON.stringify(GOOD).replace('"lane":', '"lane":"0412-08","lane":')
    const { problems } = await inspectFile(await written(text), { secrets })
    expect(problems).toMatchObject([{ path: 'lane', message: 'is given twice' }])
  })

  it('names one plugin once', async () => {
    expect(await mistakes({ plugins: [...GOOD.plugins, ...GOOD.plugins] })).toEqual([
      'plugins[1].name: is the same plugin as plugins[0]',
    ])
    expect(await mistakes({ plugins: [{ name: 'activaton' }] })).toEqual([
      'plugins[0].name: must be "activation"; did you mean "activation"?',
    ])
  })

  it('hears what devices and plugins have to say, together with everything else', async () => {
    const plugins = [{ ...GOOD.plugins[0], reservationServers: ['http://server1.example'] }]
    const printer = { ...GOOD.printer, kind: 'file', path: '/dev/usb/lp0', host: undefined }
    const told = await mistakes({
      plugins,
      printer,
      currency: 'JPY',
      terminal: { ...GOOD.terminal, kind: 'zvt' },
    })
    expect(told).toEqual([expect.stringMatching(/^plugins\[0\]\.reservationServers: https/)])
  })

  it('hears what is wrong inside a provider’s own wire profile', async () => {
    const told = await mistakes({ plugins: [{ ...GOOD.plugins[0], profile: { name: 'own', paht: '/x' } }] })
    expect(told.length).toBeGreaterThan(3)
    expect(told.every(line => line.startsWith('plugins[0].profile.'))).toBe(true)
    expect(await mistakes({ plugins: [{ ...GOOD.plugins[0], profile: 'cashdesk1' }] })).toEqual([
      'plugins[0].profile: must be an object { … }, or must be "cashdesk-1"; did you mean "cashdesk-1"?',
    ])
  })

  it('tells articles that cannot be rung up, in the file where they stand', async () => {
    const articles = [
      { gtin: '4006381333932', name: 'Pen', priceMinor: 1.99, vat: 19 },
      ...ARTICLES.articles,
      { ...ARTICLES.articles[0], gtin: '04006381333931' },
    ]
    await writeFile(join(folder, 'articles.json'), JSON.stringify({ articles }))
    expect(await mistakes({})).toEqual([
      'articles[0].gtin: is no GTIN: 8, 12, 13 or 14 digits, the last one checks the others',
      'articles[0].priceMinor: must be a whole number',
    ])
    await writeFile(join(folder, 'articles.json'), JSON.stringify({ articles: articles.slice(1) }))
    expect(await mistakes({})).toEqual(['articles[2].gtin: is the same article as articles[0]'])
    expect(await mistakes({ catalog: { file: 'none.json' } })).toEqual([
      expect.stringMatching(/^catalog\.file: names .*none\.json.*\(ENOENT\)/),
    ])
  })
})

describe('a secret', () => {
  it('is named in the configuration; one that is written there is refused and not repeated', async () => {
    const told = await mistakes({
      terminal: { ...GOOD.terminal, password: SECRET },
      plugins: [{ ...GOOD.plugins[0], password: SECRET }],
    })
    expect(told).toEqual([
      expect.stringMatching(/^terminal\.password: a secret is named here, not written/),
      expect.stringMatching(/^plugins\[0\]\.password: a secret is named here, not written/),
    ])
    expect(JSON.stringify(told)).not.toContain(SECRET)
    const odd = await mistakes({ terminal: { ...GOOD.terminal, password: { secret: SECRET } } })
    expect(odd).toEqual(['terminal.password.secret: must be "env:NAME" or "file:PATH"'])
  })

  it('that is not there is told by its name, and the till is refused with its own code', async () => {
    const gone = { ...GOOD, terminal: { ...GOOD.terminal, password: { secret: 'env:NOBODY_SET_THIS' } } }
    await expect(readConfig(await written(JSON.stringify(gone)), { secrets })).rejects.toMatchObject({
      code: 'config.secret',
      detail: { problems: [expect.stringContaining('names env:NOBODY_SET_THIS')] },
    })
  })

  it('that the terminal cannot take is told without showing it', async () => {
    const source = { ...secrets, env: () => SECRET }
    const { problems } = await inspectFile(await written(JSON.stringify(GOOD)), { secrets: source })
    expect(problems).toMatchObject([{ path: 'terminal.password' }])
    expect(JSON.stringify(problems)).not.toContain(SECRET)
  })

  it('is listed by where it is used and whether it is there', async () => {
    const { secrets: uses } = await inspectFile(await written(JSON.stringify(GOOD)), { secrets })
    expect(uses).toEqual([
      { path: 'terminal.password', reference: 'env:ZVT_PASS', found: true },
      { path: 'plugins[0].password', reference: `file:${join(folder, 'cc.txt')}`, found: true },
    ])
  })
})

describe('the page about the configuration', () => {
  it('shows a till and articles that are in order', async () => {
    const page = await readFile(join(ROOT, 'docs/configuration.md'), 'utf8')
    const [till = '', articles = ''] = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json]) => json)
    await writeFile(join(folder, 'articles.json'), articles)
    const known = { env: () => '123456', file: () => SECRET }
    const { problems, articles: count } = await inspectFile(await written(till), { secrets: known })
    expect(problems).toEqual([])
    expect(count).toBe(2)
  })
})

describe('the published schemas', () => {
  it.each(Object.entries(publishedSchemas()))(
    'docs/schemas/%s is what the code checks (npm run docs)',
    async (file, schema) => {
      const page = await readFile(join(ROOT, 'docs/schemas', file), 'utf8')
      expect(JSON.parse(page)).toEqual(JSON.parse(JSON.stringify(schema)))
    },
  )
})
