import type { SchemaAndValue } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { copyBasics, fieldOf, ownValue } from '../../data/schemas.ts'
import { failed, isObject } from '../plugin-makers.ts'
import type { Envelope } from './envelope.ts'

const ofTransaction = new Set(['id', 'data_collection_order', 'total_order'])
const ofEnvelope = new Set(['op', 'ts_ms', 'ts_us', 'ts_ns'])

/** A field of an envelope's metadata that is to be a field of the row, or a header: `op`, `source.lsn`, `table:TABLE`. */
export interface FieldReference {
  readonly struct: string | undefined
  readonly field: string
  readonly newName: string
}

/** Undefined where the text is no reference. */
export function parseReference(text: string, prefix: string): FieldReference | undefined {
  const [path = '', newName, ...more] = text.split(':')
  const [first = '', second] = path.split('.')
  if (first === '' || newName === '' || more.length > 0) return undefined
  const field = second ?? first
  const struct = second === undefined ? structOf(first) : first
  const defaultName = second === undefined ? field : `${struct}_${field}`
  return { struct, field, newName: prefix + (newName ?? defaultName) }
}

function structOf(field: string): string | undefined {
  if (ofEnvelope.has(field)) return undefined
  return ofTransaction.has(field) ? 'transaction' : 'source'
}

/** The schema under which the field is added, always optional; undefined where the envelope has no such field. */
export function referencedSchema(
  envelope: ConnectSchema,
  { struct, field }: FieldReference,
): ConnectSchema | undefined {
  const parent = struct === undefined ? envelope : fieldOf(envelope, struct)?.schema
  if (!parent) throw failed(`the event has no ${struct}`)
  const own = (fieldOf(parent, field) ?? fieldOf(envelope, field))?.schema
  if (!own) return undefined
  const { type, fields, keySchema, valueSchema } = own
  return {
    type,
    ...(fields && { fields }),
    ...(keySchema && { keySchema }),
    ...(valueSchema && { valueSchema }),
    ...copyBasics(own),
    optional: true,
  }
}

/** Null where the struct is: events of a snapshot have no transaction. */
export function referencedValue(envelope: Envelope, { struct, field }: FieldReference): unknown {
  const parent = struct === undefined ? envelope.value : ownValue(envelope.value, struct)
  if (!isObject(parent)) return null
  const parentSchema = struct === undefined ? envelope.schema : fieldOf(envelope.schema, struct)?.schema
  return ownValue(parentSchema && fieldOf(parentSchema, field) ? parent : envelope.value, field)
}

/** With its schema, where the envelope has the field. */
export function referenced(envelope: Envelope, reference: FieldReference): SchemaAndValue | undefined {
  const schema = referencedSchema(envelope.schema, reference)
  return schema && { schema, value: referencedValue(envelope, reference) }
}
