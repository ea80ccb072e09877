// The vocabulary of Cashdesk: money, ids, inputs, events, effects, outcomes, errors, receipts and ports.
export {}
