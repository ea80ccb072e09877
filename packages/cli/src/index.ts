// The cashdesk command.
export {}
