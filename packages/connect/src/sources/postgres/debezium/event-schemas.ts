import type { ConnectField, ConnectSchema, SchemaType } from '../../../data/schema.ts'
import type { BinaryMode } from './values/binary.ts'
import { binaryForm } from './values/binary.ts'

/** The version of Debezium whose events these are. */
export const debeziumVersion = '3.6.0.Final'

const field = (name: string, type: SchemaType, optional = false): ConnectField => ({
  name,
  schema: optional ? { type, optional } : { type },
})

const sourceSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
  fields: [
    field('version', 'string'),
    field('connector', 'string'),
    field('name', 'string'),
    field('ts_ms', 'int64'),
    {
      name: 'snapshot',
      schema: {
        type: 'string',
        optional: true,
        name: 'io.debezium.data.Enum',
        version: 1,
        parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
        default: 'false',
      },
    },
    field('db', 'string'),
    field('sequence', 'string', true),
    field('ts_us', 'int64', true),
    field('ts_ns', 'int64', true),
    field('schema', 'string'),
    field('table', 'string'),
    field('txId', 'int64', true),
    field('lsn', 'int64', true),
    field('xmin', 'int64', true),
    field('origin', 'string', true),
    field('origin_lsn', 'int64', true),
  ],
}

const blockSchema: ConnectSchema = {
  type: 'struct',
  optional: true,
  name: 'event.block',
  version: 1,
  fields: [field('id', 'string'), field('total_order', 'int64'), field('data_collection_order', 'int64')],
}

export function envelopeSchema(name: string, row: ConnectSchema): ConnectSchema {
  return {
    type: 'struct',
    name,
    version: 2,
    fields: [
      { name: 'before', schema: row },
      { name: 'after', schema: row },
      { name: 'source', schema: sourceSchema },
      { name: 'transaction', schema: blockSchema },
      field('op', 'string'),
      field('ts_ms', 'int64', true),
      field('ts_us', 'int64', true),
      field('ts_ns', 'int64', true),
    ],
  }
}

export const transactionKeySchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.TransactionMetadataKey',
  version: 1,
  fields: [field('id', 'string')],
}

export const transactionValueSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.TransactionMetadataValue',
  version: 1,
  fields: [
    field('status', 'string'),
    field('id', 'string'),
    field('event_count', 'int64', true),
    {
      name: 'data_collections',
      schema: {
        type: 'array',
        optional: true,
        valueSchema: {
          type: 'struct',
          optional: true,
          name: 'event.collection',
          version: 1,
          fields: [field('data_collection', 'string'), field('event_count', 'int64')],
        },
      },
    },
    field('ts_ms', 'int64'),
  ],
}

export const messageKeySchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.postgresql.MessageKey',
  version: 1,
  fields: [field('prefix', 'string', true)],
}

export function messageValueSchema(binary: BinaryMode): ConnectSchema {
  const content: ConnectSchema = { ...binaryForm(binary).schema, optional: true }
  return {
    type: 'struct',
    name: 'io.debezium.connector.postgresql.MessageValue',
    version: 1,
    fields: [
      field('op', 'string'),
      field('ts_ms', 'int64', true),
      { name: 'source', schema: sourceSchema },
      { name: 'transaction', schema: blockSchema },
      {
        name: 'message',
        schema: {
          type: 'struct',
          name: 'io.debezium.connector.postgresql.Message',
          version: 1,
          fields: [field('prefix', 'string', true), { name: 'content', schema: content }],
        },
      },
    ],
  }
}
