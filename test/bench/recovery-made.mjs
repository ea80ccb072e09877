// Journals as long as years: the steps of one real sale, recorded by a real till, appended again and again by the real
// journal under other ids. Nothing is synced while they are made.
import { nodeDisk, openJournal, readJournal } from '@cashdesk/journal'
import { openTill } from '@cashdesk/sdk'
import { optionsOf } from './backlog-made.mjs'
import { withFiles, withSync } from './disk-wrapped.mjs'

const FOLDER = 'journal'
/** Appended before their promises are waited for. */
const WINDOW = 2_000
const ARTICLE = { name: 'Coffee', priceMinor: 450, vat: 1900 }
const CARD = { name: 'Card', priceMinor: 2500, vat: null, facts: { prodid: '4967' } }
const SERIAL = '6000000000000000'
const SALE = 'template'
/** Of operations and claims: made by the till, and different in every sale. */
const MADE = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

const unsynced = root => withFiles(nodeDisk(root), file => withSync(file, async () => undefined))

/** Sales paid in cash and closed, until there are at least `wanted` records. */
export async function makeLongJournal(dir, wanted) {
  const till = await openTill({ dir, lane: 'bench', currency: 'EUR' })
  const sale = await till.sale({ id: SALE })
  await sale.add({ line: '1', article: ARTICLE })
  await sale.pay({ id: 'p', by: 'cash' })
  await sale.finish({ commitBudgetMs: 0 })
  await till.close()
  return repeated(dir, wanted)
}

/** Card sales that are closed while their activation waits for a provider that cannot be reached. */
export async function makeLiveJournal(dir, wanted) {
  const dead = 'http://127.0.0.1:9'
  const granting = {
    send: async ({ url, headers }) => {
      if (/[?&]action=2/.test(url)) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
      const body = { result: 'reserved', operation: headers['idempotency-key'], expiresInMs: 900_000 }
      return { status: 200, headers: {}, body: JSON.stringify(body) }
    },
  }
  const till = await openTill({
    ...optionsOf(dir, { reservation: dead, activation: dead }),
    ports: { http: granting },
  })
  const sale = await till.sale({ id: SALE })
  await sale.add({ line: '1', article: CARD, serial: SERIAL })
  await sale.pay({ id: 'p', by: 'cash' })
  await sale.finish({ commitBudgetMs: 0 })
  await till.close()
  return repeated(dir, wanted)
}

async function repeated(dir, wanted) {
  const steps = []
  await readJournal({ disk: nodeDisk(dir), folder: FOLDER, onStep: step => steps.push(step) })
  const template = JSON.stringify(steps.filter(step => JSON.stringify(step).includes(SALE)))
  const copy = copier(template)
  let records = 0
  const { journal } = await openJournal({
    disk: unsynced(dir),
    folder: FOLDER,
    onStep: () => {
      records += 1
    },
  })
  const waiting = []
  for (let number = 1; records < wanted; number += 1) {
    for (const step of copy(number)) {
      waiting.push(journal.append(step))
      records += 1
    }
    if (waiting.length >= WINDOW) await Promise.all(waiting.splice(0))
  }
  await Promise.all(waiting)
  await journal.close()
  return { records }
}

/** The template's steps with ids of their own for copy number `number`. */
function copier(template) {
  const ids = [...new Set(template.match(MADE) ?? [])]
  const places = new RegExp([SALE, SERIAL, ...ids].join('|'), 'g')
  return number => {
    const tail = number.toString(16).padStart(12, '0')
    const names = new Map(ids.map(id => [id, `${id.slice(0, 24)}${tail}`]))
    names.set(SALE, `s${number}`)
    names.set(SERIAL, String(Number(SERIAL) + number))
    return JSON.parse(template.replace(places, name => names.get(name)))
  }
}
