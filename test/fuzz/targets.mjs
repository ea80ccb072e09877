// What is tried: every decoder and session that reads what a device, a card or the network sent. A target opens what it
// tries (`open`), which takes pieces of bytes (`take`, answering how many things it said), comes to rest as silence or a
// fresh connection would bring it (`rest`), and then must still read a good frame (`proves`).
//
// `weight`: its share of the inputs, by how quick it is. `good`: what is cut, flipped and joined; `make(chance)`: more of it. `saysAtMost`: how many
// things it may say to so many bytes; the work of a decoder is bounded by what it says, and this is its bound in steps.
// `holds`: bytes it keeps, and `holdsAtMost` how many it may. `pure`: it keeps nothing, so once in a life is proof enough.

const TABLE = {
  ...(await import('./targets-terminal.mjs')).targets,
  ...(await import('./targets-printer.mjs')).targets,
  ...(await import('./targets-scanner.mjs')).targets,
  ...(await import('./targets-codes.mjs')).targets,
  ...(await import('./targets-cards.mjs')).targets,
  ...(await import('./targets-pinpad.mjs')).targets,
  ...(await import('./targets-nfc.mjs')).targets,
  ...(await import('./targets-tools.mjs')).targets,
  ...(await import('./targets-simulators.mjs')).targets,
  ...(await import('./targets-house.mjs')).targets,
  ...(await import('./targets-books.mjs')).targets,
}

export const TARGETS = Object.entries(TABLE).map(([name, target]) => ({ name, ...target }))
