// The rules that a plugin must keep, each as a check that plays sales against them.
import type { HttpResponse } from '@cashdesk/kernel'
import type { Kit, Must } from './testing-kit.ts'
import type { Script } from './testing-sale.ts'
import { isCallOf, type Watched } from './testing-watch.ts'
import type { Act, Sent } from './testing-world.ts'
import type { Till } from './till.ts'
import type { SaleView } from './view.ts'

interface Finding {
  readonly problems: readonly string[]
  /** What to say when there are none. */
  readonly story: string
}

export interface Check {
  readonly name: string
  readonly rule: string
  readonly run: (kit: Kit) => Promise<Finding>
}

const HTML: HttpResponse['headers'] = { 'content-type': 'text/html' }
const NONSENSE: readonly (readonly [string, HttpResponse])[] = [
  ['a page under 200', { status: 200, headers: HTML, body: '<h1>Welcome to our hotspot</h1>' }],
  ['a page under 404', { status: 404, headers: HTML, body: '<h1>Not found</h1>' }],
  ['a page under 502', { status: 502, headers: HTML, body: '<h1>Bad gateway</h1>' }],
  ['an empty 503', { status: 503, headers: {}, body: '' }],
  ['half a JSON text under 200', { status: 200, headers: {}, body: '{"st' }],
]

/** Plays the sale once for every request that a plain one sends, with an accident at that request. */
async function atEvery(
  kit: Kit,
  goes: Script['goes'],
  accident: string,
  act: Act,
  must: Must = 'commit',
): Promise<readonly string[]> {
  const { world } = await kit.plain(goes)
  const problems: string[] = []
  for (const { number, request } of world.sent) {
    const run = await kit.run({ goes, act: sent => (sent.number === number ? act : 'answer') })
    problems.push(...kit.judge(run, goes, `${accident} at request ${number} (${nameOf(request.url)})`, must))
  }
  return problems
}

function nameOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, '').replace(/\?.*$/, '')
}

const both = async (
  play: (goes: Script['goes']) => Promise<readonly string[]>,
): Promise<readonly string[]> => [...(await play('closed')), ...(await play('cancelled'))]

/** A provider that is only asked, never trusted to recognise a repeated id, may refuse what it never saw. */
async function mustOf(kit: Kit): Promise<Must> {
  const { watched } = await kit.plain()
  return watched.plugin()?.participant.profile.onUnknown === 'query' ? 'agree' : 'commit'
}

async function describes(kit: Kit): Promise<Finding> {
  const described = await kit.described()
  const failed = described.flatMap(({ operation, call }) =>
    call.wire === 'none'
      ? [`${operation} failed: ${call.error.code} ${JSON.stringify(call.error.detail ?? {})}.`]
      : [],
  )
  return { problems: [...new Set(failed)], story: `It described ${described.length} calls.` }
}

async function samePayload(kit: Kit): Promise<Finding> {
  const described = await kit.described()
  const changing = described.filter(({ same }) => !same).map(({ operation }) => operation)
  return {
    problems: [...new Set(changing)].map(
      operation => `${operation}: described twice for the same operation, it is another request.`,
    ),
    story: 'The same operation is described in the same way every time.',
  }
}

/** Operations that change something at the provider, and must be recognised when they come again. */
const CHANGING: ReadonlySet<string> = new Set(['reserve', 'renew', 'release', 'commit', 'void', 'refund'])

async function carriesId(kit: Kit): Promise<Finding> {
  const described = await kit.described()
  const without = described
    .filter(({ operation, call }) => CHANGING.has(operation) && call.wire === 'http')
    .filter(({ op, call }) => !JSON.stringify(call).includes(op.id))
    .map(({ operation }) => operation)
  return {
    problems: [...new Set(without)].map(operation => `${operation} is sent without its id.`),
    story: 'Every call that changes something carries the id of its operation.',
  }
}

