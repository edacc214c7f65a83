import type { FetchedPartition } from '@millrace/kafka'
import type { RawMessage } from './message.ts'
import type { HandlerMetrics } from './metrics.ts'
import type { Settle } from './settle.ts'

export interface PartitionWorkerOptions {
  readonly settle: Settle
  readonly metrics: HandlerMetrics
  /** Told when a fetched block is finished. */
  readonly onProgress: () => void
  /** Told once, when a message could not be handled and must not be left out. */
  readonly onFailed: (error: unknown) => void
}

/** Handles the messages of one partition one after the other, for as long as the partition is assigned. */
export class PartitionWorker {
  readonly topic: string
  readonly partition: number
  readonly #options: PartitionWorkerOptions
  readonly #blocks: FetchedPartition[] = []
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #position: number | undefined
  #highWatermark = 0
  /** The position that the last successful commit held. */
  committed: number | undefined

  constructor(topic: string, partition: number, options: PartitionWorkerOptions) {
    this.topic = topic
    this.partition = partition
    this.#options = options
  }

  /** The offset after the last finished message; undefined before the first. */
  get position(): number | undefined {
    return this.#position
  }

  /** Fetched blocks that are not finished. */
  get backlog(): number {
    return this.#blocks.length
  }

  get lagRecords(): number {
    return Math.max(0, this.#highWatermark - (this.#position ?? this.#highWatermark))
  }

  push(block: FetchedPartition): void {
    if (this.#stop.signal.aborted) return
    this.#highWatermark = block.highWatermark
    this.#blocks.push(block)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Finishes the message in flight and takes no other. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the handler stops reading this partition'))
    await this.#running
    this.#blocks.length = 0
  }

  async #run(): Promise<void> {
    try {
      for (let block = this.#blocks[0]; block; block = this.#blocks[0]) {
        await this.#finish(block)
        if (this.#stop.signal.aborted) return
        this.#blocks.shift()
        this.#options.onProgress()
      }
    } catch (error) {
      if (this.#stop.signal.aborted && error === this.#stop.signal.reason) return
      this.#stop.abort(error)
      this.#options.onFailed(error)
    }
  }

  async #finish(block: FetchedPartition): Promise<void> {
    const { settle, metrics } = this.#options
    for (const message of messagesIn(block)) {
      if (this.#stop.signal.aborted) return
      const outcome = await settle(message, this.#stop.signal)
      metrics.outcomes[outcome] += 1
      this.#position = message.offset + 1
    }
    // Control records and aborted transactions at the end of a block count as read too.
    this.#position = block.nextOffset
  }
}

/** The records of a block. A fetch answers with whole batches, which may begin before the offset that was asked for. */
function* messagesIn({ topic, partition, batches, firstOffset }: FetchedPartition): Iterable<RawMessage> {
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      if (cursor.offset < firstOffset) continue
      yield {
        topic,
        partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        keyBytes: cursor.keyBytes(),
        valueBytes: cursor.valueBytes(),
        headers: cursor.headers(),
      }
    }
  }
}
