import type { Clock } from '@millrace/base'
import { controlBatch, ErrorCode } from '@millrace/protocol'
import { whenStored } from '../coordinators/storage-failure.ts'
import type { ProducerDescription } from '../producers/types.ts'
import { partitionsOf, type TopicPartition, type Transaction } from './transaction.ts'

/** What markers are written into: any partition of this broker. */
export interface MarkerTarget {
  /** Appends a marker and returns its offset. Throws when the device refuses. */
  appendMarker(batch: Buffer): number
  whenCommitted(offset: number, done: (errorCode: number) => void): void
  producer(producerId: number): ProducerDescription | undefined
}

export interface MarkerEnvironment {
  readonly clock: Clock
  /** Undefined when the topic has been deleted: its part of the transaction is gone with it. */
  partition(partition: TopicPartition): MarkerTarget | undefined
  /** Called for every marker that is in a log now; the group coordinator takes over or drops the pending offsets. */
  markerWritten(partition: TopicPartition, producerId: number, commit: boolean): void
}

/** Pause before a partition that could not take its marker is tried again. */
export const markerRetryMs = 500

/** This broker is the only coordinator there ever is. */
export const coordinatorEpoch = 0

/**
 * Writes the markers of a transaction in PrepareCommit or PrepareAbort and calls `done` when all are safe. A partition
 * that refuses is tried again for as long as it takes: the outcome is decided and cannot be taken back.
 * `resumed`: after a restart, where some may be in the logs already.
 */
export function writeMarkers(
  environment: MarkerEnvironment,
  transaction: Transaction,
  resumed: boolean,
  done: () => void,
): () => void {
  const cancels = new Set<() => void>()
  let missing = 1
  const arrived = (): void => {
    missing--
    if (missing === 0) done()
  }
  const retry = (partition: TopicPartition): void => {
    const cancel = environment.clock.after(markerRetryMs, () => {
      cancels.delete(cancel)
      attempt(partition)
    })
    cancels.add(cancel)
  }
  const attempt = (partition: TopicPartition): void => {
    const target = environment.partition(partition)
    if (!target || isBehind(target, transaction) || (resumed && hasMarker(target, transaction))) {
      arrived()
      return
    }
    whenStored(
      () => {
        const offset = target.appendMarker(markerOf(transaction, environment.clock.now()))
        environment.markerWritten(partition, transaction.producerId, transaction.state === 'PrepareCommit')
        target.whenCommitted(offset, (errorCode) => {
          if (errorCode === ErrorCode.NONE) arrived()
          // The device lost the marker, or the topic has been deleted: the next attempt finds out.
          else retry(partition)
        })
      },
      () => retry(partition),
    )
  }
  for (const partition of partitionsOf(transaction.partitions)) {
    missing++
    attempt(partition)
  }
  arrived()
  return () => {
    for (const cancel of cancels) cancel()
    cancels.clear()
  }
}

function markerOf(transaction: Transaction, timestamp: number): Buffer {
  return controlBatch({
    type: transaction.state === 'PrepareCommit' ? 'commit' : 'abort',
    coordinatorEpoch,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    timestamp,
  })
}

/** The producer has gone on in this partition, so what the marker would end has ended. */
function isBehind(target: MarkerTarget, transaction: Transaction): boolean {
  return (target.producer(transaction.producerId)?.producerEpoch ?? -1) > transaction.producerEpoch
}

/** Without an open transaction of this producer the marker is there, or there is nothing that it would end. */
function hasMarker(target: MarkerTarget, transaction: Transaction): boolean {
  return target.producer(transaction.producerId)?.openTransactionOffset === undefined
}
