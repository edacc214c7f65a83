import { isMillraceError } from '@millrace/base'
import type { ConfigDef, ConfigKeys, ConfigOf, Properties } from '../config/config-def.ts'
import { kindOf } from '../data/kind-of.ts'
import type { ConnectHeader, ConnectRecord, SchemaAndValue } from '../data/record.ts'
import { connectError } from '../errors.ts'
import type { PredicatePlugin, Transform, TransformPlugin } from './transform.ts'

const transformsPackage = 'org.apache.kafka.connect.transforms'

/** What a transform makes of a key or value, and of the headers where it changes them. */
interface PartResult extends SchemaAndValue {
  readonly headers?: readonly ConnectHeader[]
}

type PartWork = (data: SchemaAndValue, record: ConnectRecord) => PartResult

/** The two plugins of a transform that works on keys (`Name$Key`) or values (`Name$Value`). */
export function keyAndValue<Keys extends ConfigKeys>(
  name: string,
  configDef: ConfigDef<Keys>,
  create: (config: ConfigOf<Keys>) => PartWork,
): readonly TransformPlugin[] {
  return (['key', 'value'] as const).map((part) => {
    const className = `${transformsPackage}.${name}$${part === 'key' ? 'Key' : 'Value'}`
    return plugin(className, configDef, (config) => {
      const work = create(config)
      return (record) => {
        const { headers = record.headers, ...data } = work(record[part], record)
        return { ...record, [part]: data, headers }
      }
    })
  })
}

/** The plugin of a transform of whole records. */
export function ofRecords<Keys extends ConfigKeys>(
  name: string,
  configDef: ConfigDef<Keys>,
  create: (config: ConfigOf<Keys>) => Transform['apply'],
): TransformPlugin {
  return plugin(`${transformsPackage}.${name}`, configDef, create)
}

/** The plugin of a predicate. */
export function predicate<Keys extends ConfigKeys>(
  name: string,
  configDef: ConfigDef<Keys>,
  create: (config: ConfigOf<Keys>) => (record: ConnectRecord) => boolean,
): PredicatePlugin {
  return {
    classNames: [`${transformsPackage}.predicates.${name}`],
    configDef: configDef as ConfigDef,
    create: (config: Properties) => ({ test: create(configDef.parse(name, config)) }),
  }
}

/** The plugin of a transform under a fully qualified name. */
export function plugin<Keys extends ConfigKeys>(
  className: string,
  configDef: ConfigDef<Keys>,
  create: (config: ConfigOf<Keys>) => Transform['apply'],
): TransformPlugin {
  const name = className.slice(className.lastIndexOf('.') + 1)
  return {
    classNames: [className],
    configDef: configDef as ConfigDef,
    create: (config: Properties) => {
      const apply = create(configDef.parse(name, config))
      const transform: Transform = { apply: (record) => refusing(name, apply, record) }
      // The headers of a refused record name the class at work.
      return Object.defineProperty(transform, 'constructor', { value: { name: className } })
    },
  }
}

/** What a transform stumbles over is the record's fault, whoever noticed it. */
function refusing(name: string, apply: Transform['apply'], record: ConnectRecord): ConnectRecord | undefined {
  try {
    return apply(record)
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw connectError('CONNECT_TRANSFORM_FAILED', `${name}: ${(error as Error).message}`, {}, error)
  }
}

/** The record cannot be transformed. */
export function failed(message: string): Error {
  return connectError('CONNECT_TRANSFORM_FAILED', message)
}

/** The transform's config does not make sense. */
export function invalid(message: string): Error {
  return connectError('CONNECT_CONFIG_INVALID', message)
}

/** A value without schema that has fields. */
export function requireObject(value: unknown, purpose: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value
  throw failed(`${purpose} needs an object where there is no schema, not ${kindOf(value)}`)
}

/** A struct's value. */
export function requireStruct(data: SchemaAndValue, purpose: string): Readonly<Record<string, unknown>> {
  if (data.schema?.type === 'struct' && isObject(data.value)) return data.value
  const found = data.schema?.type === 'struct' || !data.schema ? kindOf(data.value) : `a ${data.schema.type}`
  throw failed(`${purpose} needs a struct, not ${found}`)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Map || value instanceof Uint8Array || value instanceof Date)
}

/** Whether there is nothing to transform: a tombstone. */
export function isNothing({ value }: SchemaAndValue): boolean {
  return value === null || value === undefined
}
