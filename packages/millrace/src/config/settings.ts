import { millraceError } from '../errors.ts'

/** Where a setting's value came from; the first in this list that has one wins. */
export type Origin = 'flag' | 'environment' | '.env' | 'config' | 'default'

interface SettingDescription {
  readonly flag: string
  readonly environment: string
  readonly type: 'string' | 'port'
  readonly default: string | undefined
  readonly secret?: true
  readonly help: string
}

/** What can be set from outside a configuration file. `docs/reference/configuration.md` is generated from this table. */
export const settingTable = {
  brokers: {
    flag: 'brokers',
    environment: 'MILLRACE_BROKERS',
    type: 'string',
    default: undefined,
    help: 'Kafka bootstrap servers, host:port separated by commas',
  },
  dataDir: {
    flag: 'data-dir',
    environment: 'MILLRACE_DATA_DIR',
    type: 'string',
    default: '.millrace',
    help: 'folder for state stores and, in dev, the broker log; relative to the configuration file',
  },
  gatewayHost: {
    flag: 'gateway-host',
    environment: 'MILLRACE_GATEWAY_HOST',
    type: 'string',
    default: '127.0.0.1',
    help: 'address that the HTTP gateway listens on',
  },
  gatewayPort: {
    flag: 'gateway-port',
    environment: 'MILLRACE_GATEWAY_PORT',
    type: 'port',
    default: '8080',
    help: 'port of the HTTP gateway, 0 for a free one',
  },
  advertised: {
    flag: 'advertised',
    environment: 'MILLRACE_ADVERTISED',
    type: 'string',
    default: undefined,
    help: 'host:port under which other instances reach this gateway; default: where it listens',
  },
  instanceId: {
    flag: 'instance-id',
    environment: 'MILLRACE_INSTANCE_ID',
    type: 'string',
    default: undefined,
    help: 'stable name of this instance; default: one kept in the data folder',
  },
} as const satisfies Record<string, SettingDescription>

export type SettingName = keyof typeof settingTable

export interface Setting {
  readonly value: string | undefined
  readonly origin: Origin
}

export type Settings = Readonly<Record<SettingName, Setting>>

export interface SettingSources {
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly dotenv: Readonly<Record<string, string | undefined>>
  readonly config: Readonly<Partial<Record<SettingName, string | number | readonly string[] | undefined>>>
}

/** Flags win over the environment, that over `.env`, that over the configuration file, that over defaults. */
export function resolveSettings(sources: SettingSources): Settings {
  const names = Object.keys(settingTable) as SettingName[]
  return Object.fromEntries(names.map((name) => [name, checked(name, resolveOne(name, sources))])) as Record<
    SettingName,
    Setting
  >
}

function resolveOne(name: SettingName, sources: SettingSources): Setting {
  const { environment: variable, default: fallback } = settingTable[name]
  const fromConfig = sources.config[name]
  const candidates: readonly (readonly [Origin, string | undefined])[] = [
    ['flag', sources.flags[name]],
    ['environment', sources.environment[variable]],
    ['.env', sources.dotenv[variable]],
    ['config', fromConfig === undefined ? undefined : [fromConfig].flat().join(',')],
  ]
  for (const [origin, value] of candidates) {
    if (value !== undefined && value !== '') return { value, origin }
  }
  return { value: fallback, origin: 'default' }
}

function checked(name: SettingName, setting: Setting): Setting {
  if (settingTable[name].type === 'port' && setting.value !== undefined) {
    const port = Number(setting.value)
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw millraceError(
        'CONFIG_INVALID',
        `${name} is "${setting.value}" (from ${setting.origin}), not a port from 0 to 65535`,
      )
    }
  }
  return setting
}

/** Hides passwords inside URLs and whole values whose name says that they are secret. */
export function maskSecrets(name: string, value: string): string {
  if (/password|secret|token/i.test(name)) return '********'
  return value.replace(/(\w+:\/\/[^:/@\s]*:)[^@\s]*(@)/g, '$1********$2')
}
