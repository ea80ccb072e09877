// The transitions of a sale that a run of the build must have made durable, each at least once: the arrows of
// docs/checkout-states.md that the customers and accidents of these days reach, in the words in which records.ts counts
// them. One that is never reached any more is missed.

/** `state × input → next`; one input may take a sale through several states. `·` is none. */
export const EXPECTED: readonly string[] = [
  '· × sale.open → open',
  'open × answer → tendering',
  'open × clock → tendering',
  'open × register.status → cancelling',
  'open × sale.cancel → cancelling',
  'open × sale.park → parked',
  'open × sale.total → tendering',
  'parked × sale.cancel → cancelling',
  'parked × sale.resume → open',
  'tendering × answer → open',
  'tendering × answer → settling',
  'tendering × clock → open',
  'tendering × register.paid → settling',
  'tendering × register.status → settling',
  'tendering × sale.cancel → cancelling',
  'tendering × sale.reopen → open',
  'tendering × task.resolve → settling',
  'tendering × tender.add → settling',
  'settling × answer → closed',
  'cancelling × answer → cancelled',
  'cancelling × register.status → cancelled',
  'cancelling × sale.cancel → cancelled',
]
