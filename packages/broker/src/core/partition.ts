import { type Clock, isMillraceError } from '@millrace/base'
import { batchesIn, ErrorCode, RecordBatchView } from '@millrace/protocol'
import type { PartitionCheckpoint } from './clean-shutdown.ts'
import type { TopicConfig } from './config/topic-config.ts'
import { batchSizeAt, nextOffsetAt, stampBatch } from './log/batch-bytes.ts'
import { withAppendTime, withCompression } from './log/change-batch.ts'
import type { LeaderEpochs } from './log/leader-epochs.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { deriveState, writeSnapshot } from './log/producer-snapshots.ts'
import { problemOfReplica } from './log/replica-batches.ts'
import type { Segment } from './log/segment.ts'
import { type BatchProblem, problemOfBatch, type RecordError } from './log/validate-batch.ts'
import type { AbortedTransaction, AppendOrigin, ProducerState, ProducerStateFactory } from './producers/types.ts'
import type { BrokerStorage, FileRange } from './storage/storage.ts'
import { isInternalTopic } from './topics/topic.ts'

/** What all partitions of a broker share. */
export interface PartitionEnvironment {
  readonly clock: Clock
  readonly storage: BrokerStorage
  /** Whether what is acknowledged must be on the device. */
  readonly fsync: boolean
  readonly producerStates: ProducerStateFactory
  /** Called when there is more to read: the high watermark or the last stable offset has moved. */
  advanced(partition: Partition): void
  /** The log could not be read or written. */
  failed(partition: Partition, error: Error): void
  /** Makes a log start durable before the bytes before it go. */
  recordLogStart(partition: Partition, offset: number): void
}

export interface PartitionIdentity {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** Raised by every start of the broker, as Apache Kafka does where a partition has one replica. */
  readonly leaderEpoch: number
  /** Whether it is filled from another log and only read here. */
  readonly mirror: boolean
}

export interface AppendResult {
  readonly errorCode: number
  readonly errorMessage?: string
  /** The records to blame, when it is records (KIP-467). */
  readonly recordErrors?: readonly RecordError[]
  /** First offset given, or that of the earlier append when this is a duplicate; -1 on error. */
  readonly baseOffset: number
  /** Last offset given; of a duplicate, the offset before the log's end, so that waiting for it covers the original. */
  readonly lastOffset: number
  /** The broker's time when the topic stamps it, else -1. */
  readonly logAppendTimeMs: number
}

export interface ReadResult {
  readonly errorCode: number
  /** Whoever gets a range releases it. */
  readonly records: Buffer | FileRange
  /** The offset after what was read; `fromOffset` when nothing was. */
  readonly nextOffset: number
}

export interface FoundByTime {
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** Who wants to know when there may be more to read, or the partition has gone. */
export interface PartitionReader {
  changed(): void
}

export type Isolation = 'read_uncommitted' | 'read_committed'

interface CommitWaiter {
  readonly nextOffset: number
  readonly done: (errorCode: number) => void
}

const noBytes = Buffer.alloc(0)
const scanBytes = 256 * 1024
const reportIntervalMs = 60_000

/**
 * One partition: its log, what it knows of producers, and how far readers may see. Everything is synchronous; only the
 * high watermark may lag behind, under fsync, until the device has the bytes.
 */
export class Partition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly config: TopicConfig
  readonly log: PartitionLog
  /** Stamped into every batch; a client that believes in another one is told so (KIP-320). */
  leaderEpoch: number
  epochs: LeaderEpochs
  mirror: boolean
  producers: ProducerState
  /** Up to where compaction has left one record per key. */
  cleanedUpTo = 0
  logStartOffset: number
  highWatermark: number
  /** Bytes appended since the start, for those who wait for a number of bytes. */
  bytesAppended = 0
  /** Requests that wait for more to read. */
  readonly readers = new Set<PartitionReader>()
  readonly #environment: PartitionEnvironment
  #commitWaiters: CommitWaiter[] = []
  #syncing = false
  #unflushed = 0
  #cancelFlush: (() => void) | undefined
  #closed = false
  #reported: { readonly message: string; readonly atMs: number } | undefined
  /** Whether the log has an end that it should not have, until the next start. */
  #broken = false

