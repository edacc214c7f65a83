import type { RecordBatchView } from '@millrace/protocol'

/**
 * The one partition a coordinator keeps its records in.
 *
 * A coordinator appends first and changes its memory after; whoever is answered waits with `whenCommitted` for what the
 * answer rests on, so that no answer outlives a power loss that its record did not survive.
 */
export interface CoordinatorLog {
  /** Appends a batch and returns its base offset. Throws when the device refuses; nothing has been written then. */
  append(batch: Buffer): number
  /** Calls back once the record at `offset` is as safe as the log's durability says; at once where it is already. */
  whenCommitted(offset: number, done: (errorCode: number) => void): void
  /** Every batch from the log start on. */
  replay(visit: (batch: RecordBatchView) => void): void
}
