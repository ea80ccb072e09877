// Hebrew and Arabic are written from right to left, and a printer prints what comes first on the left: a line that holds
// letters of such a script is put in the order in which it stands on paper (Unicode bidirectional algorithm, UAX #9).
import bidiModule, { type Bidi } from 'bidi-js'

/** Letters whose line must be turned: Hebrew, Arabic, Syriac, Thaana, N'Ko and the older ones. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** Letters that join, change their shape or stand above each other: drawn one by one they are wrong. */
const SHAPED =
  /\p{M}|\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Nko}|\p{Script=Mongolian}|\p{Script=Devanagari}|\p{Script=Bengali}|\p{Script=Gurmukhi}|\p{Script=Gujarati}|\p{Script=Oriya}|\p{Script=Tamil}|\p{Script=Telugu}|\p{Script=Kannada}|\p{Script=Malayalam}|\p{Script=Sinhala}|\p{Script=Tibetan}|\p{Script=Myanmar}|\p{Script=Khmer}/u

/** Its types describe another form of module than the one that is loaded. */
const loaded: unknown = bidiModule
const bidi: Bidi | undefined = isFactory(loaded) ? loaded() : undefined

/** One line; its numbers and Latin words stay readable, its brackets turn. */
export function inPaperOrder(line: string): string {
  if (bidi === undefined || !RIGHT_TO_LEFT.test(line)) return line
  return bidi.getReorderedString(line, bidi.getEmbeddingLevels(line))
}

/** Is `character` one that cannot be drawn alone? */
export function needsShaping(character: string): boolean {
  return SHAPED.test(character)
}

function isFactory(value: unknown): value is () => Bidi {
  return typeof value === 'function'
}
