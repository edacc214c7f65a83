import { isIP } from 'node:net'
import type { Durability } from '../core/broker-core.ts'
import { BrokerConfig } from '../core/config/broker-config.ts'
import { listElements } from '../core/config/definition.ts'
import { standardAuthorizer } from '../core/config/security-config-definitions.ts'
import { type ListenerSettings, listenerSettings } from '../core/security/listener-settings.ts'
import { brokerError } from '../errors.ts'

/** How a broker is started; everything has a default. */
export interface BrokerOptions {
  /** Keep everything in memory; it is gone when the broker closes. The default when there is no `dataDir`. */
  readonly memory?: boolean
  /** The folder that holds the data; created when missing. */
  readonly dataDir?: string
  /**
   * A host, or container, that held the data folder and is gone for certain: its lock is taken over. The name stands in the error
   * that refuses the folder.
   */
  readonly takeOverFrom?: string
  /** The address to listen on; default `127.0.0.1`. With `port` the short form of one listener without TLS and SASL. */
  readonly host?: string
  /** The port to listen on; 0, the default, takes any free one. */
  readonly port?: number
  /**
   * `write` (default): what is acknowledged survives a killed process. `fsync`: it survives a power loss; acknowledgements wait for the
   * device, which is shared by all that arrived meanwhile.
   */
  readonly durability?: Durability
  /** Whether the broker runs in its own worker thread; by default one with a `dataDir` does, one in memory does not. */
  readonly worker?: boolean
  /**
   * Broker settings under Kafka's dotted names.
   *
   * @example
   * { 'num.partitions': '3', listeners: 'SASL_SSL://127.0.0.1:9093', 'ssl.keystore.location': 'broker.pem' }
   */
  readonly config?: Readonly<Record<string, string>>
  /** The host that clients are told to connect to; default `host`. */
  readonly advertisedHost?: string
  /**
   * Users and their passwords: for PLAIN on every listener that offers it, and the first SCRAM credentials of users that have none
   * stored, so that the first administrator can log in.
   */
  readonly users?: Readonly<Record<string, string>>
  /**
   * Switches ACLs on and names those to whom none applies: users like `admin`, or principals like `User:CN=ops,O=Acme`. All others may
   * do what ACLs allow them. The short form of `authorizer.class.name` and `super.users`.
   */
  readonly superUsers?: readonly string[]
  /**
   * Allows listeners beyond loopback where anyone who reaches the port may read and write, or where passwords can be read on the
   * network.
   */
  readonly allowNonLoopback?: boolean
}

/** Options with every default filled in; plain data, so that a worker can take it. */
export interface ResolvedOptions {
  readonly dataDir: string | undefined
  readonly durability: Durability
  /** With `listeners` filled in. */
  readonly config: Readonly<Record<string, string>>
  readonly listeners: readonly ListenerSettings[]
  readonly users: Readonly<Record<string, string>>
}

/** Throws BROKER_CONFIG_INVALID for options that contradict each other, BROKER_HOST_NOT_LOOPBACK for an open listener. */
export function resolveOptions(options: BrokerOptions): ResolvedOptions {
  const { durability = 'write', memory, dataDir, users = {} } = options
  if (memory && dataDir !== undefined) {
    throw brokerError('BROKER_CONFIG_INVALID', 'memory and dataDir exclude each other', { dataDir })
  }
  if (memory === false && dataDir === undefined) {
    throw brokerError('BROKER_CONFIG_INVALID', 'without memory a dataDir is needed')
  }
  if (durability !== 'write' && durability !== 'fsync') {
    throw brokerError('BROKER_CONFIG_INVALID', `durability is write or fsync, not ${String(durability)}`)
  }
  for (const [user, password] of Object.entries(users)) {
    if (user === '' || typeof password !== 'string' || password === '') {
      throw brokerError('BROKER_CONFIG_INVALID', `user ${user} has no name or no password`)
    }
  }
  const settings = withListeners({ ...options, config: withAuthorizer(options) })
  const config = new BrokerConfig(settings)
  const listeners = listenerSettings(config)
  for (const listener of listeners) {
    const exposure = options.allowNonLoopback ? undefined : exposureOf(listener, config)
    if (exposure) {
      const { name, host, securityProtocol } = listener
      const message = `listener ${name} (${securityProtocol}) on ${host} is beyond loopback, and ${exposure}`
      throw brokerError('BROKER_HOST_NOT_LOOPBACK', message, { host, listener: name })
    }
  }
  return { dataDir, durability, config: settings, listeners, users }
}

/** The short form, host and port, written as the one listener that it stands for. */
function withListeners({ host, port, advertisedHost, config = {} }: BrokerOptions): Readonly<Record<string, string>> {
  const short = { host, port, advertisedHost }
  if (config.listeners !== undefined) {
    const both = Object.entries(short).find(([, value]) => value !== undefined)
    if (!both) return config
    const message = `${both[0]} is the short form of listeners: the two exclude each other`
    throw brokerError('BROKER_CONFIG_INVALID', message, { name: 'listeners' })
  }
  const number = port ?? 0
  if (!Number.isInteger(number) || number < 0 || number > 65535) {
    throw brokerError('BROKER_CONFIG_INVALID', `port ${number} is not between 0 and 65535`, { port: number })
  }
  const endpoint = (address: string): string =>
    `PLAINTEXT://${isIP(address) === 6 ? `[${address}]` : address}:${number}`
  return {
    ...config,
    listeners: endpoint(host ?? '127.0.0.1'),
    ...(advertisedHost !== undefined && { 'advertised.listeners': endpoint(advertisedHost) }),
  }
}

/** The short form, super users, written as the settings that it stands for. */
function withAuthorizer({ superUsers, config = {} }: BrokerOptions): Readonly<Record<string, string>> {
  if (!superUsers) return config
  const both = ['authorizer.class.name', 'super.users'].find((name) => config[name] !== undefined)
  if (both !== undefined) {
    const message = `superUsers is the short form of ${both}: the two exclude each other`
    throw brokerError('BROKER_CONFIG_INVALID', message, { name: both })
  }
  const wrong = superUsers.find((name) => name.trim() === '' || name.includes(';'))
  if (wrong !== undefined) throw brokerError('BROKER_CONFIG_INVALID', `'${wrong}' in superUsers is no user`)
  const principals = superUsers.map((name) => (name.startsWith('User:') ? name : `User:${name}`))
  return { ...config, 'authorizer.class.name': standardAuthorizer, 'super.users': principals.join(';') }
}

/** What is wrong with opening a listener to the network; undefined when nothing is. */
function exposureOf(listener: ListenerSettings, config: BrokerConfig): string | undefined {
  if (isLoopback(listener.host)) return undefined
  switch (listener.securityProtocol) {
    case 'PLAINTEXT':
      return 'anyone could read and write there without authentication'
    case 'SSL': {
      const isRequired = config.ofListener(listener.name, 'ssl.client.auth') === 'required'
      return isRequired ? undefined : 'without ssl.client.auth=required anyone could read and write there'
    }
    case 'SASL_PLAINTEXT': {
      const mechanisms = listElements(config.ofListener(listener.name, 'sasl.enabled.mechanisms'))
      const readable = mechanisms.find((name) => name === 'PLAIN' || name === 'OAUTHBEARER')
      return readable && `what ${readable} sends could be read on the network; SASL_SSL encrypts it`
    }
    case 'SASL_SSL':
      return undefined
  }
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.')
  return host === 'localhost' || host === '::1'
}