async function sells(kit: Kit): Promise<Finding> {
  const run = await kit.plain()
  const [claim] = kit.claims(run)
  if (!claim) return { problems: ['It claimed nothing of what the fixtures offer.'], story: '' }
  return {
    problems: kit.judge(run, 'closed', 'A plain sale'),
    story: `The sale closed with ${run.books.committed} commit(s) on the provider's books.`,
  }
}

async function releases(kit: Kit): Promise<Finding> {
  const run = await kit.plain('cancelled')
  return {
    problems: kit.judge(run, 'cancelled', 'A cancelled sale'),
    story: 'A cancelled sale leaves nothing behind.',
  }
}

async function lost(kit: Kit): Promise<Finding> {
  const must = await mustOf(kit)
  return {
    problems: [
      ...(await both(goes => atEvery(kit, goes, 'The answer was lost', 'lose-answer', must))),
      ...(await both(goes => atEvery(kit, goes, 'The request was lost', 'lose-request', must))),
      ...(await both(goes => atEvery(kit, goes, 'Nothing could be sent', 'not-sent', 'agree'))),
    ],
    story: 'Every request was lost once, and every answer: it was asked again, and happened once.',
  }
}

async function doubled(kit: Kit): Promise<Finding> {
  return {
    problems: await both(async goes => {
      const run = await kit.run({ goes, act: () => 'twice' })
      return kit.judge(run, goes, 'Every request arrived twice')
    }),
    story: 'Every request arrived twice and counted once.',
  }
}

async function late(kit: Kit): Promise<Finding> {
  const must = await mustOf(kit)
  const each = await both(goes =>
    atEvery(kit, goes, 'The request arrived after everything else', 'late', must),
  )
  // All attempts to reserve are late: the till lets go, and what arrives afterwards must find its id buried.
  const released = await kit.run({ act: (sent, watched) => (reserves(watched, sent) ? 'late' : 'answer') })
  return {
    problems: [
      ...each,
      ...kit.judge(released, 'closed', 'The reservation arrived after its release', 'agree'),
    ],
    story: 'Requests that arrived late changed nothing any more.',
  }
}

/** A request that is a reservation, known by the call that was described for it. */
function reserves({ described }: Watched, sent: Sent): boolean {
  return described.some(each => each.operation === 'reserve' && isCallOf(each, sent))
}

async function malformed(kit: Kit): Promise<Finding> {
  const must = await mustOf(kit)
  const problems: string[] = []
  for (const [what, response] of NONSENSE)
    problems.push(
      ...(await both(goes => atEvery(kit, goes, `Somebody else answered (${what})`, response, must))),
    )
  return { problems, story: 'What was no answer was neither taken for done nor for refused.' }
}

async function again(kit: Kit): Promise<Finding> {
  const { world, books } = await kit.run()
  const { sent } = world
  for (const { request } of [...sent]) await world.provider.respond(request)
  const after = await world.provider.books()
  const changed = JSON.stringify(after) !== JSON.stringify(books)
  return {
    problems: changed
      ? [
          `All requests of a sale came once more, and the books changed from ${JSON.stringify(books)} to ${JSON.stringify(after)}.`,
        ]
      : [],
    story: 'All requests of a sale came once more under their ids, and nothing changed.',
  }
}

async function crashes(kit: Kit): Promise<Finding> {
  const problems: string[] = []
  let deaths = 0
  for (const goes of ['closed', 'cancelled'] as const) {
    const { world } = await kit.plain(goes)
    const must = await mustOf(kit)
    for (let atSync = 1; atSync <= world.disk.syncs; atSync += 1) {
      for (const when of ['before', 'after'] as const) {
        deaths += 1
        const run = await kit.run({
          goes,
          prepare: ({ disk }) => {
            disk.death = { atSync, when }
          },
        })
        problems.push(...kit.judge(run, goes, `The till died ${when} sync ${atSync}`, must))
      }
    }
  }
  return {
    problems,
    story: `The till died ${deaths} times, at every durable step, and every sale ended right.`,
  }
}

