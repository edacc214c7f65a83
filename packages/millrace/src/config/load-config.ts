import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import { millraceError } from '../errors.ts'
import type { MillraceConfig } from './define-config.ts'
import { resolveSettings, type Settings } from './settings.ts'

const defaultNames = ['millrace.config.ts', 'millrace.config.mts', 'millrace.config.js', 'millrace.config.mjs']

export interface LoadedConfig {
  readonly path: string
  /** Paths inside the configuration are relative to this folder. */
  readonly directory: string
  readonly config: MillraceConfig
  readonly settings: Settings
}

export interface LoadOptions {
  readonly path?: string | undefined
  readonly flags?: Readonly<Record<string, string | undefined>>
  /** Read `.env` beside the configuration: in development only. */
  readonly dotenv?: boolean
  /** Extra values for the environment, for instance the address of the development broker. */
  readonly environment?: Readonly<Record<string, string>>
}

const knownOptions: ReadonlySet<string> = new Set<keyof MillraceConfig>([
  'brokers',
  'dataDir',
  'gateway',
  'memoryBudgetBytes',
  'sources',
  'apps',
  'sinks',
])
const knownGatewayOptions: ReadonlySet<string> = new Set(['host', 'port', 'advertised'])

/** @throws CONFIG_NOT_FOUND, CONFIG_INVALID */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const path = findConfig(options.path)
  const directory = dirname(path)
  const dotenv = options.dotenv ? readDotenv(directory) : {}
  for (const [name, value] of Object.entries(dotenv)) {
    if (value !== undefined) process.env[name] ??= value
  }
  const config = await importConfig(path)
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => dotenv[name] === undefined || dotenv[name] !== value),
  )
  const settings = resolveSettings({
    flags: options.flags ?? {},
    environment: { ...environment, ...options.environment },
    dotenv,
    config: {
      brokers: config.brokers,
      dataDir: config.dataDir,
      gatewayHost: config.gateway?.host,
      gatewayPort: config.gateway?.port,
      advertised: config.gateway?.advertised,
    },
  })
  return { path, directory, config, settings }
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
  refuseUnknown(path, '', value, knownOptions)
  if (isObject(value.gateway)) refuseUnknown(path, 'gateway.', value.gateway, knownGatewayOptions)
  for (const list of ['sources', 'apps', 'sinks']) {
    if (value[list] !== undefined && !Array.isArray(value[list])) {
      throw millraceError('CONFIG_INVALID', `"${list}" in ${path} is not an array`, { path })
    }
  }
  return value as MillraceConfig
}

function refuseUnknown(path: string, prefix: string, value: object, known: ReadonlySet<string>): void {
  for (const name of Object.keys(value)) {
    if (known.has(name)) continue
    const list = [...known].map((option) => prefix + option).join(', ')
    throw millraceError('CONFIG_INVALID', `unknown option "${prefix}${name}" in ${path}; the options are ${list}`, {
      path,
    })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
