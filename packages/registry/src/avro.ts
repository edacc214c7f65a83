import { avroFormat } from './avro/avro-format.ts'
import type { LogicalTypes } from './avro/avro-type.ts'
import type { AvroInput, AvroSchema, AvroValue } from './avro/avro-value.ts'
import type { SchemaReference } from './client/schema.ts'
import type { SchemaRegistry } from './client/schema-registry.ts'
import { type RegistrySerde, registrySerde } from './serde/registry-serde.ts'
import type { SerdeOptions } from './serde/serde-options.ts'

export interface AvroOptions extends SerdeOptions {
  /** Schemas of other subjects that the schema mentions by their full names. */
  readonly references?: readonly SchemaReference[]
  /** Own classes for logical types, as avsc takes them; declare the types with `avroOf` then. */
  readonly logicalTypes?: LogicalTypes
}

/**
 * Avro through a schema registry, for a schema that is written in place: the types follow from it.
 *
 * @example
 * const order = topic('order', {
 *   key: serdes.string,
 *   value: avro(registry, {
 *     type: 'record',
 *     name: 'com.example.Order',
 *     fields: [{ name: 'customerId', type: 'string' }, { name: 'cents', type: 'long' }],
 *   }),
 * })
 */
export function avro<const S extends AvroSchema>(
  registry: SchemaRegistry,
  schema: S,
  options: AvroOptions = {},
): RegistrySerde<AvroValue<S>, AvroInput<S>> {
  return avroOf(registry, schema, options)
}

/**
 * The same for a schema that comes from a file or that mentions others: `T` is what readers get, `In` what writers pass.
 *
 * @example
 * const order = avroOf<Order>(registry, readFileSync('order.avsc', 'utf8'))
 */
export function avroOf<T, In = T>(
  registry: SchemaRegistry,
  schema: AvroSchema,
  { references = [], logicalTypes, ...options }: AvroOptions = {},
): RegistrySerde<T, In> {
  const isJson = typeof schema === 'string' && /^\s*[{["]/.test(schema)
  const text = isJson ? schema : JSON.stringify(schema)
  return registrySerde(registry, avroFormat({ text, references, logicalTypes }), options)
}

export type { AvroInput, AvroSchema, AvroValue } from './avro/avro-value.ts'
