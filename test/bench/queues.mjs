// Three embedded queues behind one interface: `enqueue(job)` resolves when the queue has promised to keep the job;
// `work(concurrency, run)` runs jobs until it is stopped; `drainAll` until none is left.
import { join } from 'node:path'
import { emptyOutbox, foldOutbox, nodeDisk, openJournal, runnable } from '@cashdesk/journal'
import { peer } from './peers-installed.mjs'

/** How long the others wait before they give a job to somebody else. Their own defaults are minutes. */
export const LEASE_MS = 5_000
const POLL_MS = 20
const silent = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
}

/** @returns `{ enqueue(number), drain(concurrency, run), close() }`; a job's payload is `{ number, pad }` of 300 bytes */
export function openQueue(name, dir) {
  return QUEUES[name](dir)
}

export const PEERS = ['plainjob', 'liteque']

const QUEUES = { cashdesk, plainjob, liteque }
const payloadOf = number => ({ number, pad: 'x'.repeat(200) })

/** Journal and outbox, as the till uses them: a job is an intent, its end an answer; both are synced. */
async function cashdesk(dir) {
  const outbox = emptyOutbox()
  const { journal } = await openJournal({
    disk: nodeDisk(dir),
    folder: 'journal',
    onStep: step => void foldOutbox(outbox, step),
  })
  const append = async step => {
    await journal.append(step)
    foldOutbox(outbox, step)
  }
  const base = { decideVersion: 1, input: { type: 'clock' } }
  return {
    enqueue: number => {
      const effect = { type: 'provider', plugin: 'bench', call: payloadOf(number) }
      const intent = { op: `op-${number}`, class: 'query', queue: `q${number}`, effect }
      return append({ ...base, at: Date.now(), events: [], intents: [intent] })
    },
    drain: async (concurrency, run) => {
      const heads = runnable(outbox)
      let next = 0
      await Promise.all(
        Array.from({ length: concurrency }, async () => {
          while (next < heads.length) {
            const { op, intent } = heads[next++]
            await run(intent.effect.call.number)
            await append({
              ...base,
              at: Date.now(),
              events: [{ type: 'op.settled', op, outcome: 'done' }],
              intents: [],
            })
          }
        }),
      )
    },
    close: () => journal.close(),
  }
}

/** With synchronous=FULL, set behind its back: its own NORMAL loses what it promised when the power goes. */
async function plainjob(dir) {
  const { default: Database } = await peer('better-sqlite3')
  const { better, defineQueue, defineWorker, JobStatus } = await peer('plainjob')
  const database = new Database(join(dir, 'queue.db'))
  const queue = defineQueue({
    connection: better(database),
    logger: silent,
    timeout: LEASE_MS,
    maintenanceInterval: LEASE_MS / 5,
  })
  database.pragma('synchronous = FULL')
  return {
    enqueue: async number => void queue.add('job', payloadOf(number)),
    drain: async (concurrency, run) => {
      const process = async ({ data }) => run(JSON.parse(data).number)
      const workers = Array.from({ length: concurrency }, () =>
        defineWorker('job', process, { queue, logger: silent, pollIntervall: POLL_MS }),
      )
      const ended = workers.map(worker => worker.start())
      const open = () =>
        queue.countJobs({ status: JobStatus.Pending }) + queue.countJobs({ status: JobStatus.Processing })
      while (open() > 0) await new Promise(resolve => setTimeout(resolve, POLL_MS))
      await Promise.all(workers.map(worker => worker.stop()))
      await Promise.all(ended)
    },
    close: async () => queue.close(),
  }
}

/** As it comes, with the retries of its README. */
async function liteque(dir) {
  const { buildDBClient, Runner, SqliteQueue } = await peer('liteque')
  const db = buildDBClient(join(dir, 'queue.db'), { runMigrations: true })
  const queue = new SqliteQueue('jobs', db, { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: true })
  return {
    enqueue: async number => void (await queue.enqueue(payloadOf(number))),
    drain: async (concurrency, run) => {
      const options = { concurrency, pollIntervalMs: POLL_MS, timeoutSecs: LEASE_MS / 1000 }
      const runner = new Runner(queue, { run: job => run(job.data.number) }, options)
      const settle = setInterval(async () => {
        const { pending, pending_retry, running } = await queue.stats()
        if (pending + pending_retry + running === 0) runner.stop()
      }, POLL_MS)
      await runner.run()
      clearInterval(settle)
    },
    // It offers no way to close its database; the end of the process does.
    close: async () => undefined,
  }
}
