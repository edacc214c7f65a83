import { controlType, type RecordBatchView } from '@millrace/protocol'
import type { AbortedTransaction } from '../producers/types.ts'

/** What one walk over the log, from its beginning on, learns about transactions: which batches were aborted, which markers are left over. */
export class PassTransactions {
  /** By first offset; those the walk has not reached. */
  readonly #coming: AbortedTransaction[]
  /** Producers whose aborted transaction began before where the walk stands. */
  readonly #aborting = new Set<number>()
  /** Producers of whose running transaction a batch was kept. */
  readonly #kept = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Goes on to a batch that is no marker; true when an aborted transaction wrote it. */
  isAborted(batch: RecordBatchView): boolean {
    this.#reach(batch.lastOffset)
    return batch.isTransactional && this.#aborting.has(batch.producerId)
  }

  /** Something of the batch stays, if only its header: then the marker of its transaction does, too. */
  keep(batch: RecordBatchView): void {
    if (batch.isTransactional) this.#kept.add(batch.producerId)
  }

  /** Goes on to a marker. True when nothing is left of the transaction that it ended. */
  endsNothing(marker: RecordBatchView): boolean {
    // Its records may have gone in an earlier pass: then the marker is the first of the transaction that is met.
    this.#reach(marker.lastOffset)
    this.#aborting.delete(marker.producerId)
    return !this.#kept.delete(marker.producerId)
  }

  #reach(offset: number): void {
    while (this.#coming.length > 0 && this.#coming[0]!.firstOffset <= offset) {
      this.#aborting.add(this.#coming.shift()!.producerId)
    }
  }
}

export function isAbortMarker(batch: RecordBatchView): boolean {
  const cursor = batch.cursor()
  return cursor.next() && controlType(cursor) === 'abort'
}
