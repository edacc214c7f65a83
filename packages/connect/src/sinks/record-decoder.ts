import { type Serde, serdes, type TopicContract } from '@millrace/contracts'
import { decodeText, parseJson } from '@millrace/contracts/internal'
import type { RecordCursor } from '@millrace/protocol'
import type { ConnectHeader } from '../data/record.ts'
import type { ConnectSchema } from '../data/schema.ts'
import type { SinkPartition } from '../runtime/connector.ts'
import { deserializeRecord, type RecordPipeline } from '../runtime/pipeline.ts'
import { exactJson } from './exact-json.ts'

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
  const [key, value] = [readerOf(contract.key), readerOf(contract.value)]
  return {
    decode: (cursor, { topic }) => ({
      topic,
      timestampMs: cursor.timestamp,
      key: key(cursor.keyBytes()),
      keySchema: undefined,
      value: value(cursor.valueBytes()),
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

type Read = (bytes: Buffer | null) => unknown

/** JSON that nobody checks is read with every digit of its numbers; what a schema calls a number is one of JavaScript. */
function readerOf(serde: Serde<unknown, never>): Read {
  if (serde !== serdes.json()) return (bytes) => (bytes === null ? null : serde.deserialize(bytes))
  return (bytes) => {
    if (bytes === null) return null
    const text = decodeText(bytes, 'the value')
    try {
      return exactJson(text)
    } catch {
      return parseJson(text, 'the value')
    }
  }
}

function textHeaders(cursor: RecordCursor): ConnectHeader[] {
  return cursor.headers().map(({ key, value }) => ({ key, schema: undefined, value: value?.toString() ?? null }))
}
