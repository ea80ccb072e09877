// What one printer model can do, as data: paper width, code pages, cutter. Another model is another object, not code.
import type { Codepage } from '@point-of-sale/codepage-encoder'
import { AUTOMATIC_ALL } from './frames.ts'

export interface PrinterProfile {
  readonly name: string
  /** Characters of font A in a line. */
  readonly columns: 32 | 35 | 42 | 44 | 48
  /** Printable dots in a line: bars and QR codes must fit. */
  readonly widthDots: number
  /** The printer's number (`ESC t n`) of each code page it has; the first one that has a character is used for it. */
  readonly codePages: { readonly [page in Codepage]?: number }
  readonly cutter: 'partial' | 'full' | 'none'
  /** Lines between the print head and the knife. */
  readonly feedBeforeCut: number
  /** Without, the content is printed as text. */
  readonly qr: boolean
  /** Without (`false`), the content is printed as text. Default true. */
  readonly pdf417?: boolean
  /** How pictures are sent: by rows, or to older models by columns. Default `raster`. */
  readonly images?: 'raster' | 'column' | 'none'
  /** Default `esc-pos`. For Star printers `automaticStatus` must be 0: they are asked. */
  readonly language?: 'esc-pos' | 'star-prnt' | 'star-line'
  /** Does the printer answer status questions on this connection? If not, no print is ever known to be done. */
  readonly answers: boolean
  /**
   * Does it answer questions inside a job, too? Default true. Without, a printer on a serial line that is switched off and
   * on in the middle of a job is believed when it answers the question behind it.
   */
  readonly checkpoints?: boolean
  /** `GS a` mask of changes that the printer reports unasked; 0 for none. */
  readonly automaticStatus: number
}

/** 80 mm, 42 columns: what practically every ESC/POS receipt printer can do. */
export const epson: PrinterProfile = {
  name: 'epson',
  columns: 42,
  widthDots: 512,
  codePages: {
    cp437: 0,
    windows1252: 16,
    cp852: 18,
    cp866: 17,
    cp858: 19,
    cp737: 14,
    cp857: 13,
    'iso8859-15': 40,
    windows1250: 45,
    windows1251: 46,
    windows1253: 47,
    windows1254: 48,
    windows1257: 51,
  },
  cutter: 'partial',
  feedBeforeCut: 4,
  qr: true,
  answers: true,
  automaticStatus: AUTOMATIC_ALL,
}

/** 80 mm at 203 dpi: TM-T20, TM-m30 and most Chinese makes. */
export const epson48: PrinterProfile = { ...epson, name: 'epson-48', columns: 48, widthDots: 576 }

/** 58 mm. */
export const epson32: PrinterProfile = { ...epson, name: 'epson-32', columns: 32, widthDots: 384 }

/**
 * 80 mm printers of Star (TSP100IV, TSP650II, mC-Print) in StarPRNT mode. Nothing is asked: a print ends as
 * `unknown`, never as `done`. Code page numbers: StarPRNT command specifications, ESC GS t.
 */
export const star48: PrinterProfile = {
  name: 'star-48',
  columns: 48,
  widthDots: 576,
  codePages: {
    cp437: 1,
    windows1252: 32,
    cp858: 4,
    cp852: 5,
    cp866: 10,
    cp737: 15,
    cp857: 12,
    windows1250: 33,
    windows1251: 34,
  },
  cutter: 'partial',
  feedBeforeCut: 0,
  qr: true,
  language: 'star-prnt',
  answers: false,
  automaticStatus: 0,
}

/**
 * The same, asked for its status and its counter of what is printed (a status of eight bytes or more, on a two-way connection).
 * One till per printer: with several sessions at a time, which its settings can allow, others raise the counter, too.
 */
export const star48Status: PrinterProfile = { ...star48, name: 'star-48-status', answers: true }
