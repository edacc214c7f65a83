import { batchesIn, controlType, type RecordBatchView } from '@millrace/protocol'
import { kafkaError } from '../errors.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FilteredBatches {
  readonly batches: RecordBatchView[]
  /** Behind the last complete batch, kept or not; undefined when there was none. */
  readonly nextOffset: number | undefined
}

/**
 * Takes control batches out, and with `aborted` those of aborted transactions. The broker lists every aborted
 * transaction that overlaps the fetched range by its first offset; it ends at the abort marker of its producer.
 */
export function filterBatches(
  records: Buffer,
  aborted: readonly AbortedTransaction[] | undefined,
  check: { readonly crc: boolean; readonly topic: string; readonly partition: number },
): FilteredBatches {
  const pending = aborted === undefined ? [] : [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<number>()
  const batches: RecordBatchView[] = []
  let nextOffset: number | undefined
  for (const batch of batchesIn(records)) {
    if (check.crc && !batch.isCrcValid()) {
      const { topic, partition } = check
      const fields = { topic, partition, offset: batch.baseOffset }
      throw kafkaError(
        'KAFKA_CORRUPT_BATCH',
        `${topic}-${partition} has a damaged batch at ${batch.baseOffset}`,
        fields,
      )
    }
    nextOffset = batch.nextOffset
    if (!batch.isTransactional) {
      if (!batch.isControl) batches.push(batch)
      continue
    }
    while (pending[0] !== undefined && pending[0].firstOffset <= batch.lastOffset) {
      aborting.add((pending.shift() as AbortedTransaction).producerId)
    }
    if (batch.isControl) {
      if (isAbortMarker(batch)) aborting.delete(batch.producerId)
    } else if (!aborting.has(batch.producerId)) batches.push(batch)
  }
  return { batches, nextOffset }
}

/** A marker whose record compaction removed ends nothing. */
function isAbortMarker(batch: RecordBatchView): boolean {
  const cursor = batch.cursor()
  return cursor.next() && controlType(cursor) === 'abort'
}
