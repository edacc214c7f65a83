import type { SchemaAndValue } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { fieldOf, ownValue } from '../../data/schemas.ts'
import { isObject } from '../plugin-makers.ts'

export const debeziumPackage = 'io.debezium.transforms'

/** A change event: what Debezium's transforms work on. They pass on everything else, heartbeats and schema changes say. */
export interface Envelope {
  readonly schema: ConnectSchema
  readonly value: Readonly<Record<string, unknown>>
}

/** The event of a record's value; undefined where it is none. Envelopes are known by the name of their schema. */
export function envelopeOf({ schema, value }: SchemaAndValue): Envelope | undefined {
  return isEnvelopeSchema(schema) && isObject(value) ? { schema, value } : undefined
}

function isEnvelopeSchema(schema: ConnectSchema | undefined): schema is ConnectSchema {
  return schema?.type === 'struct' && schema.name?.endsWith('.Envelope') === true
}

/** A struct of an envelope; undefined where it is null or there is none. */
export function structIn({ schema, value }: Envelope, name: string): Envelope | undefined {
  const own = fieldOf(schema, name)?.schema
  const part = ownValue(value, name)
  return own?.type === 'struct' && isObject(part) ? { schema: own, value: part } : undefined
}

/** `c`, `r`, `u`, `d`, `t` or `m`. */
export function operationOf({ value }: Envelope): unknown {
  return ownValue(value, 'op')
}

/** A schema without name, with its optionality. */
export function withoutName(schema: ConnectSchema): ConnectSchema {
  const { name: _name, default: _default, ...rest } = schema
  return rest
}
