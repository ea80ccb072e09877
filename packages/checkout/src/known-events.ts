// The events that this release understands. A journal may hold others: a till that was rolled back one release reads
// what the later one wrote. They stay in the journal, change nothing here, and are reported.
import type { Event } from '@cashdesk/kernel'

const KNOWN: { readonly [type in Event['type']]: true } = {
  'lane.started': true,
  'sale.opened': true,
  'sale.parked': true,
  'sale.resumed': true,
  'sale.totalling': true,
  'sale.tendering': true,
  'sale.ready': true,
  'sale.reopened': true,
  'sale.paid': true,
  'sale.finishing': true,
  'sale.closed': true,
  'sale.cancelling': true,
  'sale.cancelled': true,
  'sale.fiscal': true,
  'sale.asked': true,
  'line.added': true,
  'line.voided': true,
  'line.refused': true,
  'prompt.opened': true,
  'prompt.closed': true,
  'claim.opened': true,
  'claim.moved': true,
  'leg.opened': true,
  'leg.moved': true,
  'leg.slip': true,
  'paper.moved': true,
  'op.opened': true,
  'op.scheduled': true,
  'op.attempted': true,
  'op.settled': true,
  'op.late': true,
  'approval.rejected': true,
  'task.opened': true,
  'task.resolved': true,
  'day.ended': true,
  'day.carried': true,
  refused: true,
}

const TYPES: ReadonlySet<string> = new Set(Object.keys(KNOWN))

/** Whether `evolve` knows what the event means. */
export function isKnownEvent({ type }: Event): boolean {
  return TYPES.has(type)
}
