// The transition table: for every state of a sale and every kind of input, where the sale may be afterwards, or the
// code with which the input is refused. `decide` is held to it, the documentation's diagram is drawn from it.
import type { ErrorCode, Input, SaleState } from '@cashdesk/kernel'
import { ERRORS, SALE_STATES } from '@cashdesk/kernel'

export type InputType = Input['type']

/** States a sale may be in afterwards (its own among them if it may stay), or the refusal. */
export type Transition = readonly SaleState[] | ErrorCode

const WRONG: ErrorCode = 'sale.wrong-state'
const LATE: ErrorCode = 'sale.not-cancellable'

/** Commands that a sale takes only while it is rung up. */
const RINGING_UP: readonly InputType[] = ['line.add', 'line.void', 'basket.claim', 'prompt.answer']
/** Inputs that are about the lane; what they do to a sale follows from operations of that sale. */
export const LANE_INPUTS: readonly InputType[] = [
  'lane.started',
  'clock',
  'scan',
  'terminal.approved',
  'terminal.slip',
  'answer',
  'task.resolve',
  'day.end',
]

const all = (types: readonly InputType[], to: Transition): Partial<Record<InputType, Transition>> =>
  Object.fromEntries(types.map(type => [type, to]))

/** Where a sale may go on its own while the world answers or time passes. */
const MOVES: { readonly [state in SaleState]: readonly SaleState[] } = {
  open: ['open', 'tendering', 'settling'],
  parked: ['parked'],
  tendering: ['tendering', 'open', 'settling'],
  settling: ['settling', 'closed'],
  closed: ['closed'],
  cancelling: ['cancelling', 'cancelled'],
  cancelled: ['cancelled'],
}

const row = (
  state: SaleState,
  commands: Partial<Record<InputType, Transition>>,
): { readonly [input in InputType]: Transition } => ({
  'sale.open': [state],
  'sale.park': WRONG,
  'sale.resume': WRONG,
  'sale.total': WRONG,
  'sale.reopen': WRONG,
  'sale.cancel': LATE,
  'sale.finish': WRONG,
  'sale.print': WRONG,
  'sale.fiscal': WRONG,
  'line.add': WRONG,
  'line.void': WRONG,
  'basket.claim': WRONG,
  'prompt.answer': WRONG,
  'tender.add': WRONG,
  'register.paid': WRONG,
  'register.status': [state],
  'lane.started': MOVES[state],
  clock: MOVES[state],
  scan: [state],
  'terminal.approved': [state],
  'terminal.slip': [state],
  answer: MOVES[state],
  'task.resolve': MOVES[state],
  'day.end': [state],
  ...commands,
})

export const TABLE: { readonly [state in SaleState]: { readonly [input in InputType]: Transition } } = {
  open: row('open', {
    ...all(RINGING_UP, ['open']),
    // They may take away, or give, the last thing that a pressed total waits for.
    ...all(['line.void', 'prompt.answer', 'scan', 'lane.started'], ['open', 'tendering', 'settling']),
    'sale.park': ['parked'],
    'sale.resume': ['open'],
    'sale.total': ['open', 'tendering', 'settling'],
    'sale.reopen': ['open'],
    'sale.cancel': ['cancelling', 'cancelled'],
    'sale.fiscal': ['open'],
    'register.paid': ['settling'],
    'register.status': ['open', 'settling', 'cancelling', 'cancelled'],
  }),
  parked: row('parked', {
    'sale.park': ['parked'],
    'sale.resume': ['open'],
    'sale.cancel': ['cancelling', 'cancelled'],
    'register.paid': ['settling'],
    'register.status': ['parked', 'settling', 'cancelling', 'cancelled'],
  }),
  tendering: row('tendering', {
    'sale.total': ['tendering'],
    'sale.reopen': ['open'],
    'sale.cancel': ['cancelling', 'cancelled'],
    'sale.fiscal': ['tendering'],
    // A reservation that cannot be made to outlive the payment takes the sale back to ringing up.
    'tender.add': ['tendering', 'open', 'settling'],
    // A tender or a coupon may ask for one more answer: a number, a password.
    'prompt.answer': MOVES.tendering,
    scan: MOVES.tendering,
    'register.paid': ['settling'],
    'register.status': ['tendering', 'settling', 'cancelling', 'cancelled'],
  }),
  settling: row('settling', {
    'sale.finish': ['settling', 'closed'],
    'sale.fiscal': ['settling'],
    'sale.cancel': ['cancelling', 'cancelled', 'settling'],
    'register.paid': ['settling'],
    'register.status': ['settling', 'cancelling', 'cancelled'],
  }),
  closed: row('closed', {
    'sale.finish': ['closed'],
    'sale.print': ['closed'],
    'sale.cancel': ['cancelling', 'cancelled', 'closed'],
    'register.paid': ['closed'],
    'register.status': ['closed', 'cancelling', 'cancelled'],
  }),
  cancelling: row('cancelling', {
    'sale.cancel': ['cancelling'],
    'register.paid': ['settling'],
    'register.status': ['cancelling', 'settling'],
  }),
  cancelled: row('cancelled', {
    'sale.cancel': ['cancelled'],
    'register.paid': ['settling'],
    'register.status': ['cancelled', 'settling'],
  }),
}

/** Checks the table itself: no unknown target or code, no state that cannot be reached. Throws TypeError on a mistake. */
export function validateTable(table: typeof TABLE = TABLE): void {
  const reached = new Set<SaleState>(['open'])
  for (let before = 0; before !== reached.size; ) {
    before = reached.size
    for (const state of [...reached]) {
      for (const [input, to] of Object.entries(table[state])) {
        if (typeof to === 'string') {
          if (!(to in ERRORS)) throw new TypeError(`${state} × ${input}: no such code ${to}`)
          continue
        }
        for (const target of to) {
          if (!SALE_STATES.includes(target))
            throw new TypeError(`${state} × ${input}: no such state ${target}`)
          reached.add(target)
        }
      }
    }
  }
  const lost = SALE_STATES.filter(state => !reached.has(state))
  if (lost.length > 0) throw new TypeError(`States that cannot be reached: ${lost.join(', ')}`)
}

/** The table as a Mermaid state diagram, for the documentation. */
export function diagram(table: typeof TABLE = TABLE): string {
  const lines = ['stateDiagram-v2', '  [*] --> open: sale.open']
  for (const from of SALE_STATES) {
    const causes = new Map<SaleState, string[]>()
    for (const [input, to] of Object.entries(table[from])) {
      if (typeof to === 'string') continue
      for (const target of to) if (target !== from) causes.set(target, [...(causes.get(target) ?? []), input])
    }
    for (const [target, inputs] of causes) lines.push(`  ${from} --> ${target}: ${inputs.join(', ')}`)
  }
  return `${[...lines, '  closed --> [*]', '  cancelled --> [*]'].join('\n')}\n`
}
