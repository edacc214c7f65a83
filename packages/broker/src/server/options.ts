import { isIP } from 'node:net'
import type { Durability } from '../core/broker-core.ts'
import { brokerError } from '../errors.ts'

/** How a broker is started; everything has a default. */
export interface BrokerOptions {
  /** Keep everything in memory; it is gone when the broker closes. The default when there is no `dataDir`. */
  readonly memory?: boolean
  /** The folder that holds the data; created when missing. */
  readonly dataDir?: string
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** The port to listen on; 0, the default, takes any free one. */
  readonly port?: number
  /**
   * `write` (default): what is acknowledged survives a killed process. `fsync`: it survives a power loss; acknowledgements wait for the
   * device, which is shared by all that arrived meanwhile.
   */
  readonly durability?: Durability
  /** Whether the broker runs in its own worker thread; default true. */
  readonly worker?: boolean
  /** Broker settings under Kafka's dotted names, for example `{ 'num.partitions': '3' }`. */
  readonly config?: Readonly<Record<string, string>>
  /** The host that clients are told to connect to; default `host`. */
  readonly advertisedHost?: string
  /** Allows a `host` beyond loopback although there is no authentication: anyone who reaches the port may read and write. */
  readonly allowNonLoopback?: boolean
}

/** Options with every default filled in; plain data, so that a worker can take it. */
export interface ResolvedOptions {
  readonly dataDir: string | undefined
  readonly host: string
  readonly port: number
  readonly durability: Durability
  readonly config: Readonly<Record<string, string>>
  readonly advertisedHost: string
}

/** Throws BROKER_CONFIG_INVALID for options that contradict each other, BROKER_HOST_NOT_LOOPBACK for an open host. */
export function resolveOptions(options: BrokerOptions): ResolvedOptions {
  const { host = '127.0.0.1', port = 0, durability = 'write', memory, dataDir } = options
  if (memory && dataDir !== undefined) {
    throw brokerError('BROKER_CONFIG_INVALID', 'memory and dataDir exclude each other', { dataDir })
  }
  if (memory === false && dataDir === undefined) {
    throw brokerError('BROKER_CONFIG_INVALID', 'without memory a dataDir is needed')
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw brokerError('BROKER_CONFIG_INVALID', `port ${port} is not between 0 and 65535`, { port })
  }
  if (durability !== 'write' && durability !== 'fsync') {
    throw brokerError('BROKER_CONFIG_INVALID', `durability is write or fsync, not ${String(durability)}`)
  }
  if (!isLoopback(host) && !options.allowNonLoopback) {
    throw brokerError('BROKER_HOST_NOT_LOOPBACK', `${host} is not a loopback address`, { host })
  }
  return {
    dataDir,
    host,
    port,
    durability,
    config: options.config ?? {},
    advertisedHost: options.advertisedHost ?? (isWildcard(host) ? '127.0.0.1' : host),
  }
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.')
  return host === 'localhost' || host === '::1'
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
