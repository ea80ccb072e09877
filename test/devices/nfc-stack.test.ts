// The driver on a real smart-card service: pcscd with its virtual reader, and virtual cards, ours and Debian's. Where
// that is not installed, the tests are skipped, and say what to install.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { classic, felica, isoDep, phone, vicinity } from '@cashdesk/hardware-sim'
import { hex } from '@cashdesk/kernel'
import { openBlock, readStorage, selectApplication } from '@cashdesk/nfc'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { card, ended, missing, open, PACKAGES, ready, serve, TAG, Till, till } from './nfc-bench.ts'

const VICC = '/usr/bin/vicc'
/** Debian's packages put the modules where Python does not look, and have another name for the cryptography. */
const VICC_MODULES = '/usr/lib/python3/site-packages/virtualsmartcard'
const CRYPTO = '/usr/lib/python3/dist-packages/Cryptodome'

function missingForVicc(): string | undefined {
  if ([VICC, VICC_MODULES, CRYPTO].every(path => existsSync(path))) return undefined
  return 'another program’s virtual card: apt install vsmartcard-vpicc python3-pycryptodome'
}

async function startVicc(port: number): Promise<{ close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cashdesk-vicc-'))
  await writeFile(join(folder, 'Crypto.py'), "import sys, Cryptodome\nsys.modules['Crypto'] = Cryptodome\n")
  const child = spawn('/usr/bin/python3', [VICC, '--port', String(port), '--hostname', '127.0.0.1'], {
    stdio: 'ignore',
    env: { ...process.env, PYTHONPATH: `${folder}:${VICC_MODULES}` },
  })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return {
    close: async () => {
      child.kill('SIGKILL')
      await gone
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What has ended and waits to be buried (state Z) does not live. */
function lives(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'latin1'))
}

afterEach(ended)

beforeAll(() => {
  for (const line of [missing, missingForVicc(), ...PACKAGES.map(([, reason]) => reason)]) {
    if (line !== undefined) process.stderr.write(`skipped: ${line}\n`)
  }
})

describe.each(PACKAGES)('on the real service, through %s', (binding, reason) => {
  const test = it.skipIf((missing ?? reason) !== undefined)

  test('a tag, a Type 4 tag, a phone and a MIFARE Classic are read as what they are', async () => {
    await serve()
    const one = await till({ binding, wallets: true })
    await one.until(ready)
    expect(one.health().facts['binding']).toBe(binding)
    const cards = [
      TAG(),
      isoDep({ uid: '04112233445566', ndef: [{ text: 'x'.repeat(400) }] }),
      phone({ random: length => new Uint8Array(length).fill(7) }),
      classic({ uid: 'a1b2c3d4', key: 'a0a1a2a3a4a5', blocks: { 4: '00112233445566778899aabbccddeeff' } }),
    ]
    for (const [index, each] of cards.entries()) {
      const sim = await card(each)
      await one.until(({ taps }) => taps.length === index + 1)
      if (index < 3) {
        await sim.remove()
        await one.until(({ gone }) => gone.length === index + 1)
      }
    }
    expect(one.taps.map(({ technology }) => technology)).toEqual([
      'type-2',
      'iso-dep',
      'iso-dep',
      'mifare-classic',
    ])
    expect(one.taps[0]?.ndef).toEqual([{ kind: 'uri', uri: 'https://a.example/k/1' }])
    expect(one.taps[1]?.ndef).toEqual([{ kind: 'text', text: 'x'.repeat(400), language: 'en' }])
    expect(one.taps[2]).toMatchObject({
      uid: { origin: 'random' },
      trouble: { code: 'nfc.nothing-readable' },
    })
    expect(one.taps[2]?.applications).toEqual({ 'apple-vas': false, 'google-smart-tap': false })
    const key = Buffer.from('a0a1a2a3a4a5', 'hex')
    const answered = await one.reader.exchange([...openBlock(4, { type: 'A', key }), readStorage(4, 16)])
    expect(answered).toMatchObject({ outcome: 'done' })
    if (answered.outcome === 'done') {
      expect(hex(answered.data[2] ?? new Uint8Array(0))).toBe('00112233445566778899aabbccddeeff9000')
    }
  })

  test('MIFARE Classic, ISO 15693 and FeliCa tell their messages through the commands of storage cards', async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const ndef = [{ text: 'y'.repeat(90) }]
    const cards = [
      classic({ uid: 'a1b2c3d4', ndef }),
      classic({ size: '4k', uid: 'a1b2c3d5', ndef }),
      vicinity({ uid: 'e004015012345678', ndef }),
      felica({ uid: '0123456789abcdef', ndef }),
    ]
    for (const [index, each] of cards.entries()) {
      const sim = await card(each)
      await one.until(({ taps }) => taps.length === index + 1)
      await sim.remove()
      await one.until(({ gone }) => gone.length === index + 1)
    }
    const told = { kind: 'text', text: 'y'.repeat(90), language: 'en' }
    expect(one.taps.map(({ technology, ndef: records }) => [technology, records])).toEqual([
      ['mifare-classic', [told]],
      ['mifare-classic', [told]],
      ['iso-15693', [told]],
      ['felica', [told]],
    ])
  })

  const rounds = binding === 'nfc-pcsc' ? 20 : 5
  test(`a card that comes and goes ${rounds} times is told as often`, async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const sim = await card(TAG())
    for (let round = 1; round <= rounds; round += 1) {
      await sim.insert()
      await one.until(({ taps }) => taps.length === round)
      await sim.remove()
      await one.until(({ gone }) => gone.length === round)
    }
    expect(new Set(one.taps.map(tap => tap.card)).size).toBe(rounds)
    expect(one.discards).toEqual([])
    expect(one.health().counts['starts']).toBe(1)
  })

  test('the service may come late, die and come back: each time the reader is found again', async () => {
    const pcscd = await serve()
    await pcscd.kill()
    const one = await till({ binding })
    await one.until(({ reader }) => reader.health().trouble?.code === 'nfc.no-service')
    await pcscd.start()
    await one.until(ready)
    const sim = await card(TAG())
    await one.until(({ taps }) => taps.length === 1)
    await pcscd.kill()
    await one.until(({ gone }) => gone.length === 1)
    await one.until(({ reader }) => reader.health().trouble?.code === 'nfc.no-service')
    expect(one.health().state).toBe('absent')
    await pcscd.start()
    await one.until(({ taps }) => taps.length === 2)
    expect(sim.state().connected).toBe(true)
  })

  test('a card taken away in the middle of a command: a reading is discarded, an exchange is unknown', async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const sim = await card(TAG())
    await one.until(({ taps }) => taps.length === 1)
    await sim.accident('remove-in-command')
    const broken = await one.reader.exchange([Uint8Array.of(0xff, 0xd6, 0, 10, 4, 1, 2, 3, 4)])
    expect(broken).toMatchObject({ outcome: 'unknown', error: { code: 'nfc.no-answer' } })
    await one.until(({ gone }) => gone.length === 1)
    await sim.accident('remove-in-command', { commands: 2 })
    await sim.insert()
    await one.until(({ discards }) => discards.length === 1)
    expect(['nfc.removed-early', 'nfc.mute']).toContain(one.discards[0]?.code)
    await sim.insert()
    await one.until(({ taps }) => taps.length === 2)
  })

  test('a card that falls silent costs its exchange and the process, and nothing else', async () => {
    await serve()
    const one = await till({ binding, answerMs: 400 })
    await one.until(ready)
    const sim = await card(TAG())
    await one.until(({ taps }) => taps.length === 1)
    await sim.accident('silent')
    const broken = await one.reader.exchange([readStorage(4, 4)])
    expect(broken).toMatchObject({ outcome: 'unknown', error: { code: 'nfc.no-answer' } })
    await sim.accident('silent', { on: false })
    await sim.remove()
    await sim.insert()
    await one.until(({ taps }) => taps.length === 2)
  })

  test('noise and wrong status words are a card that tells nothing, not a broken till', async () => {
    await serve()
    const one = await till({ binding })
    await one.until(ready)
    const sim = await card(TAG())
    await one.until(({ taps }) => taps.length === 1)
    await sim.remove()
    await one.until(({ gone }) => gone.length === 1)
    await sim.accident('status', { sw: '6F00' })
    await sim.insert()
    await one.until(({ taps }) => taps.length === 2)
    expect(one.taps[1]).toMatchObject({ capabilities: ['memory'], trouble: { code: 'nfc.nothing-readable' } })
  })

  const vicc = missingForVicc()
  it.skipIf((missing ?? reason ?? vicc) !== undefined)(
    'Debian’s own virtual card answers our commands',
    async () => {
      const pcscd = await serve()
      const one = await till({ binding })
      await one.until(ready)
      open.push(await startVicc(pcscd.port))
      await one.until(({ taps }) => taps.length === 1)
      expect(one.taps[0]).toMatchObject({ technology: 'contact', capabilities: ['applications'] })
      const answered = await one.reader.exchange([selectApplication('D2760000850101')])
      expect(answered).toMatchObject({ outcome: 'done', data: [{ length: 2 }] })
    },
  )
})