async function outage(kit: Kit): Promise<Finding> {
  const problems: string[] = []
  // A tender reserves while it pays: for it the provider goes away a little later.
  const away = kit.isTender ? 'finish' : 'pay'
  for (const act of ['not-sent', 'lose-request'] as const) {
    const run = await kit.run({
      stage: (world, stage) => {
        if (stage === away) world.act = () => act
        if (stage === 'end') world.act = () => 'answer'
      },
    })
    problems.push(
      ...kit.judge(run, 'closed', 'The provider was away from the payment to the end of the sale'),
    )
  }
  return { problems, story: 'With the provider away the sale closed; the commit waited and was delivered.' }
}

async function patience(kit: Kit): Promise<Finding> {
  const run = await kit.run({
    stage: (world, stage) => {
      if (stage === 'add') world.act = () => 'lose-request'
      if (stage === 'finish') world.act = () => 'answer'
    },
  })
  const profile = run.watched.plugin()?.participant.profile
  // A coupon is quoted and then reserved, each within the limit.
  const limitMs = 2 * (profile?.reserveLimitMs ?? 0) + (profile?.timeoutMs ?? 0)
  const { heldUpMs } = run.played
  const tooLong = `A provider that never answered held the sale up for ${heldUpMs} ms; ${limitMs} are allowed.`
  const judged = kit.judge(run, 'closed', 'The provider never answered before the payment', 'agree')
  return {
    problems: heldUpMs > limitMs ? [tooLong, ...judged] : judged,
    story: `A provider that never answered held the sale up for ${heldUpMs} ms.`,
  }
}

/** A reservation has so little time left, or a tenth of its time, when the total is pressed. */
const NEARLY_OVER_MS = 60_000

async function renews(kit: Kit): Promise<Finding> {
  const lastsMs = await kit.lastsMs()
  if (lastsMs === undefined || kit.isTender)
    return { problems: [], story: 'Nothing of it runs out before the payment.' }
  const run = await kit.run({ waitMs: lastsMs - Math.min(NEARLY_OVER_MS, lastsMs / 10) })
  const renewable = run.watched.plugin()?.participant.operations.includes('renew') ?? false
  const renewed = run.watched.described.some(({ operation }) => operation === 'renew')
  const judged = kit.judge(
    run,
    'closed',
    'The reservation had nearly run out at the total',
    renewable ? 'commit' : 'agree',
  )
  // What is held from the total on is fresh when the customer pays.
  const late = kit.fixtures.code === undefined
  return {
    problems:
      renewable && late && !renewed ? [...judged, 'It declares renew, and described no renewal.'] : judged,
    story: renewed
      ? 'The reservation was renewed before the payment.'
      : 'What would have run out was not paid for.',
  }
}

async function undone(kit: Kit): Promise<Finding> {
  const { world, watched, played } = await kit.run()
  const operations = watched.plugin()?.participant.operations ?? []
  if (kit.isTender || !operations.includes('void'))
    return { problems: [], story: 'It declares no void: what is sold stays sold.' }
  // The first attempt is lost: a void, too, is asked again and happens once.
  let lost = 0
  world.act = () => {
    lost += 1
    return lost === 1 ? 'lose-answer' : 'answer'
  }
  const voided = await world.run(undo(played.till))
  const states = voided?.result.claims.map(({ state }) => state) ?? []
  const { committed } = await world.provider.books()
  const problems = [
    voided ? '' : 'The void never came to its end.',
    states.includes('voided') && committed > 0
      ? `The till says voided, the provider's books still show ${committed} commit(s).`
      : '',
    states.some(state => state !== 'voided' && state !== 'kept')
      ? `Its claim ends ${states.join(', ')}.`
      : '',
  ]
  const story = states.includes('kept')
    ? 'The provider refused the void, a normal answer.'
    : 'A void took it back.'
  return { problems: problems.filter(problem => problem !== ''), story }
}

