// Are the devices there? Opens them as a till would, waits for the first answer of each, and closes them again. Nothing
// is paid and nothing is printed.
import type {
  DeviceFamily,
  DeviceHealth,
  ErrorCode,
  ErrorReport,
  NfcReader,
  Pinpad,
  Printer,
  Scanner,
  Terminal,
} from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { openDevices, type TillOptions } from '@cashdesk/sdk'

export interface DeviceAnswer {
  readonly family: DeviceFamily
  readonly name: string
  /** Where it stands in the configuration. */
  readonly path: string
  /** Only when it was asked. */
  readonly answer?: 'ready' | 'absent'
  readonly facts?: DeviceHealth['facts']
  readonly trouble?: ErrorReport
}

/** A device that is there answers at once; a printer is asked twice, a terminal registers. */
const PATIENCE_MS = 8_000

export async function reachDevices(
  { scanner, terminal, printer, nfc, pinpad }: TillOptions,
  connect: boolean,
): Promise<readonly DeviceAnswer[]> {
  const scanners = scanner === undefined ? [] : [scanner].flat()
  const readers = nfc === undefined ? [] : [nfc].flat()
  const all: readonly (readonly [string, Scanner | Terminal | Printer | NfcReader | Pinpad])[] = [
    ...scanners.map((each, index) => [scanners.length > 1 ? `scanner[${index}]` : 'scanner', each] as const),
    ...(terminal ? [['terminal', terminal] as const] : []),
    ...(printer ? [['printer', printer] as const] : []),
    ...readers.map((each, index) => [readers.length > 1 ? `nfc[${index}]` : 'nfc', each] as const),
    ...(pinpad ? [['pinpad', pinpad] as const] : []),
  ]
  const names = all.map(([path, { family, name }]) => ({ path, family, name }))
  if (!connect || all.length === 0) return names
  await using devices = await openDevices({
    scanner: scanners,
    ...(terminal ? { terminal } : {}),
    ...(printer ? { printer } : {}),
    nfc: readers,
    ...(pinpad ? { pinpad } : {}),
  })
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, PATIENCE_MS)
    const look = (): void => {
      if (!devices.devices().every(settled)) return
      clearTimeout(timer)
      resolve()
    }
    devices.on('health', look)
    look()
  })
  return devices.devices().map((health, index) => ({
    ...(names[index] ?? health),
    path: names[index]?.path ?? '',
    ...answerOf(health),
  }))
}

const ABSENT: { readonly [family in DeviceFamily]?: ErrorCode } = {
  terminal: 'terminal.absent',
  printer: 'printer.absent',
  pinpad: 'pinpad.absent',
}

const settled = ({ state }: DeviceHealth): boolean => state !== 'opening' && state !== 'closed'

function answerOf({
  state,
  trouble,
  facts,
  name,
  family,
}: DeviceHealth): Pick<DeviceAnswer, 'answer' | 'trouble' | 'facts'> {
  const here = state === 'ready' || state === 'busy'
  if (here && !trouble) return { answer: 'ready', ...(Object.keys(facts).length > 0 ? { facts } : {}) }
  const code = ABSENT[family] ?? 'transport.timeout'
  return { answer: here ? 'ready' : 'absent', trouble: trouble ?? report(code, { name }) }
}
