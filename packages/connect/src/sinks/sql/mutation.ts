import type { ConnectSchema } from '../../data/schema.ts'
import type { DecodedRecord } from '../record-decoder.ts'

/** What a record means for a table. */
export interface Mutation {
  readonly kind: 'write' | 'delete' | 'truncate' | 'skip'
  /** The row; of a delete what the row was, where the record says it. */
  readonly value: unknown
  readonly schema: ConnectSchema | undefined
}

const skip: Mutation = { kind: 'skip', value: null, schema: undefined }
const tombstone: Mutation = { kind: 'delete', value: null, schema: undefined }

/** A plain record is its row; Debezium's envelope says by `op` what happened to which row. */
export function mutationOf(record: DecodedRecord, unwraps: boolean): Mutation {
  const { value, valueSchema } = record
  if (value === null || value === undefined) return tombstone
  if (!unwraps || !isEnvelope(value, valueSchema)) return { kind: 'write', value, schema: valueSchema }
  switch (value.op) {
    case 'c':
    case 'r':
    case 'u':
      return { kind: 'write', value: value.after, schema: fieldSchema(valueSchema, 'after') }
    case 'd':
      return { kind: 'delete', value: value.before ?? null, schema: fieldSchema(valueSchema, 'before') }
    case 't':
      return { ...skip, kind: 'truncate' }
    // Logical messages.
    case 'm':
      return skip
    default:
      throw new TypeError(`a change event has the operation ${JSON.stringify(value.op)}`)
  }
}

interface Envelope {
  readonly op: unknown
  readonly before?: unknown
  readonly after?: unknown
}

/** With a schema Debezium names it; without one the fields have to do. */
function isEnvelope(value: unknown, schema: ConnectSchema | undefined): value is Envelope {
  if (schema) return schema.type === 'struct' && schema.name?.endsWith('Envelope') === true
  if (typeof value !== 'object' || value === null || !('op' in value) || !('source' in value)) return false
  return 'after' in value || 'before' in value || value.op === 't' || value.op === 'm'
}

function fieldSchema(schema: ConnectSchema | undefined, name: string): ConnectSchema | undefined {
  return schema?.fields?.find((field) => field.name === name)?.schema
}