async function undo(till: Till): Promise<SaleView> {
  const back = await till.sale({ id: 'KIT-V', kind: 'void', original: 'KIT-1' })
  await back.total()
  await back.pay({ id: 'KIT-P3', by: 'cash' })
  await back.finish()
  return back.view()
}

async function keepsSecrets(kit: Kit): Promise<Finding> {
  const problems = new Set<string>()
  for (const goes of ['closed', 'cancelled'] as const) {
    const run = await kit.run({ goes, act: ({ number }) => (number === 2 ? 'lose-answer' : 'answer') })
    const places: readonly (readonly [string, string])[] = [
      ['the journal', run.world.disk.text()],
      ['the log', run.world.logged.join('\n')],
      ['the view', JSON.stringify(run.played.view)],
    ]
    const known = [
      ...(run.watched.plugin()?.secrets ?? []),
      ...(kit.fixtures.secrets ?? []).map((value, at) => [`fixture ${at + 1}`, value] as const),
    ]
    for (const [name, value] of known)
      for (const [place, text] of places)
        if (spellings(value).some(spelling => text.includes(spelling)))
          problems.add(`The secret "${name}" stands in ${place}.`)
  }
  return { problems: [...problems], story: 'No secret stands in the journal, the log or the view.' }
}

/** A secret as it would look in clear, in a query, in JSON. */
function spellings(value: string): readonly string[] {
  return value === '' ? [] : [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]
}

async function receipts(kit: Kit): Promise<Finding> {
  const { watched } = await kit.plain()
  const [{ context } = { context: undefined }] = watched.described
  const plugin = watched.plugin()
  if (!context || !plugin)
    return { problems: [], story: 'It described nothing that a receipt could tell of.' }
  const problems: string[] = []
  for (const standing of ['done', 'follows', 'refused'] as const) {
    try {
      const blocks = plugin.receipt(context, standing)
      if (blocks !== undefined && !Array.isArray(blocks))
        problems.push(`receipt(${standing}) is no list of blocks.`)
    } catch (thrown) {
      problems.push(
        `receipt(${standing}) threw ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
      )
    }
  }
  return { problems, story: 'It has words for done, follows and refused, or leaves them to the till.' }
}

const SAME = 'checkout 3: same operation, same id, same payload'
const ONCE = 'I4: no operation is applied twice'

export const CHECKS: readonly Check[] = [
  { name: 'describes', rule: 'contract: a plugin describes its calls and does not fail', run: describes },
  { name: 'same-payload', rule: SAME, run: samePayload },
  { name: 'carries-id', rule: SAME, run: carriesId },
  { name: 'sale', rule: 'I2: what is paid becomes true', run: sells },
  { name: 'release', rule: 'I3: no reservation is left behind', run: releases },
  { name: 'commit-again', rule: ONCE, run: again },
  { name: 'doubled', rule: ONCE, run: doubled },
  { name: 'lost', rule: 'checkout 2: no answer is no refusal', run: lost },
  { name: 'late', rule: 'checkout 8: a late original is refused', run: late },
  { name: 'malformed', rule: 'checkout 2: what is no answer is unknown', run: malformed },
  { name: 'crash', rule: 'I5: nothing durable is lost, nothing happens twice', run: crashes },
  { name: 'outage', rule: 'checkout 13: commits and releases wait in the outbox', run: outage },
  { name: 'patience', rule: 'checkout 6: a sale waits within the provider’s limit', run: patience },
  { name: 'renew', rule: 'checkout 9: a reservation outlives the payment', run: renews },
  { name: 'void', rule: 'checkout 8: a void undoes a known success', run: undone },
  { name: 'secrets', rule: 'checkout 18: no secret in clear', run: keepsSecrets },
  { name: 'receipt', rule: 'contract: the paper says what is true', run: receipts },
]
