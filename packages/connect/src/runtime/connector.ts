import type { Clock, MillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { Header, RecordBatchView } from '@millrace/protocol'
import type { ConnectRecord } from '../data/record.ts'
import type { DeadLetterPlace, ErrorPolicy, RecordPipeline } from './pipeline.ts'

/** A topic that a connector writes, created with these settings when it is missing. */
export interface TopicSpec {
  readonly name: string
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: Readonly<Record<string, string>>
}

/**
 * A source's position as it lies in the topic of positions: a JSON object with the format's version number. Of a connector
 * that names its `partition` the version may be missing: Kafka Connect's connectors write none.
 */
export interface StoredPosition {
  readonly version?: number
  readonly [field: string]: unknown
}

/** Where a source puts its records; they go to Kafka together with the position. */
export interface SourceOutput {
  /** Key and value are copied. The partition follows from the key as in Java's clients; without a key they take turns. */
  append(
    topic: string,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ): void
  /**
   * The same for data: the connector's transforms and converters make the bytes, or drop the record; one that they refuse is
   * dealt with as the connector's `errors` say.
   *
   * @throws CONNECT_RECORD_REFUSED, CONNECT_RECORD_RETRIED; the runner handles both
   */
  record(record: ConnectRecord): void
  /** Whether the batch has reached its bound. */
  readonly isFull: boolean
  readonly records: number
}

/** What one pull yielded. */
export interface SourcePull {
  /** Where the source stands after the records of this pull. */
  readonly position: StoredPosition
  /**
   * `continue` keeps the Kafka transaction open for the next pull, so that a whole snapshot becomes visible at once;
   * otherwise it is committed with the position.
   */
  readonly transaction: 'commit' | 'continue'
  /** The session has no more; the source is opened anew from this position. */
  readonly isLast?: boolean
}

export interface SourceContext {
  /** Undefined when the source runs for the first time. */
  readonly position: StoredPosition | undefined
  readonly signal: AbortSignal
  readonly clock: Clock
  /** For what a source reads from Kafka itself: signals, its own topics when it has to compare them with the database. */
  readonly client: KafkaClient
  /** Tells people what the source is waiting for, in its status. */
  readonly report: (activity: string) => void
}

/** Figures of a running source; undefined where not known. */
export interface SourceFigures {
  /** How much of the database's log is not confirmed yet. */
  readonly lagBytes: number | undefined
  /** When the database committed what was read last, in epoch milliseconds. */
  readonly lastEventMs: number | undefined
}

/** An open source. The runtime calls `pull`, writes and commits to Kafka, then calls `commit`, in turns. */
export interface SourceSession {
  /** Waits up to `maxWaitMs` for records and appends them to `output` until it is full or no more are there. */
  pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined>
  /** Everything up to `position` is in a committed Kafka transaction: the database may forget it. */
  commit(position: StoredPosition): Promise<void>
  figures(): SourceFigures
  close(): Promise<void>
}

/** A source as configured; `open` may be called again after a session has failed. */
export interface SourceConnector {
  readonly kind: 'source'
  /** Names its position and its transactional id; stable for the life of the connector. */
  readonly name: string
  readonly topics: readonly TopicSpec[]
  /**
   * How to create a topic that is not among `topics` when a record for it comes; undefined refuses the record. Left out,
   * all others are refused.
   */
  newTopic?(name: string): TopicSpec | undefined
  /**
   * What the position is of, its key in the topic of positions together with the name, as Kafka Connect's source partition:
   * `{ server: 'orders' }`. Default `{ source: <name> }`. Never changes for a connector.
   */
  readonly partition?: Readonly<Record<string, unknown>>
  /** For `SourceOutput.record`. Default: keys and values as JSON without schemas. */
  readonly pipeline?: RecordPipeline
  /** For records that the pipeline refuses. Default: the first one stops the connector. */
  readonly errors?: ErrorPolicy
  /** Transaction time-out while there is no position yet, when an initial snapshot has to fit into one transaction. */
  readonly snapshotTransactionTimeoutMs?: number
  /** Whether a snapshot may become due at any start, so that each has that time-out. */
  readonly mayBeginAnew?: boolean
  open(context: SourceContext): Promise<SourceSession>
  /** Throws where somebody alters the position to what `open` would refuse; left out, it is refused there. */
  checkPosition?(position: StoredPosition): void
  /** Whether another instance is at work; asked before an instance that was running begins again. */
  occupied?(): Promise<boolean>
  /** Everything that stands in the way of starting, for `millrace doctor`. Changes nothing. */
  check?(): Promise<readonly MillraceError[]>
  /** What `check` found to be in order, or worth a thought, in sentences. Changes nothing. */
  describe?(): Promise<readonly string[]>
  /**
   * Looks after the database from the first start until the source has ended, also while Kafka is away and no session is
   * open. Resolves when the signal aborts; never rejects.
   */
  watch?(signal: AbortSignal): Promise<void>
}

/** One assigned partition of a sink. */
export interface SinkPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}

