// Ports and devices as `cashdesk doctor` says them: what was found, by the system's files or by a package's list, and what
// keeps this user from opening it.
import { isStripePage } from '@cashdesk/scanner'
import { queueTrouble } from '@cashdesk/transport'
import type { Finding } from './doctor.ts'
import type { LibraryState } from './doctor-libraries.ts'
import type { FoundDevice, FoundKind } from './doctor-linux.ts'

/** Serial ports, or one finding that says there is none. */
export function serialFinding(
  found: readonly FoundDevice[],
  libraries: readonly LibraryState[],
  platform: string,
): readonly Finding[] {
  const ports =
    platform === 'linux'
      ? found.filter(({ kind }) => kind === 'serial')
      : listed(libraries, 'serialport').flatMap(portOf)
  if (ports.length > 0) return ports.map(port => finding('serial', port, 'a serial port'))
  const asked = platform === 'linux' || libraries.some(each => each.name === 'serialport' && each.listed)
  const word = asked ? 'none is there' : 'cannot be listed without the package serialport'
  return [{ area: 'serial', name: 'ports', verdict: 'note', said: word }]
}

/** What the systems say when something cannot be opened, and what to do about it. */
const WAYS_OUT: readonly (readonly [RegExp, string])[] = [
  [
    /EACCES|EPERM|permission denied|access denied|LIBUSB_ERROR_ACCESS/i,
    'This user may not open it: the lines on ports and devices above name the group to join.',
  ],
  [
    /ECONNREFUSED/,
    'Somebody is at this address, but not at this port: check the port, and that the device is set to speak on the network.',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'Nobody knows this name: check it, or give the address in numbers.'],
  [
    /EHOSTUNREACH|ENETUNREACH|ENETDOWN/,
    'The network has no way there: check cable, address and mask of both.',
  ],
]

/** Nothing where the error's own advice is as good. */
export function wayOut(reason: string, found: readonly FoundDevice[]): string | undefined {
  if (/ENOENT|no such file|file not found/i.test(reason) && !reason.includes('pcscd')) {
    const ports = found.flatMap(({ path }) => path ?? [])
    const here = ports.length === 0 ? '' : ` Here there are now: ${ports.join(', ')}.`
    return `Nothing has this name at the moment: plug it in and switch it on, or mend the path.${here}`
  }
  return WAYS_OUT.find(([words]) => words.test(reason))?.[1]
}

const AREAS: { readonly [kind in FoundKind]?: readonly [Finding['area'], string] } = {
  'hid-scanner': ['hid', 'a scanner in HID POS mode'],
  'hid-stripe-reader': ['hid', 'a magnetic stripe reader in HID mode'],
  'hid-keyboard-or-scanner': [
    'hid',
    'a keyboard, or a scanner in keyboard mode: its codes reach the register’s window, no driver opens it',
  ],
  hid: ['hid', 'a HID device whose kind the system does not tell'],
  'usb-printer': ['usb', 'a printer'],
  'card-reader': ['cards', 'a reader of chip cards'],
}

/** HID scanners, USB printers and card readers that are plugged in. */
export function usbFindings(
  found: readonly FoundDevice[],
  libraries: readonly LibraryState[],
  platform: string,
): readonly Finding[] {
  const devices = platform === 'linux' ? found : listed(libraries, 'node-hid').flatMap(hidOf)
  return devices.flatMap(device => {
    const [area, what] = AREAS[device.kind] ?? []
    return area === undefined || what === undefined ? [] : [finding(area, device, what)]
  })
}

/** Printers of Windows' spooler, as the package that calls it lists them. */
export function spoolerFindings(libraries: readonly LibraryState[]): readonly Finding[] {
  return listed(libraries, 'koffi').map(entry => {
    const { name, port, driver, jobs, status, attributes } = Object(entry)
    const trouble = queueTrouble({
      name: String(name),
      port: String(port),
      driver: String(driver),
      jobs: Number(jobs),
      status: Number(status),
      attributes: Number(attributes),
    })?.report
    const facts = { port: String(port), driver: String(driver), jobs: Number(jobs) }
    const base = { area: 'spooler', name: String(name), facts } as const
    const what = `a printer of the spooler, on ${port} with the driver ${driver}`
    if (trouble === undefined) return { ...base, verdict: 'ok', said: what }
    const reason = trouble.detail?.['reason']
    const why = `${trouble.message}${reason === undefined ? '' : ` (${String(reason)})`}`
    return { ...base, verdict: 'note', said: `${what}. ${why}`, next: trouble.next }
  })
}

function finding(area: Finding['area'], device: FoundDevice, what: string): Finding {
  const { path, title, usb, steady, group } = device
  const about = [what, ...(title ? [title] : []), ...(usb ? [`USB ${usb}`] : [])].join(', ')
  const facts = Object.fromEntries(
    Object.entries({ title, usb, steady }).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  )
  const base = { area, name: path ?? title ?? usb ?? 'a device', facts }
  if (group === undefined) {
    const next =
      steady === undefined ? {} : { next: `This name stays when it is plugged in again: ${steady}` }
    return { ...base, verdict: 'ok', said: about, ...next }
  }
  const join =
    group === 'root'
      ? 'A udev rule must give it to a group of yours: SUBSYSTEM=="hidraw" or "usb", MODE="0660", GROUP="plugdev".'
      : `Join the group and log in again: sudo usermod -a -G ${group} $USER`
  return { ...base, verdict: 'note', said: `${about}; this user may not open it`, next: join }
}

// ── what packages list, where the system's files do not tell ────────────────────────────────────────────────────────

function listed(libraries: readonly LibraryState[], name: string): readonly unknown[] {
  return libraries.find(each => each.name === name)?.listed ?? []
}

/** `SerialPort.list()`: path, manufacturer, vendorId, productId. */
function portOf(entry: unknown): readonly FoundDevice[] {
  const { path, friendlyName, manufacturer, vendorId, productId } = Object(entry)
  if (typeof path !== 'string') return []
  return [{ kind: 'serial', path, ...titled(friendlyName ?? manufacturer), ...usbId(vendorId, productId) }]
}

/**
 * `devices()` of node-hid: usagePage 0x8C is a scanner in POS mode, 0x8E a stripe reader, as is MagTek's own page. Keyboards are
 * listed, and not ours.
 */
function hidOf(entry: unknown): readonly FoundDevice[] {
  const { usagePage, product, vendorId, productId, path } = Object(entry)
  const stripes = isStripePage(usagePage, vendorId)
  if ((usagePage !== 0x8c && !stripes) || typeof path !== 'string') return []
  const kind = stripes ? 'hid-stripe-reader' : 'hid-scanner'
  return [{ kind, path, ...titled(product), ...usbId(vendorId, productId) }]
}

function titled(title: unknown): Pick<FoundDevice, 'title'> {
  return typeof title === 'string' && title !== '' ? { title } : {}
}

function usbId(vendor: unknown, product: unknown): Pick<FoundDevice, 'usb'> {
  const hex = (value: unknown): string =>
    (typeof value === 'number' ? value.toString(16) : String(value ?? '')).toLowerCase().padStart(4, '0')
  return vendor ? { usb: `${hex(vendor)}:${hex(product)}` } : {}
}
