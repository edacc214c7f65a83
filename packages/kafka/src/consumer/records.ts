import type { Consumer } from './consumer.ts'
import type { ConsumedRecord, FetchedPartition } from './types.ts'

const pollTimeoutMs = 1_000

/** The records of one poll result, copied out of their batches. */
export function* decodedRecords(fetched: FetchedPartition): Iterable<ConsumedRecord> {
  const { topic, partition, batches, firstOffset } = fetched
  for (const batch of batches) {
    for (const cursor = batch.cursor(); cursor.next(); ) {
      if (cursor.offset < firstOffset) continue
      yield {
        topic,
        partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        key: copied(cursor.keyBytes()),
        value: copied(cursor.valueBytes()),
        headers: cursor.headers().map(({ key, value }) => ({ key, value: copied(value) })),
      }
    }
  }
}

/** Polls until the signal is aborted or the consumer is closed. */
export async function* recordsOf(
  consumer: Consumer,
  isClosed: () => boolean,
  signal?: AbortSignal,
): AsyncIterableIterator<ConsumedRecord> {
  while (!isClosed() && signal?.aborted !== true) {
    let polled: FetchedPartition[]
    try {
      polled = await consumer.poll({ timeoutMs: pollTimeoutMs, ...(signal && { signal }) })
    } catch (error) {
      if (isClosed() || signal?.aborted) return
      throw error
    }
    for (const fetched of polled) yield* decodedRecords(fetched)
  }
}

function copied(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}
