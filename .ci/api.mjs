// Keeps what kernel and sdk offer to others on paper: docs/api/*.api.md, one line per signature, so that a change
// of the public surface shows in review. `npm run api` rewrites the reports; `npm run check` compares them.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { ROOT } from './steps.mjs'

const PACKAGES = ['kernel', 'sdk']
const update = process.argv.includes('--update')
const silent = { default: { logLevel: 'none' } }

function configure(name) {
  const folder = join(ROOT, 'packages', name)
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      newlineKind: 'lf',
      mainEntryPointFilePath: join(folder, 'dist', 'index.d.ts'),
      // Its own compiler reads our declarations only; the sources are checked by ours.
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            strict: true,
            skipLibCheck: true,
            types: [],
          },
          files: [join(folder, 'dist', 'index.d.ts')],
        },
      },
      apiReport: {
        enabled: true,
        // What a signature uses without exporting it (the error table) belongs to the surface too.
        includeForgottenExports: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(ROOT, 'docs', 'api'),
        reportTempFolder: join(ROOT, 'node_modules', '.cache', 'cashdesk-api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  })
}

/** Writes or compares the report of one package; returns whether it is as it should be. */
function report(name) {
  const result = Extractor.invoke(configure(name), {
    localBuild: update,
    messageCallback: message => {
      message.handled = true
      if (message.logLevel !== 'error') return
      const where = message.sourceFilePath ? `${message.sourceFilePath}:${message.sourceFileLine} ` : ''
      process.stdout.write(`${name}: ${where}${message.text}\n`)
    },
  })
  if (result.apiReportChanged && !update) {
    process.stdout.write(
      `${name}: its public surface changed. Run \`npm run api\`, and look at the difference.\n`,
    )
  }
  return result.errorCount === 0 && (update || !result.apiReportChanged)
}

mkdirSync(join(ROOT, 'docs', 'api'), { recursive: true })
process.exitCode = PACKAGES.map(report).every(Boolean) ? 0 : 1
