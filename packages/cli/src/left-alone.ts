// Devices and a network that are left alone: a till can be opened on them to write something down, and nothing leaves
// it. Whatever is asked of them stays open, and the next start of the till goes on with it.
import type { DeviceFamily, DeviceHealth, Http, Printer, Terminal } from '@cashdesk/kernel'

/** Never answered: what was asked is still open when the till closes. */
const never = <Answer>(): Promise<Answer> => new Promise(() => undefined)

function health<Family extends DeviceFamily>(family: Family): DeviceHealth & { readonly family: Family } {
  return { family, name: `${family}, left alone`, state: 'closed', counts: {}, facts: {} }
}

const opened = { open: () => Promise.resolve(), close: () => Promise.resolve() }

export const terminalLeftAlone: Terminal = {
  family: 'terminal',
  name: 'terminal, left alone',
  ...opened,
  health: () => health('terminal'),
  pay: never,
  refund: never,
  reverse: never,
  query: never,
  endOfDay: never,
  last: never,
}

export const printerLeftAlone: Printer = {
  family: 'printer',
  name: 'printer, left alone',
  ...opened,
  health: () => health('printer'),
  print: never,
  kickDrawer: never,
  status: never,
}

export const httpLeftAlone: Http = { send: never }
