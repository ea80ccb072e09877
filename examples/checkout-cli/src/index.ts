// An example register in the terminal.
export {}
