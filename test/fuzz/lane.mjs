// One worker of the fuzzer: runs lives of targets, and writes into shared memory where it is, so that whoever watches can
// tell an input that never ends.
import { parentPort, workerData } from 'node:worker_threads'
import { chanceOf, inputOf } from './inputs.mjs'
import { TARGETS } from './targets.mjs'

/** Inputs that one opened decoder lives through: what one of them leaves behind must not spoil the next. */
export const LIFE = 100
/** Findings of one task that are told; the rest is counted. */
const MOST_FINDINGS = 5

/**
 * `count` inputs of one life, from its beginning.
 * @returns `{ inputs, findings: [{ target, index, kind, what, hex }], more }`
 */
export function live(target, seed, life, count, progress = () => undefined) {
  const findings = []
  let subject = target.open()
  for (let at = 0; at < count; at += 1) {
    const index = life * LIFE + at
    progress(index)
    const chance = chanceOf(seed, target.name, index)
    const input = inputOf(chance, target.good)
    const what = tried(target, subject, input)
    if (what === undefined) continue
    const hex = Buffer.from(input.bytes.subarray(0, 200)).toString('hex')
    findings.push({ target: target.name, index, kind: input.kind, what, hex })
    subject = target.open()
  }
  return {
    inputs: count,
    findings: findings.slice(0, MOST_FINDINGS),
    more: Math.max(0, findings.length - MOST_FINDINGS),
  }
}

/** What is wrong with how it took this input; undefined if nothing is. */
function tried(target, subject, { bytes, cuts }) {
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
    return subject.proves() ? undefined : 'does not read the good frame that follows'
  } catch (thrown) {
    return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message).split('\n').slice(0, 3).join(' ') : String(thrown)}`
  }
}

if (workerData?.beats) {
  const beats = new Int32Array(workerData.beats)
  const { lane, seed } = workerData
  parentPort.on('message', ({ number, life, count }) => {
    const target = TARGETS[number]
    const result = live(target, seed, life, count, index => {
      beats[lane * 2] = number
      beats[lane * 2 + 1] = index
      Atomics.add(beats, workerData.lanes * 2 + lane, 1)
    })
    parentPort.postMessage(result)
  })
}
