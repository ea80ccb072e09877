// `npm run docs`: writes the pages that are made from code. Tests compare each with what would be written now.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publishedSchemas } from '../packages/cli/dist/config-shape.js'
import { ERRORS } from '../packages/kernel/dist/index.js'
import { publishedSchemas as sdkSchemas } from '../packages/sdk/dist/index.js'
import { errorsPage } from './errors-page.mjs'
import { ROOT, runNode, tool } from './steps.mjs'

const pages = { 'docs/errors.md': errorsPage(ERRORS) }
for (const [file, schema] of Object.entries({ ...publishedSchemas(), ...sdkSchemas() }))
  pages[`docs/schemas/${file}`] = `${JSON.stringify(schema, null, 2)}\n`

for (const [path, text] of Object.entries(pages)) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true })
  writeFileSync(join(ROOT, path), text)
  process.stdout.write(`${path}\n`)
}
await runNode(tool('@biomejs/biome/bin/biome'), ['format', '--write', 'docs/schemas'])
