import { readFile } from 'node:fs/promises'
import { type KafkaClient, type NetworkTransportOptions, networkTransport } from '@millrace/kafka'
import { millraceError } from '../errors.ts'
import { firstAnswer, openKafka } from '../run/open-kafka.ts'

/** What every daily tool takes. */
export interface DailyFlags {
  readonly brokers: string
  readonly json?: boolean
  readonly login?: string
  readonly passwordFile?: string
  readonly mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly tls?: boolean
  readonly ca?: string
}

/** Runs `work` with a client that is closed afterwards. People wait: attempts end sooner than a service's. */
export async function withKafka<T>(flags: DailyFlags, work: (client: KafkaClient) => Promise<T>): Promise<T> {
  await using client = openKafka({
    brokers: flags.brokers,
    clientId: 'millrace-cli',
    operationTimeoutMs: 8_000,
    transport: networkTransport(await security(flags)),
  })
  await firstAnswer(client, flags.brokers)
  return await work(client)
}

/** Passwords come from a file or the environment: arguments are for everyone on the machine to see. */
async function security(flags: DailyFlags): Promise<NetworkTransportOptions> {
  const { login: username, passwordFile, mechanism = 'SCRAM-SHA-256', tls, ca } = flags
  const trusted = tls && ca !== undefined ? { ca: await textOf(ca) } : tls
  const options = trusted === undefined ? {} : { tls: trusted }
  if (username === undefined) return options
  const password =
    passwordFile === undefined
      ? process.env.MILLRACE_KAFKA_PASSWORD
      : (await textOf(passwordFile)).replace(/\r?\n$/, '')
  if (!password) {
    throw millraceError('USAGE', `--login ${username} needs a password: --password-file, or MILLRACE_KAFKA_PASSWORD`)
  }
  return { ...options, sasl: { mechanism, username, password } }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}

/** Splits `name=value` flags. @throws USAGE */
export function pairs(list: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (list ?? []).map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw millraceError('USAGE', `"${pair}" is not name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
