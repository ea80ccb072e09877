// The schema of the article file, published for editors like that of the configuration.
import { isGtin, MAX_MINOR } from '@cashdesk/kernel'
import { z } from 'zod'
import type { Articles } from './config.ts'

const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** The articles a till knows, as a file. */
export const articlesShape: z.ZodType<Articles> = z
  .strictObject({
    $schema: z.string().exactOptional(),
    articles: z.array(
      z.strictObject({
        gtin: z.string().refine(isGtin, 'is no GTIN: 8, 12, 13 or 14 digits, the last one checks the others'),
        name: z.string().min(1).max(200).describe('As on the receipt'),
        priceMinor: z
          .int()
          .min(0)
          .max(MAX_MINOR)
          .describe(
            'Gross price of one piece, in minor units: 1999 is 19.99; of a kilogram where a label tells the weight',
          ),
        vat: z
          .int()
          .min(0)
          .max(10_000)
          .nullable()
          .describe('Hundredths of a percent: 1900 is 19 %; null for multi-purpose vouchers'),
        group: z.string().min(1).max(200).describe('What plugins and reports go by').exactOptional(),
        facts: facts.describe('What a plugin needs: {"prodid": "4967"}').exactOptional(),
      }),
    ),
  })
  .meta({ title: 'Cashdesk articles', description: 'The articles that a till rings up by their codes.' })
