import type { ConnectPlugins, SinkConnector, SourceConnector } from '@millrace/connect'
import type { StreamsConfig } from '@millrace/streams'

/** A streams application: a module whose default export is a function that returns its topology. */
export interface AppReference {
  readonly kind: 'app'
  /** Path of the module, relative to the configuration file. */
  readonly path: string
  readonly options: AppOptions
}

export interface AppOptions {
  /** How often offsets, changelogs and outputs are committed together, in milliseconds. Default 100. */
  readonly commitIntervalMs?: number
  /** Limit of the record caches in front of the state stores, in bytes. Default: a share of `memoryBudgetBytes`. */
  readonly cacheMaxBytes?: number
  /** Default `exactly_once`. */
  readonly processingGuarantee?: 'exactly_once' | 'at_least_once'
  /** What to do with a record that cannot be decoded. Default `fail`. */
  readonly onDeserializationError?: 'fail' | 'dead-letter' | 'continue'
  /** What to do with a record on which the application's own code throws. Default `fail`. */
  readonly onProcessingError?: 'fail' | 'dead-letter' | 'continue'
  /** How many threads work on it in this process; default 1. More than one are workers. Not for brokers that ask for a login. */
  readonly threads?: number
  /**
   * Whether a single thread is a worker, too, so that the gateway's thread is free to answer for state while records are
   * processed at full rate. Default false. Not for brokers that ask for a login.
   */
  readonly workers?: boolean
  /** Settings under Kafka Streams' names: `{ 'max.task.idle.ms': 500 }`. Options beside it win. */
  readonly config?: StreamsConfig
}

/** How to log in to brokers. A password comes from a file or from MILLRACE_KAFKA_PASSWORD, never from a configuration. */
export interface KafkaOptions {
  /** The listener speaks TLS. Default false. */
  readonly tls?: boolean
  /** File with the certificates to trust, in PEM. Default: the usual public authorities. */
  readonly ca?: string
  /** File with the client's own certificate, in PEM. */
  readonly cert?: string
  /** File with its private key. Default: the file of `cert` holds it, too. */
  readonly certKey?: string
  /** User to log in as, with SASL. */
  readonly login?: string
  /** File with the user's password. */
  readonly passwordFile?: string
  /** Default SCRAM-SHA-512. */
  readonly mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  /** File with the token of OAUTHBEARER, read for every connection. */
  readonly tokenFile?: string
}

/** A worker for connectors that are described by properties, as Kafka Connect's are; the gateway has its REST API. */
export interface ConnectOptions {
  /** As `group.id` of a Kafka Connect worker. Default `millrace-connect`. */
  readonly groupId?: string
  /**
   * `topics` keeps configs and statuses in Kafka, in Kafka Connect's formats, so that what is created over HTTP is there after a
   * restart; `memory` runs `connectors` alone. Default `topics`.
   */
  readonly storage?: 'topics' | 'memory'
  /** Default `<groupId>-configs`. */
  readonly configTopic?: string
  /** Default `<groupId>-offsets`. */
  readonly offsetTopic?: string
  /** Default `<groupId>-status`. */
  readonly statusTopic?: string
  /** Converters of connectors that name none, and config providers, under a worker's names: `'key.converter': 'StringConverter'`. */
  readonly properties?: Readonly<Record<string, string>>
  /** Connectors: files with properties or JSON, relative to the configuration file, or the properties themselves. */
  readonly connectors?: readonly (string | Readonly<Record<string, string>>)[]
  /** Connectors, converters and transforms of your own. */
  readonly plugins?: Partial<ConnectPlugins>
}

/** Everything that one Millrace process or fleet runs. */
export interface MillraceConfig {
  /** Kafka bootstrap servers. `millrace dev` brings its own broker and ignores them unless --brokers is given. */
  readonly brokers?: string | readonly string[]
  /** How to log in to them; paths are relative to this file. The broker that `millrace dev` brings asks for nothing. */
  readonly kafka?: KafkaOptions
  /** Folder for state stores and the development broker's log. Default `.millrace` beside this file. */
  readonly dataDir?: string
  readonly gateway?: {
    /** Default 127.0.0.1. */
    readonly host?: string
    /** Default 8080; 0 takes a free port. */
    readonly port?: number
    /** host:port under which other instances reach this gateway. */
    readonly advertised?: string
    /**
     * File with the token that requests must carry, relative to this file; the same on all instances. Required beyond
     * loopback; or set MILLRACE_GATEWAY_TOKEN.
     */
    readonly tokenFile?: string
    /** Lets everybody read who reaches the address. Default false. */
    readonly allowAnonymous?: boolean
    /** Origins whose pages may ask for state from a browser: `https://shop.example`. Default: none. */
    readonly origins?: readonly string[]
  }
  /** One budget for caches, uncommitted state and fetch buffers of this process, in bytes. Default 256 MiB. */
  readonly memoryBudgetBytes?: number
  readonly sources?: readonly SourceConnector[]
  readonly apps?: readonly AppReference[]
  readonly sinks?: readonly SinkConnector[]
  /** Connectors from property files and over HTTP. Default: none. */
  readonly connect?: ConnectOptions
}

/** Names a streams application of this configuration by the path of its module, relative to the configuration file. */
export function app(path: string, options: AppOptions = {}): AppReference {
  return { kind: 'app', path, options }
}

/**
 * Declares what `millrace dev` and `millrace run` start. Returns its argument; the types are the point.
 *
 * @example
 * export default defineConfig({
 *   sources: [postgresOutbox({ url: env.ORDERS_URL, topics: [order] })],
 *   apps: [app('./spend.ts')],
 *   sinks: [postgresSink(spend, { url: env.REPORTING_URL, table: 'spend', mode: 'upsert' })],
 * })
 */
export function defineConfig(config: MillraceConfig): MillraceConfig {
  return config
}
