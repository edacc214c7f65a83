import { withForwardedId } from '@millrace/base/internal'
import type { Header, RecordCursor } from '@millrace/protocol'

/** Where the record in hand came from. Valid during the callback that it is given to; copy what you keep. */
export interface RecordContext {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: readonly Header[]
}

export const noHeaders: readonly Header[] = Object.freeze([])

/** One per task, moved from record to record; headers are read from the batch when somebody asks. */
export class TaskRecordContext implements RecordContext {
  topic = ''
  partition = -1
  offset = -1
  timestamp = -1
  #cursor: RecordCursor | undefined
  #isOwn = false
  #headers: readonly Header[] = noHeaders

  get headers(): readonly Header[] {
    if (this.#cursor !== undefined) {
      this.#headers = this.#cursor.headerCount === 0 ? noHeaders : this.#read(this.#cursor)
      this.#cursor = undefined
    }
    return this.#headers
  }

  /** Moves to the record under the cursor. `isOwn`: the application wrote it, on the way from one of its parts to another. */
  enter(topic: string, partition: number, cursor: RecordCursor, timestamp = cursor.timestamp, isOwn = false): void {
    this.topic = topic
    this.partition = partition
    this.offset = cursor.offset
    this.timestamp = timestamp
    this.#cursor = cursor
    this.#isOwn = isOwn
  }

  /** Moves to where an update came from that was held in a cache. */
  assume(origin: RecordContext): void {
    this.topic = origin.topic
    this.partition = origin.partition
    this.offset = origin.offset
    this.timestamp = origin.timestamp
    this.#headers = origin.headers
    this.#cursor = undefined
  }

  /** The same record under another time and other headers. */
  change(timestamp: number, headers: readonly Header[]): void {
    this.timestamp = timestamp
    this.#headers = headers
    this.#cursor = undefined
  }

  /** What the application wrote itself has been marked where it came in, or has an id that a processor gave it. */
  #read(cursor: RecordCursor): readonly Header[] {
    return this.#isOwn ? cursor.headers() : withForwardedId(cursor.headers())
  }

  snapshot(): RecordContext {
    const { topic, partition, offset, timestamp, headers } = this
    return { topic, partition, offset, timestamp, headers }
  }
}
