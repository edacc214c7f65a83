import type { RecordBatchView } from '@millrace/protocol'
import { addToSequence } from './sequences.ts'

/** Batches per producer whose repetition is recognised; clients keep at most this many requests in flight (KIP-98). */
export const rememberedBatches = 5

export interface RememberedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestampMs: number
}

/** What is known of one producer id in one partition. */
export interface ProducerEntry {
  readonly producerId: number
  producerEpoch: number
  coordinatorEpoch: number
  /** Of the current epoch, oldest first. */
  batches: RememberedBatch[]
  lastHeardMs: number
  lastTimestampMs: number
  /** Of the current epoch; -1 when it has written nothing but markers. */
  lastDataOffset: number
}

export function newEntry(producerId: number): ProducerEntry {
  return {
    producerId,
    producerEpoch: -1,
    coordinatorEpoch: -1,
    batches: [],
    lastHeardMs: 0,
    lastTimestampMs: -1,
    lastDataOffset: -1,
  }
}

/** The last sequence of the current epoch, -1 when none is remembered. */
export function lastSequenceOf(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastSequence ?? -1
}

export function lastSequenceIn(batch: RecordBatchView): number {
  return addToSequence(batch.baseSequence, batch.lastOffsetDelta)
}

/** Sequences start over with every epoch, so a new one forgets the batches of the old. */
export function moveToEpoch(entry: ProducerEntry, producerEpoch: number): void {
  if (entry.producerEpoch === producerEpoch) return
  entry.producerEpoch = producerEpoch
  entry.batches = []
  entry.lastDataOffset = -1
}

export function remember(entry: ProducerEntry, batch: RecordBatchView): void {
  entry.batches.push({
    firstSequence: batch.baseSequence,
    lastSequence: lastSequenceIn(batch),
    baseOffset: batch.baseOffset,
    timestampMs: batch.maxTimestamp,
  })
  if (entry.batches.length > rememberedBatches) entry.batches.shift()
}
