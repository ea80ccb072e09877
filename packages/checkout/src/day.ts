// The end of the day: the terminal settles, and both books are compared.
import type { Answer, OperationId } from '@cashdesk/kernel'
import { minor, report } from '@cashdesk/kernel'
import type { Draft } from './draft.ts'
import { terminalOccupied } from './terminal.ts'

export function endDay(draft: Draft): void {
  if (!draft.config.hasTerminal) return draft.refuse('terminal.absent')
  const occupied = terminalOccupied(draft)
  if (occupied) return draft.refuse(occupied)
  draft.open('end-of-day', {}, { class: 'drop', queue: 'terminal', effect: { type: 'end-of-day' } })
}

export function dayEnded(draft: Draft, op: OperationId, answer: Answer): void {
  draft.settle(op, answer.outcome === 'done' ? 'done' : 'abandoned')
  if (answer.outcome === 'refused' || answer.outcome === 'unknown') {
    draft.emit({ type: 'refused', error: answer.error })
    return
  }
  if (answer.outcome !== 'done' || answer.of !== 'totals') return
  const { expectedMinor } = draft.lane.day
  const totals = answer.data
  draft.emit({ type: 'day.ended', at: draft.now, totals, expectedMinor })
  // A terminal that gave back more than it took tells the amount without a sign.
  if (totals.totalMinor === expectedMinor || totals.totalMinor === -expectedMinor) return
  const error = report('tender.books-differ', { terminalMinor: totals.totalMinor, tillMinor: expectedMinor })
  draft.task({
    kind: 'books-differ',
    op,
    amountMinor: minor(totals.totalMinor - expectedMinor),
    error,
    actions: ['settled'],
  })
}
