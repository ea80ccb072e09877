// Prepaid card activation for Cashdesk.
export {}
