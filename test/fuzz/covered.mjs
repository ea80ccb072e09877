// Which decoders no target reaches: every target lives one life under V8's coverage, then everything that the built
// packages export as a reader is looked for in what ran. Prints their names as JSON; fuzz.test.ts knows which may be missing.
// With --all also what is not named like a reader, but takes bytes and answers something else.
import { readdirSync, readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Where bytes come in: from devices, cards, disks and the network. */
const FOLDERS = [
  ...readdirSync(join(ROOT, 'drivers')).map(name => `drivers/${name}`),
  'hardware-sim',
  ...['kernel', 'cli', 'journal', 'host', 'sdk'].map(name => `packages/${name}`),
]

const ALL = process.argv.includes('--all')
/** How readers are called here; and what takes bytes and answers something else than bytes. */
const READS = /^(read|decode|explain|parse|cut)[A-Z]/
const BYTES = /Uint8Array|Buffer/
/** What comes from outside before it is read. */
const RAW = /Uint8Array|Buffer|: string|: unknown|Atr\b/
const NO_ANSWER = /^(void|Promise<void>|.*(Uint8Array|Buffer))/

function readersIn(folder) {
  const dist = join(ROOT, folder, 'dist')
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.d.ts'))
    .flatMap(file => {
      const text = readFileSync(join(dist, file), 'utf8')
      const module = `${folder}/dist/${file
        .split(sep)
        .join('/')
        .replace(/\.d\.ts$/, '.js')}`
      return readersOf(text).map(name => `${module} ${name}`)
    })
}

/** Exported functions, and methods of exported classes that take bytes. */
function readersOf(text) {
  const functions = [...text.matchAll(/^export declare function (\w+)[^(]*\(([\s\S]*?)\): ([^\n]*)/gm)]
  const classes = [...text.matchAll(/^export declare class [\s\S]*?^\}/gm)].map(([body]) => body).join('\n')
  const methods = [...classes.matchAll(/^ {4}(\w+)\(([^\n]*?)\): ([^\n]*)/gm)]
  const takesBytes = ([, , given, answer]) => BYTES.test(given) && !NO_ANSWER.test(answer)
  const readers = functions.filter(([, name, given]) => READS.test(name) && RAW.test(given))
  return [...readers, ...(ALL ? [...functions, ...methods].filter(takesBytes) : [])].map(([, name]) => name)
}

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
const { TARGETS } = await import('./targets.mjs')
const { live } = await import('./lane.mjs')
const { LIFE } = await import('./inputs.mjs')
for (const target of TARGETS) live(target, 'covered', 0, LIFE)
const { result } = await session.post('Profiler.takePreciseCoverage')
const ran = new Set(
  result
    .filter(({ url }) => url.startsWith('file:'))
    .flatMap(({ url, functions }) => {
      const file = fileURLToPath(url).slice(ROOT.length).split(sep).join('/')
      return functions
        .filter(({ ranges }) => ranges[0].count > 0)
        .map(({ functionName }) => `${file} ${functionName}`)
    }),
)
const missing = FOLDERS.flatMap(readersIn).filter(name => !ran.has(name))
process.stdout.write(`${JSON.stringify(missing)}\n`)
