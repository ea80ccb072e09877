// One vitest project per package, so that `npx vitest run --project journal` runs one of them.
// Tests resolve our packages to their sources: no build is needed while developing.
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const under = (folder: string): string[] => readdirSync(folder).map(name => `${folder}/${name}`)
const roots = [...under('packages'), ...under('drivers'), 'hardware-sim', ...under('examples')].filter(root =>
  existsSync(`${root}/package.json`),
)

const project = (name: string, include: string[], exclude: string[] = []): object => ({
  resolve: { conditions: ['@cashdesk/source'] },
  ssr: { resolve: { conditions: ['@cashdesk/source'] } },
  test: { name, include, exclude, testTimeout: 20_000, hookTimeout: 30_000 },
})

export default defineConfig({
  test: {
    projects: [
      ...roots.map(root => project(root.split('/').at(-1) ?? root, [`${root}/src/**/*.test.ts`])),
      // The full runs take minutes and have a configuration of their own: vitest.full.config.ts.
      project('house', ['test/**/*.test.ts'], ['test/full/**']),
    ],
  },
})
