// The reference host in a process of its own, with the books in memory, and what it saw: which request came when, how
// often each operation was asked for, and which cards are active in the end.
import { subscribe } from 'node:diagnostics_channel'
import { DEVELOPMENT_ADMIN_TOKEN, startHost } from '@cashdesk/host'

export const PRODUCT = '4967'
export const serialOf = number => String(6_000_000_000_000_000 + number)

/** Nanoseconds of the machine's monotonic clock, the same in every process. */
const nowNs = () => process.hrtime.bigint()

export async function start({ cards }) {
  const host = await startHost({
    store: { kind: 'memory' },
    seed: {
      articles: [{ prodid: PRODUCT, name: 'Card', gtin: '4260001190018' }],
      cards: Array.from({ length: cards }, (_, number) => ({ serial: serialOf(number), prodid: PRODUCT })),
    },
  })
  const seen = { reserved: new Map(), requests: 0, firstNs: undefined, lastNs: undefined, keys: new Map() }
  subscribe('http.server.request.start', ({ request }) => note(seen, request))
  return {
    ready: host.url,
    answer: async question => {
      if (question === 'reset') Object.assign(seen, { requests: 0, firstNs: undefined, lastNs: undefined })
      return question === 'books' ? await books(host.url, seen) : view(seen)
    },
    close: () => host.close(),
  }
}

function note(seen, request) {
  const action = /[?&]action=(\d)/.exec(request.url)?.[1]
  if (action === '1') {
    const serial = /[?&]serial=(\d+)/.exec(request.url)?.[1]
    if (!seen.reserved.has(serial)) seen.reserved.set(serial, nowNs())
  }
  if (action !== '2') return
  seen.requests += 1
  seen.firstNs ??= nowNs()
  seen.lastNs = nowNs()
  const key = request.headers['idempotency-key']
  const [, times] = seen.keys.get(key) ?? ['', 0]
  seen.keys.set(key, [/[?&]serial=(\d+)/.exec(request.url)?.[1], times + 1])
}

function view({ reserved, requests, firstNs, lastNs }) {
  return { reserved, requests, firstNs, lastNs }
}

/** Active cards as the books have them; activations under more than one id; ids that were sent more than once. */
async function books(url, { keys }) {
  const ids = new Map()
  let repeated = 0
  for (const [serial, times] of keys.values()) {
    ids.set(serial, (ids.get(serial) ?? 0) + 1)
    if (times > 1) repeated += 1
  }
  const active = []
  let after = ''
  while (after !== undefined) {
    const page = await fetch(`${url}/api/cards?state=active&limit=500${after && `&after=${after}`}`, {
      headers: { authorization: `Bearer ${DEVELOPMENT_ADMIN_TOKEN}` },
    }).then(response => response.json())
    active.push(...page.cards.map(card => card.serial))
    after = page.next
  }
  return { active, duplicates: [...ids.values()].filter(times => times > 1).length, repeated }
}
