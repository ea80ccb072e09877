// What `cashdesk doctor` says: on a machine whose /sys and /dev the test writes, and on the one it runs on.
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { hidStripeDescriptor, missingForPcscd, startPcscd, startScannerSim } from '@cashdesk/hardware-sim'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DoctorOptions, type DoctorReport, doctor, type Finding, type Machine } from './doctor.ts'
import { tryLibrary } from './doctor-libraries.ts'
import { linuxDevices } from './doctor-linux.ts'
import { cardService, nodeIsTooOld, syncSpeed } from './doctor-machine.ts'
import { cardReaders } from './doctor-readers.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cashdesk-doctor-'))
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content)
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await mkdir(join(root, target), { recursive: true })
  await symlink(join(root, target), join(root, path))
}

const bare: Machine = {
  platform: 'linux',
  root: '/nowhere-at-all',
  nodeVersion: 'v20.19.0',
  cardService: async () => 'missing',
  cardReaders: async () => ({ area: 'cards', name: 'readers', verdict: 'ok', said: 'ACS ACR122U' }),
  tryLibrary: async ({ name }) => ({ name, state: 'missing' }),
}

async function report(options: DoctorOptions, machine: Machine): Promise<DoctorReport & { code: number }> {
  const stdout = new PassThrough({ encoding: 'utf8' })
  const code = await doctor({ stdout, stderr: new PassThrough() }, { ...options, json: true }, machine)
  return { code, ...(JSON.parse(String(stdout.read())) as DoctorReport) }
}

const about = ({ findings }: DoctorReport, area: Finding['area']): readonly Finding[] =>
  findings.filter(each => each.area === area)

