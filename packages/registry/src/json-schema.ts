import { valueSchemaSerde } from '@millrace/contracts/internal'
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import type { SchemaReference } from './client/schema.ts'
import type { SchemaRegistry } from './client/schema-registry.ts'
import { jsonSchemaFormat } from './json-schema/json-schema-format.ts'
import { type RegistrySerde, registrySerde } from './serde/registry-serde.ts'
import type { SerdeOptions } from './serde/serde-options.ts'

/** A validator that knows its JSON Schema: zod from 4.2 on, arktype, valibot with `@valibot/to-json-schema`. */
export type JsonSchemaSource<In, Out> = {
  readonly '~standard': StandardSchemaV1.Props<In, Out> & StandardJSONSchemaV1.Props<In, Out>
}

export interface JsonSchemaOptions extends SerdeOptions {
  /** The draft that is registered. Default: `draft-07`, which every client reads. */
  readonly draft?: 'draft-07' | 'draft-2020-12'
}

/**
 * JSON Schema through a schema registry, made from a validator: writers pass its input, readers get its output.
 *
 * @example
 * const order = topic('order', { key: z.string(), value: jsonSchema(registry, z.object({ amount: z.number() }).meta({ title: 'Order' })) })
 */
export function jsonSchema<In, Out>(
  registry: SchemaRegistry,
  schema: JsonSchemaSource<In, Out>,
  { draft = 'draft-07', ...options }: JsonSchemaOptions = {},
): RegistrySerde<Out, In> {
  const text = JSON.stringify(schema['~standard'].jsonSchema.input({ target: draft }))
  const checked = valueSchemaSerde(schema as StandardSchemaV1<In, Out>)
  return registrySerde(registry, jsonSchemaFormat({ text, references: [], checked }), options)
}

export interface JsonSchemaOfOptions extends SerdeOptions {
  /** Schemas of other subjects, under the URIs that `$ref` names. */
  readonly references?: readonly SchemaReference[]
}

/**
 * The same for a JSON Schema that is at hand as such: values are checked against it in both directions, and `T` is the
 * reader's word for what it describes.
 *
 * @example
 * const order = jsonSchemaOf<Order>(registry, JSON.parse(readFileSync('order.schema.json', 'utf8')))
 */
export function jsonSchemaOf<T>(
  registry: SchemaRegistry,
  schema: object | boolean,
  { references = [], ...options }: JsonSchemaOfOptions = {},
): RegistrySerde<T> {
  return registrySerde(registry, jsonSchemaFormat<T, T>({ text: JSON.stringify(schema), references }), options)
}
