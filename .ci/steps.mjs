// Runs the steps of a check one after another, prints a line for each, and keeps what failed for the end.
// Everything is started as a node script: no shell, so the same on every system.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** A tool's own script inside node_modules. */
export const tool = path => join(ROOT, 'node_modules', ...path.split('/'))

/** What a step may print before its beginning is dropped: enough for every useful report, bounded for the rest. */
const OUTPUT_LIMIT = 200_000

/**
 * Runs `command` with `args` and resolves to `{ code, out, err }`. A run that exceeds `timeoutMs` is killed
 * with everything it started (where the system has process groups) and counts as failed. With `show` its
 * output appears while it runs.
 */
export function run(command, args, { timeoutMs = 600_000, env = {}, cwd = ROOT, show = false } = {}) {
  return new Promise(resolve => {
    const grouped = process.platform !== 'win32'
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: grouped,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { out: '', err: '' }
    for (const [name, stream] of [
      ['out', child.stdout],
      ['err', child.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', text => {
        said[name] = (said[name] + text).slice(-OUTPUT_LIMIT)
        if (show) process.stdout.write(text)
      })
    }
    const interrupt = () => {
      stop(child, grouped)
      process.exit(130)
    }
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const settle = code => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      resolve({ code, ...said })
    }
    const timer = setTimeout(() => {
      said.err += `\nstopped after ${timeoutMs / 1000} s\n`
      stop(child, grouped)
    }, timeoutMs)
    child.on('error', error => {
      said.err += `${error.message}\n`
      settle(1)
    })
    child.on('close', code => settle(code ?? 1))
  })
}

function stop(child, grouped) {
  try {
    if (grouped) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // It ended by itself in the meantime.
  }
}

/** As `run`, for a script that this Node is to run. */
export const runNode = (script, args, options) => run(process.execPath, [script, ...args], options)

/** A list of steps with one line each; `finish` prints what failed and returns how many did. */
export function ledger() {
  const failed = []
  let passed = 0
  return {
    /** `work` resolves to a text that says what is wrong, or to nothing. */
    async step(title, work) {
      const started = Date.now()
      const trouble = await work().catch(error => String(error?.stack ?? error))
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      process.stdout.write(`${trouble ? '✗' : '✓'} ${title} (${seconds} s)\n`)
      if (trouble) {
        failed.push(title)
        process.stdout.write(`${trouble.trimEnd().replace(/^/gm, '    ')}\n`)
      } else passed += 1
    },
    get passed() {
      return passed
    },
    get failed() {
      return failed
    },
  }
}

/** What a finished run says went wrong: nothing when it exited with 0. */
export const complaint = ({ code, out, err }) =>
  code === 0 ? undefined : `${out}${err}` || `exit code ${code}`
