import type { Serde, TopicContract } from '@millrace/contracts'
import type { RecordCursor } from '@millrace/protocol'
import type { ConnectHeader } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import type { SinkPartition } from '../runtime/connector.ts'
import { deserializeRecord, type RecordPipeline } from '../runtime/pipeline.ts'

/** A record as a sink sees it. Key and value without a schema are what JSON or a contract's serdes yield. */
export interface DecodedRecord {
  /** Transforms may have changed it. */
  readonly topic: string
  readonly timestampMs: number | undefined
  readonly key: unknown
  readonly keySchema: ConnectSchema | undefined
  /** Null is a tombstone. */
  readonly value: unknown
  readonly valueSchema: ConnectSchema | undefined
  readonly headers: readonly ConnectHeader[]
}

/** Turns records of a topic into data, once for each record. */
export interface RecordDecoder {
  /**
   * The record at the cursor; undefined where a transform drops it. What it throws is the record's fault, except for
   * CONTRACT_NOT_READY, after which it is asked again.
   */
  decode(cursor: RecordCursor, partition: SinkPartition): DecodedRecord | undefined
}

const noHeaders: readonly ConnectHeader[] = []

/** Decodes with a contract's serdes; `withHeaders` where somebody looks at them. */
export function contractDecoder(
  contract: Pick<TopicContract<unknown, unknown, never, never>, 'key' | 'value'>,
  withHeaders = false,
): RecordDecoder {
  const { key, value } = contract
  return {
    decode: (cursor, { topic }) => ({
      topic,
      timestampMs: cursor.timestamp,
      key: read(key, cursor.keyBytes()),
      keySchema: undefined,
      value: read(value, cursor.valueBytes()),
      valueSchema: undefined,
      headers: withHeaders ? textHeaders(cursor) : noHeaders,
    }),
  }
}

/** Decodes with the converters and transforms of a connector's properties. */
export function pipelineDecoder(pipeline: RecordPipeline): RecordDecoder {
  return {
    decode: (cursor, { topic, partition }) => {
      const record = deserializeRecord(pipeline, {
        topic,
        partition,
        offset: cursor.offset,
        timestampMs: cursor.timestamp,
        key: cursor.keyBytes(),
        value: cursor.valueBytes(),
        headers: cursor.headers(),
      })
      if (!record) return undefined
      return {
        topic: record.topic,
        timestampMs: record.timestampMs,
        key: record.key.value,
        keySchema: record.key.schema,
        value: record.value.value,
        valueSchema: record.value.schema,
        headers: record.headers,
      }
    },
  }
}

function read(serde: Serde<unknown, never>, bytes: Buffer | null): unknown {
  return bytes === null ? null : serde.deserialize(bytes)
}

function textHeaders(cursor: RecordCursor): ConnectHeader[] {
  return cursor.headers().map(({ key, value }) => ({ key, schema: undefined, value: value?.toString() ?? null }))
}
