import { controlType, ErrorCode, type RecordBatchView } from '@millrace/protocol'
import { AbortedTransactions } from './aborted-transactions.ts'
import {
  lastSequenceIn,
  lastSequenceOf,
  moveToEpoch,
  newEntry,
  type ProducerEntry,
  remember,
} from './producer-entry.ts'
import { decodeSnapshot, encodeSnapshot } from './producer-snapshot.ts'
import { follows } from './sequences.ts'
import type {
  AbortedRange,
  AbortedTransaction,
  AppendOrigin,
  ProducerDescription,
  ProducerState,
  ProducerStateFactory,
  SequenceCheck,
} from './types.ts'

const ok: SequenceCheck = { kind: 'ok' }

function refuse(code: number, message: string): SequenceCheck {
  return { kind: 'error', code, message }
}

/**
 * The producers of one partition.
 *
 * Invariants:
 * 1. A producer's remembered batches are of its current epoch, consecutive in sequence, ascending in offset, at most five.
 * 2. An epoch never goes down.
 * 3. A producer has at most one open transaction; open transactions are held in the order of their first offsets.
 * 4. Every aborted range ends with the marker that ended it; a committed transaction leaves nothing behind.
 * 5. A transaction holds readers of committed records back until the high watermark has passed its marker.
 */
class PartitionProducers implements ProducerState {
  readonly #entries = new Map<number, ProducerEntry>()
  /** Producer id -> first offset; in insertion order, which is offset order, because a transaction opens with an append. */
  readonly #open = new Map<number, number>()
  /** Ended transactions whose markers the high watermark has not passed, in the order of their markers. */
  #ending: { readonly firstOffset: number; readonly markerOffset: number }[] = []
  readonly #aborted: AbortedTransactions

  constructor(entries: ProducerEntry[] = [], open: [number, number][] = [], aborted: AbortedRange[] = []) {
    for (const entry of entries) this.#entries.set(entry.producerId, entry)
    for (const [producerId, firstOffset] of open) this.#open.set(producerId, firstOffset)
    this.#aborted = new AbortedTransactions(aborted)
  }

  get producerCount(): number {
    return this.#entries.size
  }

  get firstUnstableOffset(): number | undefined {
    let first = this.#firstOpenOffset
    for (const { firstOffset } of this.#ending) if (first === undefined || firstOffset < first) first = firstOffset
    return first
  }

  get #firstOpenOffset(): number | undefined {
    return this.#open.values().next().value
  }

  advance(highWatermark: number): void {
    if (this.#ending.length === 0) return
    this.#ending = this.#ending.filter(({ markerOffset }) => markerOffset >= highWatermark)
  }

  check(batch: RecordBatchView, origin: AppendOrigin): SequenceCheck {
    if (batch.producerId < 0 || origin === 'replica') return ok
    const entry = this.#entries.get(batch.producerId)
    if (origin === 'client') return this.#checkClient(batch, entry)
    if (entry && batch.producerEpoch < entry.producerEpoch) return this.#oldEpoch(batch, entry)
    return ok
  }

  #checkClient(batch: RecordBatchView, entry: ProducerEntry | undefined): SequenceCheck {
    if (batch.isControl) return refuse(ErrorCode.INVALID_RECORD, 'clients may not write control batches')
    if (batch.baseSequence < 0 || batch.producerEpoch < 0) {
      return refuse(ErrorCode.INVALID_RECORD, 'a batch with a producer id needs an epoch and a sequence')
    }
    // After expiry or DeleteRecords nothing is known of the producer; it goes on where it was (KIP-360).
    if (!entry) return ok
    if (batch.producerEpoch < entry.producerEpoch) return this.#oldEpoch(batch, entry)
    if (batch.producerEpoch > entry.producerEpoch) {
      if (batch.baseSequence === 0) return this.#checkTransaction(batch)
      return refuse(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        `sequence ${batch.baseSequence} in the new epoch ${batch.producerEpoch}, expected 0`,
      )
    }
    const lastSequence = lastSequenceIn(batch)
    const same = entry.batches.find(
      (known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence,
    )
    if (same) return { kind: 'duplicate', baseOffset: same.baseOffset, logAppendTimeMs: same.timestampMs }
    if (!follows(lastSequenceOf(entry), batch.baseSequence)) {
      return refuse(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        `sequence ${batch.baseSequence} after ${lastSequenceOf(entry)} of producer ${batch.producerId}`,
      )
    }
    return this.#checkTransaction(batch)
  }

  #checkTransaction(batch: RecordBatchView): SequenceCheck {
    if (!batch.isTransactional && this.#open.has(batch.producerId)) {
      return refuse(ErrorCode.INVALID_TXN_STATE, 'a plain batch inside an open transaction')
    }
    return ok
  }

