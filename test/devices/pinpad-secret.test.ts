// The clear PIN never exists in the till: a process of its own asks a pad in another one, and everything that is in its memory
// afterwards is searched for what was typed.
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPinpadSim } from '@cashdesk/hardware-sim'
import { expect, it } from 'vitest'

const TILL = fileURLToPath(new URL('pinpad-till.mjs', import.meta.url))
const ACCOUNT = '6034714625981538'
/** Twelve digits that stand nowhere by chance. */
const PINS = ['483920175664', '775310298846']
const CHUNK_BYTES = 16 * 1024 * 1024

/** As text of one byte and of two a letter, and packed as in a PIN block. */
const forms = (digits: string): readonly Buffer[] => [
  Buffer.from(digits, 'latin1'),
  Buffer.from(digits, 'utf16le'),
  Buffer.from(digits, 'hex'),
]

/** Which of `digits` lie in the memory of a process; Linux only. */
function inMemory(pid: number, digits: readonly string[]): readonly string[] {
  const found = new Set<string>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      for (let at = BigInt(`0x${from || 0}`); at < BigInt(`0x${to || 0}`); at += BigInt(CHUNK_BYTES)) {
        const length = Math.min(CHUNK_BYTES, Number(BigInt(`0x${to}`) - at))
        const bytes = Buffer.alloc(length)
        try {
          readSync(memory, bytes, 0, length, at)
        } catch {
          // A guard page, or memory of a device.
          continue
        }
        for (const each of digits) if (forms(each).some(form => bytes.includes(form))) found.add(each)
      }
    }
  } finally {
    closeSync(memory)
  }
  return [...found]
}

const answer = (till: ChildProcess): Promise<{ outcome: string; code?: string }> =>
  new Promise((resolve, reject) => {
    till.once('message', said => resolve(said as { outcome: string }))
    till.once('exit', code => reject(new Error(`it ended with ${code}`)))
  })

it('holds the account and no digit that was typed: not in what it says, not on its heap, not in its memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cashdesk-secret-'))
  const [snapshot, inspection] = [join(folder, 'till.heapsnapshot'), join(folder, 'inspection.txt')]
  const pad = await startPinpadSim()
  const till = fork(TILL, [String(pad.port), ACCOUNT, snapshot, inspection], { execArgv: [] })
  const entry = async (keys: string): Promise<string> => {
    const ended = answer(till)
    till.send('ask')
    while (!pad.state().entering) await new Promise(resolve => setTimeout(resolve, 5))
    pad.press(keys)
    const { outcome, code } = await ended
    return `${outcome} ${code ?? ''}`.trim()
  }
  try {
    await answer(till)
    expect(await entry(`${PINS[0]}E`)).toBe('done')
    expect(await entry(`${PINS[1]}X`)).toBe('refused pinpad.cancelled')
    expect(await entry(`1234C${PINS[1]}E`)).toBe('done')
    const written = answer(till)
    till.send('write')
    await written
    for (const file of [inspection, snapshot]) {
      const text = await readFile(file, 'utf8')
      expect(text).toContain(file === snapshot ? ACCOUNT : ACCOUNT.slice(-4))
      for (const pin of PINS) expect(text).not.toContain(pin)
    }
    const { pid = 0 } = till
    if (process.platform === 'linux') expect(inMemory(pid, [ACCOUNT, ...PINS])).toEqual([ACCOUNT])
  } finally {
    till.kill('SIGKILL')
    await pad.close()
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
