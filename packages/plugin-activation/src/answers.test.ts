// Every answer that docs/host-activation.md describes, and everything that is no answer, read to its outcome: a real
// till asks a provider that says exactly this once. What is unknown is asked again under the same id.
import type { SaleHandle } from '@cashdesk/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Desk, MUSIC, openDesk, ringUp, until } from '../test/desk.ts'
import { type Asked, type Provider, type Reply, startProvider, wellDone } from '../test/node-provider.ts'

type Operation = 'reserve' | 'renew' | 'commit' | 'release' | 'void'

const ACTION: { readonly [operation in Operation]: string } = {
  reserve: '1',
  commit: '2',
  release: '3',
  renew: '5',
  void: '6',
}
const RESULT: { readonly [operation in Operation]: string } = {
  reserve: 'reserved',
  commit: 'activated',
  release: 'released',
  renew: 'renewed',
  void: 'voided',
}
const OPERATIONS = Object.keys(ACTION) as Operation[]

let provider: Provider
let desk: Desk
let sales = 0

beforeAll(async () => {
  provider = await startProvider()
  desk = await openDesk({ servers: [provider.url] })
})
afterAll(async () => {
  await desk.close()
  await provider.close()
})
beforeEach(() => {
  provider.asked.length = 0
})

/** What came of it: the code of a refusal, `done`, or `unknown` when it was asked again under the same id. */
async function outcomeOf(operation: Operation, first: (asked: Asked) => Reply): Promise<string> {
  let told = false
  provider.reply = asked => {
    if (asked.query['action'] !== ACTION[operation] || told) return lasting(operation, asked)
    told = true
    return first(asked)
  }
  const code = await PLAY[operation]()
  const calls = provider.asked.filter(({ query }) => query['action'] === ACTION[operation])
  if (calls.length === 1) return code ?? 'done'
  expect(new Set(calls.map(({ key, url }) => `${key} ${url}`)).size).toBe(1)
  return code === undefined ? 'unknown' : `unknown, then ${code}`
}

/** For renewals a reservation that is soon over. */
function lasting(operation: Operation, asked: Asked): Reply {
  if (operation !== 'renew' || asked.query['action'] !== '1') return wellDone(asked)
  return { status: 200, body: { result: 'reserved', operation: asked.key, expiresInMs: 8_000 } }
}

async function ringUpOne(): Promise<SaleHandle> {
  sales += 1
  const sale = await desk.till.sale({ id: `s${sales}` })
  await ringUp(sale, MUSIC, `card-${sales}`)
  return sale
}

async function sellOne(): Promise<SaleHandle> {
  const sale = await ringUpOne()
  await sale.pay({ id: 'p', by: 'cash' })
  await until(sale, view => view.claims.every(claim => claim.state !== 'committing'))
  await sale.finish()
  return sale
}

const reasonOf = (sale: SaleHandle): string | undefined => {
  const task = sale.view().tasks.find(({ kind }) => kind === 'refund-due')
  return task && String(task.error.detail?.['reason'])
}

/** Plays a sale up to the operation and answers the code with which it was refused, if it was. */
const PLAY: { readonly [operation in Operation]: () => Promise<string | undefined> } = {
  reserve: async () => {
    const sale = await ringUpOne()
    const code = sale.view().lines[0]?.error?.code
    await sale.cancel()
    return code
  },
  renew: async () => {
    const sale = await ringUpOne()
    desk.clock.skip(6_000)
    await sale.total()
    const [line] = sale.view().lines
    await sale.cancel()
    return line?.error && String(line.error.detail?.['reason'] ?? line.error.code)
  },
  commit: async () => reasonOf(await sellOne()),
  release: async () => {
    const sale = await ringUpOne()
    await sale.voidLine('l1')
    const { claims } = await until(sale, view => view.claims.every(claim => claim.state !== 'releasing'))
    expect(claims).toMatchObject([{ state: 'released' }])
    const [task] = sale.view().tasks
    await sale.cancel()
    return task?.error.code
  },
  void: async () => {
    const { id } = await sellOne()
    const sale = await desk.till.sale({ id: `${id}-void`, kind: 'void', original: id })
    await sale.total()
    const code = sale.view().lines[0]?.error?.code
    if (code === undefined) await sale.pay({ id: 'p', by: 'cash' }).then(() => sale.finish())
    else await sale.cancel()
    return code
  },
}

const said = (status: number, body: object | string): ((asked: Asked) => Reply) => {
  return ({ key }) => ({
    status,
    body: typeof body === 'string' ? body : { operation: key, serial: '…', ...body },
  })
}

