// Scanners and stripe readers in HID mode through the optional package `node-hid`: finds the device, learns the layout of its reports
// and hands each report on as one piece. Loaded when a scanner is opened, so that other tills need no native code.
import { readFile, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CashdeskError, type Connection, type Transport, type TransportListener } from '@cashdesk/kernel'
import { nodeTimer, OPEN_TIMEOUT_MS, openWithin, waitAtMost } from '@cashdesk/transport'
import { HID_LAYOUTS, type HidLayout, layoutOf, SCANNER_PAGE, SCANNER_USAGE } from './hid-layout.ts'
import { HID_STRIPE_LAYOUTS, type HidStripeLayout, isStripeReader, stripeLayoutOf } from './hid-stripe.ts'
import { claimHid, type Release } from './node-hid-claim.ts'

export interface HidOptions<
  Layout extends object = HidLayout,
  Name extends string = keyof typeof HID_LAYOUTS,
> {
  /** The system's path of the device, as `cashdesk doctor` lists it. */
  readonly path?: string
  readonly vendorId?: number
  readonly productId?: number
  readonly serialNumber?: string
  /**
   * `auto` (default) reads the report descriptor from the system, which only Linux gives; elsewhere a layout by name,
   * or the descriptor itself as bytes.
   */
  readonly layout?: 'auto' | Name | Layout | Uint8Array
}

/** A kind of device, and how its reports are read. */
export interface HidKind<Layout extends object, Name extends string> {
  /** For messages: `HID scanner`. */
  readonly name: string
  is(device: HidFound): boolean
  layoutOf(descriptor: Uint8Array): Layout | undefined
  readonly layouts: { readonly [name in Name]: Layout }
}

export const HID_SCANNER: HidKind<HidLayout, keyof typeof HID_LAYOUTS> = {
  name: 'HID scanner',
  is: device => device.usagePage === SCANNER_PAGE && device.usage === SCANNER_USAGE,
  layoutOf,
  layouts: HID_LAYOUTS,
}

export const HID_STRIPE: HidKind<HidStripeLayout, keyof typeof HID_STRIPE_LAYOUTS> = {
  name: 'HID stripe reader',
  is: isStripeReader,
  layoutOf: stripeLayoutOf,
  layouts: HID_STRIPE_LAYOUTS,
}

interface HidFound {
  readonly path?: string | undefined
  readonly vendorId: number
  readonly productId: number
  readonly serialNumber?: string | undefined
  readonly usagePage?: number | undefined
  readonly usage?: number | undefined
}

