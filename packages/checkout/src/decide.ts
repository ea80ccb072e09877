// The one decision function: a lane and an input in, what happened and what must be done out. Total and pure:
// every input gets events, a repeated command gets none (it already has its result), nothing is silently ignored.
import type { Event, Input, Intent, Sale, SaleCommand, SaleState, Stamp } from '@cashdesk/kernel'
import { unreachable } from '@cashdesk/kernel'
import { answered } from './answers.ts'
import {
  addLine,
  answerPrompt,
  claimBasket,
  openSale,
  parkSale,
  resumeSale,
  scanned,
  voidLine,
} from './basket.ts'
import { cancelSale } from './cancelling.ts'
import { endDay } from './day.ts'
import { Draft } from './draft.ts'
import type { Lane } from './lane.ts'
import { startLane, timePassed } from './recovery.ts'
import { registerPaid, registerStatus } from './remote.ts'
import { repeated } from './repeats.ts'
import { finishSale, reprint } from './settling.ts'
import { TABLE, validateTable } from './table.ts'
import { resolveTask } from './tasks.ts'
import { addTender, pressTotal, reopenSale } from './tendering.ts'
import { approve, keepSlip } from './terminal.ts'

/** Grows whenever recorded inputs would be decided differently. */
export const DECIDE_VERSION = 1

export interface Decision {
  readonly events: readonly Event[]
  readonly intents: readonly Intent[]
}

validateTable()

/**
 * Decides one input. The lane is not changed: the caller applies the events with `evolve`.
 * @throws TypeError before `lane.started`, or if a sale would leave its transition table (a mistake in this package)
 */
export function decide(lane: Lane, input: Input, stamp: Stamp): Decision {
  const draft = new Draft(lane, stamp)
  if (isSaleCommand(input)) command(draft, input)
  else laneInput(draft, input)
  for (const id of draft.lane.touchedSales())
    holdToTable(input, lane.sales.get(id)?.state, draft.sale(id).state)
  return { events: draft.events, intents: draft.intents }
}

function isSaleCommand(input: Input): input is SaleCommand {
  return 'sale' in input
}

function holdToTable(input: Input, before: SaleState | undefined, after: SaleState): void {
  const allowed = before === undefined ? ['open'] : TABLE[before][input.type]
  if (typeof allowed === 'string' || !allowed.includes(after)) {
    if (before === after) return
    throw new TypeError(`${before} × ${input.type} may not lead to ${after}`)
  }
}

function command(draft: Draft, input: SaleCommand): void {
  const sale = draft.lane.sales.get(input.sale)
  if (!sale) {
    if (input.type === 'sale.open') openSale(draft, input)
    else draft.refuse('sale.unknown', { sale: input.sale }, input.sale)
    return
  }
  const verdict = repeated(draft, sale, input)
  if (verdict === 'same') return
  if (verdict === 'different')
    return draft.refuse('register.repeated-differently', { command: input.type }, sale.id)
  const transition = TABLE[sale.state][input.type]
  if (typeof transition === 'string')
    return draft.refuse(transition, { state: sale.state, command: input.type }, sale.id)
  saleCommand(draft, sale, input)
}

function saleCommand(draft: Draft, sale: Sale, input: SaleCommand): void {
  switch (input.type) {
    case 'sale.open':
      return
    case 'sale.park':
      return parkSale(draft, sale)
    case 'sale.resume':
      return resumeSale(draft, sale)
    case 'sale.total':
      return pressTotal(draft, sale)
    case 'sale.reopen':
      return reopenSale(draft, sale)
    case 'sale.cancel':
      return cancelSale(draft, sale, input.reason)
    case 'sale.finish':
      return finishSale(draft, sale, input)
    case 'sale.print':
      return reprint(draft, sale)
    case 'sale.fiscal':
      return draft.emit({ type: 'sale.fiscal', sale: sale.id, fiscal: input.fiscal })
    case 'line.add':
      return addLine(draft, sale, input)
    case 'line.void':
      return voidLine(draft, sale, input)
    case 'basket.claim':
      return claimBasket(draft, sale, input.wanted)
    case 'prompt.answer':
      return answerPrompt(draft, sale, input)
    case 'tender.add':
      return addTender(draft, sale, input)
    case 'register.paid':
      return registerPaid(draft, sale, input)
    case 'register.status':
      return registerStatus(draft, sale, input)
    default:
      return unreachable(input, 'saleCommand')
  }
}

function laneInput(draft: Draft, input: Exclude<Input, SaleCommand>): void {
  switch (input.type) {
    case 'lane.started':
      return startLane(draft, input.config)
    case 'clock':
      return timePassed(draft)
    case 'scan':
      return scanned(draft, input)
    case 'terminal.approved':
      return approve(draft, input.op, input.facts)
    case 'terminal.slip':
      return keepSlip(draft, input.op, input.lines)
    case 'answer':
      return answered(draft, input.op, input.via, input.answer)
    case 'task.resolve':
      return resolveTask(draft, input)
    case 'day.end':
      return endDay(draft)
    default:
      return unreachable(input, 'laneInput')
  }
}
