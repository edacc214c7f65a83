import { baseError, unknownOption } from '@millrace/base/internal'
import type { SchemaRegistryOptions } from './client/schema-registry.ts'
import type { SerdeOptions } from './serde/serde-options.ts'
import { type SubjectNameStrategy, type SubjectOf, subjectName } from './serde/subject-name.ts'

type Settings = Readonly<Record<string, string | number | boolean | undefined>>

const booleans = {
  'auto.register.schemas': 'autoRegisterSchemas',
  'use.latest.version': 'useLatestVersion',
  'latest.compatibility.strict': 'latestCompatibilityStrict',
  'id.compatibility.strict': 'idCompatibilityStrict',
  'normalize.schemas': 'normalizeSchemas',
} as const satisfies Readonly<Record<string, keyof SerdeOptions>>

const strategies: Readonly<Record<string, Exclude<SubjectNameStrategy, (of: SubjectOf) => string>>> = {
  TopicNameStrategy: 'topic',
  RecordNameStrategy: 'record',
  TopicRecordNameStrategy: 'topicRecord',
}

const known = [
  ...Object.keys(booleans),
  'schema.registry.url',
  'basic.auth.credentials.source',
  'basic.auth.user.info',
  'schema.registry.basic.auth.user.info',
  'bearer.auth.credentials.source',
  'bearer.auth.token',
  'use.schema.id',
  'key.subject.name.strategy',
  'value.subject.name.strategy',
]

/**
 * Options from settings under the names that serialisers in other languages have for them, so that a configuration can be
 * kept.
 *
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION
 * @example
 * const registry = schemaRegistry(registryConfig({ 'schema.registry.url': 'http://registry:8081', 'auto.register.schemas': false }))
 */
export function registryConfig(settings: Settings): SchemaRegistryOptions {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && !known.includes(name)) throw unknownOption('registryConfig', name, known)
  }
  const auth = authOf(settings)
  const serdes: { -readonly [Name in keyof SerdeOptions]: SerdeOptions[Name] } = {}
  for (const [name, option] of Object.entries(booleans)) {
    const value = booleanIn(settings, name)
    if (value !== undefined) serdes[option] = value
  }
  const id = settings['use.schema.id']
  // -1 stands for none.
  if (id !== undefined && Number(id) >= 0) serdes.useSchemaId = Number(id)
  const naming = namingOf(settings)
  if (naming !== undefined) serdes.subjectName = naming
  return { urls: String(settings['schema.registry.url'] ?? ''), ...(auth && { auth }), serdes }
}

function authOf(settings: Settings): SchemaRegistryOptions['auth'] {
  const token = settings['bearer.auth.token']
  const bearer = settings['bearer.auth.credentials.source'] ?? (token === undefined ? undefined : 'STATIC_TOKEN')
  if (bearer !== undefined) {
    if (bearer === 'STATIC_TOKEN' && token !== undefined) return { token: String(token) }
    throw invalid(
      'bearer.auth.credentials.source',
      'STATIC_TOKEN with bearer.auth.token; for others give `auth` a function',
    )
  }
  const source = settings['basic.auth.credentials.source'] ?? 'URL'
  if (source === 'URL') return undefined
  const info = String(settings['basic.auth.user.info'] ?? settings['schema.registry.basic.auth.user.info'] ?? '')
  const colon = info.indexOf(':')
  if (source !== 'USER_INFO' || colon < 1) {
    throw invalid('basic.auth.credentials.source', 'URL, or USER_INFO with name:password in basic.auth.user.info')
  }
  return { username: info.slice(0, colon), password: info.slice(colon + 1) }
}

function namingOf(settings: Settings): SubjectNameStrategy | undefined {
  const key = strategyIn(settings, 'key.subject.name.strategy')
  const value = strategyIn(settings, 'value.subject.name.strategy')
  if (key === value) return key
  return (of) => subjectName((of.role === 'key' ? key : value) ?? 'topic', of)
}

/** Class names of other languages are understood by their last part. */
function strategyIn(settings: Settings, name: string): SubjectNameStrategy | undefined {
  const given = settings[name]
  if (given === undefined) return undefined
  const strategy = strategies[String(given).split('.').at(-1)!]
  if (strategy !== undefined) return strategy
  throw invalid(name, `one of ${Object.keys(strategies).join(', ')}; others are functions, \`subjectName\``)
}

function booleanIn(settings: Settings, name: string): boolean | undefined {
  const given = settings[name]
  if (given === undefined) return undefined
  if (String(given) === 'true' || String(given) === 'false') return String(given) === 'true'
  throw invalid(name, 'true or false')
}

function invalid(option: string, expected: string): Error {
  return baseError('CONFIG_INVALID_OPTION', `registryConfig: \`${option}\` must be ${expected}`, { option })
}
