import { checkOptions } from '@millrace/base/internal'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { contractError } from './errors.ts'
import { keySchemaSerde, valueSchemaSerde } from './schema-serde.ts'
import type { Serde, SerdeRole } from './serde.ts'

/**
 * What everyone who writes or reads a topic agrees on. `K` and `V` are what readers get, `KIn` and `VIn` what writers
 * pass.
 */
export interface TopicContract<K, V, KIn = K, VIn = V> {
  readonly name: string
  readonly key: Serde<K, KIn>
  readonly value: Serde<V, VIn>
  /** How many partitions the topic is created with. */
  readonly partitions?: number
  /** Topic settings by their Kafka names, used when the topic is created. */
  readonly config?: Readonly<Record<string, string>>
}

/** Any contract, where its types do not matter. */
export type AnyTopicContract = TopicContract<unknown, unknown, never, never>

/** A built-in or own serde, or a validator of any Standard Schema library (zod, valibot, arktype …). */
export type SerdeOrSchema = Serde<unknown, never> | StandardSchemaV1<unknown, unknown>

/** What readers get from a serde or schema. */
export type ReadType<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : S extends { deserialize(bytes: Uint8Array): infer T }
    ? T
    : never

/** What writers pass to a serde or schema. */
export type WriteType<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<S>
  : S extends { serialize(value: infer T): Uint8Array }
    ? T
    : never

/** The key as readers get it. */
export type KeyOf<C extends AnyTopicContract> = ReturnType<C['key']['deserialize']>
/** The value as readers get it. */
export type ValueOf<C extends AnyTopicContract> = ReturnType<C['value']['deserialize']>
/** The key as writers pass it. */
export type KeyInput<C extends AnyTopicContract> = Parameters<C['key']['serialize']>[0]
/** The value as writers pass it. */
export type ValueInput<C extends AnyTopicContract> = Parameters<C['value']['serialize']>[0]

export interface TopicDeclaration<K extends SerdeOrSchema, V extends SerdeOrSchema> {
  readonly key: K
  readonly value: V
  readonly partitions?: number
  readonly config?: Readonly<Record<string, string>>
}

const topicNameMaxChars = 249
const partitionsMax = 100_000

/**
 * Declares a topic once, for every service and page that writes or reads it. Schemas must answer synchronously.
 *
 * @throws CONTRACT_INVALID for a name that Kafka refuses or a key or value that is neither serde nor schema
 * @example
 * export const order = topic('order', {
 *   key: z.string(),
 *   value: z.object({ customerId: z.string(), amount: z.number() }),
 * })
 */
export function topic<K extends SerdeOrSchema, V extends SerdeOrSchema>(
  name: string,
  declaration: TopicDeclaration<K, V>,
): TopicContract<ReadType<K>, ReadType<V>, WriteType<K>, WriteType<V>> {
  checkTopicName(name)
  checkOptions(
    `topic('${name}')`,
    declaration,
    { key: 'any', value: 'any', partitions: { min: 1, max: partitionsMax, integer: true }, config: 'object' },
    { required: ['key', 'value'] },
  )
  const { key, value, partitions, config } = declaration
  checkConfig(name, config ?? {})
  return Object.freeze({
    name,
    key: (isSchema(key) ? keySchemaSerde(key) : checkedSerde(name, 'key', key)) as Serde<ReadType<K>, WriteType<K>>,
    value: (isSchema(value) ? valueSchemaSerde(value) : checkedSerde(name, 'value', value)) as Serde<
      ReadType<V>,
      WriteType<V>
    >,
    ...(partitions !== undefined && { partitions }),
    ...(config !== undefined && { config: Object.freeze({ ...config }) }),
  })
}

function checkTopicName(name: string): void {
  const isLegal = typeof name === 'string' && /^[a-zA-Z0-9._-]+$/.test(name) && name !== '.' && name !== '..'
  if (isLegal && name.length <= topicNameMaxChars) return
  const rule = `letters, digits, dot, underscore and hyphen, at most ${topicNameMaxChars} of them, not just "." or ".."`
  throw contractError('CONTRACT_INVALID', `"${String(name).slice(0, 50)}" is not a topic name: Kafka allows ${rule}`)
}

function checkConfig(name: string, config: Readonly<Record<string, string>>): void {
  for (const [setting, value] of Object.entries(config)) {
    if (typeof value === 'string') continue
    const message = `topic '${name}': setting ${setting} must be a string as in Kafka, not ${typeof value}`
    throw contractError('CONTRACT_INVALID', message, { topic: name, setting })
  }
}

/** Schemas of arktype are functions, those of the others objects. */
function isSchema(candidate: SerdeOrSchema): candidate is StandardSchemaV1<unknown, unknown> {
  const isObject = (typeof candidate === 'object' || typeof candidate === 'function') && candidate !== null
  return isObject && '~standard' in candidate
}

function checkedSerde(name: string, role: SerdeRole, candidate: Serde<unknown, never>): Serde<unknown, never> {
  const given = Object(candidate) as Partial<Serde<unknown, never>>
  if (typeof given.serialize === 'function' && typeof given.deserialize === 'function') {
    return candidate.forTopic?.(name, role) ?? candidate
  }
  const hint = typeof candidate === 'function' ? '; call it first (serdes.json<Order>())' : ''
  const message = `topic '${name}': its ${role} is neither a serde nor a Standard Schema${hint}`
  throw contractError('CONTRACT_INVALID', message, { topic: name })
}
