// ESC/POS as tables: the commands this driver sends, the answers it hears, and what their bits mean
// (docs: Epson ESC/POS command reference, DLE EOT, GS r, GS a, GS I, ESC p, DLE DC4).

/** `DLE EOT n`: answered at once, whatever the printer is doing. The four questions are asked together. */
export const STATUS_QUESTIONS = [1, 2, 3, 4] as const
export const ASK_STATUS: readonly number[] = STATUS_QUESTIONS.flatMap(n => [0x10, 0x04, n])

/**
 * `GS r 1`, paper sensor. Not a realtime command: it waits in the printer's buffer behind the job, so its answer proves
 * that everything before it was taken from the buffer and executed.
 */
export const ASK_END: readonly number[] = [0x1d, 0x72, 0x01]

/** `GS I 67`: the model's name. */
export const ASK_MODEL: readonly number[] = [0x1d, 0x49, 0x43]

/** `GS a n`: report changes unasked. */
export function automaticStatus(mask: number): readonly number[] {
  return [0x1d, 0x61, mask]
}

/** `ESC @`, no two-byte characters (`FS .`), font A (`ESC M 0`). */
export const RESET: readonly number[] = [0x1b, 0x40, 0x1c, 0x2e, 0x1b, 0x4d, 0]
/** `ESC E` */
export const BOLD_ON: readonly number[] = [0x1b, 0x45, 1]
export const BOLD_OFF: readonly number[] = [0x1b, 0x45, 0]
/** `GS !` */
export const DOUBLE_SIZE: readonly number[] = [0x1d, 0x21, 0x11]
export const SINGLE_SIZE: readonly number[] = [0x1d, 0x21, 0]

/** `ESC t n` */
export function codePage(n: number): readonly number[] {
  return [0x1b, 0x74, n]
}

/** `GS V` */
export function paperCut(form: 'full' | 'partial'): readonly number[] {
  return [0x1d, 0x56, form === 'full' ? 0 : 1]
}

/** Drawer, online, errors, paper. */
export const AUTOMATIC_ALL = 0x0f

/** `ESC p m t1 t2`, in units of 2 ms. Without both times the printer takes the next two bytes of the job for them. */
export function drawerPulse(pin: 2 | 5, onMs: number, offMs: number): readonly number[] {
  const units = (ms: number): number => Math.min(255, Math.max(1, Math.round(ms / 2)))
  return [0x1b, 0x70, pin === 2 ? 0 : 1, units(onMs), units(offMs)]
}

/** `DLE DC4 1 m t`, in units of 100 ms: works while the printer is offline, because no paper is needed to give change. */
export function realtimeDrawerPulse(pin: 2 | 5): readonly number[] {
  return [0x10, 0x14, 0x01, pin === 2 ? 0 : 1, 0x01]
}

/** StarPRNT `ESC BEL n1 n2`, in units of 10 ms, and the byte that sets off drawer 1 (`BEL`) or 2 (`SUB`). */
export function starDrawerPulse(pin: 2 | 5, onMs: number, offMs: number): readonly number[] {
  const units = (ms: number): number => Math.min(127, Math.max(1, Math.round(ms / 10)))
  return pin === 2 ? [0x1b, 0x07, units(onMs), units(offMs), 0x07] : [0x1a]
}

/** `GS ( k`, functions 65 to 81 of symbol 48: a PDF417 symbol of `bytes`, centred. `width` in dots, rows 3 bars high. */
export function pdf417Symbol(
  bytes: Uint8Array,
  { columns, width, level }: { readonly columns: number; readonly width: number; readonly level: number },
): readonly number[] {
  const set = (fn: number, ...args: readonly number[]): readonly number[] => [
    ...[0x1d, 0x28, 0x6b, (args.length + 2) & 0xff, (args.length + 2) >> 8, 0x30, fn],
    ...args,
  ]
  const options = [set(65, columns), set(66, 0), set(67, width), set(68, 3), set(69, 0x30, 0x30 + level)]
  const stored = [set(70, 0), set(80, 0x30, ...bytes), set(81, 0x30)]
  // Three millimetres of white above and below (ESC J): two symbols that touch are none.
  const white = [0x1b, 0x4a, 48]
  return [0x1b, 0x61, 1, ...white, ...options.flat(), ...stored.flat(), ...white, 0x1b, 0x61, 0]
}

export type AnswerKind = 'realtime' | 'automatic' | 'text' | 'flow' | 'plain' | 'noise'

/** XON and XOFF of a serial line with software flow control. */
const FLOW = new Set([0x11, 0x13])

/** The answers tell themselves apart by fixed bits; `plain` is `GS r`, or the second to fourth byte of an automatic one. */
export function kindOf(byte: number): AnswerKind {
  if (FLOW.has(byte)) return 'flow'
  if (byte === 0x5f) return 'text'
  if ((byte & 0x93) === 0x12) return 'realtime'
  if ((byte & 0x93) === 0x10) return 'automatic'
  return (byte & 0x90) === 0 ? 'plain' : 'noise'
}

/** `GS I` text answers are far shorter than this. */
export const MAX_TEXT_BYTES = 80

/** Bits of `DLE EOT 1` and of the first automatic byte. */
export const GENERAL = { drawerPin3High: 0x04, offline: 0x08 } as const
/** Bit of the first automatic byte. */
export const AUTOMATIC_COVER_OPEN = 0x20
/** Bits of `DLE EOT 2`. */
export const OFFLINE_CAUSE = { coverOpen: 0x04, paperEnd: 0x20, error: 0x40 } as const
/** Bits of `DLE EOT 3` and of the second automatic byte. */
export const ERROR_CAUSE = { recoverable: 0x04, cutter: 0x08, unrecoverable: 0x20, automatic: 0x40 } as const
/** Bits of `DLE EOT 4`. */
export const PAPER_REALTIME = { nearEnd: 0x0c, end: 0x60 } as const
/** Bits of `GS r 1` and of the third automatic byte. */
export const PAPER_PLAIN = { nearEnd: 0x03, end: 0x0c } as const

/** Most bytes that fit a QR code of version 1 to 40 at error correction M (ISO/IEC 18004, table 7). */
export const QR_CAPACITY_M: readonly number[] = [
  14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779,
  857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331,
]
