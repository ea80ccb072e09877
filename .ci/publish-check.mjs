// Looks at every public package as npm would publish it: entry points that exist, types that resolve,
// nothing missing from the archive.

import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { ROOT } from './steps.mjs'
import { publicPackages } from './workspaces.mjs'

for (const folder of publicPackages()) {
  const { messages, pkg } = await publint({ pkgDir: join(ROOT, folder), strict: true, level: 'warning' })
  for (const message of messages) {
    process.stdout.write(`${folder}: ${formatMessage(message, pkg, { color: false })}\n`)
    process.exitCode = 1
  }
}
