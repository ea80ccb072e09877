// The pure checkout machine of Cashdesk.
export {}
