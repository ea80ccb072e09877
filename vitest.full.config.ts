// The runs that take minutes: the example register played through every accident, as a stranger would start it.
// `npm run test:full`; `npm test` leaves them out.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@cashdesk/source'] },
  ssr: { resolve: { conditions: ['@cashdesk/source'] } },
  test: {
    name: 'full',
    include: ['test/full/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Each test starts several processes; more than two at once only measures the machine.
    maxWorkers: 2,
  },
})
