import type { RecordBatchView } from '@millrace/protocol'
import type { ByteWrite } from './byte-store.ts'
import { timestampBytes, writeMillis } from './bytes.ts'
import { sessionEndOf, sessionSuffixBytes } from './session-key.ts'
import { joined } from './value-headers.ts'
import { isWindowKey, windowStartOf } from './window-key.ts'

export interface RestoreProgress {
  records: number
  /** Greatest start of a window among them, or end of a session. */
  latestStart: number
}

interface RestoreForm {
  /** Where restoring ends, exclusive. */
  readonly before?: number | undefined
  /** Whether the store keeps the headers of its records beside the values. */
  readonly hasHeaders?: boolean | undefined
  /** Records that are to be restored; all unless given. */
  readonly takes?: ((key: Uint8Array, value: Uint8Array | null) => boolean) | undefined
}

/**
 * Changelog records as writes to a timestamped store, whose values carry the record's timestamp in front. One buffer
 * is reused for all values: a byte store copies before it takes the next one.
 */
export function* restoreWrites(
  batches: Iterable<RecordBatchView>,
  firstOffset: number,
  kind: 'keyValue' | 'window' | 'session',
  progress: RestoreProgress,
  { before = Number.POSITIVE_INFINITY, hasHeaders = false, takes }: RestoreForm = {},
): Generator<ByteWrite> {
  let scratch = Buffer.allocUnsafe(1024)
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      if (cursor.offset < firstOffset || cursor.offset >= before) continue
      const key = cursor.keyBytes()
      if (key === null || (kind === 'window' && !isWindowKey(key))) continue
      if (kind === 'session' && key.length < sessionSuffixBytes) continue
      if (takes !== undefined && !takes(key, cursor.valueBytes())) continue
      progress.records++
      if (kind === 'window') progress.latestStart = Math.max(progress.latestStart, windowStartOf(key))
      if (kind === 'session') progress.latestStart = Math.max(progress.latestStart, sessionEndOf(key))
      const plain = cursor.valueBytes()
      if (plain === null) {
        yield { key, value: undefined }
        continue
      }
      const value = hasHeaders ? joined(cursor.headers(), plain) : plain
      const length = timestampBytes + value.length
      if (length > scratch.length) scratch = Buffer.allocUnsafe(length * 2)
      writeMillis(scratch, cursor.timestamp, 0)
      scratch.set(value, timestampBytes)
      yield { key, value: scratch.subarray(0, length) }
    }
  }
}
