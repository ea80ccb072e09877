// A library that wine 8 lacks and every program made with Rust wants, the test runner's bundler among them:
// `bcryptprimitives.dll` with the one function `ProcessPrng`. It holds no code: the export is forwarded to the random
// generator that wine does have. Written here byte by byte, so that no compiler is needed.

const SECTION = 0x1000
const RAW = 0x200
const OPTIONAL_HEADER_BYTES = 240

/** The bytes of the library (PE32+, one section that holds the export directory). */
export function randomLibrary() {
  const file = Buffer.alloc(2 * RAW)
  const { word, long, quad, text } = writers(file)
  text(0, 'MZ')
  long(0x3c, 0x40)
  text(0x40, 'PE')
  const coff = 0x44
  word(coff, 0x8664)
  word(coff + 2, 1)
  word(coff + 16, OPTIONAL_HEADER_BYTES)
  word(coff + 18, 0x2022)
  const optional = coff + 20
  word(optional, 0x20b)
  long(optional + 8, RAW)
  quad(optional + 24, 0x180000000n)
  long(optional + 32, SECTION)
  long(optional + 36, RAW)
  word(optional + 40, 6)
  word(optional + 48, 6)
  long(optional + 56, 2 * SECTION)
  long(optional + 60, RAW)
  word(optional + 68, 2)
  word(optional + 70, 0x140)
  long(optional + 108, 16)
  long(optional + 112, SECTION)
  long(optional + 116, 0x100)
  const section = optional + OPTIONAL_HEADER_BYTES
  text(section, '.rdata')
  long(section + 8, 0x100)
  long(section + 12, SECTION)
  long(section + 16, RAW)
  long(section + 20, RAW)
  long(section + 36, 0x40000040)
  exportDirectory(writers(file))
  return file
}

/** One name, forwarded: an address inside the directory is a string that names another library's function. */
function exportDirectory({ long, text }) {
  const [functions, names, ordinals, own, exported, forward] = [0x28, 0x2c, 0x30, 0x34, 0x60, 0x80]
  long(RAW + 12, SECTION + own)
  for (const offset of [16, 20, 24]) long(RAW + offset, 1)
  long(RAW + 28, SECTION + functions)
  long(RAW + 32, SECTION + names)
  long(RAW + 36, SECTION + ordinals)
  long(RAW + functions, SECTION + forward)
  long(RAW + names, SECTION + exported)
  text(RAW + own, 'bcryptprimitives.dll')
  text(RAW + exported, 'ProcessPrng')
  text(RAW + forward, 'ADVAPI32.SystemFunction036')
}

function writers(file) {
  return {
    word: (offset, value) => file.writeUInt16LE(value, offset),
    long: (offset, value) => file.writeUInt32LE(value, offset),
    quad: (offset, value) => file.writeBigUInt64LE(value, offset),
    text: (offset, value) => file.write(value, offset, 'latin1'),
  }
}
