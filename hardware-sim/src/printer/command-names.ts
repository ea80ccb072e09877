// What the commands of ESC/POS are called and what their parameters are, for people who look at a printer's bytes.
// Names after Epson's public ESC/POS command reference.

export interface CommandName {
  readonly name: string
  /** Parameters in their order, a byte each; `name:2` takes two bytes, low first. What follows them is data. */
  readonly parts: readonly string[]
}

// biome-ignore format: a table is read by its columns
const TABLE: { readonly [code: string]: readonly [string, ...string[]] } = {
  HT: ['horizontal tab'], LF: ['print and feed a line'], FF: ['form feed'], CR: ['carriage return'], CAN: ['cancel'],
  'DLE 0x04': ['real-time status', 'n'], 'DLE 0x05': ['real-time recovery', 'n'], 'DLE 0x14': ['real-time pulse or clear', 'fn'],
  'ESC @': ['initialise'], 'ESC =': ['select peripheral', 'n'], 'ESC 0x20': ['right-side spacing', 'n'],
  'ESC !': ['print mode', 'n'], 'ESC $': ['absolute position', 'n:2'], 'ESC \\': ['relative position', 'n:2'],
  'ESC %': ['user-defined characters', 'n'], 'ESC &': ['define characters', 'y', 'c1', 'c2'], 'ESC *': ['column image', 'm', 'n:2'],
  'ESC -': ['underline', 'n'], 'ESC 2': ['default line spacing'], 'ESC 3': ['line spacing', 'n'], 'ESC <': ['return home'],
  'ESC 0x0c': ['print the page'], 'ESC ?': ['cancel user-defined character', 'n'], 'ESC D': ['tab positions'], 'ESC E': ['bold', 'n'], 'ESC G': ['double strike', 'n'],
  'ESC J': ['print and feed', 'n'], 'ESC K': ['print and feed back', 'n'], 'ESC L': ['select page mode'], 'ESC M': ['font', 'n'],
  'ESC R': ['international character set', 'n'], 'ESC S': ['select standard mode'], 'ESC T': ['print direction in page mode', 'n'],
  'ESC U': ['unidirectional printing', 'n'], 'ESC V': ['turn by 90 degrees', 'n'],
  'ESC W': ['print area in page mode', 'x:2', 'y:2', 'dx:2', 'dy:2'], 'ESC a': ['justification', 'n'],
  'ESC c': ['paper sensors and panel buttons', 'fn', 'n'], 'ESC d': ['print and feed lines', 'n'], 'ESC e': ['print and feed lines back', 'n'],
  'ESC i': ['partial cut'], 'ESC m': ['partial cut'], 'ESC p': ['drawer pulse', 'm', 't1', 't2'], 'ESC r': ['colour', 'n'],
  'ESC t': ['code page', 'n'], 'ESC u': ['transmit drawer status', 'n'], 'ESC v': ['transmit paper status'], 'ESC {': ['upside-down', 'n'],
  'ESC (': ['function group', 'group', 'length:2'], 'ESC 4': ['italic on'], 'ESC 5': ['italic off'],
  'FS (': ['function group', 'group', 'length:2'], 'FS 2': ['define kanji', 'c:2'], 'FS ?': ['cancel kanji', 'c:2'],
  'FS g': ['NV user memory', 'fn'], 'GS C': ['counter mode', 'fn'], 'GS E': ['head control', 'n'], 'GS c': ['print counter'],
  'GS g': ['maintenance counter', 'fn', 'm', 'n:2'], 'GS j': ['automatic status back for ink', 'n'],
  'GS z': ['settings for several jobs', 'fn', 'm', 'n'],
  'FS !': ['kanji print mode', 'n'], 'FS &': ['kanji mode on'], 'FS .': ['kanji mode off'], 'FS -': ['kanji underline', 'n'], 'FS C': ['kanji code', 'n'],
  'FS S': ['kanji spacing', 'n1', 'n2'], 'FS W': ['kanji quadruple size', 'n'], 'FS p': ['print NV image', 'n', 'm'], 'FS q': ['define NV images', 'n'],
  'GS !': ['character size', 'n'], 'GS $': ['absolute vertical position in page mode', 'n:2'], 'GS \\': ['relative vertical position in page mode', 'n:2'],
  'GS (': ['function group', 'group', 'length:2'], 'GS *': ['define downloaded image', 'x', 'y'], 'GS /': ['print downloaded image', 'm'],
  'GS 8': ['large function group', 'group', 'length:2', 'length high:2'], 'GS :': ['start or end of macro'], 'GS B': ['white on black', 'n'],
  'GS H': ['place of bar code text', 'n'], 'GS I': ['transmit printer id', 'n'], 'GS L': ['left margin', 'n:2'],
  'GS P': ['motion units', 'x', 'y'], 'GS Q': ['print variable bit image', 'm', 'x:2', 'y:2'], 'GS T': ['to the beginning of the line', 'n'],
  'GS V': ['cut', 'm', 'n'], 'GS W': ['width of the print area', 'n:2'], 'GS ^': ['run macro', 'r', 't', 'm'], 'GS a': ['automatic status back', 'n'],
  'GS b': ['smoothing', 'n'], 'GS f': ['font of bar code text', 'n'], 'GS h': ['height of bar codes', 'n'], 'GS k': ['bar code', 'm'],
  'GS r': ['transmit status', 'n'], 'GS v': ['raster image', '0', 'm', 'x:2', 'y:2'], 'GS w': ['width of bar codes', 'n'],
}

/** By the parser's code: `ESC @`. Undefined for what is no command. */
export function commandName(code: string): CommandName | undefined {
  const entry = Object.hasOwn(TABLE, code) ? TABLE[code] : undefined
  if (entry === undefined) return undefined
  const [name, ...parts] = entry
  return { name, parts }
}
