import { isNotReady } from '@millrace/contracts/internal'
import type { BadRecord, SinkBatch } from '../runtime/connector.ts'
import { badRecord } from './bad-record.ts'
import type { DecodedRecord, RecordDecoder } from './record-decoder.ts'

/**
 * Gives each record of a batch to `take`, and returns those that cannot be read or that `take` refuses.
 * @throws CONTRACT_NOT_READY, after which all of it is to be done again
 */
export function decodeBatch(
  batch: SinkBatch,
  decoder: RecordDecoder,
  take: (record: DecodedRecord, offset: number, view: SinkBatch['batches'][number]) => void,
): BadRecord[] {
  const bad: BadRecord[] = []
  for (const view of batch.batches) {
    const cursor = view.cursor()
    while (cursor.next()) {
      const { offset } = cursor
      if (offset < batch.firstOffset) continue
      let stage: BadRecord['stage'] = 'deserialize'
      try {
        const record = decoder.decode(cursor, batch)
        stage = 'process'
        if (record) take(record, offset, view)
      } catch (error) {
        if (isNotReady(error)) throw error
        bad.push(badRecord(batch, view, offset, stage, error))
      }
    }
  }
  return bad
}
