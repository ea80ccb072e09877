// Each package.json says what its code says: which packages it needs, on which Node it runs, what it publishes.
// What a register installs is decided here, so the sdk's own needs are named one by one.
import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  files,
  type Manifest,
  manifestOf,
  ROOT,
  read,
  runtimeDependencies,
  type Workspace,
  workspaces,
} from './house.ts'

const house = workspaces()
const names = new Set(house.map(({ manifest }) => manifest.name))
const all: readonly (readonly [string, Manifest])[] = [
  ['', manifestOf('')],
  ...house.map(({ folder, manifest }) => [folder, manifest] as const),
]

/** Packages that the sources of a workspace import, Node's own left out. */
function imported({ sources, manifest }: Workspace): ReadonlySet<string> {
  const found = sources
    .filter(({ isTest }) => !isTest)
    .flatMap(({ imports }) => imports.map(({ from }) => from))
    .filter(from => !from.startsWith('.') && !from.startsWith('node:') && !builtinModules.includes(from))
    .map(from =>
      from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  return new Set(found.filter(name => name !== manifest.name))
}

/** Everything that installing `name` brings along from this house, itself included. */
function closure(name: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  const workspace = house.find(({ manifest }) => manifest.name === name)
  for (const dependency of workspace ? runtimeDependencies(workspace.manifest) : []) closure(dependency, seen)
  return seen
}

interface Lock {
  readonly packages: {
    readonly [path: string]: {
      readonly hasInstallScript?: boolean
      readonly optionalDependencies?: { readonly [name: string]: string }
    }
  }
}

const lockFile = (): Lock => JSON.parse(read('package-lock.json')) as Lock

/** Whether a package at `path` finds `name` as Node does: in its own node_modules, or in one further up. */
function reaches(packages: Lock['packages'], path: string, name: string): boolean {
  if (`${path === '' ? '' : `${path}/`}node_modules/${name}` in packages) return true
  if (path === '') return false
  const up = path.lastIndexOf('/node_modules/')
  return reaches(packages, up === -1 ? '' : path.slice(0, up), name)
}

describe('package.json', () => {
  it.each(house.map(workspace => [workspace.folder, workspace] as const))(
    '%s depends on exactly what its sources import',
    (_folder, workspace) => {
      expect([...imported(workspace)].sort()).toEqual([...runtimeDependencies(workspace.manifest)].sort())
    },
  )

  it.each(house.map(workspace => [workspace.folder, workspace] as const))(
    '%s is built after the packages it depends on',
    (folder, { manifest }) => {
      const { references = [] } = JSON.parse(read(`${folder}/tsconfig.json`)) as {
        references?: { path: string }[]
      }
      const built = references.map(({ path }) => manifestOf(join(folder, path).replaceAll('\\', '/')).name)
      expect(built.sort()).toEqual(
        runtimeDependencies(manifest)
          .filter(name => names.has(name))
          .sort(),
      )
    },
  )

  it('is built with the whole house', () => {
    const { references } = JSON.parse(read('tsconfig.json')) as { references: { path: string }[] }
    const tools = files('test')
      .filter(path => path.endsWith('/tsconfig.json'))
      .map(path => dirname(path))
    const built = [...house.map(({ folder }) => folder), ...tools]
    expect(references.map(({ path }) => path).sort()).toEqual(built.sort())
  })

  it('pins every version exactly', () => {
    const loose = all.flatMap(([folder, manifest]) =>
      Object.entries({
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.devDependencies,
      })
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${folder || 'root'}: ${name} ${version}`),
    )
    expect(loose).toEqual([])
  })

  it('publishes what was built and the sources its maps point to, but neither tests nor build records', () => {
    for (const { manifest } of house.filter(({ manifest }) => manifest.private !== true)) {
      expect(manifest.files).toEqual(
        expect.arrayContaining(['dist', 'src', '!**/.tsbuildinfo', '!**/*.test.ts']),
      )
    }
  })

  it('says licence, module kind and oldest Node everywhere alike', () => {
    for (const [, { license, type, engines }] of all) {
      expect({ license, type, node: engines?.node }).toEqual({
        license: 'Apache-2.0',
        type: 'module',
        node: '>=20.19',
      })
    }
  })

  it('locks what other systems need too: npm ci refuses a lock file that leaves an optional package out', () => {
    const { packages } = lockFile()
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter(name => !reaches(packages, path, name))
        .map(name => `${path} → ${name}`),
    )
    expect(missing).toEqual([])
  })

  it('reviews every dependency that would run a script while it is installed', () => {
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: { [name: string]: boolean } }
    const scripted = Object.entries(lockFile().packages)
      .filter(([path, { hasInstallScript }]) => hasInstallScript && path.includes('node_modules/'))
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    expect([...new Set(scripted)].sort()).toEqual(Object.keys(allowScripts).sort())
  })
})

describe('what a register installs', () => {
  it('is the sdk with no host, no database and no simulator', () => {
    const brought = [...closure('@cashdesk/sdk')].filter(name => name.startsWith('@cashdesk/'))
    expect(brought.sort()).toEqual([
      '@cashdesk/checkout',
      '@cashdesk/journal',
      '@cashdesk/kernel',
      '@cashdesk/sdk',
    ])
    expect([...closure('@cashdesk/sdk')].filter(name => /pglite|^pg$|fastify|kysely/.test(name))).toEqual([])
  })

  it('brings along no simulator with any driver or plugin', () => {
    for (const { folder, manifest } of house.filter(({ folder }) => /^drivers|\/plugin-/.test(folder))) {
      expect([folder, ...closure(manifest.name)]).not.toContain('@cashdesk/hardware-sim')
      expect([folder, ...closure(manifest.name)]).not.toContain('@cashdesk/host')
    }
  })

  it('has its licence in the root', () => {
    expect(existsSync(join(ROOT, 'LICENSE'))).toBe(true)
  })
})
