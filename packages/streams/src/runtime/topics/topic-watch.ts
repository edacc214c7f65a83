import { type Clock, isMillraceError, sleep } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { TopologyPlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import type { RuntimeConfig } from '../config.ts'

export interface TopicWatchOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly config: RuntimeConfig
  readonly clock: Clock
  /** How many partitions the application was made for. */
  readonly partitionsOf: (topic: string) => number
  /** A failure that is survived: for logs. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Looks now and then whether the topics that the application reads or keeps state in are still what they were when it
 * started. Partitions that are added would not be read, and one that is deleted and created again is another topic, whose
 * records and offsets have nothing to do with the state.
 */
export class TopicWatch {
  readonly #options: TopicWatchOptions
  readonly #topics: readonly string[]
  readonly #ids = new Map<string, string>()
  #missingSinceMs: number | undefined

  constructor(options: TopicWatchOptions) {
    const { plan } = options
    this.#options = options
    this.#topics = [...plan.sourceTopics, ...plan.internalTopics.map(({ name }) => name)]
  }

  /**
   * Rejects with what has changed; until then it goes on, and ends when the signal says so.
   *
   * @throws STREAMS_TOPIC_RECREATED, STREAMS_PARTITIONS_CHANGED, STREAMS_SOURCE_TOPIC_MISSING
   */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, config } = this.#options
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => {
        // A broker that is away is waited for by those who have more to ask of it.
        if (!isMillraceError(error) || error.code.startsWith('STREAMS_')) throw error
      })
      await sleep(clock, config.topicCheckIntervalMs, signal).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const described = await this.#options.client.admin.describeTopics(this.#topics, { ifExists: true })
    const listed = new Map(described.map((topic) => [topic.name, topic]))
    const missing = this.#topics.filter((name) => !listed.has(name))
    if (missing.length > 0) this.#miss(missing)
    else this.#missingSinceMs = undefined
    for (const name of this.#topics) {
      const topic = listed.get(name)
      if (topic !== undefined) this.#compare(name, topic.topicId, topic.partitions.length)
    }
  }

  #compare(topic: string, topicId: string, partitions: number): void {
    const known = this.#ids.get(topic)
    this.#ids.set(topic, topicId)
    if (known !== undefined && known !== topicId) {
      const message = `${topic} was deleted and created again while ${this.#options.plan.applicationId} was at work`
      throw streamsError('STREAMS_TOPIC_RECREATED', message, { topic })
    }
    const expected = this.#options.partitionsOf(topic)
    if (partitions === expected) return
    const message = `${topic} has ${partitions} partitions now, ${this.#options.plan.applicationId} works on ${expected}`
    throw streamsError('STREAMS_PARTITIONS_CHANGED', message, { topic, partitions, expected })
  }

  /** It may come back: whoever deleted it by mistake has a moment to say so. */
  #miss(topics: readonly string[]): void {
    const { clock, config, plan, onFailure } = this.#options
    const nowMs = clock.now()
    this.#missingSinceMs ??= nowMs
    const message = `${plan.applicationId} needs ${topics.join(', ')}, not there any more`
    const error = streamsError('STREAMS_SOURCE_TOPIC_MISSING', message, { topics: topics.join(',') })
    if (nowMs - this.#missingSinceMs >= config.sourceTopicsTimeoutMs) throw error
    onFailure(error)
  }
}

/** Runs the work while its topics are watched: a change ends it. */
export async function runWatched(
  watch: TopicWatch,
  work: { run(): Promise<void>; stop(): void },
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController()
  let failure: { readonly error: unknown } | undefined
  watch.follow(AbortSignal.any([signal, ended.signal])).catch((error: unknown) => {
    failure = { error }
    work.stop()
  })
  try {
    await work.run()
  } finally {
    ended.abort()
  }
  if (failure !== undefined) throw (failure as { error: unknown }).error
}
