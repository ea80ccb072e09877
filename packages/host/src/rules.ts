// The host's rules as pure functions over a few rows: who may hold, activate, release and void a card.
// No clock, no I/O: simulation runs exactly this module. The rules are numbered in docs/host-activation.md.
import type { EpochMs } from '@cashdesk/kernel'
import { unreachable } from '@cashdesk/kernel'
import type {
  Answer,
  Books,
  Card,
  Change,
  Decision,
  HistoryEntry,
  Keys,
  Operation,
  OperationKind,
  OperationState,
  Reason,
} from './books.ts'

/** The operator's choices. */
export interface Policy {
  readonly reservationMs: number
  readonly voidWindowMs: number
  /** May a card that nobody holds be activated when its reservation was never seen or was lost? */
  readonly commitWithoutReservation: boolean
}

export const DEFAULT_POLICY: Policy = {
  reservationMs: 15 * 60_000,
  voidWindowMs: 24 * 3_600_000,
  commitWithoutReservation: true,
}

interface Common {
  readonly owner: string
  readonly serial: string
  /** Absent for manual activation, which asks for no article. */
  readonly prodid?: string
  /** Everything a repetition must repeat, the owner included. */
  readonly payload: string
}

export interface Reserve extends Common {
  readonly action: 'reserve'
  readonly id: string
}

/** Without `named` it is a manual activation. */
export interface Activate extends Common {
  readonly action: 'activate'
  readonly id: string
  readonly named?: string
}

export interface Follow extends Common {
  readonly action: 'release' | 'renew' | 'void'
  readonly id: string
  readonly named: string
}

export interface Status extends Common {
  readonly action: 'status'
  readonly named: string
}

type Recorded = Reserve | Activate | Follow
export type ActivationRequest = Recorded | Status

/** `repeated-differently`: the id was used with another payload; nothing was done. */
export type Verdict = Answer | 'repeated-differently'

/** The rows a store must load and lock for `decide`. */
export function keysOf(request: ActivationRequest): Keys {
  const named = 'named' in request && request.named !== undefined ? { named: request.named } : {}
  return request.action === 'status'
    ? { serial: request.serial, ...named }
    : { serial: request.serial, own: request.id, ...named }
}

/** Decides one call. Total: every request on any books has an answer. */
export function decide(
  books: Books,
  request: ActivationRequest,
  now: EpochMs,
  policy: Policy,
): Decision<Verdict> {
  const asked: Asked = { books, now, policy }
  if (request.action === 'status') return statusOf(asked, request)
  return once(asked, request, () => first(asked, request))
}

/** Refuses an operation for good whatever the books say, and keeps that under its id. */
export function refuseOutright(
  books: Books,
  request: ActivationRequest,
  now: EpochMs,
  policy: Policy,
): Decision<Verdict> {
  if (request.action === 'status') return decide(books, request, now, policy)
  return once({ books, now, policy }, request, () => no('not-allowed'))
}

/** How long nobody else can take the card; 0 when `operation` does not hold it. */
export function remainingMs(card: Card | undefined, operation: string, now: EpochMs): number {
  if (card === undefined || card.holder !== operation || card.heldUntil === null) return 0
  return Math.max(0, card.heldUntil - now)
}

interface Asked {
  readonly books: Books
  readonly now: EpochMs
  readonly policy: Policy
}

/** What one operation does, before it is written down under its id. */
interface Effect {
  readonly state: OperationState
  readonly answer: Omit<Answer, 'operation' | 'serial' | 'original'>
  readonly card?: Card
  readonly partner?: string
  readonly update?: Change['update']
  readonly history?: readonly Omit<HistoryEntry, 'serial' | 'at' | 'by'>[]
}

function no(reason: Reason): Effect {
  return { state: 'refused', answer: { result: 'refused', reason } }
}

/** Rules 1 and 2: an id is decided once; an id that was named before it was seen is refused. */
function once(asked: Asked, request: Recorded, effect: () => Effect): Decision<Verdict> {
  const { own } = asked.books
  if (own === undefined) return record(asked, request, effect())
  const change: Change = { insert: [], update: [], history: [] }
  if (own.kind === 'buried' || own.answer === null) {
    return {
      change,
      value: { result: 'refused', operation: request.id, serial: request.serial, reason: 'released' },
    }
  }
  if (own.payload !== request.payload) return { change, value: 'repeated-differently' }
  return { change, value: { ...own.answer, ...timeLeft(asked, request, own.answer), original: true } }
}

