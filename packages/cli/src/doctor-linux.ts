// What Linux says about ports and devices, read from its own files: /sys and /dev, without udevadm or any package. What
// cannot be read is not there; a container has hardly any of it.
import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { layoutOf, stripeLayoutOf } from '@cashdesk/scanner'

export interface FoundDevice {
  /** `/dev/ttyACM0`, `/dev/hidraw0`, `/dev/usb/lp0`; absent if the system gives it no such file. */
  readonly path?: string
  /** `Honeywell 1900`, as the device calls itself. */
  readonly title?: string
  /** USB ids: `0c2e:0b61`. */
  readonly usb?: string
  /** A name that stays when it is plugged in again: `/dev/serial/by-id/…`. */
  readonly steady?: string
  /** Who may open it, if this process may not: the group's name, or its number where it has no name. */
  readonly group?: string
  readonly kind: FoundKind
}

export type FoundKind =
  | 'serial'
  | 'hid-scanner'
  | 'hid-stripe-reader'
  | 'hid-keyboard-or-scanner'
  | 'usb-printer'
  | 'card-reader'
  | 'hid'

/** Where to look, `/` but for tests, and whether this process may open what is found. */
interface Place {
  readonly root: string
  readonly mayOpen: (file: string) => boolean
}

/** Everything under `root`. Root may open everything, so a test has its own `mayOpen`. */
export function linuxDevices(root: string, mayOpen: Place['mayOpen'] = isOpenToUs): readonly FoundDevice[] {
  const place = { root, mayOpen }
  return [...serialPorts(place), ...hidDevices(place), ...usbInterfaces(place)]
}

function isOpenToUs(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function serialPorts(place: Place): readonly FoundDevice[] {
  const { root } = place
  const tty = join(root, 'sys/class/tty')
  const steady = steadyNames(root)
  return entries(tty).flatMap(name => {
    const device = real(join(tty, name, 'device'))
    // A UART of type 0 is a place where none was found; consoles have no device at all.
    if (device === undefined || text(join(tty, name, 'type')) === '0') return []
    const path = `/dev/${name}`
    return [{ kind: 'serial', path, ...usbFacts(device), ...steady.get(path), ...rights(place, path) }]
  })
}

function steadyNames(root: string): ReadonlyMap<string, { readonly steady: string }> {
  const folder = join(root, 'dev/serial/by-id')
  return new Map(
    entries(folder).flatMap(name => {
      const target = real(join(folder, name))
      return target ? [[`/dev/${basename(target)}`, { steady: `/dev/serial/by-id/${name}` }] as const] : []
    }),
  )
}

/** `05 8C` opens the usage page of bar code scanners (HID Usage Tables ch. 1), `05 01 09 06` a keyboard. */
function hidDevices(place: Place): readonly FoundDevice[] {
  const { root } = place
  const hid = join(root, 'sys/bus/hid/devices')
  return entries(hid).flatMap(name => {
    const device = real(join(hid, name)) ?? join(hid, name)
    const descriptor = bytes(join(device, 'report_descriptor'))
    const kind = descriptor === undefined ? 'hid' : kindOf(descriptor)
    if (kind === undefined) return []
    const [node] = entries(join(device, 'hidraw'))
    const path = node === undefined ? undefined : `/dev/${node}`
    const title = /^HID_NAME=(.+)$/m.exec(text(join(device, 'uevent')) ?? '')?.[1]
    const [, vendor, product] = /^HID_ID=[^:]+:0*(\w{4}):0*(\w{4})$/m.exec(
      text(join(device, 'uevent')) ?? '',
    ) ?? ['', '', '']
    return [
      {
        kind,
        ...(title === undefined ? {} : { title }),
        ...(vendor && product ? { usb: `${vendor}:${product}`.toLowerCase() } : {}),
        ...(path === undefined ? {} : { path, ...rights(place, path) }),
      },
    ]
  })
}

function kindOf(descriptor: Uint8Array): FoundKind | undefined {
  if ((descriptor[0] === 0x05 && descriptor[1] === 0x8c) || layoutOf(descriptor)) return 'hid-scanner'
  if (stripeLayoutOf(descriptor)) return 'hid-stripe-reader'
  const keyboard = [0x05, 0x01, 0x09, 0x06].every((byte, at) => descriptor[at] === byte)
  return keyboard ? 'hid-keyboard-or-scanner' : undefined
}

/** Printers are USB class 7, readers of chip cards class 11 (usb.org, defined class codes). */
const CLASSES: { readonly [code: string]: FoundKind } = { '07': 'usb-printer', '0b': 'card-reader' }

function usbInterfaces(place: Place): readonly FoundDevice[] {
  const { root } = place
  const usb = join(root, 'sys/bus/usb/devices')
  return entries(usb).flatMap(name => {
    const folder = real(join(usb, name)) ?? join(usb, name)
    const kind = CLASSES[text(join(folder, 'bInterfaceClass')) ?? '']
    if (kind === undefined) return []
    const [node] = entries(join(folder, 'usbmisc'))
    const path = node === undefined ? undefined : `/dev/usb/${node}`
    return [{ kind, ...usbFacts(folder), ...(path === undefined ? {} : { path, ...rights(place, path) }) }]
  })
}

/** An interface lies a few folders below the USB device that it belongs to. */
const MOST_FOLDERS_UP = 6

function usbFacts(folder: string): Pick<FoundDevice, 'title' | 'usb'> {
  let at = folder
  for (let up = 0; up < MOST_FOLDERS_UP; up += 1, at = dirname(at)) {
    const vendor = text(join(at, 'idVendor'))
    if (vendor === undefined) continue
    const title = [text(join(at, 'manufacturer')), text(join(at, 'product'))].filter(Boolean).join(' ')
    return { usb: `${vendor}:${text(join(at, 'idProduct')) ?? '????'}`, ...(title === '' ? {} : { title }) }
  }
  return {}
}

/** Nothing if it may be opened, or if there is no such file. */
function rights({ root, mayOpen }: Place, path: string): Pick<FoundDevice, 'group'> {
  const file = join(root, path)
  try {
    const { gid } = statSync(file)
    return mayOpen(file) ? {} : { group: groupName(root, gid) }
  } catch {
    return {}
  }
}

function groupName(root: string, gid: number): string {
  const line = (text(join(root, 'etc/group')) ?? '').split('\n').find(each => each.split(':')[2] === `${gid}`)
  return line?.split(':')[0] ?? String(gid)
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function text(path: string): string | undefined {
  return bytes(path)?.toString('utf8').trim()
}

function bytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
