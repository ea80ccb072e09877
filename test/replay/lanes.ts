// The lanes whose journals are kept as fixtures: one written by hand, so that each state it leaves behind is known,
// and some driven by numbers, which go where nobody thought of.
import { DECIDE_VERSION } from '@cashdesk/checkout'
import { Prng } from '@cashdesk/hardware-sim'
import {
  type Intent,
  type LaneConfig,
  minor,
  type ParticipantConfig,
  type ReceiptDocument,
  type Step,
  text,
} from '@cashdesk/kernel'
import { Chaos } from '../../packages/checkout/test/chaos.ts'
import { CARD, COUPON, MILK, POINTS, Register, SHOP, wants } from '../../packages/checkout/test/shop.ts'
import { booked, granted, lost, printed, refusal, Till } from '../../packages/checkout/test/till.ts'

export interface RecordedLane {
  readonly name: string
  readonly steps: readonly Step[]
}

export function recordedLanes(): readonly RecordedLane[] {
  return [
    { name: 'by-hand', steps: byHand() },
    ...[3, 14, 15].map(seed => ({ name: `numbers-${seed}`, steps: byNumbers(seed) })),
  ]
}

/** Keeps every decision of a till as the step that a journal would have. */
export function stepsOf(till: Till): Step[] {
  const steps: Step[] = []
  const { watch } = till
  till.watch = (input, decision) => {
    watch(input, decision)
    const events = decision.events.filter(event => event.type !== 'refused')
    if (events.length === 0) return
    const intents = decision.intents.map(materialised)
    steps.push({ decideVersion: DECIDE_VERSION, at: till.now, input, events, intents })
  }
  return steps
}

/** As the sdk completes intents: with the call and the document that leave. */
function materialised(intent: Intent): Intent {
  const { effect, op } = intent
  if (effect.type === 'print') {
    const blocks = [text(`Receipt of ${effect.sale}`)]
    const document: ReceiptDocument = { kind: 'sale', locale: 'de-DE', blocks }
    return { ...intent, effect: { ...effect, document } }
  }
  if (effect.type !== 'provider') return intent
  return {
    ...intent,
    effect: {
      ...effect,
      call: {
        wire: 'http',
        method: 'GET',
        servers: effect.plugin,
        path: `/exchange?user={secret:user}&pass={secret:password}&action=${effect.operation}`,
        headers: { 'idempotency-key': op },
        timeoutMs: 5_000,
        read: { done: [200], refused: [409], notFound: [404] },
      },
    },
  }
}

// ── by hand ─────────────────────────────────────────────────────────────────────────────────────────────

/** The shop, whose cards may be sold while their provider cannot be asked. */
function deferringShop(): LaneConfig {
  const limits = {
    itemMinor: 10_000,
    cardMinor: 10_000,
    laneMinor: 50_000,
    laneClaims: 20,
    ageMs: 14_400_000,
  }
  const offline = { reserve: 'defer', limits } as unknown as ParticipantConfig['offline']
  const [activation, ...others] = SHOP.participants
  return activation ? { ...SHOP, participants: [{ ...activation, offline }, ...others] } : SHOP
}

function byHand(): Step[] {
  const till = new Till(SHOP)
  const steps = stepsOf(till)
  till.restart()
  ended(till)
  taken(till)
  till.pass(3_600_000)
  till.restart(deferringShop())
  unfinished(till)
  return steps
}

const sold = (till: Till, id: string, by = 'cash', serial = id): Register => {
  const register = new Register(till, id)
  register.line('milk', MILK, [], 2)
  register.line('card', CARD, [wants(serial)])
  till.answer('reserve', granted({ expiresInMs: 900_000 }))
  register.say('sale.total')
  register.pay('P1', by)
  return register
}

