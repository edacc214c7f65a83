import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { kebab, type MessageDefinition, renderApis, renderInterfaces, renderTable } from './generate-protocol-render.ts'

/** The release whose definitions are the truth. */
export const kafkaVersion = '4.3.0'

const artifacts = ['kafka-clients', 'kafka-group-coordinator', 'kafka-transaction-coordinator'] as const
const outputDirectory = join(import.meta.dirname, '..', 'packages', 'protocol', 'src', 'generated')
const indexFile = join(import.meta.dirname, '..', 'packages', 'protocol', 'src', 'index.ts')

/** Messages that are not a request or response of a broker listener, yet are read or written by clients or brokers. */
const dataMessages = new Set([
  'RequestHeader',
  'ResponseHeader',
  'ConsumerProtocolSubscription',
  'ConsumerProtocolAssignment',
  'ControlRecordTypeSchema',
  'EndTxnMarker',
])

/** Where Maven keeps, or would keep, an artifact of Kafka on this machine. */
function localJar(artifact: string): string {
  return join(homedir(), '.m2/repository/org/apache/kafka', artifact, kafkaVersion, `${artifact}-${kafkaVersion}.jar`)
}

/** Paths of the jars that hold definitions, or undefined when one is absent and `download` is false. */
export function findJars(options: { download: boolean }): string[] | undefined {
  const paths = artifacts.map(localJar)
  for (const [index, path] of paths.entries()) {
    if (existsSync(path)) continue
    if (!options.download) return undefined
    const artifact = `org.apache.kafka:${artifacts[index]}:${kafkaVersion}`
    execFileSync('mvn', ['-q', 'dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false'], { stdio: 'inherit' })
  }
  return paths
}

/** Reads `common/message/*.json` out of the jars; comments in those files are dropped. */
export function readDefinitions(jars: readonly string[]): MessageDefinition[] {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-generate-'))
  try {
    const definitions: MessageDefinition[] = []
    for (const jar of jars) {
      execFileSync('unzip', ['-q', '-o', jar, 'common/message/*.json', '-d', directory])
    }
    const folder = join(directory, 'common/message')
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith('.json')) continue
      const text = readFileSync(join(folder, file), 'utf8').replace(/^\s*\/\/.*$/gm, '')
      definitions.push(JSON.parse(text) as MessageDefinition)
    }
    return definitions
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The messages that Millrace carries: everything a broker listener serves, and the data messages named above. */
export function selectMessages(all: readonly MessageDefinition[]): MessageDefinition[] {
  const served = new Set<number>()
  for (const one of all) {
    if (one.type !== 'request' || one.apiKey === undefined || one.validVersions === 'none') continue
    if (one.listeners?.includes('broker')) served.add(one.apiKey)
  }
  return all.filter((one) =>
    one.type === 'request' || one.type === 'response'
      ? served.has(one.apiKey!)
      : dataMessages.has(one.name) || isGroupOrTransactionRecord(one),
  )
}

/** What classic and consumer groups and transactions are kept in; share and streams groups have their own records. */
function isGroupOrTransactionRecord(one: MessageDefinition): boolean {
  return one.type.startsWith('coordinator-') && !/^(Share|Streams)/.test(one.name)
}

/** One line per message, so that a later jar shows which messages changed. */
export function digestOf(messages: readonly MessageDefinition[]): Record<string, string> {
  return Object.fromEntries(
    messages.map((one) => [one.name, createHash('sha256').update(renderTable(one)).digest('hex').slice(0, 16)]),
  )
}

/** The given jars, and Maven's for the artifacts that none of the given is named after. */
function jarsFor(given: readonly string[]): string[] {
  const isGiven = (artifact: string): boolean => given.some((path) => basename(path).startsWith(`${artifact}-`))
  return given.length > 0 && artifacts.every(isGiven)
    ? [...given]
    : [...given, ...findJars({ download: true })!.filter((path) => !isGiven(basename(path).replace(/-[\d.]+jar$/, '')))]
}

/** Entry of `npm run generate -- protocol [--jar PATH …]`. */
export function generateProtocol(argv: readonly string[]): void {
  const { values } = parseArgs({ args: [...argv], options: { jar: { type: 'string', multiple: true } } })
  const messages = selectMessages(readDefinitions(jarsFor(values.jar ?? [])))
  mkdirSync(outputDirectory, { recursive: true })
  for (const file of readdirSync(outputDirectory)) rmSync(join(outputDirectory, file))
  for (const message of messages) {
    writeFileSync(join(outputDirectory, `${kebab(message.name)}.ts`), renderInterfaces(message))
  }
  writeFileSync(join(outputDirectory, 'messages.ts'), renderMessages(messages))
  writeFileSync(join(outputDirectory, 'apis.ts'), renderApis(messages))
  writeFileSync(join(outputDirectory, 'digest.json'), `${JSON.stringify(digestOf(messages), null, 2)}\n`)
  writeIndex(messages)
}

function renderMessages(messages: readonly MessageDefinition[]): string {
  const lines = ["import { defineMessage, type MessageType } from '../message-type.ts'"]
  for (const { name } of messages) lines.push(`import type { ${name} as ${name}Fields } from './${kebab(name)}.ts'`)
  for (const message of messages) {
    const head = [
      `'${message.name}'`,
      `'${message.type}'`,
      message.apiKey ?? -1,
      `'${message.validVersions}'`,
      `'${message.flexibleVersions}'`,
    ]
    lines.push(
      '',
      `export type ${message.name} = ${message.name}Fields`,
      `export const ${message.name}: MessageType<${message.name}> = defineMessage(${head.join(', ')}, \``,
      `${renderTable(message)}\`)`,
    )
  }
  return `${lines.join('\n')}\n`
}

/** The package exports every message by name; the list between the two marks is ours to rewrite. */
function writeIndex(messages: readonly MessageDefinition[]): void {
  const begin = '// begin generated messages\n'
  const end = '// end generated messages\n'
  const text = readFileSync(indexFile, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`${indexFile} lacks the marks of the generated list`)
  const names = messages.map((one) => one.name).sort((a, b) => a.localeCompare(b, 'en'))
  const list = `export {\n${names.map((name) => `  ${name},\n`).join('')}} from './generated/messages.ts'\n`
  writeFileSync(indexFile, text.slice(0, from + begin.length) + list + text.slice(to))
}
