// `npm run generate`: pages of the documentation, from the code.
// `npm run generate -- protocol [--jar PATH …]`: the tables of `packages/protocol`, from the definitions in Kafka's jars.
// `npm run generate -- fixtures`: what tests compare with, from Kafka's own classes (Java 17 and Maven): all of them, or
// `-- fixtures protocol`, `-- fixtures streams [GROUP …]`, the outcomes of `packages/streams/test/golden`, and
// `-- fixtures connect`, those of `packages/connect/test/golden`, and
// `-- fixtures streams-facts`, the settings and metrics of Kafka Streams.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [what = 'docs', ...rest] = process.argv.slice(2)

async function writePages(): Promise<void> {
  const { pages } = await import('./docs/pages.ts')
  for (const { path, text } of await pages(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

async function makeFixtures([which, ...groups]: readonly string[]): Promise<void> {
  if (which === undefined || which === 'protocol') await import('../conformance/java/make-protocol-fixtures.ts')
  if (which === undefined || which === 'streams') {
    ;(await import('../conformance/streams/make-golden-fixtures.ts')).makeGoldenFixtures(groups)
  }
  if (which === undefined || which === 'connect') {
    ;(await import('../conformance/connect/golden/make-golden-fixtures.ts')).makeGoldenFixtures()
  }
  if (which === undefined || which === 'streams-facts') {
    ;(await import('../conformance/streams/facts.ts')).writeFacts()
  }
}

switch (what) {
  case 'docs':
    await writePages()
    break
  case 'protocol':
    ;(await import('./generate-protocol.ts')).generateProtocol(rest)
    break
  case 'fixtures':
    await makeFixtures(rest)
    break
  default:
    console.error(`npm run generate [-- docs | protocol | fixtures], not "${what}"`)
    process.exitCode = 2
}
