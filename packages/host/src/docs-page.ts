// The OpenAPI document as one page for people: no script, no font, nothing from anywhere else.
import { z } from 'zod'

const operationShape = z.object({
  summary: z.string().default(''),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().default(''),
      }),
    )
    .default([]),
  responses: z.record(z.string(), z.unknown()).default({}),
})
const documentShape = z.object({
  info: z.object({ title: z.string(), version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
})

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin-top:2.5rem;font-size:1.1rem}code{font-family:ui-monospace,monospace}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}a{color:#9cf}}`

/** Renders the OpenAPI document that `/openapi.json` answers. */
export function docsPage(openapi: unknown): string {
  const { info, paths } = documentShape.parse(openapi)
  const parts = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(info.title)}</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(info.title)}</h1>
<p>Profile <code>cashdesk-1</code>. The rules are in the project’s <code>docs/host-activation.md</code>;
the same for machines: <a href="/openapi.json">openapi.json</a>.</p>
${parts.join('\n')}
</body></html>
`
}

function section(method: string, path: string, operation: z.output<typeof operationShape>): string {
  const rows = operation.parameters.map(
    ({ name, in: where, required, description }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(where)}${required ? ', required' : ''}</td><td>${escapeHtml(description)}</td></tr>`,
  )
  const table =
    rows.length === 0
      ? ''
      : `<table><thead><tr><th>Name</th><th>Where</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  const answers = Object.keys(operation.responses).join(', ')
  return `<section><h2><code>${escapeHtml(method.toUpperCase())} ${escapeHtml(path)}</code></h2>
<p>${escapeHtml(operation.summary)}</p>${table}<p>Answers: ${escapeHtml(answers)}</p></section>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