export interface HidOpen {
  on(event: 'data', listener: (report: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  write(report: number[]): Promise<number>
  close(): Promise<void>
}

/** What is used of `node-hid`. */
export interface HidModule {
  devicesAsync(): Promise<readonly HidFound[]>
  readonly HIDAsync: { open(path: string): Promise<HidOpen> }
}

export interface HidTransport<Layout> {
  readonly transport: Transport
  /** The layout of the device that was opened last; undefined before the first. */
  layout(): Layout | undefined
}

/** A system that does not let go of a device that was pulled out keeps no till from closing. */
const CLOSE_MS = 1_000

/** Where Linux keeps what it knows about `/dev/hidrawN`. */
const SYSFS = '/sys/class/hidraw'

/** `sysfs`: another place to look for descriptors in, for tests. */
export function hidTransport<Layout extends object, Name extends string>(
  load: () => Promise<HidModule>,
  kind: HidKind<Layout, Name>,
  options: HidOptions<Layout, Name>,
  sysfs: string = SYSFS,
): HidTransport<Layout> {
  const name = options.path === undefined ? kind.name : `HID ${options.path}`
  let layout: Layout | undefined
  const opened = async (): Promise<Claimed> => {
    const hid = await load().catch((cause: unknown) => {
      const install = 'npm install node-hid@3.4.0'
      throw new CashdeskError('transport.missing-module', { name, install }, { cause })
    })
    const path = await find(hid, kind, options, name)
    layout = await layoutFor(path, kind, options, sysfs, name)
    const release = await claimHid((await fileOf(path)) ?? path, kind.name)
    if (release === undefined) {
      throw new CashdeskError('transport.claimed', { name, reason: 'another till has it' })
    }
    try {
      return { device: await hid.HIDAsync.open(path), release }
    } catch (thrown) {
      await release()
      throw thrown
    }
  }
  const transport: Transport = {
    name,
    async open(listener, { timeoutMs = OPEN_TIMEOUT_MS, signal } = {}) {
      const claimed = await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        opened,
        opening => void opening.then(letGo).catch(() => undefined),
      )
      return connect(claimed, name, listener)
    },
  }
  return { transport, layout: () => layout }
}

/** The first device that fits; without any wish the first that says it is of this kind. */
async function find(
  hid: HidModule,
  kind: Pick<HidKind<never, never>, 'is' | 'name'>,
  options: Omit<HidOptions, 'layout'>,
  name: string,
): Promise<string> {
  const { path, vendorId, productId, serialNumber } = options
  if (path !== undefined) return path
  const named = vendorId !== undefined || productId !== undefined || serialNumber !== undefined
  const fits = (device: HidFound): boolean =>
    (vendorId === undefined || device.vendorId === vendorId) &&
    (productId === undefined || device.productId === productId) &&
    (serialNumber === undefined || device.serialNumber === serialNumber)
  const devices = (await hid.devicesAsync()).filter(device => fits(device) && device.path !== undefined)
  // A device that was named may not tell its usage; one in keyboard mode never is the one.
  const unclear = devices.find(device => named && device.usagePage === undefined)
  const found = devices.find(device => kind.is(device))?.path ?? unclear?.path
  if (found !== undefined) return found
  throw new CashdeskError('transport.unreachable', { name, reason: `no ${kind.name} is plugged in` })
}

/** @throws CashdeskError `scanner.no-layout`; `transport.unreachable` while nothing is plugged in that could have one */
async function layoutFor<Layout extends object, Name extends string>(
  path: string,
  kind: HidKind<Layout, Name>,
  options: HidOptions<Layout, Name>,
  sysfs: string,
  name: string,
): Promise<Layout> {
  const { layout = 'auto' } = options
  if (layout === 'auto' || layout instanceof Uint8Array) {
    const bytes = layout instanceof Uint8Array ? layout : await descriptorOf(path, sysfs)
    const found = bytes === undefined ? undefined : kind.layoutOf(bytes)
    if (found !== undefined) return found
    if (bytes === undefined && isFile(path) && (await fileOf(path)) === undefined)
      throw new CashdeskError('transport.unreachable', { name, reason: 'ENOENT' })
    const reason =
      bytes === undefined ? 'the system does not give the descriptor' : `no ${kind.name} in the descriptor`
    throw new CashdeskError('scanner.no-layout', { name, reason, layouts: Object.keys(kind.layouts) })
  }
  return typeof layout === 'string' ? kind.layouts[layout] : layout
}

async function descriptorOf(path: string, sysfs: string): Promise<Uint8Array | undefined> {
  const file = basename((await fileOf(path)) ?? path)
  if (!/^hidraw\d+$/.test(file)) return undefined
  return await readFile(join(sysfs, file, 'device', 'report_descriptor')).catch(() => undefined)
}

/** Linux names devices by files; macOS and Windows have names of their own. */
const isFile = (path: string): boolean => path.startsWith('/')

/** What a steady name that udev gave leads to; undefined while nothing has it. */
async function fileOf(path: string): Promise<string | undefined> {
  return isFile(path) ? await realpath(path).catch(() => undefined) : undefined
}

interface Claimed {
  readonly device: HidOpen
  readonly release: Release
}

/** A system that hangs at the device does not keep the claim: else nobody could have it any more, this till included. */
async function letGo({ device, release }: Claimed): Promise<void> {
  await Promise.all([device.close().catch(() => undefined), release()])
}

function connect(claimed: Claimed, name: string, listener: TransportListener): Connection {
  const { device } = claimed
  let over = false
  const end = (cause?: CashdeskError): void => {
    if (over) return
    over = true
    listener.closed(cause)
  }
  device.on('data', report => {
    if (!over) listener.data(Uint8Array.from(report))
  })
  device.on('error', cause => {
    end(new CashdeskError('transport.closed', { name, reason: reasonOf(cause) }, { cause }))
    void letGo(claimed)
  })
  return {
    write: async bytes => {
      if (over) throw new CashdeskError('transport.closed', { name, reason: 'ended' })
      await device.write([...bytes])
    },
    close: async () => {
      if (over) return
      over = true
      await waitAtMost(letGo(claimed), nodeTimer, CLOSE_MS)
      listener.closed()
    },
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
