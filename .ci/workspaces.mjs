// The workspaces of the house, as the root's package.json names them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './steps.mjs'

const manifest = folder => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))

const folders = () =>
  manifest('.')
    .workspaces.flatMap(pattern =>
      pattern.endsWith('/*')
        ? readdirSync(join(ROOT, pattern.slice(0, -2))).map(name => `${pattern.slice(0, -1)}${name}`)
        : [pattern],
    )
    .filter(folder => existsSync(join(ROOT, folder, 'package.json')))

/** Folders of the packages that are published. */
export const publicPackages = () => folders().filter(folder => manifest(folder).private !== true)