/** Records of one partition, from `firstOffset` on; a batch may begin earlier. */
export interface SinkBatch extends SinkPartition {
  readonly batches: readonly RecordBatchView[]
  readonly firstOffset: number
  /** Where the next batch begins: beyond the last record, control batches and gaps included. */
  readonly nextOffset: number
}

/** A record that cannot be written. Bytes and headers are copies. */
export interface BadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
  readonly stage: 'deserialize' | 'process'
  /** A `PipelineFailure` where a converter or transform refused it. */
  readonly error: Error
}

export interface SinkContext {
  /**
   * The offset that the sink's consumer group has committed, for a target that cannot hold one itself: records since then
   * come again after a crash. Undefined where there is none yet.
   */
  readonly groupOffset?: (partition: SinkPartition) => Promise<number | undefined>
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly report: (activity: string) => void
  /** Resolves once the records are safe in their dead-letter topic, or skipped; rejects where the sink is to fail instead. */
  readonly deadLetter: (records: readonly BadRecord[]) => Promise<void>
}

/** An open sink. */
export interface SinkSession {
  /**
   * Makes this instance the only one that can write the partition and says where it has to go on; undefined when nobody
   * has written it yet.
   */
  claim(partition: SinkPartition): Promise<number | undefined>
  /**
   * Writes one batch and moves the stored offset to `nextOffset` in one database transaction. Returns how many records
   * took effect, superseded ones included.
   */
  put(batch: SinkBatch): Promise<number>
  /** The partition now belongs to another member. */
  release(partition: SinkPartition): void
  close(): Promise<void>
}

/** A sink as configured; `open` may be called again after a session has failed. */
export interface SinkConnector {
  readonly kind: 'sink'
  /** Names its consumer group and its rows in the target's offset table. */
  readonly name: string
  readonly topics: readonly TopicSpec[]
  readonly onBadRecord: 'dead-letter' | 'skip' | 'fail'
  /** Default: topic `<topic>.dlq`, with headers. */
  readonly deadLetters?: DeadLetterPlace
  /** Whether refused records are published on the diagnostics channel `millrace:connect:record-error`. Default false. */
  readonly logBadRecords?: boolean
  /**
   * How long a record is tried again that a converter or transform refused with an error that is `retriable`, before it is a
   * bad one; -1 for ever. Default 0.
   */
  readonly retryTimeoutMs?: number
  /**
   * Writes where the sink stands, for `PATCH` and `DELETE /connectors/<name>/offsets`, while it is stopped; undefined forgets
   * the partition. The group's are moved afterwards. Left out, the target's own offsets cannot be altered from here.
   */
  setOffsets?(
    offsets: readonly { readonly partition: SinkPartition; readonly offset: number | undefined }[],
  ): Promise<void>
  open(context: SinkContext): Promise<SinkSession>
  check?(): Promise<readonly MillraceError[]>
}
