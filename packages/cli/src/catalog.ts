// The articles a till knows, from a file: read once when the till is opened, found by their number however it is written.
import { readFile } from 'node:fs/promises'
import { fraction, gtin, minor } from '@cashdesk/kernel'
import type { CatalogArticle, TillOptions } from '@cashdesk/sdk'
import { articlesShape } from './articles-shape.ts'
import type { Articles } from './config.ts'
import { readDocument } from './document.ts'
import { findings, type Problem, pathText } from './problems.ts'

export interface CatalogRead {
  readonly problems: readonly Problem[]
  readonly count: number
  readonly catalog?: NonNullable<TillOptions['catalog']>
}

/** Never throws: a file that is not there is a problem of the configuration that names it. */
export async function readCatalog(file: string): Promise<CatalogRead> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unreadable'
    const message = `names ${file}, and that cannot be read (${reason})`
    return { problems: [{ path: 'catalog.file', message, code: 'config.invalid' }], count: 0 }
  }
  const document = readDocument(text)
  const shape = document.mistakes.length > 0 ? [] : findings(articlesShape, document.value)
  const found = [...document.mistakes, ...shape]
  if (found.length === 0) {
    const { articles } = articlesShape.parse(document.value)
    const repeated = repeatedNumbers(articles)
    if (repeated.length === 0) return { problems: [], count: articles.length, catalog: finder(articles) }
    found.push(...repeated)
  }
  const problems = found.map(
    ({ path, message, ...rest }): Problem => ({
      file,
      path: pathText(path),
      message,
      code: 'config.invalid',
      ...('place' in rest && rest.place ? rest.place : document.place(path)),
    }),
  )
  return { problems, count: 0 }
}

type Article = Articles['articles'][number]

function repeatedNumbers(articles: readonly Article[]): { path: (string | number)[]; message: string }[] {
  const seen = new Map<string, number>()
  return articles.flatMap((article, index) => {
    const number = gtin(article.gtin)
    const first = seen.get(number)
    if (first === undefined) seen.set(number, index)
    return first === undefined
      ? []
      : [{ path: ['articles', index, 'gtin'], message: `is the same article as articles[${first}]` }]
  })
}

function finder(articles: readonly Article[]): NonNullable<TillOptions['catalog']> {
  const known = new Map<string, CatalogArticle>(
    articles.map(({ gtin: number, ...article }) => [gtin(number), article]),
  )
  return (number, measured) => {
    const article = known.get(number)
    // A label with a price brings its own; the till takes that one.
    if (!article || !measured || measured.measure === 'price') return article
    const priceMinor = fraction(minor(article.priceMinor), measured.value, 10 ** measured.decimals)
    return { ...article, priceMinor }
  }
}
