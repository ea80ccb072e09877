// The register that owns its payments, killed between its own payment and `paid`, in processes of its own.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

it('finishes a sale that its register paid for and never said so: the register is asked, and the card active', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--json'])
  const claims = [{ plugin: 'activation', serial: '6034714625981538', state: 'committed' }]
  expect(JSON.parse(stdout)).toEqual({
    recovered: [{ sale: 'receipt-0815', state: 'closed', claims }],
    sale: {
      id: 'receipt-0815',
      state: 'closed',
      totalMinor: 2849,
      payments: [{ by: 'register', amountMinor: 2849, reference: 'Z1-4711' }],
      claims,
    },
    host: { before: 'reserved', card: 'active' },
  })
})
