import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import { checkOptions, type OptionRules } from '@millrace/base/internal'
import { millraceError } from '../errors.ts'
import type { AppOptions, ConnectOptions, KafkaOptions, MillraceConfig } from './define-config.ts'
import { isProperties, propertyConfig } from './property-config.ts'
import { kafkaSettingTable, resolveSettings, type Settings } from './settings.ts'
import type { WorkerConfig } from './worker-properties.ts'

const defaultNames = ['millrace.config.ts', 'millrace.config.mts', 'millrace.config.js', 'millrace.config.mjs']

export interface LoadedConfig {
  readonly path: string
  /** Paths inside the configuration are relative to this folder. */
  readonly directory: string
  readonly config: MillraceConfig
  readonly settings: Settings
  /** Variables that `.env` added to `process.env`. */
  readonly fromDotenv: readonly string[]
  /** What is said of settings that have no effect. */
  readonly notes: readonly string[]
}

export interface LoadOptions {
  /** A module, or properties of a Kafka Connect worker or connector. */
  readonly path?: string | undefined
  /** Connectors beside properties: files with properties or JSON. */
  readonly more?: readonly string[]
  readonly flags?: Readonly<Record<string, string | boolean | undefined>>
  /** Read `.env` beside the configuration: in development only. */
  readonly dotenv?: boolean
}

const configRules: OptionRules<MillraceConfig> = {
  brokers: ['string', 'array'],
  kafka: 'object',
  dataDir: 'string',
  gateway: 'object',
  memoryBudgetBytes: { min: 1 << 20, integer: true },
  sources: 'array',
  apps: 'array',
  sinks: 'array',
  connect: 'object',
}
const connectRules: OptionRules<ConnectOptions> = {
  groupId: 'string',
  storage: { oneOf: ['topics', 'memory'] },
  configTopic: 'string',
  offsetTopic: 'string',
  statusTopic: 'string',
  properties: 'object',
  connectors: 'array',
  plugins: 'object',
}
const gatewayRules: OptionRules<NonNullable<MillraceConfig['gateway']>> = {
  host: 'string',
  port: { min: 0, max: 65_535, integer: true },
  advertised: 'string',
  tokenFile: 'string',
  allowAnonymous: 'boolean',
  origins: 'array',
}
const kafkaRules: OptionRules<KafkaOptions> = {
  tls: 'boolean',
  ca: 'string',
  cert: 'string',
  certKey: 'string',
  login: 'string',
  passwordFile: 'string',
  mechanism: { oneOf: kafkaSettingTable.mechanism.oneOf },
  tokenFile: 'string',
}
const onError = { oneOf: ['fail', 'dead-letter', 'continue'] } as const
const appRules: OptionRules<AppOptions> = {
  commitIntervalMs: { min: 1, integer: true },
  cacheMaxBytes: { min: 0, integer: true },
  processingGuarantee: { oneOf: ['exactly_once', 'at_least_once'] },
  onDeserializationError: onError,
  onProcessingError: onError,
  threads: { min: 1, max: 1_000, integer: true },
  workers: 'boolean',
  config: 'object',
}

/**
 * Reads a configuration and what the outside says about its settings. With `dotenv`, the values of `.env` stand in
 * `process.env` while the configuration is evaluated and after, wherever the environment itself has none.
 *
 * @throws CONFIG_NOT_FOUND, CONFIG_INVALID, CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const path = findConfig(options.path)
  const directory = dirname(path)
  // Taken before `.env` is added, so that a value's origin is known even where both say the same.
  const environment = { ...process.env }
  const dotenv = options.dotenv ? readDotenv(directory) : {}
  const added = Object.entries(dotenv).filter(([name]) => environment[name] === undefined)
  for (const [name, value] of added) process.env[name] = value
  const { config, notes, password } = isProperties(path)
    ? await propertyConfig(path, options.more ?? [])
    : await moduleConfig(path, options)
  const settings = resolveSettings({
    flags: options.flags ?? {},
    environment,
    dotenv,
    config: {
      brokers: config.brokers,
      ...config.kafka,
      password,
      dataDir: config.dataDir,
      gatewayHost: config.gateway?.host,
      gatewayPort: config.gateway?.port,
      advertised: config.gateway?.advertised,
      gatewayTokenFile: config.gateway?.tokenFile,
      gatewayAllowAnonymous: config.gateway?.allowAnonymous,
      gatewayOrigins: config.gateway?.origins?.join(','),
    },
  })
  return { path, directory, config, settings, fromDotenv: added.map(([name]) => name), notes }
}

async function moduleConfig(path: string, { more = [] }: LoadOptions): Promise<WorkerConfig> {
  if (more.length > 0) {
    const message = `connectors beside ${path} go into its "connect.connectors", not onto the command line: ${more.join(', ')}`
    throw millraceError('USAGE', message)
  }
  return { config: await importConfig(path), notes: [] }
}

function findConfig(given: string | undefined): string {
  const candidates = given === undefined ? defaultNames : [given]
  for (const candidate of candidates) {
    const path = resolve(candidate)
    if (existsSync(path)) return path
  }
  throw millraceError('CONFIG_NOT_FOUND', `no configuration at ${candidates.map((name) => resolve(name)).join(', ')}`)
}

function readDotenv(directory: string): Record<string, string | undefined> {
  const path = resolve(directory, '.env')
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

async function importConfig(path: string): Promise<MillraceConfig> {
  let loaded: { default?: unknown }
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
  } catch (error) {
    throw millraceError('CONFIG_INVALID', `${path} does not load`, { path }, error)
  }
  // A CommonJS project wraps the default export once more.
  const value = isObject(loaded.default) && 'default' in loaded.default ? loaded.default.default : loaded.default
  if (!isObject(value))
    throw millraceError('CONFIG_INVALID', `${path} does not export a configuration by default`, { path })
  checkOptions(path, value as MillraceConfig, configRules)
  const config = value as MillraceConfig
  if (config.gateway !== undefined) checkOptions(`"gateway" in ${path}`, config.gateway, gatewayRules)
  if (config.kafka !== undefined) checkOptions(`"kafka" in ${path}`, config.kafka, kafkaRules)
  if (config.connect !== undefined) checkOptions(`"connect" in ${path}`, config.connect, connectRules)
  checkParts(path, config)
  return config
}

/** A misplaced or half-written part would otherwise fail far from the line that is wrong. */
function checkParts(path: string, config: MillraceConfig): void {
  const names = new Set<string>()
  const refuse = (list: string, index: number, expected: string): never => {
    throw millraceError('CONFIG_INVALID', `${list}[${index}] in ${path} is not ${expected}`, { path })
  }
  for (const list of ['sources', 'sinks'] as const) {
    const kind = list === 'sources' ? 'source' : 'sink'
    for (const [index, connector] of (config[list] ?? []).entries()) {
      if (!isObject(connector) || connector.kind !== kind) refuse(list, index, `a ${kind}, as postgres…() makes them`)
      if (names.has(connector.name)) {
        const message = `two connectors in ${path} are named "${connector.name}"; give one of them another \`name\``
        throw millraceError('CONFIG_INVALID', message, { path, connector: connector.name })
      }
      names.add(connector.name)
    }
  }
  for (const [index, reference] of (config.apps ?? []).entries()) {
    if (!isObject(reference) || reference.kind !== 'app') refuse('apps', index, 'made by app(path)')
    if (typeof reference.path !== 'string') refuse('apps', index, 'the path of a module')
    checkOptions(`app('${reference.path}') in ${path}`, reference.options, appRules)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
