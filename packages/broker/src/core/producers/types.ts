import type { RecordBatchView } from '@millrace/protocol'

/**
 * What the partition asks before it appends a batch of a producer with an id.
 * `duplicate`: the same batch is among the last five of this producer; the answer repeats its first offset (KIP-98).
 */
export type SequenceCheck =
  | { readonly kind: 'ok' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly logAppendTimeMs: number }
  | { readonly kind: 'error'; readonly code: number; readonly message?: string }

/**
 * Who appends: `client` batches pass every check, `coordinator` is this broker's own group and transaction coordinator
 * (offset records of a transaction, markers), `replica` keeps offsets and epochs as they are.
 */
export type AppendOrigin = 'client' | 'coordinator' | 'replica'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface AbortedRange extends AbortedTransaction {
  /** Offset of the abort marker. */
  readonly lastOffset: number
  /** The last stable offset right after the abort: no transaction that ends later began before it. */
  readonly lastStableOffset: number
}

/** One producer as DescribeProducers shows it. */
export interface ProducerDescription {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 when no batch of the current epoch is remembered. */
  readonly lastSequence: number
  readonly lastTimestampMs: number
  /** Offset of its last record in the current epoch, -1 when there is none. */
  readonly lastDataOffset: number
  readonly coordinatorEpoch: number
  /** First offset of the transaction it has open here, undefined when it has none. */
  readonly openTransactionOffset: number | undefined
}

/**
 * What one partition knows about its producers: sequences, epochs, open transactions, aborted ranges.
 * It is derived from the log: whatever is in it can be rebuilt by `append`ing every batch from the log start on.
 * Synchronous, and changed only by `append`, `advance`, `deleteBefore`, `expire`.
 */
export interface ProducerState {
  /** Whether `batch` may be appended. Asked for every batch with a producer id, control batches included; changes nothing. */
  check(batch: RecordBatchView, origin: AppendOrigin): SequenceCheck
  /**
   * Takes note of a batch that is in the log now, its final offsets stamped; control batches end a transaction.
   * Called in offset order, also while the log is recovered. `nowMs` is when the producer was last heard of.
   */
  append(batch: RecordBatchView, nowMs: number): void
  /** Takes note of a new high watermark: markers before it have come to stay. */
  advance(highWatermark: number): void
  /**
   * The first offset of the earliest transaction that is open, or whose marker a failing device may still take back; undefined
   * when there is none.
   */
  readonly firstUnstableOffset: number | undefined
  /** Aborted transactions that overlap the offsets from `fromOffset` to before `toOffset`, for a read_committed fetch. */
  abortedTransactions(fromOffset: number, toOffset: number): AbortedTransaction[]
  /** The producer, when it is known here. */
  producer(producerId: number): ProducerDescription | undefined
  /** All producers known here. */
  producers(): Iterable<ProducerDescription>
  /** Forgets the aborted transactions for which `keep` is false: compaction has removed what they wrote. */
  keepAborted(keep: (range: AbortedRange) => boolean): void
  /** Forgets aborted transactions that ended before the new log start. */
  deleteBefore(logStartOffset: number): void
  /** Forgets producers unheard of for `expirationMs` (`producer.id.expiration.ms`) that have no open transaction. */
  expire(nowMs: number, expirationMs: number): void
  /** Everything, as of the last append, as versioned bytes that `restore` reads. */
  snapshot(): Buffer
  /** Number of producers known, for limits and metrics. */
  readonly producerCount: number
}

export interface ProducerStateFactory {
  create(): ProducerState
  /** Throws on bytes that are damaged or of a newer version; the caller then rebuilds from the log. */
  restore(snapshot: Buffer): ProducerState
}