describe('cashdesk doctor', () => {
  it('lists the printers of the spooler on Windows, and what keeps their queues', async () => {
    const idle = { name: 'RECEIPTS', port: 'USB001', driver: 'TM-T20', jobs: 0, status: 0, attributes: 64 }
    const paused = { ...idle, name: 'OFFICE', status: 1 }
    const windows: Machine = {
      ...bare,
      platform: 'win32',
      tryLibrary: async ({ name }, list) =>
        name === 'koffi' && list
          ? { name, state: 'loaded', version: '3.3.4', listed: [idle, paused] }
          : { name, state: 'missing' },
    }
    const found = await report({}, windows)
    expect(found.code).toBe(0)
    expect(about(found, 'spooler')).toMatchObject([
      { name: 'RECEIPTS', verdict: 'ok', facts: { port: 'USB001', driver: 'TM-T20', jobs: 0 } },
      { name: 'OFFICE', verdict: 'note', said: expect.stringContaining('its queue is paused') },
    ])
    expect(about(await report({}, bare), 'library').map(({ name }) => name)).not.toContain('koffi')
  })

  it('finds nothing wrong on a machine that has nothing, and says what could be installed', async () => {
    const found = await report({}, bare)
    expect(found.code).toBe(0)
    expect(about(found, 'serial')).toMatchObject([{ verdict: 'note', said: 'none is there' }])
    expect(about(found, 'library')[0]).toMatchObject({
      name: 'serialport',
      verdict: 'note',
      next: 'npm install serialport@13',
    })
    expect(about(found, 'cards')[0]).toMatchObject({
      verdict: 'note',
      next: expect.stringContaining('apt install pcscd'),
    })
    expect(about(found, 'disk')[0]?.facts?.['medianMs']).toBeGreaterThan(0)
  })

  it('ends with 1 where Node is too old', async () => {
    const found = await report({}, { ...bare, nodeVersion: 'v18.20.4' })
    expect(found).toMatchObject({ code: 1, ok: false })
    expect(about(found, 'node')).toMatchObject([{ verdict: 'wrong', next: expect.stringContaining('20.19') }])
    expect(['v20.18.3', 'v20.19.0', 'v22.1.0', 'v26.0.0'].map(nodeIsTooOld)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('says why a package cannot be loaded, and what to install', async () => {
    const found = await report(
      {},
      {
        ...bare,
        tryLibrary: async ({ name }) => ({
          name,
          state: 'cannot load',
          version: '13.0.0',
          reason: 'Error: no native build was found',
        }),
      },
    )
    expect(about(found, 'library')[0]?.said).toContain('no native build was found')
    expect(found.code).toBe(0)
  })

  it('lists what packages see where the system has no such files', async () => {
    const found = await report(
      {},
      {
        ...bare,
        platform: 'win32',
        cardService: async () => 'stopped',
        tryLibrary: async ({ name }, list) => ({
          name,
          state: 'loaded',
          ...(list && name === 'serialport'
            ? {
                listed: [
                  { path: 'COM3', friendlyName: 'Scanner (COM3)', vendorId: '0C2E', productId: 'B61' },
                  7,
                ],
              }
            : {}),
          ...(list && name === 'node-hid'
            ? {
                listed: [
                  { path: 'hid#gun', usagePage: 0x8c, vendorId: 0x0c2e, productId: 0x0b61 },
                  { path: 'hid#stripes', usagePage: 0x8e, vendorId: 0x0acd, productId: 2 },
                  { path: 'hid#magtek', usagePage: 0xff00, vendorId: 0x0801, productId: 2 },
                  { path: 'hid#keys', usagePage: 1, vendorId: 0x0801, productId: 1 },
                  { path: 'hid#other', usagePage: 0xff00, vendorId: 0x046d, productId: 1 },
                ],
              }
            : {}),
        }),
      },
    )
    expect(about(found, 'serial')).toMatchObject([
      { name: 'COM3', said: 'a serial port, Scanner (COM3), USB 0c2e:0b61' },
    ])
    expect(about(found, 'hid').map(({ name, said }) => `${name}: ${said}`)).toEqual([
      'hid#gun: a scanner in HID POS mode, USB 0c2e:0b61',
      'hid#stripes: a magnetic stripe reader in HID mode, USB 0acd:0002',
      'hid#magtek: a magnetic stripe reader in HID mode, USB 0801:0002',
    ])
  })

  it('asks for card readers only where the service runs and there is a package to ask with', async () => {
    const runs: Machine = { ...bare, cardService: async () => 'runs' }
    expect(about(await report({}, runs), 'cards')).toHaveLength(1)
    const loaded: Machine = { ...runs, tryLibrary: async ({ name }) => ({ name, state: 'loaded' }) }
    expect(about(await report({}, loaded), 'cards')).toMatchObject([
      { said: 'runs' },
      { said: 'ACS ACR122U' },
    ])
  })

  it.skipIf(missingForPcscd() !== undefined)('names the readers of a real service', async () => {
    const service = await startPcscd()
    try {
      expect(await cardReaders(service.socket)).toMatchObject({
        area: 'cards',
        verdict: 'ok',
        said: expect.stringContaining('Virtual PCD'),
      })
    } finally {
      await service.close()
    }
  })

  it('says it to people with a mark, and what to do below', async () => {
    const stdout = new PassThrough({ encoding: 'utf8' })
    await doctor({ stdout, stderr: new PassThrough() }, {}, { ...bare, nodeVersion: 'v18.0.0' })
    const said = String(stdout.read())
    expect(said).toMatch(/✗ node {5}v18\.0\.0: is too old\n +→ Install Node 20\.19/)
    expect(said).toContain('1 of these must be put right.')
  })
})

describe('the till of a configuration', () => {
  const config = async (document: object): Promise<string> => {
    await write('till.json', JSON.stringify({ dir: 'till', lane: '7', currency: 'EUR', ...document }))
    return join(root, 'till.json')
  }

  it('is asked: which devices answer, and what to do about one that does not', async () => {
    const scanner = await startScannerSim()
    const file = await config({ scanner: { kind: 'tcp', host: '127.0.0.1', port: scanner.port } })
    const here = await report({ config: file }, bare)
    expect(about(here, 'device')).toMatchObject([{ verdict: 'ok', said: 'answers' }])
    expect(here.code).toBe(0)
    expect(about(here, 'disk')[0]?.name).toBe(root)
    await scanner.close()
    const gone = await report({ config: file }, bare)
    expect(gone.code).toBe(1)
    expect(about(gone, 'device')).toMatchObject([
      { verdict: 'wrong', said: expect.stringContaining('transport.unreachable (ECONNREFUSED)') },
    ])
  })

  it('has all its devices asked, and each is told what to do by what is wrong with it', async () => {
    const path = join(root, 'nope')
    const tcp = { host: '127.0.0.1', port: 1 }
    const file = await config({
      scanner: { kind: 'serial', path },
      terminal: { kind: 'zvt', ...tcp },
      printer: { kind: 'file', path },
      pinpad: { kind: 'tcp', ...tcp },
    })
    const found = about(await report({ config: file }, bare), 'device')
    expect(found.map(({ name }) => name.split(' ')[0])).toEqual(['scanner', 'terminal', 'printer', 'pinpad'])
    for (const { name, verdict, said, next } of found) {
      const byPath = /^(scanner|printer)/.test(name)
      expect(verdict).toBe('wrong')
      expect(said).toMatch(byPath ? /ENOENT|no such file/i : /ECONNREFUSED/)
      expect(next).toMatch(byPath ? /^Nothing has this name/ : /^Somebody is at this address/)
    }
  })

  it('with mistakes is told so, and none of its devices is touched', async () => {
    const found = await report({ config: await config({ currency: 'Euro' }) }, bare)
    expect(found.code).toBe(1)
    expect(about(found, 'config')).toMatchObject([{ verdict: 'wrong' }])
    expect(about(found, 'device')).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('the files of Linux', () => {
  const USB = 'sys/devices/pci/usb1/1-2'

  beforeEach(async () => {
    await write(`${USB}/idVendor`, '0c2e\n')
    await write(`${USB}/idProduct`, '0b61\n')
    await write(`${USB}/manufacturer`, 'Honeywell\n')
    await write(`${USB}/product`, '1900\n')
    await write('etc/group', 'root:x:0:\ndialout:x:20:\n')
  })

  it('name serial ports with their device, leave out UARTs that are not there, and find the steady name', async () => {
    await link('sys/class/tty/ttyACM0/device', `${USB}/1-2:1.0`)
    await write('dev/ttyACM0', '')
    await mkdir(join(root, 'dev/serial/by-id'), { recursive: true })
    await symlink('../../ttyACM0', join(root, 'dev/serial/by-id/usb-Honeywell_1900-if00'))
    await link('sys/class/tty/ttyS1/device', 'sys/devices/platform/serial8250')
    await write('sys/class/tty/ttyS1/type', '0\n')
    await mkdir(join(root, 'sys/class/tty/tty0'))
    expect(linuxDevices(root)).toEqual([
      {
        kind: 'serial',
        path: '/dev/ttyACM0',
        usb: '0c2e:0b61',
        title: 'Honeywell 1900',
        steady: '/dev/serial/by-id/usb-Honeywell_1900-if00',
      },
    ])
  })

  it('tell a scanner in POS mode from a stripe reader and a keyboard by the report descriptor', async () => {
    const hid = (name: string): string => `sys/devices/hid/${name}`
    const devices = { '0003:0C2E:0B61.0001': [0x05, 0x8c, 0x09, 0x02], '0003:1C6C:C31C.0002': [5, 1, 9, 6] }
    for (const [name, descriptor] of Object.entries(devices)) {
      await link(`sys/bus/hid/devices/${name}`, hid(name))
      await write(`${hid(name)}/report_descriptor`, Uint8Array.from(descriptor))
      await write(`${hid(name)}/uevent`, `HID_ID=0003:00000C2E:00000B61\nHID_NAME=Honeywell 1900\n`)
    }
    await link('sys/bus/hid/devices/0003:0801:0002.0003', hid('0003:0801:0002.0003'))
    await write(`${hid('0003:0801:0002.0003')}/report_descriptor`, hidStripeDescriptor('magtek'))
    await mkdir(join(root, hid('0003:0801:0002.0003'), 'hidraw/hidraw4'), { recursive: true })
    await mkdir(join(root, hid('0003:0C2E:0B61.0001'), 'hidraw/hidraw3'), { recursive: true })
    expect(linuxDevices(root)).toMatchObject([
      { kind: 'hid-stripe-reader', path: '/dev/hidraw4' },
      { kind: 'hid-scanner', path: '/dev/hidraw3', usb: '0c2e:0b61', title: 'Honeywell 1900' },
      { kind: 'hid-keyboard-or-scanner' },
    ])
  })

  it('find printers and card readers by their USB class', async () => {
    for (const [name, code] of [
      ['1-2:1.0', '07'],
      ['1-2:1.1', '0b'],
      ['1-2:1.2', '03'],
    ]) {
      await link(`sys/bus/usb/devices/${name}`, `${USB}/${name}`)
      await write(`${USB}/${name}/bInterfaceClass`, `${code}\n`)
    }
    await mkdir(join(root, `${USB}/1-2:1.0/usbmisc/lp0`), { recursive: true })
    expect(linuxDevices(root)).toMatchObject([
      { kind: 'usb-printer', path: '/dev/usb/lp0', title: 'Honeywell 1900' },
      { kind: 'card-reader', usb: '0c2e:0b61' },
    ])
  })

  it('name the group that may open a port when this user may not', async () => {
    await link('sys/class/tty/ttyUSB0/device', `${USB}/1-2:1.0`)
    await write('dev/ttyUSB0', '')
    const { gid } = await stat(join(root, 'dev/ttyUSB0'))
    await write('etc/group', `root:x:99999:\ndialout:x:${gid}:\n`)
    expect(linuxDevices(root, () => false)[0]?.group).toBe('dialout')
    expect(linuxDevices(root, () => true)[0]?.group).toBeUndefined()
  })

  it('become a sentence with the command that joins that group', async () => {
    const { serialFinding } = await import('./doctor-found.ts')
    const port = { kind: 'serial', path: '/dev/ttyUSB0', group: 'dialout' } as const
    expect(serialFinding([port], [], 'linux')).toMatchObject([
      { verdict: 'note', next: 'Join the group and log in again: sudo usermod -a -G dialout $USER' },
    ])
  })
})

describe('this machine', () => {
  it('loads a package that is there, and says that one is not', async () => {
    const library = { use: 'x', owner: '@cashdesk/cli', install: 'x' }
    expect(await tryLibrary({ ...library, name: 'commander' }, false)).toMatchObject({
      state: 'loaded',
      version: expect.stringMatching(/^\d+\./),
    })
    expect(await tryLibrary({ ...library, name: 'never-installed-by-anybody' }, true)).toEqual({
      name: 'never-installed-by-anybody',
      state: 'missing',
    })
  })

  it('measures a disk and leaves nothing behind', async () => {
    const { medianMs, worstMs } = await syncSpeed(root)
    expect(worstMs).toBeGreaterThanOrEqual(medianMs)
    await expect(rm(root, { recursive: false })).rejects.toThrow()
    const { readdir } = await import('node:fs/promises')
    expect(await readdir(root)).toEqual([])
  })

  it.skipIf(process.platform === 'win32')(
    'tells a card service that answers from one that left its socket',
    async () => {
      const path = join(root, 'pcscd.comm')
      expect(['missing', 'stopped']).toContain(await cardService('linux', path))
      const server = createServer(() => undefined)
      await new Promise<void>(resolve => server.listen(path, resolve))
      expect(await cardService('linux', path)).toBe('runs')
      await new Promise(resolve => server.close(resolve))
      await writeFile(path, '')
      expect(await cardService('linux', path)).toBe('stopped')
    },
  )
})
