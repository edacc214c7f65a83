import type { FetchedPartition } from '@millrace/kafka'
import { streamsError } from '../../errors.ts'
import { type ActiveTask, partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { RuntimeConfig } from '../config.ts'
import type { StateStores } from '../state-stores.ts'
import type { BoundsOf, ChangelogBounds } from './changelog-bounds.ts'

type CommittedOffset = TopicPartition & { readonly offset: number }

export interface LostInputOptions {
  readonly config: Pick<RuntimeConfig, 'lostInput'>
  readonly stores: StateStores
  readonly boundsOf: BoundsOf
  /** What the group has committed of partitions. */
  readonly committedOf: (partitions: readonly TopicPartition[]) => Promise<readonly CommittedOffset[]>
  /** A failure that is survived: for logs. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Notices that records are gone which a task was still to read, and that a topic is another one than that which its state is
 * made of. A consumer begins anew at the oldest record then and says nothing: what lies between would be left out, or the same
 * counted again.
 */
export class LostInput {
  readonly #options: LostInputOptions
  /** Of tasks without state as well, which have nowhere to note them. */
  readonly #topicIds = new Map<string, string>()

  constructor(options: LostInputOptions) {
    this.#options = options
  }

  /**
   * Looks at the inputs of tasks that are taken over, `committed` being what the group has committed of them. Where the
   * application is to go on without what is lost, it is set to the oldest record that is left.
   *
   * @throws STREAMS_INPUT_LOST, STREAMS_TOPIC_RECREATED, STREAMS_INPUT_DOUBTED
   */
  async check(tasks: readonly ActiveTask[], committed: Map<string, number>): Promise<void> {
    const inputs = tasks.flatMap((active) => active.inputs.map((input) => ({ active, input })))
    if (inputs.length === 0) return
    const bounds = await this.#options.boundsOf(inputs.map(({ input }) => input))
    for (const { active, input } of inputs) {
      const found = bounds.get(partitionText(input))
      if (found === undefined) continue
      this.#checkTopic(active, input, found)
      const offset = committed.get(partitionText(input))
      if (offset === undefined || (offset >= found.begin && offset <= found.end)) continue
      await this.#confirm(input, offset)
      this.#judge(lost(input, offset, found))
      committed.set(partitionText(input), found.begin)
    }
  }

  /**
   * One that the group has left behind and does not know it yet sees its successor commit, and delete what is consumed of
   * repartition topics: nothing is lost then but its own place.
   */
  async #confirm(input: TopicPartition, offset: number): Promise<void> {
    const [now] = await this.#options.committedOf([input])
    if (now?.offset !== offset) throw doubted(input, offset)
  }

  /**
   * Looks at what was fetched, `expected` being where the last fetch ended.
   *
   * @throws STREAMS_INPUT_DOUBTED, so that the tasks are taken over anew, and `check` finds out
   */
  checkFetched(fetched: FetchedPartition, expected: number | undefined): void {
    const { firstOffset, logStartOffset } = fetched
    if (expected === undefined || firstOffset === expected) return
    // Markers of transactions are passed over without a word: only where the log begins later is something gone.
    if (firstOffset > expected && logStartOffset <= expected) return
    throw doubted(fetched, expected)
  }

  /** State that was made of another topic of the same name is not the state of this one. */
  #checkTopic(active: ActiveTask, { topic, partition }: TopicPartition, { topicId }: ChangelogBounds): void {
    if (topicId === undefined) return
    const { stores } = this.#options
    const note = `input:${topic}`
    const hasState = active.task.changelogs().length > 0
    const known = (hasState ? stores.note(active.id, note) : undefined) ?? this.#topicIds.get(topic)
    if (known !== undefined && known !== topicId) {
      const message = `${topic} was deleted and created again since task ${active.text} began with it`
      this.#judge(streamsError('STREAMS_TOPIC_RECREATED', message, { topic, partition, task: active.text }))
    }
    this.#topicIds.set(topic, topicId)
    if (hasState && known !== topicId) stores.setNote(active.id, note, topicId)
  }

  #judge(error: unknown): void {
    if (this.#options.config.lostInput === 'fail') throw error
    this.#options.onFailure(error)
  }
}

function doubted({ topic, partition }: TopicPartition, offset: number): unknown {
  const message = `${topic}-${partition} does not go on at ${offset}`
  return streamsError('STREAMS_INPUT_DOUBTED', message, { topic, partition, offset })
}

function lost(
  { topic, partition }: TopicPartition,
  offset: number,
  { begin, end }: Pick<ChangelogBounds, 'begin' | 'end'>,
): unknown {
  const message = `${topic}-${partition} has records ${begin} to ${end}, but is to be read from ${offset} on`
  return streamsError('STREAMS_INPUT_LOST', message, { topic, partition, offset, begin, end })
}
