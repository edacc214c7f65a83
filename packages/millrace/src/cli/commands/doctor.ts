import { resolve } from 'node:path'
import { isMillraceError, type MillraceError } from '@millrace/base'
import type { SinkConnector, SourceConnector, TopicSpec } from '@millrace/connect'
import type { KafkaClient } from '@millrace/kafka'
import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import { maskSecrets } from '../../config/settings.ts'
import { type AppTopics, topicsOf } from '../../run/app-topics.ts'
import { describedConnectors } from '../../run/connect-worker.ts'
import { transportOf } from '../../run/kafka-security.ts'
import { loadTopology } from '../../run/load-topology.ts'
import { watched } from '../../run/nobody-listens.ts'
import { firstAnswer, impatient, openKafka } from '../../run/open-kafka.ts'
import { pc } from '../colours.ts'
import { counted, printJson } from '../output.ts'

interface Finding {
  readonly subject: string
  readonly ok: boolean
  readonly message: string
  readonly code?: string
  readonly remedy?: string
}

/** `millrace doctor`: looks at brokers, topics and databases, changes nothing, and says what to do. */
export async function doctorCommand(
  path: string | undefined,
  flags: Record<string, string | boolean | undefined>,
  more: readonly string[] = [],
): Promise<void> {
  const { json, ...settings } = flags
  const loaded = await loadConfig({ path, more, flags: settings, dotenv: true })
  const apps = await appsOf(loaded)
  const findings = [
    ...(await brokerFindings(loaded, apps)),
    ...apps.flatMap(({ failure }) => failure ?? []),
    ...(await connectorFindings(loaded)),
  ]
  if (json) printJson(findings)
  else for (const finding of findings) print(finding)
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

interface CheckedApp {
  readonly name: string
  readonly topics: AppTopics
  readonly failure?: Finding
}

async function appsOf({ config, directory }: LoadedConfig): Promise<CheckedApp[]> {
  const apps: CheckedApp[] = []
  for (const { path } of config.apps ?? []) {
    try {
      const topology = await loadTopology(resolve(directory, path))
      apps.push({ name: path, topics: topicsOf(topology) })
    } catch (error) {
      apps.push({ name: path, topics: { read: [], written: [] }, failure: failure(`app ${path}`, error) })
    }
  }
  return apps
}

async function brokerFindings(loaded: LoadedConfig, apps: readonly CheckedApp[]): Promise<Finding[]> {
  const { settings, config } = loaded
  const brokers = settings.brokers.value
  if (brokers === undefined) {
    return [
      {
        subject: 'brokers',
        ok: true,
        message: 'none configured: "millrace dev" brings its own, "millrace run" needs them',
      },
    ]
  }
  try {
    const transport = watched(await transportOf(loaded), brokers)
    await using client = openKafka({ ...impatient, brokers, clientId: 'millrace-doctor', transport })
    const cluster = await firstAnswer(client, brokers, transport)
    const message = `${maskSecrets('brokers', brokers)} answers: cluster ${cluster.clusterId}, ${counted(cluster.brokers.length, 'broker')}`
    const created = [
      ...[...(config.sources ?? []), ...(config.sinks ?? [])].flatMap((connector) => connector.topics),
      ...apps.flatMap(({ topics }) => topics.written),
    ]
    return [{ subject: 'brokers', ok: true, message }, ...(await topicFindings(client, created, apps))]
  } catch (error) {
    return [failure('brokers', error)]
  }
}

async function topicFindings(
  client: KafkaClient,
  created: readonly TopicSpec[],
  apps: readonly CheckedApp[],
): Promise<Finding[]> {
  const existing = new Map((await client.admin.listTopics()).map((topic) => [topic.name, topic.partitions.length]))
  const isCreated = new Set(created.map(({ name }) => name))
  const specs = [...apps.flatMap(({ topics }) => topics.read), ...created]
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()].map((spec) => {
    const { name, partitions } = spec
    const found = existing.get(name)
    const subject = `topic ${name}`
    if (found === undefined && isCreated.has(name))
      return { subject, ok: true, message: 'is not there yet, it will be created' }
    if (found === undefined) return missingInput(spec, apps)
    if (partitions === undefined || partitions === found)
      return { subject, ok: true, message: counted(found, 'partition') }
    return {
      subject,
      ok: false,
      message: `has ${counted(found, 'partition')}, its contract says ${partitions}`,
      remedy: 'Change the contract, or create the topic anew: changing the count moves keys to other partitions.',
    }
  })
}