  constructor(
    environment: PartitionEnvironment,
    identity: PartitionIdentity,
    state: {
      config: TopicConfig
      log: PartitionLog
      producers: ProducerState
      epochs: LeaderEpochs
      logStartOffset: number
    },
  ) {
    this.#environment = environment
    this.topic = identity.topic
    this.topicId = identity.topicId
    this.index = identity.index
    this.config = state.config
    this.log = state.log
    this.producers = state.producers
    this.epochs = state.epochs
    this.mirror = identity.mirror
    // A mirror has the epochs of what it mirrors. Elsewhere, an epoch that is there already was given by a start that could not
    // be recorded.
    this.leaderEpoch = this.mirror
      ? Math.max(0, state.epochs.latest)
      : Math.max(identity.leaderEpoch, state.epochs.latest + 1)
    if (!this.mirror) this.epochs.assign(this.leaderEpoch, state.log.endOffset)
    this.logStartOffset = Math.max(state.logStartOffset, state.log.firstOffset)
    // Recovery has cut what is not whole; what is left counts as committed.
    this.highWatermark = state.log.endOffset
    this.producers.advance(this.highWatermark)
  }

  /** Whether the topic has been deleted or the broker has stopped. */
  get closed(): boolean {
    return this.#closed
  }

  get logEndOffset(): number {
    return this.log.endOffset
  }

  /** No record of an undecided transaction lies before it; never before the log start, also when the transaction's beginning is deleted. */
  get lastStableOffset(): number {
    const unstable = this.producers.firstUnstableOffset ?? this.highWatermark
    return Math.min(this.highWatermark, Math.max(unstable, this.logStartOffset))
  }

  /**
   * Appends one or more whole batches. Offsets and leader epoch are stamped into `records`. What is refused changes
   * nothing; nothing is thrown for what a client or the disk did.
   */
  append(records: Buffer, origin: AppendOrigin): AppendResult {
    if (this.#closed) return refused(ErrorCode.KAFKA_STORAGE_ERROR, 'The partition is closed.')
    if (this.#broken) return refused(ErrorCode.KAFKA_STORAGE_ERROR, 'The device lost the end of the log.')
    const nowMs = this.#environment.clock.now()
    const batches = origin === 'replica' ? [] : [...batchesIn(records)]
    const problem = this.#problemFrom(origin, batches, records, nowMs)
    if (problem) return refused(problem.errorCode, problem.message, problem.recordErrors)
    for (const batch of batches) {
      if (batch.producerId < 0) continue
      const check = this.producers.check(batch, origin)
      if (check.kind === 'duplicate') return this.#duplicate(check)
      if (check.kind === 'error') return refused(check.code, check.message)
    }
    if (origin !== 'client') return this.#appendStamped(records, origin, nowMs, -1)
    const { compression, logAppendTime, maxMessageBytes } = this.config
    const compressed = compression ? withCompression(batches[0]!, compression) : records
    if (compressed.length > maxMessageBytes) {
      const message = `Compressed for the topic, the record batch has ${compressed.length} bytes, more than max.message.bytes.`
      return refused(ErrorCode.MESSAGE_TOO_LARGE, message)
    }
    const stamped = logAppendTime ? withAppendTime(compressed, nowMs) : compressed
    return this.#appendStamped(stamped, origin, nowMs, logAppendTime ? nowMs : -1)
  }

  #problemFrom(
    origin: AppendOrigin,
    batches: RecordBatchView[],
    records: Buffer,
    nowMs: number,
  ): BatchProblem | undefined {
    if ((origin === 'replica') !== this.mirror) {
      const message = this.mirror ? 'The topic is a mirror: clients only read it.' : 'The topic is no mirror.'
      return { errorCode: ErrorCode.POLICY_VIOLATION, message }
    }
    if (origin === 'client') return this.#problemOf(batches, records, nowMs)
    const { endOffset } = this.log
    return origin === 'replica' ? problemOfReplica(records, { endOffset, latestEpoch: this.epochs.latest }) : undefined
  }

  #problemOf(batches: RecordBatchView[], records: Buffer, nowMs: number): BatchProblem | undefined {
    const [batch] = batches
    if (!batch || batches.length > 1) {
      return {
        errorCode: ErrorCode.INVALID_RECORD,
        message: 'A produce request carries exactly one record batch per partition.',
      }
    }
    if (batch.sizeInBytes !== records.length) {
      return { errorCode: ErrorCode.CORRUPT_MESSAGE, message: 'Bytes follow the record batch.' }
    }
    return problemOfBatch(batch, this.config, nowMs)
  }