describe('the reader process', () => {
  // Elsewhere the system brings its own service, on no socket that could be named.
  const linux = it.skipIf(process.platform !== 'linux')
  const test = it.skipIf((missing ?? PACKAGES[0]?.[1]) !== undefined)

  test('that is killed is started again, and finds the card that still lies there', async () => {
    await serve()
    const one = await till({ binding: 'nfc-pcsc' })
    await one.until(ready)
    await card(TAG())
    await one.until(({ taps }) => taps.length === 1)
    process.kill(Number(one.health().facts['process']), 'SIGKILL')
    await one.until(({ taps }) => taps.length === 2)
    expect(one.gone).toEqual([one.taps[0]?.card])
    expect(one.health().counts['starts']).toBe(2)
  })

  test('that hangs, because a service takes connections and never answers, is killed and started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-nfc-'))
    const socket = join(folder, 'pcscd.comm')
    const sockets: Socket[] = []
    const deaf = createServer(taken => void sockets.push(taken))
    await new Promise<void>(resolve => deaf.listen(socket, resolve))
    open.push({
      close: async () => {
        for (const each of sockets) each.destroy()
        await new Promise<void>(resolve => deaf.close(() => resolve()))
        await rm(folder, { recursive: true, force: true })
      },
    })
    const one = await till({ binding: 'nfc-pcsc', socket })
    await one.until(({ reader }) => reader.health().facts['process'] !== undefined)
    const hanging = Number(one.health().facts['process'])
    await one.until(({ reader }) => reader.health().trouble?.code === 'nfc.reader-lost')
    await one.until(({ reader }) => (reader.health().counts['starts'] ?? 0) >= 2)
    expect(lives(hanging)).toBe(false)
  })

  test('ends with the till, even when the till is killed', async () => {
    const driver = fileURLToPath(new URL('../../drivers/nfc/dist/index.js', import.meta.url))
    const script = `import { nfcReader } from ${JSON.stringify(pathToFileURL(driver).href)}
      const clock = { now: Date.now, monotonicMs: () => performance.now(), after: (ms, wake) => { const t = setTimeout(wake, ms); return () => clearTimeout(t) } }
      const reader = nfcReader({ socket: '/nowhere/pcscd.comm' })
      const quiet = () => {}
      await reader.open({ clock, log: quiet, tapped: quiet, removed: quiet, discarded: quiet,
        healthChanged: health => { if (health.facts.process) console.log(health.facts.process) } })`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = await new Promise<number>(resolve =>
      owner.stdout.once('data', said => resolve(Number.parseInt(String(said), 10))),
    )
    expect(lives(pid)).toBe(true)
    owner.kill('SIGKILL')
    while (lives(pid)) await new Promise<void>(resolve => void setTimeout(resolve, 20))
  })

  linux('without a service waits, and closing it takes no time', async () => {
    const one = new Till({ socket: '/nowhere/pcscd.comm' })
    await one.open()
    await one.until(({ reader }) => ['absent', 'failed'].includes(reader.health().state))
    expect(['nfc.no-service', 'nfc.not-installed']).toContain(one.health().trouble?.code)
    expect(await one.reader.exchange([readStorage(4, 4)])).toMatchObject({ outcome: 'refused' })
    await one.reader.close()
    await one.reader.close()
    expect(one.health().state).toBe('closed')
    expect(await one.reader.exchange([readStorage(4, 4)])).toMatchObject({ outcome: 'refused' })
  })

  linux('can be opened and closed again and again', async () => {
    const one = new Till({ socket: '/nowhere/pcscd.comm' })
    for (let round = 0; round < 3; round += 1) {
      await one.open()
      await one.reader.close()
    }
    expect(one.health().state).toBe('closed')
  })
})
