// Processes beside the one that is measured: what is physically elsewhere (a provider, a scanner) must not take part
// in a till's processor time, and memory is only a process's own in a process of its own.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.mjs', import.meta.url))

/**
 * Starts a role of this benchmark in its own process. `ask(question)` answers what the role's function returns;
 * questions are answered one at a time, in order. `begun` gets what can kill the process before it has answered.
 */
export async function startChild(role, options = {}, { env = {} } = {}, begun = () => undefined) {
  const child = fork(MAIN, ['--role', role], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
  })
  const waiting = []
  child.on('message', message => waiting.shift()?.resolve(message))
  const gone = new Promise(resolve => {
    child.once('exit', (code, signal) => {
      for (const each of waiting.splice(0)) each.reject(new Error(`${role} ended: ${signal ?? code}`))
      resolve()
    })
  })
  const ask = question =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.send(question, error => {
        if (error) reject(error)
      })
    }).then(({ answer, error }) => {
      if (error !== undefined) throw new Error(`${role}: ${error}`)
      return answer
    })
  const kill = async () => {
    child.kill('SIGKILL')
    await gone
  }
  begun({ kill })
  const ready = await ask(options)
  return {
    ready,
    ask,
    close: async () => {
      child.disconnect()
      await gone
    },
  }
}

/** The other side: `start(options)` answers `{ ready, answer(question), close() }`. */
export function serveRole(start) {
  let role
  let last = Promise.resolve()
  process.on('message', message => {
    last = last.then(async () => {
      try {
        if (role) return process.send({ answer: await role.answer?.(message) })
        role = await start(message)
        process.send({ answer: role.ready })
      } catch (thrown) {
        process.send({ error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) })
      }
    })
  })
  process.once('disconnect', async () => {
    await role?.close?.()
    process.exit()
  })
}

/** Runs a role that only answers once, and ends it. */
export async function once(role, options, environment) {
  const child = await startChild(role, options, environment)
  await child.close()
  return child.ready
}
