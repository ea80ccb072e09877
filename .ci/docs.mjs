// `npm run docs`: writes the pages that are made from code. Tests compare each with what would be written now.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS } from '../packages/kernel/dist/index.js'
import { errorsPage } from './errors-page.mjs'
import { ROOT } from './steps.mjs'

const pages = { 'docs/errors.md': errorsPage(ERRORS) }

for (const [path, text] of Object.entries(pages)) {
  writeFileSync(join(ROOT, path), text)
  process.stdout.write(`${path}\n`)
}
