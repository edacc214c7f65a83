import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ErrorTable } from '@millrace/base'

/** `docs/reference/errors.md`: every code with cause and remedy, from the packages' own tables. */
export async function errorsPage(root: string): Promise<string> {
  const sections: string[] = []
  for (const file of globSync('packages/*/src/errors.ts', { cwd: root }).sort()) {
    const loaded = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>
    const table = Object.entries(loaded).find(([name, value]) => /Errors$/.test(name) && typeof value === 'object')?.[1]
    if (table === undefined) continue
    sections.push(section(file.split('/')[1] as string, table as ErrorTable))
  }
  return `# Errors

Every error that Millrace throws on purpose is a \`MillraceError\` with a \`code\` from this page, \`retriable\`, a \`cause\` where there
is one, \`fields\` that name the object, and a \`remedy\`. Codes are stable across releases, messages are not. HTTP answers carry
\`{ code, message, remedy }\`. This page is generated from the code by \`npm run generate\`.

${sections.join('\n')}`
}

function section(name: string, table: ErrorTable): string {
  const rows = Object.entries(table).map(
    ([code, { retriable, cause, remedy }]) =>
      `| \`${code}\` | ${retriable ? 'yes' : 'no'} | ${cell(cause)} | ${cell(remedy)} |`,
  )
  return `## ${name}\n\n| Code | Retriable | Cause | Remedy |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
