// The physical limit of a durable append: a zero-filled file that never changes its size, one synced write after the
// other. What a journal adds to that (framing, checksums, promises) is what is measured.
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'

/** Written round and round. */
const FILE_BYTES = 4_194_304

export function rawFile(path, recordBytes) {
  const file = openSync(path, 'w+')
  writeSync(file, Buffer.alloc(FILE_BYTES))
  fsyncSync(file)
  const record = Buffer.alloc(recordBytes, 120)
  const records = Math.floor(FILE_BYTES / recordBytes)
  let next = 0
  const append = () => {
    writeSync(file, record, 0, recordBytes, (next++ % records) * recordBytes)
    fdatasyncSync(file)
  }
  return {
    append,
    /** Synced writes a second, over `count` of them. */
    rate: count => {
      const from = performance.now()
      for (let index = 0; index < count; index += 1) append()
      return (count * 1000) / (performance.now() - from)
    },
    close: () => {
      closeSync(file)
      rmSync(path)
    },
  }
}