  #oldEpoch(batch: RecordBatchView, entry: ProducerEntry): SequenceCheck {
    return refuse(
      ErrorCode.INVALID_PRODUCER_EPOCH,
      `epoch ${batch.producerEpoch} of producer ${batch.producerId}, the partition knows ${entry.producerEpoch}`,
    )
  }

  append(batch: RecordBatchView, nowMs: number): void {
    if (batch.producerId < 0) return
    let entry = this.#entries.get(batch.producerId)
    if (!entry) {
      entry = newEntry(batch.producerId)
      this.#entries.set(batch.producerId, entry)
    }
    if (batch.producerEpoch > entry.producerEpoch) moveToEpoch(entry, batch.producerEpoch)
    entry.lastHeardMs = nowMs
    if (batch.isControl) {
      this.#endTransaction(batch, entry)
      return
    }
    entry.lastTimestampMs = batch.maxTimestamp
    entry.lastDataOffset = batch.lastOffset
    if (batch.baseSequence >= 0) remember(entry, batch)
    if (batch.isTransactional && !this.#open.has(batch.producerId)) this.#open.set(batch.producerId, batch.baseOffset)
  }

  #endTransaction(batch: RecordBatchView, entry: ProducerEntry): void {
    const marker = readMarker(batch)
    if (!marker) return
    entry.coordinatorEpoch = marker.coordinatorEpoch
    const firstOffset = this.#open.get(batch.producerId)
    if (firstOffset === undefined) return
    this.#open.delete(batch.producerId)
    this.#ending.push({ firstOffset, markerOffset: batch.lastOffset })
    if (marker.type === 'commit') return
    const lastStableOffset = this.#firstOpenOffset ?? batch.lastOffset + 1
    this.#aborted.add({ producerId: batch.producerId, firstOffset, lastOffset: batch.lastOffset, lastStableOffset })
  }

  abortedTransactions(fromOffset: number, toOffset: number): AbortedTransaction[] {
    return this.#aborted.overlapping(fromOffset, toOffset)
  }

  producer(producerId: number): ProducerDescription | undefined {
    const entry = this.#entries.get(producerId)
    return entry && this.#describe(entry)
  }

  *producers(): Iterable<ProducerDescription> {
    for (const entry of this.#entries.values()) yield this.#describe(entry)
  }

  #describe(entry: ProducerEntry): ProducerDescription {
    return {
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastSequence: lastSequenceOf(entry),
      lastTimestampMs: entry.lastTimestampMs,
      lastDataOffset: entry.lastDataOffset,
      coordinatorEpoch: entry.coordinatorEpoch,
      openTransactionOffset: this.#open.get(entry.producerId),
    }
  }

  keepAborted(keep: (range: AbortedRange) => boolean): void {
    this.#aborted.keep(keep)
  }

  deleteBefore(logStartOffset: number): void {
    this.#aborted.deleteBefore(logStartOffset)
  }

  expire(nowMs: number, expirationMs: number): void {
    for (const entry of this.#entries.values()) {
      if (this.#open.has(entry.producerId)) continue
      if (nowMs - entry.lastHeardMs >= expirationMs) this.#entries.delete(entry.producerId)
    }
  }

  snapshot(): Buffer {
    return encodeSnapshot({
      entries: [...this.#entries.values()],
      open: [...this.#open],
      aborted: this.#aborted.ranges,
    })
  }
}

function readMarker(batch: RecordBatchView): { type: 'commit' | 'abort'; coordinatorEpoch: number } | undefined {
  const cursor = batch.cursor()
  if (!cursor.next()) return undefined
  const type = controlType(cursor)
  if (type !== 'commit' && type !== 'abort') return undefined
  const value = cursor.valueBytes()
  // EndTxnMarker: int16 version, int32 coordinator epoch.
  return { type, coordinatorEpoch: value && value.length >= 6 ? value.readInt32BE(2) : -1 }
}

/** Producer state as partitions create it. */
export const partitionProducers: ProducerStateFactory = {
  create: () => new PartitionProducers(),
  restore(snapshot) {
    const { entries, open, aborted } = decodeSnapshot(snapshot)
    return new PartitionProducers(entries, open, [...aborted])
  },
}