/** In a repeated answer only the time that is left is told anew: a till counts it from receipt. */
function timeLeft(asked: Asked, request: Recorded, answer: Answer): { readonly expiresInMs?: number } {
  if (answer.expiresInMs === undefined) return {}
  const holder = request.action === 'renew' ? request.named : request.id
  return { expiresInMs: remainingMs(asked.books.card, holder, asked.now) }
}

function record(asked: Asked, request: Recorded, effect: Effect): Decision<Answer> {
  const { id, owner, serial, payload } = request
  const answer: Answer = { ...effect.answer, operation: id, serial }
  const kind: OperationKind = request.action
  const own: Operation = {
    id,
    kind,
    owner,
    payload,
    serial,
    state: effect.state,
    partner: effect.partner ?? null,
    answer,
    at: asked.now,
  }
  const named = 'named' in request ? request.named : undefined
  const change: Change = {
    insert: [own, ...burialOf(asked, named === id ? undefined : named, owner, serial)],
    update: effect.update ?? [],
    history: (effect.history ?? []).map(entry => ({ ...entry, serial, at: asked.now, by: owner })),
    ...(effect.card ? { card: effect.card } : {}),
  }
  return { change, value: answer }
}

/** Rule 2: naming an operation that was never seen buries its id. */
function burialOf(asked: Asked, named: string | undefined, owner: string, serial: string): Operation[] {
  if (named === undefined || asked.books.named !== undefined) return []
  const empty = { payload: '', partner: null, answer: null }
  return [{ id: named, kind: 'buried', owner, serial, state: 'buried', at: asked.now, ...empty }]
}

function first(asked: Asked, request: Recorded): Effect {
  if ('named' in request && (request.named === request.id || !mayName(asked.books.named, request)))
    return no('not-allowed')
  switch (request.action) {
    case 'reserve':
      return reserve(asked, request)
    case 'activate':
      return activate(asked, request)
    case 'release':
      return release(asked)
    case 'renew':
      return renew(asked, request)
    case 'void':
      return undo(asked)
    default:
      return unreachable(request, 'rules.first')
  }
}

/** An operation can be named by its owner, for its serial, and for what its kind can bear. */
function mayName(named: Operation | undefined, request: Activate | Follow | Status): boolean {
  if (named === undefined) return true
  if (named.owner !== request.owner || named.serial !== request.serial) return false
  if (named.kind === 'buried' || request.action === 'status') return true
  return named.kind === (request.action === 'void' ? 'activate' : 'reserve')
}

/** Is this the card that the till believes to sell, and may it still become active? */
function unsellable(card: Card | undefined, request: Reserve | Activate): Reason | undefined {
  if (card === undefined) return 'unknown-serial'
  if (request.prodid !== undefined && card.prodid !== request.prodid) return 'wrong-article'
  return undefined
}

/** Rule 3: only time that is not over keeps others away. */
function heldByOther(card: Card, operation: string | undefined, now: EpochMs): boolean {
  return card.holder !== null && card.holder !== operation && (card.heldUntil ?? 0) > now
}

/** Whoever takes a card whose reservation is over ends that reservation. */
function displaced(
  card: Card,
  by: string | undefined,
  id: string,
): Pick<Effect, 'update' | 'history'> & { readonly holder?: string } {
  if (card.holder === null || card.holder === by) return { update: [], history: [] }
  return { update: [{ id: card.holder, state: 'lost' }], history: [{ event: 'lost', operation: id }] }
}

const unheld = { holder: null, heldUntil: null } as const

function reserve(asked: Asked, request: Reserve): Effect {
  const { card } = asked.books
  const reason = unsellable(card, request)
  if (reason !== undefined || card === undefined) return no(reason ?? 'unknown-serial')
  if (card.state === 'active') return no('already-active')
  if (heldByOther(card, request.id, asked.now)) return no('taken')
  const former = displaced(card, request.id, card.holder ?? request.id)
  return {
    state: 'reserved',
    answer: { result: 'reserved', expiresInMs: asked.policy.reservationMs },
    card: {
      ...card,
      state: 'reserved',
      holder: request.id,
      heldUntil: asked.now + asked.policy.reservationMs,
    },
    update: former.update ?? [],
    history: [...(former.history ?? []), { event: 'reserved', operation: request.id }],
  }
}

