import type { MissReason } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'

/** How many misses of a task can be read. */
const keptMisses = 100

/** A record of a stream that found no row of the table that it is joined with. */
export interface JoinMiss {
  /** Sub-topology and partition, as `0_1`. */
  readonly task: string
  /** Name of the join's step. */
  readonly node: string
  readonly reason: MissReason
  /** Where the record was read. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Time of the record, in epoch milliseconds. */
  readonly timestamp: number
  /** Time that the table had reached; undefined before its first record, and of global tables, which have none. */
  readonly tableTimeMs: number | undefined
}

/** The last misses of a task. */
export class JoinMisses {
  readonly #task: string
  readonly #misses: JoinMiss[] = []
  #next = 0

  constructor(task: string) {
    this.#task = task
  }

  add(node: string, reason: MissReason, context: RecordContext, timestamp: number, tableTimeMs: number): void {
    const { topic, partition, offset } = context
    this.#misses[this.#next] = {
      task: this.#task,
      node,
      reason,
      topic,
      partition,
      offset,
      timestamp,
      tableTimeMs: tableTimeMs < 0 ? undefined : tableTimeMs,
    }
    this.#next = (this.#next + 1) % keptMisses
  }

  /** In the order in which they came. */
  get all(): readonly JoinMiss[] {
    return [...this.#misses.slice(this.#next), ...this.#misses.slice(0, this.#next)]
  }
}
