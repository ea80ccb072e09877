// What every test of the terminal over TCP begins with: the messages of a register, and a terminal that is switched
// off again when the test is over.
import { BareRegister } from './bare-register.ts'
import { startTerminalSim, type TerminalSim, type TerminalSimOptions } from './terminal.ts'

/** Config 08: intermediate status, the register makes up its receipts itself; currency 978. */
export const REGISTER = '06 00 06 00 00 00 08 09 78'
/** Config 00: neither intermediate status nor paper. */
export const REGISTER_SILENT = '06 00 06 00 00 00 00 09 78'
/** Config 82: the terminal's print lines go to the register. */
export const REGISTER_LINES = '06 00 06 00 00 00 82 09 78'
export const PAY_1999 = '06 01 0a 04 00 00 00 00 19 99 49 09 78'
/** The last transaction as a status alone. */
export const REPEAT = '06 20 05 00 00 00 03 03'
/** 04 0F of the first `PAY_1999` at such a terminal. */
export const STATUS_1999: string = [
  '040f5c',
  '2700',
  '04000000001999',
  '490978',
  '0b000001',
  '0c123456',
  '0d1121',
  '870001',
  '88000001',
  '2952500041',
  '1970',
  '22f1f0672590eeeeeeeee1234f',
  '170000',
  '8a05',
  '8bf0f96769726f6361726400',
  '3b3130303030310000',
  '2a313030373634393932202020202020',
].join('')

const switchedOn: TerminalSim[] = []

/** For `afterEach`. */
export async function switchOff(): Promise<void> {
  for (const sim of switchedOn.splice(0)) await sim.close()
}

/** A terminal that wastes no time, at 12:34:56 on 21 November 2026. */
export async function terminal(options: TerminalSimOptions = {}): Promise<TerminalSim> {
  const now = new Date(2026, 10, 21, 12, 34, 56).getTime()
  const sim = await startTerminalSim({ speed: 0, now: () => now, ...options })
  switchedOn.push(sim)
  return sim
}

export async function registered(sim: TerminalSim, hex: string = REGISTER): Promise<BareRegister> {
  const register = await BareRegister.at(sim.port)
  await register.acknowledgeAll(hex)
  return register
}

/** Waits for something that the terminal does by itself. */
export async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise(resolve => setTimeout(resolve, 1))
}

export async function idle(sim: TerminalSim): Promise<void> {
  await until(() => sim.state().dialogue === null)
}

export const books = (sim: TerminalSim): string[] =>
  sim.state().books.map(entry => `${entry.kind} ${entry.amountMinor} ${entry.state}`)