function activate(asked: Asked, request: Activate): Effect {
  const { card, named } = asked.books
  const reason = unsellable(card, request)
  if (reason !== undefined || card === undefined) return no(reason ?? 'unknown-serial')
  if (named?.state === 'released' || named?.state === 'buried') return no('released')
  if (card.state === 'active') return no('already-active')
  if (named?.state === 'refused' || named?.state === 'activated') return no('not-allowed')
  if (heldByOther(card, named?.id, asked.now)) return no('taken')
  const holds = named !== undefined && card.holder === named.id
  const manual = request.named === undefined
  if (!holds && !manual && !asked.policy.commitWithoutReservation) return no('expired')
  const former = displaced(card, named?.id, card.holder ?? request.id)
  const used = named === undefined ? [] : [{ id: named.id, state: 'activated' as const, partner: request.id }]
  return {
    state: 'activated',
    answer: { result: 'activated', activatedAt: new Date(asked.now).toISOString() },
    card: { ...card, ...unheld, state: 'active', activatedBy: request.id, activatedAt: asked.now },
    ...(named === undefined ? {} : { partner: named.id }),
    update: [...(former.update ?? []), ...used],
    history: [...(former.history ?? []), { event: 'activated', operation: request.id }],
  }
}

/** Rule 5: whatever did not become an activation can be released, again and again. */
function release(asked: Asked): Effect {
  const { card, named } = asked.books
  if (named?.state === 'activated' && asked.books.partner?.state !== 'voided') return no('already-active')
  const gone: Effect = { state: 'released', answer: { result: 'released' } }
  if (named?.state !== 'reserved' || card === undefined) return gone
  return {
    ...gone,
    card: { ...card, ...unheld, state: 'free' },
    update: [{ id: named.id, state: 'released' }],
    history: [{ event: 'released', operation: named.id }],
  }
}

function renew(asked: Asked, request: Follow): Effect {
  const { card, named } = asked.books
  if (named === undefined) return { state: 'not-found', answer: { result: 'not-found' } }
  if (named.state === 'released' || named.state === 'buried') return no('released')
  if (named.state === 'activated') return no('already-active')
  if (named.state === 'lost') return no('expired')
  if (named.state !== 'reserved' || card === undefined) return no('not-allowed')
  return {
    state: 'renewed',
    answer: { result: 'renewed', expiresInMs: asked.policy.reservationMs },
    card: { ...card, heldUntil: asked.now + asked.policy.reservationMs },
    history: [{ event: 'renewed', operation: request.named }],
  }
}

/** Rule 6: an activation that stands is undone within its time; one that does not stand needs no undoing. */
function undo(asked: Asked): Effect {
  const { card, named } = asked.books
  const gone: Effect = { state: 'voided', answer: { result: 'voided' } }
  if (named?.state !== 'activated' || card === undefined) return gone
  if (asked.now - (card.activatedAt ?? 0) > asked.policy.voidWindowMs) return no('too-late')
  return {
    ...gone,
    card: { ...card, ...unheld, state: 'voided', activatedBy: null, activatedAt: null },
    update: [{ id: named.id, state: 'voided' }],
    history: [{ event: 'voided', operation: named.id }],
  }
}

/** Rule 8: what became of the operation, as things stand now. */
function statusOf(asked: Asked, request: Status): Decision<Answer> {
  const { named } = asked.books
  const about = { operation: request.named, serial: request.serial }
  const change: Change = {
    insert: burialOf(asked, request.named, request.owner, request.serial),
    update: [],
    history: [],
  }
  if (named === undefined) return { change, value: { result: 'not-found', ...about } }
  if (!mayName(named, request))
    return { change, value: { result: 'refused', ...about, reason: 'not-allowed' } }
  return { change, value: { ...standing(asked, named), ...about } }
}

function standing(asked: Asked, named: Operation): Omit<Answer, 'operation' | 'serial'> {
  switch (named.state) {
    case 'buried':
      return { result: 'not-found' }
    case 'not-found':
      // This operation was seen: what was not is the one that it named.
      return { result: 'refused', reason: 'released' }
    case 'reserved':
      return { result: 'reserved', expiresInMs: remainingMs(asked.books.card, named.id, asked.now) }
    case 'activated':
      return activation(asked, named)
    case 'lost':
      return { result: 'refused', reason: 'expired' }
    case 'refused':
      return { result: 'refused', reason: named.answer?.reason ?? 'not-allowed' }
    case 'released':
    case 'renewed':
    case 'voided':
      return { result: named.state }
    default:
      return unreachable(named.state, 'rules.standing')
  }
}

/** A reservation that was used up tells what became of its activation. */
function activation(asked: Asked, named: Operation): Omit<Answer, 'operation' | 'serial'> {
  const act = named.kind === 'activate' ? named : asked.books.partner
  if (act === undefined || act.state === 'voided') return { result: 'voided' }
  const activatedAt = act.answer?.activatedAt
  return activatedAt === undefined ? { result: 'activated' } : { result: 'activated', activatedAt }
}
