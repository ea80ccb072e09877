// What the code of the till may not contain, whoever writes it: hidden sources of time and chance, accidents
// that are switched on in production code, errors without a code, and ways around the compiler.
import { describe, expect, it } from 'vitest'
import { files, isNode, type Node, nameOf, parse, read, type Source, source, walk } from './house.ts'

const TILL = /^(packages\/(kernel|checkout|journal|sdk|plugin-[^/]+)|drivers\/[^/]+)\//
const PACKAGED = /^(packages|drivers)\/[^/]+\/src\//
const PORT = /\/node-[^/]*\.ts$/

const sources = files()
  .filter(path => path.endsWith('.ts'))
  .map(source)
const ofTill = sources.filter(({ path, isTest }) => TILL.test(path) && !isTest)

/** Time and chance come in through `Clock` and `Random`, or a simulated run is not the real one. */
const AMBIENT = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'AbortSignal.timeout',
  'randomUUID',
  'randomBytes',
  'getRandomValues',
])

/** Uses of a clock, a timer or a source of chance. `new Date(ms)` only formats; `new Date()` asks the time. */
function ambient(file: Source): readonly string[] {
  return places(file, node => {
    const callee = nameOf(node['callee'])
    const asksTheTime = callee === 'Date' && !(node.type === 'NewExpression' && argumentsOf(node).length > 0)
    if (asksTheTime) return 'new Date()'
    const name = nameOf(node)
    return name !== undefined && AMBIENT.has(name) ? name : undefined
  })
}

/** `throw` and `reject` of anything but our own error; `TypeError` marks what the types rule out. */
function uncoded(file: Source): readonly string[] {
  return places(file, node => {
    const rejects = node.type === 'CallExpression' && /(^|\.)reject$/.test(nameOf(node['callee']) ?? '')
    const thrown =
      node.type === 'ThrowStatement' ? node['argument'] : rejects ? argumentsOf(node)[0] : undefined
    if (!isNode(thrown) || !/^(New|Call)Expression$/.test(thrown.type)) return undefined
    const name = nameOf(thrown['callee'])
    return name !== undefined && /^([A-Z]\w*)?Error$/.test(name) && !/^(Cashdesk|Type)Error$/.test(name)
      ? name
      : undefined
  })
}

function places(file: Source, what: (node: Node) => string | undefined): readonly string[] {
  const found = new Set<string>()
  walk(file.program, node => {
    const name = what(node)
    if (name !== undefined) found.add(`${file.path}:${file.lineOf(node.start)} ${name}`)
  })
  return [...found]
}

function argumentsOf(node: Node): readonly unknown[] {
  return node['arguments'] as readonly unknown[]
}

/** The word for a planned accident, in any spelling; what is chosen where nobody chose is no accident. */
const speaksOfAccidents = (text: string): boolean => /fault/i.test(text.replace(/default/gi, ''))

describe('the code of the till', () => {
  it('takes time and chance from its ports alone', () => {
    expect(ofTill.filter(({ path }) => !PORT.test(path)).flatMap(ambient)).toEqual([])
  })

  it('knows no switch for accidents: those live in the simulators', () => {
    const named = files().filter(path => /^(packages\/(kernel|checkout|journal|sdk)|drivers)\//.test(path))
    const found = named.flatMap(path =>
      read(path)
        .split('\n')
        .flatMap((line, at) => (speaksOfAccidents(line) ? [`${path}:${at + 1}`] : [])),
    )
    expect([...found, ...named.filter(speaksOfAccidents)]).toEqual([])
  })

  it('throws nothing but errors with a code', () => {
    expect(sources.filter(({ path, isTest }) => PACKAGED.test(path) && !isTest).flatMap(uncoded)).toEqual([])
  })
})

describe('all code', () => {
  it('has no `any`', () => {
    const found = sources.flatMap(file =>
      places(file, node => (node.type === 'TSAnyKeyword' ? 'any' : undefined)),
    )
    expect(found).toEqual([])
  })

  it('does not silence the compiler; a type test may expect an error', () => {
    const silenced = sources.flatMap(file =>
      file.comments
        .filter(
          ({ value }) =>
            /^\s*@ts-(ignore|nocheck)/.test(value) || (/^\s*@ts-expect/.test(value) && !file.isTest),
        )
        .map(({ start }) => `${file.path}:${file.lineOf(start)}`),
    )
    expect(silenced).toEqual([])
  })
})

describe('the finder', () => {
  const of = (text: string): Source => parse('example.ts', text)

  it('finds clocks, timers and chance, and lets a date be formatted', () => {
    expect(ambient(of('const t = Date.now()'))).toEqual(['example.ts:1 Date.now'])
    expect(ambient(of('const t = new Date()'))).toEqual(['example.ts:1 new Date()'])
    expect(ambient(of('const t = new Date(ms).toISOString()'))).toEqual([])
    expect(ambient(of('globalThis.setTimeout(go, 1)\nsetInterval(go, 1)'))).toHaveLength(2)
    expect(ambient(of('const x = Math.random()'))).toEqual(['example.ts:1 Math.random'])
  })

  it('finds errors without a code, thrown or rejected', () => {
    expect(uncoded(of("throw new Error('x')"))).toEqual(['example.ts:1 Error'])
    expect(uncoded(of("throw Error('x')"))).toEqual(['example.ts:1 Error'])
    expect(uncoded(of("Promise.reject(new RangeError('x'))"))).toEqual(['example.ts:1 RangeError'])
    expect(uncoded(of("throw new CashdeskError('value.id')\nthrow caught"))).toEqual([])
  })

  it('tells the banned word from the one that contains it', () => {
    expect(['seededFaults', 'FAULT_PLAN', 'a faulty link'].every(speaksOfAccidents)).toBe(true)
    expect(['default', 'isDefault', 'defaultValue', 'DEFAULTS'].some(speaksOfAccidents)).toBe(false)
  })
})
