// The durable journal and the outbox of Cashdesk.
export {}
