import { type HeaderInput, partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import type { TopicMetadata } from '../client/metadata.ts'
import { kafkaError } from '../errors.ts'
import { type BatchResult, ProducerBatch } from './batch.ts'
import { PartitionQueue } from './partition-queue.ts'
import { StickyPartitioner } from './sticky-partitioner.ts'
import type { ProducerRecord, ProducerSettings, RecordPosition } from './types.ts'

/** Record length, timestamp, offset, key length, value length and header count, each as long as they get. */
const recordOverheadBytes = 36
const batchOverheadBytes = 61

/** A promise that an async function may return without awaiting it. */
interface Later<T> {
  readonly done: Promise<T>
}

/** Puts records into batches, within the buffer limit and in the order of the calls per topic. */
export class Accumulator {
  /** Queues that hold something. */
  readonly active = new Set<PartitionQueue>()
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #wake: () => void
  readonly #sticky: StickyPartitioner
  readonly #queues = new Map<string, PartitionQueue[]>()
  /** The last call per topic that still waits for metadata or room; later calls line up behind it. */
  readonly #lines = new Map<string, Promise<unknown>>()
  #roomWaiters: (() => void)[] = []
  #bufferedBytes = 0

  constructor(cluster: Cluster, settings: ProducerSettings, wake: () => void) {
    this.#cluster = cluster
    this.#settings = settings
    this.#wake = wake
    this.#sticky = new StickyPartitioner(cluster.settings.random)
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Every queue that was ever used, for resets. */
  *queues(): Iterable<PartitionQueue> {
    for (const queues of this.#queues.values()) yield* queues.filter((queue) => queue !== undefined)
  }

  async add(record: ProducerRecord, check: () => void): Promise<RecordPosition> {
    const bytes = recordBytes(record)
    if (bytes + batchOverheadBytes > this.#settings.maxBatchBytes) {
      const { maxBatchBytes } = this.#settings
      const message = `a record of up to ${bytes} bytes does not fit into maxBatchBytes ${maxBatchBytes}`
      throw kafkaError('KAFKA_RECORD_TOO_LARGE', message, { topic: record.topic, bytes, maxBatchBytes })
    }
    const appended = this.#inOrder(record.topic, bytes, (topic) => {
      check()
      return this.#append(record, bytes, topic)
    })
    return (appended instanceof Promise ? await appended : appended).done
  }

  async addBatch(
    topic: string,
    partition: number,
    builder: RecordBatchBuilder,
    check: () => void,
  ): Promise<BatchResult> {
    const queued = this.#inOrder(topic, builder.sizeInBytes, () => {
      check()
      const queue = this.#queue(topic, partition)
      this.#close(queue)
      return { done: this.#enqueue(queue, builder, true, builder.sizeInBytes).wait() }
    })
    return (queued instanceof Promise ? await queued : queued).done
  }

  /** Resolves once no call waits for metadata or room any more. */
  async admitted(): Promise<void> {
    while (this.#lines.size > 0) await Promise.allSettled(this.#lines.values())
  }

  /** Closes every open batch, so that none waits for company; returns all batches that are not acknowledged yet. */
  closeBatches(): ProducerBatch[] {
    const batches: ProducerBatch[] = []
    for (const queue of this.active) {
      this.#close(queue)
      batches.push(...queue.inFlight, ...queue.waiting)
    }
    this.#wake()
    return batches
  }

  /** Takes a settled batch out of the books. */
  release(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#bufferedBytes -= batch.chargedBytes
    batch.chargedBytes = 0
    if (queue.isIdle) this.active.delete(queue)
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const retry of waiters) retry()
  }

  /** Runs `append` at once when nothing stands in the way, otherwise in line behind earlier calls for the topic. */
  #inOrder<T>(name: string, bytes: number, append: (topic: TopicMetadata) => Later<T>): Later<T> | Promise<Later<T>> {
    const line = this.#lines.get(name)
    const topic = this.#cluster.cachedTopic(name)
    if (line === undefined && topic !== undefined && this.#hasRoom(bytes)) return append(topic)
    const turn = async (): Promise<Later<T>> => {
      const { maxBlockMs: timeoutMs, allowAutoTopicCreation } = this.#settings
      const found = await this.#cluster.topic(name, { timeoutMs, allowAutoTopicCreation })
      await this.#room(bytes)
      return append(found)
    }
    const result = line === undefined ? turn() : line.then(turn, turn)
    this.#lines.set(name, result)
    const leave = (): void => {
      if (this.#lines.get(name) === result) this.#lines.delete(name)
    }
    result.then(leave, leave)
    return result
  }

  #append(record: ProducerRecord, bytes: number, topic: TopicMetadata): Later<RecordPosition> {
    const partition = record.partition ?? this.#choose(record, bytes, topic)
    if (partition < 0 || partition >= topic.partitions.length) {
      throw new TypeError(`topic ${topic.name} has no partition ${partition}, only ${topic.partitions.length}`)
    }
    const queue = this.#queue(record.topic, partition)
    let batch = queue.open()
    if (batch !== undefined && batch.builder.sizeInBytes + bytes > this.#settings.maxBatchBytes) {
      this.#close(queue)
      batch = undefined
    }
    if (batch === undefined) {
      const builder = new RecordBatchBuilder({ compression: this.#settings.compression })
      batch = this.#enqueue(queue, builder, false, 0)
    }
    const index = batch.builder.count
    const timestamp = record.timestamp ?? this.#cluster.settings.clock.now()
    // JavaScript without types may leave them out.
    batch.builder.append(timestamp, record.key ?? null, record.value ?? null, record.headers ?? [])
    batch.chargedBytes += bytes
    this.#bufferedBytes += bytes
    const done = batch
      .wait()
      .then(({ baseOffset }) => ({ partition, offset: baseOffset < 0 ? -1 : baseOffset + index }))
    return { done }
  }

  #choose(record: ProducerRecord, bytes: number, topic: TopicMetadata): number {
    const count = topic.partitions.length
    const key = record.key ?? null
    if (key !== null) return partitionForKey(key, count)
    const available = topic.partitions.filter(({ leader }) => leader >= 0).map(({ partition }) => partition)
    return this.#sticky.partition(topic.name, bytes, count, available)
  }

  #enqueue(queue: PartitionQueue, builder: RecordBatchBuilder, closed: boolean, bytes: number): ProducerBatch {
    const nowMs = this.#cluster.settings.clock.now()
    const { lingerMs, deliveryTimeoutMs } = this.#settings
    const batch = new ProducerBatch(builder, { readyMs: nowMs + lingerMs, dueMs: nowMs + deliveryTimeoutMs, closed })
    batch.chargedBytes = bytes
    this.#bufferedBytes += bytes
    queue.waiting.push(batch)
    this.active.add(queue)
    this.#wake()
    return batch
  }

  /** A closed batch may be sent at once. */
  #close(queue: PartitionQueue): void {
    const open = queue.open()
    if (open === undefined) return
    open.closed = true
    this.#wake()
  }

  #queue(topic: string, partition: number): PartitionQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
    }
    let queue = queues[partition]
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition)
      queues[partition] = queue
    }
    return queue
  }

  /** A single call larger than the whole buffer is let through when the buffer is empty. */
  #hasRoom(bytes: number): boolean {
    return this.#bufferedBytes === 0 || this.#bufferedBytes + bytes <= this.#settings.bufferBytes
  }

  async #room(bytes: number): Promise<void> {
    const { clock } = this.#cluster.settings
    const { maxBlockMs, bufferBytes } = this.#settings
    const dueMs = clock.now() + maxBlockMs
    while (!this.#hasRoom(bytes)) {
      const leftMs = dueMs - clock.now()
      if (leftMs <= 0) {
        throw kafkaError('KAFKA_BUFFER_FULL', `${bufferBytes} bytes were unacknowledged for ${maxBlockMs} ms`, {
          bufferBytes,
        })
      }
      await new Promise<void>((resolve) => {
        const cancel = clock.after(leftMs, resolve)
        this.#roomWaiters.push(() => {
          cancel()
          resolve()
        })
      })
    }
  }
}

function recordBytes(record: ProducerRecord): number {
  let bytes = recordOverheadBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const { key, value } of record.headers ?? ([] as readonly HeaderInput[])) {
    bytes += Buffer.byteLength(key) + (value?.length ?? 0) + 10
  }
  return bytes
}
