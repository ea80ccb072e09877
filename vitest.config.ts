// One vitest project per package, so that `npx vitest run --project journal` runs one of them.
// Tests resolve our packages to their sources: no build is needed while developing.
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const under = (folder: string): string[] => readdirSync(folder).map(name => `${folder}/${name}`)
const roots = [...under('packages'), ...under('drivers'), 'hardware-sim', ...under('examples')].filter(root =>
  existsSync(`${root}/package.json`),
)

// A time limit ends a test that hangs; none of them measures speed, and a busy machine must not fail one.
const project = (name: string, include: string[], exclude: string[] = []): object => ({
  resolve: { conditions: ['@cashdesk/source'] },
  ssr: { resolve: { conditions: ['@cashdesk/source'] } },
  test: { name, include, exclude, testTimeout: 90_000, hookTimeout: 90_000 },
})

export default defineConfig({
  test: {
    // Most tests wait for sockets, disks and processes: more of them at once than there are cores.
    maxWorkers: 4,
    projects: [
      ...roots.map(root => project(root.split('/').at(-1) ?? root, [`${root}/src/**/*.test.ts`])),
      // The full runs take minutes and have a configuration of their own: vitest.full.config.ts.
      project(
        'house',
        ['test/**/*.test.ts'],
        [
          'test/full/**',
          '**/node_modules/**',
          // Records journals, and only when it is asked to: node test/replay/main.mjs.
          ...(process.env['CASHDESK_RECORD'] ? [] : ['test/replay/record.test.ts']),
        ],
      ),
    ],
  },
})
