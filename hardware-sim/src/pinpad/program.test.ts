// The simulated PIN pad at a person's terminal: keys are keys of the pad, and nobody reads a digit off the screen.
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { runProgram } from '../program.ts'
import { spoken } from './codec.ts'
import { PINPAD_PROGRAM } from './program.ts'

const REQUEST = 'Z60.4012345678909\u001cDUKPT ENCRYPTION'

/** A process whose standard input is a terminal. */
function person(): EventEmitter & { stdin: PassThrough; stdout: PassThrough; stderr: PassThrough } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  return Object.assign(new EventEmitter(), { stdin, stdout: new PassThrough(), stderr: new PassThrough() })
}

test('a PIN pressed at the terminal is encrypted, and its digits are stars on the screen', async () => {
  const io = person()
  let screen = ''
  io.stderr.on('data', bytes => {
    screen += bytes
  })
  const code = runProgram([PINPAD_PROGRAM], ['pinpad'], io)
  const [ready] = await once(io.stdout, 'data')
  const { ports, control } = JSON.parse(String(ready))
  const till = connect(ports.tcp, '127.0.0.1')
  let heard = ''
  till.on('data', bytes => {
    heard += bytes.toString('latin1')
  })
  till.write(spoken(REQUEST))
  const state = async (): Promise<{ entering: boolean; typed: string }> =>
    (await (await fetch(`${control}/state`)).json()) as { entering: boolean; typed: string }
  while (!(await state()).entering);
  screen = ''
  io.stdin.write('1239c1234')
  while ((await state()).typed.length < 4);
  expect(await state()).toMatchObject({ typed: '****' })
  io.stdin.write('e')
  while (!heard.includes('1B9C1845EB993A7A')) await once(till, 'data')
  expect(screen).toContain('*')
  expect(screen).not.toMatch(/[0-9]/)
  till.destroy()
  io.stdin.write('q')
  expect(await code).toBe(0)
})

test('options that it does not have are refused without their values where they are secret', async () => {
  const wrong = [
    { vendor: 'acme' },
    { scheme: 'rsa' },
    { counter: '0' },
    { counter: '2047' },
    { pin: '12' },
  ] as const
  const given = { port: '0', counter: '1', 'entry-ms': '1000' }
  for (const options of wrong) {
    await expect(PINPAD_PROGRAM.start({ ...given, ...options })).rejects.toMatchObject({ code: 'sim.usage' })
  }
  await expect(PINPAD_PROGRAM.start({ ...given, pin: '98x76' })).rejects.toMatchObject({
    message: expect.not.stringContaining('98x76'),
  })
})
