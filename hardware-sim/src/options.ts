// The options that programs share, and how the text of an option becomes a value: one place, so that every simulator
// says the same about the same mistake.
import { CashdeskError } from '@cashdesk/kernel'
import type { RunningSim, SimOption } from './program.ts'
import { openPty } from './scanner/pty.ts'

export type OptionTexts = { readonly [flag: string]: string }

export const HOST: SimOption = { flag: 'host', text: 'address to listen on', default: '127.0.0.1' }
export const ALSO_PTY: SimOption = {
  flag: 'pty',
  text: 'also be a serial device at this path (needs socat or python3; not on Windows)',
}

/** A whole number from an option's text. @throws CashdeskError `sim.usage` */
export function wholeNumber(options: OptionTexts, flag: string, max: number): number {
  const text = options[flag] ?? ''
  if (!/^\d{1,10}$/.test(text) || Number(text) > max) {
    throw new CashdeskError('sim.usage', { option: flag, value: text.slice(0, 40), max })
  }
  return Number(text)
}

/** One of a few words, the first where the option is absent. @throws CashdeskError `sim.usage` */
export function oneOf<const Choice extends string>(
  options: OptionTexts,
  flag: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = options[flag] ?? choices[0]
  const known = choices.find(choice => choice === value)
  if (known !== undefined) return known
  throw new CashdeskError('sim.usage', { option: flag, value: value.slice(0, 40), known: choices })
}

/** The simulator on its TCP port is a serial device, too, where `--pty` names one. */
export async function withPty<Sim extends RunningSim & { readonly port: number }>(
  sim: Sim,
  path: string | undefined,
): Promise<Sim> {
  if (path === undefined) return sim
  try {
    const pty = await openPty(path, sim.port)
    const close = async (): Promise<void> => {
      await pty.close()
      await sim.close()
    }
    return { ...sim, ports: { ...sim.ports, pty: pty.path }, notes: pty.notes, close }
  } catch (thrown) {
    await sim.close()
    throw thrown
  }
}
