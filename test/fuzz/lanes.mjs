// Hands inputs out to workers, side by side. One that hangs or runs out of memory is a finding, and another takes its place.
import { Worker } from 'node:worker_threads'
import { LIFE } from './inputs.mjs'

/** A worker that needs more keeps what it was given. */
export const HEAP_MIB = 256
/** An input is microseconds of work. One that has not ended by then never does, on the slowest and busiest machine. */
const HANG_MS = 120_000
const LOOK_MS = 1_000
/** A target that ended so many workers has proved enough. */
const MOST_ENDS = 3

function workerOf(data) {
  return new Worker(new URL('./lane.mjs', import.meta.url), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  })
}

/**
 * Runs all tasks, `{ number, life, count }`.
 * @param told called with each result, `{ number, inputs, ms, slowestMs, findings, more }`
 */
export async function inLanes(tasks, names, seed, jobs, told) {
  const lanes = Math.max(1, Math.min(jobs, tasks.length))
  const queue = [...tasks]
  const ends = new Map()
  // For each lane its target and index, then how often it moved.
  const beats = new SharedArrayBuffer(lanes * 3 * 4)
  const seen = new Int32Array(beats)
  const lane = number =>
    new Promise(resolve => {
      let task
      let beat = -1
      let stillSince = performance.now()
      const worker = workerOf({ beats, lane: number, lanes, seed })
      const give = () => {
        task = queue.shift()
        stillSince = performance.now()
        if (task === undefined) void worker.terminate()
        else worker.postMessage(task)
      }
      const failed = what => {
        if (task === undefined) return
        const failing = task
        task = undefined
        const index = seen[number * 2 + 1]
        const since = Math.floor(index / LIFE) * LIFE
        const finding = {
          target: names[failing.number],
          index,
          since,
          kind: 'end of the worker',
          what,
          hex: '',
        }
        const done = Math.max(0, index - failing.life * LIFE)
        told({ number: failing.number, inputs: done, ms: 0, slowestMs: 0, findings: [finding], more: 0 })
        goOn(failing, index)
        void worker.terminate()
      }
      /** The lives behind the one that ended the worker are still to be lived. */
      const goOn = ({ number: target, life, count }, index) => {
        ends.set(target, (ends.get(target) ?? 0) + 1)
        const next = Math.floor(index / LIFE) + 1
        const rest = count - (next - life) * LIFE
        if (ends.get(target) >= MOST_ENDS) {
          for (let at = queue.length - 1; at >= 0; at -= 1)
            if (queue[at].number === target) queue.splice(at, 1)
        } else if (rest > 0) queue.unshift({ number: target, life: next, count: rest })
      }
      const watch = setInterval(() => {
        const now = Atomics.load(seen, lanes * 2 + number)
        if (now !== beat) stillSince = performance.now()
        else if (performance.now() - stillSince > HANG_MS) failed(`did not end within ${HANG_MS / 1000} s`)
        beat = now
      }, LOOK_MS)
      worker.on('message', result => {
        told({ number: task.number, ...result })
        give()
      })
      worker.on('error', error => failed(`ended its worker: ${error.message}`))
      worker.on('exit', () => {
        clearInterval(watch)
        // After a failure the rest is still to be done.
        resolve(queue.length > 0 ? lane(number) : undefined)
      })
      give()
    })
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
}

/** How long one trial of some inputs may take: those that hung before are given up sooner. */
const TRIAL_MS = 3_000

/** Tries inputs beside the main thread, so that one that hangs or eats all memory can be tried, too. */
export class Trials {
  #worker

  /** What is wrong with how the target takes these inputs, undefined if nothing is. */
  async try(number, inputs) {
    this.#worker ??= workerOf({ beats: new SharedArrayBuffer(12), lane: 0, lanes: 1, seed: '' })
    const worker = this.#worker
    const what = await new Promise(resolve => {
      const settle = answer => {
        clearTimeout(timer)
        worker.off('message', answered).off('error', ended)
        resolve(answer)
      }
      const answered = ({ what: answer }) => settle(answer)
      const ended = error => settle(`ended its worker: ${error.message}`)
      const timer = setTimeout(() => settle(`did not end within ${TRIAL_MS / 1000} s`), TRIAL_MS)
      worker.on('message', answered).on('error', ended)
      worker.postMessage({ number, inputs })
    })
    if (/^(did not end|ended)/.test(what ?? '')) await this.close()
    return what
  }

  async close() {
    const worker = this.#worker
    this.#worker = undefined
    worker?.on('error', () => undefined)
    await worker?.terminate()
  }
}
