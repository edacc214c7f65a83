import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'
import type { SchemaAndValue } from '../../data/record.ts'
import { fieldOf, fieldValue } from '../../data/schemas.ts'
import { isObject, plugin } from '../plugin-makers.ts'
import { debeziumPackage, type Envelope, envelopeOf, operationOf } from './envelope.ts'
import { javaHash } from './java-hash.ts'
import { murmurHash } from './murmur-hash.ts'

const definition = configDef({
  'partition.payload.fields': {
    type: 'list',
    valid: nonEmpty,
    importance: 'high',
    doc: 'Fields of the event by which the partition is chosen: after.name, source.table; change.name is the one or the other.',
  },
  'partition.topic.num': {
    type: 'int',
    valid: between(1),
    importance: 'high',
    doc: 'How many partitions the topic has.',
  },
  'partition.hash.function': {
    type: 'string',
    oneOf: ['java', 'murmur'],
    ignoreCase: true,
    default: 'java',
    importance: 'low',
    doc: "How values are hashed: as Java's hashCode does, or by MurmurHash3.",
  },
})

const largestInt = 0x7fffffff

/** Chooses the partition by fields of the event instead of by its key. */
export const partitionRouting = plugin(`${debeziumPackage}.partitions.PartitionRouting`, definition, (config) => {
  const hashOf = config['partition.hash.function'] === 'java' ? javaHash : murmurHash
  const paths = config['partition.payload.fields'].map((path) => path.split('.').map((step) => step.trim()))
  return (record) => {
    const envelope = envelopeOf(record.value)
    if (!envelope || ['t', 'm'].includes(operationOf(envelope) as string)) return record
    const found = paths.flatMap((path) => valueAt(envelope, path) ?? [])
    if (found.length === 0) return record
    const hash = found.reduce((sum, data) => (sum + hashOf(data)) | 0, 0) & largestInt
    return { ...record, partition: (hash === largestInt ? 0 : hash) % config['partition.topic.num'] }
  }
})

/** Undefined where the event has no such field, or null in it. */
function valueAt(envelope: Envelope, path: readonly string[]): SchemaAndValue | undefined {
  let data: SchemaAndValue = envelope
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1
    const name = step === 'change' && !isLast ? (operationOf(envelope) === 'd' ? 'before' : 'after') : step
    const field = data.schema && isObject(data.value) ? fieldOf(data.schema, name) : undefined
    if (!field) return undefined
    data = { schema: field.schema, value: fieldValue(data.value as object, field, true) }
    if (data.value === null) return undefined
  }
  return data
}
