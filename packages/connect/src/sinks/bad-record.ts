import type { RecordBatchView } from '@millrace/protocol'
import type { BadRecord, SinkPartition } from '../runtime/connector.ts'
import { PipelineFailure } from '../runtime/pipeline.ts'

/** The record with copies of its bytes, for the dead-letter topic; found again in its batch since that is rare. */
export function badRecord(
  { topic, partition }: SinkPartition,
  view: RecordBatchView,
  offset: number,
  stage: BadRecord['stage'],
  error: unknown,
): BadRecord {
  const cursor = view.cursor()
  while (cursor.next() && cursor.offset !== offset);
  const key = cursor.keyBytes()
  const value = cursor.valueBytes()
  return {
    topic,
    partition,
    offset,
    timestampMs: cursor.timestamp,
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: cursor.headers().map((header) => ({ key: header.key, value: header.value && Buffer.from(header.value) })),
    stage: error instanceof PipelineFailure && error.stage === 'TRANSFORMATION' ? 'process' : stage,
    error: error instanceof Error ? error : new Error(String(error)),
  }
}
