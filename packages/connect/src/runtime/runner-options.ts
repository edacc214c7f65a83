import type { Clock, Random } from '@millrace/base'
import type { LimitTable } from '@millrace/base/internal'
import type { ConsumerOptions, KafkaClient, ProducerOptions } from '@millrace/kafka'
import type { CompressionType } from '@millrace/protocol'

/** Bounds of a source's runner. */
export const sourceRunnerLimits = {
  maxTransactionRecords: { default: 10_000, min: 1, max: 1_000_000, reached: 'The Kafka transaction is committed.' },
  maxTransactionBytes: {
    default: 4 * 1024 * 1024,
    min: 1_024,
    max: 1024 ** 3,
    reached: 'The Kafka transaction is committed.',
  },
  maxBatchBytes: { default: 900_000, min: 1_024, max: 100 * 1024 ** 2, reached: 'The next batch is begun.' },
  transactionTimeoutMs: {
    default: 60_000,
    min: 1_000,
    max: 900_000,
    reached: 'The broker aborts the transaction; the source publishes its records again.',
  },
  retryDelayMsMin: { default: 250, min: 1, max: 60_000, reached: 'The first wait after a failure.' },
  retryDelayMsMax: { default: 15_000, min: 1, max: 600_000, reached: 'Waits after failures grow no longer.' },
} as const satisfies LimitTable

/** Bounds of a sink's runner. */
export const sinkRunnerLimits = {
  // Short beside Kafka's 45 s: being wrong about a death costs little, since the database fences whoever comes back.
  sessionTimeoutMs: {
    default: 10_000,
    min: 1_000,
    max: 1_800_000,
    reached: 'The partitions of an instance that sent no heartbeat go to the others.',
  },
  maxWriteBytes: {
    default: 2 * 1024 * 1024,
    min: 1_024,
    max: 1024 ** 3,
    reached: 'The database transaction is committed and the next one begun.',
  },
  maxPartitionBytes: {
    default: 1024 * 1024,
    min: 1_024,
    max: 100 * 1024 ** 2,
    reached: 'The rest comes with the next fetch.',
  },
  // Two writes' worth: a database takes rows far slower than Kafka hands them out.
  bufferBytes: {
    default: 4 * 1024 * 1024,
    min: 64 * 1_024,
    max: 1024 ** 3,
    reached: 'Fetching pauses until batches are written.',
  },
  retryDelayMsMin: { default: 250, min: 1, max: 60_000, reached: 'The first wait after a failure.' },
  retryDelayMsMax: { default: 15_000, min: 1, max: 600_000, reached: 'Waits after failures grow no longer.' },
} as const satisfies LimitTable

interface RunnerOptions {
  readonly client: KafkaClient
  readonly clock?: Clock
  readonly random?: Random
}

export interface SourceRunnerOptions extends RunnerOptions {
  /** Default `none`. */
  readonly compression?: CompressionType
  /** Topic of the stored positions. Default `millrace-connect-offsets`. */
  readonly positionsTopic?: string
  /** Read where `positionsTopic` has no position yet, so that a source can be given a topic of its own. */
  readonly fallbackPositionsTopic?: string
  /** Default `millrace-source-<name>`. */
  readonly transactionalId?: string
  /**
   * When a transaction is committed: `pull` after each pull that may end one; `interval` when `transactionIntervalMs` have
   * passed as well. Where a source says that its transaction goes on (a snapshot), it does. Default `pull`.
   */
  readonly transactionBoundary?: 'pull' | 'interval'
  /** Default 60000. */
  readonly transactionIntervalMs?: number
  /** Further settings of the producer. */
  readonly producer?: Pick<ProducerOptions, 'deliveryTimeoutMs' | 'maxBlockMs' | 'maxInFlight' | 'maxRequestBytes'>
  readonly limits?: { readonly [Name in keyof typeof sourceRunnerLimits]?: number }
}

export interface SinkRunnerOptions extends RunnerOptions {
  /** Default `millrace-sink-<name>`. */
  readonly groupId?: string
  /**
   * Makes this instance a static member (KIP-345): started again under the same id it has its partitions back at once,
   * even when it was killed. Each running instance needs an id of its own.
   */
  readonly instanceId?: string
  /**
   * Where to begin in a partition of which the target has no offset yet. `latest` is stored at once, so that a crash before
   * the first record leaves nothing out. Default `earliest`.
   */
  readonly begin?: 'earliest' | 'latest' | 'fail'
  /** Further settings of the consumer. */
  readonly consumer?: Pick<ConsumerOptions, 'checkCrcs' | 'maxBytes' | 'maxWaitMs' | 'minBytes' | 'rebalanceTimeoutMs'>
  readonly limits?: { readonly [Name in keyof typeof sinkRunnerLimits]?: number }
}