/** Sales that come to their ends, by every way. */
function ended(till: Till): void {
  sold(till, 'cash').finish()
  till.allWell()
  const card = sold(till, 'card', 'card')
  till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 2758, currency: 'EUR' } })
  till.answer('pay', booked(2758))
  card.finish()
  till.allWell()
  const points = new Register(till, 'points')
  points.line('milk', MILK, [], 9)
  points.claim(COUPON)
  till.answer('quote', granted({ adjustments: [{ label: '10 %', amountMinor: -116 }] }))
  points.claim(POINTS)
  till.answer('quote', granted())
  points.say('sale.total')
  till.allWell()
  points.pay('P1', 'cash', 'rest', { givenMinor: minor(2_000) })
  points.finish()
  till.allWell()
  const cancelled = new Register(till, 'cancelled')
  cancelled.line('card', CARD, [wants('C1')])
  till.answer('reserve', granted({ expiresInMs: 900_000 }))
  cancelled.line('milk', MILK)
  cancelled.voidLine('milk')
  cancelled.say('sale.cancel')
  till.allWell()
  const refused = new Register(till, 'refused')
  refused.line('card', CARD, [wants('R1')])
  till.answer('reserve', refusal('claim.already-active'))
  refused.line('milk', MILK)
  refused.say('sale.total')
  refused.pay('P1', 'card')
  till.answer('pay', refusal('tender.declined'))
  refused.pay('P2', 'cash')
  refused.finish()
  till.allWell()
  new Register(till, 'training', { training: true }).line('milk', MILK)
  till.do({ type: 'sale.cancel', sale: till.sale('training').id })
}

/** Voids and returns, and the end of the terminal's day. */
function taken(till: Till): void {
  const voided = new Register(till, 'void', { kind: 'void', original: till.sale('card').id })
  voided.say('sale.total')
  till.allWell()
  voided.pay('P1', 'card')
  till.allWell()
  voided.finish()
  till.allWell()
  const returned = new Register(till, 'return', { kind: 'return', original: till.sale('cash').id })
  returned.returned('back', 'milk', 1)
  returned.say('sale.total')
  returned.pay('P1', 'cash')
  returned.finish()
  till.allWell()
  till.do({ type: 'day.end' })
  const totals = { totalMinor: 100, currency: 'EUR', counts: { paid: 1 }, facts: {} }
  till.answer('end-of-day', { outcome: 'done', of: 'totals', data: totals })
}

/** What the till has on its hands when the journal ends. */
function unfinished(till: Till): void {
  // Put off while the provider is away, sold, and still to be asked for.
  const deferred = new Register(till, 'deferred')
  deferred.line('card', CARD, [wants('D1')])
  till.answer('reserve', lost('provider.unreachable'))
  deferred.say('sale.total')
  deferred.pay('P1', 'cash')
  deferred.finish(0)
  till.pass(10)
  // Paid, and its activation unknown.
  sold(till, 'silent').finish(0)
  till.answer('commit', lost())
  till.pass(10)
  // Activation refused after payment: a person gives the money back.
  sold(till, 'owed').finish(0)
  till.answer('commit', refusal('claim.already-active'))
  till.pass(10)
  till.answer('print', printed())
  const parked = new Register(till, 'parked')
  parked.line('card', CARD, [wants()])
  parked.say('sale.park')
  new Register(till, 'register', { owner: 'register' }).line('card', CARD, [wants('O1')])
  // A card payment whose end nobody saw, and about which the terminal cannot tell.
  const unseen = new Register(till, 'unseen')
  unseen.line('milk', MILK)
  unseen.say('sale.total')
  unseen.pay('P1', 'card')
  till.answer('pay', lost('terminal.link-lost'))
  till.pass(1_000)
  till.answer('pay', lost('terminal.cannot-tell'))
}

// ── by numbers ──────────────────────────────────────────────────────────────────────────────────────────

const STEPS = 160

function byNumbers(seed: number): Step[] {
  const prng = new Prng(seed)
  const chaos = new Chaos(seed % 2 === 0)
  const steps = stepsOf(chaos.till)
  chaos.till.restart()
  const number = (): number => prng.below(5_040)
  for (let each = 0; each < STEPS; each += 1) chaos.step([number(), number(), number(), number()])
  return steps
}
