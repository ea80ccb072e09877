// Puts the register and everything it imports into one file with its compiled code beside it: a start that reads two
// files instead of four hundred takes a third of the time, and a run starts thousands. The code is the built one, unchanged.
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CashdeskError } from '@cashdesk/kernel'
import { rolldown } from 'rolldown'

const REGISTER = fileURLToPath(new URL('./register.js', import.meta.url))

/** Runs a module with its compiled code, if there is some; leaves it behind, if there is none. */
const LOADER = `const { readFileSync, writeFileSync, existsSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')
const filename = join(__dirname, 'register-code.cjs')
const cache = join(__dirname, 'register-code.cache')
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined
const source = readFileSync(filename, 'utf8')
const script = new Script('(function (exports, require, module) {' + source + '\\n})', { filename, cachedData })
script.runInThisContext()({}, require, { exports: {} })
if (!cachedData) process.on('exit', () => writeFileSync(cache, script.createCachedData()))
`

/** Native code, which no bundle can hold; loaded only for devices that these registers have not. */
const NATIVE = ['usb', 'node-hid', 'serialport', 'koffi', 'nfc-pcsc', 'pcsc-mini']

/** Answers the path of the program. @throws CashdeskError `sim.usage` when it does not start */
export async function bundledRegister(dir: string): Promise<string> {
  const program = join(dir, 'register.cjs')
  const bundle = await rolldown({ input: REGISTER, platform: 'node', external: NATIVE, logLevel: 'silent' })
  await bundle.write({ file: join(dir, 'register-code.cjs'), format: 'cjs', codeSplitting: false })
  await bundle.close()
  await writeFile(program, LOADER)
  const code = await startedOnce(program)
  if (code !== 0) throw new CashdeskError('sim.usage', { program: REGISTER, exitCode: code ?? 'none' })
  return program
}

/** It ends by itself, since nobody has an order for it. */
function startedOnce(program: string): Promise<number | null> {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    windowsHide: true,
  })
  return new Promise(resolve => child.once('close', resolve))
}
