import { readFile } from 'node:fs/promises'
import { type KafkaClient, type NetworkTransportOptions, networkTransport, type SaslOptions } from '@millrace/kafka'
import { millraceError } from '../errors.ts'
import { firstAnswer, openKafka } from '../run/open-kafka.ts'

/** What every daily tool takes. */
export interface DailyFlags {
  readonly brokers: string
  readonly json?: boolean
  readonly login?: string
  readonly passwordFile?: string
  readonly tokenFile?: string
  readonly mechanism?: SaslOptions['mechanism']
  readonly tls?: boolean
  readonly ca?: string
  readonly cert?: string
  readonly certKey?: string
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

async function security(flags: DailyFlags): Promise<NetworkTransportOptions> {
  const [tls, sasl] = [await tlsOptions(flags), await saslOptions(flags)]
  return { ...(tls && { tls }), ...(sasl && { sasl }) }
}

async function tlsOptions({ tls, ca, cert, certKey }: DailyFlags): Promise<NetworkTransportOptions['tls']> {
  if (!tls) {
    if (cert === undefined && certKey === undefined && ca === undefined) return undefined
    throw millraceError('USAGE', 'certificates are for listeners with TLS: add --tls')
  }
  if (cert === undefined && certKey !== undefined) {
    throw millraceError('USAGE', '--cert-key needs the certificate that the key belongs to: --cert')
  }
  return {
    ...(ca !== undefined && { ca: await textOf(ca) }),
    // One PEM file may hold both, as the broker's keystore does.
    ...(cert !== undefined && { cert: await textOf(cert), key: await textOf(certKey ?? cert) }),
  }
}

/** Passwords and tokens come from a file or the environment: arguments are for everyone on the machine to see. */
async function saslOptions(flags: DailyFlags): Promise<SaslOptions | undefined> {
  const { login: username, passwordFile, tokenFile, mechanism = 'SCRAM-SHA-512' } = flags
  if (mechanism === 'OAUTHBEARER') {
    if (tokenFile === undefined) throw millraceError('USAGE', '--mechanism OAUTHBEARER needs a token: --token-file')
    // Read for every connection: what renews the token writes the file anew.
    return { mechanism, token: async () => (await textOf(tokenFile)).trim() }
  }
  if (tokenFile !== undefined) throw millraceError('USAGE', '--token-file is for --mechanism OAUTHBEARER')
  if (username === undefined) return undefined
  const password =
    passwordFile === undefined
      ? process.env.MILLRACE_KAFKA_PASSWORD
      : (await textOf(passwordFile)).replace(/\r?\n$/, '')
  if (!password) {
    throw millraceError('USAGE', `--login ${username} needs a password: --password-file, or MILLRACE_KAFKA_PASSWORD`)
  }
  return { mechanism, username, password }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}
