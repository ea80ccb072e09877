// The reference back end of Cashdesk plugins.
export {}
