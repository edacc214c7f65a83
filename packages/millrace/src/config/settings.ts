import { millraceError } from '../errors.ts'

/** Where a setting's value came from; the first in this list that has one wins. */
export type Origin = 'flag' | 'environment' | '.env' | 'config' | 'default'

export interface SettingDescription {
  /** Absent for what must not stand on a command line. */
  readonly flag: string | undefined
  readonly environment: string
  /** A switch is `true` or `false`; its flag has no value. */
  readonly type: 'string' | 'port' | 'switch'
  readonly default: string | undefined
  /** What its values are. */
  readonly oneOf?: readonly string[]
  readonly help: string
}

/** How to log in to brokers: the same for every command that connects to some, and under `kafka` in a configuration. */
export const kafkaSettingTable = {
  tls: {
    flag: 'tls',
    environment: 'MILLRACE_KAFKA_TLS',
    type: 'switch',
    default: undefined,
    help: 'the listener speaks TLS',
  },
  ca: {
    flag: 'ca',
    environment: 'MILLRACE_KAFKA_CA',
    type: 'string',
    default: undefined,
    help: 'file with the certificates to trust, in PEM; with tls',
  },
  cert: {
    flag: 'cert',
    environment: 'MILLRACE_KAFKA_CERT',
    type: 'string',
    default: undefined,
    help: 'file with the certificate of the client, in PEM; with tls',
  },
  certKey: {
    flag: 'cert-key',
    environment: 'MILLRACE_KAFKA_CERT_KEY',
    type: 'string',
    default: undefined,
    help: 'file with its private key, in PEM; without one it is in the file of the certificate',
  },
  login: {
    flag: 'login',
    environment: 'MILLRACE_KAFKA_USER',
    type: 'string',
    default: undefined,
    help: 'user to log in as, with SASL',
  },
  password: {
    flag: undefined,
    environment: 'MILLRACE_KAFKA_PASSWORD',
    type: 'string',
    default: undefined,
    help: "the user's password, where no file has it",
  },
  passwordFile: {
    flag: 'password-file',
    environment: 'MILLRACE_KAFKA_PASSWORD_FILE',
    type: 'string',
    default: undefined,
    help: "file with the user's password",
  },
  mechanism: {
    flag: 'mechanism',
    environment: 'MILLRACE_KAFKA_MECHANISM',
    type: 'string',
    default: 'SCRAM-SHA-512',
    oneOf: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
    help: 'how to log in; SCRAM-SHA-512 unless it says otherwise',
  },
  tokenFile: {
    flag: 'token-file',
    environment: 'MILLRACE_KAFKA_TOKEN_FILE',
    type: 'string',
    default: undefined,
    help: 'file with the token, with mechanism OAUTHBEARER; read for every connection',
  },
} as const satisfies Record<string, SettingDescription>

export type KafkaSettingName = keyof typeof kafkaSettingTable

/** What can be set from outside a configuration file. `docs/reference/configuration.md` is generated from this table. */
export const settingTable = {
  brokers: {
    flag: 'brokers',
    environment: 'MILLRACE_BROKERS',
    type: 'string',
    default: undefined,
    help: 'Kafka bootstrap servers, host:port separated by commas',
  },
  ...kafkaSettingTable,
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
  gatewayToken: {
    flag: undefined,
    environment: 'MILLRACE_GATEWAY_TOKEN',
    type: 'string',
    default: undefined,
    help: 'what requests to the gateway must carry, where no file has it; the same on all instances',
  },
  gatewayTokenFile: {
    flag: 'gateway-token-file',
    environment: 'MILLRACE_GATEWAY_TOKEN_FILE',
    type: 'string',
    default: undefined,
    help: 'file with the token that requests to the gateway must carry; required beyond loopback',
  },
  gatewayAllowAnonymous: {
    flag: 'gateway-allow-anonymous',
    environment: 'MILLRACE_GATEWAY_ALLOW_ANONYMOUS',
    type: 'switch',
    default: undefined,
    help: 'listen beyond loopback without a token: everybody reads who reaches the address',
  },
  gatewayOrigins: {
    flag: 'gateway-origins',
    environment: 'MILLRACE_GATEWAY_ORIGINS',
    type: 'string',
    default: undefined,
    help: 'origins whose pages may ask for state from a browser, separated by commas; * for all, not beside a token',
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
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly dotenv: Readonly<Record<string, string | undefined>>
  readonly config: Readonly<Partial<Record<SettingName, string | number | boolean | readonly string[] | undefined>>>
}

/** Flags win over the environment, that over `.env`, that over the configuration file, that over defaults. */
export function resolveSettings(sources: SettingSources): Settings {
  return resolveAll(settingTable, sources)
}

/** The same for those alone that say how to log in: all that the daily tools ask for. */
export function resolveKafkaSettings(sources: SettingSources): Readonly<Record<KafkaSettingName, Setting>> {
  return resolveAll(kafkaSettingTable, sources)
}

function resolveAll<Name extends SettingName>(
  table: Readonly<Record<Name, unknown>>,
  sources: SettingSources,
): Readonly<Record<Name, Setting>> {
  const names = Object.keys(table) as Name[]
  return Object.fromEntries(names.map((name) => [name, checked(name, resolveOne(name, sources))])) as Record<
    Name,
    Setting
  >
}

function resolveOne(name: SettingName, sources: SettingSources): Setting {
  const { environment: variable, default: fallback } = settingTable[name]
  const fromConfig = sources.config[name]
  const candidates: readonly (readonly [Origin, string | undefined])[] = [
    ['flag', textOf(sources.flags[name])],
    ['environment', sources.environment[variable]],
    ['.env', sources.dotenv[variable]],
    ['config', fromConfig === undefined ? undefined : [fromConfig].flat().join(',')],
  ]
  for (const [origin, value] of candidates) {
    if (value !== undefined && value !== '') return { value, origin }
  }
  return { value: fallback, origin: 'default' }
}

function textOf(flag: string | boolean | undefined): string | undefined {
  return flag === undefined ? undefined : String(flag)
}

function checked(name: SettingName, { value, origin }: Setting): Setting {
  const expected = value === undefined ? undefined : refusalOf(settingTable[name], value)
  if (expected === undefined) return { value, origin }
  throw millraceError('CONFIG_INVALID', `${name} is "${value}" (from ${origin}), not ${expected}`)
}

/** What a value should be, where it is not. */
function refusalOf({ type, oneOf }: SettingDescription, value: string): string | undefined {
  if (type === 'port') {
    const port = Number(value)
    return Number.isInteger(port) && port >= 0 && port <= 65535 ? undefined : 'a port from 0 to 65535'
  }
  const words = type === 'switch' ? ['true', 'false'] : oneOf
  return words === undefined || words.includes(value) ? undefined : `one of ${words.join(', ')}`
}

/** Hides passwords inside URLs and whole values whose name says that they are secret; where a secret is kept is none. */
export function maskSecrets(name: string, value: string): string {
  if (/password|secret|token/i.test(name) && !/file$/i.test(name)) return value === '' ? '' : '********'
  return value.replace(/(\w+:\/\/[^:/@\s]*:)[^@\s]*(@)/g, '$1********$2')
}
