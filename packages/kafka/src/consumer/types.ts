import type { RecordBatchView } from '@millrace/protocol'
import type { TopicPartition } from '../producer/types.ts'
import type { GroupAssignor } from './group/assignor.ts'

export interface ConsumerOptions {
  /** Needed for `subscribe`, `commit` and `committed`. */
  readonly groupId?: string
  /**
   * `consumer`: the broker assigns, and only partitions that change hands stop (KIP-848; Kafka 4.0 and the embedded
   * broker). Session timeout, heartbeat interval and assignors are the broker's business then. Default `classic`.
   */
  readonly groupProtocol?: 'classic' | 'consumer'
  /** With `groupProtocol: 'consumer'`, an assignor of the broker, `uniform` or `range`. Default the broker's. */
  readonly serverAssignor?: string
  /** Makes the member static (KIP-345): it keeps its partitions through a restart within `sessionTimeoutMs`. */
  readonly groupInstanceId?: string
  /** Default `read_committed`: records of open and aborted transactions are not seen. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /** Where to begin without a committed offset, or when the offset no longer exists. Default `earliest`. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'fail'
  /** A member that sent no heartbeat for so long is out. Default 45,000. */
  readonly sessionTimeoutMs?: number
  /** Default 3,000. */
  readonly heartbeatIntervalMs?: number
  /** How long members get to rejoin, and the longest pause between two polls. Default 300,000. */
  readonly rebalanceTimeoutMs?: number
  /** In order of preference; the group takes one that all members have. Default range, then cooperative sticky. */
  readonly assignors?: readonly GroupAssignor[]
  /** Of one fetch response. Default 16 MiB. */
  readonly maxBytes?: number
  /** Of one partition in one response. Default 1 MiB. */
  readonly maxPartitionBytes?: number
  /** A broker waits until it has so much, or `maxWaitMs`. Default 1. */
  readonly minBytes?: number
  /** Default 500. */
  readonly maxWaitMs?: number
  /** Fetched ahead of `poll`; fetching stops above it. Default 32 MiB. */
  readonly bufferBytes?: number
  /** Compare every batch with its CRC-32C. Default true. */
  readonly checkCrcs?: boolean
}

export interface ConsumerSettings
  extends Required<Omit<ConsumerOptions, 'groupId' | 'groupInstanceId' | 'serverAssignor'>> {
  readonly groupId: string | undefined
  readonly groupInstanceId: string | undefined
  readonly serverAssignor: string | undefined
}

/** What one poll brought from one partition. The batches are views; what is to be kept must be copied. */
export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** Without control batches, and with read_committed without those of aborted transactions; may be empty. */
  readonly batches: readonly RecordBatchView[]
  /** The first batch may begin before the position: records with smaller offsets do not count. */
  readonly firstOffset: number
  /** The position after this. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Of the batches that were fetched, filtered ones included. */
  readonly sizeInBytes: number
}

/** Awaited inside of `poll`, one at a time. */
export interface RebalanceListener {
  /** Newly assigned partitions (cooperative: only those; may be none). Positions may be sought here. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** Partitions about to go to another member; offsets can still be committed. */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** Partitions that another member may have already; offsets can no longer be committed. Default: `onRevoked`. */
  onLost?(partitions: readonly TopicPartition[]): void | Promise<void>
}

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

/**
 * What closing means for the group (KIP-1092): by default dynamic members leave and static members keep their place until
 * their session time-out; `leave` hands over at once, `remain` waits for the member's next run.
 */
export type GroupOperation = 'default' | 'leave' | 'remain'

export interface CloseOptions {
  readonly group?: GroupOperation
}
