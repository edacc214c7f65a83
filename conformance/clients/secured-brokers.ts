import { pathToFileURL } from 'node:url'
import { type Broker, startBroker } from '@millrace/broker'
import {
  type Authority,
  authority,
  type Identity,
  type TemporaryFolder,
  temporaryFolder,
} from '../../packages/broker/test/support/certificates.ts'
import { type Issuer, issuer } from '../../packages/broker/test/support/issuer.ts'
import { type ApacheKafka, startApacheKafka } from '../kafka/apache-kafka.ts'

export const modules = 'org.apache.kafka.common.security'
export const plainModule = `${modules}.plain.PlainLoginModule required`
export const scramModule = `${modules}.scram.ScramLoginModule required`
export const bearerModule = `${modules}.oauthbearer.OAuthBearerLoginModule required`

/** Listeners beside the plain one: their protocol, and what only they have. */
const listeners = { TLS: 'SSL', MUTUAL: 'SSL', SECURE: 'SASL_SSL', SHORT: 'SASL_SSL' } as const
export type ListenerName = keyof typeof listeners

/** Both brokers with the same listeners, certificates, users and issuer of tokens. */
export interface SecuredBrokers extends AsyncDisposable {
  readonly folder: TemporaryFolder
  readonly ca: Authority
  /** A client that the authority knows, and one of another authority, both by the name of alice. */
  readonly alice: Identity
  readonly stranger: Identity
  readonly tokens: Issuer
  readonly millrace: Broker
  /** Absent where Java is missing. */
  readonly kafka: ApacheKafka | undefined
  /** `host:port` of a listener. */
  ours(name: ListenerName): string
  theirs(name: ListenerName): string
  /** Writes a token for alice to a file; Apache Kafka's clients are given its URL. */
  tokenFile(name: string, claims: Record<string, unknown>, from?: Issuer): Promise<string>
  /** The URLs that Java's side may read, as it takes them. */
  allowedUrls(): string
}

export interface SecuredBrokersOptions {
  readonly withKafka: boolean
  /** Who may log in with which password: by SCRAM, and by PLAIN. */
  readonly scramUsers: Readonly<Record<string, string>>
  readonly plainUsers: Readonly<Record<string, string>>
  /** Further settings of both. */
  readonly config?: Readonly<Record<string, string>>
}

export async function startSecuredBrokers(options: SecuredBrokersOptions): Promise<SecuredBrokers> {
  const [folder, ca, tokens] = await Promise.all([temporaryFolder(), authority(), issuer()])
  const name = [
    ['CN', 'alice'],
    ['O', 'Acme'],
  ] as const
  const alice = await ca.client(name)
  const stranger = await (await authority('Another')).client(name)
  await folder.write('ca.pem', ca.cert)
  const { config, jwksUrl } = await settings(folder, ca, tokens, options)
  const own = Object.keys(listeners).map((listener) => `${listener}://127.0.0.1:0`)
  const millrace = await startBroker({
    memory: true,
    worker: true,
    users: options.scramUsers,
    config: {
      ...config,
      listeners: ['PLAINTEXT://127.0.0.1:0', ...own].join(','),
      'listener.security.protocol.map': [
        'PLAINTEXT:PLAINTEXT',
        ...Object.entries(listeners).map((one) => one.join(':')),
      ].join(','),
    },
  })
  const urls = [jwksUrl]
  const kafka = options.withKafka ? await startKafka(config, options, jwksUrl) : undefined
  return {
    ...{ folder, ca, alice, stranger, tokens, millrace, kafka },
    ours: (listener) => millrace.endpoints.find((one) => one.listener === listener)!.brokers,
    theirs: (listener) => kafka!.listeners[listener]!,
    async tokenFile(file, claims, from = tokens) {
      const path = await folder.write(`${file}.jwt`, await from.token(claims))
      urls.push(pathToFileURL(path).href)
      return path
    },
    allowedUrls: () => urls.join(','),
    async [Symbol.asyncDispose]() {
      await millrace.close()
      await kafka?.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export const allowedUrlsProperty = 'org.apache.kafka.sasl.oauthbearer.allowed.urls'

async function startKafka(
  config: Readonly<Record<string, string>>,
  { scramUsers }: SecuredBrokersOptions,
  jwksUrl: string,
): Promise<ApacheKafka> {
  const scram = Object.entries(scramUsers).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[name=${name},password=${password}]`),
  )
  // Apache Kafka reads token keys only from where its own property allows; its process inherits the environment.
  const before = process.env.JAVA_TOOL_OPTIONS
  process.env.JAVA_TOOL_OPTIONS = `-D${allowedUrlsProperty}=${jwksUrl}`
  try {
    return await startApacheKafka({ config, listeners, scram })
  } finally {
    if (before === undefined) delete process.env.JAVA_TOOL_OPTIONS
    else process.env.JAVA_TOOL_OPTIONS = before
  }
}

/** Settings that both brokers take, word for word. */
async function settings(
  folder: TemporaryFolder,
  ca: Authority,
  tokens: Issuer,
  { plainUsers, config }: SecuredBrokersOptions,
): Promise<{ config: Record<string, string>; jwksUrl: string }> {
  const { key, cert } = await ca.server()
  const jwksUrl = pathToFileURL(await folder.write('jwks.json', tokens.jwks)).href
  const users = Object.entries(plainUsers).map(([name, password]) => `user_${name}="${password}"`)
  const plainLogin = `${plainModule} ${users.join(' ')};`
  return {
    jwksUrl,
    config: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': await folder.write('broker.pem', [key, cert].join('\n')),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': await folder.write('trust.pem', ca.cert),
      'listener.name.mutual.ssl.client.auth': 'required',
      'sasl.oauthbearer.jwks.endpoint.url': jwksUrl,
      'sasl.oauthbearer.expected.issuer': 'https://issuer.example',
      'sasl.oauthbearer.expected.audience': 'kafka',
      'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.secure.plain.sasl.jaas.config': plainLogin,
      'listener.name.secure.scram-sha-256.sasl.jaas.config': `${scramModule};`,
      'listener.name.secure.scram-sha-512.sasl.jaas.config': `${scramModule};`,
      'listener.name.secure.oauthbearer.sasl.jaas.config': `${bearerModule};`,
      'listener.name.secure.oauthbearer.sasl.server.callback.handler.class': `${modules}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
      'listener.name.short.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.short.plain.sasl.jaas.config': plainLogin,
      'listener.name.short.connections.max.reauth.ms': '1200',
      ...config,
    },
  }
}