function missingInput({ name, partitions, config = {} }: TopicSpec, apps: readonly CheckedApp[]): Finding {
  const readers = apps.filter(({ topics }) => topics.read.some((read) => read.name === name))
  const command = [
    `npx millrace topics create ${name}`,
    ...(partitions === undefined ? [] : [`--partitions ${partitions}`]),
    ...Object.entries(config).map(([setting, value]) => `--config ${setting}=${value}`),
  ]
  return {
    subject: `topic ${name}`,
    ok: false,
    message: `is not there, nothing here creates it, and ${readers.map((reader) => reader.name).join(', ')} waits for it`,
    code: 'STREAMS_SOURCE_TOPIC_MISSING',
    remedy: `Start what writes it, or run "${command.join(' ')}" with --brokers; "millrace dev" creates it in its own broker.`,
  }
}

async function connectorFindings(loaded: LoadedConfig): Promise<Finding[]> {
  const { config, settings } = loaded
  const findings: Finding[] = []
  const connectors = [...(config.sources ?? []), ...(config.sinks ?? [])]
  const brokers = settings.brokers.value
  if (config.connect && brokers !== undefined) {
    const transport = await transportOf(loaded)
    await using client = openKafka({ ...impatient, brokers, clientId: 'millrace-doctor', transport })
    try {
      for (const { name, connector, error } of await describedConnectors(loaded, client)) {
        if (connector) {
          connectors.push(connector)
          findings.push(...(await unreadTopics(connector, client)))
        } else findings.push(failure(`connector ${name}`, error))
      }
    } catch (error) {
      findings.push(failure('connect', error))
    }
  }
  for (const connector of connectors) {
    const subject = `${connector.kind} ${connector.name}`
    try {
      const errors = (await connector.check?.()) ?? []
      if (errors.length === 0) findings.push(...(await goodNews(connector, subject)))
      findings.push(...errors.map((error) => failure(subject, error)))
    } catch (error) {
      findings.push(failure(subject, error))
    }
  }
  return findings
}

/** Nothing creates the topics that a connector of Connect is to read. */
async function unreadTopics(connector: SourceConnector | SinkConnector, client: KafkaClient): Promise<Finding[]> {
  if (connector.kind === 'source' || connector.topics.length === 0) return []
  const existing = new Set((await client.admin.listTopics()).map(({ name }) => name))
  const missing = connector.topics.map(({ name }) => name).filter((name) => !existing.has(name))
  return missing.map((name) => ({
    subject: `topic ${name}`,
    ok: false,
    message: `is not there, and sink ${connector.name} waits for it`,
    remedy: `Correct \`topics\` of ${connector.name}, start what writes the topic, or run "npx millrace topics create ${name}" with --brokers.`,
  }))
}

/** What a connector that can start tells about where it stands. */
async function goodNews(connector: SourceConnector | SinkConnector, subject: string): Promise<Finding[]> {
  const sentences = connector.kind === 'source' ? ((await connector.describe?.()) ?? []) : []
  return ['ready', ...sentences].map((message) => ({ subject, ok: true, message }))
}

/** A connector that runs waits for these and goes on by itself; who asks the doctor is to do something. */
function remedyOf(error: MillraceError): string {
  // What the driver makes of a text that is no URL: a path at a host of this name.
  if (error.code === 'POSTGRES_UNAVAILABLE' && /(ENOTFOUND|EAI_AGAIN) base$/.test(error.message))
    return 'The url is no URL: write postgres://user:password@host:port/database, in the configuration or in the variable it reads.'
  if (error.code === 'POSTGRES_UNAVAILABLE')
    return 'Start PostgreSQL, or correct the url in the configuration or in the variable it reads: postgres://user:password@host:port/database.'
  if (error.code === 'POSTGRES_TABLE_MISSING')
    return 'For the outbox run "npx millrace migrate"; for a table of a service run that service\'s migrations.'
  return error.remedy
}

function failure(subject: string, error: unknown): Finding {
  if (isMillraceError(error))
    return { subject, ok: false, message: error.message, code: error.code, remedy: remedyOf(error) }
  return { subject, ok: false, message: error instanceof Error ? error.message : String(error) }
}

function print({ subject, ok, message, code, remedy }: Finding): void {
  const tail = code ? ` ${pc.dim(`[${code}]`)}` : ''
  console.log(`${ok ? pc.green('ok  ') : pc.red('FAIL')} ${pc.bold(subject)}: ${message}${tail}`)
  if (remedy) console.log(`     ${remedy}`)
}
