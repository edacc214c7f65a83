import type { RecordBatchView, RecordCursor } from '@millrace/protocol'
import type { TaskInput } from './task.ts'

/** Places of finished batches are swept out at the earliest when there are so many. */
const sweptMin = 16

/**
 * Fetched batches of one input partition, and the record at their head. Records are walked in place; a batch is let go
 * when its last record is done.
 */
export class RecordQueue {
  readonly topic: string
  readonly partition: number
  /** Greatest timestamp that was processed; -1 before the first. */
  partitionTime = -1
  /** Time of the record at the head: its own, or what an extractor made of it. */
  headTimestamp = -1
  /** Times that a handler asked for the head to be tried again. */
  attempts = 0
  /** Records that were processed, and bytes that were handed over, since the task was made. */
  taken = 0
  takenBytes = 0
  #batches: (RecordBatchView | undefined)[] = []
  #nextBatch = 0
  #cursor: RecordCursor | undefined
  #hasHead = false
  #firstOffset = 0
  #buffered = 0
  #bufferedBytes = 0
  #batchBytes = 0
  /** What to commit when everything handed over is processed. */
  #nextOffset = -1
  #endOffset = -1

  /** Asked for the time of each record that comes to the head; undefined: it is the record's own. */
  #timeOf: ((head: RecordCursor, partitionTime: number) => number) | undefined

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  extractTimes(timeOf: (head: RecordCursor, partitionTime: number) => number): void {
    this.#timeOf = timeOf
  }

  /** Asks once more, for a head that is tried again. */
  extractAgain(): void {
    this.#noteTime(this.#cursor!)
  }

  add(input: TaskInput): void {
    for (const batch of input.batches) {
      this.#batches.push(batch)
      this.#buffered += batch.recordCount
      this.#bufferedBytes += batch.sizeInBytes
      this.takenBytes += batch.sizeInBytes
    }
    // Only the first batches of a position can begin before it: what is buffered already is behind it.
    if (!this.#hasHead) this.#firstOffset = input.firstOffset
    this.#nextOffset = input.nextOffset
    this.#endOffset = input.endOffset
    if (!this.#hasHead) this.#advance()
  }

  /** The record at the head, or undefined. */
  get head(): RecordCursor | undefined {
    return this.#hasHead ? this.#cursor : undefined
  }

  /** An upper bound: a batch may hold records before the position, or offsets that compaction removed. */
  get buffered(): number {
    return this.#buffered
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Whether the broker is known to have nothing more for now. */
  get isCaughtUp(): boolean {
    return this.#nextOffset >= 0 && this.#nextOffset >= this.#endOffset
  }

  /** The offset to commit: that of the head, or where the next fetch begins. -1: nothing was handed over yet. */
  get committable(): number {
    return this.#hasHead ? this.#cursor!.offset : this.#nextOffset
  }

  /** The head is done. */
  pop(): void {
    this.#buffered--
    this.taken++
    this.attempts = 0
    this.#advance()
  }

  clear(): void {
    this.#batches = []
    this.#nextBatch = 0
    this.#cursor = undefined
    this.#hasHead = false
    this.#buffered = 0
    this.#bufferedBytes = 0
    this.#batchBytes = 0
    this.#nextOffset = -1
    this.#endOffset = -1
    this.attempts = 0
  }

  #advance(): void {
    for (;;) {
      while (this.#cursor?.next()) {
        if (this.#cursor.offset < this.#firstOffset) {
          this.#buffered--
          continue
        }
        this.#hasHead = true
        this.#noteTime(this.#cursor)
        return
      }
      this.#bufferedBytes -= this.#batchBytes
      this.#batchBytes = 0
      this.#hasHead = false
      this.#cursor = undefined
      if (this.#nextBatch === this.#batches.length) {
        this.#batches = []
        this.#nextBatch = 0
        this.#buffered = 0
        return
      }
      const batch = this.#batches[this.#nextBatch]!
      this.#letGo()
      this.#batchBytes = batch.sizeInBytes
      this.#cursor = batch.cursor()
    }
  }

  #noteTime(head: RecordCursor): void {
    this.headTimestamp = this.#timeOf === undefined ? head.timestamp : this.#timeOf(head, this.partitionTime)
  }

  /** While there is a backlog the queue never runs empty: what is done must not wait for that. */
  #letGo(): void {
    this.#batches[this.#nextBatch++] = undefined
    if (this.#nextBatch < sweptMin || this.#nextBatch * 2 < this.#batches.length) return
    this.#batches = this.#batches.slice(this.#nextBatch)
    this.#nextBatch = 0
  }
}