  #appendStamped(records: Buffer, origin: AppendOrigin, nowMs: number, logAppendTimeMs: number): AppendResult {
    const batches = [...batchesIn(records)]
    let nextOffset = this.log.endOffset
    const baseOffset = origin === 'replica' ? batches[0]!.baseOffset : nextOffset
    for (const batch of batches) {
      if (origin !== 'replica') stampBatch(records, batch.start, nextOffset, this.leaderEpoch)
      nextOffset = batch.nextOffset
    }
    let rolled: boolean
    try {
      // The mirrored log begins where its source begins.
      if (origin === 'replica' && this.log.segments.length === 0) this.advanceLogStart(baseOffset)
      rolled = this.log.append(records, baseOffset, nextOffset, nowMs, this.config.roll)
    } catch (error) {
      this.report(error)
      return refused(ErrorCode.KAFKA_STORAGE_ERROR, `The log cannot be written: ${(error as Error).message}`)
    }
    // At the beginning of the log nothing is known of anyone.
    if (rolled && baseOffset > 0) writeSnapshot(this.#environment.storage, this.log, this)
    for (const batch of batches) {
      if (origin === 'replica') this.epochs.assign(batch.leaderEpoch, batch.baseOffset)
      if (batch.producerId >= 0) this.producers.append(batch, nowMs)
    }
    if (origin === 'replica') this.leaderEpoch = Math.max(this.leaderEpoch, this.epochs.latest)
    this.bytesAppended += records.length
    // With flush.messages=1 Kafka, too, syncs before it answers.
    if (this.#environment.fsync || this.config.flush.messages === 1) this.#sync()
    else {
      this.#advanceTo(nextOffset)
      this.#flushInTime(nextOffset - baseOffset)
    }
    // The device may have refused at once: then the records are gone again.
    if (this.#broken || this.log.endOffset < nextOffset)
      return refused(ErrorCode.KAFKA_STORAGE_ERROR, 'The log cannot be synced.')
    return { errorCode: ErrorCode.NONE, baseOffset, lastOffset: nextOffset - 1, logAppendTimeMs }
  }

  /** Has the log synced after so many records, or so long after the first of them; nobody waits for it. */
  #flushInTime(count: number): void {
    const { messages, ms } = this.config.flush
    if (messages === Number.POSITIVE_INFINITY && ms === Number.POSITIVE_INFINITY) return
    this.#unflushed += count
    if (this.#unflushed >= messages) this.#flush()
    else if (ms !== Number.POSITIVE_INFINITY) {
      this.#cancelFlush ??= this.#environment.clock.after(ms, () => this.#flush())
    }
  }

  #flush(): void {
    this.#unflushed = 0
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    if (this.#closed) return
    try {
      // Segments before the active one are synced when they end.
      this.log.active?.file.sync(() => {})
    } catch {
      // A device that refuses is met again by the next append.
    }
  }

  #duplicate(check: { baseOffset: number; logAppendTimeMs: number }): AppendResult {
    const { baseOffset, logAppendTimeMs } = check
    return { errorCode: ErrorCode.NONE, baseOffset, lastOffset: this.log.endOffset - 1, logAppendTimeMs }
  }

  /**
   * Calls `done` with NONE once every offset before `nextOffset` is as durable as the policy promises: at once under
   * `write`, after the sync under `fsync`. With KAFKA_STORAGE_ERROR when the device refused: the records are gone then.
   * Returns what cancels the wait.
   */
  whenCommitted(nextOffset: number, done: (errorCode: number) => void): () => void {
    if (this.highWatermark >= nextOffset || this.log.endOffset < nextOffset || this.#broken) {
      // What is not in the log any more was taken back after a failed sync.
      done(this.highWatermark >= nextOffset ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR)
      return () => {}
    }
    const waiter = { nextOffset, done }
    this.#commitWaiters.push(waiter)
    return () => {
      const at = this.#commitWaiters.indexOf(waiter)
      if (at >= 0) this.#commitWaiters.splice(at, 1)
    }
  }

  /** Group commit: while one sync is under way, appends gather for the next. */
  #sync(): void {
    if (this.#syncing || this.#closed) return
    const target = this.log.endOffset
    // A sealed segment may hold records that are not synced yet.
    const files = this.log.segments.filter((segment) => segment.nextOffset > this.highWatermark).map((one) => one.file)
    let missing = files.length
    let failure: Error | undefined
    this.#syncing = true
    const finished = (error?: Error): void => {
      failure ??= error
      if (--missing > 0) return
      this.#syncing = false
      if (this.#closed) return
      if (failure) {
        this.report(failure)
        this.#dropUnsynced()
      } else {
        this.#advanceTo(target)
        // Who waited may have appended and synced more by now.
        if (this.log.endOffset > this.highWatermark) this.#sync()
      }
    }
    for (const file of files) {
      try {
        file.sync(finished)
      } catch (error) {
        // The file cannot even be opened: the same as a device that refuses.
        finished(error as Error)
      }
    }
  }

  /** A device that failed a sync may have dropped the bytes: they are cut, and whoever sent them is told. */
  #dropUnsynced(): void {
    try {
      this.truncateTo(this.highWatermark)
    } catch {
      // What was refused cannot be cut either: nothing may follow it. The next start finds the end of the log.
      this.#broken = true
    }
    const waiters = this.#commitWaiters
    this.#commitWaiters = []
    for (const waiter of waiters) waiter.done(ErrorCode.KAFKA_STORAGE_ERROR)
  }

  #advanceTo(offset: number): void {
    // A sync that began before the topic gave up waiting for syncs ends behind where readers are.
    this.highWatermark = Math.max(this.highWatermark, offset)
    this.producers.advance(this.highWatermark)
    if (this.#commitWaiters.length > 0) {
      const ready = this.#commitWaiters.filter((waiter) => waiter.nextOffset <= offset)
      this.#commitWaiters = this.#commitWaiters.filter((waiter) => waiter.nextOffset > offset)
      for (const waiter of ready) waiter.done(ErrorCode.NONE)
    }
    if (this.readers.size > 0) this.#environment.advanced(this)
  }

