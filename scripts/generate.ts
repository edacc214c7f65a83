// `npm run generate`: pages of the documentation from the code; with `protocol`, message tables from Kafka's jars as well.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pages } from './docs/pages.ts'
import { generateProtocol } from './generate-protocol.ts'

const root = join(import.meta.dirname, '..')
const [what, ...rest] = process.argv.slice(2)
if (what === 'protocol') generateProtocol(rest)
for (const { path, text } of await pages(root)) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
