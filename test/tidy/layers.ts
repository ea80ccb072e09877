// Who may import whom. ARCHITECTURE.md shows the same table; a test compares the two, and both with the code.

export interface Layer {
  /** A workspace folder, or a pattern that ends in `*`. The first that fits counts. */
  readonly place: string
  /** Places it may import, in the same notation; `*` is any workspace. */
  readonly mayImport: readonly string[]
  /** Whether Node's own modules may be imported: everywhere, only in files named `node-*.ts`, or nowhere. */
  readonly node: 'yes' | 'node-*.ts' | 'no'
  /** Whether packages of others may be imported. */
  readonly others: 'yes' | 'no'
}

export const LAYERS: readonly Layer[] = [
  { place: 'packages/kernel', mayImport: [], node: 'no', others: 'no' },
  { place: 'packages/checkout', mayImport: ['packages/kernel'], node: 'no', others: 'no' },
  { place: 'packages/journal', mayImport: ['packages/kernel'], node: 'node-*.ts', others: 'no' },
  {
    place: 'packages/sdk',
    mayImport: ['packages/kernel', 'packages/checkout', 'packages/journal'],
    node: 'yes',
    others: 'yes',
  },
  { place: 'packages/plugin-*', mayImport: ['packages/sdk'], node: 'yes', others: 'yes' },
  { place: 'packages/host', mayImport: ['packages/kernel'], node: 'yes', others: 'yes' },
  { place: 'packages/cli', mayImport: ['*'], node: 'yes', others: 'yes' },
  { place: 'drivers/transport', mayImport: ['packages/kernel'], node: 'yes', others: 'yes' },
  { place: 'drivers/*', mayImport: ['packages/kernel', 'drivers/transport'], node: 'yes', others: 'yes' },
  { place: 'hardware-sim', mayImport: ['packages/kernel'], node: 'yes', others: 'yes' },
  { place: 'examples/*', mayImport: ['*'], node: 'yes', others: 'yes' },
]

export function matches(pattern: string, folder: string): boolean {
  return pattern === folder || (pattern.endsWith('*') && folder.startsWith(pattern.slice(0, -1)))
}

/** @throws TypeError for a folder the table does not name: a new workspace is entered there first. */
export function layerOf(folder: string): Layer {
  const layer = LAYERS.find(entry => matches(entry.place, folder))
  if (!layer) throw new TypeError(`${folder} is not in the import table (test/tidy/layers.ts)`)
  return layer
}
