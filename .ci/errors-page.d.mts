// What the tests see of the page's maker.
import type { ErrorCode, ErrorEntry } from '@cashdesk/kernel'

/** The text of docs/errors.md. */
export function errorsPage(errors: { readonly [code in ErrorCode]: ErrorEntry }): string
