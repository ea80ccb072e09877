// One worker of the fuzzer: runs lives of targets, and writes into shared memory where it is, so that whoever watches can
// tell an input that never ends. It also repeats single inputs, for whoever looks for the smallest one that fails.
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { inputsOf, LIFE } from './inputs.mjs'
import { TARGETS } from './targets.mjs'

/** Findings of one task that are told; the rest is counted. */
const MOST_FINDINGS = 5

/**
 * `count` inputs from the beginning of a life on, a new life every `LIFE` of them.
 * @returns `{ inputs, slowestMs, findings: [{ target, index, since, kind, what, hex }], more }`: `since` is the first input
 * that the decoder took which failed at `index`
 */
export function live(target, seed, life, count, progress = () => undefined) {
  const findings = []
  let more = 0
  let slowestMs = 0
  let subject
  let since = life * LIFE
  const inputAt = inputsOf(seed, target)
  let before = performance.now()
  for (let at = 0; at < count; at += 1) {
    const index = life * LIFE + at
    progress(index)
    if (subject === undefined || at % LIFE === 0) {
      subject = target.open()
      since = index
    }
    const input = inputAt(index)
    const what = tried(target, subject, input, target.pure !== true || at % LIFE === LIFE - 1)
    const now = performance.now()
    slowestMs = Math.max(slowestMs, now - before)
    before = now
    if (what === undefined) continue
    subject = undefined
    if (findings.length >= MOST_FINDINGS) {
      more += 1
      continue
    }
    const hex = Buffer.from(input.bytes.subarray(0, 200)).toString('hex')
    findings.push({ target: target.name, index, since, kind: input.kind, what, hex })
  }
  return { inputs: count, slowestMs, findings, more }
}

/** These inputs in this order to a decoder that was just opened: what is wrong first, undefined if nothing is. */
export function repeated(target, inputs) {
  const subject = target.open()
  for (const input of inputs) {
    const what = tried(target, subject, input, true)
    if (what !== undefined) return what
  }
  return undefined
}

/** What is wrong with how it took this input; undefined if nothing is. `prove`: with a good frame behind it. */
function tried(target, subject, { bytes, cuts }, prove) {
  try {
    let said = 0
    let from = 0
    for (const to of cuts) {
      said += subject.take(bytes.slice(from, to))
      from = to
      const held = subject.holds()
      if (held > target.holdsAtMost) return `holds ${held}, and may hold ${target.holdsAtMost}`
    }
    const most = target.saysAtMost(bytes.length) + cuts.length
    if (said > most) return `said ${said} things to ${bytes.length} bytes, and may say ${most}`
    subject.rest()
    return !prove || subject.proves() ? undefined : 'does not read the good frame that follows'
  } catch (thrown) {
    return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message).split('\n').slice(0, 3).join(' ') : String(thrown)}`
  }
}

/** What a target may leave behind in memory when everything that it opened is gone; less than it is not told from noise. */
const LEFT_BYTES = 8 * 1024 * 1024

/** Tells how much more memory is in use than after the first task of the same target. */
function memoryWatch() {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const inUse = () => {
    collect()
    const { used_heap_size, external_memory } = getHeapStatistics()
    return used_heap_size + external_memory
  }
  let watched = { number: -1, bytes: 0, inputs: 0 }
  return (number, inputs) => {
    // What was collected is swept by threads of their own: buffers count as in use until those have come by.
    let bytes = inUse()
    for (let looks = 0; looks < 5 && bytes - watched.bytes >= LEFT_BYTES; looks += 1) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      bytes = inUse()
    }
    if (watched.number !== number) {
      watched = { number, bytes, inputs: 0 }
      return undefined
    }
    watched.inputs += inputs
    const left = bytes - watched.bytes
    if (left < LEFT_BYTES) return undefined
    const each = Math.round(left / watched.inputs)
    watched = { number, bytes, inputs: 0 }
    return `leaves ${Math.round(left / 1024)} KiB behind, about ${each} bytes for each input`
  }
}

/** What a finding shows of a stack; the rest only costs time, most of all where errors are answers. */
const STACK_LINES = 2

function work({ lane, lanes, seed, beats: shared }) {
  const beats = new Int32Array(shared)
  Error.stackTraceLimit = STACK_LINES
  const left = memoryWatch()
  parentPort.on('message', ({ number, life, count, inputs }) => {
    const target = TARGETS[number]
    if (inputs !== undefined) {
      parentPort.postMessage({ what: repeated(target, inputs) })
      return
    }
    const started = performance.now()
    const result = live(target, seed, life, count, index => {
      beats[lane * 2] = number
      beats[lane * 2 + 1] = index
      Atomics.add(beats, lanes * 2 + lane, 1)
    })
    const ms = performance.now() - started
    const what = left(number, count)
    if (what !== undefined)
      result.findings.push({
        target: target.name,
        index: life * LIFE,
        since: -1,
        kind: 'memory',
        what,
        hex: '',
      })
    parentPort.postMessage({ ...result, ms })
  })
}

if (workerData?.beats) work(workerData)