  /** Whether the leader epoch that a client believes in is this partition's (KIP-320); -1 does not say. */
  epochProblem(currentLeaderEpoch: number): number {
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE
    return currentLeaderEpoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
  }

  /** Where readers of this isolation must stop. */
  readableEnd(isolation: Isolation): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark
  }

  /**
   * Whole batches from the one that holds `fromOffset` on. OFFSET_OUT_OF_RANGE before the log start and behind the log end.
   * With `atLeastOne` the first batch comes even when it is larger than `maxBytes`.
   */
  read(fromOffset: number, maxBytes: number, isolation: Isolation, atLeastOne: boolean): ReadResult {
    if (fromOffset < this.logStartOffset || fromOffset > this.log.endOffset) {
      return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, records: noBytes, nextOffset: fromOffset }
    }
    const untilOffset = this.readableEnd(isolation)
    if (fromOffset >= untilOffset || (maxBytes <= 0 && !atLeastOne))
      return { errorCode: ErrorCode.NONE, records: noBytes, nextOffset: fromOffset }
    try {
      const range = this.log.range(fromOffset, maxBytes, untilOffset)
      if (range) return { errorCode: ErrorCode.NONE, ...range }
      const records = this.log.read(fromOffset, maxBytes, untilOffset, atLeastOne)
      return { errorCode: ErrorCode.NONE, records, nextOffset: endOf(records, fromOffset) }
    } catch (error) {
      return { errorCode: this.report(error), records: noBytes, nextOffset: fromOffset }
    }
  }

  /** Reports that the log cannot be read or written, the same once a minute. Returns what to tell who asked. */
  report(cause: unknown): number {
    const error = cause as Error
    const nowMs = this.#environment.clock.now()
    if (error.message !== this.#reported?.message || nowMs - this.#reported.atMs >= reportIntervalMs) {
      this.#reported = { message: error.message, atMs: nowMs }
      this.#environment.failed(this, error)
    }
    const isDamaged = isMillraceError(error) && error.code === 'BROKER_DATA_DAMAGED'
    return isDamaged ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR
  }

  abortedTransactions(fromOffset: number, toOffset: number): AbortedTransaction[] {
    return this.producers.abortedTransactions(fromOffset, toOffset)
  }

  /** Every batch from `fromOffset` on to the end of the log; a view is valid until the next step. */
  *scan(fromOffset = this.logStartOffset): Generator<RecordBatchView> {
    for (let offset = fromOffset; offset < this.log.endOffset; ) {
      const records = this.log.read(offset, scanBytes, this.log.endOffset, true)
      if (records.length === 0) return
      for (const batch of batchesIn(records)) {
        offset = batch.nextOffset
        yield batch
      }
    }
  }

  /** The first record at `timestampMs` or later that a reader of this isolation may see. */
  offsetForTime(timestampMs: number, isolation: Isolation): FoundByTime | undefined {
    const end = this.readableEnd(isolation)
    for (let from = this.logStartOffset; from < end; ) {
      const bytes = this.log.firstBatchSince(timestampMs, from)
      if (!bytes) return undefined
      const batch = new RecordBatchView(bytes)
      for (const cursor = batch.cursor(); cursor.next(); ) {
        if (cursor.timestamp < timestampMs || cursor.offset < from) continue
        const { offset, timestamp } = cursor
        return offset < end ? { offset, timestampMs: timestamp, leaderEpoch: batch.leaderEpoch } : undefined
      }
      from = batch.nextOffset
    }
    return undefined
  }

  /** The greatest time of any record from the log start on, -1 when there is none. */
  get maxTimestampMs(): number {
    const [first] = this.log.segments
    if (!first || first.baseOffset >= this.logStartOffset) return this.log.maxTimestampMs
    // What was deleted from within the first segment does not count any more: its batches are looked at.
    let max = -1
    for (const segment of this.log.segments.slice(1)) max = Math.max(max, segment.maxTimestampMs)
    this.log.walk(this.logStartOffset, (bytes, at) => {
      const batch = new RecordBatchView(bytes, at)
      if (batch.baseOffset >= first.nextOffset) return false
      if (batch.baseOffset >= this.logStartOffset) max = Math.max(max, batch.maxTimestamp)
      else {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset >= this.logStartOffset) max = Math.max(max, cursor.timestamp)
        }
      }
      return true
    })
    return max
  }

  /** Moves the log start up to `offset` and deletes whole segments before it. Throws what the journal throws. */
  advanceLogStart(offset: number): void {
    if (offset <= this.logStartOffset) return
    this.#environment.recordLogStart(this, offset)
    this.#deleteBefore(offset)
  }

  #deleteBefore(offset: number): void {
    this.logStartOffset = offset
    this.producers.deleteBefore(offset)
    this.epochs.deleteBefore(offset)
    this.log.deleteBefore(offset)
    // Where the log starts is news for fetch sessions.
    if (this.readers.size > 0) this.#environment.advanced(this)
  }

  /** Removes what retention by time and size no longer keeps; closes the active segment when it is overdue. */
  enforceRetention(nowMs: number): void {
    const retentionMs = this.config.number('retention.ms')
    const retentionBytes = this.config.number('retention.bytes')
    let start = this.logStartOffset
    // What a coordinator remembers goes with its own tombstones, whatever is set for its topic: a restart would forget the rest.
    if (this.config.deletes && !isInternalTopic(this.topic))
      start = Math.max(start, this.#retainedFrom(nowMs, retentionMs, retentionBytes))
    start = Math.min(start, this.highWatermark)
    const last = this.log.segments.at(-1)
    // Nothing would be left: the active segment is closed, so that it may go, and the offsets go on in a new one.
    const empties = last !== undefined && last.size > 0 && last.nextOffset <= start
    if (empties && this.log.roll()) writeSnapshot(this.#environment.storage, this.log, this)
    if (start > this.logStartOffset) this.#moveLogStart(start, empties)
    else this.log.deleteBefore(start)
  }

  /** On a full disk the record of the new start cannot be written; segments go nevertheless, as long as one is left that says where the log begins. */
  #moveLogStart(start: number, empties: boolean): void {
    try {
      this.advanceLogStart(start)
    } catch {
      if (empties) return
      this.#deleteBefore(start)
    }
  }

  #retainedFrom(nowMs: number, retentionMs: number, retentionBytes: number): number {
    let start = this.logStartOffset
    let excess = retentionBytes < 0 ? 0 : this.log.sizeInBytes - retentionBytes
    for (const [index, segment] of this.log.segments.entries()) {
      // Compaction has emptied it: whether it goes is decided by the next one.
      if (segment.size === 0 && segment !== this.log.active) continue
      const expired = retentionMs >= 0 && segment.size > 0 && nowMs - this.#lastWriteMs(segment, index) > retentionMs
      const tooMuch = retentionBytes >= 0 && segment !== this.log.active && excess >= segment.size
      if ((!expired && !tooMuch) || segment.nextOffset > this.highWatermark) break
      excess -= segment.size
      start = segment.nextOffset
    }
    return start
  }

  /** The greatest time of a segment's records; where none of them has one, as in Kafka, about when the last was appended. */
  #lastWriteMs(segment: Segment, index: number): number {
    if (segment.maxTimestampMs >= 0) return segment.maxTimestampMs
    const next = this.log.segments[index + 1]
    return next && next.createdAtMs >= 0 ? next.createdAtMs : segment.createdAtMs + this.config.roll.segmentMs
  }

  /** Cuts the log back to `offset` and derives the producers anew. */
  truncateTo(offset: number): void {
    this.log.truncateTo(offset)
    this.producers = deriveState(this.#environment, this.log, this.logStartOffset).producers
    this.epochs.truncateTo(this.log.endOffset)
    this.epochs.assign(this.leaderEpoch, this.log.endOffset)
    this.highWatermark = Math.min(this.highWatermark, this.log.endOffset)
    this.producers.advance(this.highWatermark)
  }

  /**
   * Writes the active segment's index and says what the next start needs to know.
   */
  checkpoint(): PartitionCheckpoint {
    this.log.active?.writeIndex()
    return {
      segments: this.log.checkpoint(),
      producers: this.producers.snapshot().toString('base64'),
      epochs: this.epochs.entries,
      cleanedUpTo: this.cleanedUpTo,
    }
  }

  /** Waits until the device has everything; throws what it says. */
  syncNow(): void {
    for (const segment of this.log.segments) segment.file.syncNow()
  }

  /** What is written from here on belongs to an epoch of this broker. */
  endMirroring(): void {
    this.mirror = false
    this.leaderEpoch = this.epochs.latest + 1
    this.epochs.assign(this.leaderEpoch, this.log.endOffset)
  }

  /** Ends all waiting; the partition takes no more appends. */
  close(errorCode: number): void {
    this.#closed = true
    this.#cancelFlush?.()
    const waiters = this.#commitWaiters
    this.#commitWaiters = []
    for (const waiter of waiters) waiter.done(errorCode)
    for (const reader of [...this.readers]) reader.changed()
  }
}

/** The offset after the last of whole batches. */
function endOf(records: Buffer, fromOffset: number): number {
  let nextOffset = fromOffset
  for (let at = 0; at < records.length; at += batchSizeAt(records, at)) nextOffset = nextOffsetAt(records, at)
  return nextOffset
}

function refused(errorCode: number, errorMessage?: string, recordErrors?: readonly RecordError[]): AppendResult {
  return {
    errorCode,
    ...(errorMessage !== undefined && { errorMessage }),
    ...(recordErrors !== undefined && { recordErrors }),
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
  }
}
