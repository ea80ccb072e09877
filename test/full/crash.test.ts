// A small run of the kills, as a stranger would start it: real registers, real SIGKILLs, every promise kept.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function crash(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'test/crash/dist/main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let out = ''
  child.stdout.on('data', bytes => {
    out += String(bytes)
  })
  return new Promise(resolve => child.once('close', code => resolve({ code, out })))
}

it('keeps every promise over twenty kills, double starts and a row of kills on one sale', async () => {
  const scenarios = ['cash', 'split', 'offline', 'terminal-booked'].flatMap(name => ['--scenario', name])
  const { code, out } = await crash('--kills', '20', '--seed', '1', '--json', ...scenarios)
  const report = JSON.parse(out) as {
    readonly violations: readonly unknown[]
    readonly kills: number
    readonly doubleStarts: { readonly rounds: number; readonly oneWinner: number }
    readonly inARow: { readonly activations: string }
  }
  expect(report.violations).toEqual([])
  expect(report.kills).toBeGreaterThanOrEqual(20)
  expect(report.doubleStarts.oneWinner).toBe(report.doubleStarts.rounds)
  expect(report.inARow.activations).toBe('once')
  expect(code).toBe(0)
})

it('does not start on what it does not understand', async () => {
  expect((await crash('--kills', 'many')).code).toBe(2)
  expect((await crash('--scenario', 'hold-up')).code).toBe(2)
  expect((await crash('--help')).code).toBe(0)
})
