import { isMillraceError, type MillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import { maskSecrets } from '../../config/settings.ts'
import { transportOf } from '../../run/kafka-security.ts'
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
): Promise<void> {
  const { json, ...settings } = flags
  const loaded = await loadConfig({ path, flags: settings, dotenv: true })
  const findings = [...(await brokerFindings(loaded)), ...(await connectorFindings(loaded))]
  if (json) printJson(findings)
  else for (const finding of findings) print(finding)
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

async function brokerFindings(loaded: LoadedConfig): Promise<Finding[]> {
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
    const topics = [...(config.sources ?? []), ...(config.sinks ?? [])].flatMap((connector) => connector.topics)
    return [{ subject: 'brokers', ok: true, message }, ...(await topicFindings(client, topics))]
  } catch (error) {
    return [failure('brokers', error)]
  }
}

async function topicFindings(
  client: KafkaClient,
  specs: readonly { readonly name: string; readonly partitions?: number }[],
): Promise<Finding[]> {
  const existing = new Map((await client.admin.listTopics()).map((topic) => [topic.name, topic.partitions.length]))
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()].map(({ name, partitions }) => {
    const found = existing.get(name)
    const subject = `topic ${name}`
    if (found === undefined) return { subject, ok: true, message: 'is not there yet, it will be created' }
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

async function connectorFindings({ config }: LoadedConfig): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const connector of [...(config.sources ?? []), ...(config.sinks ?? [])]) {
    const subject = `${connector.kind} ${connector.name}`
    try {
      const errors = (await connector.check?.()) ?? []
      if (errors.length === 0) findings.push({ subject, ok: true, message: 'ready' })
      findings.push(...errors.map((error) => failure(subject, error)))
    } catch (error) {
      findings.push(failure(subject, error))
    }
  }
  return findings
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
