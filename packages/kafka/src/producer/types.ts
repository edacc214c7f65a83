import { checkOptions } from '@millrace/base/internal'
import type { HeaderInput, RecordBatchBuilder } from '@millrace/protocol'

/** How a batch is compressed. */
export type CompressionType = RecordBatchBuilder['compression']

export interface ProducerOptions {
  /** Makes the producer transactional; one running instance per id, the newest wins. */
  readonly transactionalId?: string
  /** Default `none`. */
  readonly compression?: CompressionType
  /** How long a record may wait for company. Default 0: a batch goes as soon as a request may be sent. */
  readonly lingerMs?: number
  /** A batch is closed at this size, before compression. Default 1,000,000. */
  readonly maxBatchBytes?: number
  /** A request carries batches of several partitions up to this size. Default 4 MiB. */
  readonly maxRequestBytes?: number
  /** Records that wait or are on their way; beyond it `send` waits. Default 32 MiB. */
  readonly bufferBytes?: number
  /** How long `send` waits for metadata and for room in the buffer. Default 60,000. */
  readonly maxBlockMs?: number
  /** From `send` to the acknowledgement, retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number
  /** After which the broker aborts an open transaction. Default 60,000. */
  readonly transactionTimeoutMs?: number
  /** No duplicates and no reordering by retries (KIP-98). Default true; transactional producers always are. */
  readonly idempotent?: boolean
  /** -1: all in-sync replicas, 1: the leader, 0: nobody. Other than -1 only with `idempotent: false`. */
  readonly acks?: -1 | 0 | 1
  /** Requests on their way to one broker. Default 5, the most that keeps the idempotent producer's order. */
  readonly maxInFlight?: number
  /** Lets the broker create a missing topic, if it is configured to. Default false. */
  readonly allowAutoTopicCreation?: boolean
}

export interface ProducerRecord {
  readonly topic: string
  /** Default: by the key as Java does (murmur2), or sticky without a key. */
  readonly partition?: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly HeaderInput[]
  /** Epoch milliseconds; default now. */
  readonly timestamp?: number
}

export interface RecordPosition {
  readonly partition: number
  /** -1 when the broker no longer knows (a duplicate of a batch long written) or acks is 0. */
  readonly offset: number
}

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Who commits, as the group coordinator checks it (KIP-447). */
export interface GroupMetadata {
  readonly groupId: string
  /** -1 outside of a group. */
  readonly generationId: number
  /** Empty outside of a group. */
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicPartitionOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
  readonly leaderEpoch?: number
  readonly metadata?: string | null
}

/** `ProducerOptions` with every default filled in. */
export interface ProducerSettings extends Required<Omit<ProducerOptions, 'transactionalId'>> {
  readonly transactionalId: string | undefined
}

export function producerSettings(options: ProducerOptions): ProducerSettings {
  const duration = { min: 0 }
  const bytes = { min: 1, integer: true }
  checkOptions('producer', options, {
    transactionalId: 'string',
    compression: { oneOf: ['none', 'gzip', 'snappy', 'lz4', 'zstd'] },
    lingerMs: duration,
    maxBatchBytes: bytes,
    maxRequestBytes: bytes,
    bufferBytes: bytes,
    maxBlockMs: duration,
    deliveryTimeoutMs: duration,
    transactionTimeoutMs: { min: 1, max: 0x7fffffff, integer: true },
    idempotent: 'boolean',
    acks: { oneOf: [-1, 0, 1] },
    maxInFlight: { min: 1, integer: true },
    allowAutoTopicCreation: 'boolean',
  })
  const { transactionalId, idempotent = true, acks = -1, maxInFlight = 5 } = options
  if (transactionalId !== undefined && !idempotent) throw new TypeError('a transactional producer is always idempotent')
  if (idempotent && acks !== -1) throw new TypeError('acks other than -1 need idempotent: false')
  if (idempotent && maxInFlight > 5) throw new TypeError('maxInFlight above 5 needs idempotent: false')
  return {
    transactionalId,
    idempotent,
    acks,
    maxInFlight,
    compression: options.compression ?? 'none',
    lingerMs: options.lingerMs ?? 0,
    maxBatchBytes: options.maxBatchBytes ?? 1_000_000,
    maxRequestBytes: options.maxRequestBytes ?? 4 * 1024 * 1024,
    bufferBytes: options.bufferBytes ?? 32 * 1024 * 1024,
    maxBlockMs: options.maxBlockMs ?? 60_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 60_000,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
  }
}
