// I7 by the paper alone: which receipts of a sale there are, and what they say.

/**
 * What is wrong with the papers of a sale that is over. `papers`: everything that came out of the printer, as text;
 * `isPrinted`: the till said so.
 */
export function wrongPapers(
  sale: string,
  totalMinor: number,
  isPrinted: boolean,
  papers: readonly string[],
): readonly string[] {
  const own = papers.flatMap(receiptsOn).filter(text => numberOf(text) === sale)
  const wrong: string[] = []
  if (isPrinted && !own.some(text => totalOf(text) !== undefined))
    wrong.push(`${sale} is said to be printed, and no paper shows its total`)
  const originals = own.filter(text => !/COPY/.test(text))
  if (originals.length > 1) wrong.push(`${sale} has ${originals.length} papers that are not marked as copies`)
  for (const text of own) {
    const said = totalOf(text)
    if (said !== undefined && said !== totalMinor)
      wrong.push(`a paper of ${sale} says ${said}, and it was ${totalMinor}`)
  }
  return wrong
}

/** Serials that some paper calls active. */
export function saidActive(papers: readonly string[]): ReadonlySet<string> {
  return new Set(
    papers.flatMap(text => [...text.matchAll(/Card (S\d+) active/g)].map(([, serial = '']) => serial)),
  )
}

/** A piece of paper holds two receipts where the first one broke off before the cut. A copy says so above its head. */
function receiptsOn(text: string): readonly string[] {
  return text.split(/(?=\*\*\* COPY)|(?<!COPY \*\*\*\s*)(?=The Shop)/)
}

function numberOf(text: string): string | undefined {
  return /Receipt (\S+)/.exec(text)?.[1]
}

/** Minor units; undefined where the total was not printed, or is not on this piece. */
function totalOf(text: string): number | undefined {
  const [, sign = '', major = '', minor = ''] = /TOTAL \w{3}\s+(-?)([\d,.]*\d)[.,](\d\d)\b/.exec(text) ?? []
  if (minor === '') return undefined
  const amount = Number(major.replaceAll(/[,.]/g, '')) * 100 + Number(minor)
  return sign === '-' ? -amount : amount
}