describe.each(OPERATIONS)('an answer to %s', operation => {
  const other = operation === 'release' ? 'renewed' : 'released'
  /** After the payment, or to let go: a provider that cannot be satisfied now is asked on. */
  const mustHappen = operation === 'commit' || operation === 'release' || operation === 'void'
  const rejected = mustHappen ? 'unknown' : operation === 'renew' ? 'unknown' : 'provider.rejected'
  // To let go of something that was never held is done.
  const notFound = operation === 'release' || operation === 'void' ? 'done' : 'provider.not-found'

  it.each<[string, (asked: Asked) => Reply, string]>([
    ['done', said(200, { result: RESULT[operation] }), 'done'],
    ['done before', said(200, { result: RESULT[operation], original: true }), 'done'],
    ['never seen, buried', said(404, { result: 'not-found' }), notFound],
    ['pending', said(200, { result: 'pending' }), 'unknown'],
    ['of another kind', said(200, { result: other }), 'unknown'],
    ['done by its field, refused by its status', said(409, { result: RESULT[operation] }), 'unknown'],
    ['refused by its field, done by its status', said(200, { result: 'refused' }), 'unknown'],
    ['about another operation', said(200, { result: RESULT[operation], operation: 'x' }), 'unknown'],
    ['a refusal of another operation', said(409, { result: 'refused', operation: 'x' }), 'unknown'],
    ['about no operation', () => ({ status: 200, body: { result: RESULT[operation] } }), 'unknown'],
    ['404 of a wrong path', said(404, { code: 'host.not-found', message: '', next: '' }), 'unknown'],
    ['bad request', said(400, { code: 'host.bad-request', message: '', next: '' }), rejected],
    ['unauthorised', said(401, { code: 'host.unauthorised', message: '', next: '' }), rejected],
    ['repeated differently', said(422, { code: 'host.repeated-differently' }), rejected],
    ['failed', said(500, { code: 'host.failed', message: '', next: '' }), 'unknown'],
    ['no database', said(503, { code: 'host.database', message: '', next: '' }), 'unknown'],
    ['a page', said(200, '<!doctype html><title>Login</title>'), 'unknown'],
    ['a page that forbids', said(403, '<h1>Forbidden</h1>'), 'unknown'],
    ['empty', said(200, ''), 'unknown'],
    ['a list', said(200, '[]'), 'unknown'],
    ['cut', said(200, `{"result":"${RESULT[operation]}`), 'unknown'],
    ['lost', () => 'drop', 'unknown'],
  ])('that is %s', async (_, first, outcome) => {
    expect(await outcomeOf(operation, first)).toBe(outcome)
  })

  it.each([
    ['unknown-serial', 'claim.unknown-serial'],
    ['wrong-article', 'claim.wrong-article'],
    ['already-active', 'claim.already-active'],
    ['taken', 'claim.taken'],
    ['expired', 'claim.expired'],
    ['released', 'claim.refused'],
    ['too-late', 'claim.refused'],
    ['not-allowed', 'claim.refused'],
    ['something new', 'claim.refused'],
    ['constructor', 'claim.refused'],
    [undefined, 'claim.refused'],
  ])('that refuses (%s)', async (reason, code) => {
    expect(await outcomeOf(operation, said(409, { result: 'refused', reason }))).toBe(code)
  })
})

describe('a reservation', () => {
  it.each(['soon', -1, 1.5])('that lasts %j is no answer', async expiresInMs => {
    expect(await outcomeOf('reserve', said(200, { result: 'reserved', expiresInMs }))).toBe('unknown')
  })

  it('may last for no stated time', async () => {
    expect(await outcomeOf('reserve', said(200, { result: 'reserved' }))).toBe('done')
  })
})

describe('an activation', () => {
  it('keeps what the provider says about it', async () => {
    provider.reply = wellDone
    const activatedAt = '2026-07-01T10:00:00.000Z'
    await outcomeOf('commit', said(200, { result: 'activated', activatedAt }))
    expect(desk.till.find(`s${sales}`).view().claims[0]?.facts).toEqual({ activatedAt })
  })

  it('that is rejected after a lost answer is a task at once, and no refund: the card may be active', async () => {
    let lost = false
    let allowed = false
    provider.reply = asked => {
      if (asked.query['action'] !== '2' || allowed) return wellDone(asked)
      if (lost) return said(401, { code: 'host.unauthorised' })(asked)
      lost = true
      return 'drop'
    }
    const sale = await ringUpOne()
    await sale.pay({ id: 'p', by: 'cash' })
    const { tasks } = await until(sale, view => view.tasks.length > 0)
    expect(tasks).toMatchObject([{ kind: 'provider-stuck', error: { code: 'provider.rejected' } }])
    expect(sale.view().claims).toMatchObject([{ state: 'committing' }])
    allowed = true
    const end = await until(sale, view => view.claims.every(claim => claim.state === 'committed'))
    expect(end.tasks).toEqual([])
    await sale.finish()
  })
})
