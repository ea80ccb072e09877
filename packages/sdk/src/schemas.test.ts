// The published schemas are what the code says, and what real sales show fits them, judged by an independent validator.
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, ringUp, type Shop } from '../test/node-shop.ts'
import { publishedSchemas, type TillEvent } from './index.ts'

const schemas = publishedSchemas()
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })

/** Readers let unknown fields pass; here every field that is shown must have been published. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in inner ? { additionalProperties: false, ...inner } : inner
}

const validators = new Map(
  Object.entries(schemas).map(([file, schema]) => [file, ajv.compile(Object(closed(schema)))]),
)

/** What the validator has to say against `value`. */
function complaints(name: string, value: unknown): unknown {
  const validate = validators.get(`${name}.json`)
  if (!validate) throw new TypeError(`no schema ${name}`)
  return validate(JSON.parse(JSON.stringify(value))) ? null : validate.errors
}

describe('docs/schemas', () => {
  it.each(Object.keys(schemas))('%s is what the code says (npm run docs)', file => {
    const page = readFileSync(new URL(`../../../docs/schemas/${file}`, import.meta.url), 'utf8')
    expect(JSON.parse(page)).toEqual(schemas[file])
    expect(schemas[file]).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
  })
})

describe('the command schema', () => {
  it.each([
    { type: 'open', sale: 'R-1', operator: '17' },
    { type: 'add', sale: 'R-1', line: '1', gtin: '4006381333931', quantity: 2 },
    { type: 'pay', sale: 'R-1', id: 'P-1', by: 'cash', amount: 'rest', given: 2000 },
    { type: 'finish', sale: 'R-1', commitBudgetMs: 3000 },
    { type: 'resolve', task: 't', action: 'booked', operator: '17', reason: 'slip' },
  ])('takes $type', command => {
    expect(complaints('commands', command)).toBeNull()
  })

  it.each([
    { type: 'pay', sale: 'R-1', id: 'P-1', by: 'cash', amount: 1.5 },
    { type: 'pay', sale: 'R 1', id: 'P-1', by: 'cash' },
    { type: 'pay', sale: 'R-1', id: 'P-1', by: 'cash', tip: 1 },
    { type: 'steal', sale: 'R-1' },
  ])('refuses %o', command => {
    expect(complaints('commands', command)).not.toBeNull()
  })
})

describe('what a till answers', () => {
  let shop: Shop
  beforeEach(async () => {
    shop = await openShop()
  })
  afterEach(() => shop.end())

  it('fits its schema, through a sale with everything on it', async () => {
    const till = await shop.till()
    const views: unknown[] = []
    const sale = await ringUp(till, 'R-1')
    sale.on('changed', view => views.push(view))
    await sale.add({ line: '3', article: { name: 'Bag', priceMinor: 20, vat: 1900, facts: { size: 'L' } } })
    await sale.voidLine('3')
    shop.terminal.script = ['decline', { tipMinor: 100 }]
    const refused = await sale.pay({ id: 'P-1', by: 'card' })
    const cash = await sale.pay({ id: 'P-2', by: 'cash', amount: 1000 })
    const card = await sale.pay({ id: 'P-3', by: 'card' })
    const ended = await sale.finish()
    const back = await till.sale({ id: 'V-1', kind: 'void', original: 'R-1', operator: '17', shift: 'late' })
    await back.total()
    for (const view of [...views, sale.view(), back.view()]) expect(complaints('sale-view', view)).toBeNull()
    for (const paid of [refused, cash, card]) expect(complaints('payment-result', paid)).toBeNull()
    expect(complaints('ended', ended)).toBeNull()
    for (const device of till.devices()) expect(complaints('device-health', device)).toBeNull()
    const events: TillEvent[] = []
    const last = till.journal.records
    for await (const event of till.events()) {
      events.push(event)
      if (event.record >= last) break
    }
    for (const event of events) expect(complaints('till-event', event)).toBeNull()
    expect(views.length).toBeGreaterThan(5)
  })

  it('fits its schema, where something went wrong', async () => {
    const till = await shop.till()
    const sale = await ringUp(till, 'R-1')
    shop.terminal.script = ['lose-booked']
    shop.terminal.answersQueries = 'cannot-tell'
    const paid = await sale.pay({ id: 'P-1', by: 'card' })
    expect(paid.outcome).toBe('unknown')
    expect(complaints('payment-result', paid)).toBeNull()
    expect(till.tasks()).toHaveLength(1)
    for (const task of till.tasks()) expect(complaints('task-view', task)).toBeNull()
    expect(complaints('error-report', till.tasks()[0]?.error)).toBeNull()
    expect(complaints('sale-view', sale.view())).toBeNull()
    await till.close()
    const again = await shop.till()
    expect(again.recovered).toHaveLength(1)
    for (const left of again.recovered) expect(complaints('recovered', left)).toBeNull()
  })

  it('does not fit with a field too few or too many', async () => {
    const till = await shop.till()
    const view = (await ringUp(till, 'R-1')).view()
    for (const field of Object.keys(view)) {
      const less = Object.fromEntries(Object.entries(view).filter(([name]) => name !== field))
      expect([field, complaints('sale-view', less)]).not.toEqual([field, null])
    }
    expect(complaints('sale-view', { ...view, secret: 'x' })).not.toBeNull()
  })
})
